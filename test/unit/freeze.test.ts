// A pair is frozen while somebody works on its active node: by a line on the share that ends by itself, and a note on that node.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { bash, LEASE_LIBRARIES } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const at = scratch("freeze", "share/.xcat-ha", "records");
const SHARED = at("share/.xcat-ha/frozen");
const NOTED = at("records/frozen");

/** At 1,000,000 s since 1970. */
const onNode = (script: string, lease = "mine") =>
  bash(
    [...LEASE_LIBRARIES, "files", "freeze"],
    `NODE=xcatmn1 SHARE=${at()}/share RECORDS=${at()}/records SHARE_DEADLINE=2
     seconds_now() { echo 1000000; }; share_state() { echo ok; }
     lease_read() { declare -gA LEASE=([is]=${lease} [node]=xcatmn2); }; lease_sentence() { echo "as it is"; }
     ${script}`,
  );

test("frozen at the active node: on the share and noted there, until the minutes are over, and then not any more", () => {
  const { code, stdout, stderr } = onNode("freeze 60 'kernel update'; frozen; frozen_here");
  assert.equal(code, 0, stderr);
  assert.equal(readFileSync(SHARED, "utf8"), "1003600 xcatmn1 kernel update\n");
  assert.equal(readFileSync(NOTED, "utf8"), readFileSync(SHARED, "utf8"));
  const sentence = "until 1970-01-12T14:46:40Z by xcatmn1: kernel update";
  assert.match(
    stdout,
    new RegExp(`^xcatmn1: frozen ${sentence}: no role changes, .*xcat-ha thaw\n${sentence}\n${sentence}\n$`),
  );
  assert.equal(onNode("seconds_now() { echo 1003600; }; frozen; frozen_here").stdout, "");
});

test("thaw, on either node; twice is once", () => {
  onNode("freeze 60 'kernel update'");
  for (const _ of ["once", "twice"]) {
    const { code, stderr } = onNode("thaw; frozen; frozen_here");
    assert.equal(code, 0, stderr);
  }
  assert.ok(!existsSync(SHARED) && !existsSync(NOTED));
});

test("a thaw on a share that cannot be read is not said to be one", () => {
  mkdirSync(SHARED);
  const { code, stdout, stderr } = onNode("thaw");
  assert.equal(code, 40, stdout);
  assert.equal(stdout, "");
  assert.match(stderr, /frozen cannot be read on xcatmn1; expected to know whether the pair is frozen/);
});

const REFUSED: [what: string, script: string, code: number, said: RegExp, lease?: string][] = [
  ["without minutes", "freeze", 64, /^error: minutes: seen ''; expected 1 to 1440/],
  ["for two days", "freeze 2880 patches", 64, /^error: minutes: seen '2880'/],
  ["for a word", "freeze soon patches", 64, /^error: minutes: seen 'soon'/],
  ["without a reason", "freeze 60 ' '", 64, /^error: reason: seen ' '/],
  [
    "on a standby node",
    "freeze 60 patches",
    12,
    /is not the active node; [\s\S]*next: xcat-ha freeze on xcatmn2/,
    "other",
  ],
  [
    "where the share does not take it",
    "mktemp() { return 1; }; export -f mktemp; freeze 60 patches",
    20,
    /was not written; expected the freeze in it/,
  ],
];
for (const [what, script, code, said, lease] of REFUSED)
  test(`a freeze ${what} is refused`, () => {
    const done = onNode(script, lease);
    assert.equal(done.code, code, done.stderr);
    assert.match(done.stderr, said);
    assert.ok(!existsSync(SHARED));
  });

const UNTOLD: [what: string, spoil: () => void, script: string][] = [
  ["the share does not answer", () => {}, "share_do() { return 124; }"],
  ["what stands there is no freeze", () => writeFileSync(SHARED, "soon\n"), ":"],
  ["it is a folder", () => mkdirSync(SHARED), ":"],
];
for (const [what, spoil, script] of UNTOLD)
  test(`whether the pair is frozen cannot be told, ${what}: an error, and no "not frozen"`, () => {
    spoil();
    const { code, stdout, stderr } = onNode(`${script}; answer=$(frozen) || exit; echo "told '$answer'"`);
    assert.equal(code, 40, stderr);
    assert.equal(stdout, "");
  });

for (const [what, spoil, noted] of [
  ["says the same", ":", "1003600 xcatmn1 kernel update\n"],
  ["says nothing any more", "rm $SHARE/.xcat-ha/frozen", undefined],
  ["says another end", "echo 2000000 xcatmn1 longer >$SHARE/.xcat-ha/frozen", "2000000 xcatmn1 longer\n"],
  ["does not answer", "share_do() { return 124; }", "1003600 xcatmn1 kernel update\n"],
] as const)
  test(`the owner's beat, where the share ${what}: its own note ${noted ? `says ${noted.trim()}` : "goes"}`, () => {
    const { code, stderr } = onNode(`freeze 60 'kernel update'; ${spoil}; frozen_follow`);
    assert.equal(code, 0, stderr);
    assert.equal(existsSync(NOTED) ? readFileSync(NOTED, "utf8") : undefined, noted);
  });

test("a note that cannot be read keeps no owner from stepping down", () => {
  for (const note of ["soon\n", ""]) {
    writeFileSync(NOTED, note);
    const { code, stdout, stderr } = onNode("frozen_here");
    assert.deepEqual([code, stdout, stderr], [0, "", ""]);
  }
});
