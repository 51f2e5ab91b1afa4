// test/run itself in a copy of its own, with a lab, tests and programs that only note that they were called.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

const ROOT = join(__dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "xcat-ha-verdict-"));
after(() => rmSync(folder, { recursive: true }));

/** Texts of test files. `once` is true at a file's first try. */
const TESTS = {
  green: "test('it', () => {});",
  red: "test('it', () => { throw new Error('as always'); });",
  flaky: "test('it', () => { if (once) throw new Error('for once'); });",
  broken: "test('it', () => { if (once) throw new BrokenInvariant('two writers'); });",
  "broken beside a test that fails": `
    afterEach(() => { const broken = new BrokenInvariant('two writers'); console.error(String(broken)); if (once) throw broken; });
    test('it', () => { if (once) throw new Error('by itself'); });`,
  killed: "test('it', () => { if (once) process.kill(process.pid, 'SIGKILL'); });",
  "killed with its runner": "test('it', () => { if (once) process.kill(process.ppid, 'SIGKILL'); });",
  "killed with its lane": `
    test('it', () => {
      const lane = Number(readFileSync(\`/proc/\${process.ppid}/stat\`, "utf8").split(" ")[3]);
      for (const pid of [lane, process.ppid]) process.kill(pid, 'SIGKILL');
    });`,
  left: "test('it', () => { if (once) process.exit(0); });",
  "until the unit tests have ended": `
    test('it', async () => {
      const ended = () => existsSync(\`\${process.env.XCAT_HA_RUN}/ended\`) && /^unit\\t/m.test(readFileSync(\`\${process.env.XCAT_HA_RUN}/ended\`, "utf8"));
      while (!ended()) await new Promise((resolve) => setTimeout(resolve, 20));
    });`,
  "saves the pair": `
    // It makes its own: new Lab(
    test('it', async () => { await new Promise((resolve) => setTimeout(resolve, 500)); appendFileSync(saved, ''); });`,
  // What was told by then has left the process.
  "left in the middle": `
    test('it', () => {});
    test('and out', async () => { await new Promise((resolve) => setTimeout(resolve, 100)); if (once) process.exit(0); });`,
};
type Kind = keyof typeof TESTS;

class World {
  private readonly root = mkdtempSync(join(folder, "world-"));
  private readonly copy = join(this.root, "copy");
  private readonly calls = join(this.root, "calls");
  readonly cache = join(this.root, "cache/xcat-ha");

  constructor(files: Record<string, Kind>) {
    for (const file of ["test/run", "test/reporter.js", "test/verdict.ts"])
      cpSync(join(ROOT, file), join(this.copy, file), { recursive: true });
    cpSync(join(ROOT, "toolchain/lib"), join(this.copy, "toolchain/lib"), { recursive: true });
    const run = readFileSync(join(this.copy, "test/run"), "utf8");
    // The tests here are plain JavaScript: without tsx they take half the time.
    const quicker = run.replace("node --require tsx/cjs --test ", "node --test ");
    this.write("test/run", quicker.replace(/^readonly SWEEPS=\([^)]*\)$/m, "readonly SWEEPS=(test/lab/swept.test.ts)"));
    symlinkSync(join(ROOT, "node_modules"), join(this.copy, "node_modules"));
    this.write(".gitignore", "node_modules\n");
    mkdirSync(join(this.copy, "toolchain/command-plugin"));
    this.program("copy/toolchain/npm-packages", "");
    this.program("copy/toolchain/toolchain", "");
    // Its first `up` fails where there is a file of that name.
    this.program(
      "copy/lab/lab",
      `echo "lab $* $XCAT_HA_LAB" >>'${this.calls}'; [ "$*" != 'up --from set-up' ] || [ -e '${this.root}/saved' ] || exit 66; [ "$1" != status ] || echo 'not there'; [ "$1" != up ] || ! rm '${this.root}/no-lab' 2>/dev/null || { echo 'lab up: there is none'; exit 1; }`,
    );
    for (const name of ["shellcheck", "sshd", "ssh-keygen", "ssh-agent", "go", "gofmt"])
      this.program(`bin/${name}`, "");
    this.program("bin/npm", `echo check >>'${this.calls}'`);
    for (const [file, kind] of Object.entries(files)) this.test(file, kind);
    this.git("init", "-q");
    this.commit();
  }

  program(name: string, text: string) {
    mkdirSync(dirname(join(this.root, name)), { recursive: true });
    writeFileSync(join(this.root, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }

  write(file: string, text: string) {
    mkdirSync(dirname(join(this.copy, file)), { recursive: true });
    writeFileSync(join(this.copy, file), text);
  }

  test(file: string, kind: Kind) {
    const began = join(this.root, `began-${file.replaceAll("/", "-")}`);
    this.write(
      `test/${file}.test.ts`,
      `const { appendFileSync, existsSync, readFileSync } = require("node:fs");
       const { afterEach, test } = require("node:test");
       class BrokenInvariant extends Error { name = "BrokenInvariant"; }
       const once = !existsSync("${began}"), saved = "${join(this.root, "saved")}";
       for (const file of ["${began}", "${this.calls}"]) appendFileSync(file, "${file}\\n");
       ${TESTS[kind]}`,
    );
  }

  noLabOnce() {
    writeFileSync(join(this.root, "no-lab"), "");
  }

  private environment() {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(NODE_TEST_CONTEXT|XCAT_HA_.*|LANE|GIT_.*)$/.test(name),
    );
    return {
      ...Object.fromEntries(inherited),
      PATH: `${join(this.root, "bin")}:${process.env.PATH}`,
      XDG_CACHE_HOME: join(this.root, "cache"),
      GIT_CONFIG_GLOBAL: "/dev/null",
    };
  }

  private git(...args: string[]) {
    const user = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
    const done = spawnSync("git", [...user, ...args], { cwd: this.copy, env: this.environment(), encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
  }

  commit() {
    this.git("add", "-A");
    this.git("commit", "-qm", "as it is");
  }

  /** Runs it: what it said, what its table says of what was not green, and what was called, the lab's `down`s left out. */
  run(...words: string[]) {
    rmSync(this.calls, { force: true });
    const done = spawnSync("test/run", words, { cwd: this.copy, env: this.environment(), encoding: "utf8" });
    const output = `${done.stdout}${done.stderr}`;
    const called = existsSync(this.calls) ? readFileSync(this.calls, "utf8").trimEnd().split("\n") : [];
    return {
      code: done.status,
      output,
      last: done.stdout.trimEnd().split("\n").at(-1),
      labs: called.filter((call) => call.startsWith("lab ")),
      called: called.filter((call) => !call.startsWith("lab ")).sort(),
      /** The logs that the table names of a part. */
      logs: (part: string) => {
        const [, ...rows] = output.split(`│ test/${part}.test.ts `);
        const [own] = (rows[0] ?? "").split("├");
        return [...own.matchAll(/(\S+\.log) /g)].map(([, log]) => readFileSync(log, "utf8"));
      },
    };
  }
}

test("what is red by a test alone is run once more, alone and on fresh machines: green then, it is unsteady, and the run passes", () => {
  const world = new World({ "lab/a": "green", "lab-machine/b": "flaky", "lab-machine/c": "green" });
  world.noLabOnce();
  const { code, output, last, called, labs, logs } = world.run("lab");
  assert.equal(code, 0, output);
  assert.deepEqual(called, ["lab-machine/b", "lab-machine/b", "lab-machine/c", "lab/a"]);
  assert.match(output, /│ lab +│ +3 │ +\d+ │ 2 unsteady, 1 green/);
  assert.match(output, /│ slowest +│ +│ +\d+\.\d │ \S+\.test\.ts: it /);
  const seen = [...logs("lab/a"), ...logs("lab-machine/b")];
  for (const [index, text] of [/^lab up: there is none$/m, /✔ it/, /for once/, /✔ it/].entries())
    assert.match(seen[index], text);
  // All lanes' labs are gone before each second try; b makes a lab of its own.
  assert.match(
    labs.join("\n"),
    /(\nlab down \S+-[0-3]){4}\nlab down \S+-0\nlab up --from set-up \S+-0\nlab up \S+-0(\nlab down \S+-[0-3]){4}\n/,
  );
  assert.equal(last, "3 passed, 0 failed");
});

test("who starts from the pair that the first setup saves waits for it, and sets none up", () => {
  const world = new World({ "lab/firstSetup": "saves the pair", "lab/b": "green", "lab-machine/c": "green" });
  const { code, output, labs } = world.run("lab");
  assert.equal(code, 0, output);
  assert.deepEqual(
    labs.filter((call) => call.startsWith("lab up")).map((call) => call.replace(/ \S+$/, "")),
    ["lab up --from set-up", "lab up --from set-up"],
  );
});

const RED: [rows: { file: string; kind: Kind; tries: number; says: RegExp }[], counts: string][] = [
  [
    [
      { file: "lab-machine/a", kind: "red", tries: 2, says: /'it': as always/ },
      { file: "lab/b", kind: "broken", tries: 1, says: /broken invariant: 'it': two writers/ },
      { file: "lab/c", kind: "killed", tries: 1, says: /killed by SIGKILL/ },
    ],
    "0 passed, 3 failed",
  ],
  [
    [
      { file: "lab-machine/a", kind: "left", tries: 1, says: /no test of it was reported|began and did not end/ },
      { file: "lab/b", kind: "broken beside a test that fails", tries: 1, says: /broken invariant: two writers/ },
      { file: "lab/c", kind: "killed with its runner", tries: 1, says: /it ended with 137/ },
    ],
    "0 passed, 3 failed",
  ],
  [
    [
      { file: "lab-machine/a", kind: "left in the middle", tries: 1, says: /of its tests began and did not end/ },
      { file: "lab/b", kind: "green", tries: 1, says: /^/ },
    ],
    "2 passed, 1 failed",
  ],
  [
    [
      { file: "lab-machine/a", kind: "killed with its lane", tries: 1, says: /it never ended/ },
      { file: "lab/b", kind: "green", tries: 1, says: /^/ },
    ],
    "1 passed, 1 failed",
  ],
  [
    ["lab-machine/a", "lab/b", "lab/c", "lab/d"].map((file) => ({ file, kind: "red", tries: 1, says: /as always/ })),
    "0 passed, 4 failed",
  ],
];

for (const [rows, counts] of RED)
  test(`red: ${rows.map(({ kind, tries }) => `${kind}, tried ${tries === 1 ? "once" : "twice"}`).join("; ")}`, () => {
    const world = new World(Object.fromEntries(rows.map(({ file, kind }) => [file, kind])));
    const { code, output, last, called, logs } = world.run("lab");
    assert.equal(code, 1, output);
    for (const { file, kind, tries, says } of rows) {
      assert.equal(called.filter((name) => name === file).length, tries, `${kind}\n${output}`);
      assert.match(output, says);
      assert.equal(logs(file).length, kind === "green" ? 0 : tries, `${kind}\n${output}`);
    }
    assert.equal(last, counts, output);
  });

test("full goes on where it was cut: what was green for the same tree at its first try is not run again", () => {
  const world = new World({
    "unit/u": "green",
    "toolchain/t": "green",
    "lab-machine/a": "flaky",
    "lab/swept": "green",
  });
  const all = ["check", "lab-machine/a", "lab/swept", "toolchain/t", "unit/u"];
  const first = world.run("full");
  assert.equal(first.code, 0, first.output);
  assert.deepEqual(first.called, [...all, "lab-machine/a"].sort());
  assert.equal(readdirSync(join(world.cache, "green")).length, 2, "the tree's own file, and its parts");

  const again = world.run("full");
  assert.equal(again.code, 0, again.output);
  assert.deepEqual(again.called, ["lab-machine/a"]);
  assert.match(again.output, /│ unit +│ +0 │ +│ green before /);
  assert.match(again.output, /│ lab +│ +1 │ +\d+ │ green /);
  assert.equal(again.last, "1 passed, 0 failed");

  const gate = world.run();
  assert.equal(gate.code, 0, gate.output);
  assert.deepEqual(
    gate.called,
    all.filter((part) => part !== "lab/swept"),
  );

  const notLab = (called: string[]) => called.filter((part) => !part.startsWith("lab"));
  world.test("unit/u", "red");
  const dirty = world.run("full");
  assert.equal(dirty.code, 1, dirty.output);
  assert.deepEqual(notLab(dirty.called), ["check", "toolchain/t", "unit/u"]);

  world.commit();
  const changed = world.run("full");
  assert.deepEqual(notLab(changed.called), notLab(dirty.called));
  const cut = world.run("full");
  assert.deepEqual(notLab(cut.called), ["toolchain/t", "unit/u"]);
  assert.match(cut.output, /│ check +│ +0 │ +│ green before /);
});

test("the unit tests go beside the lab: when they are red, what goes on ends, and no further lab file begins", () => {
  const world = new World({
    "unit/u": "red",
    "toolchain/t": "green",
    "lab/a": "until the unit tests have ended",
    "lab/b": "until the unit tests have ended",
    "lab/c": "until the unit tests have ended",
    "lab/d": "until the unit tests have ended",
    "lab-machine/e": "green",
  });
  const { code, output, called, last } = world.run();
  assert.equal(code, 1, output);
  assert.deepEqual(called, ["check", "lab/a", "lab/b", "lab/c", "lab/d", "toolchain/t", "unit/u"]);
  assert.match(output, /│ unit +│ +2 │ +\d+ │ red /);
  assert.match(output, /│ lab +│ +4 │ +\d+ │ 1 not run, 4 green /);
  assert.match(output, /as always/);
  assert.equal(last, "7 passed, 1 failed");
});

test("one file stays as it is, and says where its log lies; a word that is no stage is refused", () => {
  const world = new World({ "lab-machine/a": "green", "lab/b": "red" });
  const one = world.run("lab", "b", "it");
  assert.equal(one.code, 1, one.output);
  assert.deepEqual(one.called, ["lab/b"]);
  assert.deepEqual(one.labs, ["lab status try", "lab down try", "lab up --from set-up try", "lab up try"]);
  assert.match(one.logs("lab/b")[0], /as always/);
  assert.equal(one.last, "0 passed, 1 failed");
  const none = world.run("lab", "b", "no such name");
  assert.equal(none.code, 1, none.output);
  assert.match(none.output, /│ lab +│ +0 │ +\d+ │ not run /);
  assert.equal(none.last, "0 passed, 0 failed");
  for (const words of [["everything"], ["lab", "nowhere"]]) {
    const refused = world.run(...words);
    assert.equal(refused.code, 64, refused.output);
    assert.deepEqual(refused.called, []);
  }
});

test("the newest 20 runs stay", () => {
  const world = new World({ "lab-machine/a": "green" });
  const runs = join(world.cache, "runs");
  for (let day = 10; day < 32; day++) mkdirSync(join(runs, `202001${day}-000000-1`), { recursive: true });
  world.run("check");
  const left = readdirSync(runs).sort();
  assert.equal(left.length, 20);
  assert.equal(left[0], "20200113-000000-1");
  assert.ok(existsSync(join(runs, left[19], "check.log")));
});
