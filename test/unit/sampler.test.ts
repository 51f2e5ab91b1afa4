import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Lab } from "../helpers/lab";
import { Sampler, Watcher } from "../helpers/sampler";

// A lab without machines: its folder.
const cache = mkdtempSync(join(tmpdir(), "xcat-ha-sampler-"));
process.env.XDG_CACHE_HOME = cache;
const lab = new Lab("none");
const epochs = join(lab.share, ".xcat-ha/epoch");
const OWNER = "node xcatmn1\nmachine m\nboot b1\ntime t\n";

beforeEach(() => {
  rmSync(lab.folder, { recursive: true, force: true });
  mkdirSync(epochs, { recursive: true });
  mkdirSync(join(lab.folder, "machines/xcatmn1"), { recursive: true });
  writeFileSync(
    join(lab.folder, "cluster"),
    "share /HA\nnode xcatmn1 10.0.0.1 production\nnode xcatmn2 10.0.0.2 fresh\n",
  );
});
after(() => rmSync(cache, { recursive: true }));

const FILES: [what: string, files: Record<string, string>, lease: object][] = [
  ["no epoch", {}, { epoch: 0, node: "", boot: "", released: false, dissolved: "" }],
  [
    "the newest epoch counts",
    { "000009.owner": "node xcatmn2\nboot b9\n", "000010.owner": OWNER, "000009.released": "", ".claim.x": "" },
    { epoch: 10, node: "xcatmn1", boot: "b1", released: false, dissolved: "" },
  ],
  [
    "released and dissolved",
    { "000010.owner": OWNER, "000010.released": "", "../dissolved": "xcatmn2 2026-11-23T03:00:00Z\n" },
    { epoch: 10, node: "xcatmn1", boot: "b1", released: true, dissolved: "xcatmn2" },
  ],
];
for (const [what, files, expected] of FILES)
  test(`the lease: ${what}`, () => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(epochs, name), text);
    const { lease, problems, looks } = new Watcher(lab).sample();
    const { at, ...read } = lease;
    assert.deepEqual(read, expected);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      looks.map(({ node, on }) => [node, on]),
      [
        ["xcatmn1", false],
        ["xcatmn2", false],
      ],
    );
    assert.ok(Date.now() - at < 100_000);
  });

test("what cannot be read is a problem, not nothing", () => {
  writeFileSync(join(epochs, "000001.owner"), "");
  mkdirSync(join(lab.folder, "machines/xcatmn1/leader"));
  const { problems } = new Watcher(lab).sample();
  assert.match(problems.join("\n"), /^000001\.owner does not say its node and boot: ''\nEISDIR: /);
});

test("an init that is in no control group of its machine is a problem: its processes cannot be seen", async () => {
  const init = spawn("bash", ["-c", "exec -a systemd bash -c 'printf systemd >/proc/self/comm; read'"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  writeFileSync(join(lab.folder, "machines/xcatmn1/leader"), `${init.pid}\n`);
  try {
    const watcher = new Watcher(lab);
    const limit = Date.now() + 10_000;
    while (!watcher.sample().looks[0].on) {
      assert.ok(Date.now() < limit, "it is never seen on");
      await sleep(20);
    }
    assert.deepEqual(watcher.sample().problems, ["the processes of xcatmn1 are not in its control groups"]);
  } finally {
    init.kill();
  }
  await new Promise((resolve) => init.once("exit", resolve));
  const { looks, problems } = new Watcher(lab).sample();
  assert.deepEqual([looks[0].on, problems], [false, []]);
});

test("a sampler that never saw a machine on fails", async () => {
  const sampler = new Sampler(lab);
  await sampler.looksAgain();
  await assert.rejects(sampler.stop(), /the sampler took no sample of xcatmn1 and xcatmn2 that was on/);
});

test("a sampler that died fails, with what it said", async () => {
  const sampler = new Sampler(lab);
  await sampler.looksAgain();
  const { file, child } = sampler as unknown as { file: string; child: ChildProcess };
  // It cannot write what it saw any more.
  rmSync(file);
  mkdirSync(file);
  while (child.exitCode === null) await sleep(50);
  await assert.rejects(sampler.stop(), /the sampler ended by itself, by 1: [\s\S]*EISDIR/);
  rmSync(dirname(file), { recursive: true });
});
