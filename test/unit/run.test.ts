// Runs on the node. Following one: what becomes of it reaches everybody who follows, whatever is started behind it. Waiting for one: it is said
// for whom, and an order that nobody waits for any more does not run later.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bash, sourced } from "../helpers/bash";
import { CANNOT_RUN, Sshd } from "../helpers/sshd";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-run-"));
after(() => rmSync(folder, { recursive: true }));
let nodes = 0;

/** An order is followed; `meanwhile` happens on the node while `tail` shows its log. */
const follow = (meanwhile: string) =>
  bash(
    ["report", "document", "units", "run"],
    `RUN=${join(folder, String(nodes++))} NODE=xcatmn1 PROGRAM=/bin/true
     journalctl() { echo 'the journal'; }; systemd-run() { touch "$RUN/active"; }
     systemctl() {
       case "$*" in
         *ActiveState*) if [[ -e $RUN/active ]]; then echo active; else echo inactive; fi ;;
         *MainPID*) if [[ -e $RUN/active ]]; then echo 42; else echo 0; fi ;;
       esac
     }
     ends_with() { echo 'conserver stopped' >>"$(echo "$RUN"/run.*/log)"; [[ -z $1 ]] || echo "$1" >>"$(echo "$RUN"/run.*/exit)"; rm "$RUN/active"; }
     another_starts() { start_run another "$(mktemp -d "$RUN/order.XXXXXX")"; }
     tail() { ${meanwhile}; command cat; }
     run become standby </dev/null`,
  );

test("where systemd does not say whether a run goes on, none is put away and none starts", () => {
  const { code, stdout, stderr } = bash(
    ["report", "units", "run"],
    `RUN=${join(folder, String(nodes++))} NODE=xcatmn1; mkdir -p "$RUN/run.another"
     systemd-run() { echo started; }; systemctl() { echo 'Failed to connect to bus' >&2; return 1; }
     (run become standby </dev/null) || { code=$?; ls "$RUN" | grep run.; exit "$code"; }`,
  );
  assert.equal(code, 40, stderr);
  assert.match(stderr, /whether an order runs on xcatmn1 cannot be told; /);
  assert.equal(stdout, "run.another\n");
});

const ENDS: [what: string, meanwhile: string, code: number][] = [
  ["it is done", "ends_with 0", 0],
  ["it is refused", "ends_with 10", 10],
  ["another order let it end, and starts before its end was read", "ends_with 21; another_starts", 21],
  ["it was killed: it says nothing of its end", "ends_with ''", 20],
  [
    "it was killed, and another order starts: the end of that one is not taken for its own",
    "ends_with ''; another_starts",
    20,
  ],
];
for (const [what, meanwhile, code] of ENDS)
  test(`an order that is followed, and ${what}: ${code}`, () => {
    const done = follow(meanwhile);
    assert.equal(done.code, code, done.stderr);
    assert.equal(done.stdout, "conserver stopped\n");
    if (code === 20)
      assert.match(done.stderr, /the run on xcatmn1 ended without a result\nevidence: journal: the journal/);
  });

/** A node on which `become standby` runs, until `active` is gone; another order that starts leaves `started`. */
function busy() {
  const RUN = join(folder, String(nodes++));
  mkdirSync(join(RUN, "run.first"), { recursive: true });
  for (const [name, text] of [
    ["run.first/verb", "become standby\n"],
    ["run.first/log", "xcatmn1: conserver stopped\nxcatmn1: named stopped\n"],
    ["run.first/exit", ""],
    ["current", "first\n"],
    ["active", ""],
  ])
    writeFileSync(join(RUN, name), text);
  const node = `RUN=${RUN} NODE=xcatmn1 PROGRAM=/bin/true
    systemctl() {
      case "$*" in
        *ActiveState*) if [[ -e $RUN/active ]]; then echo active; else echo inactive; fi ;;
        *MainPID*) echo 0 ;;
      esac
    }
    systemd-run() { touch "$RUN/started"; echo 0 >"$(echo "$RUN"/run.*/exit)"; }`;
  return { RUN, node, started: () => existsSync(join(RUN, "started")) };
}
const PROGRAM = ["report", "document", "units", "run"];
const WAITING =
  "xcatmn1: waiting for become standby, which runs since [0-9:]{8} and ends before its next step; its last line: xcatmn1: named stopped\n";

test("an order waits for the one that runs: every two seconds it is said for which, since when, and where that one is", () => {
  const { node, started } = busy();
  const { code, stdout, stderr } = bash(
    PROGRAM,
    `${node}; (sleep 4.5; rm "$RUN/active") & run become active </dev/null`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, new RegExp(`^(${WAITING}){3}xcatmn1: what was before it has ended: become active starts\n$`));
  assert.ok(started());
});

test("an order whose reader is gone while it waits does not run later, and leaves nothing behind", () => {
  const { RUN, node, started } = busy();
  const script = `${node}; (sleep 1; rm "$RUN/active") & run become active </dev/null | head -n 1`;
  const { stdout } = bash(PROGRAM, script);
  assert.match(stdout, new RegExp(`^${WAITING}$`));
  assert.ok(!started());
  assert.deepEqual(
    readdirSync(RUN).filter((name) => name.startsWith("order.")),
    [],
  );
});

test("systemd that does not say whether an order runs is no 'none runs'", () => {
  const { RUN, node, started } = busy();
  const { code, stderr } = bash(
    PROGRAM,
    `${node}; systemctl() { echo 'Failed to connect to bus' >&2; return 1; }; run become active </dev/null`,
  );
  assert.equal(code, 40);
  assert.match(
    stderr,
    /whether an order runs on xcatmn1 cannot be told; [^\n]*\nevidence: no answer: Failed to connect/,
  );
  assert.ok(!started() && existsSync(join(RUN, "run.first/log")));
});

test("systemd that does not say which process runs the order is no run without a result: it goes on", () => {
  const { code, stderr } = bash(
    PROGRAM,
    `RUN=${join(folder, String(nodes++))} NODE=xcatmn1 PROGRAM=/bin/true; systemd-run() { :; }
     systemctl() { [[ $* != *MainPID* ]] || { echo 'Connection timed out' >&2; return 1; }; echo inactive; }
     run become standby </dev/null`,
  );
  assert.equal(code, 40, stderr);
  assert.match(
    stderr,
    /^error: which process runs the order on xcatmn1 cannot be told; .*; it goes on\nevidence: no answer: Connection timed out/,
  );
});

const LOCK = `RUN=$(mktemp -d -p ${folder}); NODE=xcatmn1
  (exec 9>>"$RUN/lock"; lock 9 "$RUN/lock" "become active"; sleep 4.5) & sleep 0.3; exec 9>>"$RUN/lock"`;

test("an order whose input stays open, as over SSH without -n: it is said what it waits for; what came in is its document", () => {
  const { node, started } = busy();
  const text = "key\\tvalue with $(quotes) and \\\\n\nend of document";
  const { code, stdout, stderr } = bash(
    PROGRAM,
    `${node}; rm "$RUN/active"; { printf '%s\\n' '${text}'; sleep 4.5; } | run become active; cat "$RUN"/run.*/document`,
  );
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /^(xcatmn1: waiting for the end of standard input, with the values \(<\/dev\/null [^\n]*\n){2}$/,
  );
  assert.equal(stdout.split("\n").slice(-3, -1).join("\n"), text);
  assert.ok(started());
});

// What comes in; the verbs of the program as they are called. STARTED: the order is started.
const WHOLE = "key\tvalue\nend of document\n";
const HALF = "key\tval";
const EARLY =
  /^error: the document of \S+( \S+)? ended early; expected 'end of document' as its last line; nothing was done\nevidence: \d+ characters came in on xcatmn1\n/;
const ORDERS: [verb: string, input: string, started: boolean | "done"][] = [
  ["become standby", "", true],
  ["become standby", WHOLE, true],
  ["become standby", HALF, false],
  ["remove nodeProgram", "", true],
  ["remove nodeProgram", HALF, false],
  ["remove virtualIp", WHOLE, true],
  ["remove virtualIp", HALF, false],
  ["apply virtualIp", WHOLE, true],
  ["apply virtualIp", HALF, false],
  ["apply virtualIp", "", false],
  ["apply staticAddress", HALF, false],
  ["apply ownerLease", HALF, false],
  ["install", WHOLE, "done"],
  ["install", HALF, false],
  ["install", "", false],
  ["bootstrap", WHOLE, "done"],
  ["bootstrap", HALF, false],
  ["bootstrap", "", false],
];
for (const [verb, input, does] of ORDERS)
  test(`${verb}, with ${{ [WHOLE]: "a whole document", [HALF]: "half a document", "": "none" }[input]}: ${does ? "done" : "refused"}`, () => {
    const { node, RUN, started } = busy();
    rmSync(join(RUN, "active"));
    const { code, stdout, stderr } = bash(
      [...PROGRAM, "observe", "main"],
      `${node}; RUN=${RUN}; load_settings() { :; }; require_part() { :; }; remembers() { return 1; }; part_look() { LOOK=differs; }
       staticAddress_keep() { echo kept; }; verb_install() { echo "done with \${WANT[key]}"; }; staticAddress_try() { echo "done with \${WANT[key]}"; }
       main ${verb}`,
      input,
    );
    assert.equal(started(), does === true, stderr);
    assert.equal(stdout, does === "done" ? "done with value\n" : "");
    assert.equal(code, does ? 0 : 10, stderr);
    if (!does) {
      assert.match(stderr, EARLY);
      assert.deepEqual(readdirSync(RUN).sort(), ["current", "run.first"]);
    }
  });

test("a lock that another process has: every two seconds it is said who has it, and since when", () => {
  const { code, stdout, stderr } = bash(PROGRAM, `${LOCK}; lock 9 "$RUN/lock" "become standby"; cat "$RUN/lock"`);
  assert.equal(code, 0, stderr);
  const wait = "xcatmn1: waiting for /\\S+/lock, held by become active, process \\d+, since [0-9:]{8}\n";
  assert.match(stdout, new RegExp(`^(${wait}){1,3}become standby, process \\d+, since [0-9:]{8}\n$`));
});

test("the run itself waits for the lock in words, in the log that its client follows", () => {
  const { code, stdout, stderr } = bash(
    PROGRAM,
    `${LOCK}; notify_of_order() { :; }; document_read() { :; }; verb_become() { echo "became $1"; }
     mkdir "$RUN/run.x"; echo become standby >"$RUN/run.x/verb"; : >"$RUN/run.x/document"; work "$RUN/run.x"; cat "$RUN/run.x/log" "$RUN/run.x/exit"`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^(xcatmn1: waiting for \S+, held by become active, process [^\n]*\n){1,3}became standby\n0\n$/);
});

for (const [order, told] of [
  ["become active", "told become active 13\n"],
  // As pulumi up gives it.
  ["apply ownerLease", "told apply ownerLease 13\n"],
  ["apply database", ""],
])
  test(`${order} fails on the node: ${told ? "the site is told, when its result is there" : "no change of role"}`, () => {
    const { code, stdout, stderr } = bash(
      PROGRAM,
      `RUN=$(mktemp -d -p ${folder}) NODE=xcatmn1; document_read() { :; }; verb_become() { return 13; }; verb_apply() { return 13; }
       notify_of_order() { echo "told $1 $(cat "\${3%/log}/exit")"; }
       mkdir "$RUN/run.x"; echo ${order} >"$RUN/run.x/verb"; : >"$RUN/run.x/document"; work "$RUN/run.x"`,
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout, told);
  });

for (const result of [0, 13])
  test(`an order that ends with ${result}: beside its log nothing is said, and what watched it is no failure`, () => {
    const { code, stdout, stderr } = bash(
      PROGRAM,
      `trap 'unexpected "$?" "$BASH_COMMAND"' ERR; set -E
       RUN=$(mktemp -d -p ${folder}) NODE=xcatmn1; document_read() { :; }; notify_of_order() { :; }
       mkdir "$RUN/run.x"; echo become active >"$RUN/run.x/verb"; : >"$RUN/run.x/document"
       verb_become() { echo done; return ${result}; }
       work "$RUN/run.x"; cat "$RUN/run.x/log" "$RUN/run.x/exit"`,
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `done\n${result}\n`);
    assert.equal(stderr, "");
  });

describe("over SSH", { skip: CANNOT_RUN }, () => {
  const sshd = new Sshd();
  before(() => sshd.start());
  after(() => sshd.stop());

  for (const [how, signal] of [
    ["ends its client (Ctrl-C)", "SIGINT"],
    ["is killed with its client", "SIGKILL"],
  ] as const)
    test(`whoever gave the order ${how} while it waits: it does not run later`, async () => {
      const { node, RUN, started } = busy();
      const sources = sourced(...PROGRAM);
      writeFileSync(sshd.file("order"), `set -Eeuo pipefail; ${sources}${node}; run become active\n`);
      const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
      const client = spawn(
        "ssh",
        // biome-ignore format: one line
        ["-F", "none", "-T", "-i", sshd.file("user"), "-p", String(sshd.port), ...options.flatMap((option) => ["-o", option]), "root@127.0.0.1", `bash ${sshd.file("order")}`],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      let said = "";
      client.stdout.on("data", (chunk) => {
        said += chunk;
      });
      for (let waited = 0; waited < 100 && !said.includes("\n"); waited++) await sleep(100);
      assert.match(said, new RegExp(`^${WAITING}$`));
      client.kill(signal);
      await sleep(500);
      rmSync(join(RUN, "active"));
      for (let waited = 0; waited < 100 && sshd.sessions().length > 0; waited++) await sleep(100);
      assert.deepEqual(sshd.sessions(), [], "the order still waits");
      assert.ok(!started());
    });
});

test("a run that says nothing for a while: every two seconds it is said for which command it waits", () => {
  const { code, stdout, stderr } = bash(
    [...PROGRAM, "deadline", "share", "lease", "processes"],
    `RUN=$(mktemp -d -p ${folder}) NODE=xcatmn1 SILENCE_SECONDS=3; notify_of_order() { :; }; document_read() { :; }; sync() { sleep "$1"; }
     verb_become() { echo copied; x=$(sync 9.5); echo linked; sleep 1; return 20; }
     mkdir "$RUN/run.x"; echo become active >"$RUN/run.x/verb"; : >"$RUN/run.x/document"; work "$RUN/run.x"; cat "$RUN/run.x/log" "$RUN/run.x/exit"; jobs -p`,
  );
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^copied\n(xcatmn1: become active has said nothing for \d+ s; it waits for: sleep 9\.5\n)+linked\n20\n$/,
  );
});

test("who waits until this node has stepped down by itself is told so", () => {
  const { code, stdout, stderr } = bash(
    [...PROGRAM, "beat"],
    `RUN=${join(folder, String(nodes++))} RECORDS=$RUN NODE=xcatmn1 PROGRAM=/bin/true; mkdir -p "$RUN"
     systemd-run() { echo 0 >"$(echo "$RUN"/run.*/exit)"; }; systemctl() { if [[ $* == *MainPID* ]]; then echo 0; else echo inactive; fi; }
     (beat_step end-run - 'a newer epoch' >/dev/null; sleep 3.5) & sleep 0.5
     run become standby </dev/null`,
  );
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^xcatmn1: waiting for \S+\/start\.lock, held by the step down of xcatmn1 by itself, process \d+, since [0-9:]{8}\nxcatmn1: what was before it has ended: become standby starts\n$/,
  );
});
