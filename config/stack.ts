import type { Config } from "@pulumi/pulumi";
import { type Cluster, ConfigError } from "./cluster";

/** What a stack says: which node it is, and which of the two is active. */
export type StackConfig = {
  node: string;
  peer: string;
  role: Role;
};

export type Role = "active" | "standby";

/**
 * Reads `node` and `activeNode` of a stack and derives the node's role.
 * @throws ConfigError that names the key, the value seen, the values allowed and the command that sets it
 */
export function readStack(stack: string, config: Pick<Config, "get">, cluster: Cluster): StackConfig {
  const names = Object.keys(cluster.nodes);
  const found: string[] = [];
  const value = (key: string) => {
    const seen = config.get(key);
    const fix = names.map((name) => `pulumi config set ${key} ${name} -s ${stack}`).join(", or: ");
    if (seen === undefined) found.push(`${key}: not set; expected ${names.join(" or ")}. ${fix}`);
    else if (!names.includes(seen))
      found.push(`${key}: seen "${seen}", which is no node of cluster.yaml; expected ${names.join(" or ")}. ${fix}`);
    return seen ?? "";
  };
  const node = value("node");
  const activeNode = value("activeNode");
  if (found.length > 0) throw new ConfigError(`Pulumi.${stack}.yaml`, found);
  return { node, peer: names.find((name) => name !== node) ?? "", role: node === activeNode ? "active" : "standby" };
}
