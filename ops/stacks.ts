// The pair's two stacks, through the Automation API over the program in this folder: what the stock commands do, and nothing else.
import { spawn } from "node:child_process";
import { LocalWorkspace, PulumiCommand, Stack } from "@pulumi/pulumi/automation";
import { OpsError } from "./ending";

/** What a command does with a stack. */
export interface PairStack {
  readonly name: string;
  /** PROJECT/STACK, as a node records it. */
  readonly managed: string;
  /** By key, without the project. */
  config(): Promise<Record<string, string>>;
  /** `path`: the key is one below another, `takeover.epoch`. */
  set(key: string, value: string, path?: boolean): Promise<void>;
  remove(key: string): Promise<void>;
  /** `pulumi up --yes --skip-preview`; `hear` gets its output as it comes. Fails where it fails. */
  up(options: {
    environment: Record<string, string>;
    hear: (text: string) => void;
    signal: AbortSignal;
  }): Promise<void>;
}

/** Which stack is whose: their `node` says it, and their own names mean nothing. */
export function stacksByNode(
  nodes: string[],
  stacks: { name: string; node: string | undefined }[],
): Record<string, string> {
  const found: Record<string, string> = {};
  const wrong: string[] = [];
  const fixes: string[] = [];
  for (const node of nodes) {
    const own = stacks.filter((stack) => stack.node === node).map(({ name }) => name);
    const free = stacks.filter((stack) => stack.node === undefined || !nodes.includes(stack.node));
    if (own.length === 1) found[node] = own[0];
    else if (own.length > 1) {
      wrong.push(`node: ${node} is named by the stacks ${own.join(" and ")}`);
      fixes.push(`pulumi config set node NODE -s ${own.at(-1)}`);
    } else {
      wrong.push(`node: no stack names ${node}`);
      fixes.push(
        free.length > 0
          ? `pulumi config set node ${node} -s ${free[0].name}`
          : `pulumi stack init STACK; pulumi config set node ${node} -s STACK`,
      );
    }
  }
  if (wrong.length === 0) return found;
  const seen = stacks.map(({ name, node }) => `${name}: ${node ?? "not set"}`).join(", ");
  throw new OpsError(
    "misconfigured",
    `${wrong.join("; ")}; expected one stack of this project for each of ${nodes.join(" and ")}; nothing was touched`,
    `the config of the stacks, node: ${seen || "there is no stack"}`,
    fixes.join("; "),
  );
}

/** The stacks of the project in this folder, by node. */
export async function openStacks(nodes: string[], folder = process.cwd()): Promise<Record<string, PairStack>> {
  const pulumiCommand = await ownGroup().catch((error) => {
    throw new OpsError(
      "misconfigured",
      "pulumi could not be run; expected Pulumi's CLI on PATH",
      oneLine(error),
      "install it, or: toolchain/toolchain exec npx xcat-ha ...",
    );
  });
  const workspace = await LocalWorkspace.create({ workDir: folder, pulumiCommand });
  const told = (error: unknown): never => {
    throw new OpsError(
      "misconfigured",
      "the stacks of this project could not be read; expected a project folder, a backend and its passphrase; nothing was touched",
      oneLine(error),
      "pulumi stack ls, pulumi config -s STACK: the same command again when they answer",
    );
  };
  const { name: project } = await workspace.projectSettings().catch(told);
  const stacks = await workspace.listStacks().catch(told);
  const opened = await Promise.all(
    stacks.map(async ({ name }) => {
      const stack = await automationStack(folder, pulumiCommand, project, name);
      const config = await stack.config().catch(told);
      return { name, node: config?.node, stack };
    }),
  );
  const names = stacksByNode(nodes, opened);
  return Object.fromEntries(
    nodes.map((node) => {
      const found = opened.find(({ name }) => name === names[node]);
      if (!found) throw new Error(`no stack ${names[node]}`);
      return [node, found.stack];
    }),
  );
}

export const oneLine = (error: unknown) =>
  (error instanceof Error ? error.message : String(error))
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .slice(-4)
    .join("; ")
    .slice(0, 600);

async function automationStack(
  folder: string,
  pulumiCommand: PulumiCommand,
  project: string,
  name: string,
): Promise<PairStack> {
  // One for each: the environment of an `up` is its workspace's.
  const workspace = await LocalWorkspace.create({ workDir: folder, pulumiCommand });
  // Which stack the folder has selected is the operator's, and each command here names its own.
  workspace.selectStack = async () => {};
  const stack = await Stack.select(name, workspace);
  return {
    name,
    managed: `${project}/${name}`,
    async config() {
      const entries = Object.entries(await stack.getAllConfig());
      return Object.fromEntries(entries.map(([key, { value }]) => [key.replace(`${project}:`, ""), value]));
    },
    set: (key, value, path) => stack.setConfig(key, { value }, path),
    remove: (key) => stack.removeConfig(key),
    async up({ environment, hear, signal }) {
      workspace.envVars = environment;
      // Never onEvent: its log holds what Pulumi says for debugging, with the private key in the open.
      await stack.up({ color: "never", onOutput: hear, onError: hear, signal }).finally(() => {
        workspace.envVars = {};
      });
    },
  };
}

type RunPulumi = (
  args: string[],
  cwd: string,
  environment: Record<string, string>,
  onOutput?: (text: string) => void,
  onError?: (text: string) => void,
  signal?: AbortSignal,
) => Promise<{ stdout: string; stderr: string; code: number }>;

/** Pulumi in a process group of its own: Ctrl-C at the terminal is for us, and we decide at which boundary it ends. */
async function ownGroup(): Promise<PulumiCommand> {
  const command = await PulumiCommand.get();
  const run: RunPulumi = (args, cwd, environment, onOutput, onError, signal) =>
    new Promise((resolve, reject) => {
      const words = args.includes("--non-interactive") ? args : [...args, "--non-interactive"];
      // Its environment is ours, with what is added.
      const added = Object.entries({ ...environment, PULUMI_AUTOMATION_API: "true" }).map(
        ([key, value]) => `${key}=${value}`,
      );
      const child = spawn("env", [...added, command.command, ...words], {
        cwd,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const said = { stdout: "", stderr: "" };
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said.stdout += text;
        onOutput?.(text);
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said.stderr += text;
        onError?.(text);
      });
      signal?.addEventListener("abort", () => child.kill("SIGINT"));
      child.on("error", reject);
      child.on("close", (code, by) => {
        if (code === 0) resolve({ ...said, code });
        else reject(new Error(said.stderr || `pulumi ${args[0]} ended with ${code ?? by}`));
      });
    });
  // What the Automation API calls; its types do not name it.
  return Object.assign(command, { run });
}
