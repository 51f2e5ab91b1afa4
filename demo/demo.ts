// `npm run demo`: the pair from nothing, a drift found and repaired, a failover and one back, while a client writes rows through the VIP.
import Table from "cli-table3";
import { longestGap, missingRows } from "../test/client";
import { inWords, lookedInWords, violationsOf } from "../test/invariants";
import { Lab } from "../test/lab";
import { Sampler } from "../test/sampler";

const lab = new Lab(process.env.XCAT_HA_LAB ?? "demo");
const tty = process.stdout.isTTY;
const paint = (code: number, text: string) => (tty ? `\x1b[${code}m${text}\x1b[0m` : text);

function title(text: string) {
  console.log(`\n${paint(1, `== ${text}`)}`);
}

/** Types a command as a user does, and shows it. */
function type(command: string, expected = 0) {
  console.log(paint(36, `$ ${command}`));
  const code = lab.show("exec", ...command.split(" "));
  if (code !== expected)
    throw new Error(
      `'${command}' ended with ${code}; expected ${expected}. The lab stays up: XCAT_HA_LAB=${lab.name} lab/lab exec`,
    );
}

/** A planned failover by the stock commands: the old active node first. */
function failover(to: string, stacks: [string, string]) {
  for (const stack of stacks) {
    type(`pulumi config set activeNode ${to} -s ${stack}`);
    type(`pulumi up --yes -s ${stack}`);
  }
}

async function main() {
  title("two management nodes, production data on xcatmn1");
  if (lab.show("up") !== 0) throw new Error("lab/lab up failed");
  lab.show("status");
  const sampler = new Sampler(lab);

  title("the pair is made highly available");
  for (const stack of ["primary", "standby"]) lab.config(stack, "activeNode", "xcatmn1");
  type("pulumi up --yes -s primary");
  type("pulumi up --yes -s standby");

  const client = lab.startClient(`demo_${Date.now()}`);
  const failovers: { what: string; from: number; to: number }[] = [];
  try {
    await client.committing();
    title("a hand-made change on the active node: the VIP is gone");
    lab.on("xcatmn1", "ip addr del 10.5.106.7/8 dev eth0");
    // 7: changes where none were expected.
    type("pulumi refresh -s primary --preview-only --expect-no-changes", 7);
    type("pulumi up --yes -s primary");
    await client.committing();

    for (const [to, stacks] of [
      ["xcatmn2", ["primary", "standby"]],
      ["xcatmn1", ["standby", "primary"]],
    ] as [string, [string, string]][]) {
      title(`planned failover to ${to}`);
      const from = Date.now();
      failover(to, stacks);
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
  console.log(`\nThe lab stays up: XCAT_HA_LAB=${lab.name} lab/lab exec  (a shell with pulumi; lab/lab down ends it)`);
}

main().catch((error) => {
  console.error(paint(31, `\nfailed: ${error instanceof Error ? error.message : error}`));
  process.exit(1);
});
