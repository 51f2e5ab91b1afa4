// A claim of the owner lease ends, whatever the share does, and says for whom it waits.
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { bash, LEASE_LIBRARIES } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const LEASE = "share/.xcat-ha/epoch";
const at = scratch("claim", LEASE, "bin", "run");

function epoch(name: string, marks: string[]) {
  writeFileSync(at(LEASE, `${name}.owner`), `node xcatmn2\nmachine ${"2".repeat(32)}\nboot b\ntime noon\n`);
  for (const mark of marks) writeFileSync(at(LEASE, `${name}.${mark}`), "");
}
/** In place of one of the programs that a claim calls on the share. */
const instead = (name: string, script: string) =>
  writeFileSync(at("bin", name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });

const onNode = (script: string) =>
  bash(
    LEASE_LIBRARIES,
    `PATH=${at("bin")}:$PATH NODE=xcatmn1 SHARE=${at("share")} RECORDS=/nowhere RUN=${at("run")}; declare -A LEASE=()
     machine_id() { echo ${"1".repeat(32)}; }; share_state() { echo ok; }; dissolved_refuse() { :; }; share_identify() { :; }
     ${script}`,
  );

test("another node steps down: it is waited for no longer than asked, and every two seconds said for whom", () => {
  epoch("000004", ["releasing"]);
  const { code, stdout, stderr } = onNode("lease_claim 5");
  assert.equal(code, 12);
  assert.match(
    stdout,
    /^(xcatmn1: waiting for the owner lease, [0-5] of at most 5 s: epoch 4 is held by xcatmn2 since noon, and being released\n){2,3}$/,
  );
  assert.match(
    stderr,
    /^error: epoch 4 is held by xcatmn2 since noon, and being released; xcatmn1 waited [56] s for it\n/,
  );
});

test("an owner that has not begun to step down is waited for where that is ordered, and the epoch is claimed once it is released", () => {
  epoch("000004", []);
  const { code, stdout, stderr } = onNode(`{ sleep 1; touch ${at(LEASE)}/000004.released; } & lease_claim 60 4; wait`);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^xcatmn1: waiting for the owner lease, \d of at most 60 s: epoch 4 is held by xcatmn2 since noon\n(?:.*\n)*xcatmn1: owner lease: epoch 5 is ours\n$/,
  );
});

for (const marks of [[], ["releasing"], ["releasing", "released"]])
  test(`a newer epoch than the one for which it waits (${marks.at(-1) ?? "held"}): it ends, and claims nothing`, () => {
    epoch("000005", marks);
    const { code, stdout, stderr } = onNode("lease_claim 60 4");
    assert.equal(code, 12, stderr);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^error: epoch 4, for whose release xcatmn1 waited, is not the newest any more; .*\nevidence: epoch 5 /,
    );
    assert.equal(readdirSync(at(LEASE)).filter((name) => name.endsWith(".owner")).length, 1);
  });

test("another order comes in while it waits: it ends at once, and claims nothing", () => {
  epoch("000004", []);
  const { code, stdout, stderr } = onNode('touch "$RUN/supersede"; lease_claim 60 4');
  assert.equal(code, 21, stderr);
  assert.match(stdout, /^xcatmn1: waiting for the owner lease, \d of at most 60 s: .*\n$/);
  assert.match(
    stderr,
    /^error: xcatmn1 no longer waits for the owner lease\nevidence: another order came in; epoch 4 is held by xcatmn2/,
  );
  assert.equal(readdirSync(at(LEASE)).length, 1);
});

test("link(2) never works: a number of tries, then an error, and nothing is left", () => {
  epoch("000004", ["releasing", "released"]);
  instead("ln", "echo 'ln: Operation not permitted' >&2; exit 1");
  const { code, stderr } = onNode("lease_claim 5");
  assert.equal(code, 20);
  assert.match(stderr, /error: the share did not take the epoch behind 000004, 10 times; expected a file in /);
  assert.deepEqual(readdirSync(at(LEASE)).sort(), ["000004.owner", "000004.released", "000004.releasing"]);
});

for (const [below, marks] of [
  ["nothing", undefined],
  ["an epoch of an earlier time", ["releasing", "released"]],
] as const)
  test(`the share went away, and ${below} lies below its mount point: nothing is claimed there`, () => {
    if (marks) epoch("000004", [...marks]);
    const before = readdirSync(at(LEASE));
    const { code, stdout, stderr } = onNode(
      "share_state() { echo 'is not mounted: it is a directory of the root file system'; }; lease_claim 5",
    );
    assert.equal(code, 40);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^error: \S+share on xcatmn1 is not mounted: .*; expected the shared data, mounted and writable\n/,
    );
    assert.deepEqual(readdirSync(at(LEASE)), before);
  });

test("no file can be made: an error", () => {
  epoch("000004", ["releasing", "released"]);
  instead("mktemp", "echo 'mktemp: No space left on device' >&2; exit 1");
  const { code, stderr } = onNode("lease_claim 5");
  assert.equal(code, 40);
  assert.match(stderr, /error: the owner lease in \S+ cannot be read\n/);
});

for (const [what, script] of [
  ["claimed behind", "lease_claim 5"],
  ["tried before anything stops", "LEASE[epoch]=999999; lease_try"],
  ["the final one", "lease_claim_final"],
])
  test(`the last epoch of six digits, ${what}: an error in words, and no epoch that nobody could see`, () => {
    epoch("999999", ["releasing", "released"]);
    const { code, stdout, stderr } = onNode(script);
    assert.equal(code, 30, stderr);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^error: epoch 999999 is the last one that can be; [^\n]*\nevidence: \S+\/999999\.owner\nnext: find out who /,
    );
    assert.equal(readdirSync(at(LEASE)).length, 3);
  });

test("the epoch before the last one: the last one is claimed", () => {
  epoch("999998", ["releasing", "released"]);
  const { code, stdout, stderr } = onNode("lease_claim 5");
  assert.deepEqual([code, stdout], [0, "xcatmn1: owner lease: epoch 999999 is ours\n"], stderr);
});
