// How a command ends: the exit codes, and the lines of every error.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../config/cluster";

export type Ending = { name: string; code: number; meaning: string };

/** The closed list, in the order in which it stands in node/lib/report.sh, which is its one place. */
export const ENDINGS: Ending[] = endingsIn(readFileSync(join(__dirname, "../node/lib/report.sh"), "utf8"));

export function endingsIn(text: string): Ending[] {
  const [, table] = /^declare -grA EXIT=\($(.*?)^\)$/ms.exec(text) ?? [];
  return [...(table ?? "").matchAll(/^ +\[(\w+)\]=(\d+) +# (.+)$/gm)].map(([, name, code, meaning]) => ({
    name,
    code: Number(code),
    meaning,
  }));
}

export type EndingName =
  | "done"
  | "refused"
  | "held"
  | "blocked"
  | "incomplete"
  | "superseded"
  | "misconfigured"
  | "unknown"
  | "usage";

export function exitCode(name: EndingName): number {
  const ending = ENDINGS.find((one) => one.name === name);
  if (!ending) throw new Error(`node/lib/report.sh knows no ending ${name}`);
  return ending.code;
}

/** How the node program failed, by its exit code; undefined for any other one: that says nothing of it. */
export function failureOf(code: number | undefined): EndingName | undefined {
  const name = ENDINGS.find((one) => one.code === code)?.name as EndingName | undefined;
  return name === "done" || name === "usage" ? undefined : name;
}

/** The lines of what to type next: one for each choice. */
export const nextLines = (next: string) => next.split("\n").map((choice) => `next: ${choice}`);

/**
 * What ends a command: what was seen and expected, the evidence, and the exact next command; where there is a choice, a line of `next` for
 * each, the likeliest first.
 */
export class OpsError extends Error {
  constructor(
    readonly ending: EndingName,
    readonly seen: string,
    readonly evidence: string,
    readonly next: string,
  ) {
    super([`error: ${seen}`, `evidence: ${evidence}`, ...nextLines(next)].join("\n"));
  }
}

/** An error of whatever part as one of ours. Those of the session have our lines already. */
export function asOpsError(error: unknown): OpsError {
  if (error instanceof OpsError) return error;
  const { message } = error instanceof Error ? error : new Error(String(error));
  const [seen, ...others] = message.split("\n");
  const lines = (word: string) =>
    others.flatMap((text) => (text.startsWith(`${word}: `) ? [text.slice(word.length + 2)] : []));
  const rest = others.filter((text) => !/^(evidence|next): /.test(text)).map((text) => text.trim());
  const ending = error instanceof ConfigError ? "misconfigured" : "unknown";
  return new OpsError(
    ending,
    seen.replace(/^error: /, ""),
    lines("evidence")[0] ?? (rest.join("; ") || "none"),
    lines("next").join("\n") ||
      (ending === "misconfigured" ? "correct that file, then the same command again" : "the same command again"),
  );
}
