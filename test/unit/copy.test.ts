// What a copy to or from the share keeps of a file. With a stand-in for rsync that knows three attributes, and a share that takes some of them.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bash, LEASE_LIBRARIES, LINKS_LIBRARIES } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-copy-"));
after(() => rmSync(folder, { recursive: true }));

/** Each file has a label, ping a capability; the directory has the label alone. */
const RSYNC = `rsync() {
  local words=" $* " file attribute refused=0
  echo "$*" >>"$F/told"
  [[ $words != *' --info=progress2 '* ]] || printf '  1,024  50%% 1MB/s\\r'
  if [[ -n $DIES && $words == *"$DIES"* ]]; then return 137; fi
  for file in "." ping; do
    [[ $file == . || $words != *" --exclude=* "* ]] || continue
    for attribute in security.selinux security.capability; do
      [[ $file == ping || $attribute == security.selinux ]] || continue
      [[ $1 == *X* && $words != *" --filter=-x $attribute "* ]] || continue
      [[ $words != *' --filter=-x \\* '* || $words == *" --filter=+x $attribute "* ]] || continue
      [[ " $TAKES " != *" $attribute "* && $1 != *n* ]] || continue
      echo "rsync: [receiver] rsync_xal_set: lsetxattr(\\"$to/$file\\",\\"$attribute\\") failed: Operation not supported (95)" >&2
      refused=23
    done
  done
  return "$refused"
}`;

function copied(takes: string, dies = "") {
  const at = mkdtempSync(join(folder, "t-"));
  const done = bash(
    [...LEASE_LIBRARIES, ...LINKS_LIBRARIES],
    `F=${at} NODE=xcatmn1 SHARE=${at}/HA TAKES='${takes}' DIES='${dies}'; mkdir -p "$F/install"
     ${RSYNC}
     share_do() { printf 'nas:/ha 1T 1G 999G 1%% /HA\\n'; }
     copy_directory "$F/install" "$F/HA/install" --checksum
     [[ -z $(differences "$F/install" "$F/HA/install" --checksum) ]]
     echo copied`,
  );
  const told = readFileSync(join(at, "told"), "utf8").replaceAll(at, "").trim().split("\n");
  return {
    code: done.code,
    stdout: done.stdout.replaceAll(at, ""),
    stderr: done.stderr.replaceAll(at, ""),
    copy: told.find((line) => line.includes("--info=progress2")) ?? "",
    comparison: told.find((line) => line.startsWith("-aHAXni")) ?? "",
  };
}

const WITHOUT_LABELS = " --filter=-x security.selinux --filter=-x system.* ";
const WARNING =
  /^xcatmn1: warning: \/install is copied without its SELinux labels, which \/HA\/install does not take\..*restorecon -R\n/;

test("a share that takes all: nothing is left out, and nothing is said", () => {
  const { code, stdout, stderr, copy, comparison } = copied("security.selinux security.capability");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "copied\n");
  assert.doesNotMatch(copy + comparison, /--filter/);
});

test("a share that takes no SELinux labels: copied and compared without them, and said", () => {
  const { code, stdout, stderr, copy, comparison } = copied("security.capability");
  assert.equal(code, 0, stderr);
  assert.match(stdout, WARNING);
  assert.match(stdout, /\ncopied\n$/);
  assert.ok(copy.includes(WITHOUT_LABELS), copy);
  assert.ok(comparison.includes(WITHOUT_LABELS), comparison);
});

for (const [what, takes, warns] of [
  ["labels alone", "security.selinux", false],
  ["nothing", "", true],
] as const)
  test(`a share that takes ${what}: a capability is never left out, and who has it is named`, () => {
    const { code, stdout, stderr } = copied(takes);
    assert.equal(code, 20);
    assert.equal(WARNING.test(stdout), warns);
    assert.doesNotMatch(stdout, /copied\n$/);
    const [error, evidence, ...choices] = stderr.split("\n");
    assert.equal(error, "error: copying /install to /HA/install failed: rsync ended with 23");
    assert.equal(
      evidence,
      'evidence: rsync: [receiver] rsync_xal_set: lsetxattr("/HA/install/ping", "security.capability") failed: Operation not supported (95); nas:/ha 1T 1G 999G 1% /HA',
    );
    const then = "run the same command again: the copy goes on where it ended";
    assert.deepEqual(choices, [
      `next: where an attribute or an ACL is not taken there: mount it so that it is, then ${then}`,
      `next: where nothing needs it: take it off those files (setcap -r, setfattr -x, setfacl -b), then ${then}`,
      "",
    ]);
  });

for (const [what, dies] of [
  ["the look at the label", "+x security.selinux"],
  ["the same without it", "-a --exclude"],
])
  test(`${what} ends in another way: that is no share without labels, and the copy tries with all`, () => {
    const { code, stdout, copy } = copied(dies.startsWith("+") ? "security.selinux security.capability" : "", dies);
    assert.equal(code, dies.startsWith("+") ? 0 : 20);
    assert.doesNotMatch(stdout, /warning/);
    assert.doesNotMatch(copy, /--filter/);
  });
