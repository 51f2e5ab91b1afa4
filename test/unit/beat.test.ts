// What the active node's own timer does, each situation in words: the same decision (plan) that the node calls.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bash } from "../helpers/bash";

const BASE = {
  role: "beat",
  node: "xcatmn1",
  lease: "mine",
  sentence: "epoch 4 is held by xcatmn1 since noon",
  on_share_loss: "demote",
  share_loss_limit: "60",
  share_lost: "0",
  frozen: "",
  running: "",
  vip: "absent",
  links: "all",
};
const RUNNING = { running: "postgresql xcatd named dhcpd conserver ", vip: "here" };
const OTHER = { lease: "other", sentence: "epoch 5 is held by xcatmn2 since one" };

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
    { ...RUNNING, lease: "mine-rebooted", sentence: "epoch 4 is held by xcatmn1 since noon, before its last boot" },
    ...steps("epoch 4 is held by xcatmn1 since noon, before its last boot"),
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
    const { code, stdout, stderr } = bash(["plan"], `declare -A FACT=(${entries.join(" ")}); plan`);
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
      ["report", "addresses", "virtualIp", "beat"],
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
    ["report", "units", "observe", "beat"],
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
    ["report", "units", "observe", "watch", "beat"],
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
     (sleep() { SECONDS=$((SECONDS + DEMOTION_SECONDS)); }; services_left() { echo x; }; left_words() { :; }; services_gone) 2>/dev/null || echo "$?"
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
