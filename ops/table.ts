// Rows for people: on a terminal they wrap to its width, elsewhere each row is one line.
import Table from "cli-table3";
import type { Context } from "./context";

const NO_BORDERS = Object.fromEntries(
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid"
    .split(" ")
    .map((place) => [place, ""]),
);

export function tableText(context: Pick<Context, "terminal" | "columns">, head: string[], rows: string[][]): string {
  const lines = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll(/\s*\n\s*/g, "; ")));
  const widest = lines[0].map((_, index) => Math.max(...lines.map((row) => row[index].length)));
  const table = new Table({
    chars: { ...NO_BORDERS, middle: " " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 1 },
    wordWrap: true,
    wrapOnWordBoundary: true,
    ...(context.terminal && { colWidths: widths(widest, context.columns) }),
  });
  table.push(...lines);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** All but the first column share what is left of the terminal: each has what it needs, or an equal share of it. */
function widths([first, ...others]: number[], columns: number): number[] {
  let left = columns - first - 2 - others.length;
  const sorted = others.map((need, index) => ({ need: need + 1, index })).sort((a, b) => a.need - b.need);
  const given: number[] = [];
  for (const [done, { need, index }] of sorted.entries()) {
    const width = Math.max(Math.min(need, Math.floor(left / (sorted.length - done))), 10);
    given[index] = width;
    left -= width;
  }
  return [first + 1, ...given];
}
