import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";

// toolchain/toolchain itself, with a pulumi on PATH that only tells its version and its plugins, and a cache of its own.

const TOOLCHAIN = resolve("toolchain/toolchain");
const PLUGIN = "plugins/resource-command-v1.2.1";

// As the vendor's, it passes over a plugin's folder that is a link.
const FINDS_PLUGINS = `
  found='{"kind": "resource", "name": "command", "version": "1.2.1"}'
  if [ ! -d "$PULUMI_HOME/${PLUGIN}" ] || [ -h "$PULUMI_HOME/${PLUGIN}" ]; then found=; fi
  echo "[$found]"`;

function world(context: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "toolchain-test-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const bin = join(root, "bin");
  const home = join(root, "home");
  mkdirSync(bin);
  const plugin = join(home, ".pulumi", PLUGIN);
  mkdirSync(plugin, { recursive: true });
  const program = (name: string, text: string, folder = bin) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  const pulumi = (version: string, plugins = FINDS_PLUGINS) =>
    program(
      "pulumi",
      `if [ "$1" = plugin ]; then ${plugins}; exit; fi
      echo asked >>${root}/asked; [ ! -e ${root}/slow ] || sleep $(cat ${root}/slow); echo v${version}`,
    );
  const slow = (seconds: number) => writeFileSync(join(root, "slow"), String(seconds));
  pulumi("3.260.0");
  program("pulumi-language-nodejs", "true");
  program("pulumi-resource-command", "true", plugin);
  const { PULUMI_HOME: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    HOME: home,
    XDG_CACHE_HOME: join(root, "cache"),
    PATH: `${bin}:${process.env.PATH}`,
    XCAT_HA_TOOLCHAIN: "path",
  };
  const start = (words: string[], extra = {}) => spawn(TOOLCHAIN, words, { env: { ...env, ...extra }, detached: true });
  const run = (words: string[], extra = {}) => finish(start(words, extra));
  return { root, bin, home, plugin, program, pulumi, slow, start, run };
}

async function finish(child: ChildProcess) {
  const seen = { code: null as number | null, stdout: "", stderr: "" };
  child.stdout?.on("data", (data) => {
    seen.stdout += data;
  });
  child.stderr?.on("data", (data) => {
    seen.stderr += data;
  });
  seen.code = await new Promise((done) => child.on("close", done));
  return seen;
}

const folderOf = (status: string) => /PULUMI_HOME\s+(\S+)/.exec(status)?.[1];

test("toolchain: the user's pulumi runs with a PULUMI_HOME in the cache, and the user's own is not touched", async (t) => {
  const w = world(t);
  const before = readdirSync(join(w.home, ".pulumi"), { recursive: true });
  const status = await w.run(["status"]);
  assert.match(status.stdout, new RegExp(`pulumi +3\\.260\\.0 +PATH +${w.bin}/pulumi`));
  const exec = await w.run(["exec", "sh", "-c", 'pulumi version; echo "$PULUMI_HOME"; exit 3']);
  assert.equal(exec.code, 3);
  assert.match(exec.stdout, /^v3\.260\.0\n.*\/cache\/xcat-ha\/toolchain-[0-9a-f]{16}\/home\n$/);
  // Where the CLI would keep a log of each operation.
  assert.equal(readFileSync(join(exec.stdout.split("\n")[1], "logs"), "utf8"), "");
  assert.deepEqual(readdirSync(join(w.home, ".pulumi"), { recursive: true }), before);
});

test("toolchain: another pulumi on PATH is another choice", async (t) => {
  const w = world(t);
  assert.equal((await w.run(["install"])).code, 0);
  w.pulumi("3.100.0");
  const refused = await w.run(["install"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /the pulumi on PATH is 3\.100\.0; expected 3\.227\.0 or newer\nnext: install /);
});

test("toolchain: another plugin of the same version is another choice", async (t) => {
  const w = world(t);
  const before = folderOf((await w.run(["status"])).stdout);
  w.program("pulumi-resource-command", "echo another", w.plugin);
  const after = folderOf((await w.run(["status"])).stdout);
  assert.ok(before && after);
  assert.notEqual(after, before);
});

test("toolchain: a plugin whose installation did not end is none", async (t) => {
  const w = world(t);
  writeFileSync(`${w.plugin}.partial`, "");
  // The vendor does not answer.
  w.program("node", `case "$*" in *vendor.js*) exit 1 ;; esac; exec '${process.execPath}' "$@"`);
  const refused = await w.run(["install"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /the pulumi on PATH has no plugin command 1\.2\.1/);
});

test("toolchain: one whose CLI does not find the plugin is not handed out", async (t) => {
  const w = world(t);
  w.pulumi("3.260.0", `echo '[{"kind": "resource", "name": "command", "version": "1.2.0"}]'`);
  for (const _ of ["first", "again"]) {
    const refused = await w.run(["install"]);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /error: the CLI does not find the plugin command 1\.2\.1 in .*\/home\/plugins\nevidence: found: 1\.2\.0 *\nnext: /,
    );
  }
});

test("toolchain: inside exec it finds the same toolchain, and does not take its own for the user's", async (t) => {
  const w = world(t);
  const outer = folderOf((await w.run(["status"])).stdout);
  const inner = folderOf((await w.run(["exec", TOOLCHAIN, "status"])).stdout);
  assert.ok(outer);
  assert.equal(inner, outer);
  rmSync(join(w.bin, "pulumi"));
  const gone = await w.run(["install"], { PATH: `${join(outer, "../bin")}:${process.env.PATH}` });
  assert.match(gone.stderr, /no pulumi on PATH/);
});

test("toolchain: a way that it does not know is refused", async (t) => {
  const refused = await world(t).run(["install"], { XCAT_HA_TOOLCHAIN: "npm" });
  assert.equal(refused.code, 64);
  assert.match(refused.stderr, /XCAT_HA_TOOLCHAIN is npm; expected path, vendor or built/);
});

test("toolchain: an old Node.js is refused", async (t) => {
  const w = world(t);
  w.program("node", "echo v18.20.4");
  const refused = await w.run(["install"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /error: node is v18\.20\.4; expected 20\.0\.0 or newer\n/);
});

test("toolchain: two at once make it once, and the second says that it waits", async (t) => {
  const w = world(t);
  w.slow(1);
  const both = await Promise.all([w.run(["install"]), w.run(["install"])]);
  assert.deepEqual(
    both.map(({ code }) => code),
    [0, 0],
  );
  assert.match(both[0].stderr + both[1].stderr, /another process makes the toolchain; waiting for it/);
  assert.equal(readFileSync(join(w.root, "asked"), "utf8"), "asked\n");
});

test("toolchain: one that was killed while it was made blocks nobody", async (t) => {
  const w = world(t);
  w.slow(60);
  const killed = w.start(["install"]);
  const end = finish(killed);
  while (!readdirSync(w.root).includes("asked")) await new Promise((done) => setTimeout(done, 20));
  process.kill(-(killed.pid as number), "SIGKILL");
  await end;
  w.slow(0);
  const after = await w.run(["status"]);
  assert.equal(after.code, 0);
  assert.doesNotMatch(after.stderr, /waiting/);
});
