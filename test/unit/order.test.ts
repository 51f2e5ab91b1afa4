// The order in which a change of role acts where the share fails it: what must be on the share before anything stops, and what is started
// again without it. The real `become`, on a share of files; stand-ins for systemd and for what a part does.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { MANIFEST, manifestText, PARTS } from "../../components/manifest";
import {
  BECOME_LIBRARIES,
  bash,
  LEASE_LIBRARIES,
  LINKS_LIBRARIES,
  nodeFiles,
  SERVICES_LIBRARIES,
} from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const BOOT = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const NODES = { xcatmn1: "1".repeat(32), xcatmn2: "2".repeat(32) };
const LEASE = "share/.xcat-ha/epoch";

const at = scratch("order", LEASE, "records", "run", "pgsql");

beforeEach(() => {
  writeFileSync(at("records/units"), "postgresql active enabled\n");
});

function epoch(number: number, node: keyof typeof NODES, marks: string[] = [], boot = BOOT) {
  const name = String(number).padStart(6, "0");
  writeFileSync(at(LEASE, `${name}.owner`), `node ${node}\nmachine ${NODES[node]}\nboot ${boot}\ntime noon\n`);
  for (const mark of marks) writeFileSync(at(LEASE, `${name}.${mark}`), "");
}

/** What is observed before the change of role, as far as these plans ask for it. */
const FACTS = {
  node: "xcatmn1",
  peer: "xcatmn2",
  share: "ok",
  system: "ok",
  static: "here",
  clock: "ok",
  mount: "ok",
  cfgloc: "Pg 10.5.106.7",
  vip: "10.5.106.7",
  own_name: "ok",
  free: "9000000",
  needed: "0",
  shared: "present",
  links: "all",
  sentence: "as it is",
};
type Facts = Partial<typeof FACTS> & {
  role: string;
  lease: string;
  holder?: string;
  [fact: string]: string | undefined;
};

/** `become` on xcatmn1 with these facts; what the steps did stands in `told`. */
function become(facts: Facts, script = "") {
  const entries = Object.entries({ ...FACTS, ...facts }).map(([key, value]) => `[${key}]='${value}'`);
  const empty =
    "holder running mounted elsewhere astray unfit peer_unfit peer_untold unlike login root_key missing both copy database virtual_ip mistakes outage traps traps_untold dissolved dissolving tools lacking stack managed_by owners epoch handover takeover takeover_by takeover_reason apart signs fence from_console by frozen";
  const sources = [...LEASE_LIBRARIES, ...BECOME_LIBRARIES, "document", "steps", "files", "units", "plan"];
  for (const part of [
    ...LINKS_LIBRARIES,
    ...SERVICES_LIBRARIES,
    "records",
    "nodeProgram",
    "guard",
    "startGuard",
    "beat",
  ])
    sources.push(part);
  const done = bash(
    [],
    `F='${at()}'
     for file in ${nodeFiles(...sources).join(" ")}; do source <(sed -e "s,=/var/lib/xcat-ha$,=$F/records," -e 's,=10$,=2,' "$file"); done
     NODE=xcatmn1 PEER=xcatmn2 VIP=10.5.106.7 SHARE=$F/share RUN=$F/run UNITS=(postgresql xcatd) LEASE_WAIT=0 HANDOVER= ROLE=
     declare -A WANT=() LEASE=()
     mapfile -t MANIFEST <<'M'\n${manifestText()}\nM
     told() { echo "$*" >>"$F/told"; }
     observe_facts() { declare -gA FACT=(${entries.join(" ")}); local key; for key in ${empty}; do FACT[$key]=\${FACT[$key]:-}; done; FACT[role]=$1; }
     found_record() { :; }
     machine_id() { echo ${NODES.xcatmn1}; }
     share_state() { echo ok; }
     path_of() { echo "\${1/#\\/var\\/lib/$F}"; }; manual_path() { echo "\${1/#$F\\/pgsql//var/lib/pgsql}"; }
     directories_wanted() { WANT=([/var/lib/pgsql]="-> $F/share/pgsql"); }
     load_values() { WANT=(); }; apply_part() { told "apply $1"; }
     found_record() { :; }; hosts_take() { :; }; hosts_keep_last() { :; }; export_cluster_data() { :; }; verify_after_activation() { :; }; sharedDataLinks_prepare() { :; }
     virtualIp_ask_ahead() { :; }
     # How long it took is no matter here.
     steps_spent() { :; }
     quiesce() { told quiesce; }; prove_stopped() { told prove; }; database_state() { echo 'shut down'; }
     beat_stop() { told "the beat ends"; }; guards_remove() { told "the guard goes"; }
     systemctl() { told "systemctl $*"; }
     ${script}
     become ${facts.role}`,
  );
  return { ...done, told: existsSync(at("told")) ? readFileSync(at("told"), "utf8").split("\n").slice(0, -1) : [] };
}

/** The share takes no link(2), no file, or does not answer at all. */
const NO_LINK = "ln() { echo 'ln: failed to create hard link: Operation not permitted' >&2; return 1; }; export -f ln";
const NO_FILE = "mktemp() { echo 'mktemp: No space left on device' >&2; return 1; }; export -f mktemp";
const MINE = { lease: "mine", holder: "xcatmn1" };
/** As a node that steps down comes to them. */
const TAKEN_BACK = PARTS.filter((part) => MANIFEST[part].standby === "take back").reverse();
const applied = (told: string[]) => told.filter((line) => line.startsWith("apply")).map((line) => line.slice(6));

for (const [title, boot, spoil] of [
  ["link(2) fails", BOOT, NO_LINK],
  ["it takes no file", BOOT, NO_FILE],
  ["link(2) fails, behind a reboot", "another-boot", NO_LINK],
] as const)
  test(`stepping down, the share does not take the mark of the release, ${title}: nothing stops`, () => {
    epoch(4, "xcatmn1", [], boot);
    const { code, stderr, told } = become(
      { role: "standby", ...MINE, lease: boot === BOOT ? "mine" : "mine-rebooted" },
      spoil,
    );
    assert.equal(code, 20, stderr);
    assert.match(stderr, /epoch 4 did not get the mark that its release has begun; .*nothing was stopped/);
    assert.deepEqual(told, []);
  });

test("stepping down: the mark is on the share before the first stop; what was marked already goes on", () => {
  for (const marks of [[], ["releasing"]]) {
    epoch(4, "xcatmn1", marks);
    const { code, stderr, told } = become(
      { role: "standby", ...MINE },
      `apply_part() { told "$1 $(ls "$SHARE/.xcat-ha/epoch" | grep -o 'releas.*' | sort -r | paste -sd,)"; }`,
    );
    assert.equal(code, 0, stderr);
    assert.equal(told[0], `${TAKEN_BACK[0]} releasing`);
    assert.ok(told.includes("beat releasing,released"), told.join());
    rmSync(at(LEASE), { recursive: true });
    rmSync(at("told"));
    mkdirSync(at(LEASE));
  }
});

test("stepping down while another node took over: there is nothing of ours to release, and everything stops", () => {
  epoch(4, "xcatmn1");
  epoch(5, "xcatmn2");
  const { code, stderr, told } = become({ role: "standby", ...MINE });
  assert.equal(code, 0, stderr);
  assert.deepEqual(applied(told).slice(0, TAKEN_BACK.length), TAKEN_BACK);
  assert.deepEqual(readdirSync(at(LEASE)), ["000004.owner", "000005.owner"]);
});

for (const [title, spoil, code, seen] of [
  [
    "link(2) fails",
    NO_LINK,
    30,
    /the share takes no epoch of xcatmn1; .*nothing was stopped\nevidence: ln: .*Operation not permitted/,
  ],
  ["it takes no file", NO_FILE, 40, /share\/\.xcat-ha takes no file on xcatmn1/],
  [
    "it is full",
    "cat() { if (($#)); then command cat \"$@\"; else echo 'cat: No space left on device' >&2; return 1; fi; }; export -f cat",
    30,
    /evidence: cat: No space left on device/,
  ],
  ["it does not answer", "sync() { sleep 9; }; export -f sync", 30, /evidence: no answer within 2 s/],
] as const)
  test(`becoming active, a claim is not possible, ${title}: refused before the services stop`, () => {
    epoch(4, "xcatmn2", ["releasing", "released"]);
    const done = become({ role: "active", lease: "released", holder: "xcatmn2" }, spoil);
    assert.equal(done.code, code, done.stderr);
    assert.match(done.stderr, seen);
    assert.deepEqual(done.told, []);
    assert.deepEqual(
      readdirSync(at(LEASE)).filter((name) => !name.startsWith("000004")),
      [],
      "nothing of the try stays",
    );
  });

test("becoming active: the try leaves nothing behind, and the claim follows it", () => {
  epoch(4, "xcatmn2", ["releasing", "released"]);
  writeFileSync(at(LEASE, ".try.xcatmn1"), "of a run that was cut");
  const { code, stderr, told } = become({ role: "active", lease: "released", holder: "xcatmn2" });
  assert.equal(code, 0, stderr);
  assert.deepEqual(told.slice(0, 4), ["quiesce", "apply startGuard", "apply beat", "apply sharedDataLinks"]);
  assert.deepEqual(readdirSync(at(LEASE)).sort(), [
    "000004.owner",
    "000004.released",
    "000004.releasing",
    "000005.owner",
  ]);
});

test("becoming active: the share has its id before the claim: a cut behind it would leave an owner on a share that cannot be told from another", () => {
  const { code, stderr, told } = become(FIRST, `lease_claim() { told "claim, $(ls "$SHARE/.xcat-ha" | paste -sd,)"; }`);
  assert.equal(code, 0, stderr);
  assert.ok(told.includes("claim, epoch,id"), told.join());
});

test("an owner that goes on tries nothing: it claims nothing", () => {
  epoch(4, "xcatmn1");
  const { code, stderr, told } = become({ role: "active", ...MINE }, NO_LINK);
  assert.equal(code, 0, stderr);
  assert.equal(told[0], "apply startGuard");
});

/** A first setup whose step fails; the services had been stopped. */
const FIRST = { role: "active", lease: "none", shared: "absent", links: "none" };
const failing = (part: string, and = "") =>
  `apply_part() { told "apply $1"; [[ $1 != ${part} ]] || { ${and || ":"}; fail incomplete "$1 failed" "it is so" "again"; }; }`;
/** From the failing step on the share is gone, or hangs. */
const GONE = `mv "$SHARE" "$SHARE.gone"; echo >"$SHARE"`;
const HUNG = `touch "$F/hung"`;
const SHARE = `share_state() { if [[ -e $F/hung ]]; then echo 'hangs: no answer within 10 s'; elif [[ -d $SHARE ]]; then echo ok; else echo 'cannot be read'; fi; }
  timeout() { if [[ -e $F/hung && "$*" == *"$SHARE"* ]]; then return 124; else command timeout "$@"; fi; }`;
const AGAIN = [
  "the beat ends",
  "the guard goes",
  "systemctl enable --quiet -- postgresql.service",
  "systemctl start -- postgresql.service",
];

test("a first setup that fails before the first link: beat and guard go, what ran starts again, then the epoch is released", () => {
  const { code, stdout, stderr, told } = become(
    FIRST,
    `${failing("sharedDataLinks")}; systemctl() { told "systemctl $*"; ! ls "$SHARE/.xcat-ha/epoch" | grep -q releas || told "released too early"; }`,
  );
  assert.equal(code, 20, stderr);
  assert.deepEqual(told, ["quiesce", "apply startGuard", "apply beat", "apply sharedDataLinks", ...AGAIN]);
  assert.match(stdout, /the first setup failed before anything was switched: what ran is started again/);
  assert.match(stdout, /owner lease: epoch 1 is released/);
});

for (const [title, gone] of [
  ["is gone", GONE],
  ["hangs", HUNG],
] as const)
  test(`a first setup that fails because the share ${title}: what ran starts again all the same; the lease stays`, () => {
    const { code, stdout, stderr, told } = become(FIRST, `${failing("sharedDataLinks", gone)}; ${SHARE}`);
    assert.equal(code, 20, stderr);
    assert.deepEqual(told, ["quiesce", "apply startGuard", "apply beat", "apply sharedDataLinks", ...AGAIN]);
    assert.match(stdout, /the owner lease stays with xcatmn1, and the next pulumi up goes on under it: .*share/);
    assert.match(stderr, /^error: sharedDataLinks failed\n/);
  });

test("a first setup that another order ends before the first link: what ran starts again, for the other order may be refused", () => {
  const { code, stderr, told } = become(FIRST, `apply_part() { told "apply $1"; touch "$RUN/supersede"; }`);
  assert.equal(code, 21, stderr);
  assert.deepEqual(told, ["quiesce", "apply startGuard", ...AGAIN]);
});

for (const [title, facts, spoil] of [
  ["a directory is linked", FIRST, `rmdir "$F/pgsql"; ln -s "$SHARE/pgsql" "$F/pgsql"`],
  ["a directory leads to the share by another name", FIRST, `rmdir "$F/pgsql"; ln -s "$SHARE/./pgsql" "$F/pgsql"`],
  ["the data directory below a local one does", FIRST, `ln -s "$SHARE/pgsql" "$F/pgsql/data"`],
  [
    "a directory stepped aside, and its link is not there yet",
    FIRST,
    `mkdir "$F/pgsql.bak"; echo "$F/pgsql $F/pgsql.bak" >"$F/records/aside"`,
  ],
] as const)
  test(`an activation that fails, ${title}: nothing is started, the guard and the beat stay`, () => {
    mkdirSync(at("share/pgsql"));
    const { code, stderr, told } = become(facts, failing("sharedDataLinks", spoil));
    assert.equal(code, 20, stderr);
    assert.deepEqual(told, ["quiesce", "apply startGuard", "apply beat", "apply sharedDataLinks"]);
  });

/** The other node stepped down for this one. */
const ACTIVATION = { role: "active", lease: "released", holder: "xcatmn2" };
const stepped = () => epoch(4, "xcatmn2", ["releasing", "released"]);
const UP = ["quiesce", ...PARTS.slice(PARTS.indexOf("ownerLease") + 1)];
const DOWN = [...TAKEN_BACK, "prove", ...PARTS.filter((part) => MANIFEST[part].standby === "after release")];
const failingActive = (part: string) =>
  `apply_part() { told "apply $1"; [[ $1/$ROLE != ${part}/active ]] || fail incomplete "$1 failed" "it is so" "again"; }`;
const words = (told: string[]) => told.map((line) => line.replace("apply ", ""));

test("becoming active: who has the VIP is asked behind the claim, while other parts are applied; a node that steps down asks nobody", () => {
  const ask = "virtualIp_ask_ahead() { told ask; }";
  stepped();
  const up = become(ACTIVATION, `${ask}; lease_claim() { told claim; }`);
  assert.equal(up.code, 0, up.stderr);
  assert.deepEqual(up.told.slice(0, 4), ["quiesce", "claim", "ask", "apply startGuard"]);
  epoch(5, "xcatmn1");
  const down = become({ role: "standby", ...MINE }, ask);
  assert.equal(down.code, 0, down.stderr);
  assert.ok(!down.told.slice(up.told.length).includes("ask"), down.told.join("\n"));
});

for (const part of ["sharedDataLinks", "virtualIp", "database", "network"])
  test(`an activation that fails at ${part}: what was started is stopped in reverse and proven, the epoch is released, and what to type is said`, () => {
    stepped();
    const { code, stdout, stderr, told } = become(ACTIVATION, failingActive(part));
    assert.equal(code, 20, stderr);
    assert.match(stderr, new RegExp(`^error: ${part} failed\n`));
    assert.deepEqual(words(told), [...UP.slice(0, UP.indexOf(part) + 1), ...DOWN]);
    assert.ok(existsSync(at(LEASE, "000005.releasing")) && existsSync(at(LEASE, "000005.released")));
    assert.match(stdout, /To go back: pulumi config set activeNode xcatmn2 on both stacks, .*To go on with xcatmn1: /);
  });

const STAYS: [what: string, facts: Facts, script: string, code: number, last: string][] = [
  ["behind the last service", ACTIVATION, failingActive("hostsSyncCron"), 20, "apply hostsSyncCron"],
  [
    "because another order came in, which decides anew",
    ACTIVATION,
    `apply_part() { told "apply $1"; [[ $1 != database ]] || touch "$RUN/supersede"; }`,
    21,
    "apply database",
  ],
  [
    "behind its own reboot: it gave nothing up",
    { role: "active", lease: "mine-rebooted", holder: "xcatmn1" },
    failingActive("database"),
    20,
    "apply database",
  ],
  ["under an epoch that it had", { role: "active", ...MINE }, failingActive("database"), 20, "apply database"],
];
for (const [what, facts, script, code, last] of STAYS)
  test(`an activation that ends ${what}: nothing is rolled back`, () => {
    if (facts.lease === "released") stepped();
    else epoch(4, "xcatmn1", [], facts.lease === "mine" ? BOOT : "another-boot");
    const done = become(facts, script);
    assert.equal(done.code, code, done.stderr);
    assert.equal(done.told.at(-1), last);
    assert.doesNotMatch(done.stdout, /rolled back/);
    assert.deepEqual(
      readdirSync(at(LEASE)).filter((name) => name.startsWith("000005.rel")),
      [],
    );
  });

test("a rollback that cannot be proven blocks: the epoch is not released, and what failed first is the answer", () => {
  stepped();
  const { code, stdout, stderr } = become(
    ACTIVATION,
    `${failingActive("database")}; prove_stopped() { fail blocked "it runs" "pid 1" "end it"; }`,
  );
  assert.equal(code, 20, stderr);
  assert.match(stderr, /^error: database failed\n[\s\S]*^error: it runs\n/m);
  assert.doesNotMatch(stdout, /rolled back/);
  assert.deepEqual(
    readdirSync(at(LEASE)).filter((name) => name.startsWith("000005")),
    ["000005.owner", "000005.releasing"],
  );
});

test("a takeover that fails is rolled back too, and nobody is told to go back to a dead node", () => {
  epoch(4, "xcatmn2");
  const { code, stdout, stderr } = become(
    { ...ACTIVATION, lease: "other", epoch: "4", takeover: "4", takeover_by: "fence", fence: "on", signs: "none" },
    `${failingActive("database")}; fence_peer() { :; }; silence_require() { :; }; lease_take_over() { cp "$SHARE/.xcat-ha/epoch/000004.owner" "$SHARE/.xcat-ha/epoch/000005.owner"; sed -i 's/xcatmn2/xcatmn1/; s/${"2".repeat(32)}/${"1".repeat(32)}/' "$SHARE/.xcat-ha/epoch/000005.owner"; }`,
  );
  assert.equal(code, 20, stderr);
  assert.match(stdout, /rolled back: .* xcatmn1\. To go on with xcatmn1: /);
  assert.ok(existsSync(at(LEASE, "000005.released")));
});

/** The parts behind the last service. */
const BEHIND = PARTS.slice(PARTS.indexOf("network") + 1);
const SERVES = "say: active and serving";
const TELLING = `say() { told "say: $*"; }; export_cluster_data() { told export; }; verify_after_activation() { told verify; }`;
const RUNS = "postgresql xcatd ";
const SERVING: [what: string, given: () => void, facts: Facts, line: RegExp, seconds: boolean][] = [
  [
    "after a step down of the other node",
    stepped,
    ACTIVATION,
    /^say: active and serving, \d+ s after the claim$/,
    true,
  ],
  [
    "after its own reboot",
    () => epoch(4, "xcatmn1", [], "another-boot"),
    { role: "active", lease: "mine-rebooted", holder: "xcatmn1" },
    /^say: active and serving, \d+ s after the claim$/,
    true,
  ],
  [
    "in a first setup for which it stopped",
    () => {},
    { ...FIRST, running: RUNS },
    /^say: active and serving; the services were down \d+ s$/,
    true,
  ],
  [
    "that a cut run had claimed: since when nothing runs is not known",
    () => epoch(4, "xcatmn1"),
    { role: "active", ...MINE, links: "some" },
    /^say: active and serving$/,
    true,
  ],
  [
    "of a pair built by hand, which runs on",
    () => {},
    { role: "active", lease: "none", database: "runs here", virtual_ip: "here", running: RUNS },
    /^say: active and serving$/,
    true,
  ],
  [
    "that was active already",
    () => epoch(4, "xcatmn1"),
    { role: "active", ...MINE, running: RUNS },
    /^say: active and serving$/,
    false,
  ],
];
for (const [what, given, facts, line, seconds] of SERVING)
  test(`a node that is active and serving says so behind the last service, before export and verification: ${what}`, () => {
    given();
    const { code, stderr, told } = become(facts, TELLING);
    assert.equal(code, 0, stderr);
    const index = told.findIndex((one) => one.startsWith(SERVES));
    assert.match(told[index], line);
    assert.equal(told[index - 1], "apply network");
    assert.deepEqual(told.slice(index + 1), [...BEHIND.map((part) => `apply ${part}`), "export", "verify"]);
    assert.equal(existsSync(at("records/seconds")), seconds);
  });

test("what a node waited for the lease is no time without service: it is not in what the next plan expects", () => {
  epoch(4, "xcatmn2");
  const { code, stderr } = become(
    { ...ACTIVATION, lease: "other", epoch: "4", handover: "60" },
    `${TELLING}; HANDOVER=60; { sleep 3; touch "$SHARE/.xcat-ha/epoch/000004.released"; } &`,
  );
  assert.equal(code, 0, stderr);
  assert.ok(Number(readFileSync(at("records/seconds"), "utf8")) < 3);
});

test("a node that steps down does not say that it serves", () => {
  epoch(4, "xcatmn1");
  const { code, stderr, told } = become({ role: "standby", ...MINE, running: RUNS }, TELLING);
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    told.filter((one) => one.startsWith(SERVES)),
    [],
  );
  assert.ok(told.includes("apply network"));
});
