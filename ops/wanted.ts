// What a role wants of each part of a node, as an `up` of its stack would have it.
import { describeNode, roleValues } from "../components/description";
import { partFacts } from "../components/managementNode";
import type { Part } from "../components/manifest";
import { nodeProgramValues } from "../components/nodeProgram";
import { settingsOf } from "../components/settings";
import type { Values } from "../components/values";
import type { Role } from "../config/stack";
import type { LoadedCluster } from "./context";

export function wantedOf(cluster: LoadedCluster, node: string, role: Role): Record<Part, Values> {
  const facts = partFacts({ cluster, name: node });
  const parts = Object.entries(roleValues(facts)).map(([part, values]) => [part, values[role]]);
  // Which stack manages the node is not in the cluster file.
  const { stack, ...program } = nodeProgramValues(describeNode(settingsOf(cluster, node), facts), "")[role];
  return { ...Object.fromEntries(parts), nodeProgram: program };
}
