// What a role wants of each part of a node, as an `up` of its stack would have it.
import { describeNode, roleValues } from "../components/description";
import { MANIFEST, type Part } from "../components/manifest";
import { pairFrom } from "../components/settings";
import type { Values } from "../components/values";
import type { Role } from "../config/stack";
import type { LoadedCluster } from "./context";

export function wantedOf(cluster: LoadedCluster, node: string, role: Role): Record<Part, Values> {
  const pair = pairFrom(cluster, node);
  const parts = Object.entries(roleValues(pair)).map(([part, values]) => [part, values[role]]);
  const { component, args } = MANIFEST.nodeProgram;
  // Which stack manages the node is not in the cluster file.
  const { stack, ...program } = component().values(args({ ...pair, description: describeNode(pair), stack: "" }))[role];
  return { ...Object.fromEntries(parts), nodeProgram: program };
}
