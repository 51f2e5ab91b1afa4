import * as pulumi from "@pulumi/pulumi";
import { converge, type PartArgs } from "./converge";
import type { RoleValues } from "./values";

export type HostsEntryArgs = PartArgs & HostsEntryFacts;

export type HostsEntryFacts = {
  /** Address to names, the first one the canonical: the VIP and both static addresses. */
  names: Record<string, string[]>;
};

export function hostsEntryValues({ names }: HostsEntryFacts): RoleValues {
  const values = Object.fromEntries(Object.entries(names).map(([address, all]) => [address, all.join(" ")]));
  return { active: values, standby: values };
}

/** Names of the VIP and of both nodes in /etc/hosts, the same lines on both nodes (the manual, "Configure Hostname"). */
export class HostsEntry extends pulumi.ComponentResource {
  public readonly converged: pulumi.Resource;

  constructor(name: string, args: HostsEntryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:HostsEntry", name, {}, opts);
    this.converged = converge(this, "hostsEntry", hostsEntryValues(args), args).command;
    this.registerOutputs({});
  }
}
