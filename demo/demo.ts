// `npm run demo [-- --verbose]`: the pair from nothing, a drift found and repaired, a failover and one back, while a client writes rows through
// the VIP. Each step in a line or three; the whole output goes to a file.
import { appendFileSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { longestGap, missingRows } from "../test/helpers/client";
import { inWords, lookedInWords, violationsOf } from "../test/helpers/invariants";
import { Lab, type RowClient } from "../test/helpers/lab";
import { Sampler } from "../test/helpers/sampler";
import { ending, failed, latest, told, waits } from "./story";

const words = process.argv.slice(2);
if (words.some((word) => word !== "--verbose")) {
  console.error("usage: npm run demo [-- --verbose]\n  --verbose  shows the whole output as it comes");
  process.exit(64);
}
const verbose = words.length > 0;
const lab = new Lab(process.env.XCAT_HA_LAB ?? "demo");
const tty = process.stdout.isTTY;
const live = tty && !verbose;
const paint = (code: number, text: string) => (tty ? `\x1b[${code}m${text}\x1b[0m` : text);

const logs = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "xcat-ha/demo");
mkdirSync(logs, { recursive: true });
const log = join(logs, `${new Date().toISOString().replace(/[:.]/g, "-")}.log`);

function title(text: string) {
  appendFileSync(log, `\n== ${text}\n`);
  console.log(`\n${paint(1, `== ${text}`)}`);
}

const secondsSince = (began: number) => (Date.now() - began) / 1000;

/** Never silent for long: on a terminal one line that counts from the second second on, else a line every ten. */
async function waiting<T>(what: string, waited: Promise<T>, doing = () => ""): Promise<T> {
  const began = Date.now();
  const say = () => {
    const line = waits(what, secondsSince(began), doing());
    if (!live) console.log(`  ${line}`);
    else if (Math.round(secondsSince(began)) >= 2)
      process.stdout.write(`\r\x1b[K${paint(36, line.slice(0, (process.stdout.columns || 80) - 1))}`);
  };
  const ticker = setInterval(say, live ? 1000 : 10_000);
  try {
    return await waited;
  } finally {
    clearInterval(ticker);
    if (live) process.stdout.write("\r\x1b[K");
  }
}

/** Types a command as a user does, in the lab's project folder or, where it is the lab's own, beside it, and tells what it came to. */
async function type(command: string, expected = 0) {
  const began = Date.now();
  appendFileSync(log, `\n$ ${command}\n`);
  if (verbose) console.log(paint(36, `$ ${command}`));
  const [first, ...rest] = command.split(" ");
  let heard = "";
  const ended = lab.start(first === "lab/lab" ? rest : ["exec", first, ...rest], (text) => {
    heard += text;
    appendFileSync(log, text);
    if (verbose) process.stdout.write(text);
  });
  const { code, output } = await waiting(`$ ${command}`, ended, () => latest(heard));
  const seconds = secondsSince(began);
  if (code !== expected) throw new Error(failed(command, { code, expected, output, seconds }, log));
  const [typed, ...came] = told(command, output, seconds);
  console.log(paint(36, typed));
  for (const line of came) console.log(`  ${line}`);
}

const failures: string[] = [];

function fails(failure: string) {
  failures.push(failure);
  appendFileSync(log, `\nfailed: ${failure}\n`);
  console.error(paint(31, `failed: ${failure}`));
}

/** What fails is told at once, and hides nothing that fails behind it. */
async function attempt<T>(does: () => Promise<T>, what = ""): Promise<T | undefined> {
  try {
    return await does();
  } catch (error) {
    fails(`${what}${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

const committing = (client: RowClient) => waiting("waiting for the client to commit", client.committing());

/** A planned failover by the stock commands: the old active node first. */
async function failover(to: string, stacks: [string, string]) {
  for (const stack of stacks) {
    await type(`pulumi config set activeNode ${to} -s ${stack}`);
    await type(`pulumi up --yes -s ${stack}`);
  }
}

/** Who looks on, and what they are asked about. */
const witnesses: { sampler?: Sampler; client?: RowClient } = {};
const failovers: { what: string; from: number; to: number }[] = [];

async function story() {
  title("two management nodes, production data on xcatmn1");
  await type("lab/lab up");
  const status = lab.must("status");
  appendFileSync(log, status);
  console.log(status.trimEnd());
  witnesses.sampler = new Sampler(lab);

  title("the pair is made highly available");
  for (const stack of ["primary", "standby"]) await type(`pulumi config set activeNode xcatmn1 -s ${stack}`);
  await type("pulumi up --yes -s primary");
  await type("pulumi up --yes -s standby");

  const client = lab.startClient(`demo_${Date.now()}`);
  witnesses.client = client;
  await committing(client);
  title("a hand-made change on the active node: the VIP is gone");
  await type("lab/lab ssh xcatmn1 ip addr del 10.5.106.7/8 dev eth0");
  // 7: changes where none were expected.
  await type("pulumi refresh -s primary --preview-only --expect-no-changes", 7);
  await type("pulumi up --yes -s primary");
  await committing(client);

  for (const [to, stacks] of [
    ["xcatmn2", ["primary", "standby"]],
    ["xcatmn1", ["standby", "primary"]],
  ] as [string, [string, string]][]) {
    title(`planned failover to ${to}`);
    const from = Date.now();
    await failover(to, stacks);
    await committing(client);
    failovers.push({ what: `failover to ${to}`, from, to: Date.now() });
  }
}

/** Ends who looked on, each whatever became of the other, and tells what was seen. */
async function testimony({ sampler, client }: typeof witnesses) {
  const rows =
    client && (await attempt(() => waiting("waiting for the client to stop", client.stop()), "the client's rows: "));
  const samples =
    sampler && (await attempt(() => waiting("waiting for the sampler to stop", sampler.stop()), "the sampler: "));
  const violations = samples ? violationsOf(samples) : [];
  const missing = missingRows(rows?.commits ?? [], rows?.found ?? []);
  if (rows || samples) title("what the client saw");
  const table = new Table({ head: ["", "seen"], style: tty ? {} : { head: [], border: [] } });
  if (rows) {
    const { commits, found } = rows;
    table.push(["rows committed", commits.length], ["rows found", found.length], ["rows missing", missing.length]);
    for (const { what, from, to } of failovers)
      table.push([`outage, ${what}`, `${(longestGap(commits, from, to) / 1000).toFixed(1)} s`]);
  }
  if (samples)
    table.push([
      "two writers, doubled VIP",
      violations.length > 0 ? `seen ${violations.length} times` : `none, ${lookedInWords(samples)}`,
    ]);
  if (table.length > 0) console.log(table.toString());
  if (missing.length > 0) fails(`${missing.length} committed rows are lost, from ${missing[0]} on`);
  if (violations.length > 0) fails(`what must never be was seen:\n${inWords(violations)}`);
}

async function main() {
  console.log(`the whole output: ${log}`);
  await attempt(story);
  await attempt(() => testimony(witnesses));
  const [first, ...others] = ending(failures, log, lab.name);
  console.log(`\n${failures.length > 0 ? paint(31, first) : first}\n${others.join("\n")}`);
  process.exit(failures.length > 0 ? 1 : 0);
}

main();
