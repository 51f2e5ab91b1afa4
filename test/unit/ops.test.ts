import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ConfigError } from "../../config/cluster";
import { asOpsError, ENDINGS, endingsIn, exitCode, OpsError } from "../../ops/ending";

const ROOT = join(__dirname, "../..");
const typed = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(join(ROOT, "ops/xcat-ha.js"), args, { encoding: "utf8", cwd: ROOT });
  return { status, stdout, stderr };
};

test("every exit code of the node program is one of the workstation's, with its meaning", () => {
  const text = readFileSync(join(ROOT, "node/lib/report.sh"), "utf8");
  assert.equal(ENDINGS.length, text.match(/^ {2}\[\w+\]=\d+/gm)?.length);
  assert.equal(exitCode("refused"), 10);
  assert.equal(exitCode("usage"), 64);
  assert.deepEqual(endingsIn("declare -grA EXIT=(\n  [a]=1 # b c\n)\n"), [{ name: "a", code: 1, meaning: "b c" }]);
});

const ERRORS: [what: string, error: unknown, told: string][] = [
  ["ours", new OpsError("held", "a", "b", "c"), "held\nerror: a\nevidence: b\nnext: c"],
  ["ours, of a choice", new OpsError("held", "a", "b", "c\nd"), "held\nerror: a\nevidence: b\nnext: c\nnext: d"],
  ["the session's", new Error("a\nevidence: b\nnext: c"), "unknown\nerror: a\nevidence: b\nnext: c"],
  [
    "a node's, of a choice",
    new Error("error: a\nevidence: b\nnext: c\nnext: d"),
    "unknown\nerror: a\nevidence: b\nnext: c\nnext: d",
  ],
  [
    "a wrong cluster file",
    new ConfigError("cluster.yaml", ["share: seen 1", "network: seen 2"]),
    "misconfigured\nerror: cluster.yaml: 2 things are wrong; nothing was touched\nevidence: share: seen 1; network: seen 2\nnext: correct that file, then the same command again",
  ],
  ["a program's", new Error("a"), "unknown\nerror: a\nevidence: none\nnext: the same command again"],
];
for (const [what, error, told] of ERRORS)
  test(`an error in its lines: ${what}`, () => {
    const { ending, message } = asOpsError(error);
    assert.equal(`${ending}\n${message}`, told);
  });

test("help is one screen, and holds each command and each exit code", () => {
  const { status, stdout } = typed("--help");
  assert.equal(status, 0);
  const lines = stdout.trimEnd().split("\n");
  assert.ok(lines.length <= 40 && lines.every((line) => line.length <= 100), stdout);
  for (const { name, meaning } of ENDINGS) assert.match(stdout, new RegExp(`${name} +${meaning}$`, "m"));
});

test("what is no command ends with 64 and says what to type", () => {
  for (const args of [["fly"], ["--fast"]]) {
    const { status, stdout, stderr } = typed(...args);
    assert.equal(status, 64, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, /^error: .*\nevidence: xcat-ha .*\nnext: xcat-ha --help shows every command\n$/);
  }
  const { status, stderr } = typed();
  assert.equal(status, 64);
  assert.match(stderr, /^Usage: xcat-ha/);
});

test("each exit code stands in docs/operator.md with its name, and each command", () => {
  const text = readFileSync(join(ROOT, "docs/operator.md"), "utf8");
  for (const { code, name, meaning } of ENDINGS) {
    // What a verb is on a node is a command here.
    const words = name === "usage" ? "" : meaning;
    assert.ok(text.includes(`| ${code} | ${name} | ${words}`), `${code} ${name} ${words}`);
  }
  const commands = [...typed("--help").stdout.matchAll(/^ {2}([a-z]+) .*$/gm)].map(([, name]) => name);
  for (const command of commands.filter((name) => !ENDINGS.some((ending) => ending.name === name)))
    assert.ok(text.includes(`\`npx xcat-ha ${command}`), command);
});
