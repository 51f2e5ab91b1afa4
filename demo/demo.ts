// `npm run demo [-- --verbose]`: the pair from nothing, a drift found and repaired, a failover and one back, while a client writes rows through
// the VIP. Each step in a line or three; the whole output goes to a file.
import { appendFileSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { longestGap, missingRows } from "../test/client";
import { inWords, lookedInWords, violationsOf } from "../test/invariants";
import { Lab } from "../test/lab";
import { Sampler } from "../test/sampler";
import { lastLines, told } from "./story";

const words = process.argv.slice(2);
if (words.some((word) => word !== "--verbose")) {
  console.error("usage: npm run demo [-- --verbose]\n  --verbose  shows the whole output as it comes");
  process.exit(64);
}
const verbose = words.length > 0;
const lab = new Lab(process.env.XCAT_HA_LAB ?? "demo");
const tty = process.stdout.isTTY;
const paint = (code: number, text: string) => (tty ? `\x1b[${code}m${text}\x1b[0m` : text);

const logs = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "xcat-ha/demo");
mkdirSync(logs, { recursive: true });
const log = join(logs, `${new Date().toISOString().replace(/[:.]/g, "-")}.log`);

function title(text: string) {
  appendFileSync(log, `\n== ${text}\n`);
  console.log(`\n${paint(1, `== ${text}`)}`);
}

/** Types a command as a user does, and tells what it came to; on a terminal it counts while it runs. */
async function type(command: string, expected = 0) {
  const began = Date.now();
  const seconds = () => (Date.now() - began) / 1000;
  appendFileSync(log, `\n$ ${command}\n`);
  if (verbose) console.log(paint(36, `$ ${command}`));
  const ticker = setInterval(() => {
    if (tty && !verbose && seconds() >= 2)
      process.stdout.write(`\r${paint(36, `$ ${command}`)} ... ${seconds().toFixed(0)} s `);
  }, 1000);
  const { code, output } = await lab.start(["exec", ...command.split(" ")], (text) => {
    appendFileSync(log, text);
    if (verbose) process.stdout.write(text);
  });
  clearInterval(ticker);
  if (tty && !verbose) process.stdout.write("\r\x1b[K");
  const [typed, ...came] = told(command, output, seconds());
  if (!verbose) console.log(paint(36, typed));
  if (code !== expected)
    throw new Error(
      `'${command}' ended with ${code}; expected ${expected}\n${verbose ? "" : `${lastLines(output)}\n`}all of it: ${log}\nThe lab stays up: XCAT_HA_LAB=${lab.name} lab/lab exec`,
    );
  for (const line of came) console.log(`  ${line}`);
}

/** A planned failover by the stock commands: the old active node first. */
async function failover(to: string, stacks: [string, string]) {
  for (const stack of stacks) {
    await type(`pulumi config set activeNode ${to} -s ${stack}`);
    await type(`pulumi up --yes -s ${stack}`);
  }
}

async function main() {
  console.log(`the whole output: ${log}`);
  title("two management nodes, production data on xcatmn1");
  // Its own stages are few, and the first time it takes minutes: they are shown as they come.
  if (lab.show("up") !== 0) throw new Error("lab/lab up failed");
  lab.show("status");
  const sampler = new Sampler(lab);

  title("the pair is made highly available");
  for (const stack of ["primary", "standby"]) lab.config(stack, "activeNode", "xcatmn1");
  await type("pulumi up --yes -s primary");
  await type("pulumi up --yes -s standby");

  const client = lab.startClient(`demo_${Date.now()}`);
  const failovers: { what: string; from: number; to: number }[] = [];
  try {
    await client.committing();
    title("a hand-made change on the active node: the VIP is gone");
    lab.on("xcatmn1", "ip addr del 10.5.106.7/8 dev eth0");
    // 7: changes where none were expected.
    await type("pulumi refresh -s primary --preview-only --expect-no-changes", 7);
    await type("pulumi up --yes -s primary");
    await client.committing();

    for (const [to, stacks] of [
      ["xcatmn2", ["primary", "standby"]],
      ["xcatmn1", ["standby", "primary"]],
    ] as [string, [string, string]][]) {
      title(`planned failover to ${to}`);
      const from = Date.now();
      await failover(to, stacks);
      await client.committing();
      failovers.push({ what: `failover to ${to}`, from, to: Date.now() });
    }
  } finally {
    const { commits, found } = await client.stop();
    const missing = missingRows(commits, found);
    const samples = await sampler.stop();
    const violations = violationsOf(samples);
    title("what the client saw");
    const table = new Table({ head: ["", "seen"], style: tty ? {} : { head: [], border: [] } });
    table.push(["rows committed", commits.length], ["rows found", found.length], ["rows missing", missing.length]);
    for (const { what, from, to } of failovers)
      table.push([`outage, ${what}`, `${(longestGap(commits, from, to) / 1000).toFixed(1)} s`]);
    table.push([
      "two writers, doubled VIP",
      violations.length > 0 ? `seen ${violations.length} times` : `none, ${lookedInWords(samples)}`,
    ]);
    console.log(table.toString());
    if (violations.length > 0) console.error(paint(31, inWords(violations)));
    if (missing.length > 0 || violations.length > 0) process.exitCode = 1;
  }
  console.log(
    `\nThe whole output: ${log}\nThe lab stays up: XCAT_HA_LAB=${lab.name} lab/lab exec  (a shell with pulumi; lab/lab down ends it)`,
  );
}

main().catch((error) => {
  console.error(paint(31, `\nfailed: ${error instanceof Error ? error.message : error}`));
  process.exit(1);
});
