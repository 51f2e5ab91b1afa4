// Debian's packages: two that lack the same one, and an apt-get that ends where another one runs, as the real one does.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../helpers/until";

const APT_GET = `#!/bin/bash
echo "$*" >>"$WORLD/calls"
[[ $1 == install ]] || exit 0
mkdir "$WORLD/busy" || { printf 'Could not get lock\\0\\nE: Unable to lock\\n'; exit 100; }
until [[ -e $WORLD/go ]]; do read -rt 0.05 <> <(:) || :; done
rmdir "$WORLD/busy"
[[ ! -e $WORLD/broken ]] || { printf 'E: no such package\\0\\n'; exit 100; }
printf '#!/bin/sh\\n' >"$WORLD/bin/arping-of-ours"; chmod +x "$WORLD/bin/arping-of-ours"`;

function world(context: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "packages-test-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const at = (name: string) => join(root, name);
  mkdirSync(at("bin"));
  writeFileSync(at("bin/apt-get"), APT_GET);
  chmodSync(at("bin/apt-get"), 0o755);
  const install = () => {
    const script = `set -euo pipefail; CACHE='${at("cache")}'; source toolchain/lib/progress.sh; source toolchain/lib/packages.sh
      debian_packages bash=bash arping-of-ours=iputils-arping; arping-of-ours`;
    const env = { ...process.env, WORLD: root, TMPDIR: root, PATH: `${at("bin")}:${process.env.PATH}` };
    const child = spawn("bash", ["-c", script], { env, stdio: ["ignore", "ignore", "pipe"] });
    const done = { said: "", code: new Promise<number | null>((resolve) => child.on("close", resolve)) };
    child.stderr.on("data", (text) => {
      done.said += text;
    });
    return done;
  };
  return { at, install };
}
const asRoot = { skip: process.getuid?.() !== 0 && "installs as root" };

test(
  "two that lack the same package at once: one installs it, the other says that it waits, and goes on",
  asRoot,
  async (context) => {
    const { at, install } = world(context);
    const first = install();
    await until("the first one to install", () => existsSync(at("busy")), 20);
    const second = install();
    await until("the second one to say that it waits", () => second.said !== "", 20);
    writeFileSync(at("go"), "");
    assert.deepEqual([await first.code, await second.code], [0, 0], first.said + second.said);
    assert.match(first.said, /installing Debian's packages iputils-arping: done/);
    assert.match(second.said, /waiting for another one that installs Debian's packages: done/);
    assert.equal(readFileSync(at("calls"), "utf8"), "update\ninstall -y --no-install-recommends iputils-arping\n");
  },
);

test("an apt-get that fails: what it said last, and what to do", asRoot, async (context) => {
  const { at, install } = world(context);
  for (const name of ["go", "broken"]) writeFileSync(at(name), "");
  const failed = install();
  assert.equal(await failed.code, 1);
  assert.match(
    failed.said,
    /error: apt-get install iputils-arping failed\nevidence: E: no such package +\nnext: install them/,
  );
});

/** unpacked_package with an apt-get and a dpkg-deb that do `apt`. */
function unpacked(context: TestContext, apt: string) {
  const { at } = world(context);
  const script = `set -euo pipefail; CACHE='${at("cache")}'; source toolchain/lib/packages.sh
    apt-get() { ${apt}; }; dpkg-deb() { mkdir -p "$3/sbin"; cp "$2" "$3/sbin/"; }; unpacked_package ifupdown`;
  const done = spawnSync("bash", ["-c", script], { encoding: "utf8", env: { ...process.env, TMPDIR: at("") } });
  return { code: done.status, said: done.stderr, there: readdirSync(at("cache/packages")) };
}

test("a package that is only unpacked: its files, once, and nothing else", (context) => {
  const done = unpacked(context, 'echo "$*" >ifupdown_0.8.deb');
  assert.deepEqual(done, { code: 0, said: "", there: ["ifupdown"] });
});

test("a package that is only unpacked, on a machine that has no lists of packages yet: they are fetched", (context) => {
  const apt =
    'if [ "$1" = update ]; then : >"$CACHE/lists"; else [ -e "$CACHE/lists" ] && echo "$*" >ifupdown_0.8.deb; fi';
  const done = unpacked(context, apt);
  assert.deepEqual(done, { code: 0, said: "", there: ["ifupdown"] });
});

test("a package that cannot be fetched: what apt-get said last, what to do, and no half folder for the next run", (context) => {
  const done = unpacked(context, "echo 'E: Unable to locate package ifupdown' >&2; return 100");
  assert.deepEqual([done.code, done.there], [1, []]);
  assert.match(
    done.said,
    /^error: apt-get download ifupdown failed\nevidence: (E: Unable to locate package ifupdown +)+\nnext: apt-get update as root/,
  );
});
