// One `up` as it is heard: what its node says, how it ended, and where its whole output is.
import { appendFileSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { DEFAULT_CLUSTER } from "../config/stack";
import type { Context } from "./context";
import { exitCode, failureOf } from "./ending";
import type { Ran } from "./failoverSteps";
import { reasons } from "./pulumiErrors";
import type { PairStack } from "./stacks";
import { leaseSaid, SERVES } from "./steps";

/** One line that a node's program said, and when it came here. */
export type Heard = { node: string; at: number; text: string };

export const WAITS = /^waiting for the owner lease, \d+ of at most/;

/** Below which the outputs of a cluster lie: those of the default cluster file as such, of another one in a folder that is called as it is. */
export function logFolder(cluster: string): string {
  const name = cluster
    .replace(/\.ya?ml$/, "")
    .replace(/[^A-Za-z0-9._]+/g, "-")
    .replace(/^[.-]+|-+$/g, "");
  return join(homedir(), ".local/state/xcat-ha", cluster === DEFAULT_CLUSTER ? "" : name);
}

/** The whole output, in a file of the operator's own: what it holds is the cluster's. */
export class Log {
  readonly file: string;
  /** What each node's `up` has printed of its last line: two of them print at the same time, in pieces. */
  private readonly begun: Record<string, string> = {};

  constructor(what: string, folder: string, now = new Date()) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.file = join(folder, `${what}-${now.toISOString().replace(/[:.]/g, "-")}.log`);
    this.write("", `${what}, ${now.toISOString()}\n`);
  }

  write(node: string, text: string) {
    const lines = ((this.begun[node] ?? "") + text).split("\n");
    this.begun[node] = lines.pop() ?? "";
    const whole = lines.map((line) => `${node && line ? `${node} | ${line}` : line}\n`);
    appendFileSync(this.file, whole.join(""), { mode: 0o600 });
  }
}

/** Who is shown what happens. */
export interface Audience {
  /** A step of ours. */
  say(text: string): void;
  /** What a node's program said. */
  hear(node: string, text: string): void;
  /** All that Pulumi printed. */
  whole(node: string, text: string): void;
}

/** Lines as they come, whatever pieces they come in. */
function lines(each: (line: string) => void) {
  let rest = "";
  return (text: string) => {
    const whole = (rest + text).split("\n");
    rest = whole.pop() ?? "";
    for (const line of whole) each(line);
  };
}

/** Runs it to its end, which is a result also where it fails. */
export async function runUp(
  stack: PairStack,
  { node, role }: Pick<Ran, "node" | "role">,
  options: {
    environment?: Record<string, string>;
    audience: Audience;
    signal: AbortSignal;
    heard?: (text: string) => void;
  },
): Promise<Ran> {
  const { audience, environment = {}, signal, heard } = options;
  const said = new RegExp(`(?:^|[ ;])${node}: (\\S.*)$`);
  let output = "";
  // Behind it Pulumi repeats what was said.
  let live = true;
  const hearLine = lines((line) => {
    live &&= line !== "Diagnostics:";
    const [, text] = (live && said.exec(line)) || [];
    if (!text) return;
    audience.hear(node, text);
    heard?.(text);
  });
  const hear = (text: string) => {
    output += text;
    audience.whole(node, text);
    hearLine(text);
  };
  audience.whole(node, `\npulumi up -s ${stack.name}, ${new Date().toISOString()}\n`);
  try {
    await stack.up({ environment, hear, signal });
    return { node, role, ok: true, served: servedIn(output, node) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { node, role, ok: false, stack: stack.name, ...endOf(output || message), served: servedIn(output, node) };
  } finally {
    // Its last line may have no end.
    audience.whole(node, "\n");
  }
}

const servedIn = (output: string, node: string) =>
  output.split("\n").some((line) => SERVES.test(line.slice(line.indexOf(`${node}: `) + node.length + 2)));

/** Pulumi's refusal of a stack that another run has: of a backend that it keeps itself, and of Pulumi Cloud. */
const LOCKED = /the stack is currently locked|Another update is currently in progress/;
/** Of the first kind alone, one line for each run: which file, and who. */
const LOCK = /^\s*\S.*: created by (\S+@\S+ \(pid \d+\) at \S+)\s*$/gm;

/** How the node program ended, and its error. */
export function endOf(output: string): Pick<Ran, "code" | "error" | "locked"> {
  const [error] = reasons(output).split("\n");
  const code = Number([...output.matchAll(/Process exited with status (\d+)/g)].at(-1)?.[1]);
  // What a plan refuses ends no process.
  const refused = Number.isNaN(code) && /; nothing was touched/.test(output) ? exitCode("refused") : undefined;
  const locked = LOCKED.test(output);
  const holders = [...new Set([...output.matchAll(LOCK)].map(([, who]) => who))];
  return {
    code: failureOf(code) ? code : refused,
    ...(locked && { locked }),
    error:
      locked && holders.length > 0
        ? `the stack is locked by ${holders.join(" and ")}`
        : error.replace(/^error: /, "").slice(0, 400),
  };
}

/** The line by which a node said last that it serves. */
export const servingLine = (heard: Heard[], node: string): string | undefined =>
  heard.findLast((one) => one.node === node && SERVES.test(one.text))?.text;

/** On a terminal one line a node, with the seconds; elsewhere a line with the time for each thing that is said; with --json nothing. */
export class Progress implements Audience {
  readonly heard: Heard[] = [];
  private readonly began = Date.now();
  private readonly last: Record<string, string> = {};
  private drawn = 0;
  private ticker?: NodeJS.Timeout;

  constructor(
    private readonly context: Pick<Context, "json">,
    private readonly nodes: string[],
    private readonly log: Log,
    private readonly stream: NodeJS.WriteStream = process.stderr,
  ) {
    if (!context.json && stream.isTTY) this.ticker = setInterval(() => this.draw(), 1000);
  }

  say(text: string) {
    this.log.write("", `\n${text}\n`);
    this.print(text);
  }

  hear(node: string, text: string) {
    this.heard.push({ node, at: Date.now(), text });
    // Pulumi shows a resource's last line again when it is done; who waits says for how long.
    const again = text === this.last[node] || (WAITS.test(text) && WAITS.test(this.last[node] ?? ""));
    this.last[node] = text;
    if (this.ticker) this.draw();
    else if (!again) this.print(`${node}: ${text}`);
  }

  whole(node: string, text: string) {
    this.log.write(node, text);
  }

  end() {
    clearInterval(this.ticker);
    this.clear();
    this.ticker = undefined;
  }

  private print(text: string) {
    if (this.context.json) return;
    this.clear();
    this.stream.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
    if (this.ticker) this.draw();
  }

  private clear() {
    if (this.drawn > 0) this.stream.write(`\x1b[${this.drawn}A\x1b[J`);
    this.drawn = 0;
  }

  private draw() {
    this.clear();
    const seconds = `${Math.round((Date.now() - this.began) / 1000)} s`.padStart(6);
    const shown = this.nodes.filter((node) => this.last[node] !== undefined);
    for (const node of shown) {
      const line = `${seconds}  ${node}: ${this.last[node]}`.slice(0, (this.stream.columns || 80) - 1);
      this.stream.write(`${line}\n`);
    }
    this.drawn = shown.length;
  }
}

/** Where the seconds went, as it was heard here. */
export type Phase = { what: string; seconds: number; detail: string };

/** The phases of a failover; `asked`: when the node that stepped down was asked to. Empty from where a mark was not heard. */
export function phases(heard: Heard[], from: string, to: string, began: number, asked?: number): Phase[] {
  const first = (node: string, is: (text: string) => boolean) =>
    heard.find((one) => one.node === node && one.at >= (asked ?? 0) && is(one.text))?.at;
  // With them everything stops that anybody outside waits for; the others have by then.
  const stopping = first(from, (text) => /^(xcatd|postgresql) stopped \(/.test(text));
  const released = first(from, (text) => leaseSaid(text)?.what === "released");
  const claimed = first(to, (text) => leaseSaid(text)?.what === "ours");
  const serving = first(to, (text) => SERVES.test(text));
  const words = (node: string, text: RegExp, since = 0, until = Number.POSITIVE_INFINITY) =>
    heard
      .filter((one) => one.node === node && one.at >= since && one.at <= until && text.test(one.text))
      .map((one) => one.text.replace(/^(\S+) (?:stopped|started) \((\d+) ms\)$/, "$1 $2 ms"))
      .join(", ");
  const after = (mark?: number) => (mark ?? 0) + 1;
  const marks: [what: string, at: number | undefined, detail: string][] = [
    [`${to} gets ready, and waits`, asked, ""],
    [`${from} looks, exports, stops console, DHCP, DNS`, stopping, words(from, / stopped \(/, asked, stopping)],
    [`${from} stops the database, proves it`, released, words(from, / stopped \(/, after(stopping), released)],
    [`${to} claims`, claimed, ""],
    [`${to} starts its services`, serving, words(to, / started \(/, claimed, serving)],
  ];
  const found: Phase[] = [];
  let since = began;
  for (const [what, at, detail] of marks) {
    if (at === undefined) break;
    found.push({ what, seconds: Math.max(0, (at - since) / 1000), detail });
    since = Math.max(since, at);
  }
  return found;
}

/** How long nobody served xCAT and its database: from their first stop to the line that says so; undefined where not both were heard. */
export const outageOf = (found: Phase[]): number | undefined =>
  found.length === 5 ? found.slice(2).reduce((sum, { seconds }) => sum + seconds, 0) : undefined;
