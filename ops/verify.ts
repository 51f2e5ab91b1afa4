// `xcat-ha verify`: the verification on the active node.
import type { Context, Style } from "./context";
import { type EndingName, nextLines, OpsError } from "./ending";
import { closeAll, look, reachAll } from "./nodes";
import { at, type NodeLook, text } from "./pair";
import { tableText } from "./table";

/** xcatprobe has five minutes. */
const CHECKS_SECONDS = 480;

export type Check = { result: string; check: string; what: string; next?: string };

/** The node's rows, between tabs. */
export function checksOf(lines: string): Check[] {
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [result, check = "", what = "", ...choices] = line.split("\t");
      return { result, check, what, ...(choices.length > 0 && { next: choices.join("\n") }) };
    });
}

const COLOURS: Record<string, Style> = {
  ok: "green",
  harmless: "green",
  warning: "yellow",
  failed: "red",
  unknown: "yellow",
};

export function checksText(context: Context, checks: Check[]): string {
  const rows = checks.flatMap(({ result, check, what, next }) => [
    [result, check, what],
    ...(next ? nextLines(next).map((line) => ["", "", line]) : []),
  ]);
  const table = tableText(context, ["result", "check", "what was seen"], rows);
  return table
    .split("\n")
    .map((line) =>
      line.replace(/^(ok|harmless|warning|failed|unknown)(?= )/, (word) => context.paint(COLOURS[word], word)),
    )
    .join("\n");
}

/** The one to verify; that there is none says what to type, and whether that is known at all. */
export function activeNode(looks: NodeLook[]): string {
  const active = looks.find((one) => text(at(one, "lease")) === "mine");
  if (active) return active.node;
  const words = looks.map((one) => {
    const lease = at(one, "lease");
    return `${one.node}: ${text(at(one, "role")) ?? ("unknown" in lease ? lease.unknown : (text(lease) ?? "no lease"))}`;
  });
  const told = looks.every((one) => one.reached && text(at(one, "lease")) !== undefined);
  throw new OpsError(
    told ? "refused" : "unknown",
    told ? "no node is active; expected one to verify" : "which node is active cannot be told; expected one to verify",
    words.join("; ").replaceAll("\n", " "),
    "xcat-ha status says what is wrong and what to type",
  );
}

export async function verify(context: Context): Promise<EndingName> {
  const all = await context.waiting("asking which node is active", reachAll(context.cluster()));
  try {
    const node = activeNode(await Promise.all(all.map(look)));
    const session = all.flatMap((one) => ("session" in one && one.node === node ? [one.session] : []))[0];
    const checks = checksOf(await context.waiting(`verifying ${node}`, session.ask("checks", "", {}, CHECKS_SECONDS)));
    const failed = checks.filter(({ result }) => result === "failed").length;
    const passed = checks.length > 0 && failed === 0;
    const summary = passed ? `${node} is verified` : `of ${checks.length} checks of ${node} ${failed} failed`;
    context.result(`${checksText(context, checks)}\n\n${context.paint(passed ? "green" : "red", summary)}`, {
      node,
      passed,
      checks,
    });
    return passed ? "done" : "incomplete";
  } finally {
    closeAll(all);
  }
}
