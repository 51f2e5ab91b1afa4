// The one reader of the stacks' config: their files beside Pulumi.yaml, where every backend keeps it. Pulumi itself would take a second
// for each stack.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parse } from "yaml";
import { ConfigError } from "../config/cluster";
import { clusterFileOf, DEFAULT_CLUSTER, stackFile } from "../config/stack";
import { OpsError } from "./ending";

export type StackFile = {
  stack: string;
  /** Its cluster file, from the project's folder on; undefined where that cannot be told, which `wrong` says. */
  cluster?: string;
  node?: string;
  /** By key, without the project: what the file says, else the project. */
  config: Record<string, unknown>;
  wrong: string[];
};

type Settings = { name: string; config?: unknown; stackConfigDir?: string };
type Values = Record<string, unknown>;

/** What decides whose a stack is, and which role it orders: never a secret. */
const OPEN_KEYS = ["cluster", "node", "activeNode"];

/** The folder of the Pulumi project: the one in which a command is typed, or above it, as Pulumi looks for it. */
export function projectOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "Pulumi.yaml"))) return at;
    if (at === dirname(at)) return folder;
  }
}

function settingsOf(project: string): Settings {
  const file = join(project, "Pulumi.yaml");
  try {
    const settings = parse(readFileSync(file, "utf8")) as Settings;
    if (typeof settings?.name === "string") return settings;
    throw new Error("it has no name");
  } catch (error) {
    throw new OpsError(
      "misconfigured",
      `${file} cannot be read; expected the command to be typed in the folder of the project; nothing was touched`,
      (error as Error).message.split("\n")[0],
      "cd to the checkout, then the same command again",
    );
  }
}

export const projectName = (project: string) => settingsOf(project).name;

/** A cluster file as the config of its stacks names it. */
export const clusterPath = (project: string, clusterFile: string) => relative(project, resolve(clusterFile));

/** What is behind `pulumi` to make a stack one of a cluster file; the default needs nothing. */
export const clusterOrder = (cluster: string, stack: string) =>
  cluster === DEFAULT_CLUSTER ? "" : `pulumi config set cluster ${cluster} -s ${stack}; `;

/** Where a project keeps its stack files: Pulumi.yaml may say it. */
export const stackFolder = (project: string, settings = settingsOf(project)) =>
  join(project, settings.stackConfigDir ?? ".");

/** Every stack file of the project. */
export function readStackFiles(project: string): StackFile[] {
  const settings = settingsOf(project);
  const folder = stackFolder(project, settings);
  return readdirSync(folder).flatMap((name) => {
    const stack = /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1];
    return stack === undefined ? [] : [readStackFile(folder, stack, settings)];
  });
}

/** The config of one stack as it is now, as Pulumi would print it. */
export function stackConfig(project: string, stack: string): Record<string, string> {
  const settings = settingsOf(project);
  const { config } = readStackFile(stackFolder(project, settings), stack, settings);
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  );
}

function readStackFile(folder: string, stack: string, settings: Settings): StackFile {
  const file: StackFile = { stack, config: {}, wrong: [] };
  let own: Values;
  try {
    own = (parse(readFileSync(join(folder, stackFile(stack)), "utf8")) as { config?: Values } | null)?.config ?? {};
  } catch (error) {
    file.wrong.push(`${stackFile(stack)}: ${(error as Error).message.split("\n")[0]}`);
    return file;
  }
  const named = (values: Values) =>
    Object.entries(values).flatMap(([key, value]) => {
      const [namespace, name] = key.includes(":") ? key.split(":") : [settings.name, key];
      return namespace === settings.name ? [[name, value] as const] : [];
    });
  file.config = { ...Object.fromEntries(named(projectValues(settings))), ...Object.fromEntries(named(own)) };
  for (const key of OPEN_KEYS.filter((one) => isSecret(file.config[one]))) {
    delete file.config[key];
    file.wrong.push(
      `${key}: a secret; expected it in the open. pulumi config set ${key} VALUE --plaintext -s ${stack}`,
    );
    if (key === "cluster") return file;
  }
  if (file.config.node !== undefined) file.node = String(file.config.node);
  try {
    file.cluster = clusterFileOf(stack, { get: (key: string) => file.config[key] as never });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    file.wrong.push(...error.findings);
  }
  return file;
}

/** What Pulumi.yaml gives each stack that says nothing else. */
function projectValues({ config }: Settings): Values {
  if (typeof config !== "object" || config === null) return {};
  return Object.fromEntries(
    Object.entries(config as Values).flatMap(([key, entry]) => {
      const { value, default: other } =
        typeof entry === "object" && entry !== null ? (entry as Values) : { value: entry, default: undefined };
      const given = value ?? other;
      return given === undefined ? [] : [[key, given]];
    }),
  );
}

const isSecret = (value: unknown) => typeof value === "object" && value !== null && "secure" in value;

/** Which stack of a cluster file is whose: its `cluster` and its `node` say it, and its own name means nothing. */
export function stacksByNode(
  nodes: string[],
  files: Pick<StackFile, "stack" | "cluster" | "node" | "wrong">[],
  cluster: string,
): Record<string, string> {
  const stacks = files.filter((file) => file.cluster === cluster);
  const found: Record<string, string> = {};
  const wrong: string[] = [];
  const fixes: string[] = [];
  for (const node of nodes) {
    const own = stacks.filter((file) => file.node === node).map(({ stack }) => stack);
    const [free] = stacks.filter((file) => file.node === undefined || !nodes.includes(file.node));
    if (own.length === 1) found[node] = own[0];
    else if (own.length > 1) {
      wrong.push(`node: ${node} is named by the stacks ${own.join(" and ")}`);
      fixes.push(`pulumi config set node NODE -s ${own.at(-1)}`);
    } else {
      wrong.push(`node: no stack of ${cluster} names ${node}`);
      fixes.push(
        free
          ? `pulumi config set node ${node} -s ${free.stack}`
          : `pulumi stack init STACK; ${clusterOrder(cluster, "STACK")}pulumi config set node ${node} -s STACK`,
      );
    }
  }
  if (wrong.length === 0) return found;
  const said = files.map(({ stack, wrong, ...file }) => {
    const whose = file.cluster === cluster ? "" : ` of ${file.cluster ?? `a cluster that cannot be told: ${wrong[0]}`}`;
    return `${stack}: ${file.node ?? "not set"}${whose}`;
  });
  throw new OpsError(
    "misconfigured",
    `${wrong.join("; ")}; expected one stack of this project for each of ${nodes.join(" and ")}; nothing was touched`,
    `the config of the stacks, node: ${said.join(", ") || "there is no stack"}`,
    fixes.join("; "),
  );
}
