// What the site is told by its own command, and what becomes of the work when that does not.
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { bash, LEASE_LIBRARIES } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const at = scratch("notify", "run");
const NOTIFY = at("notify");

/** systemd-run runs what it is given at once, as xcat-ha would. */
const onNode = (script: string) =>
  bash(
    [...LEASE_LIBRARIES, "observe", "notify"],
    `NODE=xcatmn2 RUN=${at("run")} NOTIFY=${NOTIFY} PROGRAM=xcat-ha; declare -A WANT=() SEEN=()
     within() { shift; timeout 5 "$@"; }; timeout() { shift; "$@"; }
     systemd-run() { echo "unit: \${*:1:3}" >>${at("units")}; (notify_send "\${@: -3:2}"); }
     ${script}`,
  );
const RECORDS = `#!/bin/sh\n{ echo "$@"; cat; } >>'${at("told")}'\n`;
function command(text = RECORDS, mode = 0o700) {
  writeFileSync(NOTIFY, text);
  chmodSync(NOTIFY, mode);
}
const told = () => (existsSync(at("told")) ? readFileSync(at("told"), "utf8") : "");
const asRoot = { skip: process.getuid?.() !== 0 && "root owns it" };

test("the event and the node as arguments, what happened on standard input; nothing is left behind", asRoot, () => {
  command();
  const { code, stderr } = onNode(`notify demoted $'it stepped down\\n"and more"; $(touch ${at("touched")})'`);
  assert.equal(code, 0, stderr);
  assert.equal(told(), `demoted xcatmn2\nit stepped down\n"and more"; $(touch ${at("touched")})\n`);
  assert.match(readFileSync(at("units"), "utf8"), /^unit: --quiet --collect --no-block\n$/);
  assert.deepEqual([existsSync(at("touched")), readdirSync(at("run"))], [false, []]);
});

test("no command: nobody is told, and nothing is said of it", () => {
  const { code, stdout, stderr } = onNode("notify demoted so");
  assert.deepEqual([code, stdout, stderr, existsSync(at("units"))], [0, "", "", false]);
});

test("no unit could be made: that is said, and what was to be told of goes on", asRoot, () => {
  command();
  const { code, stdout } = onNode(
    "systemd-run() { echo 'Failed to connect to bus' >&2; return 1; }; notify takeover so || echo goes on",
  );
  assert.equal(code, 0);
  assert.equal(stdout, "xcatmn2: nobody is told of this (takeover): Failed to connect to bus\ngoes on\n");
});

test("nor where nothing can be written", asRoot, () => {
  command();
  const { code, stdout } = onNode("RUN=/proc/nowhere; notify takeover so || echo goes on");
  assert.equal(code, 0);
  assert.match(stdout, /^xcatmn2: nobody is told of this \(takeover\): install: [^\n]+\ngoes on\n$/);
});

const ILL: [what: string, make: () => void, code: number, error: RegExp][] = [
  ["is not there", () => {}, 30, /there is no \S+ on xcatmn2; [\s\S]*not told: so it was/],
  ["may not be run", () => command(RECORDS, 0o600), 30, /is not run: it is '0 600 regular file'/],
  ["is a directory", () => mkdirSync(NOTIFY, 0o700), 30, /is not run: it is '0 700 directory'/],
  ["leads nowhere", () => symlinkSync("/nowhere", NOTIFY), 30, /on xcatmn2 is not run: stat: .*No such file/],
  [
    "may be read by others",
    () => command(RECORDS, 0o755),
    30,
    /is not run: it is '0 755 regular file' \(owner, mode, kind\), expected '0 700 regular file'/,
  ],
  [
    "fails",
    () => command("#!/bin/sh\necho 'no route to mx'; exit 3\n"),
    20,
    /failed; [\s\S]*no route to mx; not told: so it was/,
  ],
];
for (const [what, make, code, error] of ILL)
  test(`a command that ${what}: the journal has what was not told`, asRoot, () => {
    make();
    writeFileSync(at("run/notify.1"), "so it was\n");
    const done = onNode(`notify_send demoted ${at("run/notify.1")}`);
    assert.equal(done.code, code, done.stderr);
    assert.match(done.stderr, error);
    assert.equal(told(), "");
  });

test("a command of another owner is not run", asRoot, () => {
  command();
  chownSync(NOTIFY, 1, 1);
  assert.match(onNode("notify_send").stderr, /it is '1 700 regular file'/);
});

test("xcat-ha notify: a test", asRoot, () => {
  command();
  assert.equal(onNode("notify_send '' ''").code, 0);
  assert.match(told(), /^test xcatmn2\na test of \S+ on xcatmn2, by xcat-ha notify\n$/);
});

const SEEN: [what: string, make: () => void, seen: string][] = [
  ["is root's alone", () => command(), "of root alone, where there is one"],
  ["is not there", () => {}, "of root alone, where there is one"],
  [
    "may be read by others",
    () => command(RECORDS, 0o755),
    "it is '0 755 regular file' (owner, mode, kind), expected '0 700 regular file'",
  ],
];
for (const [what, make, seen] of SEEN)
  test(`each refresh looks at it: one that ${what}`, asRoot, () => {
    make();
    const { code, stdout, stderr } = onNode(
      `siteCommands_fence() { :; }; siteCommands_software() { :; }; WANT=([notify]='of root alone, where there is one'); observe_part siteCommands; printf %s "\${SEEN[notify]}"`,
    );
    assert.deepEqual([code, stdout], [0, seen], stderr);
  });

const LOG = `xcatmn2: quiesce
error: postgresql did not start
evidence: its journal
next: run the same pulumi up again
xcatmn2: rolled back
`;
const TEXT = (code: number) => `become active on xcatmn2 ended with ${code}\n${LOG.slice(LOG.indexOf("error"))}`;

test("of an order that says much behind its error the first lines are told", () => {
  writeFileSync(at("log"), LOG + "xcatmn2: what was started is stopped\n".repeat(2000));
  const { code, stdout, stderr } = onNode(
    `notify() { printf '%s\\n' "$@"; }; say() { :; }; notify_of_order 'become active' 20 ${at("log")}`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout.split("\n").length, 1 + 1 + 20 + 1);
});

const ORDERS: [ended: string, code: number, event: string | undefined][] = [
  ["done", 0, undefined],
  ["refused", 10, "refused"],
  ["held", 12, "refused"],
  ["a stop that is not proven", 13, "failed"],
  ["incomplete", 20, "failed"],
  ["superseded by another one", 21, undefined],
  ["misconfigured", 30, "refused"],
  ["not to be observed", 40, "refused"],
  ["a defect", 1, "failed"],
];
for (const [ended, code, event] of ORDERS)
  test(`an order that ends so: ${ended}: ${event ?? "nothing to tell"}`, () => {
    writeFileSync(at("log"), LOG);
    const { stdout, stderr } = onNode(
      `notify() { printf '%s\\n' "$@"; }; notify_of_order 'become active' ${code} ${at("log")}`,
    );
    assert.equal(stderr, "");
    assert.equal(stdout, event ? `xcatmn2: ${event}: ${TEXT(code)}${event}\n${TEXT(code)}` : "");
  });
