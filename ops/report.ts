// `xcat-ha report`: one change of the active node as a picture, out of what both nodes noted and what was seen from here.
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeDocument } from "../components/remote/document";
import { clockOf } from "./clocks";
import type { Context, LoadedCluster } from "./context";
import { asOpsError, type EndingName, OpsError } from "./ending";
import type { Epoch } from "./epochs";
import { epochsBy, nobody } from "./history";
import { keptRun, shareOf } from "./keptRuns";
import { closeAll, type Reached, reachAll } from "./nodes";
import { htmlOf, MARK, svgOf } from "./picture";
import { logFolder } from "./running";
import { runsOf } from "./steps";
import { tableText } from "./table";
import { type NodeRecords, type Outage, outageText, type Records, type Timeline, timelineOf } from "./timeline";

const STEPS_SECONDS = 30;

export async function report(
  context: Context,
  { output = "." }: { output?: string },
  [typed]: string[] = [],
): Promise<EndingName> {
  const cluster = context.cluster();
  if (typed !== undefined && !/^0*[1-9]\d{0,5}$/.test(typed))
    throw usage(`EPOCH: seen "${typed}"; expected the number of an epoch`, `xcat-ha report ${typed}`);
  if (!statSync(output, { throwIfNoEntry: false })?.isDirectory())
    throw usage(
      `--output: seen "${output}"; expected a folder that is there`,
      `ls -ld ${output}`,
      `mkdir -p ${output}`,
    );
  const reached = await context.waiting("connecting to both nodes", reachAll(cluster));
  let found: Awaited<ReturnType<typeof recordsOf>>;
  try {
    found = await context.waiting(
      "reading the epochs and the steps of both nodes",
      recordsOf(cluster, reached, logFolder(context.place.cluster), typed === undefined ? undefined : Number(typed)),
    );
  } finally {
    closeAll(reached);
  }
  const { records, unread } = found;
  const timeline = timelineOf(records);
  timeline.notes.push(...unread.map((file) => `${file} is no record of a failover, or of another version: not used`));
  const files = writeReport(output, timeline);
  context.result(reportText(context, timeline, files), { ...timeline, files });
  return records.nodes.some((node) => "unknown" in node) ? "unknown" : "done";
}

const usage = (seen: string, evidence: string, next = "xcat-ha history names the epochs") =>
  new OpsError("usage", seen, evidence, next);

/** `folder`: where this workstation keeps its runs. */
export async function recordsOf(
  { services }: Pick<LoadedCluster, "services">,
  reached: Reached[],
  folder: string,
  wanted?: number,
): Promise<{ records: Records; unread: string[] }> {
  const epochs = await Promise.any(reached.map(epochsBy)).catch(nobody);
  const index = wanted === undefined ? epochs.length - 1 : epochs.findIndex(({ epoch }) => epoch === wanted);
  const epoch = epochs[index];
  if (!epoch) throw noSuch(epochs, wanted);
  const from = epochs[index - 1]?.node;
  const clocks = await Promise.all(reached.map(clockOf));
  const nodes = await Promise.all(reached.map((one) => stepsOf(one, epoch.epoch)));
  const { run: kept, unread } = keptRun(folder, shareOf(clocks), epoch.epoch);
  // Who steps down stands above who starts.
  nodes.sort((a, b) => Number(b.node === from) - Number(a.node === from));
  const units = [...services.database, ...services.network];
  return { records: { epoch, from, nodes, clocks, kept, services: units }, unread };
}

function noSuch(epochs: Epoch[], wanted?: number): OpsError {
  if (epochs.length === 0)
    return new OpsError(
      "refused",
      "no epoch exists yet; expected one to report on; nothing was written",
      "the shared data",
      "pulumi up on the stack of the first active node",
    );
  const [first, last] = [epochs[0].epoch, epochs[epochs.length - 1].epoch];
  return usage(`EPOCH: seen ${wanted}; expected one from ${first} to ${last}`, "the epochs on the shared data");
}

async function stepsOf(reached: Reached, epoch: number): Promise<NodeRecords> {
  const { node } = reached;
  try {
    if ("error" in reached) throw reached.error;
    const files = decodeDocument(await reached.session.ask("steps", "", {}, STEPS_SECONDS));
    return { node, runs: runsOf(node, files, epoch) };
  } catch (error) {
    return { node, unknown: asOpsError(error).seen };
  }
}

/** Both or none where one would take the place of something else. */
export function writeReport(folder: string, timeline: Timeline): { svg: string; html: string } {
  const name = join(folder, `xcat-ha-epoch-${timeline.epoch}`);
  const files = { svg: `${name}.svg`, html: `${name}.html` };
  for (const file of Object.values(files)) if (!ours(file)) throw occupied(file);
  write(files.svg, svgOf(timeline));
  write(files.html, htmlOf(timeline, timeline.outages.map(outageCells)));
  return files;
}

function ours(file: string): boolean {
  try {
    return readFileSync(file, "utf8").slice(0, 1000).includes(`<!-- ${MARK} -->`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    return false;
  }
}

const occupied = (file: string) =>
  new OpsError(
    "refused",
    `${file} is there and no report of xcat-ha; expected none, or one that may be written anew; nothing was written`,
    `no "${MARK}" at its beginning, or it cannot be read`,
    "xcat-ha report --output DIR, with another folder\nmove that file away",
  );

function write(file: string, text: string) {
  const part = `${file}.${process.pid}`;
  try {
    writeFileSync(part, text, { flag: "wx" });
    renameSync(part, file);
  } catch (error) {
    throw new OpsError(
      "incomplete",
      `${file} could not be written; expected a folder in which you may write`,
      String(error),
      "xcat-ha report --output DIR, with another folder",
    );
  }
}

function outageCells(outage: Outage): string[] {
  const how = { client: "asked from this workstation", nodes: "the nodes' own times", nobody: "not recorded" };
  return [outage.service, outageText(outage), [how[outage.seen], outage.why].filter(Boolean).join(": ")];
}

function reportText(context: Context, timeline: Timeline, files: { svg: string; html: string }): string {
  const longest = timeline.longest.map(({ node, what, seconds }) => [`${seconds.toFixed(2)} s`, `${node}: ${what}`]);
  const untold = timeline.groups.flatMap(({ title, note }) => (note ? `${title}: ${note}` : []));
  return [
    `${timeline.title}\n${timeline.subtitle}`,
    tableText(context, ["service", "outage", "how it is known"], timeline.outages.map(outageCells)),
    tableText(
      context,
      ["longest", "while nobody was served"],
      longest.length > 0 ? longest : [["-", "no step is noted"]],
    ),
    [...untold, ...timeline.notes, ...timeline.clocks].join("\n"),
    `picture: ${files.svg}\npage: ${files.html}`,
  ].join("\n\n");
}
