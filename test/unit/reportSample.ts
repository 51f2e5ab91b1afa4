// One failover as both nodes noted it and as this workstation saw it: what the report's tests draw.

import type { KeptRun } from "../../ops/keptRuns";
import { watched } from "../../ops/probes";
import { runsOf } from "../../ops/steps";
import type { Records } from "../../ops/timeline";

export const A = "xcatmn1";
export const B = "xcatmn2";
/** 02:00:00 by the workstation's clock, when the old node is asked to step down. */
export const NOON = Date.parse("2026-11-28T02:00:00Z");

type Line = [seconds: number, kind: string, text: string];
export const noted = (offset: number, lines: Line[]) =>
  lines.map(([seconds, kind, text]) => `${NOON + Math.round(seconds * 1000) + offset}\t${kind}\t${text}\n`).join("");

/** What the clock of each node shows more, in milliseconds. */
export const OFFSET = { [A]: 2500, [B]: -40 };

const DOWN: Line[] = [
  [0, "run", "standby program"],
  [0.6, "lease", "mine 8"],
  [0.6, "step", "record -"],
  [0.7, "step", "export end"],
  [1.4, "step", "release -"],
  [1.6, "step", "apply beat"],
  [1.7, "step", "apply network"],
  [2.1, "said", "conserver stopped (300 ms)"],
  [2.2, "said", "ntpd stopped (90 ms)"],
  [2.4, "said", "dhcpd stopped (120 ms)"],
  [2.6, "said", "named stopped (210 ms)"],
  [2.7, "step", "apply database"],
  [3.2, "said", "xcatd stopped (480 ms)"],
  [3.6, "said", "postgresql stopped (400 ms)"],
  [3.7, "step", "apply virtualIp"],
  [3.8, "said", "VIP 10.5.106.7 dropped"],
  [3.85, "step", "prove -"],
  [4.0, "step", "hosts keep"],
  [4.05, "step", "released -"],
  [4.2, "said", "owner lease: epoch 8 is released"],
  [4.25, "step", "apply hostsSyncCron"],
  [4.6, "ended", "0"],
];
const UP: Line[] = [
  [-9, "run", "active program"],
  [-8.1, "lease", "other 8"],
  [-8.1, "step", "prepare virtualIp"],
  [-8.0, "step", "claim handover"],
  [4.4, "said", "owner lease: epoch 9 is ours"],
  [4.5, "step", "apply beat"],
  [4.6, "step", "apply sharedDataLinks"],
  [4.8, "step", "apply virtualIp"],
  [5.9, "said", "VIP 10.5.106.7 is here, announced"],
  [6.0, "step", "apply database"],
  [6.5, "said", "postgresql started (490 ms)"],
  [8.1, "said", "xcatd started (1550 ms)"],
  [8.2, "step", "apply network"],
  [8.9, "said", "named started (650 ms)"],
  [9.3, "said", "dhcpd started (380 ms)"],
  [9.4, "said", "ntpd started (70 ms)"],
  [9.9, "said", "conserver started (450 ms)"],
  [9.9, "said", "active and serving, 5 s after the claim"],
  [9.95, "step", "export end"],
  [14, "step", "verify -"],
  [61, "ended", "0"],
];

export const FILES: Record<string, Record<string, string>> = {
  [A]: { a: noted(OFFSET[A], DOWN) },
  [B]: { b: noted(OFFSET[B], UP) },
};

/** Asked five times a second, and silent in between. */
const seen = (service: string, from?: number, to = 0): KeptRun["services"][number] => {
  const samples = Array.from({ length: 400 }, (_, index) => {
    const at = -15 + index / 5;
    const asked = NOON + at * 1000;
    return { asked, ...(!(from !== undefined && at >= from && at < to) && { answered: asked + 3 }) };
  });
  return watched(service, samples);
};

export const KEPT: KeptRun = {
  format: 1,
  command: "failover",
  from: A,
  to: B,
  share: "one",
  epochs: [9],
  began: NOON - 20000,
  asked: NOON,
  ended: NOON + 65000,
  clocks: [
    { node: A, offset: OFFSET[A], uncertainty: 8 },
    { node: B, offset: OFFSET[B], uncertainty: 5 },
  ],
  services: [
    seen("VIP", 3.8, 4.9),
    seen("PostgreSQL", 3.3, 6.3),
    seen("xcatd", 2.8, 7.9),
    seen("DNS", 2.4, 8.8),
    seen("console", 1.8, 9.6),
    seen("TFTP", 2.8, 7.9),
  ],
};

export const RECORDS: Records = {
  epoch: {
    epoch: 9,
    node: B,
    since: "2026-11-28T02:00:04Z",
    by: "program",
    why: "from xcatmn1",
    seconds: 600,
    end: "held, or its owner is dead",
  },
  from: A,
  nodes: [A, B].map((node) => ({ node, runs: runsOf(node, FILES[node], 9) })),
  clocks: [],
  kept: KEPT,
  services: ["postgresql", "xcatd", "named", "dhcpd", "ntpd", "conserver"],
};

/** The same where a node has told something else. */
export const without = (node: string, now: Records["nodes"][number]) => ({
  ...RECORDS,
  nodes: RECORDS.nodes.map((one) => (one.node === node ? now : one)),
});
/** An epoch that no failover of this workstation has made. */
export const ALONE: Records = {
  ...RECORDS,
  kept: undefined,
  clocks: KEPT.clocks.map((clock) => ({ ...clock, share: "one" })),
};

const NASTY = `</text><script src="http://x/">&amp;'"]]>\u0007 ${"W".repeat(400)}`;
const nasty: Records = {
  ...RECORDS,
  epoch: { ...RECORDS.epoch, node: NASTY, why: NASTY, since: NASTY },
  nodes: [
    { node: NASTY, unknown: NASTY },
    { node: "x".repeat(300), runs: RECORDS.nodes.flatMap((one) => ("runs" in one ? one.runs : [])) },
  ],
};
const failing: Records = without(B, {
  node: B,
  runs: [
    {
      node: B,
      role: "active",
      origin: "program",
      began: NOON,
      broken: 1,
      said: [],
      steps: [
        { verb: "claim", argument: "-", began: NOON, ended: NOON + 9000, pieces: [] },
        { verb: "apply", argument: "named", began: NOON + 9000, ended: NOON + 9900, failed: 20, pieces: [] },
        { verb: "prove", argument: NASTY, began: NOON + 9900, pieces: [] },
      ],
    },
  ],
});
const empty: Records = { ...ALONE, from: undefined, nodes: [A, B].map((node) => ({ node, runs: [] })) };
/** What is drawn. */
export const PICTURES: [what: string, records: Records][] = [
  ["a failover", RECORDS],
  ["no client", ALONE],
  ["nothing at all", empty],
  ["names and words that are markup, and long", nasty],
  ["a step that failed, and one without an end", failing],
  [
    "minutes",
    {
      ...RECORDS,
      nodes: RECORDS.nodes,
      kept: { ...KEPT, services: [{ ...KEPT.services[1], gaps: [{ from: NOON, to: NOON + 900_000 }] }] },
    },
  ],
];
