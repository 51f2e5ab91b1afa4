// What the shell of lab/, toolchain/ and test/run shares: how it fails, and how it does something once.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../helpers/until";

function world(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "shell-library-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);
  /** `text` behind the library, in the folder. */
  const start = (text: string) => {
    const library = ["progress", "fail", "lock"].map((name) => `source '${process.cwd()}/toolchain/lib/${name}.sh'`);
    const child = spawn("bash", ["-c", ["set -euo pipefail", ...library, text].join("\n")], { cwd: folder });
    context.after(() => child.kill("SIGKILL"));
    const run = { said: "", code: new Promise<number | null>((resolve) => child.on("close", resolve)) };
    child.stderr.on("data", (data) => {
      run.said += data;
    });
    return run;
  };
  return { at, start };
}

const ERRORS: [what: string, words: string, said: string][] = [
  ["all three lines", "1 seen evidence next", "error: seen\nevidence: evidence\nnext: next\n"],
  ["no evidence", "64 seen '' next", "error: seen\nnext: next\n"],
  ["nothing to do", "66 seen evidence ''", "error: seen\nevidence: evidence\n"],
  ["a % and a backslash", "1 '100%s \\n' '' ''", "error: 100%s \\n\n"],
  [
    "the end of a log",
    `1 seen "$(printf '1\\n2\\n3\\0\\n4\\n' | last_lines /dev/stdin)" ''`,
    "error: seen\nevidence: 2 3  4 \n",
  ],
];
for (const [what, words, said] of ERRORS)
  test(`an error with ${what}`, async (context) => {
    const run = world(context).start(`fail ${words} || :; echo "it goes on" >&2`);
    assert.equal(await run.code, Number(words.split(" ")[0]));
    assert.equal(run.said, said);
  });

test("an error in $(...) stops the stage that counts, and ends its caller where that hands on the code", async (context) => {
  const run = world(context).start(
    'stage_stop() { echo stopped >&2; }; x=$(fail 66 seen "" "") || exit; echo "it goes on" >&2',
  );
  assert.deepEqual([await run.code, run.said], [66, "stopped\nerror: seen\n"]);
});

const WAIT = "until [[ -e go ]]; do read -rt 0.05 <> <(:) || :; done";
const MAKE = `make() { echo made >>calls; ${WAIT}; : >thing; }; once thing thing.lock "a thing" make`;

test("once: of two at once the second says that it waits, and finds it made; a third does not ask", async (context) => {
  const { at, start } = world(context);
  const first = start(MAKE);
  await until("the first one to make it", () => existsSync(at("calls")), 20);
  const second = start(MAKE);
  await until("the second one to say that it waits", () => second.said !== "", 20);
  writeFileSync(at("go"), "");
  assert.deepEqual([await first.code, await second.code], [0, 0], first.said + second.said);
  assert.equal(second.said, "another process makes a thing; waiting for it\n");
  rmSync(at("thing.lock"));
  assert.equal(await start(MAKE).code, 0);
  assert.equal(readFileSync(at("calls"), "utf8"), "made\n");
  assert.ok(!existsSync(at("thing.lock")));
});

test("once: what fails is not made, its code is the script's, and the next one makes it", async (context) => {
  const { at, start } = world(context);
  const failed = start('make() { (exit 7); : >thing; }; once thing thing.lock "a thing" make; echo "it goes on" >&2');
  assert.deepEqual([await failed.code, failed.said, existsSync(at("thing"))], [7, "  a thing ...\n", false]);
  writeFileSync(at("go"), "");
  const next = start(MAKE);
  assert.equal(await next.code, 0);
  assert.match(next.said, /^ {2}a thing \.\.\.\n {2}a thing: done in \d+ s\n$/);
});

test("a lock: some beside each other with -s; one alone waits until the last of them has dropped it", async (context) => {
  const { at, start } = world(context);
  const held = start(`take_lock lock reads -s; : >held; ${WAIT}; drop_lock`);
  await until("the first one to have it", () => existsSync(at("held")), 20);
  const beside = start("take_lock lock reads -s; : >beside");
  await until("the second one to have it, or to wait", () => existsSync(at("beside")) || beside.said !== "", 20);
  assert.equal(beside.said, "");
  const alone = start("take_lock lock writes; [[ -e go ]]; : >alone");
  await until("the one alone to have it, or to wait", () => existsSync(at("alone")) || alone.said !== "", 20);
  writeFileSync(at("go"), "");
  assert.deepEqual([await held.code, await beside.code, await alone.code], [0, 0, 0], held.said);
  assert.equal(alone.said, "another process writes; waiting for it\n");
});

test("the toolchain's key is of what it is made from, not of how its scripts speak; it needs nothing beside its folder", async (context) => {
  const { at, start } = world(context);
  cpSync("toolchain", at("toolchain"), { recursive: true });
  const program = readFileSync(at("toolchain/toolchain"), "utf8").replace(/^main "\$@"$/m, "key >&2");
  writeFileSync(at("toolchain/toolchain"), program);
  const key = async () => {
    const run = start("bash toolchain/toolchain");
    assert.equal(await run.code, 0, run.said);
    assert.match(run.said, /^[0-9a-f]{16}\n$/);
    return run.said;
  };
  const same: string[] = [];
  let before = await key();
  for (const file of [...readdirSync("toolchain/lib").map((name) => `lib/${name}`), "command-plugin/go.mod"]) {
    writeFileSync(at(`toolchain/${file}`), "# changed\n", { flag: "a" });
    const after = await key();
    if (after === before) same.push(file);
    before = after;
  }
  assert.deepEqual(same, ["lib/fail.sh", "lib/lock.sh", "lib/progress.sh"]);
});
