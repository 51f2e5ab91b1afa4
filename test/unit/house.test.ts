import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lostCitations, pageOf, treePage } from "../helpers/citations";
import { lostFailures } from "../helpers/shell";

const ROOT = join(__dirname, "../..");

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const file = join(folder, name);
    return statSync(join(ROOT, file)).isDirectory() ? sources(file) : /\.(ts|js)$/.test(name) ? [file] : [];
  });
}

/** The program: what `pulumi up` runs, and the operator's tools around it. */
const FILES = [...["components", "config", "ops"].flatMap(sources), "index.ts"];

const holding = (pattern: RegExp) =>
  FILES.filter((file) => pattern.test(readFileSync(join(ROOT, file), "utf8").replace(/^\s*(\/\/|\*|\/\*).*$/gm, "")));

const RULES: [rule: string, pattern: RegExp, files: string[]][] = [
  [
    "remote commands are made in one place, and by the program that they run",
    /["']@pulumi\/command/,
    ["components/converge.ts", "components/nodeProgram.ts"],
  ],
  [
    "two files start processes: one ssh, and one Pulumi for the operator",
    /child_process|["']ssh["']\s*,/,
    ["components/remote/session.js", "ops/stacks.ts"],
  ],
  ["observations are made in one place", /pulumi\.dynamic/, ["components/remote/observationResource.ts"]],
  [
    "only index.ts reads stack config: a component takes everything by its arguments",
    /new pulumi\.Config\(/,
    ["index.ts"],
  ],
  [
    "nothing is decided by environment variables, but for how long one up waits",
    /process\.env/,
    ["components/remote/handover.js"],
  ],
  [
    "the private key is read in two places: for Pulumi's connection, and for the name of ours",
    /readFileSync\([^)]*privateKeyFile/,
    ["components/converge.ts", "components/remote/session.js"],
  ],
];

for (const [rule, pattern, files] of RULES) test(rule, () => assert.deepEqual(holding(pattern), files));

test("config knows nothing of what is made from it", () => {
  const importing = holding(/["']\.\.\/(components|node)\//).filter((file) => file.startsWith("config/"));
  assert.deepEqual(importing, []);
});

test("the implementation of the observations is plain JavaScript: Pulumi's provider process runs no TypeScript", () => {
  const reached = new Set<string>();
  const walk = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    // What is behind an arrow is loaded by who calls it.
    for (const [, target] of readFileSync(join(ROOT, file), "utf8").matchAll(/(?<!=> )require\("(\.[^"]+)"\)/g)) {
      const path = join(file, "..", target);
      assert.ok(existsSync(join(ROOT, `${path}.js`)), `${file} requires ${target}, which is no JavaScript file`);
      walk(`${path}.js`);
    }
  };
  walk("components/remote/observation.js");
  assert.ok(reached.has("config/cluster.js") && reached.has("components/manifest.js"));
  execFileSync(process.execPath, ["-e", 'require("./components/remote/observation.js")'], { cwd: ROOT });
});

test("the node program needs nothing that bash 4.4 lacks, the oldest of the systems that it runs on", () => {
  const newer = /\$\{?(EPOCHREALTIME|EPOCHSECONDS|SRANDOM|BASH_ARGV0)\b(?!:-)|@[ULuKk]\}|\b(wait -p|local -I)\b/;
  assert.match('at="$EPOCHREALTIME"', newer);
  const using = shellFiles("node").filter((file) => newer.test(readFileSync(join(ROOT, file), "utf8")));
  assert.deepEqual(using, []);
});

test("no lock file names where packages were downloaded", () => {
  const host = /"resolved": "(?!toolchain\/)/;
  assert.match('"resolved": "elsewhere/', host);
  assert.doesNotMatch(readFileSync(join(ROOT, "package-lock.json"), "utf8"), host);
});

for (const name of readdirSync(join(ROOT, "test/lab")).filter((name) => name.endsWith(".test.ts")))
  test(`the sampler runs beside test/lab/${name}: called once, after the file's own hooks and before its tests`, () => {
    const text = readFileSync(join(ROOT, "test/lab", name), "utf8");
    const places = (pattern: RegExp) => [...text.matchAll(pattern)].map(({ index }) => index);
    const [called, ...again] = places(/^sampled\(lab\);$/gm);
    assert.ok(called !== undefined && again.length === 0);
    assert.ok(places(/^(before|after|beforeEach|afterEach)\(/gm).every((hook) => hook < called));
    assert.ok(places(/^ *test\(/gm).every((first) => first > called));
  });

/** What the lab and test/run have of the toolchain's. */
const SHARED = ["progress", "fail", "lock", "packages"];
/** Shell text, each program as the files that it is made of. */
const PROGRAMS: [name: string, files: string[]][] = [
  ["the node program", shellFiles("node")],
  ["the lab", ["lab/lab", ...shellFiles("lab/lib"), ...SHARED.map((name) => `toolchain/lib/${name}.sh`)]],
  ...everyFile("lab")
    .filter((file) => file !== "lab/lab" && /^#!.*\bbash/.test(readFileSync(join(ROOT, file), "utf8")))
    .map((file): [string, string[]] => [file, [file]]),
];
function everyFile(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const file = join(folder, name);
    return statSync(join(ROOT, file)).isDirectory() ? everyFile(file) : [file];
  });
}
function shellFiles(folder: string): string[] {
  return everyFile(folder).filter((file) => file.endsWith(".sh"));
}
/** By file and function, why it may be so. */
const BARE: Record<string, string> = {
  "node/lib/watch/units.sh: watch_stop": "each is tried; what it did not do the next look at the part names",
};
const LOST: Record<string, string> = {
  "node/lib/hostsFile.sh: hosts_take": "a zero says that it came to its end",
  "node/lib/observe.sh: part_look": "the word told says that it came to its end",
  "node/lib/verify.sh: verify_lines": "the line 'the end' says that it came to its end",
  "node/lib/directories/look.sh: directories_look": "as many lines as links, else each is asked by itself",
  "node/lib/virtualIp/elsewhere.sh: virtualIp_ask_ahead": "a line must come, else it is asked anew",
  "node/lib/virtualIp/elsewhere.sh: virtualIp_elsewhere": "a line must come, else arping failed",
  "lab/lab: up": "a machine that was not made does not boot",
  "lab/lib/computeNode.sh: provision": "four lines, or an error",
  "lab/lib/machines.sh: make_machine": "the file was read just before, for this machine",
  "lab/lib/machines.sh: machine_processes": "a group that ends meanwhile has no process; its caller looks again",
  "lab/lib/pairs.sh: forget_old_pairs": "what is not forgotten now is later",
  "lab/image/files/usr/local/lib/lab/compute-node: main program": "no lease is a step that failed",
};
const found = PROGRAMS.map(([name, files]) => ({
  name,
  ...lostFailures(files.map((file) => ({ file, text: readFileSync(join(ROOT, file), "utf8") }))),
}));
for (const { name, bare, lost } of found) {
  test(`${name}: what needs errexit runs nowhere without it: each failure in a condition is checked by itself`, () =>
    assert.deepEqual(
      bare.filter(({ where }) => !BARE[where]),
      [],
    ));
  test(`${name}: where <(...) loses a failure the reader proves that all came`, () =>
    assert.deepEqual(
      lost.filter(({ where }) => !LOST[where]),
      [],
    ));
}
test("no failure is taken for nothing there: [[ -z $(...) ]] looks at no exit code", () => {
  const lines = PROGRAMS.flatMap(([, files]) => files).flatMap((file) =>
    readFileSync(join(ROOT, file), "utf8")
      .split("\n")
      .filter((line) => /^[^#]*\[\[[^;]*-[zn] "?\$\(/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  // A system that is not told is not supported.
  assert.deepEqual(lines, ["node/lib/platform/system.sh: elif [[ -z $(system_column) ]]; then"]);
});
test("what the two rules let pass is still there", () => {
  const there = (kind: "bare" | "lost") =>
    [...new Set(found.flatMap((program) => program[kind].map(({ where }) => where)))].sort();
  assert.deepEqual(there("bare"), Object.keys(BARE).sort());
  assert.deepEqual(there("lost"), Object.keys(LOST).sort());
});

/** Of a function f and a command that calls it: what the rules find. */
const PLANTED: [what: string, text: string, bare: number, lost?: number][] = [
  ["plainly", "f() { rm a; echo b; }; f; x=$(f)", 0],
  ["in if", "f() { rm a; echo b; }; if f; then :; fi", 1],
  ["in while", "f() { rm a; echo b; }; while f; do :; done", 1],
  ["behind !", "f() { rm a; echo b; }; ! f", 1],
  ["left of &&", "f() { rm a; echo b; }; f && :", 1],
  ["left of ||", "f() { rm a; echo b; }; f || exit", 1],
  ["right of ||", "f() { rm a; echo b; }; [[ -n $x ]] || f", 0],
  ["in x=$(f) ||", "f() { rm a; echo b; }; x=$(f) || exit", 1],
  ["in if x=$(f)", "f() { rm a; echo b; }; if x=$(f); then :; fi", 1],
  ["by another one", "f() { rm a; echo b; }; g() { f; }; g || exit", 1],
  ["by another one that checks", "f() { rm a; echo b; }; g() { x=$(f); }; g", 0],
  ["in a group", "f() { rm a; echo b; }; { f; } || exit", 2],
  ["in a pipeline", "f() { rm a; echo b; }; f | sort || exit", 1],
  ["an assignment", "f() { x=$(stat a); echo b; }; f || exit", 1],
  ["an assignment that cannot fail", 'f() { x=$(echo a); echo "$x"; }; f || exit', 0],
  ["a file that cannot be written", "f() { echo a >b; echo c; }; f || exit", 1],
  ["checked by itself", "f() { rm a || return; x=$(stat a) || exit; echo b; }; f || exit", 0],
  ["the last command", "f() { local x=a; rm a; }; f || exit", 0],
  ["handed on by return", "f() { if [[ -n $1 ]]; then rm a; return; fi; echo b; }; f || exit", 0],
  ["in a loop, where only the last time counts", "f() { for x in 1 2; do rm $x; done; }; f || exit", 1],
  ["one that returns false, behind which it goes on", "g() { return 1; }; f() { g; echo b; }; f || exit", 1],
  ["a part that goes on", "{ rm a; rm b; } || exit", 1],
  ["what a child runs", "x=$(rm a; rm b) || exit", 1],
  [
    "quotes, comments and other texts",
    "f() {\n  # rm a; it's\n  echo 'rm a; b' \"rm $x; it's\"\n  cat <<'END'\nrm a; $(\nEND\n}\nf || exit",
    0,
  ],
  ["<(f) that can fail", "f() { rm a; echo b; }; mapfile -t x < <(f)", 0, 1],
  ["<(f) that ends", "f() { exit 1; }; while read -r x; do :; done < <(f)", 0, 1],
  ["<(f) that cannot fail", 'f() { printf "%s\\n" a; }; while read -r x; do :; done < <(f)', 0, 0],
];
for (const [what, text, bare, lost = 0] of PLANTED)
  test(`the rules of shell text: ${what}`, () => {
    const planted = lostFailures([{ file: "planted", text }]);
    assert.equal(planted.bare.length, bare, JSON.stringify(planted.bare));
    assert.equal(planted.lost.length, lost, JSON.stringify(planted.lost));
  });

/** Every file of the checkout that is not thrown away: what is new counts before it is committed. */
const TRACKED = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" })
  .split("\n")
  .filter((file) => file && existsSync(join(ROOT, file)));
/** It plants what the rule finds. */
const UNCITED = ["test/unit/house.test.ts"];
test("what is cited is in the tree: each page and each heading, and nothing of what a clone has not", () => {
  const page = treePage(ROOT);
  const lost = TRACKED.filter((file) => !UNCITED.includes(file)).flatMap((file) =>
    lostCitations(file, readFileSync(join(ROOT, file), "utf8"), page).map((what) => `${file}: ${what}`),
  );
  assert.deepEqual(lost, []);
});

/** The part that docs/adding-a-part.md adds. */
const EXAMPLE = "node/parts/motd.sh";
test("each file of node/ that is named somewhere is there", () => {
  const lost = TRACKED.filter((file) => !file.endsWith(".svg")).flatMap((file) =>
    [...readFileSync(join(ROOT, file), "utf8").matchAll(/\bnode\/(lib|parts|awk|perl)\/[\w/]+\.(sh|awk|pl)\b/g)]
      .map(([named]) => named)
      .filter((named) => !/\b[A-Z]+\.\w+$/.test(named) && named !== EXAMPLE && !existsSync(join(ROOT, named)))
      .map((named) => `${file}: ${named}`),
  );
  assert.deepEqual(lost, []);
});

/** Every shell text of ours, and what of the node program is in other languages. */
const SHELL = TRACKED.filter(
  (file) => /\.(sh|awk|pl)$/.test(file) || /^#!.*\b(ba)?sh\b/.test(readFileSync(join(ROOT, file), "utf8")),
);
const linesOf = (file: string) => readFileSync(join(ROOT, file), "utf8").split("\n").slice(0, -1);

test("no line of shell text is longer than 120 characters", () => {
  assert.ok(SHELL.includes("lab/lab") && SHELL.includes("node/awk/interface.awk"));
  const long = SHELL.flatMap((file) =>
    linesOf(file).flatMap((line, index) => (line.length > 120 ? [`${file}:${index + 1}: ${line.length}`] : [])),
  );
  assert.deepEqual(long, []);
});

test("no file of the node program is longer than 200 lines", () => {
  const files = SHELL.filter((file) => file.startsWith("node/"));
  assert.deepEqual(
    files.filter((file) => linesOf(file).length > 200),
    [],
  );
});

test("the README leads to each page of docs/", () => {
  const text = readFileSync(join(ROOT, "README.md"), "utf8");
  const pages = readdirSync(join(ROOT, "docs")).filter((name) => /\.(md|svg)$/.test(name));
  assert.deepEqual(
    pages.filter((name) => !text.includes(`](docs/${name}`)),
    [],
  );
});

const CITED = pageOf(
  "# Page\n\n## The lease\n\n### What `verify` says?\n\n- **No clock is\n  compared.** Times lie.\n",
);
const CITATIONS: [what: string, file: string, text: string, ...lost: string[]][] = [
  ["a page", "a.ts", "// See docs/page.md."],
  ["a page that is not there", "a.ts", "// See docs/other.md.", "docs/other.md"],
  ["a page beside the one that cites it", "docs/b.md", "[it](page.md), [not](../page.md)", "../page.md"],
  ["a heading", "a.sh", "# (docs/page.md, The lease): why."],
  ["a heading with a word more", "a.sh", "# docs/page.md, The leases", "docs/page.md, The leases"],
  ["a heading that is not there", "a.sh", "# (docs/page.md, The guard).", "docs/page.md, The guard"],
  ["a heading over two lines", "a.ts", " * (docs/page.md, The\n * guard)", "docs/page.md, The guard"],
  [
    "a heading with backticks",
    "docs/b.md",
    "`docs/page.md`, What verify says? and `docs/page.md`, The guard",
    "docs/page.md, The guard",
  ],
  ["the beginning of a decision", "a.ts", "// docs/page.md, No clock is compared"],
  ["an anchor", "docs/b.md", "[it](page.md#what-verify-says)"],
  ["an anchor that is not there", "docs/b.md", "[it](page.md#the-guard)", "page.md#the-guard"],
  ["an anchor of its own", "docs/page.md", "[it](#the-lease), [not](#the-guard)", "#the-guard"],
  ["a picture", "docs/b.md", "![order](other.svg)", "other.svg"],
  ["a picture in code", "a.ts", "// docs/other.svg", "docs/other.svg"],
  ["a picture that a program writes", "a.ts", "writeFile(files.svg), `epoch-9.svg`"],
  ["prose behind a page", "a.ts", "// docs/page.md, and more"],
  ["a page of the web", "a.ts", "// https://example.org/other.md"],
  ["the notes of before", "a.sh", "# why facts/xcat.md 4.3", "facts/", "facts/xcat.md"],
  ["their chapters", "a.ts", "// (design section 4), Section 8", "design section 4", "Section 8"],
  ["their numbers", "a.sh", "# it hangs (N1), C17: and R7.", "N1", "C17"],
  ["their name in brackets", "a.pm", "    # so it is (facts 2.7)", "(facts 2.7"],
  ["the manual under its old name", "a.ts", '/** (seed, "Configure VIP") */', "seed"],
  ["facts of the program", "a.ts", "const of = (facts: Facts) => judge(facts, look);"],
];
for (const [what, file, text, ...lost] of CITATIONS)
  test(`what is cited: ${what}`, () =>
    assert.deepEqual(
      lostCitations(file, text, (path) => (path === "docs/page.md" ? CITED : undefined)),
      lost,
    ));
