// `xcat-ha takeover`: the active node is dead. The order of docs/failover.md goes into the config of the new node's stack, its `up` judges it, and
// what is used up, or was refused, leaves the config again.
import type { Context } from "./context";
import { type EndingName, OpsError } from "./ending";
import { interruptions, leaseNow, type Outcome } from "./failover";
import { endingOf, type Lease, leaseRows, leaseWords, type Ran, remedyOf } from "./failoverSteps";
import { ORDER_CONNECT_SECONDS, reach } from "./nodes";
import { type Audience, Log, logFolder, Progress, runUp, servingLine } from "./running";
import { openStacks, type PairStack } from "./stacks";
import { tableText } from "./table";

export type Order = { from: string; epoch: number; by: "fence" | "confirmation"; reason: string };
export type Options = { from?: string; epoch?: string; fence?: boolean; confirm?: string; reason?: string };

/** What was typed, as an order; a usage error names the option. */
export function orderOf(nodes: string[], { from, epoch, fence, confirm, reason }: Options): Order {
  const words = `${from !== undefined && nodes.includes(from) ? from : "NODE"} is powered off`;
  const wrong: string[] = [];
  if (from === undefined || !nodes.includes(from))
    wrong.push(`--from: seen ${seen(from)}; expected ${nodes.join(" or ")}`);
  if (!/^[1-9]\d{0,5}$/.test(epoch ?? ""))
    wrong.push(`--epoch: seen ${seen(epoch)}; expected the number of the epoch that the dead node holds`);
  if (!/^\S[^\n]*$/.test(reason ?? ""))
    wrong.push(`--reason: seen ${seen(reason)}; expected one line of text, for whoever reads the epochs later`);
  if ((fence === true) === (confirm !== undefined))
    wrong.push("seen both or none of --fence and --confirm; expected one of them");
  else if (confirm !== undefined && confirm !== words)
    wrong.push(`--confirm: seen ${seen(confirm)}; expected "${words}", typed by somebody who has seen it`);
  if (wrong.length > 0)
    throw new OpsError(
      "usage",
      `${wrong.join("; ")}; nothing was touched`,
      "xcat-ha takeover --from NODE --epoch N (--fence | --confirm TEXT) --reason TEXT",
      "xcat-ha status names the epoch; docs/failover.md, The active node is dead",
    );
  return { from: from as string, epoch: Number(epoch), by: fence ? "fence" : "confirmation", reason: reason as string };
}

const seen = (value: string | undefined) => (value === undefined ? "nothing" : JSON.stringify(value));

/** What the lease says about the order: `go` is to be done, `done` was claimed by an earlier run; else a refusal. */
export function judgeOrder({ from, epoch }: Order, to: string, lease: Lease): "go" | "claimed" {
  const refuse = (ending: EndingName, why: string, next: string) => {
    throw new OpsError(
      ending,
      `${why}; ${leaseWords(lease)}; nothing was touched`,
      `the newest epoch, as ${to} sees it`,
      next,
    );
  };
  if (lease.is === "unknown")
    return refuse(
      "unknown",
      `expected ${to} to say who holds the owner lease`,
      `look at ${to} and the shared data there`,
    );
  if (lease.is === "none") return refuse("refused", "expected a pair that is set up", "pulumi up of the first node");
  if (lease.is === "released")
    return refuse("refused", "expected an epoch that its owner cannot release", `xcat-ha failover --to ${to}`);
  if (lease.node === to) {
    if (lease.epoch === epoch + 1) return "claimed";
    return refuse("refused", `expected ${from} to hold epoch ${epoch}`, "xcat-ha status");
  }
  if (lease.node !== from || lease.epoch !== epoch)
    return refuse(
      "held",
      `expected ${from} to hold epoch ${epoch}`,
      `look whether ${from} is dead; then the same command with --epoch ${lease.epoch}`,
    );
  return "go";
}

/** What is left in the config, and what is said, by where the lease is behind the run. */
export function afterRun(
  { from, epoch }: Order,
  to: string,
  lease: Lease,
  ran: Ran,
): { keys: "keep" | "remove" | "restore" } & Pick<Outcome, "ending" | "say" | "next"> {
  const error = ran.error ?? "it did not say why";
  const comesBack = `when ${from} is back, it starts nothing: xcat-ha failover --to ${to} makes it a standby node`;
  if (lease.is === "unknown")
    return {
      keys: "keep",
      ending: "unknown",
      say: `${ran.ok ? "the run ended" : error}; ${leaseWords(lease)}; the order stays in the config: of an epoch that is over it changes nothing`,
      next: `look at ${to}; then the same command again`,
    };
  const newer = lease.is !== "none" && lease.epoch > epoch;
  if (newer && lease.is === "held" && lease.node === to)
    return ran.ok
      ? { keys: "remove", ending: "done", say: `${to} is active; ${leaseWords(lease)}`, next: comesBack }
      : {
          keys: "remove",
          ending: endingOf(ran),
          say: `${leaseWords(lease)}; its run failed: ${error}`,
          next: `correct what the error names, then xcat-ha failover --to ${to}: it goes on\n${comesBack}`,
        };
  if (newer)
    return {
      keys: "remove",
      ending: ran.ok ? "incomplete" : endingOf(ran),
      say: `${to} is not active: ${error}; ${leaseWords(lease)}`,
      next: `correct what the error names, then pulumi up on the stack of ${to}: it goes on`,
    };
  return {
    keys: "restore",
    ending: ran.ok ? "incomplete" : endingOf(ran),
    say: `no takeover: ${error}; ${leaseWords(lease)}; the config is as it was`,
    next: remedyOf(ran, "the same command again"),
  };
}

export type Doing = { stack: PairStack; look(): Promise<Lease>; audience: Audience; signal: AbortSignal };

/** The config of the new node's stack, its `up`, and the config again. */
export async function takeOver(doing: Doing, order: Order, to: string): Promise<Outcome> {
  const { stack, audience, signal } = doing;
  const judged = judgeOrder(order, to, await doing.look());
  const former = await stack.config();
  if (former.takeover !== undefined) await stack.remove("takeover");
  if (judged === "go") {
    audience.say(`the order goes into the config of ${stack.name}: takeover of epoch ${order.epoch}, ${order.by}`);
    await stack.set("takeover.epoch", String(order.epoch), true);
    await stack.set("takeover.reason", order.reason, true);
    if (order.by === "fence") await stack.set("takeover.fence", "true", true);
    else await stack.set("takeover.confirm", `${order.from} is powered off`, true);
  } else audience.say(`${to} has taken over epoch ${order.epoch} already: it goes on`);
  await stack.set("activeNode", to);
  const ran = await runUp(stack, { node: to, role: "active" }, { audience, signal });
  const lease = await doing.look();
  const { keys, ...ended } = afterRun(order, to, lease, ran);
  if (keys !== "keep" && judged === "go") await stack.remove("takeover");
  if (keys === "restore") {
    // With an order in the config, activeNode was a cut run's as well.
    const active = former.takeover === undefined ? former.activeNode : order.from;
    if (active !== undefined && active !== to) await stack.set("activeNode", active);
  }
  return { ...ended, lease, ran: [ran] };
}

export async function takeover(context: Context, options: Options): Promise<EndingName> {
  const cluster = context.cluster();
  const nodes = Object.keys(cluster.nodes);
  const order = orderOf(nodes, options);
  const to = nodes.find((node) => node !== order.from) ?? "";
  const stacks = await context.waiting("looking at both stacks", openStacks(nodes, context.place));
  const log = new Log("takeover", logFolder(context.place.cluster));
  const progress = new Progress(context, [to], log);
  const command = context.typed(
    `xcat-ha takeover --from ${order.from} --epoch ${order.epoch} ${order.by === "fence" ? "--fence" : `--confirm "${order.from} is powered off"`} --reason ...`,
  );
  const asked = interruptions((words) => progress.say(context.typed(words)), command);
  progress.say(`the whole output: ${log.file}`);
  try {
    const outcome = await takeOver(
      {
        stack: stacks[to],
        // The other one is dead.
        look: () => leaseNow(reach(cluster, to, ORDER_CONNECT_SECONDS).then((reached) => [reached])),
        audience: progress,
        signal: asked.signal,
      },
      order,
      to,
    );
    progress.end();
    const said = servingLine(progress.heard, to);
    const rows = [
      ...leaseRows(outcome.lease),
      ...(said ? [["as said there", said]] : []),
      ["whole output", log.file],
      ...outcome.next.split("\n").map((choice) => ["next", choice]),
    ];
    context.result(tableText(context, ["", outcome.say], rows), {
      ...outcome,
      from: order.from,
      to,
      said,
      log: log.file,
    });
    return outcome.ending;
  } finally {
    asked.end();
    progress.end();
  }
}
