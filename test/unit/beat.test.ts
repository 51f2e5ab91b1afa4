// What the active node's own timer does, each situation in words: the same decision (plan) that the node calls.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bash } from "./bash";

const BASE = {
  role: "beat",
  node: "xcatmn1",
  lease: "mine",
  sentence: "epoch 4 is held by xcatmn1 since noon (mine)",
  on_share_loss: "demote",
  share_loss_limit: "60",
  share_lost: "0",
  frozen: "",
  running: "",
  vip: "absent",
  links: "all",
};
const RUNNING = { running: "postgresql xcatd named dhcpd conserver ", vip: "here" };
const OTHER = { lease: "other", sentence: "epoch 5 is held by xcatmn2 since one (other)" };

const steps = (reason: string) => [
  `end-run -: ${reason}`,
  "kill -: the database first: another node may be writing",
  "drop -: the VIP is the other node's",
  "gone -: nothing of ours runs any more",
  "disarm -: cron and timer",
];

const CASES: [what: string, facts: Partial<typeof BASE>, ...steps: string[]][] = [
  ["the owner lives", RUNNING, "beat -: the owner lease is ours"],
  ["the owner lives, and nothing of it runs: an admin stopped it", {}, "beat -: the owner lease is ours"],
  ["a newer epoch names the other node", { ...RUNNING, ...OTHER }, ...steps(OTHER.sentence)],
  [
    "a newer epoch, the services are down and the VIP is still here",
    { ...OTHER, vip: "here" },
    ...steps(OTHER.sentence),
  ],
  [
    "a newer epoch, nothing runs, and whether the VIP is here cannot be told",
    { ...OTHER, vip: "unknown" },
    ...steps(OTHER.sentence),
  ],
  ["a newer epoch, one service still runs", { ...OTHER, running: "dhcpd " }, ...steps(OTHER.sentence)],
  ["a newer epoch, and nothing here: stepped down already", OTHER],
  [
    "the other node took over and steps down again",
    { ...RUNNING, ...OTHER, lease: "other-releasing" },
    ...steps(OTHER.sentence),
  ],
  [
    "the other node took over and has released",
    { ...RUNNING, lease: "released", sentence: "epoch 5 was released by xcatmn2" },
    ...steps("epoch 5 was released by xcatmn2"),
  ],
  ["an activation has the lease, and nothing runs yet", { links: "none" }, "beat -: the owner lease is ours"],
  [
    "our own step down runs: its owner lives",
    { ...RUNNING, lease: "mine-releasing" },
    "beat -: the owner lease is ours, its release has begun",
  ],
  [
    "our own step down hangs, and the other node took over",
    { ...OTHER, running: "postgresql " },
    ...steps(OTHER.sentence),
  ],
  [
    "our own step down has let the lease go, and nothing of it runs",
    { lease: "released", sentence: "epoch 4 was released by xcatmn1" },
  ],
  ["the lease is of another boot of this node, and nothing runs", { lease: "mine-rebooted" }],
  [
    "the lease is of another boot of this node, and something runs: it was started under no lease of this boot",
    { ...RUNNING, lease: "mine-rebooted", sentence: "epoch 4 is held by xcatmn1 since noon (mine-rebooted)" },
    ...steps("epoch 4 is held by xcatmn1 since noon (mine-rebooted)"),
  ],
  [
    "the share names no owner any more: what has no epoch is not the share that it was",
    { ...RUNNING, lease: "none", share_lost: "20" },
    "note the shared data names no owner any more, for 20 s now: after 60 s xcatmn1 steps down",
  ],
  [
    "the share has named no owner for a minute",
    { ...RUNNING, lease: "none", share_lost: "60" },
    ...steps("the shared data named no owner for 60 s"),
  ],
  [
    "the share does not answer for the first time",
    { ...RUNNING, lease: "unknown" },
    "note the shared data cannot be read, for 0 s now: after 60 s xcatmn1 steps down",
  ],
  [
    "the share does not answer, just under the limit",
    { ...RUNNING, lease: "unknown", share_lost: "59" },
    "note the shared data cannot be read, for 59 s now: after 60 s xcatmn1 steps down",
  ],
  [
    "the share has not answered for a minute",
    { ...RUNNING, lease: "unknown", share_lost: "60" },
    ...steps("the shared data could not be read for 60 s"),
  ],
  [
    "the same where the site wants to keep the services",
    { ...RUNNING, lease: "unknown", share_lost: "600", on_share_loss: "keep" },
    "note the shared data cannot be read, for 600 s now: onShareLoss is keep: the services go on",
  ],
  [
    "a newer epoch counts also where the site wants to keep the services",
    { ...RUNNING, ...OTHER, on_share_loss: "keep" },
    ...steps(OTHER.sentence),
  ],
  [
    "the same while the pair is frozen",
    { ...RUNNING, lease: "unknown", share_lost: "600", frozen: "until noon by xcatmn1: a new switch" },
    "note the shared data cannot be read, for 600 s now: frozen until noon by xcatmn1: a new switch: the services go on",
  ],
  [
    "a newer epoch counts also while the pair is frozen",
    { ...RUNNING, ...OTHER, frozen: "until noon by xcatmn1: a new switch" },
    ...steps(OTHER.sentence),
  ],
  ["the share is gone, and nothing runs here", { lease: "unknown", share_lost: "600" }],
  [
    "the share is gone in a first setup: the VIP is still an ordinary address of the node, and nothing leads to the share yet",
    { lease: "unknown", share_lost: "600", vip: "here", links: "none" },
    "note the shared data cannot be read, for 600 s now: nothing of xcatmn1 is on it yet",
  ],
  [
    "the share is gone, no directory is linked any more, and something runs all the same",
    { ...RUNNING, lease: "unknown", share_lost: "60", links: "none" },
    ...steps("the shared data could not be read for 60 s"),
  ],
  [
    "the share is gone, and for how long cannot be told",
    { ...RUNNING, lease: "unknown", share_lost: "unknown" },
    ...steps("the shared data could not be read for a time that cannot be told"),
  ],
  [
    "the same where the site wants to keep the services",
    { ...RUNNING, lease: "unknown", share_lost: "unknown", on_share_loss: "keep" },
    "note the shared data cannot be read, for a time that cannot be told now: onShareLoss is keep: the services go on",
  ],
  [
    "the share is gone, and how many directories are linked is not known",
    { lease: "unknown", share_lost: "60", vip: "here", links: "unknown" },
    ...steps("the shared data could not be read for 60 s"),
  ],
];

for (const [what, facts, ...wanted] of CASES)
  test(`beat: ${what}`, () => {
    const entries = Object.entries({ ...BASE, ...facts }).map(([key, value]) => `[${key}]='${value}'`);
    const { code, stdout, stderr } = bash(["node/lib/plan.sh"], `declare -A FACT=(${entries.join(" ")}); plan`);
    assert.equal(code, 0, stderr);
    const lines = stdout.split("\n").filter(Boolean);
    assert.deepEqual(
      lines.map((line) => line.split("\t")).map(([verb, argument, reason]) => `${verb} ${argument}: ${reason}`),
      wanted,
    );
  });

for (const [ip, vip] of [
  ["echo '2: eth0    inet 10.5.106.7/8 brd 10.255.255.255 scope global eth0'", "here"],
  ["echo '2: eth0    inet 10.5.106.70/8 brd 10.255.255.255 scope global eth0'", "absent"],
  ["echo 'Cannot open netlink socket' >&2; return 1", "unknown"],
])
  test(`a beat of a former owner looks for the VIP: ${vip}`, () => {
    const { code, stdout, stderr } = bash(
      ["node/lib/report.sh", "node/parts/virtualIp.sh", "node/parts/beat.sh"],
      `RUN=/nowhere NODE=xcatmn1 VIP=10.5.106.7; declare -A LEASE=([is]=other [epoch]=000005)
       load_values() { declare -gA WANT=([onShareLoss]=demote [shareLossSeconds]=60); }; lease_read() { :; }; lease_sentence() { :; }; frozen_follow() { :; }; services_left() { :; }; directories_wanted() { :; }; links_state() { echo all; }
       ip() { ${ip}; }; beat_facts; echo "\${FACT[vip]}"`,
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${vip}\n`);
  });

/** A look at the share: when it began and ended, and what the lease said; "gone": it could not be read. */
type Look = [began: number, ended: number, lease: string];
const GONE = "gone";
/** What beats count that look so, by the node's own functions, one after the other. */
function counted(looks: Look[], found = "") {
  const run = mkdtempSync(join(tmpdir(), "xcat-ha-beat-"));
  if (found) writeFileSync(join(run, "share-lost"), found);
  const script = looks.map(
    ([began, ended, lease]) =>
      `looks=(${began} ${ended}); lease_read() { [[ ${lease} != gone ]] && LEASE=([is]=${lease} [epoch]=000004); }; beat_facts; echo "\${FACT[share_lost]} \${FACT[links]} \${FACT[running]}"`,
  );
  const { code, stdout, stderr } = bash(
    ["node/lib/report.sh", "node/lib/units.sh", "node/lib/observe.sh", "node/parts/beat.sh"],
    `declare -A WANT=() LEASE=(); RUN='${run}' NODE=xcatmn1
     load_values() { WANT=([onShareLoss]=demote [shareLossSeconds]=60); }; lease_sentence() { echo so; }
     may_look() { :; }; frozen_here() { :; }; frozen_follow() { :; }; directories_wanted() { :; }; links_state() { echo all; }; services_left() { printf 'xcatd '; }; virtualIp_entries() { echo here; }
     # The first time that is asked for is when the look begins.
     uptime_seconds() { if [[ -e $RUN/began ]]; then rm "$RUN/began"; echo "\${looks[1]}"; else touch "$RUN/began"; echo "\${looks[0]}"; fi; }
     ${script.map((line) => `${line}; rm -f "$RUN/began"`).join("\n")}`,
  );
  rmSync(run, { recursive: true });
  assert.equal(code, 0, stderr);
  return stdout.split("\n").slice(0, -1);
}
const LOST: [what: string, looks: Look[], counts: number[], found?: string][] = [
  [
    "from the first look that failed",
    [
      [100, 100, GONE],
      [110, 110, GONE],
      [120, 120, GONE],
    ],
    [0, 10, 20],
  ],
  [
    "also where each look hangs up to its deadlines",
    [
      [100, 136, GONE],
      [136, 172, GONE],
      [182, 218, GONE],
    ],
    [0, 36, 82],
  ],
  [
    "also where one look hung for long",
    [
      [100, 100, GONE],
      [110, 900, GONE],
    ],
    [0, 800],
  ],
  [
    "also behind a demotion that waited",
    [
      [100, 160, GONE],
      [200, 212, GONE],
    ],
    [0, 52],
  ],
  [
    "a share that named no owner too",
    [
      [100, 100, "none"],
      [110, 110, GONE],
    ],
    [0, 10],
  ],
  [
    "not over a look that found the lease",
    [
      [100, 100, GONE],
      [110, 110, "mine"],
      [170, 170, GONE],
    ],
    [0, 0, 0],
  ],
  [
    "nor over one while the release goes on",
    [
      [100, 100, GONE],
      [110, 110, "mine-releasing"],
      [170, 170, GONE],
    ],
    [0, 0, 0],
  ],
  [
    "not over a time in which nobody looked: the machine slept, or the timer stood",
    [
      [100, 100, GONE],
      [700, 712, GONE],
      [720, 720, GONE],
    ],
    [0, 0, 8],
  ],
  ["not what was left long ago", [[5000, 5000, GONE]], [0], "100 160\n"],
  ["not what cannot be understood", [[5000, 5000, GONE]], [0], "100\n"],
  [
    "also behind a note that was cut",
    [
      [170, 170, GONE],
      [180, 180, GONE],
    ],
    [70, 80],
    "100 160",
  ],
];
for (const [what, looks, counts, found] of LOST)
  test(`the loss of the share is counted ${what}`, () =>
    assert.deepEqual(
      counted(looks, found).map((line) => Number(line.split(" ")[0])),
      counts,
    ));

test("an owner's beat asks for nothing but the lease; every other one for what runs and what is linked", () => {
  const seen = (lease: string) => counted([[1, 1, lease]])[0].slice(2);
  for (const lease of ["mine", "mine-releasing"]) assert.equal(seen(lease), "unknown ");
  for (const lease of ["mine-rebooted", "released", "other", "none", GONE]) assert.equal(seen(lease), "all xcatd ");
});

/** What systemd says of the beat's timer, and that there is no watch. */
const timers = (beat: string) => `printf 'ActiveState=%s\\nUnitFileState=\\n\\n' ${beat} inactive inactive`;

function onNode(systemd: string, script: string, want = "running") {
  const run = mkdtempSync(join(tmpdir(), "xcat-ha-beat-"));
  writeFileSync(join(run, "share-lost"), "1 1\n");
  const done = bash(
    ["node/lib/report.sh", "node/lib/units.sh", "node/lib/observe.sh", "node/lib/watch.sh", "node/parts/beat.sh"],
    `declare -A WANT=([timer]=${want} [watch]=absent) SEEN=(); UNIT_FOLDER=$(mktemp -d '${run}/units.XXXX'); RUN='${run}' PROGRAM=xcat-ha NODE=xcatmn1; lease_require() { echo "lease required"; }
     systemd-run() { echo started; }
     systemctl() { [[ $1 != stop ]] || echo stopped; ${systemd}; }
     ${script}; [[ ! -e $RUN/share-lost ]] || echo "a former loss is kept"`,
  );
  rmSync(run, { recursive: true });
  return done;
}
test("a beat that starts needs the lease, and counts a loss of the share from its own first look", () => {
  const { code, stdout, stderr } = onNode(`[[ $1 != show ]] || ${timers("inactive")}`, "beat_apply");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "stopped\nlease required\nstarted\n");
});

const STATES: [what: string, systemd: string, seen: string | undefined][] = [
  ["it runs", timers("active"), "running"],
  ["it does not", timers("inactive"), "absent"],
  ["systemd says nothing of the other timer", "printf 'ActiveState=active\\nUnitFileState=\\n'", undefined],
  ["systemd does not answer", "echo 'Failed to connect to bus' >&2; return 1", undefined],
  ["systemd says nothing", ":", undefined],
];
for (const [what, systemd, seen] of STATES)
  test(`is the beat there? ${what}: ${seen ?? "cannot tell"}`, () => {
    const { code, stdout, stderr } = onNode(systemd, `beat_observe; echo "\${SEEN[timer]}"`);
    assert.equal(code, seen ? 0 : 40, stderr);
    if (seen) assert.match(stdout, new RegExp(`^${seen}$`, "m"));
    else assert.match(stderr, /whether the beat runs on xcatmn1, and the watch of it, cannot be told/);
  });

for (const [lease, code] of [
  ["mine", 10],
  ["mine-releasing", 10],
  ["released", 0],
  ["other", 0],
] as const)
  test(`a beat is asked to end, and the lease is ${lease}: ${code ? "it goes on" : "it ends"}`, () => {
    const { stdout, ...done } = onNode(
      `if [[ $1 == show ]]; then if [[ -e $RUN/ended ]]; then ${timers("inactive")}; else ${timers("active")}; fi; fi; [[ $1 != stop ]] || touch "$RUN/ended"`,
      `lease_read() { declare -gA LEASE=([is]=${lease}); }; lease_sentence() { echo so; }; rm "$RUN/share-lost"; beat_apply`,
      "absent",
    );
    assert.equal(done.code, code, done.stderr);
    assert.equal(stdout, code ? "" : "stopped\n");
    if (code) assert.match(done.stderr, /xcatmn1 holds the owner lease; expected it released before the beat ends/);
  });

test("a beat that does not stop is an error: it would stop what runs without the lease", () => {
  const { code, stderr } = onNode(`[[ $1 != show ]] || ${timers("active")}`, "beat_stop", "absent");
  assert.equal(code, 13, stderr);
  assert.match(stderr, /the beat still runs on xcatmn1/);
});

test("a node that is let go takes away what it has written of itself, behind the watch, which would write it again", () => {
  const { code, stdout, stderr } = onNode(
    `[[ $1 != show ]] || ${timers("inactive")}`,
    `watch_stop() { echo "the watch ends"; }; facts_forget() { echo "its facts go"; }; beat_remove; rm "$RUN/share-lost"`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /the watch ends\nits facts go\n$/);
});

test("while the owner steps down by itself no new order starts: it would start what is killed", () => {
  const { code, stdout, stderr } = onNode(
    "true",
    `RECORDS=$RUN RUN_UNIT=xcat-ha-run; flock() { command flock "$@"; }
     beat_step end-run - "epoch 5 is held by xcatmn2"; command flock -n "$RUN/start.lock" echo "an order starts" || echo "no order starts"; rm "$RUN/share-lost"`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /\nno order starts\n$/);
});

test("a step down goes on where its note cannot be written, nor the lock be taken", () => {
  const { code, stdout, stderr } = onNode(
    "true",
    `RECORDS=/dev/null/records RUN_UNIT=xcat-ha-run; rm "$RUN/share-lost"; mkdir "$RUN/start.lock"; kill_units() { echo "killed $*"; }
     beat_step end-run - "epoch 5 is held by xcatmn2"`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /warning: .*demoted could not be written: .*\nkilled xcat-ha-run\n$/);
});

test("how long the share is lost cannot be noted: that is not known, and no short time", () => {
  const { code, stdout, stderr } = onNode(
    "true",
    `rm "$RUN/share-lost"; mkdir "$RUN/share-lost"; load_values() { WANT=([onShareLoss]=demote [shareLossSeconds]=60); }; uptime_seconds() { echo 100; }
     may_look() { :; }; lease_read() { return 40; }; frozen_here() { :; }; directories_wanted() { :; }; links_state() { echo all; }; services_left() { :; }; virtualIp_entries() { :; }
     VIP=10.5.106.7; beat_facts; echo "\${FACT[share_lost]}"; rmdir "$RUN/share-lost"`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "unknown\n");
});

test("a step down that is blocked is told once, then its end: also where it ended between two beats", () => {
  const { code, stdout, stderr } = onNode(
    "true",
    `notify() { echo "told $1"; }; demotion() { :; }; beat_facts() { :; }; rm "$RUN/share-lost"
     for _ in 1 2; do (services_left() { return 40; }; services_gone) || echo "$?"; done
     (SECONDS=0; services_left() { SECONDS=100; echo x; }; left_words() { :; }; services_gone) 2>/dev/null || echo "$?"
     plan() { :; }; verb_beat; verb_beat`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "told step-down-blocked\n40\n40\n13\ntold demoted\n");
});

test("what is blocked and could not be told is told by the next beat", () => {
  const { stdout, stderr } = onNode(
    "true",
    `notify() { echo "told $1"; [[ -e $RUN/mail ]]; }; rm "$RUN/share-lost"
     beat_tell_blocked so; touch "$RUN/mail"; beat_tell_blocked so; beat_tell_blocked so`,
  );
  assert.equal(stdout, "told step-down-blocked\ntold step-down-blocked\n", stderr);
});

/**
 * The looks that a beat makes, in a node's own world: each is asked by the node's own functions, and LOOK is the one that cannot tell. A beat comes
 * to an end, and says which looks it asked for.
 */
const WORLD = `
  NODE=xcatmn1 VIP=10.5.106.7 SHARE=$T/share RECORDS=$T/records RUN=$T/run CONTROL_GROUPS=$T/cgroup DIRECTORIES="$T/etc/xcat $T/share/xcat"
  UNITS=(postgresql xcatd)
  declare -A WANT=() LEASE=() SEEN=()
  load_values() { WANT=([onShareLoss]=demote [shareLossSeconds]=60); }
  look() {
    local name=$1
    shift
    echo "$name" >>"$T/asked"
    if [[ $name == "$LOOK" ]]; then
      case $MODE in
        fails) echo "$name: Input/output error" >&2; return 1 ;;
        deadline) return 124 ;;
        nothing) return 0 ;;
      esac
    fi
    "$@"
  }
  uptime_seconds() { look uptime echo "$NOW"; }
  machine_id() { look machine echo m1; }
  boot_id() { look boot echo b1; }
  share_do() {
    case "$*" in
      'bash -c '*) look lease "$@" ;;
      'stat -c %d'*) look 'the device of the share' echo 7 ;;
      'findmnt -no'*) look 'how the share is mounted' echo rw ;;
      *'/.xcat-ha/id') look 'the id of the share' "$@" ;;
      *'/.xcat-ha/frozen') look 'the freeze on the share' "$@" ;;
      'readlink -m'*) look 'the share itself' "$@" ;;
      *) look "$*" "$@" ;;
    esac
  }
  within() { shift; look 'command lines' "$@"; }
  stat() { if [[ $* == '-c %d /' ]]; then look 'the root file system' echo 1; else command stat "$@"; fi; }
  wc() { look 'how many looks hang' command wc "$@"; }
  awk() { look mounts command awk "$@"; }
  readlink() { look 'where a link leads' command readlink "$@"; }
  ip() { look addresses echo "2: eth0    inet \${ADDRESS}/8 brd 10.255.255.255 scope global eth0"; }
  find() {
    if [[ $* == *ns/pid* ]]; then look programs printf '%s\n' "/proc/$$/ns pid:[1]" "/proc/$$ /usr/bin/bash"; else look 'open files' echo "/proc/$$/cwd /"; fi
  }
  cat() {
    case $2 in
      *cgroup.procs) look 'processes of a control group' command cat "$@" ;;
      *records/frozen) look 'the noted freeze' command cat "$@" ;;
      *records/share-id) look 'the noted id' command cat "$@" ;;
      *) command cat "$@" ;;
    esac
  }
  systemctl() {
    local unit name='states of units' state=inactive
    [[ $* != *ControlGroup* ]] || name='control groups'
    [[ -z $RUNS ]] || state=active
    for unit; do
      [[ $unit != *.service ]] || printf 'Id=%s\nLoadState=loaded\nActiveState=%s\nControlGroup=/%s\n\n' "$unit" "$state" "$unit"
    done >"$T/systemd"
    look "$name" command cat "$T/systemd"
  }
  beats() {
    local outcomes='' steps outcome
    rm -f "$T/run/share-lost" "$T/asked"
    for NOW in 100 160; do
      # As a beat runs: it may end here, and nobody but the next one comes.
      set +e
      steps=$(set -Eeuo pipefail; beat_facts; plan) 2>"$T/errors"
      [[ $? == 0 ]] || steps=ended
      set -e
      case $steps in
        *'steps down') outcome=counts ;;
        end-run*) outcome=down ;;
        beat*) outcome=lives ;;
        note*'frozen until'*) outcome=frozen ;;
        '') outcome=nothing ;;
        *) outcome=$(command cat "$T/errors") outcome=\${outcome:-$steps} ;;
      esac
      outcomes+=\${outcomes:+, }$outcome
      [[ $outcome == counts ]] || break
    done
    printf '%s\t%s\t%s\t%s\n' "$LOOK" "$MODE" "$outcomes" "$(sort -u "$T/asked" | paste -sd,)"
  }`;
const owner = (node: string, machine: string, boot = "b1") =>
  `node ${node}\nmachine ${machine}\nboot ${boot}\ntime noon\norigin program\nformat 1\n`;
const FREEZE = "9999999999 xcatmn1 work\n";
const MINE_FILE = { "000004.owner": owner("xcatmn1", "m1") };
const OTHERS_FILE = { ...MINE_FILE, "000005.owner": owner("xcatmn2", "m2") };
/** What lies among the epochs; "": a directory, which nobody reads. What two beats come to, a minute apart, where each look is answered. */
type Situation = [
  what: string,
  epochs: Record<string, string> | undefined,
  expected: string,
  runs?: boolean,
  frozen?: string,
];
const COUNTS_DOWN = "counts, down";
const LOOKED: Situation[] = [
  ["mine", MINE_FILE, "lives"],
  ["mine, while a freeze is noted", MINE_FILE, "lives", true, FREEZE],
  ["mine-releasing", { ...MINE_FILE, "000004.releasing": "by\n" }, "lives"],
  ["mine-rebooted", { "000004.owner": owner("xcatmn1", "m1", "b0") }, "down"],
  ["released", { ...MINE_FILE, "000004.released": "by\n" }, "down"],
  ["other", OTHERS_FILE, "down"],
  ["other, while a freeze is noted", OTHERS_FILE, "down", true, FREEZE],
  ["other, and nothing runs", OTHERS_FILE, "nothing", false],
  ["a machine of this name that is another one", { "000004.owner": owner("xcatmn1", "m3") }, COUNTS_DOWN],
  ["an owner file that cannot be read", { "000004.owner": "" }, COUNTS_DOWN],
  ["an owner file with nothing in it", { "000004.owner": "\n" }, COUNTS_DOWN],
  ["none", {}, COUNTS_DOWN],
  ["the share is gone", undefined, COUNTS_DOWN],
  ["the share is gone, and nothing runs", undefined, "counts, nothing", false],
  ["the share is gone, while a freeze is noted", undefined, "frozen", true, FREEZE],
];
/**
 * Looks that decide nothing where the lease was read: a hint, the time, the freeze, the links; and without the real name of the share each server
 * counts. By the time alone nobody knows that the share was lost for short.
 */
const NO_JUDGE = [
  "how many looks hang",
  "uptime",
  "the freeze on the share",
  "the noted freeze",
  "where a link leads",
  "the share itself",
];
/** Where nothing is what they say of nobody. */
const EMPTY = ["mounts", "processes of a control group"];

for (const [index, [what, epochs, expected, runs = true, frozen]] of LOOKED.entries())
  test(`beat, with each of its looks unable to tell, where the lease is: ${what}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "xcat-ha-beat-"));
    for (const name of ["run", "records", "etc", "cgroup/xcatd.service"])
      mkdirSync(join(folder, name), { recursive: true });
    if (epochs) mkdirSync(join(folder, "share/.xcat-ha/epoch"), { recursive: true });
    for (const [name, text] of Object.entries(epochs ?? {}))
      if (text) writeFileSync(join(folder, "share/.xcat-ha/epoch", name), text);
      else mkdirSync(join(folder, "share/.xcat-ha/epoch", name));
    if (epochs) writeFileSync(join(folder, "share/.xcat-ha/id"), "one\n");
    writeFileSync(join(folder, "records/share-id"), "one\n");
    if (frozen) writeFileSync(join(folder, "records/frozen"), frozen);
    if (frozen && epochs) writeFileSync(join(folder, "share/.xcat-ha/frozen"), frozen);
    writeFileSync(join(folder, "cgroup/xcatd.service/cgroup.procs"), runs ? `${process.pid}\n` : "");
    symlinkSync(join(folder, "share/xcat"), join(folder, "etc/xcat"));
    const { code, stdout, stderr } = bash(
      [
        ...["report", "files", "observe", "platform", "units", "processes", "lease", "freeze", "plan", "become"].map(
          (name) => `node/lib/${name}.sh`,
        ),
        ...["sharedDataLinks", "serviceSet", "virtualIp", "beat"].map((name) => `node/parts/${name}.sh`),
      ],
      `T='${folder}' RUNS=${runs ? "yes" : ""} ADDRESS=${runs ? "10.5.106.7" : "10.5.106.70"} LOOK='' MODE=''
       ${WORLD}
       said=$(beats)
       printf '%s\n' "$said"
       IFS=, read -ra looks <<<"\${said##*$'\t'}"
       # In turn, each situation from another one on.
       modes=(fails deadline nothing) turn=${index}
       for LOOK in "\${looks[@]}"; do
         MODE=\${modes[turn++ % 3]}
         # What has no deadline of its own, and what proves that it says something.
         if [[ $MODE/$LOOK == nothing/uptime || ( $MODE == deadline && $LOOK != *share* && $LOOK != @(lease|command lines) ) ]]; then MODE=fails; fi
         beats
       done`,
    );
    rmSync(folder, { recursive: true });
    assert.equal(code, 0, stderr);
    const [[, , base], ...rows] = stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => line.split("\t"));
    assert.equal(base, expected);
    assert.ok(rows.length > 5, stdout);
    const judges = (look: string, mode: string) =>
      !(mode === "nothing" && EMPTY.includes(look)) &&
      !NO_JUDGE.includes(look) &&
      !(expected === "lives" && look === "control groups");
    const safe = (look: string, mode: string, outcomes: string) =>
      outcomes === COUNTS_DOWN ||
      // Nobody steps down at the first look that fails, but where the lease was read and is not ours.
      (outcomes === "down" && (["down", "nothing"].includes(expected) || look === "uptime")) ||
      // Nothing runs here, which was told.
      ((outcomes === "counts, nothing" || (outcomes === "nothing" && look === "uptime")) && !runs) ||
      (outcomes === "frozen" && frozen !== undefined) ||
      (outcomes === expected && (!["lives", "nothing"].includes(expected) || !judges(look, mode)));
    const wrong = rows.filter(([look, mode, outcomes]) => !safe(look, mode, outcomes));
    assert.deepEqual(
      wrong.map(([look, mode, outcomes]) => `${look} ${mode}: ${outcomes}`),
      [],
    );
  });
