import * as pulumi from "@pulumi/pulumi";
import { converge, type PartArgs } from "./converge";
import { SHARED_DIRECTORIES } from "./settings";
import type { RoleValues } from "./values";

export type SharedDataLinksArgs = PartArgs & SharedDataLinksFacts;

export type SharedDataLinksFacts = {
  /** Where the shared data is mounted, like /HA. */
  share: string;
  /** What a destroy puts in place of the links: the directories that stepped aside, or a copy of the shared data. */
  restoreFrom: "aside" | "shared";
};

export function sharedDataLinksValues({ share, restoreFrom }: SharedDataLinksFacts): RoleValues {
  const links = Object.entries(SHARED_DIRECTORIES).map(([directory, name]) => [directory, `-> ${share}/${name}`]);
  const values = { ...Object.fromEntries(links), "/var/lib/pgsql:owner": "postgres:postgres 700", restoreFrom };
  return { active: values, standby: values };
}

/** The five directories on shared data, linked from where xCAT expects them (the manual, "Configure Shared Data"). */
export class SharedDataLinks extends pulumi.ComponentResource {
  public readonly converged: pulumi.Resource;

  constructor(name: string, args: SharedDataLinksArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:SharedDataLinks", name, {}, opts);
    this.converged = converge(this, "sharedDataLinks", sharedDataLinksValues(args), args).command;
    this.registerOutputs({});
  }
}
