// Following a run on the node: what becomes of it reaches everybody who follows, whatever is started behind it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bash } from "./bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-run-"));
after(() => rmSync(folder, { recursive: true }));
let nodes = 0;

/** An order is followed; `meanwhile` happens on the node while `tail` shows its log. */
const follow = (meanwhile: string) =>
  bash(
    ["node/lib/report.sh", "node/lib/run.sh"],
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

test("who waits until this node has stepped down by itself is told so", () => {
  const { code, stdout, stderr } = bash(
    ["node/lib/report.sh", "node/lib/run.sh"],
    `RUN=${join(folder, String(nodes++))} NODE=xcatmn1 PROGRAM=/bin/true; mkdir -p "$RUN"; systemd-run() { echo 0 >"$(echo "$RUN"/run.*/exit)"; }; systemctl() { echo inactive; }
     flock() { if [[ $1 == -w ]]; then return 1; fi; }
     run become standby </dev/null`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^xcatmn1: waiting until what goes on here has ended: /);
});
