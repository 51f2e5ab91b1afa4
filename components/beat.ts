import * as pulumi from "@pulumi/pulumi";
import { converge, type PartArgs } from "./converge";
import type { RoleValues } from "./values";

export type BeatArgs = PartArgs & BeatFacts;

export type BeatFacts = {
  /** What the owner does once the shared data has not answered for `shareLossSeconds`: step down, or go on and say so. */
  onShareLoss: "demote" | "keep";
  shareLossSeconds: number;
};

export function beatValues({ onShareLoss, shareLossSeconds }: BeatFacts): RoleValues {
  return {
    active: { timer: "running", watch: "absent", onShareLoss, shareLossSeconds: String(shareLossSeconds) },
    standby: { timer: "absent", watch: "running" },
  };
}

/**
 * A timer on the active node: it shows that its owner lives, and steps down by itself when a newer epoch names another one. And one on the
 * standby node, which tells the site when the owner shows no life.
 */
export class Beat extends pulumi.ComponentResource {
  public readonly converged: pulumi.Resource;

  constructor(name: string, args: BeatArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:Beat", name, {}, opts);
    this.converged = converge(this, "beat", beatValues(args), args).command;
    this.registerOutputs({});
  }
}
