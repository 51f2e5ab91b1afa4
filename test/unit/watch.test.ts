// The standby node's watch of the owner: what each look comes to, one after the other, and what the site is told.
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { bash, LEASE_LIBRARIES } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const at = scratch("watch", "run", "units", "share/.xcat-ha/beat");

const onNode = (script: string) =>
  bash(
    [...LEASE_LIBRARIES, "document", "files", "observe", "freeze", "takeover", "units", "watch", "beat"],
    `NODE=xcatmn2 PEER=xcatmn1 SHARE=${at("share")} RUN=${at("run")} UNIT_FOLDER=${at("units")} WATCH_LIMIT=60 PROGRAM=/usr/local/sbin/xcat-ha
     declare -A WANT=() SEEN=() LEASE=()
     may_look() { :; }; seconds_now() { echo 1000000; }; signs_of_life() { echo "xcatmn1 answers at 10.5.106.70: connection refused at port 22"; }
     share_do() { "$@"; }; notify() { printf 'told %s\\n' "$1"; }; facts_keep() { :; }
     ${script}`,
  );

/** A look at that second of uptime: what the lease says and the beat's counter; "fails": the share does not answer. */
type Look = [second: number, lease: string, beat?: string];
const LEASE = `lease_read() {
  [[ $lease != fails ]] || fail unknown "/HA on xcatmn2 hangs: no answer within 10 s" stat again
  LEASE=([is]=\${lease% *} [node]=xcatmn1 [epoch]=000007 [time]=noon [dissolving]=\${lease#"\${lease% *}"})
}`;
/** What is told at which second. */
function told(looks: Look[], frozen = "") {
  const script = looks.map(
    ([second, lease, beat = ""]) =>
      `lease='${lease}'; counter='${beat}'; uptime_seconds() { echo ${second}; }; said=$(verb_watch) || exit; while read -r word event; do [[ $word != told ]] || echo "${second} $event"; done <<<"$said"`,
  );
  const { code, stdout, stderr } = onNode(
    `${LEASE}; frozen() { [[ '${frozen}' != fails ]] || fail unknown 'whether the pair is frozen cannot be told' cat again; printf '%s' '${frozen}'; }; share_text() { [[ $counter != fails ]] || fail unknown 'the beat cannot be read' cat again; printf '%s' "$counter"; }
     ${script.join("\n")}`,
  );
  assert.equal(code, 0, stderr);
  return stdout.split("\n").slice(0, -1);
}

const CASES: [what: string, looks: Look[], told: string[], frozen?: string][] = [
  [
    "the owner's beat moves",
    [
      [0, "other", "1"],
      [30, "other", "4"],
      [60, "other", "7"],
      [90, "other", "10"],
    ],
    [],
  ],
  [
    "it stands still: told once, a minute after it was seen so first",
    [
      [0, "other", "1"],
      [30, "other", "1"],
      [60, "other", "1"],
      [90, "other", "1"],
      [900, "other", "1"],
    ],
    ["60 owner-silent"],
  ],
  [
    "it stood still for less",
    [
      [0, "other", "1"],
      [59, "other", "1"],
      [60, "other", "2"],
      [119, "other", "2"],
    ],
    [],
  ],
  [
    "it moves again",
    [
      [0, "other", "1"],
      [60, "other", "1"],
      [90, "other", "2"],
      [120, "other", "5"],
    ],
    ["60 owner-silent", "90 owner-back"],
  ],
  [
    "and stands still once more",
    [
      [0, "other", "1"],
      [60, "other", "1"],
      [90, "other", "2"],
      [150, "other", "2"],
    ],
    ["60 owner-silent", "90 owner-back", "150 owner-silent"],
  ],
  [
    "an owner that never showed one",
    [
      [0, "other"],
      [60, "other"],
    ],
    ["60 owner-silent"],
  ],
  [
    "an owner that steps down and stops on its way",
    [
      [0, "other-releasing", "1"],
      [60, "other-releasing", "1"],
    ],
    ["60 owner-silent"],
  ],
  [
    "an owner that dissolves the pair has no beat",
    [
      [0, "other yes", "1"],
      [600, "other yes", "1"],
    ],
    [],
  ],
  [
    "nobody owns",
    [
      [0, "released"],
      [600, "released"],
    ],
    [],
  ],
  [
    "no epoch yet",
    [
      [0, "none"],
      [600, "none"],
    ],
    [],
  ],
  [
    "this node becomes active meanwhile",
    [
      [0, "mine"],
      [600, "mine"],
    ],
    [],
  ],
  [
    "it steps down after it was silent",
    [
      [0, "other", "1"],
      [60, "other", "1"],
      [90, "released"],
      [120, "other", "2"],
    ],
    ["60 owner-silent", "90 owner-back"],
  ],
  [
    "the pair is frozen",
    [
      [0, "other", "1"],
      [600, "other", "1"],
    ],
    [],
    "until noon by xcatmn1: patches",
  ],
  [
    "whether it is frozen cannot be told: neither silence nor a freeze",
    [
      [0, "other", "1"],
      [60, "other", "1"],
    ],
    ["60 owner-unknown"],
    "fails",
  ],
  [
    "one look that fails",
    [
      [0, "other", "1"],
      [30, "fails"],
      [60, "other", "7"],
    ],
    [],
  ],
  [
    "looks that fail: told once, a minute after the first",
    [
      [0, "other", "1"],
      [30, "fails"],
      [60, "fails"],
      [90, "fails"],
      [600, "fails"],
    ],
    ["90 owner-unknown"],
  ],
  [
    "the beat alone cannot be read",
    [
      [0, "other", "fails"],
      [60, "other", "fails"],
    ],
    ["60 owner-unknown"],
  ],
  [
    "a look that fails is no life of a silent owner",
    [
      [0, "other", "1"],
      [60, "other", "1"],
      [90, "fails"],
      [120, "other", "1"],
    ],
    ["60 owner-silent"],
  ],
  [
    "it is behind one, and the owner lived all the time: what it shows first is neither silence nor life",
    [
      [0, "other", "1"],
      [30, "fails"],
      [60, "fails"],
      [89, "other", "1"],
      [119, "other", "2"],
    ],
    [],
  ],
  [
    "the share is back, and the owner with it",
    [
      [0, "other", "1"],
      [30, "fails"],
      [90, "fails"],
      [330, "other", "1"],
      [360, "other", "2"],
    ],
    ["90 owner-unknown", "360 owner-back"],
  ],
  [
    "the share is back, and the owner silent",
    [
      [0, "other", "1"],
      [30, "fails"],
      [90, "fails"],
      [120, "other", "1"],
      [150, "other", "1"],
      [180, "other", "1"],
    ],
    ["90 owner-unknown", "180 owner-silent"],
  ],
  [
    "it died meanwhile, after another beat",
    [
      [0, "other", "1"],
      [30, "fails"],
      [90, "fails"],
      [120, "other", "2"],
      [180, "other", "2"],
    ],
    ["90 owner-unknown", "180 owner-silent"],
  ],
  [
    "everything lost its power, and the owner stays dead",
    [
      [30, "fails"],
      [90, "fails"],
      [120, "other", "12"],
      [180, "other", "12"],
    ],
    ["90 owner-unknown", "180 owner-silent"],
  ],
  [
    "it can be told again, and nobody owns",
    [
      [30, "fails"],
      [90, "fails"],
      [120, "released"],
    ],
    ["90 owner-unknown", "120 owner-back"],
  ],
];
for (const [what, looks, expected, frozen] of CASES)
  test(`watch: ${what}: ${expected.join(", ") || "nothing to tell"}`, () =>
    assert.deepEqual(told(looks, frozen), expected));

test("each look at a share that could be read is followed by what this node has, for the owner; what that says ends no watch", () => {
  const { code, stdout, stderr } = onNode(
    `${LEASE}; frozen() { :; }; share_text() { :; }; facts_keep() { echo "kept $*"; return 1; }; uptime_seconds() { echo "$second"; }
     for lease in other released fails mine; do second=0; echo "$lease"; verb_watch; done; systemctl() { :; }; watch_start; echo "goes on"`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(
    stdout,
    "other\nkept standby\nreleased\nkept standby\nfails\nmine\nkept standby\nkept standby\ngoes on\n",
  );
});

test("where many former looks hang the next one is none", () => {
  const script = `lease_read() { echo never; }; may_look() { return 1; }; uptime_seconds() { echo "$second"; }`;
  const { stdout, stderr } = onNode(`${script}; second=0; verb_watch; second=60; verb_watch`);
  assert.match(
    stdout,
    /^xcatmn2: owner-unknown: whether the owner lives cannot be told on xcatmn2 since \S+: many former looks at \S+ hang/,
    stderr,
  );
});

test("what is told of a silent owner: since when, its epoch, its other signs of life, what to do", () => {
  writeFileSync(at("share/.xcat-ha/beat/xcatmn1"), "12 boot-1\n");
  const { code, stdout, stderr } = onNode(`lease=other; ${LEASE}
    uptime_seconds() { echo "$second"; }; notify() { printf '%s\\n%s\\n' "$@"; }; say() { :; }
    second=100; verb_watch; second=160; verb_watch`);
  assert.equal(code, 0, stderr);
  assert.equal(
    stdout,
    `owner-silent
the owner shows no life on the shared data since 1970-01-12T13:45:40Z: epoch 7 is held by xcatmn1 since noon; its beat is 12 boot-1
other signs of life of xcatmn1: xcatmn1 answers at 10.5.106.70: connection refused at port 22
where xcatmn1 was rebooted: pulumi up on its stack, or xcat-ha resume on it. Where it is dead: docs/failover.md, The active node is dead
`,
  );
});

for (const [what, signs, said] of [
  ["none", ":", "none"],
  [
    "cannot be told",
    "fail unknown 'whether xcatmn1 lives cannot be told' 'ip neigh' 'look'",
    "whether xcatmn1 lives cannot be told",
  ],
])
  test(`other signs of life: ${what}`, () => {
    const { stdout, stderr } = onNode(
      `signs_of_life() { ${signs}; }; WATCH=([since]=0); watch_words owner-silent so 60`,
    );
    assert.match(stdout, new RegExp(`^other signs of life of xcatmn1: ${said}$`, "m"), stderr);
  });

const SENTENCES: [what: string, looks: string, sentence: string][] = [
  ["it watches nobody", "lease=released; verb_watch", ""],
  ["the owner lives", "lease=other; verb_watch; second=190", "the owner showed life last at 1970-01-12T13:45:10Z\n"],
  [
    "it is silent",
    "lease=other; verb_watch; second=160; verb_watch; second=190",
    "the owner is silent; it showed life last at 1970-01-12T13:45:10Z\n",
  ],
  [
    "nobody has looked for a while",
    "lease=other; verb_watch; second=191",
    "nobody has looked whether the owner lives since 1970-01-12T13:45:09Z: systemctl status xcat-ha-watch.timer\n",
  ],
  [
    "the share does not answer",
    "lease=other; verb_watch; second=130; lease=fails; verb_watch; second=190",
    "whether the owner lives cannot be told since 1970-01-12T13:45:40Z\n",
  ],
];
for (const [what, looks, sentence] of SENTENCES)
  test(`xcat-ha status says what the watch has seen: ${what}`, () => {
    const { stdout, stderr } = onNode(
      `${LEASE}; say() { :; }; notify() { :; }; uptime_seconds() { echo "$second"; }; second=100; ${looks}; watch_sentence`,
    );
    assert.equal(stdout, sentence, stderr);
  });

const STATES: [what: string, timer: string, service: string, break_: string, seen: RegExp][] = [
  ["as it was made", "active enabled", "inactive", "", /^running$/],
  ["its last look failed", "active enabled", "failed", "", /^running, and its last look failed$/],
  ["stopped", "inactive enabled", "inactive", "", /^inactive, with a unit file$/],
  ["not at boot", "active disabled", "inactive", "", /^running, and disabled at the next boot$/],
  [
    "edited",
    "active enabled",
    "inactive",
    `echo '# mine' >>${at("units")}/xcat-ha-watch.timer`,
    /^another text in \S+xcat-ha-watch\.timer$/,
  ],
  [
    "half gone",
    "active enabled",
    "inactive",
    `rm ${at("units")}/xcat-ha-watch.service`,
    /^another text in \S+xcat-ha-watch\.service$/,
  ],
  ["gone", "inactive ", "inactive", `rm ${at("units")}/*`, /^absent$/],
];
for (const [what, timer, service, break_, seen] of STATES)
  test(`is the watch there? ${what}`, () => {
    const { code, stdout, stderr } = onNode(
      `systemctl() { :; }; watch_start; ${break_ || ":"}; watch_state '${timer.split(" ")[0]}' '${timer.split(" ")[1]}' ${service}`,
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout.trim(), seen);
  });

test("started: enabled and running; a watch of a former time counts no more; stopped: nothing is left", () => {
  writeFileSync(at("run/watch"), "sign\tso\n");
  const { code, stdout, stderr } = onNode(
    `systemctl() { [[ $1 != show ]] || echo inactive; echo "$*" >>$RUN/asked; }; watch_start; ls ${at("units")}; watch_stop; cat $RUN/asked`,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.split("\n").slice(0, -1), [
    "xcat-ha-watch.service",
    "xcat-ha-watch.timer",
    "enable --quiet --no-reload xcat-ha-watch.timer",
    "daemon-reload",
    "restart xcat-ha-watch.timer",
    "disable --quiet --no-reload xcat-ha-watch.timer",
    "stop xcat-ha-watch.timer xcat-ha-watch.service",
    "reset-failed xcat-ha-watch.service",
    "show -p ActiveState --value -- xcat-ha-watch.timer",
  ]);
  assert.ok(!existsSync(at("run/watch")) && !existsSync(at("units/xcat-ha-watch.timer")));
});

const MASKED = "echo 'Unit is masked' >&2; return 1";
for (const [what, systemd, says] of [
  ["start", `restart) ${MASKED} ;;`, "did not start: .*: Unit is masked"],
  ["stop", `stop) ${MASKED} ;; show) echo active ;;`, "was not stopped: Unit is masked; active"],
  ["stop", "show) echo 'Connection timed out' >&2; return 1 ;;", "was not stopped: no answer: Connection timed out"],
])
  test(`a watch that systemd does not ${what} is said, and ends no change of role: ${says}`, () => {
    const said = new RegExp(`warning: xcat-ha-watch\\.timer ${says}\ngoes on\n$`);
    const { code, stdout, stderr } = onNode(
      `systemctl() { case $1 in ${systemd} esac; }; watch_${what}; echo "goes on"`,
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, said);
  });

test("what could not be told is told by the next look", () => {
  const { stdout, stderr } = onNode(`lease=other; ${LEASE}
    uptime_seconds() { echo "$second"; }; say() { :; }; notify() { echo "$second $1"; ((second > 160)); }
    second=100; verb_watch; second=160; verb_watch; second=190; verb_watch; second=220; verb_watch`);
  assert.equal(stdout, "160 owner-silent\n190 owner-silent\n", stderr);
});

test("what to do is what the look that failed says", () => {
  const { stdout, stderr } = onNode(
    `WATCH=([blind]=0); watch_words owner-unknown $'error: xcatmn2 has the machine id of xcatmn1\nevidence: so\nnext: systemd-machine-id-setup\nnext: reboot' 60`,
  );
  assert.match(
    stdout,
    /: xcatmn2 has the machine id of xcatmn1\nnext: systemd-machine-id-setup\nnext: reboot\n$/,
    stderr,
  );
});
