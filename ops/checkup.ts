// What `xcat-ha doctor` makes of what it saw: a row for each check. Pure.
import semver from "semver";
import type { Role } from "../config/stack";
import type { NodeLook, PartLook } from "./pair";
import { at, CLOCK_LIMIT, text } from "./pair";
import { clusterOrder, type StackFile } from "./stackFiles";
import type { Check } from "./verify";

/** An answer, or why there is none. */
export type Told<T> = { told: T } | { untold: string };

export type Workstation = {
  /** Of Node.js, and what package.json asks for. */
  node: string;
  engines: string;
  /** Of the pulumi on PATH, and the oldest that will do. */
  cli: Told<string>;
  oldestCli: string;
  /** Versions of the plugin `command` that are installed, and the one that will do. */
  plugin: Told<string[]>;
  pluginVersion: string;
  backend: Told<string>;
  /** Stacks that the backend has. */
  stacks: Told<string[]>;
  /** What this machine is called, and its addresses. */
  names: string[];
  addresses: string[];
};

/** A stack of the cluster file: the node that it names, its role there, and whether the secrets of the stack can be opened. */
export type StackCheck = {
  stack: string;
  node?: string;
  role?: Role;
  wrong: string[];
  passphrase: Told<true>;
};

/** A node as the workstation sees it. */
export type Patient = {
  look: NodeLook;
  /** By how many seconds its clock differs from the workstation's, and for how long it was asked. */
  clock?: { offset: number; within: number };
  /** What an `up` would do, or its refusal; undefined where nobody could ask. */
  plan?: {
    role: string;
    answer: { steps: string } | { refused: string; next: string } | { untold: string; next: string };
  };
  site?: PartLook;
};

const ok = (check: string, what: string): Check => ({ result: "ok", check, what });
const failed = (check: string, what: string, next: string): Check => ({ result: "failed", check, what, next });
const warning = (check: string, what: string, next: string): Check => ({ result: "warning", check, what, next });
const unknown = (check: string, what: string, next: string): Check => ({
  result: "unknown",
  check,
  what: `cannot be told: ${what}`,
  next,
});

const INSTALL = "install Pulumi's CLI\nlet the checkout bring one: toolchain/toolchain exec npx xcat-ha doctor";

export function toolRows({ node, engines, cli, oldestCli, plugin, pluginVersion }: Workstation): Check[] {
  const version = "told" in cli ? semver.coerce(cli.told)?.version : undefined;
  return [
    semver.satisfies(node, engines)
      ? ok("Node.js", node)
      : failed("Node.js", `${node}; expected ${engines}`, "install a Node.js that is new enough"),
    "untold" in cli
      ? failed("pulumi", cli.untold, INSTALL)
      : version === undefined
        ? unknown("pulumi", `its version is ${JSON.stringify(cli.told)}`, "pulumi version")
        : semver.gte(version, oldestCli)
          ? ok("pulumi", version)
          : failed("pulumi", `${version}; expected ${oldestCli} or newer`, INSTALL),
    "untold" in plugin
      ? unknown("command plugin", plugin.untold, "pulumi plugin ls")
      : plugin.told.includes(pluginVersion)
        ? ok("command plugin", pluginVersion)
        : failed(
            "command plugin",
            `${plugin.told.join(", ") || "none"}; expected ${pluginVersion}`,
            `pulumi plugin install resource command ${pluginVersion}`,
          ),
  ];
}

/** `findings` are those of the cluster file, each beginning with the key that is wrong. */
export function clusterRows(file: string, findings: string[]): Check[] {
  const areas: [check: string, belongs: (finding: string) => boolean, good: string][] = [
    [file, (finding) => !/^ssh\.(privateKey|knownHosts):/.test(finding), "valid"],
    [
      "SSH key",
      (finding) => finding.startsWith("ssh.privateKey:"),
      "there, without a passphrase, and nobody else may read it",
    ],
    ["pins", (finding) => finding.startsWith("ssh.knownHosts:"), "a host key for each node, by its name"],
  ];
  const invalid = findings.some(areas[0][1]);
  return areas.flatMap(([check, belongs, good]) => {
    const wrong = findings.filter(belongs);
    if (wrong.length > 0)
      return wrong.map((what) => failed(check, what, "correct it as the line says, then the same command again"));
    if (invalid)
      return [
        unknown(check, `it is not looked at while ${file} is wrong`, `correct ${file}, then the same command again`),
      ];
    return [ok(check, good)];
  });
}

export type Node = { node: string; addresses: string[] };

export function backendRows(
  { backend, stacks, names, addresses }: Workstation,
  nodes: Node[],
  files: StackCheck[],
  cluster: string,
): Check[] {
  const rows: Check[] = [];
  const here = nodes.find(
    (one) => names.includes(one.node) || one.addresses.some((address) => addresses.includes(address)),
  );
  if ("untold" in backend)
    rows.push(
      failed(
        "backend",
        backend.untold,
        "export PULUMI_BACKEND_URL, of a place that is not on the nodes; pulumi whoami -v shows it",
      ),
    );
  else {
    const host = hostOf(backend.told);
    const on = host === undefined ? here : nodes.find((one) => one.node === host || one.addresses.includes(host));
    if (on)
      rows.push(
        failed(
          "backend",
          `${backend.told} is on ${on.node}; expected a place that is there when ${on.node} is not`,
          "export PULUMI_BACKEND_URL, of a place that is not on the nodes",
        ),
      );
    else if ("untold" in stacks)
      rows.push(failed("backend", `${backend.told} does not answer: ${stacks.untold}`, "pulumi stack ls"));
    else rows.push(ok("backend", backend.told));
  }
  for (const { node } of nodes) {
    const check = `stack of ${node}`;
    const mine = files.filter((file) => file.node === node);
    if (mine.length !== 1) {
      const seen = mine.length === 0 ? "none" : mine.map(({ stack }) => stack).join(" and ");
      rows.push(
        failed(
          check,
          `${seen} of ${cluster}; expected one whose config names it`,
          `pulumi stack init STACK; ${clusterOrder(cluster, "STACK")}pulumi config set node ${node} -s STACK`,
        ),
      );
      continue;
    }
    const [{ stack, wrong, passphrase }] = mine;
    if (wrong.length > 0)
      rows.push(...wrong.map((what) => failed(check, `${stack}: ${what}`, `pulumi config -s ${stack}`)));
    else if ("untold" in stacks) rows.push(unknown(check, stacks.untold, "pulumi stack ls"));
    else if (!stacks.told.includes(stack))
      rows.push(failed(check, `${stack} is not in the backend`, `pulumi stack init ${stack}`));
    else {
      rows.push(ok(check, stack));
      rows.push(
        "told" in passphrase
          ? ok("passphrase", `it opens ${stack}`)
          : failed(
              "passphrase",
              `${stack}: ${passphrase.untold}`,
              "export PULUMI_CONFIG_PASSPHRASE_FILE, of the file that holds the passphrase",
            ),
      );
    }
  }
  return rows;
}

/** Stacks of which nobody can tell whose they are. */
export const strangerRows = (files: Pick<StackFile, "stack" | "cluster" | "wrong">[]): Check[] =>
  files
    .filter(({ cluster }) => cluster === undefined)
    .map(({ stack, wrong }) =>
      unknown(`stack ${stack}`, `to which cluster it belongs: ${wrong.join("; ")}`, `pulumi config -s ${stack}`),
    );

/** The machine that a backend's URL names; undefined for one that is on this workstation. */
function hostOf(url: string): string | undefined {
  if (url.startsWith("file:")) return undefined;
  try {
    return new URL(url).hostname;
  } catch {
    return url;
  }
}

export function nodeRows({ look, clock, plan, site }: Patient): Check[] {
  const { node } = look;
  if (!look.reached) return [failed(node, look.error.seen, look.error.next)];
  const rows = [ok(node, `answers at ${look.address}, as root`)];
  if (!clock || Number.isNaN(clock.offset))
    rows.push(unknown(`${node} clock`, "the node does not say its time", `date on ${node}`));
  else if (Math.abs(clock.offset) - clock.within > CLOCK_LIMIT)
    rows.push(
      warning(
        `${node} clock`,
        `it differs by ${Math.round(clock.offset)} s from this workstation's`,
        `date here and on ${node}; look at the time service of the one that is wrong`,
      ),
    );
  else rows.push(ok(`${node} clock`, `within ${CLOCK_LIMIT} s of this workstation's`));
  const check = `${node} preflight`;
  if (!plan) rows.push(unknown(check, "no stack names its role", "see the row of its stack"));
  else if ("refused" in plan.answer)
    rows.push(failed(check, `as ${plan.role}: ${plan.answer.refused}`, plan.answer.next));
  else if ("untold" in plan.answer) rows.push(unknown(check, plan.answer.untold, plan.answer.next));
  else {
    rows.push(ok(check, `it can be ${plan.role}`));
    for (const line of plan.answer.steps.split("\n")) {
      const [verb, note = "", reason = ""] = line.split("\t");
      if (verb === "note" && note.startsWith("warning: ")) rows.push(warning(check, note.slice(9), reason));
    }
  }
  if (text(at(look, "stack")) === undefined) return rows;
  if (!site) rows.push(unknown(`${node} site`, "its role is not known", `xcat-ha status`));
  else if ("unknown" in site) rows.push(unknown(`${node} site`, site.unknown, `xcat-ha status on ${node}`));
  else if (site.wrong.length === 0)
    rows.push(ok(`${node} site`, "its fence, its notify and its software are as the pair needs them"));
  else
    rows.push(
      ...site.wrong.map((what) => warning(`${node} site`, what, "docs/failover.md says what the site has to make")),
    );
  return rows;
}
