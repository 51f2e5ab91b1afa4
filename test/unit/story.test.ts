// What the demo says of a command's output: outputs as Pulumi writes them into a pipe, shortened.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PARTS } from "../../components/manifest";
import { ending, failed, latest, told, waits } from "../../demo/story";

const STEP_DOWN = `Previewing update (primary):

@ previewing update....
 ~  pulumi-nodejs:dynamic/xcat-ha:Observation beat update [diff: ~timer]
 ~  command:remote:Command beat update [diff: ~stdin]
Resources:
    ~ 2 to update
    30 unchanged

Updating (primary):

@ updating.....
 ~  pulumi-nodejs:dynamic/xcat-ha:Observation virtualIp refresh (0.38s) [diff: ~address]
 ~  pulumi-nodejs:dynamic/xcat-ha:Observation virtualIp updated (0.01s) [diff: ~address]
 ~  command:remote:Command virtualIp updated (0.2s) [diff: ~stdin]
 ~  command:remote:Command ownerLease updating (0s) [diff: ~stdin]; xcatmn1: owner lease: epoch 2 is released
 ~  command:remote:Command ownerLease updated (9s) [diff: ~stdin]; xcatmn1: network updated
Diagnostics:
  command:remote:Command (ownerLease):
    xcatmn1: conserver stopped (120 ms)
    xcatmn1: VIP 10.5.106.7 dropped
    xcatmn1: owner lease: epoch 2 is released

Outputs:
    role: "standby"

Resources:
    ~ 3 updated
    30 unchanged

Duration: 12s
`;
const refresh = (...differences: string[]) => `Previewing refresh (primary):

@ previewing refresh.....
 ~  pulumi-nodejs:dynamic/xcat-ha:Observation virtualIp refreshing 
    pulumi:pulumi:Stack xcat-ha-primary running ${differences[0]}
 ~  pulumi-nodejs:dynamic/xcat-ha:Observation virtualIp update [diff: ~address]
    pulumi-nodejs:dynamic/xcat-ha:Observation ownerLease  
Diagnostics:
  pulumi:pulumi:Stack (xcat-ha-primary):
${differences.map((difference) => `    ${difference}\n`).join("")}
Resources:
    ~ 1 to update
    30 unchanged

error: no changes were expected for refresh but changes were proposed
`;
const VIP_GONE = "virtualIp: address is 'absent', wanted '10.5.106.7/8 dev eth0'";
const QUOTES =
  "hostsSyncCron: crontab is '0 2 * * * rsync -e 'ssh -p 22' /etc/hosts', wanted 'no rsync of '/etc/hosts''";
const guards = ["a", "b", "c", "d"].map((unit) => `startGuard: ${unit} is 'not guarded', wanted 'guarded'`);
const onNode = (difference: string) => `xcatmn1 ${difference}`;
const FIRST_SETUP = `Previewing update (primary):

Diagnostics:
  pulumi:pulumi:Stack (xcat-ha-primary):
${guards.map((guard) => `    xcatmn1 ${guard}\n`).join("")}
Resources:
    + 48 to create

Updating (primary):

 +  pulumi:pulumi:Stack xcat-ha-primary creating (0s) 
 +  command:remote:Command bootstrap 10.5.106.70/8 created (0.4s) 
${PARTS.map((part) => ` +  command:remote:Command ${part} created (1s) \n`).join("")}
Resources:
    + 48 created

Duration: 60s
`;

const STORIES: [what: string, command: string, output: string, ...lines: string[]][] = [
  [
    "a key that is set says nothing",
    "pulumi config set activeNode xcatmn2",
    "",
    "$ pulumi config set activeNode xcatmn2 (1.0 s)",
  ],
  [
    "the lab: how long its stages took",
    "lab/lab up",
    "  the image ...\n  the image: done in 70 s\n  the machines boot ...\n  the machines boot: done in 12 s\n",
    "$ lab/lab up (1.0 s)",
    "the image: done in 70 s; the machines boot: done in 12 s",
  ],
  [
    "a step down: what was changed, not what was foreseen or refreshed, and where the lease and the VIP went",
    "pulumi up --yes -s primary",
    STEP_DOWN,
    "$ pulumi up --yes -s primary",
    "3 updated, 30 unchanged; changed: ownerLease, virtualIp (1.0 s)",
    "xcatmn1: owner lease: epoch 2 is released; xcatmn1: VIP 10.5.106.7 dropped",
  ],
  [
    "an up that found all as wanted: the counts",
    "pulumi up --yes -s primary",
    "Updating (primary):\n\n    command:remote:Command virtualIp  \nResources:\n    33 unchanged\n",
    "$ pulumi up --yes -s primary",
    "33 unchanged (1.0 s)",
  ],
  [
    "an activation: when it serves, and what was verified",
    "pulumi up --yes -s standby",
    "Updating (standby):\n\n    xcatmn2: active and serving, 14 s after the claim\n    xcatmn2: verifying: every part\n    xcatmn2: verified: 24 checks passed\n",
    "$ pulumi up --yes -s standby (1.0 s)",
    "xcatmn2: active and serving, 14 s after the claim; xcatmn2: verified: 24 checks passed",
  ],
  [
    "a first setup that stopped for it: how long",
    "pulumi up --yes -s primary",
    "Updating (primary):\n\n    xcatmn1: active and serving; the services were down 21 s\n",
    "$ pulumi up --yes -s primary (1.0 s)",
    "xcatmn1: active and serving; the services were down 21 s",
  ],
  [
    "a verification that found something",
    "pulumi up --yes -s primary",
    "Updating (primary):\n\n    xcatmn1: verification found what is not right; xcat-ha verify on xcatmn1 shows the whole table\n",
    "$ pulumi up --yes -s primary (1.0 s)",
    "xcatmn1: verification found what is not right",
  ],
  [
    "a drift: each value, once, and the part that would be changed",
    "pulumi refresh -s primary",
    refresh(onNode(VIP_GONE)),
    "$ pulumi refresh -s primary",
    "1 to update, 30 unchanged; would change: virtualIp (1.0 s)",
    VIP_GONE,
  ],
  [
    "a drift: values with quotes in them are whole",
    "pulumi refresh -s primary",
    refresh(onNode(QUOTES)),
    "$ pulumi refresh -s primary",
    "1 to update, 30 unchanged; would change: virtualIp (1.0 s)",
    QUOTES,
  ],
  [
    "a drift: a value of two lines is whole",
    "pulumi refresh -s primary",
    refresh("xcatmn1 hostsSyncCron: peerHostKey is 'one\n    two', wanted 'three'"),
    "$ pulumi refresh -s primary",
    "1 to update, 30 unchanged; would change: virtualIp (1.0 s)",
    "hostsSyncCron: peerHostKey is 'one\\ntwo', wanted 'three'",
  ],
  [
    "a drift of many parts: of a refresh, all",
    "pulumi refresh -s primary",
    refresh(...[VIP_GONE, ...guards].map(onNode)),
    "$ pulumi refresh -s primary",
    "1 to update, 30 unchanged; would change: virtualIp (1.0 s)",
    [VIP_GONE, ...guards].join("; "),
  ],
  [
    "a first setup: the number of what was not as wanted, and that it is all parts",
    "pulumi up --yes -s primary",
    FIRST_SETUP,
    "$ pulumi up --yes -s primary",
    `48 created; changed: all ${PARTS.length} parts (1.0 s)`,
    "4 differences",
  ],
];
for (const [what, command, output, ...lines] of STORIES)
  test(`the demo tells: ${what}`, () => assert.deepEqual(told(command, output, 1), lines));

const BLOCK = [
  "error: xcatd did not start within 5 s; expected it active",
  "evidence: xcatd.service: failed; 'no such port'",
  "next: journalctl -u xcatd, then the same pulumi up",
];
const indented = (lines: string[]) => lines.map((line) => `    ${line}\n`).join("");
const NODE_FAILED = `Updating (primary):

 ~  command:remote:Command ownerLease updating (2s) [diff: ~stdin]; ${BLOCK[0]}
 ~  command:remote:Command ownerLease **updating failed** [diff: ~stdin]; error: Process exited with status 20: running "x":
Diagnostics:
  command:remote:Command (ownerLease):
    xcatmn1: VIP 10.5.106.7 is here
${indented(BLOCK)}    error: Process exited with status 20: running "xcat-ha apply ownerLease":
    xcatmn1: VIP 10.5.106.7 is here
${indented(BLOCK)}
  pulumi:pulumi:Stack (xcat-ha-primary):
    error: update failed

Resources:
    ~ 1 updated
    2 errored
`;
const unreachable = [
  "10.5.106.70 could not be reached by SSH within 5 s; expected an answer; nothing was touched",
  "evidence: timed out",
  "next: ssh -p 22 root@10.5.106.70",
];
const NO_ANSWER = `Diagnostics:
  pulumi-nodejs:dynamic/xcat-ha:Observation (beat):
${indented([`error: Preview failed: ${unreachable[0]}`, ...unreachable.slice(1)])}
  pulumi-nodejs:dynamic/xcat-ha:Observation (ownerLease):
${indented([`error: pulumi-nodejs:dynamic/xcat-ha:Observation resource 'ownerLease' has a problem: ${unreachable[0]}`, ...unreachable.slice(1)])}
    error: preview failed
`;
const MISWRITTEN = [
  "error: cluster.yaml: 2 things are wrong; nothing was touched",
  "  cluster.yaml:3: virtualIp.address: seen x",
  "  cluster.yaml:9: ssh.port: seen 0",
];

const FAILURES: [what: string, output: string, ...lines: string[]][] = [
  ["a node's error, once, whole", NODE_FAILED, ...BLOCK],
  [
    "the same of two parts, without the words in which Pulumi says for whom",
    NO_ANSWER,
    `error: ${unreachable[0]}`,
    ...unreachable.slice(1),
  ],
  [
    "two errors",
    indented([
      ...BLOCK,
      "error: no node",
      "evidence: none",
      "next: one of",
      "  this",
      "  that",
      "next: another",
      "xcatmn1: what is no part of it",
    ]),
    ...BLOCK,
    "error: no node",
    "evidence: none",
    "next: one of",
    "  this",
    "  that",
    "next: another",
  ],
  [
    "one of the lab, without evidence",
    "  boots ...\nerror: no lab\nnext: lab/lab up\n",
    "error: no lab",
    "next: lab/lab up",
  ],
  [
    "one of a file, of many lines and without a next",
    `Diagnostics:\n  pulumi:pulumi:Stack (xcat-ha-primary):\n${indented(MISWRITTEN)}\nResources:\n    1 errored\n    error: update failed\n`,
    ...MISWRITTEN,
  ],
  [
    "a command that was killed: its first line and its last",
    `    error: Process exited with status 137: running "x":\n${indented(Array.from({ length: 30 }, (_, at) => `line ${at}`))}`,
    'error: Process exited with status 137: running "x":',
    "...",
    ...Array.from({ length: 20 }, (_, at) => `line ${at + 10}`),
  ],
  [
    "no error at all: the end of the output",
    Array.from({ length: 30 }, (_, at) => `${at}\n`).join(""),
    ...Array.from({ length: 20 }, (_, at) => `${at + 10}`),
  ],
];
for (const [what, output, ...lines] of FAILURES)
  test(`a step that fails says: ${what}`, () => {
    const text = failed("pulumi up", { code: 255, expected: 0, output, seconds: 23.14 }, "/the/log");
    const around = ["'pulumi up' ended with 255; expected 0 (23.1 s)", "the whole output: /the/log"];
    assert.deepEqual(text.split("\n"), [around[0], ...lines, around[1]]);
  });

const GOING_ON: [output: string, doing: string][] = [
  ["", ""],
  ["@ updating....\n", ""],
  [" +  command:remote:Command virtualIp creating (0s) \n@ updating....\n@ upd", "virtualIp creating"],
  [
    " ~  command:remote:Command ownerLease updating (2s) [diff: ~stdin]; xcatmn1: postgresql started\n",
    "xcatmn1: postgresql started",
  ],
  [" +  command:remote:Command ownerLease creating (2s) xcatmn1: postgresql started\n", "xcatmn1: postgresql started"],
  [" ~  command:remote:Command bootstrap 10.5.106.70/8 refreshing (0s) \n", "bootstrap 10.5.106.70/8 refreshing"],
  [
    " ~  pulumi-nodejs:dynamic/xcat-ha:Observation database refresh (0.41s) [diff: ~postgresql,xcatd]\n",
    "database refresh",
  ],
  ["    command:remote:Command virtualIp  \n", "virtualIp"],
  ["  the machines boot ...\n\n", "the machines boot ..."],
];
for (const [output, doing] of GOING_ON)
  test(`what goes on: ${doing || "nothing yet"} (${output.length} characters)`, () =>
    assert.equal(latest(output), doing));

test("who waits is told for what, how long already, and what goes on", () => {
  assert.equal(waits("$ pulumi up", 12.3, "virtualIp creating"), "$ pulumi up ... 12 s: virtualIp creating");
  assert.equal(waits("waiting for the client to stop", 2), "waiting for the client to stop ... 2 s");
});

test("the last lines name every failure, the file and the lab", () => {
  const last = [
    "The whole output: /the/log",
    "The lab stays: XCAT_HA_LAB=demo lab/lab exec  (a shell with pulumi; lab/lab down ends it)",
  ];
  assert.deepEqual(ending([], "/the/log", "demo"), last);
  assert.deepEqual(ending(["'pulumi up' ended with 255\nerror: x", "the sampler: gone"], "/the/log", "demo"), [
    "failed:",
    "  'pulumi up' ended with 255",
    "  the sampler: gone",
    ...last,
  ]);
});
