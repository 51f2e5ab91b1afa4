import assert from "node:assert/strict";
import { test } from "node:test";
import { bash } from "../helpers/bash";

const settings = "OLDEST_PULUMI=3.227.0 OLDEST_GO=1.26.0 VENDOR_SECONDS=4 COMMAND_VERSION=1.2.1\n";
const choose = (...words: string[]) =>
  bash(["toolchain/lib/choice.sh"], `${settings}choose ${words.map((word) => `'${word}'`).join(" ")}`)
    .stdout.trim()
    .split("\n");

// forced, version on PATH, language host, official plugin, vendor answers, go
const CASES: [what: string, seen: string[], chosen: string][] = [
  ["all of the user's own", ["", "3.260.0", "yes", "yes", "no", ""], "path"],
  ["the user's CLI, the plugin from the vendor", ["", "3.260.0", "yes", "no", "yes", ""], "path"],
  ["the user's CLI without a plugin, no vendor", ["", "3.260.0", "yes", "no", "no", "1.26.8"], "built"],
  ["an old CLI, the vendor answers", ["", "3.100.0", "yes", "yes", "yes", "1.26.8"], "vendor"],
  ["a lone binary, the vendor answers", ["", "3.260.0", "no", "yes", "yes", ""], "vendor"],
  ["nothing but go", ["", "", "no", "no", "no", "1.26.0"], "built"],
  ["nothing but an old go", ["", "", "no", "no", "no", "1.19.8"], "none"],
  ["nothing at all", ["", "", "no", "no", "no", ""], "none"],
  ["forced to build", ["built", "3.260.0", "yes", "yes", "yes", "1.27.1"], "built"],
  ["forced to the vendor, who does not answer", ["vendor", "3.260.0", "yes", "yes", "no", "1.27.1"], "none"],
];

for (const [what, seen, chosen] of CASES)
  test(`toolchain: ${what}: ${chosen}`, () => assert.equal(choose(...seen)[0], chosen));

test("toolchain: none says why of each way", () => {
  assert.deepEqual(choose("", "3.100.0", "no", "no", "no", "1.19.8").slice(1), [
    "the pulumi on PATH is 3.100.0; expected 3.227.0 or newer",
    "the vendor's download does not answer within 4 s",
    "go is 1.19.8; expected 1.26.0 or newer",
  ]);
});
