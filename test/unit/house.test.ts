import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(__dirname, "../..");

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const file = join(folder, name);
    return statSync(join(ROOT, file)).isDirectory() ? sources(file) : /\.(ts|js)$/.test(name) ? [file] : [];
  });
}

/** The program: what `pulumi up` runs, and the operator's tools around it. */
const FILES = ["components", "config", "ops"].filter((folder) => existsSync(join(ROOT, folder))).flatMap(sources);
FILES.push("index.ts");

const holding = (pattern: RegExp) =>
  FILES.filter((file) => pattern.test(readFileSync(join(ROOT, file), "utf8").replace(/^\s*(\/\/|\*|\/\*).*$/gm, "")));

const RULES: [rule: string, pattern: RegExp, files: string[]][] = [
  [
    "remote commands are made in one place, and by the program that they run",
    /["']@pulumi\/command/,
    ["components/converge.ts", "components/nodeProgram.ts"],
  ],
  ["one file starts processes, and it starts ssh", /child_process|["']ssh["']\s*,/, ["components/remote/session.js"]],
  ["observations are made in one place", /pulumi\.dynamic/, ["components/remote/observationResource.ts"]],
  [
    "only index.ts reads stack config: a component takes everything by its arguments",
    /new pulumi\.Config\(/,
    ["index.ts"],
  ],
  ["nothing is decided by environment variables", /process\.env/, []],
  [
    "the private key is read in one place",
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
    for (const [, target] of readFileSync(join(ROOT, file), "utf8").matchAll(/require\("(\.[^"]+)"\)/g)) {
      const path = join(file, "..", target);
      assert.ok(existsSync(join(ROOT, `${path}.js`)), `${file} requires ${target}, which is no JavaScript file`);
      walk(`${path}.js`);
    }
  };
  walk("components/remote/observation.js");
  assert.ok(reached.has("config/cluster.js"));
});

test("no lock file names where packages were downloaded", () => {
  assert.doesNotMatch(readFileSync(join(ROOT, "package-lock.json"), "utf8"), /"resolved"/);
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
