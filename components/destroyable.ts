import * as pulumi from "@pulumi/pulumi";
import type { PartArgs } from "./converge";
import { Observation } from "./remote/observationResource";

export type DestroyableArgs = PartArgs & {
  /** What the destroy will put in place of the links (see SharedDataLinks). */
  restoreFrom: string;
};

/**
 * The refusal to destroy an owner: a leaf that depends on all others, so that it is deleted first, and asks the node
 * (docs/design.md, The node decides, for every remove).
 */
export class Destroyable extends pulumi.ComponentResource {
  constructor(name: string, { node, after, restoreFrom }: DestroyableArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:Destroyable", name, {}, opts);
    const target = { clusterFile: node.clusterFile, stack: node.stack, node: node.name, part: "destroyable" };
    new Observation("destroyable", { target, values: { restoreFrom } }, { parent: this, dependsOn: after });
    this.registerOutputs({});
  }
}
