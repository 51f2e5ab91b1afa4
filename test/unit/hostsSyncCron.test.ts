// The trust of the hosts sync: what is on the share and in authorized_keys, and what a look that fails is: an error, never "absent".
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { bash, LEASE_LIBRARIES, sourced } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-hosts-sync-"));
after(() => rmSync(folder, { recursive: true }));

/** A file's content; `null`: it is there, and no look at it succeeds (a directory, for cat and for a key). */
type File = string | null | undefined;
const KEY = "share/.xcat-ha/hosts-sync/id_ed25519";
const KEYS = "authorized_keys";
const TRUST =
  'restrict,from="10.5.106.70",command="/usr/local/sbin/xcat-ha receive-hosts" ssh-ed25519 AAAA xcat-ha hosts-sync';
let worlds = 0;

function on(files: Record<string, File>, wanted: string, script: string) {
  const at = join(folder, String(worlds++));
  mkdirSync(join(at, "share/.xcat-ha"), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) continue;
    mkdirSync(dirname(join(at, name)), { recursive: true });
    if (content === null) mkdirSync(join(at, name));
    else writeFileSync(join(at, name), content);
  }
  const done = bash(
    [...LEASE_LIBRARIES, "files", "observe", "hostsSync", "hostsSyncCron", "hostsFile"],
    `declare -A LEASE=([epoch]=000007) WANT=(${wanted} [crontab]='no rsync' [peerAddress]=10.5.106.70 [peerHostKey]='xcatmn1 ssh-ed25519 HOST') SEEN=()
     SHARE='${at}/share' CONFIGURATION='${at}' AUTHORIZED_KEYS='${at}/${KEYS}' CRON_FILE='${at}/cron' NODE=xcatmn2 PROGRAM=/usr/local/sbin/xcat-ha
     RUN='${at}' RECORDS='${at}'; share_do() { "$@" </dev/null; }; share_state() { echo ok; }; manual_cron_line() { :; }; lease_require() { :; }
     ${script}`,
  );
  return {
    ...done,
    file: (name: string) => (existsSync(join(at, name)) ? readFileSync(join(at, name), "utf8") : undefined),
  };
}

const ON_THE_OWNER = "[cron]='0 2 * * * root x' [key]=present";
const SEEN_KEY: [what: string, key: File, seen: string, code: number][] = [
  ["there", "PRIVATE", "present", 0],
  ["not there", undefined, "absent", 0],
  ["empty: whoever made it was cut", "", "absent", 0],
];
for (const [what, key, seen, code] of SEEN_KEY)
  test(`the key is ${what}: ${seen}`, () => {
    const { stdout, ...done } = on({ [KEY]: key }, ON_THE_OWNER, `hostsSyncCron_observe; echo "\${SEEN[key]}"`);
    assert.equal(done.code, code, done.stderr);
    assert.equal(stdout, `${seen}\n`);
  });

test("a key that cannot be looked at is an error, and no other one is made", () => {
  const hung = "share_do() { return 124; };";
  for (const verb of ["observe", "apply"]) {
    const { code, stderr, file } = on({ [KEY]: "PRIVATE" }, ON_THE_OWNER, `${hung} hostsSyncCron_${verb}`);
    assert.equal(code, 40, stderr);
    assert.match(
      stderr,
      /id_ed25519 cannot be looked at on xcatmn2; expected to know whether it is there\nevidence: no answer/,
    );
    assert.equal(file(KEY), "PRIVATE");
    assert.equal(file("cron"), undefined);
  }
});

const ON_THE_STANDBY = "[cron]=absent [trust]=trusted";
const SEEN_TRUST: [what: string, publicKey: File, keys: File, seen: string | RegExp][] = [
  ["trusted", "ssh-ed25519 AAAA comment\n", `ssh-ed25519 ADMIN\n${TRUST}\n`, "trusted"],
  ["another key is trusted", "ssh-ed25519 BBBB comment\n", `${TRUST}\n`, "absent"],
  ["no key on the share yet", undefined, `${TRUST}\n`, "absent"],
  ["nobody may log in yet", "ssh-ed25519 AAAA comment\n", undefined, "absent"],
  [
    "the key on the share cannot be read",
    null,
    `${TRUST}\n`,
    /id_ed25519\.pub cannot be read on xcatmn2; expected to know the key/,
  ],
  ["authorized_keys cannot be read", "ssh-ed25519 AAAA comment\n", null, /authorized_keys cannot be read on xcatmn2/],
];
for (const [what, publicKey, keys, seen] of SEEN_TRUST)
  test(`the trust, where ${what}: ${typeof seen === "string" ? seen : "an error"}`, () => {
    const files = { [`${KEY}.pub`]: publicKey, [KEYS]: keys };
    const { code, stdout, stderr } = on(files, ON_THE_STANDBY, `hostsSyncCron_observe; echo "\${SEEN[trust]}"`);
    if (typeof seen === "string") {
      assert.equal(code, 0, stderr);
      assert.equal(stdout, `${seen}\n`);
    } else {
      assert.equal(code, 40, stderr);
      assert.match(stderr, seen);
    }
  });

// What `crontab -l` does the first time, the second, and from then on; what the admin has then.
const CRONTAB = "MAILTO=admin\n0 1 * * * /usr/sbin/backup\n0 2 * * * rsync -a /etc/hosts xcatmn1:/etc/\n";
const KEPT = "MAILTO=admin\n0 1 * * * /usr/sbin/backup\n";
const CRONTABS: [what: string, answers: string[], seen: string, code: number, left: string][] = [
  ["has the manual's line", ["says"], "0 2 * * * rsync -a /etc/hosts xcatmn1:/etc/", 0, KEPT],
  ["cannot be read", ["fails"], "", 40, CRONTAB],
  ["cannot be read any more", ["says", "says", "fails"], "0 2 * * * rsync -a /etc/hosts xcatmn1:/etc/", 40, CRONTAB],
  [
    "cannot be read when its copy was made",
    ["says", "says", "says", "fails"],
    "0 2 * * * rsync -a /etc/hosts xcatmn1:/etc/",
    0,
    KEPT,
  ],
];
for (const [what, answers, seen, code, left] of CRONTABS)
  test(`root's crontab ${what}: ${code ? "an error, and it stays as it is" : "only that line goes"}`, () => {
    const { stdout, stderr, file } = on(
      { crontab: CRONTAB, [`${KEY}.pub`]: "ssh-ed25519 AAAA comment\n" },
      ON_THE_STANDBY,
      `${sourced("handBuilt")} RECORDS=$CONFIGURATION PEER=xcatmn1 PEER_ADDRESS=10.5.106.70; : >"$CONFIGURATION/asked"
       answers=(${answers.join(" ")})
       crontab() {
         if [[ $* != *-l* ]]; then cat >"$CONFIGURATION/crontab"; return; fi
         echo >>"$CONFIGURATION/asked"
         local asked; asked=$(wc -l <"$CONFIGURATION/asked")
         ((asked <= \${#answers[@]})) || asked=\${#answers[@]}
         [[ \${answers[asked - 1]} == says ]] || { echo 'crontab: Input/output error' >&2; return 1; }
         cat "$CONFIGURATION/crontab"
       }
       (manual_cron_line) || true
       (set -e; hostsSyncCron_apply >/dev/null); echo "code $?"`.replace("(set -e; hosts", "set +e; (set -e; hosts"),
    );
    assert.equal(stdout, `${seen ? `${seen}\n` : ""}code ${code}\n`, stderr);
    assert.equal(file("crontab"), left);
  });

const COPIES: [line: string, ours: boolean][] = [
  ["0 2 * * * /usr/bin/rsync -Lprogtz /etc/hosts xcatmn2:/etc/", true],
  ["0 2 * * * rsync -a -e 'ssh -p 22' /etc/hosts root@xcatmn2.cluster.com:/etc/hosts >/dev/null 2>&1", true],
  ["0 2 * * *\trsync\t-a\t/etc/hosts\t10.5.106.5:/etc", true],
  ["0 2 * * * rsync -a /etc/hosts xcat-second:/etc/", true],
  ["*/30 * * * * rsync -a /etc/hosts sn01:/etc/", false],
  ["15 * * * * rsync -a /etc/hosts /etc/passwd /etc/group backup01:/etc-copies/xcatmn1/", false],
  ["15 * * * * rsync -a /etc/hosts /etc/passwd xcatmn2:/etc/", false],
  ["0 3 * * * rsync -a /etc/hosts xcatmn2:/etc-copies/", false],
  ["0 3 * * * rsync -a /etc/hosts xcatmn2:/etc/hosts.d/", false],
  ["0 3 * * * rsync -a /etc/hosts xcatmn21:/etc/", false],
  ["# 0 2 * * * rsync -a /etc/hosts xcatmn2:/etc/", false],
  ["0 2 * * * rsync -a /etc/passwd /etc/hosts xcatmn2:/etc/", false],
  ["0 2 * * * rsync -a /install/ backup:/install/; rsync -a /etc/hosts xcatmn2:/etc/hosts", false],
  ["0 2 * * * rsync -a /etc/hosts xcatmn2:/etc/hosts && /opt/site/report", false],
  ["0 2 * * * /opt/site/backup && rsync -a /etc/hosts xcatmn2:/etc/hosts", false],
  ["0 2 * * * rsync -a /etc/hosts xcatmn2:/etc/hosts; /opt/site/report", false],
  ["0 2 * * * rsync -a /etc/hosts xcatmn2:/etc/hosts | tee /var/log/sync", false],
  ["0 2 * * * rsync /etc/hosts xcatmn2:/etc/hosts -a --delete", true],
  ['0 2 * * * rsync -a "/etc/hosts" "root@xcatmn2:/etc/hosts"', true],
  ["0 2 * * * rsync -a /etc/hosts xcatmn2:/etc/ # the manual", true],
  ["0 2 * * * scp -q -p /etc/hosts xcatmn2:/etc/hosts", true],
  ["0 2 * * * rsync -a /etc/hosts xcatmn2:/etc/hosts 2>&1 | logger -t hosts", true],
  ["0 2 * * * rsync -a /etc/hosts xcatmn2:/etc/hosts &>/dev/null", true],
];
test("of root's crontab only a copy of /etc/hosts alone to the other node is the manual's", () => {
  const { stdout, stderr } = bash(
    ["report", "handBuilt"],
    `PEER=xcatmn2 PEER_ADDRESS=10.5.106.5; getent() { [[ $2 != xcat-second ]] || echo '10.5.106.5      STREAM xcat-second'; }; without_manual_cron`,
    COPIES.map(([line]) => `${line}\n`).join(""),
  );
  assert.equal(stdout, COPIES.flatMap(([line, ours]) => (ours ? [] : [`${line}\n`])).join(""), stderr);
});

test("a copy of /etc/hosts to the other node among other things is named", () => {
  const named = (line: string) =>
    bash(
      ["report", "handBuilt"],
      `PEER=xcatmn2 PEER_ADDRESS=10.5.106.5; getent() { return 2; }; root_crontab() { cat; }; compound_cron_line`,
      `${line}\n`,
    ).stdout;
  const compound = COPIES.map(([line]) => line).filter((line) => named(line));
  assert.deepEqual(compound, [
    "15 * * * * rsync -a /etc/hosts /etc/passwd xcatmn2:/etc/",
    "0 2 * * * rsync -a /etc/passwd /etc/hosts xcatmn2:/etc/",
    "0 2 * * * rsync -a /install/ backup:/install/; rsync -a /etc/hosts xcatmn2:/etc/hosts",
    "0 2 * * * rsync -a /etc/hosts xcatmn2:/etc/hosts && /opt/site/report",
    "0 2 * * * /opt/site/backup && rsync -a /etc/hosts xcatmn2:/etc/hosts",
    "0 2 * * * rsync -a /etc/hosts xcatmn2:/etc/hosts; /opt/site/report",
    "0 2 * * * rsync -a /etc/hosts xcatmn2:/etc/hosts | tee /var/log/sync",
  ]);
});

test("the trust comes and goes; every other key stays", () => {
  const files = { [`${KEY}.pub`]: "ssh-ed25519 AAAA comment\n", [KEYS]: "ssh-ed25519 ADMIN\n" };
  const applied = on(files, ON_THE_STANDBY, "hostsSyncCron_apply");
  assert.equal(applied.code, 0, applied.stderr);
  assert.equal(applied.file(KEYS), `ssh-ed25519 ADMIN\n${TRUST}\n`);
  const removed = on({ [KEYS]: `ssh-ed25519 ADMIN\n${TRUST}\n` }, ON_THE_STANDBY, "hostsSyncCron_remove");
  assert.equal(removed.file(KEYS), "ssh-ed25519 ADMIN\n");
  const alone = on({ [KEYS]: `${TRUST}\n` }, ON_THE_STANDBY, "hostsSyncCron_remove");
  assert.equal(alone.file(KEYS), "");
});

test("keys that cannot be read are not written over: the admin's are among them", () => {
  // grep and cat run into the same fault; what would be written is what was made of nothing.
  const unreadable =
    'cat() { if [[ $* == *authorized_keys* ]]; then echo "cat: Input/output error" >&2; return 1; else command cat "$@"; fi; };';
  const files = { [`${KEY}.pub`]: "ssh-ed25519 AAAA comment\n", [KEYS]: "ssh-ed25519 ADMIN\n" };
  for (const verb of ["apply", "remove"]) {
    const { code, stderr, file } = on(files, ON_THE_STANDBY, `${unreadable} hostsSyncCron_${verb}`);
    assert.equal(code, 40, stderr);
    assert.equal(file(KEYS), "ssh-ed25519 ADMIN\n");
  }
});

const HOSTS =
  "127.0.0.1 localhost\n::1 localhost # six\nfe80::1%eth0 link\n\n# Größe, in a comment\n10.5.106.7 xcatmn1\tmn\n";
const DELIVERED: [what: string, content: string, refused?: RegExp, digestOf?: string][] = [
  ["a hosts file", HOSTS],
  ["one without a last newline", "10.5.106.7 xcatmn1"],
  ["one whose connection broke", HOSTS.slice(0, 40), /what came in is no whole hosts file/, HOSTS],
  ["nothing", "", /what came in is no hosts file;.*\nevidence: nothing came in/],
  ["a file without its digest in front", "", /what came in is no whole hosts file/, "another"],
  [
    "a crontab",
    "* * * * * root reboot\n",
    /what came in is no hosts file;.*\nevidence: line 1: \* \* \* \* \* root reboot/,
  ],
  ["a first line that does not end", "", /evidence: 4936 characters behind 'a{64}'/, "a".repeat(5000)],
  ["a name in front of the address", `${HOSTS}localhost 127.0.0.1\n`, /evidence: line 7: localhost 127/],
  ["a name with an escape in it", "10.5.106.7 xcat\u001b[2J\n", /evidence: line 1: 10\.5\.106\.7 xcat/],
];
for (const [what, content, refused, digestOf] of DELIVERED)
  test(`the standby node gets ${what}: ${refused ? "refused" : "written"}`, () => {
    const digest = digestOf?.startsWith("aaa")
      ? digestOf
      : createHash("sha256")
          .update(digestOf ?? content)
          .digest("hex");
    const { code, stderr, file } = on(
      { hosts: "10.5.106.5 xcatmn2\n", input: `${digest}\n${content}` },
      ON_THE_STANDBY,
      `HOSTS_FILE=$CONFIGURATION/hosts; lease_read() { LEASE[is]=other; }; SSH_ORIGINAL_COMMAND='rsync --server . /etc/'
       receive_hosts <"$CONFIGURATION/input"`,
    );
    assert.equal(code, refused ? 10 : 0, stderr);
    assert.equal(file("hosts"), refused ? "10.5.106.5 xcatmn2\n" : content);
    if (refused) assert.match(stderr, refused);
  });

const SEND = `HOSTS_FILE=$CONFIGURATION/hosts PEER=xcatmn2 PEER_ADDRESS=10.5.106.5 PEER_PORT=22; lease_sentence() { echo 'as it is'; }
  ssh() { [[ "$*" == *"root@10.5.106.5 receive-hosts" ]] && cat >"$CONFIGURATION/sent"; }; timeout() { shift 3; "$@"; }
  lease_read() { LEASE[is]=mine; }; sync_hosts`;
const TAKES: [lease: string, taken: boolean][] = [
  ["other", true],
  ["other-releasing", true],
  ["mine", false],
  ["mine-rebooted", false],
  ["mine-releasing", false],
  ["released", false],
  ["none", false],
];
for (const [lease, taken] of TAKES)
  test(`what one node sends the other one, whose lease is ${lease}, ${taken ? "takes" : "does not take: its own is newer"}`, () => {
    const script = `${SEND}; HOSTS_FILE=$CONFIGURATION/taken; lease_read() { LEASE[is]=${lease}; }; receive_hosts <"$CONFIGURATION/sent"`;
    const { code, stderr, file } = on({ hosts: HOSTS, "hosts.epoch": "000007\n" }, ON_THE_OWNER, script);
    assert.equal(code, taken ? 0 : 10, stderr);
    if (!taken) assert.match(stderr, /^error: xcatmn2 takes a hosts file from the owner alone/);
    assert.equal(file("taken"), taken ? HOSTS : undefined);
  });

for (const record of [undefined, "000006\n"])
  test(`an owner whose file may be old sends nothing: it was the truth in epoch ${record?.trim() ?? "none"} last, and 7 is the newest`, () => {
    const { code, stderr, file } = on({ hosts: HOSTS, "hosts.epoch": record }, ON_THE_OWNER, SEND);
    assert.equal(code, 10, stderr);
    assert.match(stderr, /^error: \/etc\/hosts is not sent: it may be older than that of xcatmn2/);
    assert.equal(file("sent"), undefined);
  });

test("a hosts file that comes while this node becomes the owner, or while an order runs, is not written", () => {
  const digest = createHash("sha256").update(HOSTS).digest("hex");
  const files = { hosts: "10.5.106.5 xcatmn2\n", input: `${digest}\n${HOSTS}`, lock: "" };
  const take = `HOSTS_FILE=$CONFIGURATION/hosts PEER=xcatmn1; lease_sentence() { echo 'epoch 1 is ours'; }; receive_hosts <"$CONFIGURATION/input"`;
  const owner = on(files, ON_THE_STANDBY, `lease_read() { LEASE[is]=\${took:-other} took=mine; }; ${take}`);
  assert.equal(owner.code, 10, owner.stderr);
  const next = on(files, ON_THE_STANDBY, `lease_read() { LEASE=([is]=other [epoch]=\${took:-7}) took=9; }; ${take}`);
  assert.equal(next.code, 10, next.stderr);
  assert.match(next.stderr, /^error: another epoch began while the hosts file came in/);
  const busy = on(files, ON_THE_STANDBY, `lease_read() { LEASE[is]=other; }; flock() { return 1; }; ${take}`);
  assert.equal(busy.code, 20, busy.stderr);
  assert.match(busy.stderr, /an order runs on xcatmn2/);
  for (const { file } of [owner, next, busy]) assert.equal(file("hosts"), "10.5.106.5 xcatmn2\n");
});

test("what is sent is asked of the share, not of a cache", () => {
  const { code } = on(
    { hosts: HOSTS, "hosts.epoch": "000007\n" },
    ON_THE_OWNER,
    `lease_sentence() { :; }; lease_read() { LEASE[is]=\${1:-mine}; }; HOSTS_FILE=$CONFIGURATION/hosts PEER=xcatmn2; sync_hosts`,
  );
  assert.equal(code, 12);
});
