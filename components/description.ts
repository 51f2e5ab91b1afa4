import { MANIFEST, PARTS, type Part, type Row } from "./manifest";
import { encodeDocument } from "./remote/document";
import { type Pair, settingsOf } from "./settings";
import type { RoleValues, Values } from "./values";

type Described = Exclude<Part, "nodeProgram">;

/** Every part's values for both roles, as the cluster file has them; without the node program, which delivers them. */
export function roleValues(pair: Pair): Record<Described, RoleValues> {
  const described = PARTS.filter((part): part is Described => part !== "nodeProgram");
  const entries = described.map((part) => {
    const { component, args } = MANIFEST[part] as Row<object, Pair>;
    return [part, component().values(args(pair))];
  });
  return Object.fromEntries(entries);
}

/** The description of a node, as a document: its settings, and ROLE.PART.KEY for every value. No secrets. */
export function describeNode(pair: Pair): string {
  const document: Values = settingsOf(pair.cluster, pair.node);
  for (const [part, values] of Object.entries(roleValues(pair)))
    for (const role of ["active", "standby"] as const)
      for (const [key, value] of Object.entries(values[role])) document[`${role}.${part}.${key}`] = value;
  return encodeDocument(document);
}
