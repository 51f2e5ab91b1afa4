import * as pulumi from "@pulumi/pulumi";
import { observe, type PartArgs } from "./converge";
import type { RoleValues } from "./values";

export type SiteCommandsArgs = Pick<PartArgs, "node" | "lease">;

const NOTIFY = "of root alone, where there is one";

export const SITE_COMMANDS_VALUES: RoleValues = {
  active: { fence: "asked on the standby node", software: "asked on the standby node", notify: NOTIFY },
  standby: { fence: "on or off, where there is a fence", software: "as the pair needs it", notify: NOTIFY },
};

/**
 * What the site made itself: the fence of a standby node, `/etc/xcat-ha.fence`, which each refresh asks whether the
 * active node is on, so that one that does not work is found in daylight; the software of a standby node, beside what
 * the active one has; and `/etc/xcat-ha.notify`, which is run only where it is root's alone. No command: only the site
 * can repair them, and nothing waits for that.
 */
export class SiteCommands extends pulumi.ComponentResource {
  public readonly observation: pulumi.Resource;

  constructor(name: string, { node, lease }: SiteCommandsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:SiteCommands", name, {}, opts);
    this.observation = observe(this, "siteCommands", SITE_COMMANDS_VALUES[node.role], node, [lease]);
    this.registerOutputs({});
  }
}
