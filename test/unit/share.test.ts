// Looks at the share come back at their deadline, whatever becomes of the child that looks.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bash, LEASE_LIBRARIES } from "../helpers/bash";
import { CANNOT_HOLD, onHeldShare } from "../helpers/heldShare";

const NODE = "NODE=xcatmn1 RECORDS=/nowhere; machine_id() { echo 1; }";

/** Seconds: on a busy machine everything takes long, and what hangs takes for ever. */
const HANGS = 100;

/** Runs it, and how many seconds that took. */
function timed<T>(run: () => T): T & { seconds: number } {
  const began = Date.now();
  return { ...run(), seconds: (Date.now() - began) / 1000 };
}

const SAYS: [what: string, command: string, code: number, stdout: string, stderr: string][] = [
  ["succeeds: standard output", "bash -c 'echo seen; echo noted >&2'", 0, "seen\nnoted\n", ""],
  ["fails: standard error", "bash -c 'echo seen; echo why >&2; exit 3'", 3, "", "seen\nwhy\n"],
  ["says nothing", "true", 0, "", ""],
  ["leaves newlines at the end", "printf 'a\\n\\n'", 0, "a\n\n", ""],
  ["prints zeros, as a file that lost its blocks", "printf 'a\\0b\\0\\0'", 0, "ab", ""],
  ["is killed", "bash -c 'kill -KILL $$'", 137, "", ""],
  [
    "does not exist",
    "no-such-command",
    127,
    "",
    "timeout: failed to run command 'no-such-command': No such file or directory\n",
  ],
  ["reads what it is given: nothing", "cat", 0, "", ""],
];
for (const [what, command, ...wanted] of SAYS)
  test(`a look that ${what}`, () => {
    const { code, stdout, stderr } = bash(LEASE_LIBRARIES, `export LC_ALL=C; share_do ${command} <<<"the caller's"`);
    assert.deepEqual([code, stdout, stderr], wanted);
  });

test("what is published is read from the caller", () => {
  const { code, stdout, stderr } = bash(
    LEASE_LIBRARIES,
    `SHARE=$(mktemp -d); trap 'rm -r "$SHARE"' EXIT; echo mine | share_publish .xcat-ha id; cat "$SHARE/.xcat-ha/id"
     if echo other | share_publish .xcat-ha id; then exit 1; fi; cat "$SHARE/.xcat-ha/id"; ls -A "$SHARE/.xcat-ha"`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "mine\nmine\nid\n");
});

/** What is captured of it, while a process that it left keeps all open that it was given. */
const left = (script: string) => timed(() => bash(LEASE_LIBRARIES, `SHARE_DEADLINE=1; ${script}`));

test("a look that is over does not wait for a process that it has left, and is captured", () => {
  const { stdout, seconds } = left(`said=$(share_do bash -c 'sleep 120 & echo seen' 2>&1); echo "$? $said"`);
  assert.equal(stdout, "0 seen\n");
  assert.ok(seconds < HANGS, `${seconds} s`);
});

test("a look whose child ignores the deadline and ends its own group: cut off, with the code of a deadline", () => {
  const { stdout, seconds } = left(
    `said=$(share_do bash -c 'setsid sleep 120 & echo seen; sleep 120' 2>&1) || echo "$? $said"`,
  );
  assert.equal(stdout, "124 seen\n");
  assert.ok(seconds < HANGS, `${seconds} s`);
});

// What findmnt shows of the share, whose mount point is /HA; what is said of it.
const MOUNTS: [what: string, found: string, state: string][] = [
  ["GPFS", "gpfs rw,relatime gpfs0 /HA", "ok"],
  ["a folder of GPFS", "gpfs rw,relatime gpfs0 /gpfs", "ok"],
  ["NFS", "nfs4 rw,relatime,vers=4.2,hard,proto=tcp,local_lock=none,addr=10.0.0.2 nas:/ha /HA", "ok"],
  ["the lab's bindfs", "fuse rw,nosuid,nodev,relatime,user_id=0,group_id=0 /run/lab-share /HA", "ok"],
  ["a mount point with a blank elsewhere", "gpfs rw,relatime gpfs0 /g\\x20x", "ok"],
  [
    "a folder of a local disk with a blank in its path",
    "ext4 rw,relatime /dev/sda1 /my\\x20data",
    "is not mounted: it is a directory of the file system at /my data (ext4)",
  ],
  ...[
    ["ext4", "/dev/sda1[/srv/ha]"],
    ["btrfs", "/dev/vda2[/@/HA]"],
    ["zfs", "pool/ha"],
    ["tmpfs", "tmpfs"],
    ["vfat", "/dev/sdb1"],
    ["exfat", "/dev/sdb1"],
    ["fuseblk", "/dev/sdb1"],
    ["overlay", "overlay"],
  ].map(([kind, source]): [string, string, string] => [
    `${kind} at ${source}`,
    `${kind} rw,relatime ${source} /HA`,
    `is ${kind} on ${source}, which one node alone may have mounted`,
  ]),
  [
    "Lustre with locks of its own",
    "lustre rw,localflock 10.0.0.2@tcp:/ha /HA",
    "is mounted with localflock: a lock of one node is none on the other",
  ],
  [
    "OCFS2 with locks of its own",
    "ocfs2 rw,localflocks /dev/mapper/mpatha /HA",
    "is mounted with localflocks: a lock of one node is none on the other",
  ],
  ["OCFS2 on a disk that both see", "ocfs2 rw,relatime,_netdev /dev/mapper/mpatha /HA", "ok"],
  [
    "its mount point lies on another local file system",
    "xfs rw,relatime /dev/sdb1 /data",
    "is not mounted: it is a directory of the file system at /data (xfs)",
  ],
  [
    "a disk that both see",
    "ext4 rw,relatime /dev/mapper/mpatha /HA",
    "is ext4 on /dev/mapper/mpatha, which one node alone may have mounted",
  ],
  [
    "NFS, soft",
    "nfs rw,vers=3,soft,proto=tcp,local_lock=none nas:/ha /HA",
    "is mounted with soft: what a slow server does not take in time is lost",
  ],
  [
    "NFS, softerr",
    "nfs4 rw,softerr,local_lock=none nas:/ha /HA",
    "is mounted with softerr: what a slow server does not take in time is lost",
  ],
  [
    "NFS without locks",
    "nfs rw,vers=3,hard,nolock,local_lock=all nas:/ha /HA",
    "is mounted with nolock local_lock=all: a lock of one node is none on the other",
  ],
  [
    "NFS with its own bounds of the attribute cache",
    "nfs4 rw,hard,acregmin=1,acregmax=3,acdirmax=60,local_lock=none nas:/ha /HA",
    "ok",
  ],
  [
    "NFS with an attribute cache of ten minutes (actimeo=600)",
    "nfs4 rw,hard,acregmin=600,acregmax=600,acdirmin=600,acdirmax=600,local_lock=none nas:/ha /HA",
    "is mounted with acregmax=600 acdirmax=600: what one node writes the other one sees too late",
  ],
  [
    "NFS that does not ask when a file is opened",
    "nfs rw,vers=3,hard,nocto,local_lock=none nas:/ha /HA",
    "is mounted with nocto: what one node writes the other one sees too late",
  ],
];
for (const [what, found, state] of MOUNTS)
  test(`what is mounted: ${what}`, () => {
    const { stdout, stderr } = bash(
      LEASE_LIBRARIES,
      `${NODE}; SHARE=/HA; share_do() { case $1 in findmnt) echo '${found}' ;; readlink) echo /HA ;; esac; }; mount_state`,
    );
    assert.equal(stdout, `${state}\n`, stderr);
  });

test("how the share is mounted cannot be told: an error", () => {
  const { code, stderr } = bash(LEASE_LIBRARIES, `${NODE}; SHARE=/HA; share_do() { return 124; }; mount_state`);
  assert.equal(code, 40);
  assert.match(stderr, /^error: how \/HA is mounted on xcatmn1 cannot be told/);
});

describe("a share in state D", { skip: CANNOT_HOLD }, () => {
  const held = (script: string, files = LEASE_LIBRARIES) => timed(() => onHeldShare(files, `${NODE}\n${script}`));

  test("the child is in state D, after SIGKILL too, and the look comes back at its deadline, captured", () => {
    const { stdout, stderr, seconds } = held(
      `said=$(share_do stat -- "$SHARE/x" 2>&1) || echo "$? '$said'"
       for at in /proc/[0-9]*; do
         if [[ $(readlink "$at/ns/mnt") == "$(readlink /proc/self/ns/mnt)" && $(<"$at/stat") == *') D '* ]]; then sed -n 's/^Name:[[:space:]]*//p; s/^SigPnd:[[:space:]]*0*/pending /p' "$at/status"; fi
       done`,
    );
    assert.match(stdout, /^(124|137) ''\nstat\npending 100\n$/, stderr);
    assert.ok(seconds < HANGS, `${seconds} s`);
  });

  test("what it leaves behind holds no lock of ours", () => {
    const { stdout, stderr, seconds } = held(
      `lock=$(mktemp); (exec 8>"$lock.start" 9>"$lock"; flock 8; flock 9; share_do stat -- "$SHARE/x" || (($? < 124)) || echo "deadline")
       flock -n "$lock" true && flock -n "$lock.start" true && echo free; rm "$lock" "$lock.start"`,
    );
    assert.equal(stdout, "deadline\nfree\n", stderr);
    assert.ok(seconds < HANGS, `${seconds} s`);
  });

  test("the share hangs, and so says the state of it and who asks for the lease", () => {
    const { code, stdout, stderr, seconds } = held(`share_state; lease_read fresh`);
    assert.equal(stdout, "hangs: no answer within 1 s\n");
    assert.equal(code, 40);
    assert.match(
      stderr,
      /error: \S+ on xcatmn1 hangs: no answer within 1 s; expected the shared data, mounted and writable\n/,
    );
    assert.ok(seconds < HANGS, `${seconds} s`);
  });

  // What reads below the share, or through a link to it: what it says, and with which code.
  const PARTS = ["handBuilt", "clusterData"];
  const READERS = ["files", "platform", "units", "observe", "databaseSettings", "traps"];
  const WITH: Record<string, string[]> = {
    pgHbaEntry: ["databaseLogin"],
    networksMgtIf: ["xcat"],
    hostsSyncCron: ["hostsSync"],
    sharedDataLinks: ["directories", "copy", "dissolved", "letGo"],
  };
  const OF = (...parts: string[]) => [
    ...LEASE_LIBRARIES,
    ...READERS,
    ...PARTS,
    ...parts,
    ...parts.flatMap((part) => WITH[part] ?? []),
  ];
  const PGSQL = `declare -A SEEN=() FACT=([copy]=); VIP=10.5.106.7 PEER_ADDRESS=10.5.106.5; path_of() { echo "\${1/#\\/var\\/lib/$SHARE}"; }
    WANT=([file]=/var/lib/pgsql/data/x.conf [10.5.106.7/32]=wanted [10.5.106.7]=listed); lease_require() { :; }`;
  const BARE: [what: string, script: string, code: number, said: RegExp][] = [
    ["pg_hba.conf is observed", `${PGSQL}; pgHbaEntry_observe`, 40, /cannot be read .* who may log in/],
    [
      "PostgreSQL is asked whether it takes xCAT's login",
      `CFGLOC=(); cfgloc_read`,
      40,
      /cannot be read .* where xCAT's database is/,
    ],
    ["pg_hba.conf is applied", `${PGSQL}; pgHbaEntry_apply`, 40, /cannot be read .* who may log in/],
    [
      "pg_hba.conf is edited",
      `${PGSQL}; CFGLOC=(); cfgloc_read() { :; }; database_settings() { path_of /var/lib/pgsql/data/x.conf; echo off; }; share_read() { echo "local all all peer"; }; pgHbaEntry_apply`,
      20,
      /x\.conf could not be written on xcatmn1 within 1 s/,
    ],
    [
      "listen_addresses are observed",
      `${PGSQL}; listenAddresses_observe`,
      40,
      /postgresql\.conf cannot be read on xcatmn1; expected to know on which addresses/,
    ],
    ["listen_addresses are applied", `${PGSQL}; listenAddresses_apply`, 40, /auto\.conf cannot be read/],
    [
      "a pair built by hand is looked at",
      `${PGSQL}; all_addresses() { :; }; manual_mistakes`,
      40,
      /postgresql\.conf cannot be read/,
    ],
    [
      "a directory may be a mount point",
      `ln -s "$SHARE" "$F/link"; is_mount_point "$F/link/x"`,
      40,
      /whether \S+ is a mount point cannot be told/,
    ],
    [
      "an xCAT command reads its configuration",
      `xcat 1 cat "$SHARE/xcat/cfgloc" || (($? < 124)) || exit 124`,
      124,
      /^124 \n?$/,
    ],
    [
      "cron sends /etc/hosts with the key on the share",
      `CONFIGURATION=$F HOSTS_FILE=$F/hosts; echo "10.5.106.7 xcatmn" >"$HOSTS_FILE"; PEER=xcatmn2 PEER_ADDRESS=10.5.106.5 PEER_PORT=22 PROGRAM=xcat-ha
       printf '#!/bin/bash\\ncat "$4"\\n' >"$F/ssh"; chmod +x "$F/ssh"; PATH=$F:$PATH; hosts_are_ours() { :; }; lease_read() { LEASE[is]=mine; }; sync_hosts`,
      20,
      /could not be sent to xcatmn2 \(10\.5\.106\.5\)\nevidence: no answer within 1 s/,
    ],
    [
      "two exports are compared",
      `export_differences "$SHARE/a" "$SHARE/b" || (($? < 124)) || exit 124`,
      124,
      /^124 \n?$/,
    ],
  ];
  test("whatever reads below the share, or through a link to it, ends at its deadline", async (t) => {
    // All at once: each waits for its own.
    const rows = BARE.map(
      ([, script], index) =>
        `(F=$F/${index}; mkdir "$F"; result=0; (set -e; ${script}) >"$F/said" 2>&1 || result=$?; echo "$result $(tr '\\n' '\\t' <"$F/said")" >"$F.done") &\npids+=("$!")`,
    );
    const { stdout, stderr, seconds } = held(
      `declare -A LEASE=([epoch]=000007) WANT=(); F=$(mktemp -d); pids=()\n${rows.join("\n")}\nwait "\${pids[@]}"\nfor row in ${rows.map((_, index) => index).join(" ")}; do cat "$F/$row.done"; done`,
      OF("pgHbaEntry", "listenAddresses", "sharedDataLinks", "networksMgtIf", "hostsSyncCron"),
    );
    const lines = stdout.split("\n");
    for (const [index, [what, , code, said]] of BARE.entries())
      await t.test(what, () => {
        assert.ok(lines[index]?.startsWith(`${code} `), `${lines[index]}\n${stderr}`);
        assert.match(lines[index].replaceAll("\t", "\n"), said);
      });
    assert.ok(seconds < HANGS, `${seconds} s`);
  });

  test("an owner steps down by itself: its beat ends, and nothing of that needs the share", () => {
    const { code, stdout, stderr, seconds } = held(
      `RUN=$(mktemp -d) RECORDS=$RUN CRON_FILE=$RUN/cron VIP=10.5.106.7 UNITS=(postgresql xcatd) LEASE=(); readonly RUN_UNIT=xcat-ha-run
       declare -A FACT=(); touch "$RUN/cron"
       load_values() { declare -gA WANT=([onShareLoss]=demote [shareLossSeconds]=0); }; directories_wanted() { :; }; links_state() { echo all; }
       virtualIp_entries() { echo here; }; virtualIp_drop() { echo "VIP dropped"; }; virtualIp_keep_static() { :; }; demotion() { :; }; notify() { echo "told: $1"; }
       unit_processes() { :; }; units_of() { echo "$1"; }; services_left() { [[ -e $RUN/killed ]] || echo 'postgresql xcatd '; }
       systemctl() { echo "$*"; [[ "$*" != *kill*postgresql* ]] || touch "$RUN/killed"; }
       verb_beat; [[ ! -e $RUN/cron ]]`,
      [...LEASE_LIBRARIES, "freeze", "plan", "beat"],
    );
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^xcatmn1: stepping down by itself: the shared data could not be read for \d+ s\n[\s\S]*VIP dropped\n[\s\S]*xcatmn1: stepped down: nothing of the owner's runs here any more\ntold: demoted\n$/,
    );
    assert.ok(seconds < HANGS, `${seconds} s`);
  });
});

test("a beat whose former looks hang adds another only one time in ten", () => {
  const { code, stdout, stderr } = bash(
    ["report", "beat"],
    `look() { processes=$1 uptime=$2; if may_look xcat-ha-beat 10; then echo looks; else echo not; fi; }
     unit_processes() { seq "$processes"; }; uptime_seconds() { echo "$uptime"; }
     look 4 1234; look 49 1234; look 50 1234; look 500 1234; look 500 1200; look 500 1209; look 500 1210
     unit_processes() { return 13; }; may_look xcat-ha-beat 10 && echo looks`,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.split("\n"), ["looks", "looks", "not", "not", "looks", "looks", "not", "looks", ""]);
});

test("what a beat leaves behind in the kernel does not keep systemd from the next one", () => {
  const { code, stdout, stderr } = bash(
    ["report", "beat"],
    `declare -A WANT=([timer]=running [watch]=absent) SEEN=(); RUN=/nowhere PROGRAM=xcat-ha NODE=xcatmn1; lease_require() { :; }
     systemctl() { echo inactive; return 3; }; beat_observe() { SEEN=([timer]=absent [watch]=absent); }; systemd-run() { echo "$*"; }; beat_apply`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, / --property=KillMode=process xcat-ha beat\n$/);
});
