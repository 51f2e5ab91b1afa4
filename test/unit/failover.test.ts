// The failover command: its decisions as a table, and the whole of it against a pair whose stacks and nodes end as they are told.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as tick } from "node:timers/promises";
import { encodeDocument } from "../../components/remote/document";
import { VARIABLE } from "../../components/remote/handover";
import { planSentences } from "../../components/remote/observation";
import { OpsError } from "../../ops/ending";
import { expectedOutage, failOver, type Outcome, preflight } from "../../ops/failover";
import { type Lease, newestLease, nextStep, type Ran, type Situation, target } from "../../ops/failoverSteps";
import type { Reached } from "../../ops/nodes";
import { endOf, type Heard, Log, outageOf, Progress, phases, runUp } from "../../ops/running";
import type { PairStack } from "../../ops/stacks";
import { nodeFiles } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const at = scratch("failover");

const A = "xcatmn1";
const B = "xcatmn2";
const held = (node: string, epoch = 8): Lease => ({ is: "held", node, epoch });
const releasing = (node: string, epoch = 8): Lease => ({ is: "releasing", node, epoch });
const released = (node: string, epoch = 8): Lease => ({ is: "released", node, epoch });
const rebooted = (node: string, epoch = 8): Lease => ({ is: "rebooted", node, epoch });
const both = (node: string) => ({ [A]: node, [B]: node });
const BASE: Situation = {
  from: A,
  to: B,
  config: both(B),
  lease: held(A),
  ran: [],
  flipped: false,
  waiting: false,
  back: false,
  interrupted: false,
};
const activated = (more: Partial<Ran> = {}): Ran => ({ node: B, role: "active", ok: true, served: true, ...more });
const steppedDown = (more: Partial<Ran> = {}): Ran => ({ node: A, role: "standby", ok: true, ...more });
const notActivated = (code?: number): Ran =>
  activated({ ok: false, served: false, code, error: "named did not start" });
const notStepped = (code?: number): Ran => steppedDown({ ok: false, code, error: "it hangs" });
const again = (more: Partial<Ran> = {}): Ran => ({ node: A, role: "active", ok: true, ...more });

const STEPS: [what: string, given: Partial<Situation>, step: string, say: RegExp][] = [
  ["nothing was done yet", { config: both(A) }, "flip xcatmn2", /^activeNode of both stacks: xcatmn2$/],
  ["cut between the two flips", { config: { [A]: B, [B]: A } }, "flip xcatmn2", /both stacks/],
  ["flipped", {}, "hand over", /^xcatmn1 holds epoch 8: xcatmn2 gets ready/],
  ["cut while the old node steps down", { lease: releasing(A) }, "hand over", /steps down/],
  ["the old node was rebooted", { lease: rebooted(A) }, "hand over", /was rebooted: nobody serves/],
  ["cut between release and claim", { lease: released(A) }, "up xcatmn2", /was released by xcatmn1: nobody serves/],
  ["cut behind the claim", { lease: held(B, 9) }, "up xcatmn2", /^xcatmn2 holds epoch 9/],
  ["the new node was rebooted", { lease: rebooted(B, 9) }, "up xcatmn2", /rebooted/],
  ["the new node was stepping down", { lease: releasing(B, 9) }, "up xcatmn2", /steps down/],
  ["cut before the old node's run", { lease: held(B, 9), ran: [activated()] }, "up xcatmn1", /standby/],
  [
    "all is done",
    { lease: held(B, 9), ran: [steppedDown(), activated()] },
    "end done",
    /^xcatmn2 is active; xcatmn2 holds epoch 9$/,
  ],
  ["nobody was ever active", { lease: { is: "none" } }, "end refused", /no epoch/],
  ["the lease cannot be read", { lease: { is: "unknown", why: "the share hangs" } }, "end unknown", /the share hangs/],

  [
    "the old node steps down, the new one still waits or starts",
    { waiting: true, ran: [steppedDown()], lease: released(A) },
    "await",
    /goes on/,
  ],
  [
    "its run is done, and the lease cannot be read",
    { waiting: true, ran: [steppedDown()], lease: { is: "unknown", why: "x" } },
    "await",
    /goes on/,
  ],
  [
    "the old node's run failed behind its release",
    { waiting: true, ran: [notStepped(20)], lease: released(A) },
    "await",
    /goes on/,
  ],
  ["the old node refuses", { waiting: true, ran: [notStepped(10)] }, "withdraw", /xcatmn1 did not step down/],
  [
    "the old node cannot stop",
    { waiting: true, ran: [notStepped(13)], lease: releasing(A) },
    "withdraw",
    /did not step down/,
  ],
  [
    "how its run ended was not heard",
    { waiting: true, ran: [notStepped()], lease: releasing(A) },
    "up xcatmn1",
    /the same again/,
  ],
  ["not heard twice", { waiting: true, ran: [notStepped(), notStepped()] }, "withdraw", /did not step down/],
  [
    "its run failed, and the lease cannot be read",
    { waiting: true, ran: [notStepped(20)], lease: { is: "unknown", why: "x" } },
    "await",
    /until its time is over/,
  ],
  ["asked to end while the new node waits", { waiting: true, interrupted: true }, "withdraw", /as asked/],

  [
    "the new node refuses",
    { ran: [notActivated(10)] },
    "turn back",
    /named did not start; xcatmn1 has not stepped down, and serves$/,
  ],
  [
    "another run has the new node's stack, and the config was found flipped",
    { ran: [activated({ ok: false, locked: true, error: "locked by joe" })] },
    "end incomplete",
    /^another run has the stack of xcatmn2: locked by joe; xcatmn1 holds epoch 8$/,
  ],
  [
    "the same where this command has flipped it",
    { flipped: true, ran: [activated({ ok: false, locked: true, error: "locked by joe" })] },
    "turn back",
    /locked by joe/,
  ],
  [
    "another run has the new node's stack, and has let the old node step down meanwhile",
    { flipped: true, lease: released(A), ran: [activated({ ok: false, locked: true, error: "locked by joe" })] },
    "end incomplete",
    /^another run has the stack of xcatmn2: locked by joe; epoch 8 was released by xcatmn1: nobody serves$/,
  ],
  [
    "the old node refused, the new one was withdrawn",
    { ran: [notStepped(10), notActivated(21)] },
    "turn back",
    /^xcatmn1 did not step down: it hangs/,
  ],
  [
    "the old node cannot stop, the new one was withdrawn",
    { ran: [notStepped(13), notActivated(21)], lease: releasing(A) },
    "end blocked",
    /nothing starts on xcatmn2/,
  ],
  [
    "the new node rolled back",
    { ran: [steppedDown(), notActivated(20)], lease: released(B, 9) },
    "turn back",
    /xcatmn1 becomes active again/,
  ],
  [
    "the new node's rollback is blocked",
    { ran: [steppedDown(), notActivated(13)], lease: releasing(B, 9) },
    "end blocked",
    /nothing starts on xcatmn1/,
  ],
  [
    "its wait was over before the old node had stepped down",
    { ran: [notActivated(12), steppedDown()], lease: released(A) },
    "up xcatmn2",
    /claims now/,
  ],
  [
    "the new node's run was not heard to its end, and it holds the lease",
    { ran: [steppedDown(), notActivated()], lease: held(B, 9) },
    "up xcatmn2",
    /the same again/,
  ],
  [
    "twice",
    { ran: [steppedDown(), notActivated(), notActivated()], lease: held(B, 9) },
    "end incomplete",
    /the run of xcatmn2 failed/,
  ],
  [
    "it serves, and what comes behind fails",
    { ran: [steppedDown(), activated({ ok: false, code: 20, error: "verify" })], lease: held(B, 9) },
    "end incomplete",
    /verify; xcatmn2 holds epoch 9/,
  ],
  [
    "the same where the old node's run is still to come",
    { ran: [activated({ ok: false, code: 20 })], lease: held(B, 9) },
    "up xcatmn1",
    /xcatmn2 serves/,
  ],
  [
    "it serves, the old node failed behind its release",
    { ran: [notStepped(20), activated()], lease: held(B, 9) },
    "up xcatmn1",
    /once again/,
  ],
  [
    "twice behind its release",
    { ran: [notStepped(20), activated(), notStepped(20)], lease: held(B, 9) },
    "end incomplete",
    /xcatmn2 serves; the run of xcatmn1 failed/,
  ],
  [
    "the run of the old node is done, and it holds the lease",
    { ran: [notActivated(12), steppedDown()] },
    "turn back",
    /becomes active again/,
  ],

  [
    "asked to end before anything",
    { interrupted: true, config: both(A) },
    "end superseded",
    /before anything was changed/,
  ],
  ["asked to end behind the flip", { interrupted: true }, "turn back", /as asked/],
  [
    "asked to end while nobody serves: it goes on",
    { interrupted: true, lease: released(A) },
    "up xcatmn2",
    /becomes active/,
  ],
  [
    "asked to end behind the claim",
    { interrupted: true, lease: held(B, 9), ran: [activated()] },
    "end superseded",
    /not converged/,
  ],

  ["back: flip", { back: true, ran: [notActivated(10)] }, "flip xcatmn1", /xcatmn1 again/],
  [
    "back: nothing stepped down",
    { back: true, config: both(A), ran: [notActivated(10)] },
    "up xcatmn2",
    /standby node again/,
  ],
  [
    "back: the old node stepped down",
    { back: true, config: both(A), lease: released(B, 9), ran: [steppedDown(), notActivated(20)] },
    "up xcatmn1",
    /active again/,
  ],
  [
    "back: its run was begun",
    { back: true, config: both(A), ran: [notStepped(10), notActivated(21)] },
    "up xcatmn1",
    /active again/,
  ],
  [
    "back: done",
    {
      back: true,
      config: both(A),
      lease: held(A, 10),
      ran: [steppedDown(), notActivated(20), again(), { node: B, role: "standby", ok: true }],
    },
    "end incomplete",
    /^no failover: the run of xcatmn2 failed: named did not start; xcatmn1 is active, as before; xcatmn1 holds epoch 10$/,
  ],
  [
    "back: done, as asked",
    { back: true, interrupted: true, config: both(A), ran: [notActivated(21), { node: B, role: "standby", ok: true }] },
    "end superseded",
    /^ended as asked/,
  ],
  [
    "back: the old node does not start either",
    {
      back: true,
      config: both(A),
      lease: released(A, 10),
      ran: [steppedDown(), notActivated(20), again({ ok: false, code: 20, error: "x" })],
    },
    "end incomplete",
    /and xcatmn1 not again: x/,
  ],
  [
    "back: the other run goes on",
    { back: true, lease: held(B, 9), ran: [activated({ ok: false, locked: true, error: "locked by joe" })] },
    "end incomplete",
    /^another run has the stack of xcatmn2: locked by joe; xcatmn2 holds epoch 9$/,
  ],
  ["back: not heard", { back: true, config: both(A), lease: held(B, 9), ran: [] }, "end blocked", /does not let go/],
  [
    "back: it ended well and does not serve",
    { back: true, config: both(A), lease: released(A, 10), ran: [again()] },
    "end incomplete",
    /does not serve/,
  ],
];
const stepWords = (step: ReturnType<typeof nextStep>) =>
  [step.do, "node" in step ? step.node : "to" in step ? step.to : "ending" in step ? step.ending : ""].join(" ").trim();
for (const [what, given, expected, say] of STEPS)
  test(`the next step of a failover: ${what}`, () => {
    const step = nextStep({ ...BASE, ...given });
    assert.equal(stepWords(step), expected, step.say);
    assert.match(step.say, say);
  });

const CHOICES: [what: string, given: Partial<Situation>, ...choices: string[]][] = [
  [
    "another run has a stack",
    { ran: [activated({ ok: false, locked: true, stack: "standby", error: "locked by joe" })] },
    "wait for its end, then xcat-ha failover --to xcatmn2",
    "where none runs: pulumi cancel -s standby, then xcat-ha failover --to xcatmn2",
  ],
  [
    "the old node cannot stop",
    { ran: [notStepped(13), notActivated(21)], lease: releasing(A) },
    "end on xcatmn1 what the error names, then xcat-ha failover --to xcatmn2: it goes on",
    "end on xcatmn1 what the error names, then xcat-ha failover --to xcatmn1: it keeps xcatmn1",
  ],
  [
    "the new node's rollback is blocked",
    { ran: [steppedDown(), notActivated(13)], lease: releasing(B, 9) },
    "end on xcatmn2 what the error names, then xcat-ha failover --to xcatmn2: it goes on",
    "end on xcatmn2 what the error names, then xcat-ha failover --to xcatmn1: it goes back",
  ],
];
for (const [what, given, ...choices] of CHOICES)
  test(`the end of a failover says each choice on a line of its own: ${what}`, () => {
    const step = nextStep({ ...BASE, ...given });
    assert.deepEqual("next" in step && step.next.split("\n"), choices);
  });

test("over every situation: nothing is ordered to the new node without a wait while the old one holds the lease, none is turned over a stop that failed, each end says what to type", () => {
  const leases: Lease[] = [A, B].flatMap((node) => [held(node), releasing(node), released(node), rebooted(node)]);
  leases.push({ is: "none" }, { is: "unknown", why: "x" });
  const runs: Ran[][] = [[]];
  for (const to of [
    activated(),
    notActivated(10),
    notActivated(12),
    notActivated(13),
    notActivated(20),
    notActivated(21),
    notActivated(),
  ])
    for (const from of [undefined, steppedDown(), notStepped(10), notStepped(13), notStepped(20), notStepped()])
      for (const back of [undefined, again(), again({ ok: false, code: 20 })])
        runs.push(
          [from, to, back].filter((one) => one !== undefined),
          [from, back].filter((one) => one !== undefined),
        );
  let count = 0;
  for (const lease of leases)
    for (const ran of runs)
      for (const config of [both(A), both(B), { [A]: B, [B]: A }])
        for (const flags of [0, 1, 2, 3, 4, 5, 6, 7]) {
          const situation = {
            ...BASE,
            lease,
            ran,
            config,
            waiting: (flags & 1) > 0,
            back: (flags & 2) > 0,
            interrupted: (flags & 4) > 0,
          };
          const step = nextStep(situation);
          const shown = JSON.stringify({ situation, step });
          const { is } = lease;
          const oldHolds = is !== "none" && is !== "unknown" && is !== "released" && lease.node === A;
          count++;
          if (step.do === "up" && !situation.back && step.node === B) assert.ok(!oldHolds && !situation.waiting, shown);
          if (step.do === "up" && situation.back && step.node === A)
            assert.ok(!(is === "held" && lease.node === B), shown);
          const lastOld = ran.findLast(({ node, role }) => node === A && role === "standby");
          if (is === "releasing" && oldHolds && lastOld?.code === 13 && !situation.waiting && !situation.back)
            assert.equal(step.do, "end", shown);
          if (step.do === "end") assert.ok(step.next.length > 0 && !/undefined/.test(step.say + step.next), shown);
          if (is === "unknown" && !situation.waiting) assert.equal(step.do, "end", shown);
        }
  assert.ok(count > 10_000);
});

const TARGETS: [
  what: string,
  config: Record<string, string | undefined>,
  lease: Lease,
  wanted: string | undefined,
  to: string | undefined,
][] = [
  ["the one that is not active", both(A), held(A), undefined, B],
  ["half flipped", { [A]: B, [B]: A }, held(A), undefined, B],
  ["the one that is asked for", both(A), held(A), A, A],
  ["cut between release and claim", both(B), released(A), undefined, B],
  ["rolled back, and both stacks still name the one that failed", both(B), released(B), undefined, undefined],
  ["released, and the stacks disagree", { [A]: B, [B]: A }, released(A), undefined, undefined],
  ["released, and both stacks name the one that released it", both(A), released(A), undefined, undefined],
  ["released, and a stack names nobody", { [A]: undefined, [B]: B }, released(A), undefined, undefined],
  ["released, and the one that is asked for", both(A), released(A), B, B],
  ["the active one was rebooted: the other one, whatever the stacks say", both(B), rebooted(A), undefined, B],
  ["the active one steps down", both(A), releasing(B), undefined, A],
  ["it has been done already, and was not asked for by name: back", both(B), held(B, 9), undefined, A],
  ["the lease cannot be read: only the operator can tell", both(B), { is: "unknown", why: "x" }, undefined, undefined],
  ["the same, and he tells", both(B), { is: "unknown", why: "x" }, A, A],
  ["no epoch yet", both(A), { is: "none" }, undefined, undefined],
];
for (const [what, config, lease, wanted, to] of TARGETS)
  test(`who should be active: ${what}`, () => assert.equal(target([A, B], config, lease, wanted), to));

test("of two looks at the lease the one counts that has gone on further, and one that cannot be told never", () => {
  const unknown: Lease = { is: "unknown", why: "x" };
  assert.deepEqual(newestLease([held(A), releasing(A)]), releasing(A));
  assert.deepEqual(newestLease([released(A), held(B, 9)]), held(B, 9));
  assert.deepEqual(newestLease([unknown, held(A)]), held(A));
  assert.deepEqual(newestLease([unknown, { is: "none" }]), { is: "none" });
  assert.deepEqual(newestLease([unknown, unknown]), unknown);
});

/** What can happen to a node's run. */
type Mishap =
  | "refuses"
  | "cannot be asked"
  | "fails before it releases"
  | "cannot stop"
  | "fails behind its release"
  | "is not heard to its end"
  | "rolls back"
  | "cannot roll back"
  | "fails when it serves";

class Cut extends Error {}

/** Two stacks and two nodes. Each mishap happens once. */
class Pair {
  lease: Lease = held(A);
  serving: string | undefined = A;
  readonly config: Record<string, Record<string, string>> = {
    [A]: { node: A, activeNode: A },
    [B]: { node: B, activeNode: A },
  };
  readonly did: string[] = [];
  readonly said: string[] = [];
  readonly running: Record<string, Promise<void> | undefined> = {};
  private withdrawn = false;
  /** A step down that nobody hears goes on there; the same order follows it. */
  private onNode: Promise<void> | undefined;
  /** Dies at the call of this number. */
  cutAt = Number.POSITIVE_INFINITY;
  calls = 0;
  interruptAt = Number.POSITIVE_INFINITY;
  interrupted = false;
  abort = new AbortController();

  constructor(
    private readonly mishaps: [node: string, what: Mishap][] = [],
    private readonly slow: string[] = [],
  ) {}

  private happens(node: string, what: Mishap): boolean {
    const index = this.mishaps.findIndex(([of, mishap]) => of === node && mishap === what);
    if (index >= 0) this.mishaps.splice(index, 1);
    return index >= 0;
  }

  private called(what: string) {
    this.calls++;
    if (this.calls >= this.interruptAt) this.interrupted = true;
    if (this.calls >= this.cutAt) throw new Cut(what);
  }

  private holds(node: string) {
    return (
      this.lease.is !== "none" &&
      this.lease.is !== "unknown" &&
      this.lease.is !== "released" &&
      this.lease.node === node
    );
  }

  private get epoch() {
    return "epoch" in this.lease ? this.lease.epoch : 0;
  }

  private async time(node: string) {
    for (let ticks = this.slow.includes(node) ? 40 : 3; ticks > 0; ticks--) await tick();
  }

  stack(node: string): PairStack {
    return {
      name: node === A ? "primary" : "standby",
      managed: "xcat-ha/x",
      config: async () => {
        this.called(`config ${node}`);
        return { ...this.config[node] };
      },
      set: async (key, value) => {
        this.called(`set ${key} ${node}`);
        this.did.push(`${key} of ${node}: ${value}`);
        this.config[node][key] = value;
      },
      remove: async (key) => {
        delete this.config[node][key];
      },
      up: ({ environment, hear }) => {
        this.called(`up ${node}`);
        assert.equal(this.running[node], undefined, `two ups of ${node} at once`);
        const active = this.config[node].activeNode === node;
        this.did.push(`up ${node} ${active ? "active" : "standby"}`);
        const run = this.run(node, active, environment, hear).finally(() => {
          this.running[node] = undefined;
        });
        this.running[node] = run.catch(() => {});
        return run;
      },
    };
  }

  private async run(node: string, active: boolean, environment: Record<string, string>, hear: (text: string) => void) {
    const said: string[] = [];
    hear(`Updating (x):\n\n@ updating....\n`);
    const say = (text: string) => {
      said.push(`    ${node}: ${text}\n`);
      // In pieces.
      const line = ` ~  command:remote:Command ownerLease updating (0s) [diff: ~stdin]; ${node}: ${text}\n`;
      hear(line.slice(0, 30));
      hear(line.slice(30));
    };
    const fails = (error: string, code?: number): never => {
      const status =
        code === undefined
          ? ""
          : `    error: Process exited with status ${code}: running "xcat-ha apply ownerLease":\n`;
      hear(
        `Diagnostics:\n  command:remote:Command (ownerLease):\n${said.join("")}    error: ${error}\n    evidence: e\n    next: n\n${status}\n    error: update failed\n`,
      );
      throw new Error("pulumi up ended with 255");
    };
    const role = active ? "active" : "standby";
    await this.time(node);
    if (this.happens(node, "cannot be asked")) fails("the stack is currently locked");
    if (this.happens(node, "refuses")) fails(`${node} should be ${role}, but it cannot be; nothing was touched`);
    await (active ? this.becomeActive(node, environment[VARIABLE], say, fails) : this.becomeStandby(node, say, fails));
    hear(`Diagnostics:\n${said.join("")}\nResources:\n    ~ 3 updated\n`);
  }

  private async becomeActive(
    node: string,
    handover: string | undefined,
    say: (text: string) => void,
    fails: (error: string, code?: number) => never,
  ) {
    const other = node === A ? B : A;
    if (this.holds(other)) {
      if (handover === undefined && this.lease.is === "held")
        fails(`${node} should be active, but epoch ${this.epoch} is held; nothing was touched`);
      const epoch = this.epoch;
      for (let waited = 0; this.holds(other); waited++) {
        if (waited % 20 === 0)
          say(`waiting for the owner lease, ${waited} of at most ${handover} s: epoch ${epoch} is held`);
        await tick();
        if (this.withdrawn) fails(`${node} no longer waits for the owner lease`, 21);
        if (waited > 300) fails(`epoch ${epoch} is held by ${other}; ${node} waited 300 s for it`, 12);
      }
    }
    const before = this.lease;
    if (this.lease.is !== "held" || this.lease.node !== node) {
      this.lease = held(node, this.epoch + 1);
      say(`owner lease: epoch ${this.epoch} is ours`);
    }
    await this.time(node);
    if (before.is === "released" && this.happens(node, "rolls back")) {
      this.lease = released(node, this.epoch);
      fails("named did not start", 20);
    }
    if (before.is === "released" && this.happens(node, "cannot roll back")) {
      this.lease = releasing(node, this.epoch);
      fails("named did not stop", 13);
    }
    if (this.happens(node, "is not heard to its end")) {
      this.serving = node;
      fails("the connection was lost");
    }
    assert.ok(this.serving === undefined || this.serving === node, "two nodes serve");
    this.serving = node;
    say("postgresql started (300 ms)");
    say("active and serving, 3 s after the claim");
    if (this.happens(node, "fails when it serves")) fails("checks of the active node failed", 20);
  }

  private async becomeStandby(
    node: string,
    say: (text: string) => void,
    fails: (error: string, code?: number) => never,
  ) {
    if (this.onNode) return this.onNode;
    if (this.holds(node)) {
      if (this.happens(node, "fails before it releases")) fails("the cluster data could not be exported", 20);
      this.lease = releasing(node, this.epoch);
      if (this.happens(node, "cannot stop")) fails("postgresql did not stop", 13);
      const lost = this.happens(node, "is not heard to its end");
      const stepDown = async () => {
        await this.time(node);
        this.serving = undefined;
        say("postgresql stopped (200 ms)");
        await tick();
        this.lease = released(node, this.epoch);
        say(`owner lease: epoch ${this.epoch} is released`);
      };
      if (lost) {
        this.onNode = stepDown().finally(() => {
          this.onNode = undefined;
        });
        fails("the connection was lost");
      }
      await stepDown();
      if (this.happens(node, "fails behind its release")) fails("the guard could not be written", 20);
    }
  }

  failOver(to = B): Promise<Outcome> {
    const from = to === B ? A : B;
    this.withdrawn = false;
    return failOver(
      {
        stacks: { [A]: this.stack(A), [B]: this.stack(B) },
        look: async () => {
          this.called("look");
          return this.lease;
        },
        withdraw: async (node) => {
          this.called(`withdraw ${node}`);
          this.did.push(`withdraw ${node}`);
          this.withdrawn = true;
        },
        audience: {
          say: (text) => this.said.push(text),
          hear: () => {},
          whole: () => {},
        },
        interrupted: () => this.interrupted,
        signal: this.abort.signal,
      },
      from,
      to,
    );
  }

  /** What runs on the nodes comes to its end. */
  async settled() {
    while (this.running[A] || this.running[B]) await Promise.all([this.running[A], this.running[B]]);
    for (let ticks = 0; ticks < 100; ticks++) await tick();
  }

  /** One serves, holds the lease, and is named by both stacks. */
  assertActive(node: string, outcome: Outcome) {
    const shown = JSON.stringify({ outcome, did: this.did, said: this.said }, null, 1);
    assert.deepEqual([this.lease.is, "node" in this.lease && this.lease.node], ["held", node], shown);
    assert.equal(this.serving, node, shown);
    assert.deepEqual([this.config[A].activeNode, this.config[B].activeNode], [node, node], shown);
  }
}

const FLIPPED = [`activeNode of ${A}: ${B}`, `activeNode of ${B}: ${B}`];
const BACK = [`activeNode of ${A}: ${A}`, `activeNode of ${B}: ${A}`];
const RUNS: [what: string, mishaps: [string, Mishap][], ending: string, active: string, ...did: string[]][] = [
  ["there", [], "done", B, ...FLIPPED, `up ${B} active`, `up ${A} standby`],
  ["the new node refuses", [[B, "refuses"]], "refused", A, ...FLIPPED, `up ${B} active`, ...BACK, `up ${B} standby`],
  [
    "the new node's stack is locked",
    [[B, "cannot be asked"]],
    "incomplete",
    A,
    ...FLIPPED,
    `up ${B} active`,
    ...BACK,
    `up ${B} standby`,
  ],
  [
    "the old node refuses",
    [[A, "refuses"]],
    "refused",
    A,
    ...FLIPPED,
    `up ${B} active`,
    `up ${A} standby`,
    `withdraw ${B}`,
    ...BACK,
    `up ${A} active`,
    `up ${B} standby`,
  ],
  [
    "the old node fails before it releases",
    [[A, "fails before it releases"]],
    "incomplete",
    A,
    ...FLIPPED,
    `up ${B} active`,
    `up ${A} standby`,
    `withdraw ${B}`,
    ...BACK,
    `up ${A} active`,
    `up ${B} standby`,
  ],
  [
    "the old node's stack is locked for a moment",
    [[A, "cannot be asked"]],
    "done",
    B,
    ...FLIPPED,
    `up ${B} active`,
    `up ${A} standby`,
    `up ${A} standby`,
  ],
  [
    "the old node fails behind its release",
    [[A, "fails behind its release"]],
    "done",
    B,
    ...FLIPPED,
    `up ${B} active`,
    `up ${A} standby`,
    `up ${A} standby`,
  ],
  ["the old node is not heard to its end", [[A, "is not heard to its end"]], "done", B],
  [
    "the new node rolls back",
    [[B, "rolls back"]],
    "incomplete",
    A,
    ...FLIPPED,
    `up ${B} active`,
    `up ${A} standby`,
    ...BACK,
    `up ${A} active`,
    `up ${B} standby`,
  ],
  [
    "the new node is not heard to its end",
    [[B, "is not heard to its end"]],
    "done",
    B,
    ...FLIPPED,
    `up ${B} active`,
    `up ${A} standby`,
    `up ${B} active`,
  ],
  [
    "what comes behind the last service fails",
    [[B, "fails when it serves"]],
    "incomplete",
    B,
    ...FLIPPED,
    `up ${B} active`,
    `up ${A} standby`,
  ],
  [
    "the new node rolls back, and its way back is not heard at once",
    [
      [B, "rolls back"],
      [A, "is not heard to its end"],
    ],
    "",
    A,
  ],
];
for (const slow of [[], [A], [B], [A, B]])
  for (const [what, mishaps, ending, active, ...did] of RUNS)
    test(
      `a failover${slow.length ? `, slow on ${slow.join(" and ")}` : ""}: ${what}`,
      { timeout: 20_000 },
      async () => {
        const pair = new Pair([...mishaps], slow);
        const outcome = await pair.failOver();
        if (ending) assert.equal(outcome.ending, ending, JSON.stringify({ outcome, did: pair.did }));
        if (did.length > 0) assert.deepEqual(pair.did, did);
        pair.assertActive(active, outcome);
      },
    );

test("the old node is asked to step down once the new one waits, and not before", async () => {
  const pair = new Pair([], [B]);
  await pair.failOver();
  const waits = pair.said.indexOf(`${B} waits for the owner lease: ${A} steps down`);
  assert.ok(waits > 0, pair.said.join("\n"));
});

for (const [what, mishap, node] of [
  ["the old node cannot stop", "cannot stop", A],
  ["the new node cannot roll back", "cannot roll back", B],
] as const)
  test(`${what}: nothing is turned over it, and typed again it goes on`, { timeout: 20_000 }, async () => {
    const pair = new Pair([[node, mishap]]);
    const outcome = await pair.failOver();
    assert.equal(outcome.ending, "blocked");
    assert.match(
      outcome.next,
      new RegExp(`^end on ${node} what the error names, then xcat-ha failover --to ${B}: it goes on`),
    );
    assert.deepEqual([pair.lease.is, "node" in pair.lease && pair.lease.node], ["releasing", node]);
    assert.ok(!pair.did.some((one) => one === `up ${A} active`), pair.did.join());
    pair.assertActive(B, await pair.failOver());
  });

test(
  "cut at each of its steps, the nodes go on by themselves, and typed again it ends with one active node that both stacks name",
  { timeout: 120_000 },
  async () => {
    for (const mishaps of [[], [[B, "rolls back"]], [[A, "refuses"]], [[A, "fails behind its release"]]] as [
      string,
      Mishap,
    ][][])
      for (const slow of [[], [A], [B]]) {
        let at = 1;
        for (; ; at++) {
          const pair = new Pair([...mishaps], slow);
          pair.cutAt = at;
          const first = await pair.failOver().catch((error) => error);
          if (!(first instanceof Cut)) break;
          await pair.settled();
          pair.cutAt = Number.POSITIVE_INFINITY;
          let outcome = await pair.failOver();
          // A mishap that came only now.
          if (outcome.ending !== "done") outcome = await pair.failOver();
          assert.equal(outcome.ending, "done", JSON.stringify({ at, mishaps, did: pair.did, outcome }));
          pair.assertActive(B, outcome);
        }
        assert.ok(at > 8, `${at} steps`);
      }
  },
);

test(
  "asked to end at each of its steps: one node serves, both stacks name it, and it says what to type; typed again it is done",
  { timeout: 120_000 },
  async () => {
    const endings = new Set<string>();
    for (const slow of [[], [A], [B]])
      for (let at = 1; at < 16; at++) {
        const pair = new Pair([], slow);
        pair.interruptAt = at;
        const outcome = await pair.failOver();
        const active = "node" in pair.lease ? pair.lease.node : "";
        endings.add(`${outcome.ending} ${active}`);
        pair.assertActive(active, outcome);
        if (outcome.ending !== "done") assert.equal(outcome.next, `xcat-ha failover --to ${B}`);
        pair.interrupted = false;
        pair.interruptAt = Number.POSITIVE_INFINITY;
        pair.assertActive(B, await pair.failOver());
      }
    assert.deepEqual([...endings].sort(), [`done ${B}`, `superseded ${A}`]);
  },
);

test("how a run ended, out of what Pulumi prints", () => {
  const block = "    error: named did not start\n    evidence: e\n    next: n\n";
  assert.deepEqual(
    endOf(`Diagnostics:\n${block}    error: Process exited with status 20: running "x":\n    error: update failed\n`),
    {
      code: 20,
      error: "named did not start",
    },
  );
  assert.equal(endOf(`    error: Process exited with status 255: running "x":\n`).code, undefined);
  assert.deepEqual(
    endOf(
      "    error: pulumi-nodejs:dynamic/xcat-ha:Observation resource 'ownerLease' has a problem: xcatmn2 should be active, but epoch 8 is held; nothing was touched\n    evidence: e\n    next: n\n",
    ),
    { code: 10, error: "xcatmn2 should be active, but epoch 8 is held; nothing was touched" },
  );
  // As the CLI says it: of a backend that keeps its own locks, of Pulumi Cloud, and of a lock that it cannot read.
  const lock = (who: string) => `  s3://state/.pulumi/locks/organization/xcat-ha/standby/1.json: created by ${who}\n`;
  const refusal =
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.\n";
  const joe = "joe@ws1 (pid 42) at 2026-11-28T01:02:03Z";
  assert.deepEqual(endOf(`${refusal}${lock(joe)}`), {
    code: undefined,
    locked: true,
    error: `the stack is locked by ${joe}`,
  });
  assert.match(endOf(`${refusal}${lock(joe)}${lock(joe.replace("joe", "ann"))}`).error ?? "", /joe@.* and ann@/);
  assert.deepEqual(endOf("error: [409] Conflict: Another update is currently in progress.\n"), {
    code: undefined,
    locked: true,
    error: "[409] Conflict: Another update is currently in progress.",
  });
  assert.deepEqual(endOf("error: the stack is currently locked by 1 lock(s)\n"), {
    code: undefined,
    locked: true,
    error: "the stack is currently locked by 1 lock(s)",
  });
});

const STACK = {
  name: "standby",
  managed: "xcat-ha/standby",
  config: async () => ({}),
  set: async () => {},
  remove: async () => {},
};

/** A node as it answers before anything is changed. */
type Answers = { lease?: string; refuses?: { code: number; stderr: string }; silent?: boolean };
function reachedAs(node: string, { lease = "other", refuses, silent }: Answers, asked: string[]): Reached {
  if (silent) return { node, error: new OpsError("unknown", `${node} could not be reached`, "timed out", "ssh") };
  const session = {
    address: "10.5.106.1",
    ask: async () =>
      encodeDocument({
        lease: lease.startsWith("unknown") ? lease : `is ${lease}`,
        "lease.node": `is ${A}`,
        "lease.epoch": "is 000008",
      }),
    request: async (verb: string, role: string, values: Record<string, string>) => {
      asked.push(`${verb} ${node} ${role} ${JSON.stringify(values)}`);
      const stdout =
        role === "active"
          ? "quiesce\t-\tthe services start again under the owner lease, after about 14 s\nclaim\thandover\tx\n"
          : "released\t-\tx\n";
      return refuses ? { ...refuses, stdout: "" } : { code: 0, stdout, stderr: "" };
    },
    close: () => {},
  };
  return { node, session } as unknown as Reached;
}
const REFUSES = {
  code: 30,
  stderr: "error: it has no unit named.service; nothing was touched\nevidence: e\nnext: install it",
};
const ACTIVE: Answers = { lease: "mine" };
const PREFLIGHTS: [
  what: string,
  answers: [Answers, Answers],
  config: Record<string, string>,
  ending: string,
  said: RegExp,
][] = [
  ["both would", [ACTIVE, {}], {}, "xcatmn2", /about 14 s/],
  ["the new node refuses", [ACTIVE, { refuses: REFUSES }], {}, "misconfigured", /no unit named/],
  ["the old node refuses", [{ ...ACTIVE, refuses: { ...REFUSES, code: 10 } }, {}], {}, "refused", /no unit named/],
  [
    "the old node cannot be asked",
    [{ silent: true }, {}],
    {},
    "unknown",
    /ssh\nwhere xcatmn1 is dead: xcat-ha takeover --from xcatmn1 --epoch 8/,
  ],
  ["the new node cannot be asked", [ACTIVE, { silent: true }], {}, "unknown", /xcatmn2 could not be reached/],
  ["neither can be asked", [{ silent: true }, { silent: true }], {}, "unknown", /cannot be told/],
  [
    "neither can read the lease",
    [{ lease: "unknown the share hangs" }, { lease: "unknown the share hangs" }],
    {},
    "unknown",
    /the share hangs/,
  ],
  [
    "nobody holds the lease, and the old node is silent",
    [{ silent: true }, { lease: "released" }],
    both(B),
    "xcatmn2",
    /warning: xcatmn1 will not become a standby node now/,
  ],
  [
    "nobody holds the lease, and the stacks disagree",
    [{ lease: "released" }, { lease: "released" }],
    { [A]: A, [B]: B },
    "refused",
    /\nxcat-ha failover --to xcatmn1\nxcat-ha failover --to xcatmn2$/,
  ],
  ["never set up", [{ lease: "none" }, { lease: "none" }], {}, "refused", /no epoch exists/],
  [
    "a takeover of the newest epoch is ordered",
    [ACTIVE, {}],
    { takeover: '{"epoch":8,"fence":true}' },
    "misconfigured",
    /^takeover: .*\n.*\npulumi config rm takeover/,
  ],
  ["a takeover that is used up", [ACTIVE, {}], { takeover: '{"epoch":7,"fence":true}' }, "xcatmn2", /about 14 s/],
];
for (const [what, answers, config, ending, said] of PREFLIGHTS)
  test(`before anything is changed both nodes are asked: ${what}`, async () => {
    const asked: string[] = [];
    const stacks = Object.fromEntries(
      [A, B].map((node) => [
        node,
        {
          ...STACK,
          managed: `xcat-ha/${node}`,
          config: async () => ({
            activeNode: config[node] ?? A,
            ...(config.takeover && { takeover: config.takeover }),
          }),
          set: () => assert.fail("changed"),
          up: () => assert.fail("run"),
        } as unknown as PairStack,
      ]),
    );
    const reached = [reachedAs(A, answers[0], asked), reachedAs(B, answers[1], asked)];
    const cluster = { nodes: { [A]: {}, [B]: {} } } as unknown as Parameters<typeof preflight>[0];
    try {
      const { to, outage, plans, warnings } = await preflight(cluster, stacks, reached, undefined);
      assert.equal(to, ending);
      assert.match([outage, ...warnings].join("\n"), said);
      assert.ok(plans.some((plan) => /xcatmn2 will become active/.test(plan)));
      assert.ok(asked.includes(`plan ${B} active {"stack":"xcat-ha/${B}","handover":"600"}`), asked.join());
    } catch (error) {
      if (!(error instanceof OpsError)) throw error;
      assert.equal(error.ending, ending, error.message);
      assert.match([error.seen, error.evidence, error.next].join("\n"), said);
    }
  });

test("asked a second time it ends at once, and says what goes on and what to type", async () => {
  const pair = new Pair();
  const running = pair.failOver();
  while (!pair.did.includes(`up ${A} standby`)) await tick();
  pair.interrupted = true;
  pair.abort.abort();
  const outcome = await running;
  assert.equal(outcome.ending, "superseded");
  assert.match(outcome.say, /^ended at once, as asked; .*; what runs on a node goes on there$/);
  assert.equal(outcome.next, `xcat-ha failover --to ${B}`);
  await pair.settled();
});

test("what a node says is heard once, as it comes, in whatever pieces; all of it is kept", async () => {
  const pieces = [
    "Updating (standby):\n\n@ upd",
    "ating....\n ~  command:remote:Command ownerLease updating (0s) [diff: ~stdin]; xcatmn2: waiting for the owner le",
    "ase, 0 of at most 600 s: x\n ~  command:remote:Command ownerLease updating (1s) xcatmn2: active and serving\n",
    "Diagnostics:\n  command:remote:Command (ownerLease):\n    xcatmn2: waiting for the owner lease, 0 of at most 600 s: x\n    xcatmn2: active and serving\n",
  ];
  const heard: string[] = [];
  let whole = "";
  const ran = await runUp(
    {
      ...STACK,
      up: async ({ hear, environment }) => {
        assert.deepEqual(environment, { [VARIABLE]: "600" });
        for (const piece of pieces) hear(piece);
      },
    },
    { node: B, role: "active" },
    {
      environment: { [VARIABLE]: "600" },
      signal: new AbortController().signal,
      audience: {
        say: () => {},
        hear: (node, text) => heard.push(`${node} ${text}`),
        whole: (_, text) => {
          whole += text;
        },
      },
    },
  );
  assert.deepEqual(ran, { node: B, role: "active", ok: true, served: true });
  assert.deepEqual(heard, [`${B} waiting for the owner lease, 0 of at most 600 s: x`, `${B} active and serving`]);
  assert.ok(whole.endsWith(`${pieces.join("")}\n`));
});

for (const [what, json, isTTY, shown] of [
  [
    "not on a terminal a line with the time for each thing, and a wait once",
    false,
    false,
    /^(\d\d:\d\d:\d\d .*\n){3}$/,
  ],
  ["with --json nothing", true, false, /^$/],
  [
    "on a terminal one line a node, with the seconds",
    false,
    true,
    / 0 s {2}xcatmn2: waiting for the owner lease, 2 of at most 600 s\nESC\[1AESC\[J$/,
  ],
] as const)
  test(`progress: ${what}`, () => {
    let printed = "";
    const stream = {
      isTTY,
      columns: 100,
      write: (text: string) => {
        printed += text.replaceAll("\x1b", "ESC");
      },
    } as unknown as NodeJS.WriteStream;
    const log = new Log("failover", at("logs"));
    const progress = new Progress({ json }, [A, B], log, stream);
    progress.say("it begins");
    progress.hear(B, "looking");
    progress.hear(B, "waiting for the owner lease, 0 of at most 600 s");
    progress.hear(B, "waiting for the owner lease, 2 of at most 600 s");
    progress.whole(B, "one\ntwo\n");
    progress.end();
    assert.match(printed, shown);
    assert.match(readFileSync(log.file, "utf8"), /\nit begins\n[\s\S]*^xcatmn2 \| one\nxcatmn2 \| two\n$/m);
    assert.deepEqual([statSync(log.file).mode & 0o777, statSync(at("logs")).mode & 0o777], [0o600, 0o700]);
  });

test("the whole output: what two runs print at the same time, in pieces, stays apart by lines", () => {
  const log = new Log("pieces", at("logs"));
  const pieces = [
    [A, "upd"],
    [B, "waits"],
    [A, "ating\nst"],
    [B, "\n"],
    [A, "opped\n"],
  ] as const;
  for (const [node, piece] of pieces) log.write(node, piece);
  const [, ...lines] = readFileSync(log.file, "utf8").split("\n");
  assert.deepEqual(lines, ["xcatmn1 | updating", "xcatmn2 | waits", "xcatmn1 | stopped", ""]);
});

test("where the seconds went: from what was heard on both nodes, and no outage where a mark is missing", () => {
  const heard: Heard[] = [
    { node: B, at: 9000, text: "waiting for the owner lease, 0 of at most 600 s: x" },
    { node: A, at: 15_000, text: "conserver stopped (120 ms)" },
    { node: A, at: 16_000, text: "xcatd stopped (90 ms)" },
    { node: A, at: 16_500, text: "postgresql stopped (400 ms)" },
    { node: A, at: 17_000, text: "owner lease: epoch 8 is released" },
    { node: B, at: 17_200, text: "owner lease: epoch 9 is ours" },
    { node: B, at: 18_000, text: "postgresql started (300 ms)" },
    { node: B, at: 20_000, text: "active and serving, 3 s after the claim" },
  ];
  const found = phases(heard, A, B, 0, 10_000);
  assert.deepEqual(
    found.map(({ seconds, detail }) => [seconds, detail]),
    [
      [10, ""],
      [6, "conserver 120 ms, xcatd 90 ms"],
      [1, "postgresql 400 ms"],
      [0.2, ""],
      [2.8, "postgresql 300 ms"],
    ],
  );
  assert.equal(outageOf(found)?.toFixed(1), "4.0");
  assert.equal(outageOf(phases(heard.slice(0, -1), A, B, 0, 10_000)), undefined);
  assert.equal(phases([], A, B, 0).length, 0);
});

const OUTAGES: [what: string, steps: string[], outage: string][] = [
  [
    "as the last time",
    ["quiesce\t-\tthe services start again under the owner lease, after about 14 s, as the last time"],
    "about 14 s, as the last time",
  ],
  [
    "with what runs now",
    ["quiesce\t-\tthe services start again under the owner lease, after about 14 s: now running xcatd named"],
    "about 14 s",
  ],
  [
    "never measured yet",
    [
      "quiesce\t-\tthe services start again under the owner lease, after about 20 s and the last copy of what changed; on a cluster of thousands of nodes makedns and makedhcp take minutes: now running xcatd",
    ],
    "about 20 s and the last copy of what changed; on a cluster of thousands of nodes makedns and makedhcp take minutes",
  ],
  ["a plan that stops nothing", ["claim\thandover\tx"], "not known"],
  [
    "another step that speaks of it",
    ["note\tthe services start again under the owner lease, after a while\tx"],
    "not known",
  ],
  ["no plan", [], "not known"],
];
for (const [what, steps, outage] of OUTAGES)
  test(`the outage to expect is what the plan of the new node says: ${what}`, () => {
    const plan = planSentences(B, "active", [...steps, "claim\thandover\tx"].join("\n"));
    assert.equal(expectedOutage(plan), outage);
  });

test("the plan says it in the words that are looked for", () => {
  const text = nodeFiles("plan")
    .map((file) => readFileSync(join(__dirname, "../..", file), "utf8"))
    .join("\n")
    .replace(/\\\n/g, "");
  const [, said] = /step quiesce - "(.*)"$/m.exec(text) ?? [];
  const filled = said?.replace(/\$\{FACT\[outage\]\}/, "about 9 s").replace(/\$\{FACT\[running\]:\+(.*)\}$/, "$1");
  assert.equal(expectedOutage(planSentences(B, "active", `quiesce\t-\t${filled}`)), "about 9 s");
});
