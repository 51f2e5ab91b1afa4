// The table that a run of test/run ends with, read from the run's folder; exit code 0 only where all was run and nothing is red.
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import Table from "cli-table3";

type State = "green" | "unsteady" | "red" | "green before" | "not run";
type Seen = { file: string; name?: string; seconds: number; passed: boolean; invariant: boolean; message?: string };
/** Without a code it never ended; what is no test runner's has not seen any. */
type Try = { code?: number; log: string; seen?: Seen[] };
type Part = { stage: string; part: string; state: State; tries: Try[] };

const SLOWEST = 10;
const WIDEST = 120;
const lines = (file: string) => (existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : []);
const fields = (file: string) => lines(file).map((line) => line.split("\t"));

/** What the reporter wrote; the last line of a run that was cut is none. */
function seenIn(file: string): Seen[] | undefined {
  if (!existsSync(file)) return undefined;
  return lines(file).flatMap((line) => {
    try {
      const seen = JSON.parse(line);
      return "file" in seen ? [seen as Seen] : [];
    } catch {
      return [];
    }
  });
}

function partsOf(run: string): Part[] {
  const began = fields(join(run, "began"));
  const codes = new Map(fields(join(run, "ended")).map(([, code, evidence]) => [evidence, Number(code)]));
  return fields(join(run, "plan")).map(([stage, part, how]) => {
    const tries = began
      .filter(([name]) => name === part)
      .map(([, evidence]) => ({
        code: codes.get(evidence),
        log: `${evidence}.log`,
        seen: seenIn(`${evidence}.tests`),
      }));
    return { stage, part, tries, state: stateOf(how, tries) };
  });
}

function stateOf(how: string, tries: Try[]): State {
  if (how === "green before") return how;
  const last = tries.at(-1);
  if (!last) return "not run";
  if (last.code !== 0) return "red";
  // Of all its tests none has the name that was asked for.
  if (last.seen?.length === 0) return "not run";
  return tries.length === 1 ? "green" : "unsteady";
}

/** What is no test runner's counts as one; so does what is red without a test that says why. */
function countsOf({ state, tries }: Part) {
  const tests = (tries.at(-1)?.seen ?? []).filter(({ name }) => name !== undefined);
  const passed = tests.filter((test) => test.passed).length;
  const failed = tests.length - passed;
  return {
    passed: state === "green" && tests.length === 0 ? 1 : passed,
    failed: state === "red" ? Math.max(1, failed) : failed,
  };
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

/** What one stage's parts come to, with the number of parts where they differ. */
function stageState(parts: Part[]): string {
  const states: State[] = ["red", "not run", "unsteady", "green", "green before"];
  const counted = states
    .map((state) => ({ state, count: parts.filter((part) => part.state === state).length }))
    .filter(({ count }) => count > 0);
  return counted.map(({ state, count }) => (parts.length === 1 ? state : `${count} ${state}`)).join(", ");
}

/** Why a try was red, a line each. */
function reasons({ code, seen = [] }: Try): string[] {
  const failed = seen.filter(({ passed }) => !passed);
  if (failed.length === 0) return [code === undefined ? "it never ended" : `it ended with ${code}`];
  return failed.map(({ name, invariant, message }) => {
    const [first] = (message ?? "").split("\n").filter((line) => line.trim() !== "");
    return `${invariant ? "broken invariant: " : ""}${name ? `'${name}': ` : ""}${first ?? ""}`.slice(0, WIDEST * 2);
  });
}

function main(run: string) {
  const parts = partsOf(run);
  const table = new Table({
    head: ["", "tests", "seconds", ""],
    colAligns: ["left", "right", "right", "left"],
    style: process.stdout.isTTY ? {} : { head: [], border: [] },
  });
  const seconds = new Map(fields(join(run, "stages")).map(([stage, taken]) => [stage, taken]));
  for (const stage of new Set(parts.map((part) => part.stage))) {
    const own = parts.filter((part) => part.stage === stage);
    const tests = sum(own.map(countsOf).map(({ passed, failed }) => passed + failed));
    table.push([stage, tests, seconds.get(stage) ?? "", stageState(own)]);
  }
  const tests = parts.flatMap(({ tries }) => tries.flatMap(({ seen }) => seen ?? [])).filter(({ name }) => name);
  tests.sort((one, other) => other.seconds - one.seconds);
  const slowest = tests.slice(0, SLOWEST);
  const named = slowest.map(({ file, name }) => `${basename(file)}: ${name}`.slice(0, WIDEST));
  if (slowest.length > 0)
    table.push(["slowest", "", slowest.map(({ seconds }) => seconds.toFixed(1)).join("\n"), named.join("\n")]);
  for (const { part, state, tries } of parts) {
    if (state !== "red" && state !== "unsteady") continue;
    const seen = tries.flatMap((one) => [...(one.code === 0 ? ["then green"] : reasons(one)), one.log]);
    table.push([state, "", "", [part, ...seen].join("\n")]);
  }
  console.log(table.toString());
  const counts = parts.map(countsOf);
  const passed = sum(counts.map((count) => count.passed));
  const failed = sum(counts.map((count) => count.failed));
  console.log(`logs: ${run}`);
  console.log(`${passed} passed, ${failed} failed`);
  if (parts.length === 0 || parts.some(({ state }) => state === "red" || state === "not run")) process.exitCode = 1;
}

main(process.argv[2]);
