// A failover as a decision: what was found and what ran so far in, the next step out. Reads and touches nothing.
import { type EndingName, failureOf } from "./ending";

/** Who holds the newest epoch. `rebooted`: its owner was rebooted since, and runs nothing. */
export type Lease =
  | { is: "none" }
  | { is: "held" | "rebooted" | "releasing" | "released"; node: string; epoch: number }
  | { is: "unknown"; why: string };

/** One `up` that has ended. */
export type Ran = {
  node: string;
  role: "active" | "standby";
  ok: boolean;
  /** How the node program ended, where its end was heard. */
  code?: number;
  /** That it serves was heard. */
  served?: boolean;
  /** Its stack, where it failed. */
  stack?: string;
  /** Another run of Pulumi has the stack. */
  locked?: boolean;
  /** The error's first line. */
  error?: string;
};

export type Situation = {
  /** Who should step down, and who should be active then. */
  from: string;
  to: string;
  /** `activeNode` of each node's stack. */
  config: Record<string, string | undefined>;
  lease: Lease;
  ran: Ran[];
  /** The config was flipped by this command, and not found so. */
  flipped: boolean;
  /** The new node's run waits for the lease. */
  waiting: boolean;
  /** It was turned round: the old node should be active again. */
  back: boolean;
  /** Somebody asked to end. */
  interrupted: boolean;
};

export type Step =
  | { do: "flip"; to: string; say: string }
  | { do: "turn back"; say: string }
  /** The new node's `up` first; the old node's once that one waits. */
  | { do: "hand over"; say: string }
  | { do: "up"; node: string; say: string }
  /** The run that waits is ended. */
  | { do: "withdraw"; say: string }
  /** For the end of the run that waited. */
  | { do: "await"; say: string }
  | { do: "end"; ending: EndingName; say: string; next: string };

const holds = (lease: Lease, node: string) =>
  (lease.is === "held" || lease.is === "rebooted" || lease.is === "releasing") && lease.node === node;
const serves = (lease: Lease, node: string) => lease.is === "held" && lease.node === node;

/** An ending for what has failed: the node program's, where it was heard. */
export const endingOf = ({ code }: Ran): EndingName => failureOf(code) ?? "incomplete";

export function leaseWords(lease: Lease): string {
  switch (lease.is) {
    case "none":
      return "no epoch exists yet";
    case "unknown":
      return `who holds the owner lease cannot be told: ${lease.why}`;
    case "released":
      return `epoch ${lease.epoch} was released by ${lease.node}: nobody serves`;
    case "releasing":
      return `${lease.node} holds epoch ${lease.epoch} and steps down`;
    case "rebooted":
      return `${lease.node} holds epoch ${lease.epoch} and was rebooted: nobody serves`;
    default:
      return `${lease.node} holds epoch ${lease.epoch}`;
  }
}

/** The first rows of what an order came to. */
export const leaseRows = (lease: Lease): string[][] => [
  ["active", lease.is === "held" ? lease.node : "nobody, or not known"],
  ["lease", leaseWords(lease)],
];

/** Which of several looks at the lease is the newest: an epoch only goes on. */
export function newestLease(looks: Lease[]): Lease {
  const rank = (lease: Lease) => {
    if (lease.is === "unknown") return -1;
    if (lease.is === "none") return 0;
    return lease.epoch * 4 + ["held", "rebooted", "releasing", "released"].indexOf(lease.is);
  };
  return looks.reduce((newest, lease) => (rank(lease) > rank(newest) ? lease : newest));
}

export function nextStep(situation: Situation): Step {
  if (situation.waiting) return whileWaiting(situation);
  if (situation.lease.is === "unknown") return unknown(situation);
  if (situation.lease.is === "none")
    return end(situation, "refused", "no epoch exists yet", `pulumi up on the stack of ${situation.from} sets it up`);
  return situation.back ? backward(situation) : forward(situation);
}

const failedOf = ({ ran }: Situation, node: string, role?: Ran["role"]) =>
  ran.filter((one) => !one.ok && one.node === node && (role === undefined || one.role === role));
const errorOf = ({ error }: Ran) => error ?? "it did not say why";
/** What is to be done, and `then` to be typed. */
export const remedyOf = ({ locked, stack, node }: Ran, then: string, error = "the error") =>
  locked
    ? `wait for its end, then ${then}\nwhere none runs: pulumi cancel ${stack === undefined ? `of the stack of ${node}` : `-s ${stack}`}, then ${then}`
    : `correct what ${error} names, then ${then}`;
const lastOf = ({ ran }: Situation, node: string, role: Ran["role"]) =>
  ran.findLast((one) => one.node === node && one.role === role);
const again = ({ to }: Situation) => `xcat-ha failover --to ${to}`;

function end(situation: Situation, ending: EndingName, why: string, next: string): Step {
  const words = leaseWords(situation.lease);
  return { do: "end", ending, say: why === words ? why : `${why}; ${words}`, next };
}

/** The old node's run has ended, and the new node's has not. */
function whileWaiting(situation: Situation): Step {
  const { from, to, lease } = situation;
  const stepped = lastOf(situation, from, "standby");
  if (stepped?.ok || lease.is === "released" || holds(lease, to))
    return { do: "await", say: `${leaseWords(lease)}: ${to} goes on` };
  if (lease.is === "unknown") return { do: "await", say: `${leaseWords(lease)}: ${to} waits until its time is over` };
  // Its run may go on on the node although nobody hears it: the same order follows it.
  if (stepped && stepped.code === undefined && failedOf(situation, from, "standby").length < 2)
    return { do: "up", node: from, say: `how the run of ${from} ended was not heard: the same again` };
  const why = stepped ? `${from} did not step down` : "ending, as asked";
  return { do: "withdraw", say: `${why}: ${to} no longer waits for the lease` };
}

function unknown(situation: Situation): Step {
  const why = leaseWords(situation.lease);
  return end(situation, "unknown", why, `make the nodes and the share answer; then ${again(situation)}`);
}

function forward(situation: Situation): Step {
  const { from, to, lease, config, ran, interrupted } = situation;
  const activated = lastOf(situation, to, "active");
  const stepped = lastOf(situation, from, "standby");

  if (stepped && !stepped.ok && holds(lease, from)) {
    if (lease.is === "releasing") return blocked(situation, from, stepped);
    return { do: "turn back", say: `${from} did not step down: ${errorOf(stepped)}` };
  }
  // Where nobody serves it goes on all the same.
  if (interrupted && serves(lease, from)) {
    if (ran.length > 0 || [from, to].some((node) => config[node] !== from))
      return { do: "turn back", say: `ending, as asked: ${from} has not stepped down, and serves` };
    return end(situation, "superseded", "ended as asked, before anything was changed", again(situation));
  }
  if (serves(lease, to) && activated && !activated.ok && (activated.served || failedOf(situation, to).length > 1)) {
    // It serves; what failed behind that takes nothing down.
    if (activated.served && !stepped && !interrupted)
      return { do: "up", node: from, say: `${to} serves: ${from} becomes its standby node` };
    const next = `correct what its error names, then ${again(situation)}`;
    return end(situation, endingOf(activated), `the run of ${to} failed: ${errorOf(activated)}`, next);
  }
  // Whoever flipped them, or let the old node step down, may be in the middle of it.
  if (activated?.locked && (!situation.flipped || !serves(lease, from))) return anotherRun(situation, activated);
  if (activated && !activated.ok) {
    if (lease.is === "releasing" && lease.node === to) return blocked(situation, to, activated);
    if (holds(lease, to))
      return { do: "up", node: to, say: `how the run of ${to} ended was not heard: the same again` };
    // It waited for one that took longer.
    if (
      lease.is === "released" &&
      lease.node === from &&
      endingOf(activated) === "held" &&
      failedOf(situation, to).length < 2
    )
      return { do: "up", node: to, say: `${from} has stepped down meanwhile: ${to} claims now` };
    return {
      do: "turn back",
      say:
        serves(lease, from) && stepped === undefined
          ? `${to} did not become active: ${errorOf(activated)}; ${from} has not stepped down, and serves`
          : `${to} did not become active: ${errorOf(activated)}; ${from} becomes active again`,
    };
  }
  if (interrupted && serves(lease, to) && ran.length > 0 && stepped === undefined)
    return end(situation, "superseded", `ended as asked: ${from} is not converged to a standby node`, again(situation));
  if ([from, to].some((node) => config[node] !== to))
    return { do: "flip", to, say: `activeNode of both stacks: ${to}` };
  if (!holds(lease, to) && holds(lease, from)) {
    if (stepped?.ok)
      return end(situation, "incomplete", `the run of ${from} ended, and it still holds the lease`, again(situation));
    return { do: "hand over", say: `${leaseWords(lease)}: ${to} gets ready, then ${from} steps down` };
  }
  if (!activated) return { do: "up", node: to, say: `${leaseWords(lease)}: ${to} becomes active` };
  if (!stepped) return { do: "up", node: from, say: `${leaseWords(lease)}: ${from} becomes its standby node` };
  if (!stepped.ok && failedOf(situation, from).length < 2)
    return { do: "up", node: from, say: `${to} serves; the run of ${from} failed behind its release: once again` };
  if (!stepped.ok)
    return end(
      situation,
      endingOf(stepped),
      `${to} serves; the run of ${from} failed: ${errorOf(stepped)}`,
      again(situation),
    );
  if (!serves(lease, to)) return end(situation, "incomplete", leaseWords(lease), again(situation));
  return end(situation, "done", `${to} is active`, "nothing");
}

/** Another operator, or another run of the same one, changes a node: none of its steps is turned round. */
function anotherRun(situation: Situation, locked: Ran): Step {
  return end(
    situation,
    "incomplete",
    `another run has the stack of ${locked.node}: ${errorOf(locked)}`,
    remedyOf(locked, again(situation)),
  );
}

/** A stop that fails blocks: nothing starts elsewhere, and nothing is turned round over its head. */
function blocked(situation: Situation, node: string, failed: Ran): Step {
  const { from, to } = situation;
  const first = `end on ${node} what the error names, then`;
  const next = [
    `${first} ${again(situation)}: it goes on`,
    `${first} xcat-ha failover --to ${from}: ${node === from ? `it keeps ${from}` : "it goes back"}`,
  ].join("\n");
  const ending = failed.code === undefined ? "blocked" : endingOf(failed);
  return end(
    situation,
    ending,
    `${node} could not stop: ${errorOf(failed)}; nothing starts on ${node === from ? to : from}`,
    next,
  );
}

/** The old node should be active again. */
function backward(situation: Situation): Step {
  const { from, to, lease, config, ran } = situation;
  const failed = ran.find(({ ok, role, node }) => !ok && (role === "standby") === (node === from));
  if (failed?.locked && !serves(lease, from)) return anotherRun(situation, failed);
  const restored = lastOf(situation, from, "active");
  const settled = lastOf(situation, to, "standby");
  if (holds(lease, to)) {
    const why = failed?.error ?? "its run was not heard to the end";
    return end(
      situation,
      "blocked",
      `${to} does not let go: ${why}`,
      `end on ${to} what the error names, then xcat-ha failover --to ${from}`,
    );
  }
  if ([from, to].some((node) => config[node] !== from))
    return { do: "flip", to: from, say: `activeNode of both stacks: ${from} again` };
  const touched = !serves(lease, from) || lastOf(situation, from, "standby") !== undefined;
  if (touched && !restored) return { do: "up", node: from, say: `${leaseWords(lease)}: ${from} becomes active again` };
  if (restored && !restored.ok && !serves(lease, from)) {
    if (failedOf(situation, from, "active").length < 2 && restored.code === undefined)
      return { do: "up", node: from, say: `how the run of ${from} ended was not heard: the same again` };
    const why = `${to} did not become active, and ${from} not again: ${errorOf(restored)}`;
    return end(situation, endingOf(restored), why, `correct what the error names, then xcat-ha failover --to ${from}`);
  }
  if (restored?.ok && !serves(lease, from))
    return end(
      situation,
      "incomplete",
      `the run of ${from} ended, and it does not serve`,
      `xcat-ha failover --to ${from}`,
    );
  if (lastOf(situation, to, "active") && !settled)
    return { do: "up", node: to, say: `${to} is its standby node again` };
  const open = [restored, settled].find((one) => one && !one.ok);
  const left = open ? `; what is left: the run of ${open.node} failed: ${errorOf(open)}` : "";
  // A run that was withdrawn ended because of something else.
  if (failed && !(situation.interrupted && endingOf(failed) === "superseded"))
    return end(
      situation,
      endingOf(failed),
      `no failover: the run of ${failed.node} failed: ${errorOf(failed)}; ${from} is active, as before${left}`,
      remedyOf(failed, again(situation), "its error"),
    );
  return end(situation, "superseded", `ended as asked; ${from} is active, as before${left}`, again(situation));
}

/** Who should be active after a failover, from what is found; undefined where only the operator can tell. */
export function target(
  nodes: [string, string],
  config: Record<string, string | undefined>,
  lease: Lease,
  wanted?: string,
): string | undefined {
  if (wanted) return wanted;
  const other = (node: string) => nodes.find((name) => name !== node);
  if (lease.is === "held" || lease.is === "rebooted" || lease.is === "releasing") return other(lease.node);
  const [first, second] = nodes.map((node) => config[node]);
  // Half way: who is named by both stacks.
  return lease.is === "released" && first === second && first !== lease.node ? first : undefined;
}
