import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(__dirname, "../..");
const rows = readFileSync(join(ROOT, "docs/manual-procedure.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("|") && !line.startsWith("|---"))
  .slice(1)
  .map((line) =>
    line
      .slice(1, -1)
      .split(" | ")
      .map((cell) => cell.trim()),
  );

test("each row of the manual has what does it, and tests that exist; one without a test says why", () => {
  for (const [step, what, , tests = ""] of rows) {
    const files = tests.split(", ").filter(Boolean);
    for (const file of files) assert.ok(existsSync(join(ROOT, "test", `${file}.test.ts`)), `${step}: ${file}`);
    assert.ok(files.length > 0 || /^(not |left to you)/.test(what), `${step}: no test and no reason`);
  }
});
