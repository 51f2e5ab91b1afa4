// demo/demo.ts itself on a lab of paper: what its front door would print, a client that writes rows into a file, a sampler that sees nothing.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

const ROOT = join(__dirname, "../..");
const BLOCK = [
  "error: xcatd did not start within 5 s; expected it active",
  "evidence: xcatd.service: failed",
  "next: journalctl -u xcatd",
];

// FAULT names what goes wrong. The first `up` of the standby stack takes SLOW seconds.
const LAB = `#!/usr/bin/env bash
here=\${0%/*}
case "$*" in
  up) printf '  the machines boot ...\\n  the machines boot: done in 0 s\\n' >&2 ;;
  status) printf 'lab paper: %s\\nmachine  power\\nxcatmn1  on\\nxcatmn2  on\\n' "$here" ;;
  *cfgloc*) echo 'Pg:dbname=xcatdb;host=10.5.106.7|xcatadm|the password' ;;
  *client.ts' write '*)
    trap exit TERM
    [[ $FAULT != *client-dies* ]] || exit 3
    for ((row = 1; ; row++)); do printf '{"row":%d,"at":%s}\\n' "$row" "$(date +%s%3N)" >>"\${@: -1}"; sleep 0.1; done ;;
  *client.ts' read '*)
    [[ $FAULT != *rows-unread* ]] || { echo 'Error: connect ECONNREFUSED 10.5.106.7:5432' >&2; exit 1; }
    seq -s, $([[ $FAULT == *row-lost* ]] && echo 2 || echo 1) 5000 | sed 's/^/[/; s/$/]/' ;;
  *' refresh '*)
    touch "$here/refreshed"
    printf "Previewing refresh (primary):\\n ~  x:x:Observation virtualIp update [diff: ~address]\\n"
    printf "Diagnostics:\\n    xcatmn1 virtualIp: address is 'absent', wanted '10.5.106.7/8'\\n\\nResources:\\n    ~ 1 to update\\n\\n"
    exit 7 ;;
  *' up '*standby)
    printf 'Updating (standby):\\n ~  command:remote:Command database updating (0s) xcatmn2: postgresql started\\n'
    [[ -e $here/slept ]] || { touch "$here/slept"; sleep "\${SLOW:-0}"; }
    printf ' ~  command:remote:Command database updated (9s)\\nResources:\\n    ~ 1 updated\\n\\n' ;;
  *' up '*)
    printf 'Updating (primary):\\n'
    if [[ $FAULT == *up-fails* && -e $here/refreshed ]]; then
      printf 'a line of the whole output\\n'
      printf '    %s\\n' ${BLOCK.map((line) => `"${line}"`).join(" ")}
      exit 255
    fi
    printf ' ~  command:remote:Command virtualIp updated (9s)\\nResources:\\n    ~ 1 updated\\n\\n' ;;
esac
`;

const SAMPLER = `
export class Sampler {
  async stop() {
    if (process.env.FAULT?.includes("sampler-died")) throw new Error("the sampler ended by itself, by 1: gone");
    return JSON.parse(process.env.SAMPLES ?? "[]");
  }
}`;

type Told = { code: number; stdout: string; stderr: string; log: string };

/** The demo in a folder of its own. On a terminal both streams are one. */
function demo(
  context: TestContext,
  env: Record<string, string>,
  { terminal = false, words = [] as string[] } = {},
): Promise<Told> {
  const root = mkdtempSync(join(tmpdir(), "xcat-ha-demo-"));
  context.after(() => rmSync(root, { recursive: true }));
  for (const name of [
    "demo/demo.ts",
    "demo/story.ts",
    "ops/pulumiErrors.ts",
    "components/manifest.js",
    "package.json",
    "tsconfig.json",
  ])
    cpSync(join(ROOT, name), join(root, name));
  for (const name of ["brokenInvariant", "client", "invariants", "lab", "until"])
    cpSync(join(ROOT, `test/helpers/${name}.ts`), join(root, `test/helpers/${name}.ts`));
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  mkdirSync(join(root, "lab"));
  writeFileSync(join(root, "lab/lab"), LAB, { mode: 0o755 });
  writeFileSync(join(root, "test/helpers/sampler.ts"), SAMPLER);
  mkdirSync(join(root, "tmp"));
  const typed = [process.execPath, "--require", "tsx/cjs", "demo/demo.ts", ...words];
  const [file, ...rest] = terminal ? ["script", "-qec", typed.join(" "), "/dev/null"] : typed;
  const told = {
    FAULT: "",
    ...process.env,
    XCAT_HA_LAB: "paper",
    XDG_CACHE_HOME: join(root, "cache"),
    TMPDIR: join(root, "tmp"),
    ...env,
  };
  return new Promise((resolve) => {
    const child = execFile(file, rest, { cwd: root, env: told }, (error, stdout, stderr) => {
      const [, log] = /^the whole output: (\S+)/.exec(stdout) ?? [];
      resolve({ code: Number(error?.code ?? 0), stdout, stderr, log: log ? readFileSync(log, "utf8") : "" });
    });
    child.stdin?.end();
  });
}

const linesFrom = (stdout: string, start: string) => stdout.split("\n").filter((line) => line.startsWith(start));

const ENDING = /\nThe whole output: \S+\nThe lab stays: XCAT_HA_LAB=paper lab\/lab exec .*\n$/;

test("on a lab of paper the demo", { concurrency: 2 }, async (context) => {
  const all = [
    context.test("is a story on two screens; a long step says every ten seconds what goes on", async (context) => {
      const { code, stdout, stderr, log } = await demo(context, { SLOW: "11" });
      assert.deepEqual([code, stderr], [0, ""]);
      assert.ok(stdout.split("\n").length <= 80, stdout);
      assert.match(stdout, /^\$ lab\/lab up \(\d\.\d s\)\n {2}the machines boot: done in 0 s$/m);
      assert.match(stdout, /^\$ lab\/lab ssh xcatmn1 ip addr del 10\.5\.106\.7\/8 dev eth0 \(/m);
      assert.match(
        stdout,
        /^\$ pulumi refresh .*\n {2}1 to update; would change: virtualIp \(.*\)\n {2}virtualIp: address is 'absent', wanted '10\.5\.106\.7\/8'$/m,
      );
      assert.equal(linesFrom(stdout, "$ pulumi up --yes -s ").length, 7);
      assert.match(stdout, /^ {2}\$ pulumi up --yes -s standby \.\.\. 1\d s: xcatmn2: postgresql started$/m);
      assert.match(stdout, /rows missing +│ 0 /);
      assert.match(stdout, /outage, failover to xcatmn1 +│ \d+\.\d s/);
      assert.match(stdout, ENDING);
      assert.match(
        log,
        /\$ pulumi up --yes -s standby\nUpdating \(standby\):\n ~ {2}command:remote:Command database updating/,
      );
    }),
    context.test("counts on a terminal from the second second on, and wipes that out", async (context) => {
      const { code, stdout } = await demo(context, { SLOW: "4" }, { terminal: true });
      assert.equal(code, 0, stdout);
      const line =
        "\\x1b\\[36m\\$ pulumi up --yes -s standby \\.\\.\\. \\d s: xcatmn2: postgresql started\\x1b\\[0m\\r";
      assert.match(stdout, new RegExp(`\\r\\x1b\\[K${line}`));
      assert.ok(stdout.split("\n").length <= 80, stdout);
    }),
    context.test("tells the error of a step, and what fails behind it, and ends with 1", async (context) => {
      const { code, stdout, stderr, log } = await demo(context, { FAULT: "up-fails rows-unread sampler-died" });
      assert.equal(code, 1);
      const [step, ...behind] = stderr.trimEnd().split("failed: ").slice(1);
      const [ended, ...why] = step.trimEnd().split("\n");
      assert.match(ended, /^'pulumi up --yes -s primary' ended with 255; expected 0 \(.* s\)$/);
      assert.deepEqual(why.slice(0, 3), BLOCK);
      assert.match(why[3], /^the whole output: \/.*\.log$/);
      assert.equal(why.length, 4);
      assert.match(
        behind[0],
        /^the client's rows: the rows of demo_\d+ could not be read: Error: connect ECONNREFUSED.*; what it was told of: \/.*\/commits$/m,
      );
      assert.equal(behind[1], "the sampler: the sampler ended by itself, by 1: gone");
      assert.match(
        stdout,
        /\nfailed:\n {2}'pulumi up --yes -s primary' ended .*\n {2}the client's rows: .*\n {2}the sampler: .*\nThe whole/,
      );
      assert.match(stdout, ENDING);
      assert.doesNotMatch(stdout, /a line of the whole output/);
      assert.match(log, /a line of the whole output[\s\S]*failed: 'pulumi up[\s\S]*failed: the sampler/);
    }),
    context.test("waits for no client that has ended", async (context) => {
      const { code, stderr } = await demo(context, { FAULT: "client-dies" });
      assert.equal(code, 1);
      assert.match(stderr, /^failed: the client ended by itself, by 3$/m);
    }),
    context.test("ends with 1 where every step did what it should and what must never be was seen", async (context) => {
      const seen = JSON.stringify([{ lease: { at: 1, epoch: 1 }, looks: [], problems: ["blind"] }]);
      const { code, stdout, stderr } = await demo(context, { FAULT: "row-lost", SAMPLES: seen });
      assert.equal(code, 1);
      assert.match(stderr, /^failed: 1 committed rows are lost, from 1 on$/m);
      assert.match(stderr, /^failed: what must never be was seen:\nthe sampler could not look: blind$/m);
      assert.match(stdout, /rows missing +│ 1 /);
    }),
    context.test("shows all of it with --verbose", async (context) => {
      const { code, stdout, log } = await demo(context, { FAULT: "up-fails" }, { words: ["--verbose"] });
      assert.equal(code, 1);
      for (const line of log
        .split("\n")
        .filter((line) => line && !line.startsWith("failed: ") && !BLOCK.includes(line)))
        assert.ok(stdout.includes(line) || line.startsWith("the whole output"), line);
    }),
  ];
  await Promise.all(all);
});
