// What must hold at every moment of a lab's life: from what the sampler saw to what is wrong, with its evidence. Pure; who looks is in
// sampler.ts.

export type Violation = { what: string; evidence: string };

/** A process of a managed unit, one with the database's files open for writing, or a postmaster. Times are milliseconds of the host. */
export type Process = {
  pid: number;
  command: string;
  since: number;
  unit?: string;
  /** Has files of the shared data directory open for writing. */
  writes?: true;
  /** A postmaster's data directory, as DEVICE:INODE of the host. */
  directory?: string;
};
/** One look at one node. A machine that is off has no machine id and no boot, and runs nothing. */
export type Look = {
  at: number;
  node: string;
  on: boolean;
  machine: string;
  boot: string;
  /** One of the five directories is a link. */
  linked: boolean;
  processes: Process[];
  /** How often the VIP is there. */
  vip: number;
};
/** What the share said, read before the nodes were looked at. Epoch 0: there is none yet. */
export type Lease = {
  at: number;
  epoch: number;
  node: string;
  boot: string;
  released: boolean;
  /** The node that dissolved the pair, or nothing. */
  dissolved: string;
};
/** The lease, then each node; a node twice where both seemed to hold the VIP; and what could not be read. */
export type Sample = { lease: Lease; looks: Look[]; problems: string[] };

/** The kernel counts the start of a process in hundredths of a second. */
const CLOCK_TICK_MS = 30;

const clock = (at: number) => new Date(at).toISOString().slice(11, 23);

/** From when to when a postmaster was seen on a directory, and the samples that saw it first and last. */
type Stretch = Process & { node: string; until: number; first: number; last: number };

function postmasters(samples: Sample[]): Stretch[] {
  const found = new Map<string, Stretch>();
  for (const { lease, looks } of samples)
    for (const { node, at, processes } of looks)
      for (const process of processes.filter(({ directory }) => directory !== undefined)) {
        const key = `${node} ${process.pid} ${process.since} ${process.directory}`;
        const first = found.get(key)?.first ?? lease.at;
        found.set(key, { ...process, node, until: at, first, last: lease.at });
      }
  return [...found.values()].sort((one, other) => one.since - other.since);
}

/** On two nodes only: what a killed postmaster leaves looks like postmasters for a moment. Of each two nodes the longest time. */
function postmastersTwice(samples: Sample[], after: number): Violation[] {
  const all = postmasters(samples);
  const longest = new Map<string, { ms: number; evidence: string }>();
  const named = ({ node, command, pid, since, until }: Stretch) =>
    `${node}: ${command} ${pid}, ${clock(since)} to ${clock(until)}`;
  all.forEach((next, index) => {
    for (const other of all.slice(0, index)) {
      const ms = Math.min(other.until, next.until) - next.since;
      const seen = Math.max(other.first, next.first, Math.min(other.last, next.last));
      if (other.node === next.node || other.directory !== next.directory || ms <= CLOCK_TICK_MS || seen <= after)
        continue;
      const nodes = [other.node, next.node].sort().join(" and ");
      if (ms > (longest.get(nodes)?.ms ?? 0))
        longest.set(nodes, { ms, evidence: `${named(other)}; ${named(next)}; directory ${next.directory}` });
    }
  });
  return [...longest].map(([nodes, { ms, evidence }]) => ({
    what: `two postmasters ran on one data directory, on ${nodes}`,
    evidence: `${evidence}, for ${ms} ms`,
  }));
}

/** By looks at both nodes that enclose each other: what moves between two looks is not there twice. */
function virtualIpTwice(samples: Sample[], after: number): Violation[] {
  // One sample more than is judged: a look of it may enclose the first that is.
  const start = samples.findIndex(({ lease }) => lease.at > after);
  const looks = samples
    .slice(start < 0 ? samples.length : Math.max(0, start - 1))
    .flatMap(({ lease, looks }) => looks.map((look) => ({ ...look, sample: lease.at })));
  const violations: Violation[] = [];
  const doubled = looks.find(({ vip, sample }) => vip > 1 && sample > after);
  if (doubled)
    violations.push({
      what: `the VIP is there ${doubled.vip} times on ${doubled.node}`,
      evidence: `at ${clock(doubled.at)}`,
    });
  const both = looks.flatMap((look, index) => {
    if (look.vip === 0) return [];
    const before = looks.slice(0, index).findLast(({ node }) => node !== look.node);
    const next = looks.slice(index + 1).find(({ node }) => node !== look.node);
    if (!before || !next || before.vip === 0 || next.vip === 0 || next.sample <= after) return [];
    return [[before, look, next].map(({ node, at }) => `${node} ${clock(at)}`).join(", ")];
  });
  if (both.length > 0) violations.push({ what: "the VIP is on two nodes", evidence: both[0] });
  return violations;
}

/** Whether a node in a boot may run what an active node runs. */
function mayRun({ epoch, node, boot, released, dissolved }: Lease, look: Look): boolean {
  if (dissolved !== "") return dissolved === look.node;
  return epoch === 0 || (!released && node === look.node && boot === look.boot);
}

function inOtherHands({ epoch, node, released, dissolved }: Lease, look: Look): string {
  if (dissolved !== "") return `the pair was dissolved by ${dissolved}`;
  if (released) return `epoch ${epoch} was released by ${node}`;
  return `epoch ${epoch} names ${node}${node === look.node ? " in another boot" : ""}`;
}

/** What ran already when the lease was read, on a node of the pair that it did not name. */
function runningWithoutLease(samples: Sample[], after: number): Violation[] {
  const found = new Map<string, { evidence: string; samples: number }>();
  // A machine belongs to the pair from its first link on. Without the links it still does: let go, it may run on old data. A freshly
  // installed one, or one that took the data home, works on its own disk.
  const members = new Set<string>();
  for (const { lease, looks } of samples)
    for (const look of looks) {
      const machine = `${look.node} ${look.machine}`;
      if (look.linked) members.add(machine);
      else if (lease.dissolved === look.node) members.delete(machine);
      if (lease.at <= after || mayRun(lease, look)) continue;
      const running = new Map<string, Process>();
      for (const process of look.processes) {
        const of =
          (members.has(machine) && process.unit) || (process.writes && "a writer of the shared data directory");
        if (of && process.since + CLOCK_TICK_MS < lease.at && !running.has(of)) running.set(of, process);
      }
      for (const [of, { command, pid, since }] of running) {
        const what = `${look.node} runs ${of} while ${inOtherHands(lease, look)}`;
        const evidence = `${command} ${pid} since ${clock(since)}, lease read at ${clock(lease.at)}`;
        const before = found.get(what);
        found.set(what, { evidence: before?.evidence ?? evidence, samples: (before?.samples ?? 0) + 1 });
      }
    }
  return [...found].map(([what, { evidence, samples: count }]) => ({
    what,
    evidence: `${evidence}; in ${count} samples`,
  }));
}

/** What could not be read is not "nothing there". */
function notSeen(samples: Sample[], after: number): Violation[] {
  const found = new Map<string, string>();
  for (const { lease, problems } of samples.filter(({ lease }) => lease.at > after))
    for (const problem of problems)
      if (!found.has(problem)) found.set(problem, `at ${clock(lease.at)} for the first time`);
  return [...found].map(([problem, evidence]) => ({ what: `the sampler could not look: ${problem}`, evidence }));
}

/** What the samples later than `after` show; the earlier ones say what was before. */
export function violationsOf(samples: Sample[], after = 0): Violation[] {
  return [notSeen, postmastersTwice, virtualIpTwice, runningWithoutLease].flatMap((rule) => rule(samples, after));
}

/** What was found and not expected, and what was expected and not found. */
export function unexpected(found: Violation[], expected: RegExp[]): Violation[] {
  return [
    ...found.filter(({ what }) => !expected.some((pattern) => pattern.test(what))),
    ...expected
      .filter((pattern) => !found.some(({ what }) => pattern.test(what)))
      .map((pattern) => ({
        what: "the sampler did not find what the test planted",
        evidence: `expected ${pattern}; found ${found.map(({ what }) => what).join(", ") || "nothing"}`,
      })),
  ];
}

/** The proof that it looked: at how many looks each node's machine was on. */
export function looksAtMachines(samples: Sample[]): Record<string, number> {
  const on: Record<string, number> = {};
  for (const look of samples.flatMap(({ looks }) => looks)) on[look.node] = (on[look.node] ?? 0) + (look.on ? 1 : 0);
  return on;
}

export const lookedInWords = (samples: Sample[]) =>
  [
    `${samples.length} samples`,
    ...Object.entries(looksAtMachines(samples)).map(([node, on]) => `${on} looks at ${node} while it was on`),
  ].join(", ");

/** For the message of a failed test. */
export const inWords = (violations: Violation[]) =>
  violations.map(({ what, evidence }) => `${what}\n    ${evidence}`).join("\n");
