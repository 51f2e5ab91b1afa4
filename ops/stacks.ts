// The pair's two stacks, through the Automation API over the program of the project: what the stock commands do, and nothing else.
import { spawn } from "node:child_process";
import { LocalWorkspace, PulumiCommand, Stack } from "@pulumi/pulumi/automation";
import { OpsError } from "./ending";
import { projectName, readStackFiles, stackConfig, stacksByNode } from "./stackFiles";

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

/** The stacks of a cluster file, which is named as their config does it, by node. */
export async function openStacks(
  nodes: string[],
  { project, cluster }: { project: string; cluster: string },
): Promise<Record<string, PairStack>> {
  const names = stacksByNode(nodes, readStackFiles(project), cluster);
  const pulumiCommand = await ownGroup().catch((error) => {
    throw new OpsError(
      "misconfigured",
      "pulumi could not be run; expected Pulumi's CLI on PATH",
      oneLine(error),
      "install it\nlet the checkout bring one: toolchain/toolchain exec npx xcat-ha ...",
    );
  });
  const workspace = await LocalWorkspace.create({ workDir: project, pulumiCommand });
  const there = await workspace.listStacks().catch((error) => {
    throw new OpsError(
      "misconfigured",
      "the stacks of this project could not be read; expected a backend that answers; nothing was touched",
      oneLine(error),
      "pulumi stack ls: the same command again when it answers",
    );
  });
  const missing = Object.values(names).filter((name) => !there.some((one) => one.name.split("/").at(-1) === name));
  if (missing.length > 0)
    throw new OpsError(
      "misconfigured",
      `${missing.join(" and ")}: not in the backend; expected the stack of ${nodes.filter((node) => missing.includes(names[node])).join(" and ")} there; nothing was touched`,
      `pulumi stack ls: ${there.map(({ name }) => name).join(", ") || "no stack"}`,
      `export PULUMI_BACKEND_URL, of the backend that has it\n${missing.map((name) => `pulumi stack init ${name}`).join("; ")}`,
    );
  const opened = await Promise.all(nodes.map((node) => automationStack(project, pulumiCommand, names[node])));
  return Object.fromEntries(nodes.map((node, index) => [node, opened[index]]));
}

export const oneLine = (error: unknown) =>
  (error instanceof Error ? error.message : String(error))
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .slice(-4)
    .join("; ")
    .slice(0, 600);

async function automationStack(project: string, pulumiCommand: PulumiCommand, name: string): Promise<PairStack> {
  // One for each: the environment of an `up` is its workspace's.
  const workspace = await LocalWorkspace.create({ workDir: project, pulumiCommand });
  // Which stack the folder has selected is the operator's, and each command here names its own.
  workspace.selectStack = async () => {};
  const stack = await Stack.select(name, workspace);
  return {
    name,
    managed: `${projectName(project)}/${name}`,
    config: async () => stackConfig(project, name),
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
