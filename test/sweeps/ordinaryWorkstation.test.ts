import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { test } from "node:test";

// A workstation as the vendor leaves it: a real pulumi with its language host on PATH, and the command plugin in the user's home. The
// binaries are those of the toolchain that the tests use, since the vendor's may be out of reach.

const TOOLCHAIN = resolve("toolchain/toolchain");

// Both kinds of resource that xcat-ha has. Nobody is dialled: the command has nothing to run.
const PROGRAM = `
const { dynamic } = require("@pulumi/pulumi");
const { remote } = require("@pulumi/command");
class Kept extends dynamic.Resource {
  constructor() {
    super({ create: async (inputs) => ({ id: "kept", outs: inputs }) }, "kept", { word: "said" });
  }
}
new Kept();
new remote.Command("idle", { connection: { host: "192.0.2.1" } });
exports.done = "yes";
`;

test("toolchain: a user's own pulumi and command plugin run a program with both kinds of resource", (t) => {
  const root = mkdtempSync(join(tmpdir(), "workstation-test-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const home = join(root, "home");
  const project = join(root, "project");

  const status = execFileSync(TOOLCHAIN, ["status"], { encoding: "utf8" });
  const pathOf = (part: string) => new RegExp(`^${part} .* (/.*)$`, "m").exec(status)?.[1] ?? assert.fail(status);
  const bin = dirname(pathOf("pulumi"));
  const plugin = pathOf("pulumi-resource-command");
  cpSync(plugin, join(home, ".pulumi/plugins", basename(plugin)), { recursive: true });

  mkdirSync(join(project, "state"), { recursive: true });
  symlinkSync(resolve("node_modules"), join(project, "node_modules"));
  writeFileSync(join(project, "Pulumi.yaml"), "name: tiny\nruntime: nodejs\n");
  writeFileSync(join(project, "package.json"), '{"main": "index.js"}\n');
  writeFileSync(join(project, "index.js"), PROGRAM);

  const { PULUMI_HOME: _home, PULUMI_CONFIG_PASSPHRASE_FILE: _file, SSH_AUTH_SOCK: _agent, ...inherited } = process.env;
  const env = {
    ...inherited,
    HOME: home,
    PATH: `${bin}:${process.env.PATH}`,
    XDG_CACHE_HOME: join(root, "cache"),
    XCAT_HA_TOOLCHAIN: "path",
    PULUMI_BACKEND_URL: `file://${project}/state`,
    PULUMI_CONFIG_PASSPHRASE: "tiny",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  const toolchain = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(TOOLCHAIN, words, { cwd: project, env, encoding: "utf8" });
    assert.equal(status, 0, `toolchain ${words.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  };
  const owned = () => readdirSync(join(home, ".pulumi"), { recursive: true }).sort();

  const before = owned();
  assert.match(toolchain("status"), new RegExp(`^pulumi +\\S+ +PATH +${bin}/pulumi$`, "m"));
  const plugins = JSON.parse(toolchain("exec", "pulumi", "plugin", "ls", "--json"));
  assert.deepEqual(
    plugins.map(({ name, version }: { name: string; version: string }) => `${name} ${version}`),
    ["command 1.2.1"],
  );
  toolchain("exec", "pulumi", "stack", "init", "tiny");
  toolchain("exec", "pulumi", "up", "--yes", "--non-interactive", "--skip-preview");
  assert.equal(toolchain("exec", "pulumi", "stack", "output", "done"), "yes\n");
  toolchain("exec", "pulumi", "destroy", "--yes", "--non-interactive", "--skip-preview");
  assert.deepEqual(owned(), before);
});
