import * as pulumi from "@pulumi/pulumi";
import { converge, type PartArgs } from "./converge";
import type { RoleValues, Values } from "./values";

export type ServiceSetArgs = PartArgs &
  ServiceSetFacts & { /** Which of the two sets. */ part: "database" | "network" };

export type ServiceSetFacts = {
  /** The manual's names of the services, in the order of their start. */
  services: string[];
  /** The VIP: what they listen on, and what the make* steps write. */
  virtualIp: string;
};

export function serviceSetValues({ services, virtualIp }: ServiceSetFacts): RoleValues {
  const states = (managed: string): Values => Object.fromEntries(services.map((service) => [service, managed]));
  const order = services.join(" ");
  return {
    active: { order, virtualIp, ...states("running, not enabled") },
    standby: { order, ...states("stopped, not enabled") },
  };
}

/** Services in their order, each ready before the next; disabled at boot. A standby node has them stopped, and the stop proven. */
export class ServiceSet extends pulumi.ComponentResource {
  public readonly converged: pulumi.Resource;

  constructor(name: string, args: ServiceSetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:ServiceSet", name, {}, opts);
    this.converged = converge(this, args.part, serviceSetValues(args), args).command;
    this.registerOutputs({});
  }
}
