import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MANIFEST, manifestText, type OnStandby, PARTS } from "../../components/manifest";
import { bash } from "../helpers/bash";

/** What is observed before a change of role; node/lib/plan/plan.sh says what each means. */
type Facts = Record<
  | "role"
  | "node"
  | "peer"
  | "share_path"
  | "share"
  | "system"
  | "lease"
  | "sentence"
  | "holder"
  | "links"
  | "shared"
  | "running"
  | "mounted"
  | "elsewhere"
  | "astray"
  | "unfit"
  | "peer_unfit"
  | "peer_untold"
  | "unlike"
  | "login"
  | "root_key"
  | "mount"
  | "missing"
  | "both"
  | "copy"
  | "needed"
  | "free"
  | "database"
  | "virtual_ip"
  | "mistakes"
  | "outage"
  | "vip"
  | "cfgloc"
  | "own_name"
  | "traps"
  | "traps_untold"
  | "dissolved"
  | "dissolving"
  | "frozen"
  | "tools"
  | "clock"
  | "clock_limit"
  | "stack"
  | "managed_by"
  | "lacking"
  | "static"
  | "static_address"
  | "owners"
  | "epoch"
  | "handover"
  | "takeover"
  | "takeover_by"
  | "takeover_reason"
  | "signs"
  | "apart"
  | "fence"
  | "by"
  | "from_console",
  string
>;

const LEASES = ["none", "released", "mine", "mine-releasing", "mine-rebooted", "other", "other-releasing"];

/** The plan of each situation, a line a step, from one bash, which is told what differs from the situation before. */
function plans(situations: Facts[]): string[][] {
  const quoted = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;
  const lines = situations.map((facts, index) => {
    const before: Partial<Facts> = situations[index - 1] ?? {};
    const changed = Object.entries(facts).filter(([fact, value]) => before[fact as keyof Facts] !== value);
    return [...changed.map(([fact, value]) => `FACT[${fact}]=${quoted(value)}`), "decide"].join("; ");
  });
  const { code, stdout, stderr } = bash(
    ["plan"],
    `mapfile -t MANIFEST <<'M'\n${manifestText()}\nM
     declare -A FACT=()
     decide() { local facts=\${FACT[*]}; plan; [[ \${FACT[*]} == "$facts" ]] || echo "plan changed a fact" >&2; echo ==; }
     source <(cat)`,
    lines.join("\n"),
  );
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  return stdout
    .split("==\n")
    .slice(0, -1)
    .map((plan) => plan.split("\n").slice(0, -1));
}

/** A step as people read it: "claim: reason", "apply network: reason"; a refusal over several lines. */
function readable(lines: string[]): string[] {
  return lines.flatMap((line) => {
    const [verb, argument, ...words] = line.split("\t");
    if (verb === "refuse") {
      const [seen, evidence, ...choices] = words;
      return [`refuse ${argument}: ${seen}`, `evidence: ${evidence}`, ...choices.map((choice) => `next: ${choice}`)];
    }
    return [`${argument === "-" ? verb : `${verb} ${argument}`}: ${words.join("\t")}`];
  });
}

/** The same without the reasons. */
const verbs = (lines: string[]) => lines.map((line) => line.split("\t").slice(0, 2).join(" ").replace(/ -$/, ""));

const apply = (reason: string, ...parts: string[]) => parts.map((part) => `apply ${part}: ${reason}`);

/** Behind the lease, which steps of its own take and give back. */
const ACTIVATED = PARTS.slice(PARTS.indexOf("ownerLease") + 1);
const onStandby = (does: OnStandby) => ACTIVATED.filter((part) => MANIFEST[part].standby === does);
const TAKEN_BACK = onStandby("take back").reverse();
const KEPT = onStandby("after release");

const prepare = "prepare sharedDataLinks: first setup: copy ahead while the services run";
const quiesce = "quiesce: the services start again under the owner lease, after about 14 s";
const verified = [
  "export begin: the cluster data, when everything serves again",
  "verify: every part, xcatprobe, and the cluster data against the export before",
];
const takeHosts =
  "hosts newest: /etc/hosts as the newest owner left it: makedns and makedhcp take addresses from nowhere else";
const activate = [takeHosts, ...apply("active, in the manifest's order", ...ACTIVATED), ...verified];
/** In a first setup. */
const activateFirst = ["hosts own: /etc/hosts of xcatmn1 is the truth in a first setup", ...activate.slice(1)];
const activateAgain = [takeHosts, ...apply("the owner lease is ours already", ...ACTIVATED), ...verified];
const exportFirst = "export begin: the cluster data as it is before the first change";
const exportLast = "export end: the cluster data, before anything stops";
const record = "record: how the services were found";
const takeBack = apply("taken back, in reverse order", ...TAKEN_BACK);
const prove = "prove: no managed service and no process with the data directory";
const keepHosts = "hosts keep: /etc/hosts, for the next owner";
const released = [keepHosts, "released: the other node may claim now"];
const stay = apply("as on every standby node", ...KEPT);

const RUNNING = "postgresql xcatd named ";

/** What lease_sentence says behind the time. */
const WHOSE: Record<string, string> = {
  "mine-rebooted": ", before its last boot",
  "mine-releasing": ", and being released",
  "other-releasing": ", and being released",
};

// The facts that every situation changes: xcatmn1, set up, its peer stepped down properly.
const BASE: Facts = {
  role: "active",
  node: "xcatmn1",
  peer: "xcatmn2",
  share_path: "/HA",
  share: "ok",
  system: "ok",
  lease: "released",
  sentence: "epoch 4 was released by xcatmn2",
  holder: "xcatmn2",
  links: "all",
  shared: "present",
  running: "",
  mounted: "",
  elsewhere: "",
  astray: "",
  unfit: "",
  peer_unfit: "",
  peer_untold: "",
  unlike: "",
  login: "",
  root_key: "",
  mount: "ok",
  missing: "",
  both: "",
  copy: "",
  needed: "0",
  free: "9000000",
  database: "",
  virtual_ip: "",
  mistakes: "",
  outage: "about 14 s",
  vip: "10.5.106.7",
  cfgloc: "Pg 10.5.106.7",
  own_name: "ok",
  traps: "",
  traps_untold: "",
  dissolved: "",
  dissolving: "",
  frozen: "",
  tools: "",
  clock: "ok",
  clock_limit: "10",
  stack: "xcat-ha/primary",
  managed_by: "xcat-ha/primary",
  lacking: "",
  static: "here",
  static_address: "10.5.106.70/8",
  owners: "",
  epoch: "4",
  handover: "",
  takeover: "",
  takeover_by: "",
  takeover_reason: "",
  signs: "",
  fence: "",
  apart: "",
  by: "program",
  from_console: "",
};

const FROZEN = "until 2026-11-27T05:00:00Z by xcatmn2: kernel update";
const NEVER_SET_UP = { lease: "none", holder: "", sentence: "no epoch exists yet", links: "none", shared: "absent" };
const HAND_BUILT = {
  ...NEVER_SET_UP,
  links: "all",
  shared: "present",
  running: RUNNING,
  database: "runs here",
  virtual_ip: "here",
};
const held = (lease: string, holder: string) => ({
  lease,
  holder,
  sentence: `epoch 4 is held by ${holder} since noon${WHOSE[lease] ?? ""}`,
});
const MINE = held("mine", "xcatmn1");
const REBOOTED = held("mine-rebooted", "xcatmn1");
const RELEASING = held("mine-releasing", "xcatmn1");
const THEIRS = held("other", "xcatmn2");
const THEY_RELEASE = held("other-releasing", "xcatmn2");
const ROLLED_BACK = { holder: "xcatmn1", sentence: "epoch 1 was released by xcatmn1", links: "none" };
const STANDBY = { role: "standby" };
/** The other node is dead, and a person or the fence says so. */
const TAKEOVER = { ...THEIRS, takeover: "4", takeover_reason: "power supply burnt", signs: "none" };
const BY_FENCE = { ...TAKEOVER, takeover_by: "fence", fence: "on" };
const BY_WORD = { ...TAKEOVER, takeover_by: "confirmation", copy: "/HA/pgsql (34M)" };
/** A takeover by a word that was cut behind its claim. */
const APART = { ...held("mine", "xcatmn1"), apart: "3" };
const USED_UP = { takeover: "3", takeover_by: "fence", takeover_reason: "power supply burnt" };
const theyHold = [
  "next: let xcatmn2 step down: pulumi config set activeNode xcatmn1 and pulumi up on the stack of xcatmn2, then here again",
  "next: where xcatmn2 should stay active: pulumi config set activeNode xcatmn2 here",
  "next: where xcatmn2 is dead: docs/failover.md, The active node is dead (takeover.epoch 4)",
];
const switchFrom = (epoch: number) =>
  `switch ${epoch}: PostgreSQL starts on the copy of its directory; the one of epoch ${epoch} stays beside it`;
const asked = "asked: SSH, ARP for its address and for the VIP, its beat";

const noteMount = (mount: string) =>
  `note warning: /HA on xcatmn1 ${mount}: what runs so already is not stopped for it; findmnt -T /HA`;
const noteRootKey =
  "note warning: the compute nodes would not let root of xcatmn1 in: xdsh and what else xCAT does by SSH; a failover does not wait for that";
const noteAstray =
  "note warning: the database is not whole in its directory, as xcatmn1 sees it: /HA/pgsql/data/pg_wal leads to /fast/pg_wal: the other node may lack it; a failover does not wait for that";

const noteUnlike =
  "note warning: the nodes are not alike: xCAT's version is 2.16.5 on xcatmn1 and 2.17.0 on xcatmn2: no change of role waits for that; make them the same";

const SITUATIONS: [situation: string, facts: Partial<Facts>, ...plan: string[]][] = [
  // Becoming active
  [
    "first setup of a node whose services run",
    { ...NEVER_SET_UP, running: RUNNING },
    exportFirst,
    prepare,
    `${quiesce}: now running ${RUNNING}`,
    "claim: no epoch exists yet",
    ...activateFirst,
  ],
  [
    "first setup of a node whose services are stopped",
    NEVER_SET_UP,
    exportFirst,
    prepare,
    quiesce,
    "claim: no epoch exists yet",
    ...activateFirst,
  ],
  [
    "first setup again, after one that was rolled back before the copy",
    { ...ROLLED_BACK, shared: "absent", running: RUNNING },
    prepare,
    `${quiesce}: now running ${RUNNING}`,
    "claim: epoch 1 was released by xcatmn1",
    ...activateFirst,
  ],
  [
    "first setup again, after one that was rolled back while it placed the directories",
    { ...ROLLED_BACK, shared: "partial", running: RUNNING },
    prepare,
    `${quiesce}: now running ${RUNNING}`,
    "claim: epoch 1 was released by xcatmn1",
    ...activateFirst,
  ],
  [
    "first setup, cut after the claim",
    { ...MINE, links: "none", shared: "absent" },
    prepare,
    quiesce,
    ...activateFirst,
  ],
  [
    "first setup, cut while it placed the directories",
    { ...MINE, links: "none", shared: "partial" },
    prepare,
    quiesce,
    ...activateFirst,
  ],
  [
    "first setup, cut between two links",
    { ...MINE, links: "some", shared: "partial" },
    prepare,
    quiesce,
    ...activateFirst,
  ],
  [
    "first setup, cut between two links by a reboot",
    { ...REBOOTED, links: "some", shared: "partial" },
    prepare,
    quiesce,
    "claim: epoch 4 is held by xcatmn1 since noon, before its last boot",
    ...activateFirst,
  ],
  ["first setup, cut behind the links", { ...MINE, links: "all" }, ...activateAgain],
  ["the owner again", { ...MINE, running: RUNNING }, ...activateAgain],
  [
    "the owner, one of whose links became a directory",
    { ...MINE, links: "some", running: RUNNING },
    `${quiesce}: now running ${RUNNING}`,
    ...activate,
  ],
  [
    "the owner was rebooted",
    REBOOTED,
    quiesce,
    "claim: epoch 4 is held by xcatmn1 since noon, before its last boot",
    ...activate,
  ],
  [
    "the owner was rebooted and somebody started services by hand",
    { ...REBOOTED, running: "named " },
    `${quiesce}: now running named `,
    "claim: epoch 4 is held by xcatmn1 since noon, before its last boot",
    ...activate,
  ],
  [
    "its own release was begun and cut, and it should be active after all",
    RELEASING,
    quiesce,
    "claim: epoch 4 is held by xcatmn1 since noon, and being released",
    ...activate,
  ],
  [
    "its own release was finished, and it should be active again",
    { holder: "xcatmn1", sentence: "epoch 4 was released by xcatmn1" },
    quiesce,
    "claim: epoch 4 was released by xcatmn1",
    ...activate,
  ],
  ["planned failover: the other node stepped down", {}, quiesce, "claim: epoch 4 was released by xcatmn2", ...activate],
  [
    "planned failover: the other node is just stepping down",
    THEY_RELEASE,
    quiesce,
    "claim: epoch 4 is held by xcatmn2 since noon, and being released",
    ...activate,
  ],
  [
    "failover to a node that was never linked",
    { links: "none" },
    quiesce,
    "claim: epoch 4 was released by xcatmn2",
    ...activate,
  ],

  // The clock, before a new epoch
  [
    "the clock is far off",
    { clock: "off" },
    "prepare clockSource: the clock is off by more than 10 s: it is stepped",
    quiesce,
    "claim: epoch 4 was released by xcatmn2",
    ...activate,
  ],
  [
    "how far the clock is off is not known",
    { clock: "unknown" },
    quiesce,
    "claim: epoch 4 was released by xcatmn2",
    ...activate,
    "note warning: no time source answers: how far the clock of xcatmn1 is off is not known: a failover does not wait for a time server",
  ],
  ["the owner again, whose clock is off", { ...MINE, clock: "stepped", running: RUNNING }, ...activateAgain],
  [
    "the owner steps down, whose clock is off",
    { ...STANDBY, ...MINE, clock: "stepped", running: RUNNING },
    `${record}: now running ${RUNNING}`,
    exportLast,
    "release: epoch 4 is held by xcatmn1 since noon",
    ...takeBack,
    prove,
    ...released,
    ...stay,
  ],

  // Becoming or staying standby
  ["standby, first time", { ...STANDBY, ...THEIRS, links: "none" }, record, ...takeBack, prove, ...stay],
  ["standby again", { ...STANDBY, ...THEIRS }, record, ...takeBack, prove, ...stay],
  [
    "standby on which somebody started services by hand",
    { ...STANDBY, ...THEIRS, running: RUNNING },
    `${record}: now running ${RUNNING}`,
    ...takeBack,
    prove,
    ...stay,
  ],
  ["standby while nobody is active", STANDBY, record, ...takeBack, prove, ...stay],
  [
    "planned failover: the owner steps down",
    { ...STANDBY, ...MINE, running: RUNNING },
    `${record}: now running ${RUNNING}`,
    exportLast,
    "release: epoch 4 is held by xcatmn1 since noon",
    ...takeBack,
    prove,
    ...released,
    ...stay,
  ],
  [
    "stepping down goes on after it was cut",
    { ...STANDBY, ...RELEASING },
    record,
    "release: epoch 4 is held by xcatmn1 since noon, and being released",
    ...takeBack,
    prove,
    ...released,
    ...stay,
  ],
  [
    "the owner steps down after a reboot",
    { ...STANDBY, ...REBOOTED },
    record,
    "release: epoch 4 is held by xcatmn1 since noon, before its last boot",
    ...takeBack,
    prove,
    ...released,
    ...stay,
  ],
  [
    "the owner steps down although a directory on the share is gone",
    { ...STANDBY, ...MINE, shared: "partial" },
    record,
    "release: epoch 4 is held by xcatmn1 since noon",
    ...takeBack,
    prove,
    ...released,
    ...stay,
  ],

  // Refusals
  [
    "flipped first: the other node is active",
    { ...THEIRS },
    "refuse held: xcatmn1 should be active, but epoch 4 is held by xcatmn2 since noon; nothing was touched",
    "evidence: the newest epoch names xcatmn2",
    ...theyHold,
  ],
  // Taken at the console, while the stacks' config says otherwise
  [
    "a stale config calls the owner a standby node, which became active at its console",
    { ...STANDBY, ...MINE, from_console: "yes", running: RUNNING },
    "refuse held: xcatmn1 became the active node at its console, and the stack's config calls it a standby node; expected a config that has named it once before it steps down; nothing was touched",
    "evidence: epoch 4 is held by xcatmn1 since noon",
    "next: pulumi config set activeNode xcatmn1 on both stacks, then pulumi up on the stack of xcatmn1: from then on a flip steps it down",
    "next: at its console: xcat-ha become standby",
  ],
  [
    "the same order at its console",
    { ...STANDBY, ...MINE, from_console: "yes", by: "console", running: RUNNING },
    `${record}: now running ${RUNNING}`,
    exportLast,
    "release: epoch 4 is held by xcatmn1 since noon",
    ...takeBack,
    prove,
    ...released,
    ...stay,
  ],
  ["a config that names it", { ...MINE, from_console: "yes", running: RUNNING }, ...activateAgain],
  // Started before the other node steps down
  [
    "handover: its release is waited for, and nothing is applied before",
    { ...THEIRS, handover: "600" },
    quiesce,
    "claim handover: epoch 4 is held by xcatmn2 since noon; its release is waited for, for at most 600 s",
    ...activate,
  ],
  [
    "handover from a node that has begun its release",
    { ...THEY_RELEASE, handover: "600" },
    quiesce,
    "claim handover: epoch 4 is held by xcatmn2 since noon, and being released; its release is waited for, for at most 600 s",
    ...activate,
  ],
  [
    "handover while the database has yet to step aside for its copy",
    { ...THEIRS, handover: "600", apart: "3" },
    "refuse held: xcatmn1 should be active, but epoch 4 is held by xcatmn2 since noon; nothing was touched",
    "evidence: the newest epoch names xcatmn2",
    ...theyHold,
  ],
  [
    "handover while the pair is frozen",
    { ...THEIRS, handover: "600", frozen: FROZEN },
    `refuse refused: the pair is frozen ${FROZEN}; expected no change of role meanwhile; nothing was touched`,
    "evidence: /HA/.xcat-ha/frozen; epoch 4 is held by xcatmn2 since noon",
    "next: wait for its end, then the same command again",
    "next: where nobody works on xcatmn2 any more: xcat-ha thaw on either node, then the same command again",
  ],
  // The other node is dead
  [
    "takeover with a fence",
    BY_FENCE,
    `note takeover: epoch 4 is held by xcatmn2 since noon; signs of life of xcatmn2: none: ${asked}`,
    "fence: /etc/xcat-ha.fence off xcatmn2, which is on now; then read back, twice",
    "judge: what of xcatmn2 still answers then is a refusal",
    quiesce,
    "claim takeover: epoch 4 of xcatmn2 is overridden, by the fence: power supply burnt",
    ...activate,
  ],
  [
    "takeover with a fence of a node that hangs: what answers now must not answer behind the fence",
    { ...BY_FENCE, signs: "xcatmn2, 10.5.106.5, answers: Unicast reply" },
    `note takeover: epoch 4 is held by xcatmn2 since noon; signs of life of xcatmn2: xcatmn2, 10.5.106.5, answers: Unicast reply: ${asked}`,
    "fence: /etc/xcat-ha.fence off xcatmn2, which is on now; then read back, twice",
    "judge: what of xcatmn2 still answers then is a refusal",
    quiesce,
    "claim takeover: epoch 4 of xcatmn2 is overridden, by the fence: power supply burnt",
    ...activate,
  ],
  [
    "takeover by a person's word, of a node that died while it stepped down",
    { ...BY_WORD, ...THEY_RELEASE },
    `note takeover: epoch 4 is held by xcatmn2 since noon, and being released; signs of life of xcatmn2: none: ${asked}`,
    "copy: the database: /HA/pgsql (34M). Should xcatmn2 live after all, it writes on in the one that it has open, and not where xcatmn1 works",
    quiesce,
    "claim takeover: epoch 4 of xcatmn2 is overridden, by a person's word: power supply burnt",
    switchFrom(4),
    ...activate,
  ],
  ["takeover by a person's word, cut behind the claim", APART, quiesce, switchFrom(3), ...activate],
  [
    "takeover by a person's word, cut behind the claim by the power",
    { ...APART, ...held("mine-rebooted", "xcatmn1") },
    quiesce,
    "claim: epoch 4 is held by xcatmn1 since noon, before its last boot",
    switchFrom(3),
    ...activate,
  ],
  [
    "takeover by a person's word, and no room for the copy",
    { ...BY_WORD, needed: "34816", free: "20480" },
    "refuse misconfigured: /HA has 20M free; the directories of xcatmn1 need 34M: /HA/pgsql (34M)",
    "evidence: du of each directory, df /HA",
    "next: make room on /HA, then run the same command again",
  ],
  [
    "takeover by a person's word, and the node lives",
    { ...BY_WORD, signs: "the beat of xcatmn2 moves on the shared data: 7 a, then 8 a" },
    "refuse refused: xcatmn2 shows signs of life; expected none of a node that is powered off; nothing was touched",
    "evidence: the beat of xcatmn2 moves on the shared data: 7 a, then 8 a",
    "next: let xcatmn2 step down where it runs: pulumi up on its stack",
    "next: where it hangs: power it off, then the same command again",
  ],
  [
    "takeover with a fence that is not there",
    { ...BY_FENCE, fence: "absent" },
    "refuse misconfigured: there is no /etc/xcat-ha.fence on xcatmn1; expected the command that switches xcatmn2 off; nothing was touched",
    "evidence: stat /etc/xcat-ha.fence",
    "next: docs/failover.md, A fence, says what it must do",
    "next: power xcatmn2 off by hand, and takeover.confirm instead of takeover.fence",
  ],
  [
    "takeover with a fence that cannot say whether the node is on",
    { ...BY_FENCE, fence: "/etc/xcat-ha.fence status xcatmn2 failed: no route to the BMC" },
    "refuse misconfigured: the fence does not say whether xcatmn2 is on; expected /etc/xcat-ha.fence status xcatmn2 to print on or off; nothing was touched",
    "evidence: /etc/xcat-ha.fence status xcatmn2 failed: no route to the BMC",
    "next: make it work on xcatmn1",
    "next: power xcatmn2 off by hand, and takeover.confirm instead of takeover.fence",
  ],
  [
    "the owner again, with the takeover still in the stack config",
    { ...MINE, ...USED_UP, running: RUNNING },
    "note the takeover of epoch 3 in the stack config is used up, and changes nothing: epoch 4 is held by xcatmn1 since noon",
    ...activateAgain,
  ],
  [
    "the other node is active again, with the takeover of a former epoch still in the stack config",
    { ...THEIRS, ...USED_UP },
    "refuse held: xcatmn1 should be active, but epoch 4 is held by xcatmn2 since noon. The takeover of epoch 3 in the stack config is used up; nothing was touched",
    "evidence: the newest epoch names xcatmn2",
    ...theyHold,
  ],
  [
    "a takeover of an epoch that does not exist yet",
    { ...BY_WORD, takeover: "5", signs: "" },
    "refuse held: xcatmn1 should be active, but epoch 4 is held by xcatmn2 since noon. The stack config orders a takeover of epoch 5, which does not exist; nothing was touched",
    "evidence: the newest epoch names xcatmn2",
    ...theyHold,
  ],
  // A pair that was built by hand from the manual
  [
    "the node that runs a pair built by hand: nothing is stopped",
    HAND_BUILT,
    `note a pair built by hand is taken over: ${RUNNING.trim()} go on running: what differs is corrected`,
    exportFirst,
    "claim: no epoch exists yet",
    ...activate,
  ],
  [
    "the same with the manual's mistakes",
    { ...HAND_BUILT, mistakes: "listen_addresses has 10.5.105.5, which is no address of this pair" },
    `note a pair built by hand is taken over: ${RUNNING.trim()} go on running: what differs is corrected`,
    "note the manual's mistakes found: listen_addresses has 10.5.105.5, which is no address of this pair: they are corrected, but for what is said to stay",
    exportFirst,
    "claim: no epoch exists yet",
    ...activate,
  ],
  [
    "three directories as the manual shows, two are still local: they are copied, nothing is stopped",
    { ...HAND_BUILT, links: "some", shared: "partial", copy: "/install (2.0M), /root/.xcat (64K)", needed: "2112" },
    `note a pair built by hand is taken over: ${RUNNING.trim()} go on running: what differs is corrected`,
    exportFirst,
    `${prepare}: /install (2.0M), /root/.xcat (64K); 8.6G are free on /HA`,
    "claim: no epoch exists yet",
    ...activateFirst,
  ],
  [
    "only the database is still local: the services stop for its move",
    { ...HAND_BUILT, links: "some", shared: "partial", copy: "/var/lib/pgsql (2.0M)", needed: "2048" },
    `note a pair built by hand is taken over: ${RUNNING.trim()} go on running: what differs is corrected`,
    exportFirst,
    `${prepare}: /var/lib/pgsql (2.0M); 8.6G are free on /HA`,
    `quiesce: the data on which they work is moved, for about 14 s: now running ${RUNNING}`,
    "claim: no epoch exists yet",
    ...activateFirst,
  ],
  [
    "a pair built by hand of which nothing runs",
    { ...HAND_BUILT, running: "", database: "shut down", virtual_ip: "free" },
    "note a pair built by hand is taken over: nothing runs yet: what differs is corrected",
    exportFirst,
    "claim: no epoch exists yet",
    ...activate,
  ],
  [
    "the node of a pair built by hand that does not run it",
    { ...HAND_BUILT, running: "", database: "in production", virtual_ip: "reply from 10.5.106.7" },
    "refuse refused: xcatmn1 does not run the database on /HA, and it was not shut down: in production; expected to take over the node that runs it, or a database that nobody runs",
    "evidence: pg_controldata says 'in production', no process of xcatmn1 has the data directory; VIP: reply from 10.5.106.7",
    "next: make xcatmn2 active first if it runs there: pulumi config set activeNode xcatmn2 on both stacks",
    "next: stop it there",
  ],
  [
    "another machine has the VIP of a pair built by hand",
    {
      ...HAND_BUILT,
      running: "",
      database: "shut down",
      virtual_ip: "Unicast reply from 10.5.106.7 [02:00:00:00:00:02]",
    },
    "refuse refused: another machine answers for the VIP; expected xcatmn1 to have it, or nobody",
    "evidence: arping: Unicast reply from 10.5.106.7 [02:00:00:00:00:02]",
    "next: make the node active first that has it",
    "next: take it away there: ip addr del",
  ],
  [
    "the manual's mv that fails: the database is local, and an old copy is on the share",
    { ...HAND_BUILT, links: "some", both: "/var/lib/pgsql", mistakes: "/var/lib/pgsql/pgsql is a link" },
    "refuse refused: /var/lib/pgsql is a local directory of xcatmn1, and on /HA too, made by no epoch of ours; expected one of them",
    "evidence: /var/lib/pgsql/pgsql is a link",
    "next: where the local one is the truth: mv the one on /HA aside, then run the same command again",
    "next: where the one on /HA is: stop the services, mv the local one aside and ln -s, then run the same command again",
    "next: make the node active whose links are in place",
  ],
  [
    "directories of somebody else on the share",
    { ...NEVER_SET_UP, shared: "partial" },
    "refuse refused: the shared data already holds directories (partial) that no epoch of ours made and that xcatmn1 does not link; expected none before the first setup",
    "evidence: links on xcatmn1: none",
    "next: move them away on the share",
    "next: make the node active first that links them",
  ],
  [
    "a pair that was dissolved: what the share holds is old",
    { links: "none", dissolved: "xcatmn1 2026-11-23T03:00:00Z" },
    "refuse refused: the pair was dissolved: xcatmn1 took the data back at 2026-11-23T03:00:00Z, and what /HA holds is old; nothing was touched",
    "evidence: /HA/.xcat-ha/dissolved",
    "next: to make a pair again, put the old data away first: cd /HA && mkdir old-2026-11-23T03:00:00Z && mv xcat install .xcat pgsql tftpboot .xcat-ha/dissolved old-2026-11-23T03:00:00Z/; then pulumi up on the stack of xcatmn1",
  ],
  [
    "a pair that was dissolved, by a run that was cut before the own directories were in place",
    { links: "some", dissolved: "xcatmn1 2026-11-23T03:00:00Z", ...RELEASING, dissolving: "yes" },
    "refuse refused: the pair was dissolved: xcatmn1 took the data back at 2026-11-23T03:00:00Z, and what /HA holds is old; nothing was touched",
    "evidence: /HA/.xcat-ha/dissolved",
    "next: run pulumi destroy on the stack of xcatmn1 again: it goes on",
  ],
  ...["active", "standby"].map((role): [string, Partial<Facts>, ...string[]] => [
    `the other node dissolves the pair, and this one should be ${role}`,
    { ...THEY_RELEASE, role, dissolving: "yes" },
    "refuse held: the pair is being dissolved: epoch 4 is held by xcatmn2 since noon, and being released; nothing was touched",
    "evidence: the newest epoch in /HA/.xcat-ha/epoch",
    "next: wait for the pulumi destroy of xcatmn2",
    "next: where it was cut: run pulumi destroy on the stack of xcatmn2 again",
    "next: to keep the pair instead: pulumi up on the stack of xcatmn2",
  ]),
  [
    "its own dissolving was begun and cut, and the pair should stay",
    { ...RELEASING, dissolving: "yes" },
    quiesce,
    "claim: epoch 4 is held by xcatmn1 since noon, and being released",
    ...activate,
  ],
  ...(
    [
      ["the other node steps down for it", THEY_RELEASE],
      ["the other node is active", THEIRS],
      ["the other node has stepped down", {}],
      ["it should step down", { role: "standby", ...MINE }],
      ["it should step down, behind a reboot", { role: "standby", ...REBOOTED }],
    ] as [string, Partial<Facts>][]
  ).map(([what, facts]): [string, Partial<Facts>, ...string[]] => [
    `a pair that is frozen: ${what}`,
    { ...facts, frozen: FROZEN },
    `refuse refused: the pair is frozen ${FROZEN}; expected no change of role meanwhile; nothing was touched`,
    `evidence: /HA/.xcat-ha/frozen; ${facts.sentence ?? BASE.sentence}`,
    `next: wait for its end, then the same command again`,
    `next: where nobody works on ${facts.holder ?? BASE.holder} any more: xcat-ha thaw on either node, then the same command again`,
  ]),
  ["a pair that is frozen: its owner goes on", { ...MINE, frozen: FROZEN }, ...activateAgain],
  [
    "a pair that is frozen: its owner was rebooted, and takes up again where it was",
    { ...REBOOTED, frozen: FROZEN },
    quiesce,
    `claim: ${REBOOTED.sentence}`,
    ...activate,
  ],
  [
    "a pair that is frozen: a standby node stays one",
    { role: "standby", ...THEIRS, frozen: FROZEN },
    record,
    ...takeBack,
    prove,
    ...stay,
  ],
  [
    "back from an activation that failed",
    { role: "rollback", ...MINE },
    "release: the activation failed",
    ...takeBack,
    prove,
    keepHosts,
    "released: either node may claim now",
    ...stay,
  ],
  // What stands in the way of a link
  [
    "a directory that is a mount point",
    { ...NEVER_SET_UP, mounted: "/install" },
    "refuse misconfigured: these are mount points on xcatmn1: /install; expected directories that can step aside for links to /HA",
    "evidence: findmnt /install on xcatmn1",
    "next: umount them and take them out of /etc/fstab on xcatmn1, then run the same command again",
  ],
  [
    "a mount point on a standby node",
    { ...STANDBY, ...THEIRS, links: "some", mounted: "/install, /tftpboot" },
    "refuse misconfigured: these are mount points on xcatmn1: /install, /tftpboot; expected directories that can step aside for links to /HA",
    "evidence: findmnt /install /tftpboot on xcatmn1",
    "next: umount them and take them out of /etc/fstab on xcatmn1, then run the same command again",
  ],
  [
    "a directory that is a link to somewhere else before the first setup",
    { ...NEVER_SET_UP, elsewhere: "/install -> /data/install" },
    "refuse misconfigured: these are links to somewhere else on xcatmn1: /install -> /data/install; expected directories, or links into /HA by its own names",
    "evidence: readlink of each on xcatmn1",
    "next: stop the services, move the data to where the link should point, make the link anew with ln -sfn, then run the same command again",
  ],
  [
    "a share of NFS that gives up",
    { ...NEVER_SET_UP, mount: "is mounted with soft: what a slow server does not take in time is lost" },
    "refuse misconfigured: /HA on xcatmn1 is mounted with soft: what a slow server does not take in time is lost; expected a network or cluster file system that both nodes write, at its own mount point, of NFS hard, with locks and caches of at most a minute; nothing was touched",
    "evidence: findmnt -T /HA",
    "next: correct it in /etc/fstab on xcatmn1 (of NFS: hard, without nolock, local_lock, nocto and a long actimeo), umount and mount /HA, then run the same command again",
  ],
  ...(["is mounted with soft: lost", "is mounted with nolock: a lock"] as const).map(
    (mount): [string, Partial<Facts>, ...string[]] => [
      `a failover of a linked pair, where the share ${mount}`,
      { mount },
      noteMount(mount),
      quiesce,
      "claim: epoch 4 was released by xcatmn2",
      ...activate,
    ],
  ),
  [
    "a failover of a linked pair, where the share is a local disk",
    { mount: "is xfs on /dev/sdb, which one node alone may have mounted" },
    "refuse misconfigured: /HA on xcatmn1 is xfs on /dev/sdb, which one node alone may have mounted; expected a network or cluster file system that both nodes write, at its own mount point, of NFS hard, with locks and caches of at most a minute; nothing was touched",
    "evidence: findmnt -T /HA",
    "next: correct it in /etc/fstab on xcatmn1 (of NFS: hard, without nolock, local_lock, nocto and a long actimeo), umount and mount /HA, then run the same command again",
  ],
  [
    "a node that still runs services goes down, whatever its mount and its PostgreSQL",
    { ...STANDBY, ...THEIRS, running: RUNNING, mount: "is mounted with soft: lost", unfit: "another uid" },
    noteMount("is mounted with soft: lost"),
    "note warning: PostgreSQL of xcatmn1 cannot run the database of the pair: another uid: that keeps nobody from stepping down",
    `${record}: now running ${RUNNING}`,
    ...takeBack,
    prove,
    ...stay,
  ],
  [
    "a link of the database that leads out: a standby node's preview says it",
    { ...STANDBY, ...THEIRS, astray: "/HA/pgsql/data/pg_wal leads to /fast/pg_wal" },
    noteAstray,
    record,
    ...takeBack,
    prove,
    ...stay,
  ],
  [
    "a link of the database that leads out: a failover says it and goes on",
    { astray: "/HA/pgsql/data/pg_wal leads to /fast/pg_wal" },
    noteAstray,
    quiesce,
    "claim: epoch 4 was released by xcatmn2",
    ...activate,
  ],
  [
    "root's key is none that the compute nodes get: a standby node's preview says it",
    { ...STANDBY, ...THEIRS, root_key: "the compute nodes would not let root of xcatmn1 in" },
    noteRootKey,
    record,
    ...takeBack,
    prove,
    ...stay,
  ],
  [
    "root's key is none that the compute nodes get: a failover says it and goes on",
    { root_key: "the compute nodes would not let root of xcatmn1 in" },
    noteRootKey,
    quiesce,
    "claim: epoch 4 was released by xcatmn2",
    ...activate,
  ],
  [
    "a standby node that joins, whose PostgreSQL is of another version",
    {
      ...STANDBY,
      ...THEIRS,
      links: "none",
      unfit: "the database is of PostgreSQL 15, and xcatmn1 has postgres (PostgreSQL) 13.9",
    },
    "refuse misconfigured: PostgreSQL of xcatmn1 cannot run the database of the pair: the database is of PostgreSQL 15, and xcatmn1 has postgres (PostgreSQL) 13.9; expected the same major version and uid on both nodes; nothing was touched",
    "evidence: PG_VERSION and owner of the data directory on /HA; postgres -V and id -u postgres on xcatmn1",
    "next: install the same major version of PostgreSQL on xcatmn1, then run the same command again",
    "next: give its user the same uid there (usermod -u, and chown of its files), then run the same command again",
  ],
  [
    "a node that takes over, whose PostgreSQL is of another version",
    {
      ...BY_WORD,
      takeover_by: "confirmation",
      unfit: "the database is of PostgreSQL 15, and xcatmn1 has postgres (PostgreSQL) 13.9",
    },
    "refuse misconfigured: PostgreSQL of xcatmn1 cannot run the database of the pair: the database is of PostgreSQL 15, and xcatmn1 has postgres (PostgreSQL) 13.9; expected the same major version and uid on both nodes; nothing was touched",
    "evidence: PG_VERSION and owner of the data directory on /HA; postgres -V and id -u postgres on xcatmn1",
    "next: install the same major version of PostgreSQL on xcatmn1, then run the same command again",
    "next: give its user the same uid there (usermod -u, and chown of its files), then run the same command again",
  ],
  [
    "stepping down, while the other node could not go on: nothing stops",
    {
      ...STANDBY,
      ...MINE,
      running: RUNNING,
      peer_unfit: "the database is of PostgreSQL 15, and xcatmn2 has no server",
    },
    "refuse misconfigured: xcatmn2 cannot run the database of the pair: the database is of PostgreSQL 15, and xcatmn2 has no server; expected a node that can before xcatmn1 steps down; nothing was touched",
    "evidence: /HA/.xcat-ha/nodes/xcatmn2, as the watch of xcatmn2 wrote it last",
    "next: correct it on xcatmn2; half a minute later the same command again",
    "next: to stop the services although no node could go on: systemctl stop xcat-ha-watch.timer on xcatmn2, rm /HA/.xcat-ha/nodes/xcatmn2, then the same command again",
  ],
  ...(["mine-releasing", "mine-rebooted"] as const).map((lease): [string, Partial<Facts>, ...string[]] => [
    `a step down that has begun or stops nothing (${lease}) goes on, whatever the other node has`,
    { ...STANDBY, ...held(lease, "xcatmn1"), peer_unfit: "another uid" },
    record,
    `release: epoch 4 is held by xcatmn1 since noon${WHOSE[lease] ?? ""}`,
    ...takeBack,
    prove,
    ...released,
    ...stay,
  ]),
  [
    "stepping down, while it cannot be told whether the other node could go on: it may be dead",
    { ...STANDBY, ...MINE, running: RUNNING, peer_untold: "xcatmn2 has not written /HA/.xcat-ha/nodes/xcatmn2" },
    "note warning: whether xcatmn2 has what xcatmn1 has, and could run the database, cannot be told: xcatmn2 has not written /HA/.xcat-ha/nodes/xcatmn2: that keeps nobody from stepping down",
    `${record}: now running ${RUNNING}`,
    exportLast,
    "release: epoch 4 is held by xcatmn1 since noon",
    ...takeBack,
    prove,
    ...released,
    ...stay,
  ],
  [
    "stepping down, while the other node has another xCAT",
    { ...STANDBY, ...MINE, unlike: "xCAT's version is 2.16.5 on xcatmn1 and 2.17.0 on xcatmn2" },
    noteUnlike,
    record,
    "release: epoch 4 is held by xcatmn1 since noon",
    ...takeBack,
    prove,
    ...released,
    ...stay,
  ],
  [
    "a node that joins with another xCAT than the owner's",
    { ...STANDBY, ...THEIRS, links: "none", unlike: "xCAT's version is 2.16.5 on xcatmn1 and 2.17.0 on xcatmn2" },
    noteUnlike,
    record,
    ...takeBack,
    prove,
    ...stay,
  ],
  [
    "a failover to a node with another xCAT",
    { unlike: "xCAT's version is 2.16.5 on xcatmn1 and 2.17.0 on xcatmn2" },
    noteUnlike,
    quiesce,
    "claim: epoch 4 was released by xcatmn2",
    ...activate,
  ],
  [
    "a part of the database that would stay behind",
    { ...NEVER_SET_UP, astray: "/var/lib/pgsql/data/pg_wal leads to /fast/pg_wal" },
    "refuse misconfigured: the database of xcatmn1 is not whole in its directory: /var/lib/pgsql/data/pg_wal leads to /fast/pg_wal; expected all of it there, which goes to /HA; nothing was touched",
    "evidence: systemctl cat of PostgreSQL's unit, its data_directory, and the links in its directory on xcatmn1",
    "next: stop xcatd and PostgreSQL on xcatmn1, move what is named to where it is expected (in the place of its link), correct the unit or the setting, start both, then run the same command again",
  ],
  [
    "rules of the site that leave xCAT no login",
    { login: "/var/lib/pgsql/data/pg_hba.conf, 10.5.106.7: sslmode=require in cfgloc, and ssl = off" },
    "refuse misconfigured: xCAT of xcatmn1 could not log in to its database: /var/lib/pgsql/data/pg_hba.conf, 10.5.106.7: sslmode=require in cfgloc, and ssl = off; expected a way for it from each address of the pair; nothing was touched",
    "evidence: the unit, the configuration and pg_hba.conf of PostgreSQL, and /etc/xcat/cfgloc on xcatmn1",
    "next: correct what is named, or what goes with it (ssl = on, sslmode, sslcert), then run the same command again",
  ],
  [
    "a node without a database",
    { ...NEVER_SET_UP, missing: "/tftpboot, /var/lib/pgsql" },
    "refuse misconfigured: /tftpboot, /var/lib/pgsql is not on xcatmn1; expected a management node that runs xCAT on PostgreSQL",
    "evidence: neither on xcatmn1 nor on /HA",
    "next: install xCAT and run pgsqlsetup on xcatmn1",
    "next: make the node active first that has the data",
  ],
  // What makes xCAT's own steps fail half way
  [
    "no cfgloc: xcatd would make an empty SQLite database",
    { cfgloc: "missing" },
    "refuse misconfigured: there is no /etc/xcat/cfgloc, neither on xcatmn1 nor on /HA; expected the line that leads xCAT to PostgreSQL: without it xcatd makes an empty SQLite database",
    "evidence: /etc/xcat/cfgloc and /HA/xcat/cfgloc",
    "next: install xCAT and run pgsqlsetup on xcatmn1",
    "next: make the node active first that has the data",
  ],
  [
    "xCAT on another database",
    { ...NEVER_SET_UP, cfgloc: "mysql" },
    "refuse misconfigured: xCAT's database is of another kind, 'mysql'; expected PostgreSQL",
    "evidence: the first line of /etc/xcat/cfgloc on xcatmn1",
    "next: run pgsqlsetup -i on xcatmn1, then run the same command again",
  ],
  [
    "another VIP in cluster.yaml, on the active node",
    { ...MINE, running: RUNNING, vip: "10.5.106.9" },
    "refuse misconfigured: xCAT's database is at 10.5.106.7, by /etc/xcat/cfgloc; expected the VIP 10.5.106.9",
    "evidence: site.master, site.nameservers and tftpserver name the same address as a rule",
    "next: correct virtualIp.address in cluster.yaml",
    "next: move xCAT to the new VIP first: chtab key=master site.value=10.5.106.9, chtab key=nameservers site.value=10.5.106.9, then host= in /etc/xcat/cfgloc; then run the same command again",
  ],
  [
    "an own name that resolves to a silent address",
    { own_name: "head resolves to 192.0.2.1" },
    "refuse misconfigured: the own name head resolves to 192.0.2.1 on xcatmn1; expected an address of xcatmn1 or the VIP: makedns would delete the zones and fail",
    "evidence: getent ahostsv4 of hostname on xcatmn1",
    "next: put the name into nodes.xcatmn1.names or virtualIp.names in cluster.yaml",
    "next: put an address of xcatmn1 beside it in /etc/hosts",
  ],
  [
    "a site table without a domain, before the active node steps down",
    { ...STANDBY, ...MINE, running: RUNNING, traps: "the site table has no domain" },
    "refuse misconfigured: xCAT's tables would make a step fail half way: the site table has no domain",
    "evidence: asked of xcatd on xcatmn1 just now",
    "next: correct them on xcatmn1, then run the same command again",
  ],
  [
    "xCAT's tables could not be asked, before the active node steps down: that keeps nobody from it",
    { ...STANDBY, ...MINE, running: RUNNING, traps_untold: "lsdef -t site: no answer within 20 s" },
    "note xCAT's tables could not be asked: lsdef -t site: no answer within 20 s; whether make* would fail on xcatmn2 is not known: that keeps nobody from stepping down",
    `${record}: now running ${RUNNING}`,
    exportLast,
    `release: ${MINE.sentence}`,
    ...takeBack,
    prove,
    ...released,
    ...stay,
  ],
  ...[NEVER_SET_UP, HAND_BUILT].map((before): [string, Partial<Facts>, ...string[]] => [
    `xCAT's tables could not be asked, before a first setup: links ${before.links}`,
    { ...before, running: RUNNING, traps_untold: "lsdef -t site: no answer within 20 s" },
    "refuse unknown: xCAT's tables could not be asked on xcatmn1; expected to know that nothing in them makes a step fail half way; nothing was touched",
    "evidence: lsdef -t site: no answer within 20 s",
    "next: journalctl -u xcatd on xcatmn1; when xcatd answers, run the same command again",
  ]),
  [
    "a trap in xCAT's tables that was found before the look at them failed",
    {
      ...STANDBY,
      ...MINE,
      running: RUNNING,
      traps: "the site table has no domain",
      traps_untold: "tabdump networks: no answer within 20 s",
    },
    "refuse misconfigured: xCAT's tables would make a step fail half way: the site table has no domain",
    "evidence: asked of xcatd on xcatmn1 just now",
    "next: correct them on xcatmn1, then run the same command again",
  ],
  [
    "a share without room",
    { ...NEVER_SET_UP, copy: "/install (2.0G)", needed: "2097152", free: "1048576" },
    "refuse misconfigured: /HA has 1.0G free; the directories of xcatmn1 need 2.0G: /install (2.0G)",
    "evidence: du of each directory, df /HA",
    "next: make room on /HA, then run the same command again",
  ],
  [
    "active while the other one's first setup is half done",
    { ...THEY_RELEASE, links: "none", shared: "partial" },
    "refuse incomplete: the shared directories are partial: the first setup by xcatmn2 did not finish; nothing was touched",
    "evidence: epoch 4 is held by xcatmn2 since noon, and being released; links on xcatmn1: none",
    "next: pulumi up on the stack of xcatmn2 with activeNode xcatmn2: it goes on where it ended",
  ],
  [
    "active after the other one's first setup was rolled back: the data is still there",
    { links: "none", shared: "absent" },
    "refuse incomplete: the shared directories are absent: the first setup by xcatmn2 did not finish; nothing was touched",
    "evidence: epoch 4 was released by xcatmn2; links on xcatmn1: none",
    "next: pulumi up on the stack of xcatmn2 with activeNode xcatmn2: it goes on where it ended",
  ],
  [
    "standby before there was an active node",
    { ...STANDBY, ...NEVER_SET_UP },
    "refuse refused: xcatmn1 cannot be a standby node yet: no epoch exists yet",
    "evidence: shared directories: absent",
    "next: set up the active node first: pulumi up on the stack of xcatmn2",
  ],
  [
    "standby while the other one's first setup is half done",
    { ...STANDBY, ...THEIRS, links: "none", shared: "partial" },
    "refuse incomplete: the shared directories are partial: the first setup by xcatmn2 did not finish; nothing was touched",
    "evidence: epoch 4 is held by xcatmn2 since noon; links on xcatmn1: none",
    "next: pulumi up on the stack of xcatmn2 with activeNode xcatmn2: it goes on where it ended",
  ],
  [
    "standby after its own first setup was rolled back: its local data is the truth",
    { ...STANDBY, ...ROLLED_BACK, shared: "partial", running: RUNNING },
    "refuse incomplete: the shared directories are partial: the first setup by xcatmn1 did not finish; nothing was touched",
    "evidence: epoch 1 was released by xcatmn1; links on xcatmn1: none",
    "next: pulumi up on the stack of xcatmn1 with activeNode xcatmn1: it goes on where it ended",
  ],
  [
    "standby in the middle of its own first setup",
    { ...STANDBY, ...MINE, links: "some", shared: "partial" },
    "refuse incomplete: the shared directories are partial: the first setup by xcatmn1 did not finish; nothing was touched",
    "evidence: epoch 4 is held by xcatmn1 since noon; links on xcatmn1: some",
    "next: pulumi up on the stack of xcatmn1 with activeNode xcatmn1: it goes on where it ended",
  ],
  [
    "the share hangs",
    { share: "hangs: no answer within 10 s", lease: "unknown", links: "unknown", shared: "unknown", sentence: "" },
    "refuse unknown: /HA on xcatmn1 hangs: no answer within 10 s; expected the shared data, mounted and writable; nothing was touched",
    "evidence: stat and findmnt -T /HA",
    "next: mount the shared data on xcatmn1, then run the same command again",
  ],
  [
    "an owner that steps down has lost a unit: that keeps nobody from stepping down",
    { ...STANDBY, ...MINE, lacking: "conserver" },
    record,
    `release: ${MINE.sentence}`,
    ...takeBack,
    prove,
    ...released,
    ...stay,
  ],
  ["the console, which no stack asks", { ...MINE, stack: "", managed_by: "xcat-ha/primary" }, ...activateAgain],
  [
    "a system that is not supported",
    { system: "debian 11", ...MINE },
    "refuse misconfigured: xcatmn1 is not supported: debian 11",
    "evidence: /etc/os-release, bash and systemd of xcatmn1",
    "next: use one of the systems that the README lists",
  ],
  [
    "another machine answers for the static address",
    { static: "Unicast reply from 10.5.106.70 [42:03:0A:05:6A:66]", lease: "none" },
    "refuse refused: another machine answers for 10.5.106.70; expected nobody before xcatmn1 takes it as its static address; nothing was touched",
    "evidence: Unicast reply from 10.5.106.70 [42:03:0A:05:6A:66]",
    "next: choose a free nodes.xcatmn1.address in cluster.yaml",
  ],
  [
    "whether another machine has the static address cannot be asked",
    { static: "arping on eth0 failed: arping: Interface eth0 is not up", lease: "none" },
    "refuse unknown: whether another machine has 10.5.106.70 cannot be told; expected to know that nobody has before xcatmn1 takes it as its static address; nothing was touched",
    "evidence: arping on eth0 failed: arping: Interface eth0 is not up",
    "next: look at the interface on xcatmn1 (ip link), then run the same command again",
  ],
  [
    "two tools give the interface its addresses",
    {
      static: "free",
      owners: "2 tools own eth0: NetworkManager, 4711; ifupdown, /etc/network/interfaces",
      lease: "none",
    },
    "refuse misconfigured: 2 tools own eth0: NetworkManager, 4711; ifupdown, /etc/network/interfaces; expected one that can be given 10.5.106.70/8; nothing was touched",
    "evidence: NetworkManager, netplan, systemd-networkd, ifupdown, network-scripts and wicked on xcatmn1",
    "next: give 10.5.106.70 to the interface with one of them, and take the interface out of the others, then run the same command again",
  ],
  [
    "commands are missing",
    { tools: "arping (package iputils-arping), psql (package postgresql-client)" },
    "refuse misconfigured: xcatmn1 has no arping (package iputils-arping), psql (package postgresql-client); expected these commands",
    "evidence: command -v on xcatmn1",
    "next: install the packages on xcatmn1, then run the same command again",
  ],
  [
    "the clock is off although it was stepped",
    { clock: "stepped" },
    "refuse refused: the clock of xcatmn1 is off by more than 10 s although it was stepped; expected it to follow its source before xcatmn1 becomes active",
    "evidence: what the time service of xcatmn1 says",
    "next: look at the time servers of xcatmn1, set its clock, then run the same command again",
  ],
  [
    "a lease that is not understood",
    { lease: "unknown" },
    "refuse unknown: what /HA holds could not be observed on xcatmn1; expected to know owner, links and directories",
    "evidence: lease: unknown, links: all, shared directories: present",
    "next: run the same command again; if it stays, this is a defect of xcat-ha",
  ],
  [
    "a role that does not exist",
    { ...MINE, role: "aktive" },
    "refuse usage: there is no role 'aktive'; expected active or standby",
    "evidence: asked for on xcatmn1",
    "next: xcat-ha plan active",
    "next: xcat-ha plan standby",
  ],
];

const situations = SITUATIONS.map(([, facts]) => ({ ...BASE, ...facts }));
const planned = plans(situations);
SITUATIONS.forEach(([situation, , ...plan], index) => {
  test(`plan: ${situation}`, () => assert.deepEqual(readable(planned[index]), plan));
});

/** Every value of each of these facts with every other. */
function product(values: Partial<Record<keyof Facts, string[]>>): Facts[] {
  return Object.entries(values).reduce(
    (all, [fact, each]) => all.flatMap((facts) => each.map((value) => ({ ...facts, [fact]: value }))),
    [BASE],
  );
}

const ROLES_AND_LEASES = { role: ["active", "standby", ""], lease: [...LEASES, "", "unknown"] };
const combinations = [
  ...product({
    ...ROLES_AND_LEASES,
    links: ["all", "some", "none", "unknown"],
    shared: ["present", "partial", "absent", "unknown"],
    holder: ["xcatmn1", "xcatmn2"],
    running: ["", RUNNING],
  }),
  ...product({ ...ROLES_AND_LEASES, system: ["debian 11"], share: ["ok", "hangs"] }),
  ...product({ ...ROLES_AND_LEASES, share: ["hangs", "cannot be read"] }),
  ...product({
    ...ROLES_AND_LEASES,
    managed_by: ["", "xcat-ha/primary", "xcat-ha/other"],
    lacking: ["", "named goconserver"],
  }),
  ...product({
    role: ["active", "standby"],
    lease: LEASES,
    links: ["all", "some", "none"],
    shared: ["present", "partial", "absent"],
    database: ["runs here", "shut down", "in production"],
    both: ["", "/install"],
    copy: ["", "/var/lib/pgsql (1.0M)"],
  }),
  ...product({ ...ROLES_AND_LEASES, by: ["program", "console"], from_console: ["", "yes"] }),
  ...product({
    ...ROLES_AND_LEASES,
    epoch: ["4"],
    takeover: ["", "3", "4", "5"],
    takeover_by: ["fence", "confirmation"],
    takeover_reason: ["power supply burnt"],
    signs: ["none", "xcatmn2 answers"],
    fence: ["on", "off", "absent", "no answer"],
  }),
  ...product({ ...ROLES_AND_LEASES, links: ["all", "some", "none"], apart: ["", "3"] }),
  ...product({ ...ROLES_AND_LEASES, handover: ["600", "soon"], apart: ["", "3"] }),
  ...product({
    ...ROLES_AND_LEASES,
    shared: ["present", "partial", "absent"],
    clock: ["off", "stepped", "unknown", ""],
  }),
];

/** What must be true of every plan, whatever was observed. */
const INVARIANTS: [invariant: string, holds: (steps: string[], facts: Facts) => boolean][] = [
  ["a refusal is exactly one line", (steps) => steps.length === 1 || !steps.some((step) => step.startsWith("refuse"))],
  ["a plan has something to do or refuses", (steps) => steps.length > 0],
  [
    "what could not be observed is refused",
    ({ 0: first }, { role, system, share, lease, links, shared }) =>
      (["active", "standby"].includes(role) &&
        system === "ok" &&
        share === "ok" &&
        LEASES.includes(lease) &&
        links !== "unknown" &&
        shared !== "unknown") ||
      first.startsWith("refuse"),
  ],
  [
    "active: nothing is applied without the lease, which is ours or claimed before",
    (steps, { role, lease }) => role !== "active" || lease === "mine" || claim(steps) <= firstApply(steps),
  ],
  [
    "active: a lease that is not ours is claimed before anything is applied",
    (steps, { role, lease }) =>
      role !== "active" || lease === "mine" || firstApply(steps) === Infinity || claim(steps) >= 0,
  ],
  ["never claims what another node holds", (steps, { lease }) => lease !== "other" || !steps.includes("claim")],
  [
    "waits alone for another node that has not begun to step down, where that is ordered, and by no step that touches the shared data before",
    (steps, { lease, handover, apart }) =>
      !steps.includes("claim handover") ||
      (lease.startsWith("other") &&
        handover === "600" &&
        apart === "" &&
        steps.slice(0, claim(steps)).every((step) => ["quiesce", "prepare clockSource", "note"].includes(step))),
  ],
  [
    "takes over the epoch alone that was ordered, on a fence that can be read back, or without any sign of life",
    (steps, { lease, takeover, takeover_by, epoch, signs, fence }) =>
      !steps.includes("claim takeover") ||
      (lease.startsWith("other") &&
        takeover === epoch &&
        (takeover_by === "fence"
          ? ["on", "off"].includes(fence) && before(steps, "fence", "judge") && before(steps, "judge", "quiesce")
          : signs === "none")),
  ],
  [
    "never claims over the head of another node without quiescing first",
    (steps) => !steps.includes("claim takeover") || steps[steps.indexOf("claim takeover") - 1] === "quiesce",
  ],
  [
    "by a word, PostgreSQL starts on a copy that was made before the claim",
    (steps, { takeover_by }) =>
      !steps.includes("claim takeover") ||
      takeover_by !== "confirmation" ||
      (before(steps, "copy", "claim takeover") && before(steps, "claim takeover", "switch 4")),
  ],
  [
    "nothing is applied before a copy has taken the place that it waits for",
    (steps, { role, apart }) =>
      role !== "active" || !apart || isRefusal(steps) || steps.indexOf("switch 3") + 1 <= firstApply(steps),
  ],
  [
    "never claims with a clock that a step did not help",
    (steps, { clock }) => clock !== "stepped" || !steps.includes("claim"),
  ],
  [
    "a clock that is far off is stepped before anything else",
    (steps, { clock }) => clock !== "off" || !steps.includes("claim") || steps[0] === "prepare clockSource",
  ],
  [
    "no program steps down an owner that came from its console and that no config has named",
    (steps, { role, lease, by, from_console }) =>
      role !== "standby" || by !== "program" || !from_console || !lease.startsWith("mine") || isRefusal(steps),
  ],
  ["only an active node claims", (steps, { role }) => role === "active" || !steps.includes("claim")],
  [
    "services are quiesced before the claim, but for a pair built by hand that runs here or nowhere, with its data in place",
    (steps, { database, copy }) =>
      !steps.includes("claim") ||
      steps[steps.indexOf("claim") - 1] === "quiesce" ||
      (steps[0].startsWith("note") && !copy && ["runs here", "shut down"].includes(database)),
  ],
  [
    "active: the lease is not let go",
    (steps, { role }) => role !== "active" || !steps.some((step) => step.startsWith("release")),
  ],
  [
    "standby: nothing is released before the proof",
    (steps) => !steps.includes("released") || (steps.includes("prove") && before(steps, "prove", "released")),
  ],
  [
    "the hosts file is the newest owner's before a make* command reads it, and on the shared data before the next owner may look for it",
    (steps, { role, shared }) =>
      (role !== "active" ||
        isRefusal(steps) ||
        steps[steps.indexOf("apply startGuard") - 1] === (shared === "present" ? "hosts newest" : "hosts own")) &&
      (!steps.includes("released") || steps[steps.indexOf("released") - 1] === "hosts keep"),
  ],
  [
    "standby: the proof comes after services and VIP were taken back",
    (steps, { role }) =>
      role !== "standby" ||
      isRefusal(steps) ||
      TAKEN_BACK.every((part) => steps.includes(`apply ${part}`) && before(steps, `apply ${part}`, "prove")),
  ],
  [
    "standby: a lease of ours is being released before anything stops, and released in the end",
    (steps, { role, lease }) =>
      role !== "standby" ||
      isRefusal(steps) ||
      (lease.startsWith("mine")
        ? steps.indexOf("release") >= 0 && steps.indexOf("release") < firstApply(steps) && steps.includes("released")
        : !steps.includes("release") && !steps.includes("released")),
  ],
  [
    "active: guard and beat are there before anything that they watch, and the guard before the links",
    (steps, { role }) =>
      role !== "active" ||
      isRefusal(steps) ||
      WATCHED.every(
        (part) =>
          before(steps, "apply startGuard", `apply ${part}`) &&
          steps.includes("apply beat") &&
          before(steps, "apply beat", `apply ${part}`),
      ),
  ],
  [
    "standby: the guard before the links; the beat goes when nothing that it watches runs, proven, and a lease of ours was let go",
    (steps, { role, lease }) =>
      role !== "standby" ||
      isRefusal(steps) ||
      (before(steps, "apply startGuard", "apply sharedDataLinks") &&
        before(steps, lease.startsWith("mine") ? "released" : "prove", "apply beat")),
  ],
  [
    "a local directory that the share holds too is never chosen for the admin before the first epoch",
    (steps, { role, lease, both, shared }) =>
      role !== "active" || lease !== "none" || !both || shared === "absent" || steps[0].startsWith("refuse"),
  ],
  [
    "standby: a local directory steps aside only for shared data that is whole, or a link that is there",
    (steps, { role, shared, links }) =>
      role !== "standby" || isRefusal(steps) || shared === "present" || links === "all",
  ],
  [
    "a node that another stack manages is refused to this one",
    (steps, { stack, managed_by }) => managed_by === "" || managed_by === stack || isRefusal(steps),
  ],
  [
    "nothing becomes active that lacks a service",
    (steps, { role, lacking }) => role !== "active" || lacking === "" || isRefusal(steps),
  ],
  [
    "a service that is missing keeps no owner from stepping down",
    (steps, { role, lease, lacking }) =>
      role !== "standby" || lacking === "" || !lease.startsWith("mine") || !steps[0].includes("misconfigured"),
  ],
];

const WATCHED = ["sharedDataLinks", "virtualIp", "database", "network", "hostsSyncCron"];
const claim = (steps: string[]) =>
  steps.findIndex((step) => ["claim", "claim takeover", "claim handover"].includes(step));
const isRefusal = (steps: string[]) => steps[0].startsWith("refuse");
const before = (steps: string[], first: string, second: string) => steps.lastIndexOf(first) < steps.indexOf(second);
function firstApply(steps: string[]): number {
  const index = steps.findIndex((step) => step.startsWith("apply"));
  return index < 0 ? Infinity : index;
}

const combined = plans(combinations);
const combinedVerbs = combined.map(verbs);
for (const [invariant, holds] of INVARIANTS)
  test(`plan, over ${combinations.length} combinations of facts: ${invariant}`, () => {
    const broken = combinations.filter((facts, index) => !holds(combinedVerbs[index], facts));
    assert.deepEqual(broken, []);
  });

/**
 * What each fact can be, as its look answers it. "unknown" is no such answer; the facts that only the sentences use (sentence, outage,
 * mistakes, names and limits) decide nothing.
 */
const ANSWERS: Partial<Record<keyof Facts, string[]>> = {
  share: ["ok", "cannot be read"],
  system: ["ok", "debian 11"],
  lease: LEASES,
  holder: ["", "xcatmn1", "xcatmn2"],
  links: ["all", "some", "none"],
  shared: ["present", "partial", "absent"],
  running: ["", RUNNING],
  mounted: ["", "/install"],
  elsewhere: ["", "/install -> /data/install"],
  mount: ["ok", "is xfs on /dev/sdb, which one node alone may have mounted"],
  root_key: ["", "the compute nodes would not let root of xcatmn1 in"],
  unfit: ["", "the database is of PostgreSQL 15, and xcatmn1 has no server"],
  peer_unfit: ["", "the database is of PostgreSQL 15, and xcatmn2 has no server"],
  peer_untold: ["", "xcatmn2 has not written /HA/.xcat-ha/nodes/xcatmn2"],
  unlike: ["", "xCAT's version is 2.16.5 on xcatmn1 and 2.17.0 on xcatmn2"],
  login: ["", "pg_hba.conf, line 1: hostssl all all all cert"],
  astray: ["", "/var/lib/pgsql/data/pg_wal leads to /fast/pg_wal"],
  missing: ["", "/etc/xcat"],
  both: ["", "/install"],
  copy: ["", "/var/lib/pgsql (1.0M)"],
  needed: ["0", "2048", "9000000"],
  free: ["9000000", "0"],
  database: ["runs here", "shut down", "in production"],
  virtual_ip: ["here", "free", "reply from 10.5.106.7"],
  cfgloc: ["Pg 10.5.106.7", "Pg 10.5.106.9", "mysql", "missing"],
  own_name: ["ok", "head resolves to nothing"],
  traps: ["", "the site table has no domain"],
  traps_untold: ["", "lsdef -t site: no answer within 20 s"],
  dissolved: ["", "xcatmn1 2026-11-23T03:00:00Z"],
  dissolving: ["", "yes"],
  frozen: ["", FROZEN],
  tools: ["", "arping (package iputils-arping)"],
  managed_by: ["", "xcat-ha/primary", "xcat-ha/other"],
  lacking: ["", "named"],
  static: ["here", "free", "reply from 10.5.106.70"],
  epoch: ["4", "5"],
  by: ["program", "console"],
  from_console: ["", "yes"],
  signs: ["none", "xcatmn2 answers"],
  fence: ["on", "absent"],
  apart: ["", "3"],
  owners: ["", "2 tools own eth0: NetworkManager, 4711; ifupdown, /etc/network/interfaces"],
};
/** What only the sentences use, and what an order or the description says. */
const NO_LOOK =
  "sentence outage mistakes handover takeover takeover_by takeover_reason role node peer vip share_path clock clock_limit static_address stack by".split(
    " ",
  );

test("plan: each fact that is observed is one of those that are tried with an answer that cannot be told", () => {
  const list = /for fact in ([^;]*); do/.exec(
    readFileSync(join(__dirname, "../../node/lib/become/facts.sh"), "utf8"),
  )?.[1];
  const observed = list?.split(/[\s\\]+/) ?? [];
  assert.ok(observed.length > 40);
  assert.deepEqual(
    observed.filter((fact) => !(fact in ANSWERS) && !NO_LOOK.includes(fact)),
    [],
  );
});

/** What is done, without what is said. A failover does not wait for a time server, and says so: the one exception. */
const done = (steps: string[]) => steps.filter((step) => !step.startsWith("note"));

for (const [fact, answers] of [...Object.entries(ANSWERS), ["clock", ["ok"]]] as [keyof Facts, string[]][])
  test(`plan: where ${fact} cannot be told, it refuses, or does what it would do whatever the answer`, () => {
    const unknown = plans(situations.map((facts) => ({ ...facts, [fact]: "unknown" }))).map(verbs);
    const open = [...situations.keys()].filter((index) => !isRefusal(unknown[index]));
    const known =
      open.length === 0
        ? []
        : plans(open.flatMap((index) => answers.map((answer) => ({ ...situations[index], [fact]: answer }))));
    const unsafe = open.filter((index, at) =>
      answers.some((_, nth) => `${done(verbs(known[at * answers.length + nth]))}` !== `${done(unknown[index])}`),
    );
    assert.deepEqual(
      unsafe.map((index) => SITUATIONS[index][0]),
      [],
    );
  });

test("plan: each step and each refusal says why, in fields that survive their way to the person", () => {
  for (const line of [...planned, ...combined].flat()) {
    const words = line.split("\t");
    // Of a refusal a field for each choice.
    assert.ok(words[0] === "refuse" ? words.length >= 5 && words.every(Boolean) : words.length === 3, line);
    assert.ok(!words.includes(""), line);
  }
});

/** What a step leaves behind, as the next look at the node would find it. */
function after(facts: Facts, step: string): Facts {
  switch (step) {
    case "quiesce":
      return { ...facts, running: "" };
    case "prepare clockSource":
      return { ...facts, clock: "ok" };
    case "claim":
    case "claim takeover":
    case "claim handover":
      return { ...facts, ...MINE };
    case "switch 3":
    case "switch 4":
      return { ...facts, apart: "" };
    case "release":
      return { ...facts, ...RELEASING };
    case "released":
      return { ...facts, lease: "released" };
    case "apply sharedDataLinks":
      return { ...facts, links: "all", shared: "present" };
    case "apply database":
    case "apply network":
      return { ...facts, running: facts.role === "active" ? RUNNING : "" };
    default:
      return facts;
  }
}

/** A power cut: nothing runs, a lease of ours is one of a former boot, and the clock was stepped in that one. */
const rebooted = (facts: Facts): Facts => ({
  ...facts,
  running: "",
  clock: facts.clock === "stepped" ? "off" : facts.clock,
  ...(facts.lease.startsWith("mine") ? REBOOTED : {}),
});

/** Everything that can be found where a plan was cut: at each step boundary, and inside the step that moves the directories. */
function cuts(facts: Facts, steps: string[]): [where: string, found: Facts][] {
  const found: [string, Facts][] = [];
  let now = facts;
  for (const step of steps) {
    if (step === "apply sharedDataLinks" && facts.role === "active" && facts.shared !== "present")
      for (const [links, shared] of [
        ["none", "partial"],
        ["some", "partial"],
        ["all", "partial"],
      ])
        found.push([`inside ${step} (links ${links})`, { ...now, links, shared }]);
    now = after(now, step);
    found.push([`after ${step}`, now]);
  }
  return found.flatMap(([where, at]) => [
    [where, at],
    [`${where}, then a reboot`, rebooted(at)],
  ]);
}

type Cut = { situation: string; where: string; found: Facts };
const interrupted: Cut[] = planned.flatMap((lines, index) =>
  isRefusal(verbs(lines))
    ? []
    : cuts(situations[index], verbs(lines)).map(([where, found]) => ({
        situation: SITUATIONS[index][0],
        where,
        found,
      })),
);
const resumed = plans(interrupted.map(({ found }) => found));

test(`plan: cut at any of ${interrupted.length} boundaries, the same order again goes on and ends as wanted`, () => {
  interrupted.forEach(({ situation, where, found }, index) => {
    const steps = verbs(resumed[index]);
    const told = `${situation}, cut ${where}: ${steps.join(", ")}`;
    assert.ok(!isRefusal(steps), told);
    const { lease, links, running } = steps.reduce(after, found);
    const wanted =
      found.role === "active"
        ? { lease: "mine", links: "all", running: RUNNING }
        : { lease: found.holder === "xcatmn1" ? "released" : found.lease, links: "all", running: "" };
    assert.deepEqual({ lease, links, running }, wanted, told);
  });
});
