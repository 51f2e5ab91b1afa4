// What the demo says: of each command a line or three for a person who watches, out of the whole output, which stands in the log.
import { PARTS } from "../components/manifest";
import { reasons } from "../ops/pulumiErrors";

/** Of what a node says while its role changes: whose the services are, and since when they can be reached. */
const TURNING_POINTS =
  /(\w+): (owner lease: epoch \d+ is (?:ours|released)|VIP \S+ (?:is here|dropped)|active and serving(?:; the services were down \d+ s|, \d+ s after the claim)?|verified: \d+ checks passed|verification found what is not right)/g;

/** Of more differences than these only the number, where what was done about them is told as well. */
const READABLE = 3;

const unique = (lines: string[]) => [...new Set(lines)];

const took = (seconds: number) => `(${seconds.toFixed(1)} s)`;

/** What Pulumi did last: `up` prints its preview first. */
function lastOperation(output: string): { foreseen: boolean; text: string } {
  const [header] = [...output.matchAll(/^(?:(Previewing \w+)|Updating|Refreshing|Destroying) \(\S+\):$/gm)].slice(-1);
  return { foreseen: Boolean(header?.[1]), text: header ? output.slice(header.index) : "" };
}

function counts(operation: string): string {
  const [, block = ""] = /^Resources:\n((?: {4}.*\n?)+)/m.exec(operation) ?? [];
  const lines = block.split("\n").map((line) => line.replace(/^[\s+~@-]+/, "").trim());
  return lines.filter(Boolean).join(", ");
}

const CHANGE = /^ [+~-]+ *\S+:\S+ (\S+) (?:created?|updated?|deleted?|replaced?)(?= |$)/gm;

/** The parts that Pulumi changed, or would; of a first setup that they are all. */
function changedParts(operation: string): string {
  const names = new Set([...operation.matchAll(CHANGE)].map(([, name]) => name));
  const parts = PARTS.filter((part) => names.has(part));
  return parts.length === PARTS.length ? `all ${parts.length} parts` : parts.join(", ");
}

/** What came of it, in one line; nothing of a command that is none of Pulumi's operations. */
function changes(output: string): string {
  const { foreseen, text } = lastOperation(output);
  const parts = changedParts(text);
  return [counts(text), parts && `${foreseen ? "would change" : "changed"}: ${parts}`].filter(Boolean).join("; ");
}

/** Each with both values as they are: a value may hold quotes, and lines. */
function differences(output: string): string[] {
  const found = output.matchAll(/^ {4}\S+ (\w+: \S+ is '[\s\S]*?', wanted '[\s\S]*?')$/gm);
  return unique([...found].map(([, difference]) => difference.replace(/\n(?: {4})?/g, "\\n")));
}

const turningPoints = (output: string) =>
  unique([...output.matchAll(TURNING_POINTS)].map(([, node, what]) => `${node}: ${what}`));

/** The lab's own stages. */
const stages = (output: string) => [...output.matchAll(/^ {2}(\S.*: done in \d+ s)$/gm)].map(([, stage]) => stage);

/** The lines for a command that did what it should; `seconds` is how long it took. */
export function told(command: string, output: string, seconds: number): string[] {
  const differing = differences(output);
  // They are what a refresh is typed for.
  const readable = command.startsWith("pulumi refresh") || differing.length <= READABLE;
  const details = [
    ...(readable ? differing : [`${differing.length} differences`]),
    ...turningPoints(output),
    ...stages(output),
  ];
  const changed = changes(output);
  return [
    ...(changed ? [`$ ${command}`, `${changed} ${took(seconds)}`] : [`$ ${command} ${took(seconds)}`]),
    ...(details.length > 0 ? [details.join("; ")] : []),
  ];
}

/** What a command came to, and what it should have come to. */
export type Outcome = { code: number; expected: number; output: string; seconds: number };

/** For a command that did something else than it should. */
export function failed(command: string, { code, expected, output, seconds }: Outcome, log: string): string {
  return `'${command}' ended with ${code}; expected ${expected} ${took(seconds)}\n${reasons(output)}\nthe whole output: ${log}`;
}

const STATUS =
  /^ [ +~-]+ *[\w-]+:\S+ (\S+(?: [\d./]+)?)(?: (\S+))?(?: \([\d.]+s\))?(?: \[diff: [^\]]*\])?(?:;? +(\S.*))?$/;

/** What is going on, by the last whole line of an output: what a node says, or what Pulumi does with which resource. */
export function latest(output: string): string {
  const whole = output.split("\n").slice(0, -1);
  const line = whole.findLast((one) => one.trim() && !one.startsWith("@ ")) ?? "";
  const status = STATUS.exec(line.trimEnd());
  if (!status) return line.trim();
  const [, name, verb = "", said] = status;
  return said ?? `${name} ${verb}`.trim();
}

/** For who waits: for what, how long already, and what is going on. */
export const waits = (what: string, seconds: number, doing = "") =>
  `${what} ... ${Math.round(seconds)} s${doing ? `: ${doing}` : ""}`;

/** The last lines: every failure once more by its first line, where all is, and what stays. */
export function ending(failures: string[], log: string, lab: string): string[] {
  return [
    ...(failures.length > 0 ? ["failed:", ...failures.map((failure) => `  ${failure.split("\n")[0]}`)] : []),
    `The whole output: ${log}`,
    `The lab stays: XCAT_HA_LAB=${lab} lab/lab exec  (a shell with pulumi; lab/lab down ends it)`,
  ];
}
