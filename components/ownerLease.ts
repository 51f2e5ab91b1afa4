import * as pulumi from "@pulumi/pulumi";
import { converge, type NodeContext, type PartArgs } from "./converge";
import type { RoleValues, Values } from "./values";

export type OwnerLeaseArgs = PartArgs & OwnerLeaseFacts;

export type OwnerLeaseFacts = {
  /** The node's name. */
  owner: string;
};

export function ownerLeaseValues({ owner }: OwnerLeaseFacts): RoleValues {
  return {
    active: { role: "active", lease: `held by ${owner}` },
    standby: { role: "standby", lease: `not held by ${owner}` },
  };
}

/** The order of a takeover, for its plan and its command: no value that is observed. */
export function takeoverOrder({ role, takeover }: Pick<NodeContext, "role" | "takeover">): Values | undefined {
  if (!takeover || role !== "active") return undefined;
  const { epoch, by, reason } = takeover;
  return { "takeover.epoch": String(epoch), "takeover.by": by, "takeover.reason": reason };
}

/** Who may run the services. Its command is the change of role: one transaction on the node (docs/developing.md, How a part converges). */
export class OwnerLease extends pulumi.ComponentResource {
  public readonly converged: pulumi.Resource;

  constructor(name: string, args: OwnerLeaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:OwnerLease", name, {}, opts);
    this.converged = converge(this, "ownerLease", ownerLeaseValues(args), args, {
      payload: takeoverOrder(args.node),
    }).command;
    this.registerOutputs({});
  }
}
