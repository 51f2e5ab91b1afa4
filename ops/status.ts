// `xcat-ha status`: both nodes side by side.
import { setTimeout as sleep } from "node:timers/promises";
import { managedUnits } from "../components/settings";
import { isTimeService } from "../config/cluster";
import type { Context, LoadedCluster, Style } from "./context";
import { asOpsError, type EndingName, nextLines } from "./ending";
import { look, lookWhole, type Reached, reach } from "./nodes";
import {
  changes,
  checkLine,
  type Finding,
  judge,
  LEVELS,
  type Level,
  type NodeLook,
  type PairFacts,
  type Row,
  rowsOf,
  worst,
} from "./pair";
import { readStackFiles, stacksByNode } from "./stackFiles";
import { tableText } from "./table";

const WATCH_MS = 2000;
/** A round over all parts costs each node a second of work. */
const PARTS_MS = 30_000;

export function pairFacts(cluster: LoadedCluster, stacks?: Record<string, string>): PairFacts {
  return { units: managedUnits(cluster), timeService: cluster.services.network.find(isTimeService), stacks };
}

/** The facts with the names of the stacks; where those cannot be told the pair is looked at all the same. */
function factsOf(context: Context, cluster: LoadedCluster): PairFacts {
  const { project, cluster: file } = context.place;
  try {
    return pairFacts(cluster, stacksByNode(Object.keys(cluster.nodes), readStackFiles(project), file));
  } catch {
    return pairFacts(cluster);
  }
}

const COLOURS: Record<Level, Style> = { OK: "green", WARNING: "yellow", CRITICAL: "red", UNKNOWN: "yellow" };

export async function status(
  context: Context,
  options: { check?: boolean; watch?: boolean },
): Promise<EndingName | number> {
  if (options.check) return check(context);
  const cluster = context.cluster();
  const facts = factsOf(context, cluster);
  const nodes = Object.keys(cluster.nodes);
  if (options.watch) return watch(context, cluster, facts);
  const looks = await context.waiting(`looking at ${nodes.join(" and ")}`, lookAtAll(cluster));
  const findings = judge(facts, looks);
  context.result(statusText(context, facts, looks, findings), statusData(looks, findings));
  return endingOf(looks, findings);
}

/** Each node by itself: one that does not answer keeps the other one's answer waiting no longer than ssh does. */
function lookAtAll(cluster: LoadedCluster): Promise<NodeLook[]> {
  return Promise.all(
    Object.keys(cluster.nodes).map(async (node) => {
      const reached = await reach(cluster, node);
      const seen = await lookWhole(cluster, reached);
      if ("session" in reached) reached.session.close();
      return seen;
    }),
  );
}

/** What is wrong is shown, and no failure of `status`; that nobody answered is one. */
export function endingOf(looks: NodeLook[], findings: Finding[]): EndingName {
  if (looks.every(({ reached }) => !reached)) return "unknown";
  return findings.some(({ level }) => level === "UNKNOWN") ? "unknown" : "done";
}

export function statusText(context: Context, facts: PairFacts, looks: NodeLook[], findings: Finding[]): string {
  const rows = rowsOf(facts, looks, findings);
  const table = tableText(
    context,
    ["", ...looks.map(({ node }) => node)],
    rows.map(({ what, cells }) => [what, ...cells]),
  );
  const lines = findings.flatMap(({ level, what, next }) => [
    `${context.paint(COLOURS[level], level)} ${what}`,
    ...nextLines(next).map((line) => `  ${line}`),
  ]);
  const level = worst(findings);
  return [table, "", ...lines, ...(lines.length === 0 ? [context.paint(COLOURS[level], "nothing is wrong")] : [])].join(
    "\n",
  );
}

export function statusData(looks: NodeLook[], findings: Finding[]) {
  return {
    level: worst(findings),
    nodes: Object.fromEntries(looks.map(({ node, ...seen }) => [node, seen])),
    findings,
  };
}

/** Whatever happens, one line and a code that monitoring knows: what cannot be told is UNKNOWN. */
async function check(context: Context): Promise<number> {
  try {
    const cluster = context.cluster();
    const looks = await lookAtAll(cluster);
    const findings = judge(factsOf(context, cluster), looks);
    context.result(checkLine(looks, findings), statusData(looks, findings));
    return LEVELS.indexOf(worst(findings));
  } catch (error) {
    const { seen, evidence, next } = asOpsError(error);
    const line = [`UNKNOWN: ${seen}: ${evidence}`, ...nextLines(next)].join("; ");
    context.result(line, { level: "UNKNOWN", error: { seen, evidence, next } });
    return LEVELS.indexOf("UNKNOWN");
  }
}

/** Until it is interrupted. The sessions stay open; the one of a node that went is opened again, and nobody waits for it. */
async function watch(context: Context, cluster: LoadedCluster, facts: PairFacts): Promise<EndingName> {
  const nodes = Object.keys(cluster.nodes);
  const watched = nodes.map((node) => new Watched(cluster, node));
  let before: Row[] = [];
  process.once("SIGINT", () => process.exit(0));
  for (;;) {
    const began = Date.now();
    const looks = await Promise.all(watched.map((one) => one.look()));
    const findings = judge(facts, looks);
    const rows = rowsOf(facts, looks, findings);
    if (context.json) context.print(JSON.stringify(statusData(looks, findings)));
    else if (context.terminal) context.print(`\x1b[H\x1b[2J${statusText(context, facts, looks, findings)}`);
    else {
      const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
      for (const line of changes(before, rows, nodes)) context.print(`${time} ${line}`);
    }
    before = rows;
    await sleep(Math.max(0, WATCH_MS - (Date.now() - began)));
  }
}

class Watched {
  private reached?: Reached;
  private reaching?: Promise<void>;
  private parts: { at: number; looks: (NodeLook & { reached: true })["parts"] } = { at: 0, looks: undefined };
  private lease = "";

  constructor(
    private readonly cluster: LoadedCluster,
    private readonly node: string,
  ) {}

  async look(): Promise<NodeLook> {
    if (!this.reached || "error" in this.reached) {
      this.reaching ??= reach(this.cluster, this.node).then((reached) => {
        this.reached = reached;
        this.reaching = undefined;
      });
      // The first time there is nothing else to show.
      if (!this.reached) await this.reaching;
    }
    const reached = this.reached as unknown as Reached;
    const seen = await look(reached);
    if (!seen.reached) {
      this.reached = { node: this.node, error: asOpsError(seenError(seen)) };
      return seen;
    }
    const lease = JSON.stringify([seen.values.lease, seen.values["lease.epoch"]]);
    if (lease !== this.lease || Date.now() - this.parts.at > PARTS_MS) {
      const whole = await lookWhole(this.cluster, reached);
      this.lease = lease;
      this.parts = { at: Date.now(), looks: whole.reached ? whole.parts : undefined };
      return whole;
    }
    return { ...seen, parts: this.parts.looks };
  }
}

const seenError = ({ error }: NodeLook & { reached: false }) =>
  new Error([error.seen, `evidence: ${error.evidence}`, ...nextLines(error.next)].join("\n"));
