// `xcat-ha` on the workstation: which commands there are, and how they end. What each does stands in ops/NAME.ts.
import { Command, CommanderError } from "commander";
import { Context } from "./context";
import { asOpsError, ENDINGS, type EndingName, exitCode } from "./ending";

/** Ends with an ending of ours; a monitoring check with a code of its own. */
export type Run = (
  context: Context,
  options: Record<string, string | boolean | undefined>,
  args: string[],
) => Promise<EndingName | number>;

type Entry = {
  /** As commander takes it: `report [epoch]`. */
  usage: string;
  summary: string;
  options?: [flags: string, description: string][];
  /** Loaded when it is typed: no command waits for what another one needs. By require: tsx/cjs takes no import() outside of the checkout. */
  load: () => Run;
};

const COMMANDS: Entry[] = [
  {
    usage: "status",
    summary: "both nodes side by side, what is wrong and what to type",
    options: [
      ["--watch", "go on looking: anew every 2 s on a terminal, else a line for each change"],
      ["--check", "one line for monitoring; exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN"],
    ],
    load: () => (require("./status") as typeof import("./status")).status,
  },
  {
    usage: "failover",
    summary: "planned failover: the active node steps down, the other one takes over",
    options: [
      ["--to <node>", "who should be active; without it the node that is not"],
      ["--dry-run", "the plans of both nodes and the outage to expect; changes nothing"],
      ["--yes", "do not ask"],
    ],
    load: () => (require("./failover") as typeof import("./failover")).failover,
  },
  {
    usage: "takeover",
    summary: "the active node is dead: the other one overrides its epoch",
    options: [
      ["--from <node>", "the dead node"],
      ["--epoch <number>", "the epoch that it holds, as xcat-ha status names it"],
      ["--fence", "/etc/xcat-ha.fence on the other node switches it off"],
      ["--confirm <text>", 'or, where there is no fence: "NODE is powered off", by somebody who has seen it'],
      ["--reason <text>", "why, for whoever reads the epochs later"],
    ],
    load: () => (require("./takeover") as typeof import("./takeover")).takeover,
  },
  {
    usage: "verify",
    summary: "every check of the active node, each with its reason; takes a minute",
    load: () => (require("./verify") as typeof import("./verify")).verify,
  },
  {
    usage: "history",
    summary: "the epochs: who, since when, for how long, why, and how it ended",
    load: () => (require("./history") as typeof import("./history")).history,
  },
  {
    usage: "report [epoch]",
    summary: "one failover as a picture: every step, and each service's outage",
    options: [["--output <dir>", "where xcat-ha-epoch-N.svg and .html are written (default: here)"]],
    load: () => (require("./report") as typeof import("./report")).report,
  },
  {
    usage: "doctor",
    summary: "this workstation and both nodes before the first use: what is missing",
    load: () => (require("./doctor") as typeof import("./doctor")).doctor,
  },
];

const exitCodes = () =>
  [
    "Exit codes:",
    ...ENDINGS.map(({ name, code, meaning }) => `  ${String(code).padEnd(4)}${name.padEnd(14)}${meaning}`),
  ].join("\n");

/** The program; `finish` gets each command's exit code. */
export function cli(finish: (code: number) => void): Command {
  const program = new Command("xcat-ha")
    .description(
      "The operator's tool for a pair of xCAT management nodes; pulumi preview, up, refresh and destroy stay the truth.",
    )
    .option("--json", "print one JSON document instead of text")
    .option("--cluster <file>", "the pair's description", "cluster.yaml")
    .helpCommand(false)
    .configureHelp({ helpWidth: 100 })
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .addHelpText("after", `\n${exitCodes()}`)
    .exitOverride();
  for (const { usage, summary, options = [], load } of COMMANDS) {
    const command = program.command(usage).description(summary).copyInheritedSettings(program).exitOverride();
    for (const [flags, description] of options) command.option(flags, description);
    command.action(async () => {
      const { json = false, cluster } = program.opts();
      const context = new Context(cluster, json);
      finish(await ended(context, async () => load()(context, command.opts(), command.args)));
    });
  }
  return program;
}

/** The exit code of what `run` does; its error is told in our lines, and with --json as a document too. */
async function ended(context: Context, run: () => Promise<EndingName | number>): Promise<number> {
  try {
    const ending = await run();
    return typeof ending === "number" ? ending : exitCode(ending);
  } catch (error) {
    const { ending, seen, evidence, next, message } = asOpsError(error);
    const code = exitCode(ending);
    if (context.json) context.print(JSON.stringify({ error: { ending, code, seen, evidence, next } }, null, 2));
    process.stderr.write(`${context.typed(message)}\n`);
    return code;
  }
}

export async function main() {
  // Who reads may have seen enough (`| head`).
  process.stdout.on("error", ({ code }) => process.exit(code === "EPIPE" ? exitCode("done") : exitCode("incomplete")));
  const program = cli((code) => {
    process.exitCode = code;
  });
  const typed = process.argv.slice(2);
  if (typed.length === 0) {
    process.stderr.write(program.helpInformation());
    process.exitCode = exitCode("usage");
    return;
  }
  try {
    await program.parseAsync(typed, { from: "user" });
    // A node that does not answer yet keeps nobody waiting for the prompt.
    process.exit();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    const said = error.message.replace(/^error: /, "");
    process.stderr.write(
      `error: ${said}\nevidence: xcat-ha ${typed.join(" ")}\nnext: xcat-ha --help shows every command\n`,
    );
    process.exitCode = exitCode("usage");
  }
}
