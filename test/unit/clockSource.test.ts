import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bash } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-clock-"));
after(() => rmSync(folder, { recursive: true }));

const LIBRARIES = ["report", "document", "files", "observe", "platform", "units"];
let runs = 0;

type Clock = {
  /** The unit of the time service, running; none: none runs. */
  unit?: string;
  /** What ntpq or chronyc print. */
  says?: string;
  /** What they print after a step. */
  afterStep?: string;
  /** The file with the servers. */
  file?: string;
  want?: Record<string, string>;
  stepped?: boolean;
};

/** Runs functions of the part on a node whose time service says what the test wants; what was done to it stands in did. */
function clock({ unit = "", says = "", afterStep, file = "", want = {}, stepped }: Clock, script: string) {
  const at = join(folder, String(runs++));
  mkdirSync(join(at, "run"), { recursive: true });
  writeFileSync(join(at, "says"), says);
  writeFileSync(join(at, "afterStep"), afterStep ?? says);
  writeFileSync(join(at, "conf"), file);
  if (stepped) writeFileSync(join(at, "run/clock-stepped"), "");
  const wanted = Object.entries(want).map(([key, value]) => `[${key}]='${value}'`);
  const done = bash(
    ["clock", "clockSource", ...LIBRARIES],
    `AT=${at} NODE=xcatmn1 RUN=${at}/run RECORDS=${at}/records START_SECONDS=5 STOP_SECONDS=5
     declare -A BEFORE=() WANT=(${wanted.join(" ")}) SEEN=() FACT=()
     UNIT=(${unit ? `[ntpd]=${unit} [chronyd]=${unit}` : ""})
     RUNNING='${unit}'
     did() { echo "$*" >>${at}/did; }
     say() { did "said: $*"; }; sync() { :; }; sleep() { :; }
     time_configuration() { echo ${at}/conf; }
     system_name() { echo 'debian 12'; }
     timeout() { shift; "$@"; }
     stepped() { cp ${at}/afterStep ${at}/says; }
     ntpq() { cat ${at}/says; }
     ntpd() { did "ntpd $*"; stepped; }
     chronyc() { case $* in '-c tracking') cat ${at}/says ;; makestep) did "chronyc makestep"; stepped ;; esac; }
     unit_exists() { [[ -n $RUNNING ]]; }
     unit_state() { [[ -e ${at}/stopped ]] && echo inactive || echo active; }
     unit_enabled() { echo enabled; }
     units_look_whole() { UNIT_STATE[$1]=$(unit_state "$1") UNIT_ENABLED[$1]=enabled UNIT_THERE[$1]=yes; [[ -n $RUNNING ]] || UNIT_THERE[$1]=no; }
     unit_start() { did "start $1"; rm -f ${at}/stopped; }
     unit_stop() { did "stop $1"; touch ${at}/stopped; }
     systemctl() { did "systemctl $*"; case $1 in stop) touch ${at}/stopped ;; start) rm -f ${at}/stopped ;; esac; }
     seen() { local key; observe_part clockSource; for key in "\${!SEEN[@]}"; do echo "$key: \${SEEN[$key]}"; done | sort; }
     ${script}`,
  );
  const read = (name: string) => {
    try {
      return readFileSync(join(at, name), "utf8");
    } catch {
      return "";
    }
  };
  return { ...done, did: read("did").replaceAll(at, "AT").split("\n").filter(Boolean), file: read("conf") };
}

const NTPQ = `     remote           refid      st t when poll reach   delay   offset  jitter
==============================================================================
`;
const peer = (tally: string, offset: string, reach = "377", refid = "10.0.0.1", stratum = "3") =>
  `${tally}10.0.0.103      ${refid}        ${stratum} u   25   64  ${reach}    0.425   ${offset}   0.031\n`;
// refid, name, stratum, reference time, system time, last offset, RMS offset, frequency, residual, skew, delay, dispersion, interval, leap
const tracking = (offset: string, { refid = "0A000067", stratum = "3", leap = "Normal" } = {}) =>
  `${refid},10.0.0.103,${stratum},1732377712.123456789,${offset},0.000001,0.00002,-12.3,0.001,0.05,0.0004,0.0001,64.2,${leap}\n`;

const OFFSETS: [what: string, clock: Clock, seconds: string, state: string][] = [
  ["ntpd follows its source", { unit: "ntpd", says: NTPQ + peer("*", "-0.842") }, "0.000842", "ok"],
  ["ntpd, nine seconds off", { unit: "ntp", says: NTPQ + peer("*", "9000.000") }, "9.000000", "ok"],
  ["ntpd, eleven seconds behind", { unit: "ntpsec", says: NTPQ + peer("*", "11000.5") }, "11.000500", "off"],
  ["ntpd, eleven seconds ahead", { unit: "ntpsec", says: NTPQ + peer("*", "-11000.5") }, "11.000500", "off"],
  [
    "ntpd follows none yet, one answers",
    { unit: "ntpd", says: NTPQ + peer(" ", "3600000", "1") },
    "3600.000000",
    "off",
  ],
  [
    "ntpd: what it follows counts, not what it throws out",
    { unit: "ntpd", says: NTPQ + peer("x", "90000") + peer("+", "5") + peer("*", "1") },
    "0.001000",
    "ok",
  ],
  ["ntpd: a false ticker alone is none", { unit: "ntpd", says: NTPQ + peer("x", "90000") }, "", "unknown"],
  ["ntpd: none answers", { unit: "ntpd", says: NTPQ + peer(" ", "0.000", "0", ".INIT.", "16") }, "", "unknown"],
  [
    "ntpd: its own clock is no source",
    { unit: "ntpd", says: NTPQ + peer("*", "0.000", "377", ".LOCL.", "10") },
    "",
    "unknown",
  ],
  ["ntpq cannot reach it", { unit: "ntpd", says: "" }, "", "unknown"],
  ["chronyd follows its source", { unit: "chronyd", says: tracking("-0.000012345") }, "0.000012", "ok"],
  ["chronyd, eleven seconds off", { unit: "chrony", says: tracking("-11.2") }, "11.200000", "off"],
  [
    "chronyd follows none",
    { unit: "chronyd", says: tracking("0.000000000", { refid: "00000000", stratum: "0", leap: "Not synchronised" }) },
    "",
    "unknown",
  ],
  [
    "chronyd: its own clock is no source",
    { unit: "chronyd", says: tracking("0.0", { refid: "7F7F0101" }) },
    "",
    "unknown",
  ],
  ["chronyc cannot reach it", { unit: "chronyd", says: "506 Cannot talk to daemon\n" }, "", "unknown"],
  ["no time service", {}, "", "unknown"],
];

for (const [what, node, seconds, state] of OFFSETS)
  test(`offset: ${what}`, () => {
    const { code, stdout, stderr } = clock(node, 'echo "$(clock_offset)|$(clock_state)"');
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${seconds}|${state}\n`);
  });

const WANT = {
  service: "ntpd",
  state: "running, enabled",
  "server.10.0.0.103": "listed",
  "server.ntp.example.com": "listed",
  clock: "within the limit, or not known",
};

test("observed: what is as wanted, and how what is not differs; never the offset", () => {
  const good = "server 10.0.0.103 iburst\npool NTP.example.com prefer\n";
  const right = clock({ unit: "ntpd", says: NTPQ + peer("*", "1.5"), file: good, want: WANT }, "seen");
  assert.deepEqual(
    Object.fromEntries(
      right.stdout
        .trim()
        .split("\n")
        .map((line) => line.split(": ")),
    ),
    WANT,
    right.stderr,
  );
  const wrong = clock(
    { unit: "ntpd", says: NTPQ + peer("*", "15000"), file: "#server 10.0.0.103\n", want: WANT },
    "touch $AT/stopped; seen; rm $AT/stopped; seen",
  );
  assert.match(wrong.stdout, /^server\.10\.0\.0\.103: not listed in \S+$/m);
  assert.match(wrong.stdout, /^state: stopped, enabled$/m);
  assert.match(wrong.stdout, /^clock: off by more than 10 s$/m);
  assert.doesNotMatch(wrong.stdout, /15/);
});

const FILES: [what: string, before: string, after: string][] = [
  ["an empty file", "", "server 10.0.0.103 iburst\nserver ntp.example.com iburst\n"],
  [
    "behind the servers that are there, which stay",
    "driftfile /var/lib/ntp/drift\npool 2.pool.example.org iburst\nrestrict default kod\n",
    "driftfile /var/lib/ntp/drift\npool 2.pool.example.org iburst\nserver 10.0.0.103 iburst\nserver ntp.example.com iburst\nrestrict default kod\n",
  ],
  [
    "only what is missing, and a server with an admin's options counts",
    "server 10.0.0.103 prefer minpoll 4\nmakestep 1 3\n",
    "server 10.0.0.103 prefer minpoll 4\nserver ntp.example.com iburst\nmakestep 1 3\n",
  ],
  [
    "a comment is no server",
    "# server 10.0.0.103\nserver ntp.example.com\n",
    "# server 10.0.0.103\nserver ntp.example.com\nserver 10.0.0.103 iburst\n",
  ],
];

for (const [what, before, changed] of FILES) {
  test(`servers: ${what}; the service starts again, once`, () => {
    const { code, stderr, file, did } = clock(
      { unit: "ntpd", file: before, want: WANT },
      "clockSource_apply; clockSource_apply",
    );
    assert.equal(code, 0, stderr);
    assert.equal(file, changed);
    assert.deepEqual(
      did.filter((line) => !line.startsWith("said")),
      ["stop ntpd", "start ntpd"],
    );
  });
  test(`servers: ${what}; what was not there is taken back, and nothing else`, () => {
    const { code, stderr, file } = clock(
      { unit: "ntpd", file: before, want: WANT },
      "clockSource_apply; echo 'server later' >>$AT/conf; clockSource_remove",
    );
    assert.equal(code, 0, stderr);
    assert.equal(file, `${before}server later\n`);
  });
}

test("servers: one that cluster.yaml lists no more is taken away, one that an admin had listed stays", () => {
  const { service, state, clock: within } = WANT;
  const { code, stderr, file, did } = clock(
    { unit: "ntpd", file: "server ntp.example.com iburst\n", want: WANT },
    `clockSource_apply
     BEFORE=([server.10.0.0.103]=listed [server.ntp.example.com]=listed) WANT=([service]=${service} [state]="${state}" [clock]="${within}")
     clockSource_apply`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(file, "server ntp.example.com iburst\n");
  assert.equal(did.filter((line) => line === "start ntpd").length, 2);
});

test("without servers in cluster.yaml the file is not touched", () => {
  const { service, state, clock: within } = WANT;
  const { code, file, did } = clock(
    { unit: "ntpd", file: "pool a\n", want: { service, state, clock: within } },
    "clockSource_apply",
  );
  assert.deepEqual([code, file, did], [0, "pool a\n", []]);
});

const FAR = NTPQ + peer("*", "15000");
const NEAR = NTPQ + peer("*", "0.2");
const STEPS: [what: string, node: Clock, code: number, did: string[]][] = [
  ["a clock within the limit is left alone", { unit: "ntpd", says: NEAR }, 0, []],
  ["a clock that is not known is left alone", { unit: "ntpd", says: "" }, 0, []],
  [
    "ntpd: told before it starts",
    { unit: "ntpd", says: FAR, afterStep: NEAR },
    0,
    [
      "systemctl stop -- ntpd.service",
      "ntpd -gq -c AT/conf",
      "systemctl start -- ntpd.service",
      "said: the clock was off by more than 10 s and was stepped",
    ],
  ],
  [
    "chronyd: told while it runs",
    { unit: "chronyd", says: tracking("15"), afterStep: tracking("0.1") },
    0,
    ["chronyc makestep", "said: the clock was off by more than 10 s and was stepped"],
  ],
  ["a step that did not help is an error", { unit: "chronyd", says: tracking("15") }, 30, ["chronyc makestep"]],
  ["never twice in a boot", { unit: "chronyd", says: tracking("15"), afterStep: tracking("0"), stepped: true }, 30, []],
];

for (const [what, node, code, did] of STEPS)
  test(`step: ${what}`, () => {
    const result = clock(node, "clockSource_prepare");
    assert.equal(result.code, code, result.stderr);
    assert.deepEqual(result.did, did);
    if (code)
      assert.equal(
        result.stderr,
        "error: the clock of xcatmn1 is off by more than 10 s although it was stepped; expected it to follow its source\n" +
          "evidence: off by 15.000000 s, as chronyd says\n" +
          "next: look at the time servers of xcatmn1, set its clock, then run the same command again\n",
      );
  });

for (const [what, node, fact] of [
  ["within the limit", { unit: "ntpd", says: NEAR }, "ok"],
  ["far off, not stepped yet", { unit: "ntpd", says: FAR }, "off"],
  ["far off although it was stepped", { unit: "ntpd", says: FAR, stepped: true }, "stepped"],
  ["within the limit since it was stepped", { unit: "ntpd", says: NEAR, stepped: true }, "ok"],
  ["not known", { unit: "ntpd", says: "" }, "unknown"],
] as [string, Clock, string][])
  test(`the fact for the plan: ${what}`, () => {
    const { code, stdout, stderr } = clock(node, `clock_facts; printf %s "\${FACT[clock]}"`);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, fact);
  });
