import * as pulumi from "@pulumi/pulumi";
import { converge, type PartArgs } from "./converge";
import type { RoleValues, Values } from "./values";

export type ClockSourceArgs = PartArgs & ClockSourceFacts;

export type ClockSourceFacts = {
  /** The time service as the cluster file names it; the node takes the one that it has. None: nobody's business. */
  service?: string;
  /** Time servers that it must have beside those that it has. */
  servers: string[];
};

export function clockSourceValues({ service, servers }: ClockSourceFacts): RoleValues {
  const values: Values = { clock: "within the limit, or not known" };
  if (service) {
    values.service = service;
    values.state = "running, enabled";
    for (const server of servers) values[`server.${server}`] = "listed";
  }
  return { active: values, standby: values };
}

/** The time service, with the same source on both nodes and running on both: a clock left alone for months fails on the night it counts. */
export class ClockSource extends pulumi.ComponentResource {
  public readonly converged: pulumi.Resource;

  constructor(name: string, args: ClockSourceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:ClockSource", name, {}, opts);
    this.converged = converge(this, "clockSource", clockSourceValues(args), args).command;
    this.registerOutputs({});
  }
}
