// The takeover command: what was typed, what the lease makes of it, and what is left in the stack's config.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OpsError } from "../../ops/ending";
import type { Lease } from "../../ops/failoverSteps";
import type { PairStack } from "../../ops/stacks";
import { judgeOrder, type Options, type Order, orderOf, takeOver } from "../../ops/takeover";

const A = "xcatmn1";
const B = "xcatmn2";
const TYPED: Options = { from: A, epoch: "7", fence: true, reason: "power supply burnt" };
const ORDER: Order = { from: A, epoch: 7, by: "fence", reason: "power supply burnt" };
const held = (node: string, epoch: number): Lease => ({ is: "held", node, epoch });

test("what was typed is the order", () => {
  assert.deepEqual(orderOf([A, B], TYPED), ORDER);
  assert.deepEqual(orderOf([A, B], { ...TYPED, fence: undefined, confirm: "xcatmn1 is powered off" }), {
    ...ORDER,
    by: "confirmation",
  });
});

const MISTYPED: [what: string, typed: Options, seen: RegExp][] = [
  ["no node", { ...TYPED, from: undefined }, /^--from: seen nothing; expected xcatmn1 or xcatmn2;/],
  ["another node", { ...TYPED, from: "xcatmn3" }, /^--from: seen "xcatmn3"/],
  ["no epoch", { ...TYPED, epoch: undefined }, /^--epoch: seen nothing/],
  ["an epoch of its file's name", { ...TYPED, epoch: "000007" }, /^--epoch: seen "000007"/],
  ["no reason", { ...TYPED, reason: " " }, /^--reason: seen " "/],
  ["both kinds of evidence", { ...TYPED, confirm: "xcatmn1 is powered off" }, /expected one of them/],
  ["no evidence", { ...TYPED, fence: undefined }, /expected one of them/],
  [
    "other words",
    { ...TYPED, fence: undefined, confirm: "yes" },
    /^--confirm: seen "yes"; expected "xcatmn1 is powered off"/,
  ],
  ["the words for the other node", { ...TYPED, fence: undefined, confirm: "xcatmn2 is powered off" }, /^--confirm/],
];
for (const [what, typed, expected] of MISTYPED)
  test(`a takeover that is mistyped is refused: ${what}`, () =>
    assert.throws(
      () => orderOf([A, B], typed),
      (error: OpsError) => error.ending === "usage" && expected.test(error.seen),
    ));

const JUDGED: [what: string, lease: Lease, judged: string][] = [
  ["the dead node holds it", held(A, 7), "go"],
  ["it died while it stepped down", { is: "releasing", node: A, epoch: 7 }, "go"],
  ["an earlier run has claimed", held(B, 8), "claimed"],
  ["another epoch", held(A, 9), "held"],
  ["the new node holds a later one", held(B, 12), "refused"],
  ["it has stepped down after all", { is: "released", node: A, epoch: 7 }, "refused"],
  ["no epoch", { is: "none" }, "refused"],
  ["it cannot be told", { is: "unknown", why: "the share hangs" }, "unknown"],
];
for (const [what, lease, judged] of JUDGED)
  test(`what the lease makes of a takeover: ${what}`, () => {
    if (judged === "go" || judged === "claimed") assert.equal(judgeOrder(ORDER, B, lease), judged);
    else
      assert.throws(
        () => judgeOrder(ORDER, B, lease),
        (error: OpsError) => error instanceof OpsError && error.ending === judged,
      );
  });

const ORDERED = { epoch: "7", reason: "power supply burnt", fence: "true" };
const FAILED = (code: number) =>
  ` error: x\n evidence: e\n next: n\n error: Process exited with status ${code}: running\n`;
const RUNS: [
  what: string,
  before: Lease,
  after: Lease,
  fails: number | undefined,
  ending: string,
  config: Record<string, unknown>,
  ordered: unknown,
][] = [
  ["it is done", held(A, 7), held(B, 8), undefined, "done", { node: B, activeNode: B }, ORDERED],
  ["refused before anything was touched", held(A, 7), held(A, 7), 10, "refused", { node: B, activeNode: A }, ORDERED],
  [
    "claimed, and what comes behind fails",
    held(A, 7),
    held(B, 8),
    20,
    "incomplete",
    { node: B, activeNode: B },
    ORDERED,
  ],
  [
    "claimed and rolled back",
    held(A, 7),
    { is: "released", node: B, epoch: 8 },
    20,
    "incomplete",
    { node: B, activeNode: B },
    ORDERED,
  ],
  [
    "whether it claimed cannot be told",
    held(A, 7),
    { is: "unknown", why: "x" },
    20,
    "unknown",
    { node: B, activeNode: B, takeover: ORDERED },
    ORDERED,
  ],
  [
    "an earlier run was cut behind its claim",
    held(B, 8),
    held(B, 8),
    undefined,
    "done",
    { node: B, activeNode: B },
    undefined,
  ],
];
for (const [what, before, after, fails, ending, config, ordered] of RUNS)
  for (const left of [undefined, { epoch: "3", fence: "true" }])
    test(`a takeover${left ? ", with an order of an earlier one in the config" : ""}: ${what}`, async () => {
      const has: Record<string, unknown> = { node: B, activeNode: left ? B : A, ...(left && { takeover: left }) };
      let during: unknown;
      let lease = before;
      const stack: PairStack = {
        name: "standby",
        managed: "xcat-ha/standby",
        config: async () =>
          Object.fromEntries(
            Object.entries(has).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
          ),
        set: async (key, value, path) => {
          const [first, second] = key.split(".");
          assert.equal(second !== undefined, path === true);
          if (second) has[first] = { ...(has[first] as object), [second]: value };
          else has[first] = value;
        },
        remove: async (key) => {
          delete has[key];
        },
        up: async ({ hear }) => {
          during = has.takeover;
          assert.equal(has.activeNode, B);
          lease = after;
          if (fails === undefined) return;
          hear(FAILED(fails));
          throw new Error("failed");
        },
      };
      const audience = { say: () => {}, hear: () => {}, whole: () => {} };
      const outcome = await takeOver(
        { stack, look: async () => lease, audience, signal: new AbortController().signal },
        ORDER,
        B,
      );
      assert.equal(outcome.ending, ending, outcome.say);
      assert.deepEqual(has, config);
      assert.deepEqual(during, ordered);
    });
