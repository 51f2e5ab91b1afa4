// `xcat-ha doctor`: the workstation and both nodes before the first use.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { hostname, networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation/cmd";
import { SITE_COMMANDS_VALUES } from "../components/siteCommands";
import { ConfigError } from "../config/cluster";
import { readStack, stackFile } from "../config/stack";
import {
  backendRows,
  clusterRows,
  type Node,
  nodeRows,
  type Patient,
  type StackCheck,
  strangerRows,
  type Told,
  toolRows,
  type Workstation,
} from "./checkup";
import type { Context, LoadedCluster } from "./context";
import { asOpsError, type EndingName, exitCode } from "./ending";
import { askPlan, closeAll, look, lookAtPart, reach, type Session } from "./nodes";
import { roleOf } from "./pair";
import { projectName, readStackFiles, type StackFile, stackFolder } from "./stackFiles";
import { type Check, checksText } from "./verify";

const ROOT = join(__dirname, "..");

export async function doctor(context: Context): Promise<EndingName> {
  const { project, cluster: file } = context.place;
  const { cluster, findings } = readCluster(context);
  const all = cluster ? readStackFiles(project) : [];
  const stacks = cluster ? checkedStacks(all, file, cluster) : [];
  const [workstation, files] = await context.waiting("asking pulumi", seeWorkstation(project, stacks));
  const patients = cluster
    ? await context.waiting(
        "asking both nodes",
        Promise.all(Object.keys(cluster.nodes).map((node) => see(cluster, project, node, files))),
      )
    : [];
  const checks = [
    ...toolRows(workstation),
    ...clusterRows(file, findings),
    ...(cluster ? backendRows(workstation, nodesOf(cluster), files, file) : []),
    ...strangerRows(all),
    ...patients.flatMap(nodeRows),
  ];
  const ending = doctorEnding(checks);
  const wrong = checks.filter(({ result }) => result !== "ok").length;
  const summary = wrong === 0 ? "all is as it should be" : `${wrong} of ${checks.length} checks want a look`;
  context.result(`${checksText(context, checks)}\n\n${context.paint(wrong === 0 ? "green" : "yellow", summary)}`, {
    ending,
    checks,
  });
  return ending;
}

export function doctorEnding(checks: Check[]): EndingName {
  if (checks.some(({ result }) => result === "failed")) return "misconfigured";
  return checks.some(({ result }) => result === "unknown") ? "unknown" : "done";
}

function readCluster(context: Context): { cluster?: LoadedCluster; findings: string[] } {
  try {
    return { cluster: context.cluster(), findings: [] };
  } catch (error) {
    if (error instanceof ConfigError) return { findings: error.findings };
    throw error;
  }
}

const nodesOf = (cluster: LoadedCluster): Node[] =>
  Object.entries(cluster.nodes).map(([node, { address, bootstrapAddress }]) => ({
    node,
    addresses: [address, ...(bootstrapAddress ? [bootstrapAddress] : []), cluster.virtualIp.address],
  }));

/** What `ask` answers, or the line of its error that says why not. */
async function told<T>(ask: () => Promise<T>): Promise<Told<T>> {
  try {
    return { told: await ask() };
  } catch (error) {
    const { message } = error as Error;
    return { untold: /error: (.*)/.exec(message)?.[1] ?? message.split("\n")[0] };
  }
}

async function seeWorkstation(
  project: string,
  files: Omit<StackCheck, "passphrase">[],
): Promise<[Workstation, StackCheck[]]> {
  const versions = readFileSync(join(ROOT, "toolchain/toolchain"), "utf8");
  const version = (name: string) => new RegExp(`^readonly ${name}=(.*)$`, "m").exec(versions)?.[1] ?? "";
  const found = await told(() => PulumiCommand.get({ skipVersionCheck: true }));
  const run = async (...args: string[]) => {
    if ("untold" in found) throw new Error(found.untold);
    return (await runs(found.told).run([...args, "--non-interactive"], project, {})).stdout;
  };
  const [cli, plugin, backend, stacks] = await Promise.all([
    told(() => run("version")),
    told(async () => versionsOf(await run("plugin", "ls", "--json"))),
    told(async () => String(JSON.parse(await run("whoami", "--json")).url)),
    told(async () => (JSON.parse(await run("stack", "ls", "--json")) as { name: string }[]).map(({ name }) => name)),
  ]);
  const workstation: Workstation = {
    node: process.versions.node,
    engines: JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).engines.node,
    cli,
    oldestCli: version("OLDEST_PULUMI"),
    plugin,
    pluginVersion: version("COMMAND_VERSION"),
    backend,
    stacks,
    names: [hostname(), hostname().split(".")[0]],
    addresses: Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
  };
  // One after the other: each of them locks the backend.
  const opened = [];
  for (const file of files) opened.push({ ...file, passphrase: await told(() => opens(project, file.stack, run)) });
  return [workstation, opened];
}

/** Not in its types; the Automation API itself runs each command by it. */
const runs = (command: PulumiCommand) =>
  command as PulumiCommand & {
    run(args: string[], cwd: string, env: Record<string, string>): Promise<{ stdout: string }>;
  };

const versionsOf = (list: string): string[] =>
  (JSON.parse(list) as { name: string; kind: string; version: string }[])
    .filter(({ name, kind }) => name === "command" && kind === "resource")
    .map(({ version }) => version);

/** Whether the passphrase is the stack's: pulumi encrypts a word with it, into a copy of the stack's file. */
async function opens(project: string, stack: string, run: (...args: string[]) => Promise<string>): Promise<true> {
  const folder = mkdtempSync(join(tmpdir(), "xcat-ha-doctor-"));
  try {
    const copy = join(folder, "stack.yaml");
    copyFileSync(join(stackFolder(project), stackFile(stack)), copy);
    await run("config", "set", "--secret", "probe", "probe", "--config-file", copy, "-s", stack);
    return true;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The stacks of a cluster file, each as index.ts would read it. */
export function checkedStacks(
  files: StackFile[],
  clusterFile: string,
  cluster: LoadedCluster,
): Omit<StackCheck, "passphrase">[] {
  return files
    .filter((file) => file.cluster === clusterFile)
    .map(({ stack, node, config, wrong }) => {
      const get = (key: string) => config[key];
      try {
        const { role } = readStack(
          stack,
          { get: (key: string) => get(key) as never, getObject: <T>(key: string) => get(key) as T },
          cluster,
        );
        return { stack, node, role, wrong };
      } catch (error) {
        if (error instanceof ConfigError) return { stack, node, wrong: [...wrong, ...error.findings] };
        throw error;
      }
    });
}

async function see(cluster: LoadedCluster, project: string, node: string, files: StackCheck[]): Promise<Patient> {
  const reached = await reach(cluster, node);
  const began = Date.now();
  const seen = await look(reached);
  if ("error" in reached || !seen.reached) return { look: seen };
  try {
    const within = (Date.now() - began) / 1000;
    const now = seen.values.now;
    const offset = now && "is" in now ? Number(now.is) - began / 1000 : Number.NaN;
    const role = roleOf(seen);
    const file = files.find((one) => one.node === node && one.role !== undefined);
    return {
      look: seen,
      clock: { offset, within },
      ...(file && { plan: await preflight(reached.session, projectName(project), file.stack, file.role ?? "standby") }),
      ...(role && { site: await lookAtPart(reached.session, node, "siteCommands", SITE_COMMANDS_VALUES[role]) }),
    };
  } finally {
    closeAll([reached]);
  }
}

/** What an `up` of its stack would do there. */
async function preflight(session: Session, project: string, stack: string, role: string): Promise<Patient["plan"]> {
  try {
    const { code, stdout, stderr } = await askPlan(session, role, { stack: `${project}/${stack}` });
    if (code === 0) return { role, answer: { steps: stdout } };
    const { seen, next } = asOpsError(new Error(stderr || `plan ${role} ended with ${code} and said nothing`));
    return { role, answer: code === exitCode("unknown") ? { untold: seen, next } : { refused: seen, next } };
  } catch (error) {
    const { seen, next } = asOpsError(error);
    return { role, answer: { untold: seen, next } };
  }
}
