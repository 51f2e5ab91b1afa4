import * as pulumi from "@pulumi/pulumi";
import { observe, type PartArgs } from "./converge";
import type { RoleValues } from "./values";

export type FenceArgs = Pick<PartArgs, "node" | "lease">;

export const FENCE_VALUES: RoleValues = {
  active: { status: "asked on the standby node" },
  standby: { status: "on or off, where there is a fence" },
};

/**
 * The site's fence, `/etc/xcat-ha.fence`, of a standby node: each refresh asks whether the active node is on, so that a fence that does not
 * work is found in daylight. No command: only the site can repair it, and nothing waits for that.
 */
export class Fence extends pulumi.ComponentResource {
  public readonly observation: pulumi.Resource;

  constructor(name: string, { node, lease }: FenceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:Fence", name, {}, opts);
    this.observation = observe(this, "fence", FENCE_VALUES[node.role], node, [lease]);
    this.registerOutputs({});
  }
}
