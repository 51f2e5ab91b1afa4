// The runs that a node has noted (node/lib/steps.sh), read. Pure. Times are milliseconds since 1970, by the node's own clock.
import { unescapeText } from "../components/remote/document";

/** What a step is made of, as it was said when it was done: a service that stopped or started. */
export type Piece = { what: string; began: number; ended: number };
/** `ended`: not there where its end was not noted. */
export type Step = {
  verb: string;
  argument: string;
  began: number;
  ended?: number;
  failed?: number;
  pieces: Piece[];
};
export type Said = { at: number; text: string };
export type NotedRun = {
  node: string;
  role: string;
  origin: string;
  began: number;
  /** As it was found; not there where that is not noted. */
  lease?: { is: string; epoch: number; at: number };
  claimed?: number;
  released?: number;
  steps: Step[];
  said: Said[];
  ended?: { at: number; code: number };
  /** Lines that are none: a disk that was full, a cut. */
  broken: number;
};

/** What a node says when the last service is up. */
export const SERVES = /^active and serving/;

/** What a node says of the owner lease when it has claimed an epoch, or released it. */
export function leaseSaid(text: string): { epoch: number; what: "ours" | "released" } | undefined {
  const [, epoch, what] = /^owner lease: epoch (\d+) is (ours|released)$/.exec(text) ?? [];
  return what === "ours" || what === "released" ? { epoch: Number(epoch), what } : undefined;
}

const LINE = /^(\d{12,14})\t([a-z]+)\t(.*)$/;

export function runOf(node: string, text: string): NotedRun {
  const run: NotedRun = { node, role: "", origin: "", began: 0, steps: [], said: [], broken: 0 };
  let open: Step | undefined;
  for (const line of text.split("\n").filter((one) => one !== "")) {
    const [, time, kind, rest] = LINE.exec(line) ?? [];
    const at = Number(time);
    const words = unescapeText(rest ?? "").split(/[ \n\t]/);
    if (kind === "run") [run.began, run.role, run.origin] = [at, words[0], words[1] ?? ""];
    else if (kind === "lease") run.lease = { is: words[0], epoch: Number(words[1]), at };
    else if (kind === "step") {
      if (open) open.ended ??= at;
      open = { verb: words[0], argument: words.slice(1).join(" "), began: at, pieces: [] };
      run.steps.push(open);
    } else if (kind === "failed") {
      if (open) [open.ended, open.failed] = [at, Number(words[0])];
    } else if (kind === "ended") {
      if (open) open.ended ??= at;
      run.ended = { at, code: Number(words[0]) };
    } else if (kind === "said") hear(run, open, at, words.join(" "));
    else run.broken++;
  }
  return run;
}

function hear(run: NotedRun, step: Step | undefined, at: number, text: string) {
  run.said.push({ at, text });
  const lease = leaseSaid(text);
  if (lease?.what === "ours") run.claimed = lease.epoch;
  if (lease?.what === "released") run.released = lease.epoch;
  const [, service, how, ms] = /^(\S+) (stopped|started) \((\d+) ms\)$/.exec(text) ?? [];
  if (service)
    step?.pieces.push({
      what: `${service} ${how === "stopped" ? "stops" : "starts"}`,
      began: at - Number(ms),
      ended: at,
    });
}

/** Of all runs of a node, by the names of their files, those that made `epoch` begin or the one before it end; in the order of time. */
export function runsOf(node: string, files: Record<string, string>, epoch: number): NotedRun[] {
  const runs = Object.values(files)
    .map((text) => runOf(node, text))
    .filter((run) => run.steps.length > 0)
    .sort((a, b) => a.began - b.began);
  let served = false;
  return runs.filter((run) => {
    const { role, lease, claimed, released } = run;
    // Cut on its way, it is gone on with under the lease that it has.
    const goesOn = lease?.is.startsWith("mine") ? lease.epoch : undefined;
    if (role === "standby") return (released ?? goesOn) === epoch - 1;
    if (claimed !== epoch && !(claimed === undefined && goesOn === epoch && !served)) return false;
    served ||= run.said.some(({ text }) => SERVES.test(text));
    return true;
  });
}
