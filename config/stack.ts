import { normalize } from "node:path";
import type { Config } from "@pulumi/pulumi";
import { ConfigError } from "./findings";
import type { Cluster } from "./schema";

/** What a stack says: which node it is, and which of the two is active. */
export type StackConfig = {
  node: string;
  role: Role;
  /** For a node that becomes active while its peer is dead. */
  takeover?: Takeover;
};

/** An order to override one epoch of a dead owner; used up when a newer one exists. */
export type Takeover = {
  /** Number of the epoch that its owner cannot release. */
  epoch: number;
  /** What shows that the owner is dead: the site's fence, or a person who says so. */
  by: "fence" | "confirmation";
  /** Why, for whoever reads the epochs later. One line. */
  reason: string;
};

export type Role = "active" | "standby";

/** The one of a stack whose config says nothing else. */
export const DEFAULT_CLUSTER = "cluster.yaml";

/**
 * The cluster file that a stack belongs to, by its `cluster`: a path relative to the project, without `./`. It stands in the state too,
 * so it is the same in every operator's checkout.
 * @throws ConfigError where it is no such path
 */
export function clusterFileOf(stack: string, config: Pick<Config, "get">): string {
  const seen: unknown = config.get("cluster") ?? DEFAULT_CLUSTER;
  if (typeof seen === "string" && /^[^/\s{[].*[^/\s]$/.test(seen)) return normalize(seen);
  const fix = `pulumi config set cluster ${DEFAULT_CLUSTER} -s ${stack}`;
  throw new ConfigError(stackFile(stack), [
    `cluster: seen ${JSON.stringify(seen)}; expected the path of a cluster file, relative to Pulumi.yaml, like ${DEFAULT_CLUSTER}. ${fix}`,
  ]);
}

export const stackFile = (stack: string) => `Pulumi.${stack}.yaml`;

/**
 * Reads `node` and `activeNode` of a stack and derives the node's role.
 * @throws ConfigError that names the key, the value seen, the values allowed and the command that sets it
 */
export function readStack(stack: string, config: Pick<Config, "get" | "getObject">, cluster: Cluster): StackConfig {
  const names = Object.keys(cluster.nodes);
  const clusterFile = clusterFileOf(stack, config);
  const found: string[] = [];
  const value = (key: string) => {
    const seen = config.get(key);
    const fix = names.map((name) => `pulumi config set ${key} ${name} -s ${stack}`).join(", or: ");
    if (seen === undefined) found.push(`${key}: not set; expected ${names.join(" or ")}. ${fix}`);
    else if (!names.includes(seen))
      found.push(`${key}: seen "${seen}", which is no node of ${clusterFile}; expected ${names.join(" or ")}. ${fix}`);
    return seen ?? "";
  };
  const node = value("node");
  const activeNode = value("activeNode");
  const peer = names.find((name) => name !== node) ?? "";
  const takeover = readTakeover(stack, config, peer, found);
  if (found.length > 0) throw new ConfigError(stackFile(stack), found);
  return { node, role: node === activeNode ? "active" : "standby", takeover };
}

/** Of `takeover.epoch`, `takeover.reason`, and `takeover.fence` or `takeover.confirm`; what is wrong goes to `found`. */
function readTakeover(stack: string, config: Pick<Config, "getObject">, peer: string, found: string[]) {
  const set = (key: string, value: string) => `pulumi config set --path takeover.${key} ${value} -s ${stack}`;
  const off = `pulumi config rm takeover -s ${stack}`;
  let seen: unknown;
  try {
    seen = config.getObject("takeover");
  } catch {
    seen = "no object";
  }
  if (seen === undefined) return undefined;
  if (typeof seen !== "object" || seen === null || Array.isArray(seen)) {
    found.push(`takeover: seen ${JSON.stringify(seen)}; expected keys below it. ${off}; ${set("epoch", "N")}`);
    return undefined;
  }
  const { epoch, reason, fence, confirm, ...others } = seen as Record<string, unknown>;
  const words = `${peer} is powered off`;
  for (const key of Object.keys(others))
    found.push(`takeover.${key}: not known; expected epoch, reason, and fence or confirm. ${off}, then anew`);
  if (!Number.isInteger(epoch) || Number(epoch) < 1)
    found.push(
      `takeover.epoch: seen ${JSON.stringify(epoch)}; expected the number of the epoch that ${peer} holds, as pulumi preview names it. ${set("epoch", "N")}`,
    );
  if (typeof reason !== "string" || !/^\S[^\n]*$/.test(reason))
    found.push(`takeover.reason: seen ${JSON.stringify(reason)}; expected one line of text. ${set("reason", '"..."')}`);
  if ((fence === true) === (confirm !== undefined) || (fence !== true && fence !== false && fence !== undefined))
    found.push(
      `takeover: seen fence ${JSON.stringify(fence)} and confirm ${JSON.stringify(confirm)}; expected one of them. ${set("fence", "true")}, or: ${set("confirm", `"${words}"`)}`,
    );
  else if (confirm !== undefined && confirm !== words)
    found.push(
      `takeover.confirm: seen ${JSON.stringify(confirm)}; expected "${words}", typed by somebody who has seen it. ${set("confirm", `"${words}"`)}`,
    );
  return { epoch: Number(epoch), by: fence === true ? "fence" : "confirmation", reason: String(reason) } as const;
}
