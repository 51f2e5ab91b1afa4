// What a takeover is judged by and what it leaves: signs of life, the site's fence, the epoch over a dead owner's head.
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { beforeEach, test } from "node:test";
import { BECOME_LIBRARIES, bash, LEASE_LIBRARIES } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const at = scratch("takeover", "share/.xcat-ha/epoch", "share/.xcat-ha/beat", "run");
const FENCE = at("fence");
beforeEach(() => {
  writeFileSync(at("share/.xcat-ha/beat/xcatmn1"), "7 boot-of-xcatmn1\n");
});

const LIBRARIES = [...LEASE_LIBRARIES, ...BECOME_LIBRARIES, "platform"];
/** On xcatmn2, whose peer answers nobody unless the script says so. */
const onNode = (script: string) =>
  bash(
    [...LIBRARIES, "observe", "beat", "letGo", "ownerLease", "notify", "takeover"],
    `NODE=xcatmn2 PEER=xcatmn1 PEER_ADDRESS=10.5.106.70 PEER_PORT=22 VIP=10.5.106.7 INTERFACE=eth0 SHARE=${at("share")} RUN=${at("run")} FENCE=${FENCE} NOTIFY=/nowhere
     ROLE= SIGNS_SECONDS=1 LEASE_WAIT=0 TAKEOVER=([epoch]=7 [by]=fence [reason]='power supply burnt')
     share_state() { echo ok; }; machine_id() { echo machine-of-$NODE; }; boot_id() { echo boot-of-$NODE; }
     link_is_heard() { echo "10.0.0.1"; }; address_answer() { echo free; }
     within() { if [[ " $* " == *" ssh $PEER_ADDRESS "* ]]; then echo 'bash: connect: No route to host'; return 1; fi; shift; "$@"; }
     ${script}`,
  );
const SIGNS = `signs=$(signs_of_life 1); printf '%s' "$signs"`;

test("nobody answers, the beat stands still: no sign of life", () => {
  const { code, stdout, stderr } = onNode(SIGNS);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
});

const LIVES: [what: string, script: string, sign: RegExp][] = [
  [
    "its kernel refuses",
    `within() { echo 'bash: connect: Connection refused'; return 1; }; share_text() { echo 7; }`,
    /^xcatmn1 answers at 10\.5\.106\.70: connection refused at port 22$/,
  ],
  [
    "its address answers ARP",
    `address_answer() { [[ $1 != "$PEER_ADDRESS" ]] && echo free || echo "Unicast reply from $1 [02:00]"; }`,
    /^xcatmn1, 10\.5\.106\.70, answers: Unicast reply/,
  ],
  [
    "the VIP answers ARP",
    `address_answer() { [[ $1 != "$VIP" ]] && echo free || echo "Unicast reply from $1 [02:00]"; }`,
    /^the VIP, 10\.5\.106\.7, answers: Unicast reply/,
  ],
  [
    "its beat moves",
    `ssh_sign() { echo '8 boot-of-xcatmn1' >$SHARE/.xcat-ha/beat/xcatmn1; }`,
    /^the beat of xcatmn1 moves on the shared data: 7 boot-of-xcatmn1, then 8 boot-of-xcatmn1$/,
  ],
  [
    "its first beat ever",
    `rm $SHARE/.xcat-ha/beat/xcatmn1; ssh_sign() { echo '1 b' >$SHARE/.xcat-ha/beat/xcatmn1; }`,
    /^the beat of xcatmn1 moves on the shared data: none, then 1 b$/,
  ],
];
for (const [what, script, sign] of LIVES)
  test(`a sign of life: ${what}`, () => {
    const { code, stdout, stderr } = onNode(`${script}\n${SIGNS}`);
    assert.equal(code, 0, stderr);
    assert.match(stdout, sign);
  });

test("a sign of life: its port accepts, whatever it says then", async () => {
  const server = createServer();
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  const { port } = server.address() as { port: number };
  const { code, stdout, stderr } = onNode(
    `PEER_ADDRESS=127.0.0.1 PEER_PORT=${port}; within() { shift; "$@"; }; ${SIGNS}`,
  );
  server.close();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `xcatmn1 answers at 127.0.0.1 port ${port}: accepted, nothing yet`);
});

const NOT_TOLD: [what: string, script: string, says: RegExp][] = [
  [
    "nobody at all is heard",
    "link_is_heard() { return 1; }",
    /nobody at all answers on eth0 of xcatmn2; expected one neighbour to/,
  ],
  [
    "who is heard cannot be told",
    "link_is_heard() { fail unknown 'whether somebody is heard on eth0 cannot be told' ip again; }",
    /whether somebody is heard on eth0 cannot be told/,
  ],
  [
    "the connection fails and says nothing",
    `within() { if [[ $1 == 5 ]]; then return 1; fi; shift; "$@"; }`,
    /whether xcatmn1 answers at 10\.5\.106\.70 port 22 cannot be told/,
  ],
  [
    "its beat cannot be read the second time",
    `share_text() { if [[ -e $RUN/read ]]; then fail unknown "$1 cannot be read" cat again; fi; touch "$RUN/read"; echo 7; }`,
    /\/beat\/xcatmn1 cannot be read/,
  ],
  [
    "arping fails",
    "address_answer() { echo 'arping on eth0 failed: no such device'; }",
    /whether somebody answers for 10\.5\.106\.70 \(xcatmn1\) cannot be told/,
  ],
  [
    "there is no network",
    `within() { if [[ $1 == 5 ]]; then echo 'bash: connect: Network is unreachable'; return 1; fi; shift; "$@"; }`,
    /whether xcatmn1 answers at 10\.5\.106\.70 port 22 cannot be told/,
  ],
  [
    "its beat cannot be read",
    `within() { if [[ " $* " == *" cat "* ]]; then return 124; fi; echo 'No route to host'; return 1; }`,
    /\/beat\/xcatmn1 cannot be read on xcatmn2; expected to know whether xcatmn1 beats/,
  ],
];
for (const [what, script, says] of NOT_TOLD)
  test(`cannot tell is no silence: ${what}`, () => {
    const { code, stderr } = onNode(`${script}\n${SIGNS}`);
    assert.equal(code, 40, stderr);
    assert.match(stderr, says);
  });

/** The site's command; what it was asked lands in `asked`. */
function fence(body: string, mode = 0o700) {
  writeFileSync(FENCE, `#!/bin/bash\necho "$*" >>${at("asked")}\n${body}\n`);
  chmodSync(FENCE, mode);
}
const SWITCH = `case $1 in off) touch ${at("is-off")} ;; status) [ -e ${at("is-off")} ] && echo off || echo on ;; esac`;

const FENCES: [what: string, make: () => void, state: RegExp][] = [
  ["says on", () => fence(SWITCH), /^on$/],
  ["says off", () => fence("echo off"), /^off$/],
  ["is not there", () => {}, /^absent$/],
  ["may be read by others", () => fence(SWITCH, 0o755), /^it is '0 755 regular file' /],
  [
    "says something else",
    () => fence("echo 'power is on'"),
    /^\S+ status xcatmn1 says 'power is on', expected on or off$/,
  ],
  ["fails", () => fence("echo 'no BMC' >&2; exit 3"), /^\S+ status xcatmn1 failed: no BMC$/],
  ["says nothing in time", () => fence("exec sleep 60"), /^\S+ status xcatmn1 failed: no answer within \d+ s$/],
];
for (const [what, make, state] of FENCES)
  test(`a fence that ${what}`, { skip: process.getuid?.() !== 0 && "root owns it" }, () => {
    make();
    const { code, stdout, stderr } = onNode(`within() { shift; timeout 2 "$@"; }; fence_state`);
    assert.equal(code, 0, stderr);
    assert.match(stdout.trim(), state);
  });

const OBSERVED: [what: string, make: () => void, seen: string, script?: string][] = [
  ["is not there", () => {}, "on or off, where there is a fence"],
  ["says on", () => fence(SWITCH), "on or off, where there is a fence"],
  ["says off of a node that is silent", () => fence("echo off"), "on or off, where there is a fence"],
  [
    "says off of a node that answers",
    () => fence("echo off"),
    "off, but xcatmn1 answers at 10.5.106.70: connection refused at port 22",
    "within() { shift; if [[ $* == *' ssh '* ]]; then echo 'bash: connect: Connection refused'; return 1; fi; \"$@\"; };",
  ],
  [
    "says off of a node of which nothing can be told",
    () => fence("echo off"),
    "off, but whether xcatmn1 answers at 10.5.106.70 port 22 cannot be told; expected an answer, or silence",
    "within() { shift; if [[ $* == *' ssh '* ]]; then echo 'bash: connect: Network is unreachable'; return 1; fi; \"$@\"; };",
  ],
  ["fails", () => fence("echo 'no BMC' >&2; exit 3"), `${FENCE} status xcatmn1 failed: no BMC`],
  [
    "may be read by others",
    () => fence(SWITCH, 0o755),
    "it is '0 755 regular file' (owner, mode, kind), expected '0 700 regular file'",
  ],
];
for (const [what, make, seen, script = ""] of OBSERVED)
  test(
    `each refresh of a standby node asks its fence: one that ${what}`,
    {
      skip: process.getuid?.() !== 0 && "root owns it",
    },
    () => {
      make();
      const { code, stdout, stderr } = onNode(
        `${script} declare -A SEEN=() WANT=([fence]='on or off, where there is a fence'); siteCommands_fence; printf %s "\${SEEN[fence]}"`,
      );
      assert.equal(code, 0, stderr);
      assert.equal(stdout, seen);
    },
  );

test("the fence of the active node is asked on the other one", () => {
  fence("touch $0.asked; echo on");
  const { stdout } = onNode(
    `declare -A SEEN=() WANT=([fence]='asked on the standby node'); siteCommands_fence; printf %s "\${SEEN[fence]}"`,
  );
  assert.equal(stdout, "asked on the standby node");
  assert.ok(!existsSync(`${FENCE}.asked`));
});

test("a fence of another owner is none", { skip: process.getuid?.() !== 0 && "root owns it" }, () => {
  fence(SWITCH);
  chownSync(FENCE, 1, 1);
  assert.equal(
    onNode("fence_state").stdout,
    "it is '1 700 regular file' (owner, mode, kind), expected '0 700 regular file'\n",
  );
  assert.ok(!existsSync(at("asked")), "it was run");
});

const OFF: [what: string, body: string, code: number][] = [
  ["switches it off", SWITCH, 0],
  ["ends well and switches nothing off", `[ $1 = off ] || echo on`, 12],
  ["fails and says off", `[ $1 = off ] && exit 1; echo off`, 12],
  [
    "says off once, and on then",
    `[ $1 = off ] && exit 0; [ -e ${at("once")} ] && echo on || { touch ${at("once")}; echo off; }`,
    12,
  ],
];
for (const [what, body, expected] of OFF)
  test(`fence_peer: one that ${what}`, { skip: process.getuid?.() !== 0 && "root owns it" }, () => {
    fence(body);
    const { code, stderr } = onNode("sleep() { :; }; fence_peer");
    assert.equal(code, expected === 0 ? 0 : 10, stderr);
    if (expected) assert.match(stderr, /the fence did not switch xcatmn1 off;[\s\S]*the lease is untouched/);
    assert.match(readFileSync(at("asked"), "utf8"), /^off xcatmn1\nstatus xcatmn1\n/);
  });

const epoch = (number: number, node: string, marks: string[] = []) => {
  const name = at("share/.xcat-ha/epoch", String(number).padStart(6, "0"));
  writeFileSync(
    `${name}.owner`,
    `node ${node}\nmachine machine-of-${node}\nboot boot-of-${node}\ntime 2026-11-01T00:00:00Z\norigin program\nformat 1\n`,
  );
  for (const mark of marks) writeFileSync(`${name}.${mark}`, "");
};

const CLAIMS: [what: string, make: () => void, said: RegExp, code: number][] = [
  ["held by the dead node: overridden", () => epoch(7, "xcatmn1"), /^xcatmn2: owner lease: epoch 8 is ours$/m, 0],
  ["it died while it released", () => epoch(7, "xcatmn1", ["releasing"]), /epoch 8 is ours/, 0],
  ["it has released after all", () => epoch(7, "xcatmn1", ["releasing", "released"]), /epoch 8 is ours/, 0],
  [
    "a newer epoch is there: another than was ordered",
    () => epoch(8, "xcatmn1"),
    /epoch 7 could not be taken over by xcatmn2; expected it to be the newest still/,
    12,
  ],
  ["ours already", () => epoch(8, "xcatmn2"), /^$/, 0],
];
for (const [what, make, said, expected] of CLAIMS)
  test(`the epoch: ${what}`, () => {
    make();
    const { code, stdout, stderr } = onNode("next_epoch_require() { :; }; dissolved_refuse() { :; }; lease_take_over");
    assert.equal(code, expected, stderr);
    assert.match(stdout + stderr, said);
  });

test("the epoch says over whose head it came, on what evidence, and why", () => {
  epoch(7, "xcatmn1");
  onNode("lease_take_over");
  const owner = readFileSync(at("share/.xcat-ha/epoch/000008.owner"), "utf8");
  assert.match(
    owner,
    /^node xcatmn2\nmachine machine-of-xcatmn2\nboot boot-of-xcatmn2\ntime \S+\norigin program\nformat 1\nfrom xcatmn1\nover 000007\nevidence fence\nreason power supply burnt\n$/,
  );
});

/** Epoch 8 as its owner file says it. */
const taken = (lines: string, marks: string[] = []) => {
  epoch(8, "xcatmn2", marks);
  const file = at("share/.xcat-ha/epoch/000008.owner");
  writeFileSync(file, readFileSync(file, "utf8").replace("origin program\n", lines));
};
const FROM_CONSOLE: [what: string, lines: string, marks: string[], is: boolean][] = [
  ["by a stack", "origin program\nfrom xcatmn1\n", [], false],
  ["at the console, from the other node", "origin console\nfrom xcatmn1\n", [], true],
  ["at the console, from itself: again after a reboot", "origin console\nfrom xcatmn2\n", [], false],
  ["at the console, and a stack's config has named it since", "origin console\nfrom xcatmn1\n", ["named"], false],
  ["at the console, the first epoch of all", "origin console\n", [], false],
];
for (const [what, lines, marks, is] of FROM_CONSOLE)
  test(`an epoch that came ${what}: ${is ? "a stale config may not end it" : "a flip ends it"}`, () => {
    taken(lines, marks);
    const { stdout, stderr } = onNode("lease_read; if lease_from_console; then echo stale; fi");
    assert.equal(stdout, is ? "stale\n" : "", stderr);
  });

test("to a stack it is a difference, which its command settles; to verify at the console it is none", () => {
  taken("origin console\nfrom xcatmn1\n");
  for (const [by, seen] of [
    ["program", "held by xcatmn2, from its console"],
    ["console", "held by xcatmn2"],
  ])
    assert.equal(
      onNode(
        `declare -A SEEN=() WANT=([lease]='held by xcatmn2' [role]=active); ORIGIN=${by}; ownerLease_observe; echo "\${SEEN[lease]}"`,
      ).stdout,
      `${seen}\n`,
    );
});

test("the stack's command names the owner once; what the share did not take is an error", () => {
  taken("origin console\nfrom xcatmn1\n");
  assert.match(onNode("lease_publish() { return 1; }; lease_named").stderr, /the share did not take the mark that the/);
  assert.equal(onNode("lease_named; lease_read; if lease_from_console; then echo stale; fi").stdout, "");
  assert.ok(existsSync(at("share/.xcat-ha/epoch/000008.named")));
});

test("an order at the console says so in the epoch that it makes", () => {
  epoch(7, "xcatmn1", ["released"]);
  onNode("dissolved_refuse() { :; }; ORIGIN=console; lease_claim 0");
  assert.match(
    readFileSync(at("share/.xcat-ha/epoch/000008.owner"), "utf8"),
    /^origin console\nformat 1\nfrom xcatmn1$/m,
  );
});
