import * as pulumi from "@pulumi/pulumi";
import type { PartArgs } from "./converge";
import { Observation } from "./remote/observationResource";

/** The refusal to destroy an owner: a leaf that depends on all others, so that it is deleted first, and asks the node (design section 4). */
export class Destroyable extends pulumi.ComponentResource {
  constructor(name: string, { node, after }: PartArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:Destroyable", name, {}, opts);
    const target = { clusterFile: node.clusterFile, node: node.name, part: "destroyable" };
    new Observation("destroyable", { target, values: {} }, { parent: this, dependsOn: after });
    this.registerOutputs({});
  }
}
