// docs/failover.md is read at night, by what is on the screen: each symptom that it quotes is one that the program says.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { programFiles } from "../../components/remote/program";

const ROOT = join(__dirname, "../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
/** The program, and the sentences that it makes of parts, as their own tests have them. */
const SAID = [
  ...programFiles().map((file) => `node/${file}`),
  ...readdirSync(join(ROOT, "ops")).map((name) => `ops/${name}`),
  "test/refusals.ts",
  "test/unit/plan.test.ts",
].map((file) => read(file).replace(/\\\n/g, ""));
const SECTION = read("docs/failover.md")
  .split("\n## ")
  .find((section) => section.startsWith("At three in the morning\n"));
const ROWS = (SECTION ?? "")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(1)
  .map((line) => line.slice(2, -2).split(" | "));

/** What is between names, numbers and what is left out: those are of the night. A key of the cluster file or an option is no symptom. */
const wordsOf = (quoted: string) =>
  /^(--|[a-z]+[A-Z])/.test(quoted)
    ? []
    : quoted
        .split(/xcatmn\d|\d+|\.\.\./)
        .map((part) => part.replace(/^\W+|\W+$/g, ""))
        .filter((part) => part !== "");

test("the runbook has symptoms", () => assert.ok(ROWS.length > 10));
for (const [symptom, command, seen = ""] of ROWS)
  test(`the runbook: the program says so, and there is something to type: ${symptom}`, () => {
    assert.match(command, /\w/);
    for (const [, quoted] of `${symptom} ${seen}`.matchAll(/`([^`]+)`/g))
      for (const words of wordsOf(quoted))
        assert.ok(
          SAID.some((text) => text.includes(words)),
          words,
        );
  });
