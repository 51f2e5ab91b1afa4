// What `xcat-ha status` makes of what was seen: each look in its three answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  answerOf,
  changes,
  checkLine,
  judge,
  type Level,
  type NodeLook,
  type PartLook,
  rowsOf,
  worst,
} from "../../ops/pair";
import { endingOf } from "../../ops/status";
import { tableText } from "../../ops/table";

const FACTS = { units: ["postgresql", "xcatd"], timeService: "ntpd" };
const LEASE = { "lease.epoch": "is 000007", "lease.node": "is xcatmn1", "lease.time": "is noon" };
const BOTH = {
  ...LEASE,
  demoted: "absent",
  share: "is ok",
  links: "is all",
  frozen: "absent",
  order: "absent",
  clock: "is 0.001",
  "unit.ntpd": "is active, enabled",
};
const ACTIVE: Record<string, string> = {
  ...BOTH,
  stack: "is xcat-ha/primary",
  lease: "is mine",
  vip: "is 10.5.106.7/8",
  beat: "is 4",
  watch: "absent",
  silent: "absent",
  "unit.postgresql": "is active, not enabled",
  "unit.xcatd": "is active, not enabled",
};
const STANDBY: Record<string, string> = {
  ...BOTH,
  stack: "is xcat-ha/standby",
  lease: "is other",
  vip: "absent",
  beat: "absent",
  watch: "is the owner showed life last at noon",
  silent: "absent",
  "unit.postgresql": "is inactive, not enabled",
  "unit.xcatd": "absent",
};
type Changes = Record<string, string> | "dead";
const ERROR = {
  seen: "X at 10.5.106.5:22 could not be reached by SSH within 3 s; expected an answer; nothing was touched",
  evidence: "timed out",
  next: "ssh X",
};
const lookOf = (node: string, values: Record<string, string>, changed: Changes, parts: PartLook[] = []): NodeLook =>
  changed === "dead"
    ? { node, reached: false, error: ERROR }
    : {
        node,
        reached: true,
        address: "10.5.106.70",
        values: Object.fromEntries(
          Object.entries({ ...values, ...changed }).map(([key, value]) => [key, answerOf(value)]),
        ),
        parts,
      };
const pairOf = (active: Changes = {}, standby: Changes = {}, parts: PartLook[] = []) => [
  lookOf("xcatmn1", ACTIVE, active, parts),
  lookOf("xcatmn2", STANDBY, standby),
];

const NOBODY = { lease: "is released" };
const CASES: [what: string, looks: NodeLook[], line: string][] = [
  ["all well", pairOf(), "OK: xcatmn1 is active .epoch 7., xcatmn2 is a standby node"],
  [
    "the standby node is dead",
    pairOf({}, "dead"),
    "UNKNOWN: xcatmn2: X at 10.5.106.5:22 could not be reached by SSH within 3 s: timed out; next: ssh X",
  ],
  [
    "the active node is dead",
    pairOf("dead"),
    "UNKNOWN: xcatmn1: X at .*; next: ssh X; next: where it is dead: docs/failover.md, The active node is dead",
  ],
  [
    "the active node is dead, and its beat stands still",
    pairOf("dead", { silent: "is silent", watch: "is the owner is silent" }),
    "CRITICAL: xcatmn2 says: the owner is silent; next: docs/failover.md, The active node is dead \\(and 1 more\\)",
  ],
  [
    "whether the owner lives cannot be told",
    pairOf({}, { silent: "is unknown", watch: "is cannot" }),
    "UNKNOWN: xcatmn2 says: cannot; .*",
  ],
  [
    "nobody watches the owner",
    pairOf({}, { watch: "is nobody has looked whether the owner lives since noon" }),
    "WARNING: xcatmn2 says: nobody has looked .*",
  ],
  ["both are dead", pairOf("dead", "dead"), "UNKNOWN: xcatmn1: X .*and 1 more\\)"],
  [
    "one was never set up",
    pairOf({}, { stack: "absent" }),
    "WARNING: xcatmn2 was never set up; next: pulumi up on the stack of xcatmn2",
  ],
  [
    "the last epoch was released",
    pairOf({ ...NOBODY, vip: "absent", "unit.postgresql": "absent", "unit.xcatd": "absent" }, NOBODY),
    "CRITICAL: no node is active: the last epoch was released; .*",
  ],
  ["no epoch", pairOf("dead", { lease: "is none" }), "CRITICAL: no node is active: no epoch exists yet; .*"],
  [
    "two shares: both own",
    pairOf({}, { lease: "is mine" }),
    "CRITICAL: both nodes say that they hold the owner lease.*|CRITICAL: xcatmn2 is active without the VIP.*",
  ],
  [
    "two shares: other epochs",
    pairOf({}, { "lease.epoch": "is 000008" }),
    "WARNING: the nodes see different epochs: 7 and 8; .*",
  ],
  [
    "the active node was rebooted",
    pairOf({ lease: "is mine-rebooted" }),
    "CRITICAL: xcatmn1 was active before its last boot, .*; next: pulumi up -s primary; next: on xcatmn1: xcat-ha resume",
  ],
  ["it steps down", pairOf({ lease: "is mine-releasing" }), "WARNING: xcatmn1 steps down, .*"],
  [
    "it stepped down by itself, and is the newest owner still",
    pairOf({ demoted: "is xcatmn1 stepped down by itself at noon" }),
    "CRITICAL: xcatmn1 stepped down by itself at noon; next: pulumi up -s primary",
  ],
  [
    "an old owner came back",
    pairOf({}, { demoted: "is xcatmn2 stepped down by itself at noon" }),
    "WARNING: xcatmn2 stepped down .*; next: pulumi up -s standby",
  ],
  [
    "whether it stepped down is not readable",
    pairOf({}, { demoted: "is whether xcatmn2 stepped down by itself cannot be told: I/O" }),
    "UNKNOWN: whether xcatmn2 .*",
  ],
  [
    "the active node has lost its share",
    pairOf({ share: "is not mounted" }),
    "CRITICAL: the shared data on xcatmn1 not mounted; .*",
  ],
  [
    "the standby node has",
    pairOf({}, { share: "is not mounted" }),
    "WARNING: the shared data on xcatmn2 not mounted; .*",
  ],
  [
    "the share hangs",
    pairOf({}, { share: "unknown hangs: no answer within 2 s" }),
    "UNKNOWN: the shared data on xcatmn2 cannot be told: hangs.*",
  ],
  ["the VIP is gone", pairOf({ vip: "absent" }), "CRITICAL: xcatmn1 is active without the VIP; .*"],
  ["the VIP is on the standby node", pairOf({}, { vip: "is 10.5.106.7/8" }), "CRITICAL: xcatmn2 has the VIP .*"],
  [
    "links of the active node",
    pairOf({ links: "is some" }),
    "CRITICAL: of the shared directories on xcatmn1 some are linked; .*",
  ],
  [
    "links of the standby node",
    pairOf({}, { links: "is none" }),
    "WARNING: of the shared directories on xcatmn2 none are linked; .*",
  ],
  [
    "a service has failed",
    pairOf({ "unit.xcatd": "is failed, not enabled" }),
    "CRITICAL: xcatd is failed on xcatmn1; next: pulumi up -s primary; journalctl -u xcatd on xcatmn1",
  ],
  ["a service is not installed", pairOf({ "unit.xcatd": "absent" }), "CRITICAL: xcatd is not installed on xcatmn1; .*"],
  [
    "a service starts",
    pairOf({ "unit.xcatd": "is activating, not enabled" }),
    "WARNING: xcatd is activating on xcatmn1; .*",
  ],
  [
    "a service runs on the standby node",
    pairOf({}, { "unit.xcatd": "is active, enabled" }),
    "CRITICAL: xcatd is active on xcatmn2, which is not active; .*",
  ],
  [
    "the time service is off",
    pairOf({}, { "unit.ntpd": "is inactive, not enabled" }),
    "WARNING: ntpd is inactive on xcatmn2; .*",
  ],
  ["the clock is off", pairOf({ clock: "is 12.5" }), "WARNING: the clock of xcatmn1 is off by 12.5 s; .*"],
  ["the beat stands still", pairOf({ beat: "is 60" }), "WARNING: the last beat of xcatmn1 was 60 s ago; .*"],
  ["no beat", pairOf({ beat: "absent" }), "WARNING: xcatmn1 is active and has not beaten since its boot; .*"],
  [
    "frozen",
    pairOf({ frozen: "is until noon by xcatmn1: kernel" }, { frozen: "is until noon by xcatmn1: kernel" }),
    "WARNING: no role changes until noon by xcatmn1: kernel; next: xcat-ha thaw[^(]*",
  ],
  [
    "an order runs",
    pairOf({}, { order: "is become standby" }),
    "WARNING: an order runs on xcatmn2: become standby; .*",
  ],
  [
    "drift",
    pairOf({}, {}, [{ part: "hostsEntry", wrong: ["a is 'b', wanted 'c'"] }]),
    "WARNING: a is 'b', wanted 'c'; next: pulumi up -s primary",
  ],
  [
    "drift that cannot be told",
    pairOf({}, {}, [{ part: "hostsEntry", unknown: "I/O error" }]),
    "UNKNOWN: hostsEntry on xcatmn1 cannot be told: I/O error; .*",
  ],
];
for (const [what, looks, line] of CASES)
  test(`status --check: ${what}`, () =>
    assert.match(checkLine(looks, judge(FACTS, looks)), new RegExp(`^(?:${line})$`)));

/** Where only a standby node, or only an active one, is judged by it. */
const OF_ONE = { watch: ["xcatmn2"], beat: ["xcatmn1"], silent: ["xcatmn2"] } as Record<string, string[]>;
for (const key of Object.keys(ACTIVE).filter((key) => !key.startsWith("lease.")))
  for (const node of OF_ONE[key] ?? ["xcatmn1", "xcatmn2"])
    for (const untold of ["unknown it did not say", ""])
      test(`${key} of ${node} that cannot be told (${untold || "no answer"}) is UNKNOWN, never OK`, () => {
        const changed = untold ? { [key]: untold } : { [key]: "neither" };
        const looks = node === "xcatmn1" ? pairOf(changed) : pairOf({}, changed);
        const findings = judge(FACTS, looks);
        assert.equal(worst(findings), "UNKNOWN" satisfies Level, JSON.stringify(findings));
        assert.equal(endingOf(looks, findings), "unknown");
      });

test("what counts is the worst; a line names it first, without what monitoring reads as its own", () => {
  const looks = pairOf({ vip: "absent", clock: "unknown x" }, { links: "is a | b\nc" });
  const findings = judge(FACTS, looks);
  assert.deepEqual(
    findings.map(({ level }) => level),
    ["CRITICAL", "WARNING", "UNKNOWN"],
  );
  assert.doesNotMatch(checkLine(looks, findings), /\n|\|/);
});

test("both nodes side by side", () => {
  const looks = pairOf({ vip: "absent" }, "dead", [
    { part: "virtualIp", wrong: ["x"] },
    { part: "beat", unknown: "y" },
  ]);
  const rows = rowsOf(FACTS, looks, judge(FACTS, looks));
  const cells = Object.fromEntries(rows.map(({ what, cells }) => [what, cells.join(" | ")]));
  assert.deepEqual(cells, {
    role: "active | ?",
    epoch: "7: xcatmn1 since noon | ?",
    VIP: "no | ?",
    links: "all | ?",
    share: "ok | ?",
    postgresql: "active, not enabled | ?",
    xcatd: "active, not enabled | ?",
    ntpd: "active, enabled | ?",
    clock: "off by 0.001 s | ?",
    "last beat": "4 s ago | ?",
    frozen: "no | ?",
    order: "no | ?",
    drift: "virtualIp, beat cannot be told | ?",
    wrong: `xcatmn1 is active without the VIP; and 2 more | xcatmn2: X at 10.5.106.5:22 could not be reached by SSH within 3 s: timed out`,
  });
});

test("a node that was never set up says so", () => {
  const looks = pairOf({}, { stack: "absent", lease: "unknown no share" });
  const rows = rowsOf(FACTS, looks, judge(FACTS, looks));
  assert.deepEqual(
    rows.map(({ cells }) => cells[1]).filter((cell) => cell !== ""),
    ["never set up", "xcatmn2 was never set up"],
  );
});

test("watched, a change is a line; what moves by itself is none", () => {
  const rows = (active: Changes) => rowsOf(FACTS, pairOf(active), []);
  assert.deepEqual(changes(rows({}), rows({ beat: "is 5", clock: "is 0.1", vip: "absent" }), ["xcatmn1", "xcatmn2"]), [
    "xcatmn1 VIP: 10.5.106.7/8 -> no",
  ]);
  assert.equal(changes([], rows({}), ["xcatmn1", "xcatmn2"]).length, 2 * (rows({}).length - 2));
});

test("a table is as wide as its terminal, and elsewhere each row is one line", () => {
  const rows = [["wrong", "one\ntwo", "three ".repeat(30).trim()]];
  const text = (terminal: boolean) => tableText({ terminal, columns: 60 }, ["", "a", "b"], rows).split("\n");
  assert.equal(text(false).length, 2);
  assert.match(text(false)[1], /^wrong +one; two +three/);
  assert.ok(text(true).every((line) => line.length <= 60) && text(true).length > 3, text(true).join("\n"));
});
