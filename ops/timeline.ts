// One failover on one axis of time, out of what the nodes noted and what a client saw. Pure. Seconds, from the first stop of a service on.
import type { ClockAnswer } from "./clocks";
import type { Epoch } from "./epochs";
import type { KeptRun } from "./keptRuns";
import type { Gap } from "./probes";
import { leaseSaid, type NotedRun, SERVES, type Step } from "./steps";

export type BarKind = "outage" | "step" | "piece" | "waits" | "failed";
/** Without `from` it began before anybody looked, without `to` its end is not known. */
export type Bar = { kind: BarKind; from?: number; to?: number; title: string };
export type Row = { label: string; piece?: boolean; bars: Bar[]; value: string };
export type Group = { title: string; note?: string; rows: Row[] };
/** `seen`: by a client, by the nodes' own times alone, or by nobody: then `why`. */
export type Outage = {
  service: string;
  seen: "client" | "nodes" | "nobody";
  seconds?: number;
  atLeast?: boolean;
  why?: string;
  gaps: Gap[];
};
export type Longest = { node: string; what: string; seconds: number };
export type Timeline = {
  epoch: number;
  title: string;
  subtitle: string;
  /** What stands at 0 s: milliseconds since 1970, by the workstation's clock. */
  zero: number;
  zeroIs: string;
  /** When everything answered again, on the same clock. */
  served?: number;
  /** What the picture shows of it. */
  from: number;
  to: number;
  outages: Outage[];
  longest: Longest[];
  groups: Group[];
  clocks: string[];
  notes: string[];
};

export type NodeRecords = { node: string } & ({ runs: NotedRun[] } | { unknown: string });
export type Records = {
  epoch: Epoch;
  /** Who had the epoch before it. */
  from?: string;
  nodes: NodeRecords[];
  clocks: ClockAnswer[];
  kept?: KeptRun;
  /** Of the cluster file: postgresql, named ... */
  services: string[];
};

const UNITS: [service: string, units: string[]][] = [
  ["PostgreSQL", ["postgresql"]],
  ["xcatd", ["xcatd"]],
  ["DNS", ["named"]],
  ["DHCP", ["dhcpd"]],
  ["TFTP", []],
  ["console", ["conserver", "goconserver"]],
];
const MOST = 5;
/** Below it nothing took long. */
const SHORT = 0.05;

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);
export const secondsText = (seconds: number) => `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;

/** The runs of a node with its times as the workstation's clock would have shown them. */
function corrected(run: NotedRun, offset: number): NotedRun {
  const at = (time: number) => time - offset;
  return {
    ...run,
    began: at(run.began),
    ...(run.lease && { lease: { ...run.lease, at: at(run.lease.at) } }),
    ...(run.ended && { ended: { ...run.ended, at: at(run.ended.at) } }),
    said: run.said.map((one) => ({ ...one, at: at(one.at) })),
    steps: run.steps.map((step) => ({
      ...step,
      began: at(step.began),
      ...(step.ended !== undefined && { ended: at(step.ended) }),
      pieces: step.pieces.map(({ what, began, ended }) => ({ what, began: at(began), ended: at(ended) })),
    })),
  };
}

export function timelineOf(records: Records): Timeline {
  const { epoch, from, kept } = records;
  const clocks = new Map((kept?.clocks ?? []).map((clock) => [clock.node, clock]));
  const now = new Map(records.clocks.map((clock) => [clock.node, clock]));
  const offset = (node: string) => {
    const measured = clocks.get(node) ?? now.get(node);
    return measured && "offset" in measured ? measured.offset : 0;
  };
  const nodes = records.nodes.map((one) =>
    "runs" in one ? { ...one, runs: one.runs.map((run) => corrected(run, offset(one.node))) } : one,
  );
  const runs = nodes.flatMap((one) => ("runs" in one ? one.runs : []));
  const outages = outagesOf(records, runs);
  const marks = marksOf(runs, outages);
  const groups = [
    outageGroup(outages, kept, marks.zero),
    ...nodes.map((one) => nodeGroup(one, records, runs, marks.zero)),
  ];
  const takeover = epoch.by === "takeover";
  return {
    epoch: epoch.epoch,
    title: `${takeover ? "Takeover" : "Change of the active node"}: epoch ${epoch.epoch}, ${from === undefined || from === epoch.node ? "" : `${from} to `}${epoch.node}`,
    subtitle: `claimed ${epoch.since}, by ${epoch.by}; ${epoch.why}`,
    ...marks,
    ...extent(groups, marks),
    outages,
    longest: longestOf(runs, marks),
    groups,
    clocks: records.nodes.map(({ node }) => clockWords(node, clocks.get(node), now.get(node))),
    notes: notesOf(records, runs, outages),
  };
}

const VIP_MOVES = /^VIP \S+ (dropped|is here)/;

/** When a service went and came, as the nodes noted it. */
function notedGap(runs: NotedRun[], units: string[], vip: boolean): Gap {
  const pieces = runs.flatMap(({ steps }) => steps.flatMap((step) => step.pieces));
  const named = (how: string) => pieces.filter(({ what }) => units.some((unit) => what === `${unit} ${how}`));
  const moves = vip ? runs.flatMap(({ said }) => said.filter(({ text }) => VIP_MOVES.test(text))) : [];
  const moved = (how: string) => moves.filter(({ text }) => VIP_MOVES.exec(text)?.[1] === how).map(({ at }) => at);
  const [from] = [...named("stops").map(({ began }) => began), ...moved("dropped")].sort((a, b) => a - b);
  const [to] = [...named("starts").map(({ ended }) => ended), ...moved("is here")]
    .filter((time) => time >= (from ?? 0))
    .sort((a, b) => a - b);
  return { from, to };
}

function outagesOf({ kept, services, epoch }: Records, runs: NotedRun[]): Outage[] {
  const began = Math.min(...runs.map((run) => run.began));
  const ended = Math.max(...runs.map((run) => run.ended?.at ?? Number.POSITIVE_INFINITY));
  const within = ({ from, to }: Gap) => runs.length === 0 || ((to ?? ended) >= began && (from ?? began) <= ended);
  const wanted = UNITS.filter(
    ([service, units]) => service === "TFTP" || units.some((unit) => services.includes(unit)),
  );
  return [["VIP", []] as (typeof UNITS)[number], ...wanted].map(([service, units]): Outage => {
    const seen = kept?.services.find((one) => one.service === service);
    if (seen && seen.answered > 0) return seenOutage(service, seen.gaps.filter(within), seen);
    const silent = seen ? "it never answered this workstation" : undefined;
    const { from, to } = notedGap(runs, units, service === "VIP");
    if (from !== undefined && to !== undefined)
      return {
        service,
        seen: "nodes",
        seconds: (to - from) / 1000,
        ...(silent && { why: silent }),
        gaps: [{ from, to }],
      };
    const lacking =
      units.length === 0 && service !== "VIP"
        ? "no unit of the pair: no node notes it"
        : `${from === undefined ? "no stop" : "no start"} of it is noted for epoch ${epoch.epoch}`;
    return { service, seen: "nobody", why: [silent, lacking].filter(Boolean).join("; "), gaps: [] };
  });
}

function seenOutage(service: string, gaps: Gap[], { since, until }: { since: number; until: number }): Outage {
  const seconds = sum(gaps.map(({ from = since, to = until }) => (to - from) / 1000));
  const open = gaps.some(({ from, to }) => from === undefined || to === undefined);
  return { service, seen: "client", seconds, ...(open && { atLeast: true }), gaps };
}

/** Zero, and where everything was there again. */
function marksOf(runs: NotedRun[], outages: Outage[]): { zero: number; zeroIs: string; served?: number } {
  const gaps = outages.flatMap((outage) => outage.gaps);
  const stops = runs
    .filter(({ role }) => role === "standby")
    .flatMap(({ steps }) => steps.flatMap(({ pieces }) => pieces.filter(({ what }) => what.endsWith(" stops"))));
  const begins = [...stops.map(({ began }) => began), ...gaps.flatMap(({ from }) => from ?? [])];
  const ends = [
    ...gaps.flatMap(({ to }) => to ?? []),
    ...runs.flatMap(({ said }) => said.filter(({ text }) => SERVES.test(text)).map(({ at }) => at)),
  ];
  const served = ends.length > 0 ? Math.max(...ends) : undefined;
  if (begins.length > 0) return { zero: Math.min(...begins), zeroIs: "the first service goes", served };
  const acts = runs.flatMap(({ began }) => began);
  if (acts.length > 0) return { zero: Math.min(...acts), zeroIs: "the first run begins", served };
  return { zero: 0, zeroIs: "nothing is recorded", served };
}

function extent(groups: Group[], { zero, served }: { zero: number; served?: number }): { from: number; to: number } {
  const bars = groups.flatMap(({ rows }) => rows.flatMap((row) => row.bars));
  const times = bars.flatMap(({ from, to }) => [from ?? 0, to ?? from ?? 0]);
  const first = Math.min(0, ...times);
  const last = Math.max(1, ...times);
  // What was done while nobody waited is longer than what they waited for: it goes on beyond the picture.
  const core = served === undefined ? last : Math.max((served - zero) / 1000, 1);
  return { from: Math.max(first, -0.35 * core), to: Math.min(last, 1.25 * core) };
}

function outageGroup(outages: Outage[], kept: KeptRun | undefined, zero: number): Group {
  const rows = outages.map(
    ({ service, gaps, ...outage }): Row => ({
      label: service,
      value: outageText({ service, gaps, ...outage }),
      bars: gaps.map(({ from, to }) => ({
        kind: "outage",
        ...(from !== undefined && { from: (from - zero) / 1000 }),
        ...(to !== undefined && { to: (to - zero) / 1000 }),
        title: `${service}: ${outageText({ service, gaps, ...outage })}`,
      })),
    }),
  );
  return { title: kept ? "Outage as this workstation saw it" : "Outage by the nodes' own times", rows };
}

export function outageText({ seen, seconds, atLeast, gaps }: Outage): string {
  if (seen === "nobody" || seconds === undefined) return "not recorded";
  if (gaps.length === 0) return "none";
  const parts = [atLeast ? "at least " : "", secondsText(seconds), gaps.length > 1 ? ` in ${gaps.length} parts` : ""];
  return `${parts.join("")}${seen === "nodes" ? ", nodes' times" : ""}`;
}

export const stepName = ({ verb, argument }: Pick<Step, "verb" | "argument">) =>
  verb === "apply" ? argument : [verb, argument].filter((word) => word && word !== "-").join(" ");

function nodeGroup(one: NodeRecords, { epoch }: Records, all: NotedRun[], zero: number): Group {
  const title = `${one.node}: its steps`;
  if ("unknown" in one) return { title, note: `cannot be told: ${one.unknown}`, rows: [] };
  if (one.runs.length === 0)
    return { title, note: `not recorded: no run of ${one.node} for epoch ${epoch.epoch} is noted there`, rows: [] };
  const released = releaseOf(all);
  const rows = one.runs.flatMap((run) => [
    looksRow(run, zero),
    ...run.steps.filter(({ verb }) => verb !== "note").flatMap((step) => stepRows(step, released, zero)),
  ]);
  return { title, rows };
}

/** When the epoch before was released: until then the next owner could only wait. */
const releaseOf = (runs: NotedRun[]) =>
  runs
    .filter(({ role }) => role === "standby")
    .flatMap(({ said }) => said.filter(({ text }) => leaseSaid(text)?.what === "released"))
    .at(-1)?.at;

function looksRow({ role, began, lease }: NotedRun, zero: number): Row {
  const from = (began - zero) / 1000;
  const label = `looks, to be ${role}`;
  if (!lease) return { label, bars: [{ kind: "step", from, title: label }], value: "no end" };
  const to = (lease.at - zero) / 1000;
  return { label, bars: [{ kind: "step", from, to, title: barTitle(label, from, to) }], value: secondsText(to - from) };
}

const barTitle = (what: string, from: number, to?: number) =>
  to === undefined
    ? `${what}: from ${from.toFixed(2)} s; its end is not recorded`
    : `${what}: ${secondsText(to - from)}, from ${from.toFixed(2)} to ${to.toFixed(2)} s`;

function stepRows(step: Step, released: number | undefined, zero: number): Row[] {
  const label = stepName(step);
  const at = (time: number) => (time - zero) / 1000;
  const bar = (kind: BarKind, what: string, from: number, to?: number): Bar => ({
    kind,
    from: at(from),
    ...(to !== undefined && { to: at(to) }),
    title: barTitle(what, at(from), to === undefined ? undefined : at(to)),
  });
  const { began, ended, failed } = step;
  const turn = turnOf(step, released);
  const kind = failed === undefined ? "step" : "failed";
  const bars =
    turn === undefined
      ? [bar(kind, label, began, ended)]
      : [bar("waits", `${label}: waits for the release`, began, turn), bar(kind, label, turn, ended)];
  const value = ended === undefined ? "no end" : secondsText((ended - (turn ?? began)) / 1000);
  const how = `${turn === undefined ? "" : ", once released"}${failed === undefined ? "" : `, failed (${failed})`}`;
  return [
    { label, bars, value: `${value}${how}` },
    ...step.pieces.map((piece) => ({
      label: piece.what,
      piece: true,
      bars: [bar("piece", piece.what, piece.began, piece.ended)],
      value: secondsText((piece.ended - piece.began) / 1000),
    })),
  ];
}

/** In a claim: until when it could only wait. */
function turnOf({ verb, began, ended }: Step, released?: number): number | undefined {
  if (verb !== "claim" || released === undefined || released <= began) return undefined;
  return ended === undefined ? released : Math.min(released, ended);
}

/** Of what lay between the first stop and the end of the outage: each service, and what is left of a step besides. */
function longestOf(runs: NotedRun[], { zero, served }: { zero: number; served?: number }): Longest[] {
  const end = served ?? Number.POSITIVE_INFINITY;
  const inside = (from: number, to: number) => Math.max(0, Math.min(to, end) - Math.max(from, zero)) / 1000;
  const released = releaseOf(runs);
  const found = runs.flatMap(({ node, role, steps }) =>
    steps.flatMap((step): Longest[] => {
      // For what the old node does behind its release nobody waits.
      const behind = role === "standby" && step.began >= (released ?? Number.POSITIVE_INFINITY);
      if (step.ended === undefined || step.verb === "note" || behind) return [];
      const pieces = step.pieces.map(({ what, began, ended }) => ({ node, what, seconds: inside(began, ended) }));
      const whole = inside(turnOf(step, released) ?? step.began, step.ended);
      const rest = whole - sum(pieces.map(({ seconds }) => seconds));
      const name = stepName(step);
      return [...pieces, { node, what: pieces.length > 0 ? `${name}, what is left of it` : name, seconds: rest }];
    }),
  );
  return found
    .filter(({ seconds }) => seconds >= SHORT)
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, MOST);
}

function clockWords(node: string, then: KeptRun["clocks"][number] | undefined, now?: ClockAnswer): string {
  const clock = then ?? (now && "offset" in now ? now : undefined);
  if (!clock) {
    const why = now && "unknown" in now ? `: ${now.unknown}` : "";
    return `${node}: how far its clock is off cannot be told${why}; its times are as it noted them`;
  }
  const off = `${(Math.abs(clock.offset) / 1000).toFixed(3)} s ${clock.offset < 0 ? "behind" : "ahead of"} this workstation's`;
  return `${node}: its clock is ${off}, give or take ${(clock.uncertainty / 1000).toFixed(3)} s, as measured ${then ? "before the failover" : "for this report"}; its times are shown by the workstation's`;
}

function notesOf({ epoch, kept }: Records, runs: NotedRun[], outages: Outage[]): string[] {
  const by = (seen: Outage["seen"]) => outages.filter((outage) => outage.seen === seen);
  const broken = runs
    .filter((run) => run.broken > 0)
    .map(({ node, broken: lines }) => `${node}: ${lines} lines of its notes are none`);
  return [
    kept
      ? "An outage is the time between two answers; each service was asked five times a second. VIP: any answer of its ports, also a refusal."
      : `No xcat-ha failover of this workstation claimed epoch ${epoch.epoch}: no client watched. Outages are by the nodes' own times, from stop to start.`,
    ...(kept && by("nodes").length > 0
      ? [
          `By the nodes' own times, from stop to start: ${by("nodes")
            .map(({ service, why }) => (why ? `${service} (${why})` : service))
            .join(", ")}. DHCP cannot be asked from another network.`,
        ]
      : []),
    ...by("nobody").map(({ service, why }) => `${service}: not recorded: ${why}`),
    ...broken,
  ];
}
