// The hosts file goes with the owner lease: who becomes active takes the newest owner's, never an older one; and an owner's own goes to the share.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { bash, LEASE_LIBRARIES } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-hosts-file-"));
after(() => rmSync(folder, { recursive: true }));
let worlds = 0;

const OURS = ["10.5.106.7 xcatmn1", "10.5.106.5 xcatmn2"];
const lines = (...all: string[]) => all.map((line) => `${line}\n`).join("");
const LOCAL = lines("127.0.0.1 localhost", ...OURS, "10.5.106.101 cn1");
const NEWER = lines("127.0.0.1 localhost", ...OURS, "10.5.106.102 cn2");
const SHARED = "share/.xcat-ha/hosts";

/** `null`: a directory in its place, which nobody can read. */
type Files = Record<string, string | null | undefined>;
const FUNCTIONS = [
  ...LEASE_LIBRARIES,
  "document",
  "files",
  "observe",
  "hostsEntry",
  "hostsSync",
  "hostsSyncCron",
  "hostsFile",
  "verify",
];

/** xcatmn2 in epoch 7, which it holds. */
function on(files: Files, script: string, at = join(folder, String(worlds++))) {
  for (const name of ["share/.xcat-ha", "records", "run"]) mkdirSync(join(at, name), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) continue;
    mkdirSync(dirname(join(at, name)), { recursive: true });
    if (content === null) mkdirSync(join(at, name));
    else writeFileSync(join(at, name), content);
  }
  const done = bash(
    FUNCTIONS,
    `AT='${at}' SHARE='${at}/share' RECORDS='${at}/records' RUN='${at}/run' HOSTS_FILE='${at}/hosts' NODE=xcatmn2 PEER=xcatmn1 BEAT_SECONDS=10 BEAT_UNIT=xcat-ha-beat
     declare -A WANT=() SEEN=() LEASE=([is]=mine [epoch]=000007); lease_read() { :; }; lease_require() { :; }; share_state() { echo ok; }
     hostname() { echo node2.cluster.com; }; load_values() { WANT=([10.5.106.7]=xcatmn1 [10.5.106.5]=xcatmn2); }
     ${script}`,
  );
  const file = (name: string) => {
    const path = join(at, name);
    return existsSync(path) && statSync(path).isFile() ? readFileSync(path, "utf8") : undefined;
  };
  return { ...done, at, file };
}

const RECORD = "records/hosts.epoch";
type Taken = { what: string; files: Files; which?: string; takes?: string; spoil?: string; warns?: RegExp };
const TAKES: Taken[] = [
  {
    what: "the other node's, of a later epoch than this node's own: taken",
    files: { [`${SHARED}/000006`]: NEWER, [RECORD]: "000005\n" },
    takes: NEWER,
  },
  {
    what: "of any epoch, where this node was no owner yet: taken",
    files: { [`${SHARED}/000001`]: NEWER },
    takes: NEWER,
  },
  {
    what: "the newest by its number, whatever else lies there: taken",
    files: {
      [`${SHARED}/000002`]: LOCAL,
      [`${SHARED}/000006`]: NEWER,
      [`${SHARED}/000006.bak`]: LOCAL,
      [`${SHARED}/.000009.x`]: LOCAL,
      [`${SHARED}/000008`]: "10.9.9.9 of-an-epoch-that-is-not\n",
    },
    takes: NEWER,
  },
  {
    what: "this node's own, behind its reboot: the local file is the truth",
    files: { [`${SHARED}/000006`]: NEWER, [RECORD]: "000006\n" },
  },
  {
    what: "older than this node's own, which never reached the share: the local file is the truth",
    files: { [`${SHARED}/000004`]: NEWER, [RECORD]: "000005\n" },
  },
  {
    what: "of this epoch, in a second run: the local file is the truth",
    files: { [`${SHARED}/000007`]: NEWER, [RECORD]: "000007\n" },
  },
  { what: "not there, as an older program leaves it: the local file is the truth", files: {} },
  {
    what: "of a pair that was dissolved, in a first setup: the local file is the truth",
    which: "own",
    files: { [`${SHARED}/000006`]: NEWER },
  },
  {
    what: "empty: a warning",
    files: { [`${SHARED}/000006`]: "\n" },
    warns: /000006 is empty; expected the hosts file of epoch 000006/,
  },
  {
    what: "not to be read: a warning",
    files: { [`${SHARED}/000006`]: null },
    warns: /000006 cannot be read on xcatmn2; expected to know the addresses/,
  },
  {
    what: "somewhere in a directory that cannot be listed: a warning",
    files: { [SHARED]: "no directory" },
    warns: /mkdir: cannot create directory/,
  },
  {
    what: "newer or not, which cannot be told: a warning",
    files: { [`${SHARED}/000006`]: NEWER, [RECORD]: "garbage\n" },
    warns: /hosts\.epoch on xcatmn2 cannot be read/,
  },
  {
    what: "taken on a full disk: a warning, and no half file",
    files: { [`${SHARED}/000006`]: NEWER },
    spoil: `sync() { echo 'sync: No space left on device' >&2; return 1; };`,
    warns: /sync: No space left on device/,
  },
];
for (const { what, files, which = "newest", takes, spoil = "", warns } of TAKES)
  test(`becoming active, the newest hosts file is ${what}`, () => {
    const { code, stdout, stderr, file } = on({ hosts: LOCAL, ...files }, `${spoil} hosts_take ${which}; hosts_row`);
    assert.equal(code, 0, stderr);
    assert.equal(file("hosts"), takes ?? LOCAL);
    if (!spoil) assert.equal(file("records/hosts.before"), takes && LOCAL);
    // What may be old is handed on to nobody, and verify says so until it was taken.
    assert.equal(file(`${SHARED}/000007`), warns ? undefined : (takes ?? LOCAL));
    assert.equal(file(RECORD), warns ? files[RECORD] : "000007\n");
    if (warns) {
      assert.match(
        stdout,
        /^xcatmn2: warning: \S+hosts of xcatmn2 may be old, and nodes that were added since be missing in DNS and DHCP: /,
      );
      assert.match(stdout, warns);
      assert.match(stdout, /\nfailed\t\S+hosts\tmay be old/);
    } else {
      assert.match(stdout, /(^|\n)ok\t\S+hosts\ton the shared data, epoch 7\n$/);
      assert.equal(/hosts is that of epoch \d now/.test(stdout), takes !== undefined);
    }
  });

test("a node whose own hosts file is gone: its loopback lines are not known, and that is a warning", () => {
  const { code, stdout, file } = on({ [`${SHARED}/000006`]: NEWER }, "hosts_take newest");
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^xcatmn2: warning: .*DNS and DHCP: it said nothing\nxcatmn2: next: look at .*\nxcatmn2: next: copy a hosts file /,
  );
  assert.deepEqual([file("hosts"), file(RECORD)], [undefined, undefined]);
});

test("what was not taken is taken by the next run, over a file that is right by then", () => {
  const { at, file } = on({ hosts: LOCAL, [`${SHARED}/000006`]: "" }, "hosts_take newest");
  assert.equal(file("hosts"), LOCAL);
  const again = on({ [`${SHARED}/000006`]: NEWER }, "hosts_take newest; hosts_row", at);
  assert.equal(again.file("hosts"), NEWER);
  assert.match(again.stdout, /\nok\t/);
});

const MERGED: [what: string, local: string[], newest: string[], becomes: string[]][] = [
  [
    "the loopback lines are this node's, in the places of the other one's",
    ["127.0.0.1 localhost here", "::1 localhost six", ...OURS],
    ["# of the site", "127.0.0.1 localhost", "", "::1 localhost", ...OURS, "10.5.106.101 cn1 # rack 1"],
    ["# of the site", "127.0.0.1 localhost here", "", "::1 localhost six", ...OURS, "10.5.106.101 cn1 # rack 1"],
  ],
  [
    "more of them than the other one has: the rest at the end",
    ["127.0.0.1 localhost", "::1 localhost", "fe00::0 ip6-localnet", "FF02::1 ip6-allnodes"],
    ["127.0.0.1 localhost", ...OURS],
    ["127.0.0.1 localhost", ...OURS, "::1 localhost", "fe00::0 ip6-localnet", "FF02::1 ip6-allnodes"],
  ],
  [
    "fewer: the other one's go",
    ["127.0.0.1 localhost"],
    ["127.0.0.1 localhost", "ff02::1 all", ...OURS],
    ["127.0.0.1 localhost", ...OURS],
  ],
  [
    "this node's host name, which the other one does not know, stays at its address",
    ["127.0.0.1 localhost", OURS[0], "10.5.106.5 xcatmn2 node2.cluster.com # here", "10.5.106.9 gone"],
    ["127.0.0.1 localhost", ...OURS, "10.5.106.101 cn1 # not node2.cluster.com"],
    [
      "127.0.0.1 localhost",
      OURS[0],
      "10.5.106.5 xcatmn2 node2.cluster.com # here",
      "10.5.106.101 cn1 # not node2.cluster.com",
    ],
  ],
  [
    "the same at an address that the other one does not know",
    ["127.0.0.1 localhost", ...OURS, "10.5.106.6 Node2.Cluster.com"],
    ["127.0.0.1 localhost", ...OURS],
    ["127.0.0.1 localhost", ...OURS, "10.5.106.6 Node2.Cluster.com"],
  ],
  [
    "this node's host name, which the other one knows: as the other one has it",
    ["127.0.0.1 localhost", ...OURS, "10.5.106.6 node2.cluster.com"],
    ["127.0.0.1 localhost", ...OURS, "10.5.106.8 NODE2.cluster.com", "10.5.106.6 another # node2.cluster.com"],
    ["127.0.0.1 localhost", ...OURS, "10.5.106.8 NODE2.cluster.com", "10.5.106.6 another # node2.cluster.com"],
  ],
  [
    "what only this node had goes: an admin took it out on the other one",
    ["127.0.0.1 localhost", ...OURS, "10.5.106.9 gone"],
    ["127.0.0.1 localhost", ...OURS],
    ["127.0.0.1 localhost", ...OURS],
  ],
  [
    "our names are right whatever both files say: Debian's own line, another address",
    ["127.0.0.1 localhost", "127.0.1.1 xcatmn2", ...OURS],
    ["127.0.0.1 localhost", "127.0.1.1 xcatmn1", "10.5.106.99 xcatmn2 other", OURS[0]],
    ["127.0.0.1 localhost", "10.5.106.99 other", OURS[0], OURS[1]],
  ],
  [
    "no last newline",
    ["127.0.0.1 localhost"],
    [...OURS, "10.5.106.101 cn1"],
    [...OURS, "10.5.106.101 cn1", "127.0.0.1 localhost"],
  ],
];
for (const [what, local, newest, becomes] of MERGED)
  test(`a hosts file that is taken: ${what}`, () => {
    const files = { hosts: lines(...local), [`${SHARED}/000006`]: newest.join("\n") };
    const { code, stderr, file } = on(files, "hosts_take newest");
    assert.equal(code, 0, stderr);
    assert.equal(file("hosts"), lines(...becomes));
  });

test("there and back: what was added and taken out on either node is so on the next owner", () => {
  const share = join(folder, "both");
  mkdirSync(share);
  const owner = (name: string, epoch: number, script: string, files: Files = {}) => {
    const at = join(folder, name);
    const { code, stderr, file } = on(
      files,
      `SHARE='${share}' LEASE[epoch]=00000${epoch}; hosts_take newest; ${script}; hosts_keep_last`,
      at,
    );
    assert.equal(code, 0, stderr);
    return file("hosts");
  };
  const loopback = "127.0.0.1 localhost";
  owner("first", 1, `echo '10.5.106.103 cn3' >>"$HOSTS_FILE"`, { hosts: lines(loopback, ...OURS, "10.5.106.101 cn1") });
  const there = owner("second", 2, `sed -i /cn1/d "$HOSTS_FILE"`, { hosts: lines(loopback, ...OURS) });
  assert.equal(there, lines(loopback, ...OURS, "10.5.106.103 cn3"));
  assert.equal(owner("first", 3, ":"), there);
  assert.equal(owner("first", 4, `echo '10.5.106.104 cn4' >>"$HOSTS_FILE"`), `${there}10.5.106.104 cn4\n`);
  assert.equal(owner("second", 5, ":"), `${there}10.5.106.104 cn4\n`);
});

const OWN = { hosts: LOCAL, [RECORD]: "000007\n" };
const KEPT: [what: string, change: string, kept: string | undefined, said?: RegExp][] = [
  [
    "as before: no program is called",
    "PATH=/nowhere; share_do() { echo called; }; share_write() { echo called; }",
    LOCAL,
  ],
  ["newer", `echo '10.5.106.103 cn3' >>"$HOSTS_FILE"`, `${LOCAL}10.5.106.103 cn3\n`],
  [
    "put back from an older copy, with its time",
    `echo '10.5.106.9 old' >"$AT/old"; touch -d 2020-01-01 "$AT/old"; cp -p "$AT/old" "$HOSTS_FILE"`,
    "10.5.106.9 old\n",
  ],
  ["empty", `: >"$HOSTS_FILE"`, LOCAL, /it has 0 bytes; expected 1 to 16777216/],
  [
    "too long",
    `head -c 17000000 /dev/zero | tr '\\0' '#' >"$HOSTS_FILE"`,
    LOCAL,
    /it has 16777217 bytes; expected 1 to 16777216/,
  ],
  ["gone", `rm "$HOSTS_FILE"`, LOCAL, /touch: .*No such file/],
  [
    "newer, and the share takes nothing",
    `touch "$HOSTS_FILE"; share_do() { echo 'Stale file handle'; return 1; }`,
    LOCAL,
    /Stale file handle/,
  ],
  ["newer, and the share hangs", `touch "$HOSTS_FILE"; share_write() { return 124; }`, LOCAL, /no answer within 10 s/],
  [
    "newer, and another one who writes it does not end",
    `touch "$HOSTS_FILE"; flock() { return 1; }`,
    LOCAL,
    /no answer within 10 s/,
  ],
  [
    "newer, in an epoch in which the newest one was not taken",
    `echo 000006 >"$RECORDS/hosts.epoch"; echo '10.5.106.9 old' >>"$HOSTS_FILE"`,
    LOCAL,
    /^$/,
  ],
];
for (const [what, change, kept, said] of KEPT)
  test(`an owner's hosts file is ${what}: ${said ? "the step down says it, and goes on" : "the share has it"}`, () => {
    const beat = on(
      OWN,
      `hosts_keep; ${change}; code=0; hosts_keep || code=$?; hosts_are_ours || code=ours; printf '\\n%s' "$code"`,
    );
    assert.equal(beat.code, 0, beat.stderr);
    const [text, result] = [beat.stdout.replace(/\n[^\n]*$/, ""), beat.stdout.split("\n").at(-1)];
    assert.equal(beat.file(`${SHARED}/000007`), kept);
    assert.match(text, said ?? /^$/);
    assert.equal(result, !said ? "0" : what.includes("not taken") ? "ours" : "1");
    const down = on(OWN, `hosts_keep; ${change}; hosts_keep_last`);
    assert.equal(down.code, 0, down.stderr);
    assert.equal(
      /^xcatmn2: warning: \S+hosts of xcatmn2 is not on the shared data as it is now: xcatmn1 would/m.test(down.stdout),
      !!said,
    );
  });

for (const lease of ["other", "released"])
  test(`stepping down while the newest epoch is ${lease}: its own file counts, and nobody is told to write over it`, () => {
    const files = { ...OWN, [`${SHARED}/000008`]: NEWER };
    const { code, stdout, stderr, file } = on(
      files,
      `lease_read() { LEASE=([is]=${lease} [epoch]=000008); }; hosts_keep_last`,
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "");
    assert.equal(file(`${SHARED}/000008`), NEWER);
  });

test("what failed is tried again by the next beat, and everybody may read it then", () => {
  const { stdout, at, file } = on(
    OWN,
    `real=$(declare -f share_write); share_write() { return 1; }; hosts_keep || hosts_row; eval "$real"; hosts_keep; hosts_row`,
  );
  assert.match(
    stdout,
    /\nwarning\t\S+hosts\tis not on the shared data as it is now: the next beat, within 10 s,[^\n]*\nok\t/,
  );
  assert.equal(file(`${SHARED}/000007`), LOCAL);
  assert.equal(statSync(join(at, `${SHARED}/000007`)).mode & 0o777, 0o644);
});

test("a change while it is written is another change", () => {
  const { file } = on(
    OWN,
    `real=$(declare -f share_write); share_write() { echo '10.5.106.103 cn3' >>"$HOSTS_FILE"; eval "$real"; share_write "$@"; }; hosts_keep; hosts_keep`,
  );
  assert.equal(file(`${SHARED}/000007`), `${LOCAL}10.5.106.103 cn3\n`);
});

for (const show of ["echo shown", "return 0"])
  test(`the beat: life first, then the hosts file of the epoch that it read, then what the node has; a file that cannot be kept does not end it (${show})`, () => {
    const { code, stdout, stderr } = bash(
      ["report", "plan", "beat"],
      `declare -A FACT=() LEASE=() WANT=(); RUN=/nowhere NODE=xcatmn2
       load_values() { WANT=([onShareLoss]=demote [shareLossSeconds]=60); }; may_look() { :; }; frozen_follow() { :; }; lease_sentence() { echo so; }
       lease_read() { LEASE=([is]=mine [epoch]=000042); }; beat_show() { ${show}; }; hosts_keep() { echo "kept \${LEASE[epoch]}"; return 1; }
       facts_keep() { echo "what the $1 has"; return 1; }
       verb_beat; echo "it goes on"`,
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${show === "echo shown" ? "shown\n" : ""}kept 000042\nwhat the owner has\nit goes on\n`);
  });
