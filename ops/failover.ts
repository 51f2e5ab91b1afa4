// `xcat-ha failover`: both stacks flipped, the old node down, the new node up; the new node's `up` waits for the lease when the old one's begins.
import { createInterface } from "node:readline/promises";
import { VARIABLE } from "../components/remote/handover";
import { planSentences } from "../components/remote/observation";
import { type ClockAnswer, clockOf } from "./clocks";
import type { Context, LoadedCluster } from "./context";
import { asOpsError, type EndingName, exitCode, nextLines, OpsError } from "./ending";
import {
  endingOf,
  type Lease,
  leaseRows,
  leaseWords,
  newestLease,
  nextStep,
  type Ran,
  type Situation,
  target,
} from "./failoverSteps";
import { epochsClaimed, type KeptRun, keepRun, shareOf } from "./keptRuns";
import { askPlan, closeAll, look, ORDER_CONNECT_SECONDS, type Reached, reach, reachAll } from "./nodes";
import { at, text } from "./pair";
import { probesOf, type Watched, watchServices } from "./probes";
import {
  type Audience,
  type Heard,
  Log,
  logFolder,
  outageOf,
  type Phase,
  Progress,
  phases,
  runUp,
  servingLine,
  WAITS,
} from "./running";
import { oneLine, openStacks, type PairStack } from "./stacks";
import { tableText } from "./table";

/** For how long the new node waits: an export of a large cluster lies in it. What waits longer is asked anew once the old node has stepped down. */
const HANDOVER_SECONDS = "600";
const WITHDRAW_SECONDS = 120;
/** A decision that comes back to itself is a mistake of ours. */
const MOST_STEPS = 40;

export type Doing = {
  stacks: Record<string, PairStack>;
  /** Who holds the lease now. */
  look(): Promise<Lease>;
  /** Ends the run that waits on a node, by an order to stay what it is. */
  withdraw(node: string): Promise<void>;
  audience: Audience;
  interrupted(): boolean;
  signal: AbortSignal;
  /** The old node is asked to step down. */
  asked?(): void;
};

export type Outcome = { ending: EndingName; say: string; next: string; lease: Lease; ran: Ran[] };

/** Goes from step to step until one is the end. */
export async function failOver(doing: Doing, from: string, to: string): Promise<Outcome> {
  const { stacks, audience } = doing;
  const config = async (node: string) => (await stacks[node].config()).activeNode;
  const situation: Situation = {
    from,
    to,
    config: { [from]: await config(from), [to]: await config(to) },
    lease: { is: "unknown", why: "not asked yet" },
    ran: [],
    flipped: false,
    waiting: false,
    back: false,
    interrupted: false,
  };
  let pending: Promise<Ran> | undefined;
  const up = (node: string, options: { environment?: Record<string, string>; heard?: (text: string) => void } = {}) =>
    runUp(
      stacks[node],
      { node, role: node === (situation.back ? from : to) ? "active" : "standby" },
      { audience, signal: doing.signal, ...options },
    );
  const ended = async (run?: Promise<Ran>) => {
    if (run) situation.ran.push(await run);
  };
  for (let count = 0; count < MOST_STEPS; count++) {
    situation.lease = await doing.look();
    situation.interrupted = doing.interrupted();
    if (doing.signal.aborted)
      return {
        lease: situation.lease,
        ran: situation.ran,
        ending: "superseded",
        say: `ended at once, as asked; ${leaseWords(situation.lease)}; what runs on a node goes on there`,
        next: `xcat-ha failover --to ${to}`,
      };
    const step = nextStep(situation);
    if (step.do === "end") {
      const { ending, say, next } = step;
      return { ending, say, next, lease: situation.lease, ran: situation.ran };
    }
    audience.say(step.say);
    switch (step.do) {
      case "flip":
        for (const node of [from, to]) {
          if (situation.config[node] === step.to) continue;
          await stacks[node].set("activeNode", step.to);
          situation.config[node] = step.to;
          situation.flipped = true;
        }
        break;
      case "turn back":
        situation.back = true;
        break;
      case "up":
        await ended(up(step.node));
        break;
      case "withdraw":
        await doing
          .withdraw(to)
          .catch((error) => audience.say(`warning: ${to} could not be asked to end: ${oneLine(error)}`));
        await ended(pending);
        situation.waiting = false;
        break;
      case "await":
        await ended(pending);
        situation.waiting = false;
        break;
      case "hand over": {
        let over = false;
        let waits = () => {};
        const waiting = new Promise<void>((resolve) => {
          waits = resolve;
        });
        const claiming = up(to, {
          environment: { [VARIABLE]: HANDOVER_SECONDS },
          heard: (line) => {
            if (WAITS.test(line)) waits();
          },
        }).finally(() => {
          over = true;
        });
        pending = claiming;
        await Promise.race([waiting, claiming]);
        if (over) {
          await ended(claiming);
          break;
        }
        situation.waiting = true;
        if (doing.interrupted()) break;
        audience.say(`${to} waits for the owner lease: ${from} steps down`);
        doing.asked?.();
        await ended(up(from));
        if (over) {
          await ended(claiming);
          situation.waiting = false;
        }
        break;
      }
    }
  }
  throw new Error(`a failover came to no end in ${MOST_STEPS} steps: a defect of xcat-ha`);
}

/** The newest of what the nodes see. */
export async function leaseOf(reached: Reached[]): Promise<Lease> {
  const looks = await Promise.all(reached.map(look));
  return newestLease(
    looks.map((seen): Lease => {
      const lease = at(seen, "lease");
      if (!("is" in lease))
        return {
          is: "unknown",
          why: "unknown" in lease ? lease.unknown.replace("; nothing was touched", "") : "the node does not say it",
        };
      if (lease.is === "none") return { is: "none" };
      const node = text(at(seen, "lease.node"));
      const epoch = Number(text(at(seen, "lease.epoch")));
      if (node === undefined || !Number.isInteger(epoch))
        return { is: "unknown", why: `${seen.node} does not say whose epoch it is` };
      const is = /releasing$/.test(lease.is) ? "releasing" : lease.is === "mine-rebooted" ? "rebooted" : lease.is;
      return {
        is: is === "mine" || is === "other" ? "held" : (is as "releasing" | "rebooted" | "released"),
        node,
        epoch,
      };
    }),
  );
}

/** The same of nodes that are asked for it alone. */
export async function leaseNow(reaching: Promise<Reached[]>): Promise<Lease> {
  const reached = await reaching;
  try {
    return await leaseOf(reached);
  } finally {
    closeAll(reached);
  }
}

/** The plan of a node for a role, in sentences; an error where it refuses. */
async function planOf(reached: Reached, role: "active" | "standby", stack: string): Promise<string> {
  if ("error" in reached) throw reached.error;
  const order: Record<string, string> = role === "active" ? { handover: HANDOVER_SECONDS } : {};
  const { code, stdout, stderr } = await askPlan(reached.session, role, { stack, ...order });
  if (code === 0) return planSentences(reached.node, role, stdout);
  const { seen, evidence, next } = asOpsError(new Error(stderr || `the plan of ${reached.node} ended with ${code}`));
  throw new OpsError(endingOf({ node: reached.node, role, ok: false, code }), seen, evidence, next);
}

/** As the plan of the new node has it from the last time. */
export function expectedOutage(plan: string): string {
  return (
    /quiesce: the services start again under the owner lease, after (.*?)(?:: now running .*)?$/m.exec(plan)?.[1] ??
    "not known"
  );
}

async function withdraw(cluster: LoadedCluster, node: string) {
  const reached = await reach(cluster, node, ORDER_CONNECT_SECONDS);
  if ("error" in reached) throw reached.error;
  try {
    await reached.session.ask("withdraw", "", {}, WITHDRAW_SECONDS);
  } finally {
    reached.session.close();
  }
}

/** Ctrl-C: the first asks to end at the next boundary, the second ends Pulumi, the third ends us. */
export function interruptions(say: (text: string) => void, command: string) {
  const abort = new AbortController();
  let count = 0;
  const asked = () => {
    count++;
    if (count === 1)
      say(
        `asked to end: it ends at the next boundary at which somebody serves. Once more: pulumi is ended, and what runs on the nodes goes on there. To go on later: ${command}`,
      );
    else if (count === 2) {
      say(`pulumi is ended; what runs on a node goes on there. xcat-ha status says who serves. To go on: ${command}`);
      abort.abort();
    } else process.exit(exitCode("superseded"));
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, asked);
  // The terminal may be gone; what runs goes on.
  process.stderr.on("error", () => {});
  return {
    signal: abort.signal,
    interrupted: () => count > 0,
    end: () => {
      for (const signal of signals) process.off(signal, asked);
    },
  };
}

async function confirmed(question: string, command: string) {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new OpsError(
      "refused",
      `${question} Nobody can be asked here; expected --yes; nothing was touched`,
      "standard input or error is no terminal",
      `${command} --yes`,
    );
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const over = new AbortController();
  // Ctrl-C and the end of the input are no answer.
  for (const event of ["SIGINT", "close"]) asking.on(event, () => over.abort());
  const answer = await asking
    .question(`${question} [y/N] `, { signal: over.signal })
    .catch(() => "nothing")
    .finally(() => asking.close());
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new OpsError("refused", "not confirmed; nothing was touched", `answered "${answer}"`, command);
}

type Options = { to?: string; dryRun?: boolean; yes?: boolean };

export async function failover(context: Context, options: Options): Promise<EndingName> {
  const began = Date.now();
  const cluster = context.cluster();
  const nodes = Object.keys(cluster.nodes) as [string, string];
  if (options.to !== undefined && !nodes.includes(options.to))
    throw new OpsError(
      "usage",
      `--to: seen "${options.to}"; expected ${nodes.join(" or ")}`,
      `nodes in ${context.clusterFile}`,
      `xcat-ha failover --to ${nodes[1]}`,
    );
  const [stacks, reached] = await context.waiting(
    "looking at both nodes and both stacks",
    Promise.all([openStacks(nodes, context.place), reachAll(cluster, ORDER_CONNECT_SECONDS)]),
  );
  let before: Awaited<ReturnType<typeof preflight>>;
  let clocks: ClockAnswer[];
  try {
    before = await context.waiting(
      "asking both nodes what they would do",
      preflight(cluster, stacks, reached, options.to),
    );
    // Only a report asks for them.
    clocks = options.dryRun ? [] : await Promise.all(reached.map(clockOf));
  } finally {
    closeAll(reached);
  }
  const { from, to, lease, config, plans, warnings, outage } = before;
  const command = context.typed(`xcat-ha failover --to ${to}`);
  const flips = nodes
    .filter((node) => config[node] !== to)
    .map((node) => `activeNode of ${stacks[node].name}: ${config[node] ?? "not set"} -> ${to}`);
  if (options.dryRun) {
    const found = [leaseWords(lease), ...flips, ...warnings, ...plans, `outage to expect: ${outage}`];
    context.result(found.join("\n"), { from, to, lease, config, flips, warnings, plans, outage });
    return "done";
  }
  for (const warning of warnings) context.say(warning);
  if (!options.yes) {
    context.say([...plans, `outage to expect: ${outage}`].join("\n"));
    await confirmed(`${leaseWords(lease)}. ${to} becomes active?`, command);
  }
  const log = new Log("failover", logFolder(context.place.cluster));
  const progress = new Progress(context, [from, to], log);
  const { end, ...asked } = interruptions((words) => progress.say(context.typed(words)), command);
  let askedAt: number | undefined;
  const watching = watchServices(cluster.virtualIp.address, probesOf(cluster));
  progress.say(`the whole output: ${log.file}`);
  try {
    const outcome = await failOver(
      {
        stacks,
        look: () => leaseNow(reachAll(cluster, ORDER_CONNECT_SECONDS)),
        withdraw: (node) => withdraw(cluster, node),
        audience: progress,
        ...asked,
        asked: () => {
          askedAt = Date.now();
        },
      },
      from,
      to,
    );
    progress.end();
    const { heard } = progress;
    keep(context, log.file, {
      from,
      to,
      before: lease,
      lease: outcome.lease,
      began,
      asked: askedAt,
      clocks,
      heard,
      services: watching.end(),
    });
    const found = phases(progress.heard, from, to, began, askedAt);
    const said = servingLine(progress.heard, to);
    context.result(outcomeText(context, outcome, found, said, log.file), {
      ...outcome,
      from,
      to,
      outage: outageOf(found),
      said,
      phases: found,
      seconds: (Date.now() - began) / 1000,
      log: log.file,
    });
    return outcome.ending;
  } finally {
    end();
    progress.end();
    watching.end();
  }
}

/** For `xcat-ha report`. The failover is over: what cannot be kept is said. */
function keep(
  context: Context,
  log: string,
  run: Pick<KeptRun, "from" | "to" | "began" | "asked"> & {
    before: Lease;
    lease: Lease;
    clocks: ClockAnswer[];
    heard: Heard[];
    services: Watched[];
  },
) {
  const { before, lease, clocks, heard, services, ...order } = run;
  const epochOf = (one: Lease) => ("epoch" in one ? one.epoch : undefined);
  try {
    keepRun(log, {
      ...order,
      share: shareOf(clocks),
      epochs: epochsClaimed(heard, epochOf(before), epochOf(lease)),
      ended: Date.now(),
      clocks: clocks.flatMap((clock) => ("offset" in clock ? clock : [])),
      services,
    });
  } catch (error) {
    context.say(`warning: xcat-ha report will not know what was seen from here: ${oneLine(error)}`);
  }
}

/** The epoch of an order in a stack's config; of an older one it changes nothing. */
function takeoverEpoch(order: string | undefined): number | undefined {
  return Number(/"epoch":"?(\d+)/.exec(order ?? "")?.[1] ?? Number.NaN) || undefined;
}

/** All that can be found out before anything is changed; what is refused here has touched nothing. */
export async function preflight(
  cluster: Pick<LoadedCluster, "nodes">,
  stacks: Record<string, PairStack>,
  reached: Reached[],
  wanted?: string,
) {
  const nodes = Object.keys(cluster.nodes) as [string, string];
  const [lease, ...configs] = await Promise.all([leaseOf(reached), ...nodes.map((node) => stacks[node].config())]);
  const config = Object.fromEntries(nodes.map((node, index) => [node, configs[index].activeNode]));
  for (const [index, node] of nodes.entries())
    if ("epoch" in lease && takeoverEpoch(configs[index].takeover) === lease.epoch)
      throw new OpsError(
        "misconfigured",
        `takeover: the config of ${stacks[node].name} orders one of epoch ${lease.epoch}, which is the newest; expected none in a planned failover; nothing was touched`,
        `Pulumi.${stacks[node].name}.yaml`,
        `pulumi config rm takeover -s ${stacks[node].name}`,
      );
  if (lease.is === "unknown") {
    const [first] = reached.flatMap((one) => ("error" in one ? [one.error] : []));
    throw new OpsError(
      "unknown",
      `${leaseWords(lease)}; expected a node that says it; nothing was touched`,
      first?.evidence ?? lease.why,
      first?.next ?? "xcat-ha status",
    );
  }
  if (lease.is === "none")
    throw new OpsError(
      "refused",
      `${leaseWords(lease)}; expected a pair that is set up; nothing was touched`,
      "the shared data, as both nodes see it",
      `pulumi up -s ${stacks[nodes[0]].name}`,
    );
  const to = target(nodes, config, lease, wanted);
  if (to === undefined)
    throw new OpsError(
      "refused",
      `${leaseWords(lease)}, and the stacks do not name one node; expected to know who should be active; nothing was touched`,
      nodes.map((node) => `activeNode of ${stacks[node].name}: ${config[node]}`).join(", "),
      nodes.map((node) => `xcat-ha failover --to ${node}`).join("\n"),
    );
  const from = nodes.find((node) => node !== to) ?? "";
  const asked = (node: string) => reached.find((one) => one.node === node) as Reached;
  const serving = lease.is !== "released" && lease.node === from;
  const plans: string[] = [];
  const warnings: string[] = [];
  plans.push(await planOf(asked(to), "active", stacks[to].managed));
  try {
    plans.unshift(await planOf(asked(from), "standby", stacks[from].managed));
  } catch (error) {
    const { ending, seen, evidence, next } = asOpsError(error);
    const dead =
      lease.is !== "released" ? `\nwhere ${from} is dead: xcat-ha takeover --from ${from} --epoch ${lease.epoch}` : "";
    if (serving) throw new OpsError(ending, seen, evidence, "error" in asked(from) ? `${next}${dead}` : next);
    warnings.push(`warning: ${from} will not become a standby node now: ${seen}`);
  }
  return {
    from,
    to,
    lease,
    config,
    plans,
    warnings,
    outage: serving ? expectedOutage(plans[1]) : "nobody serves now, or none",
  };
}

function outcomeText(
  context: Context,
  { ending, say, next, lease, ran }: Outcome,
  found: Phase[],
  said: string | undefined,
  log: string,
): string {
  const outage = outageOf(found);
  const rows = [
    ...leaseRows(lease),
    ["outage", outage === undefined ? "not heard" : `${outage.toFixed(1)} s, as heard here`],
    ...(said ? [["as said there", said]] : []),
    ...found.map(({ what, seconds, detail }) => [what, `${seconds.toFixed(1)} s${detail ? `: ${detail}` : ""}`]),
    ...ran
      .filter(({ ok }) => !ok)
      .map(({ node, role, error }) => [`${node}, to be ${role}`, `failed: ${error ?? "it did not say why"}`]),
    ["whole output", log],
  ];
  const table = tableText(context, ["", say], rows);
  return ending === "done" ? table : [table, ...nextLines(next)].join("\n");
}
