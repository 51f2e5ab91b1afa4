import * as pulumi from "@pulumi/pulumi";
import { converge, type PartArgs } from "./converge";
import type { RoleValues } from "./values";

export type StartGuardArgs = PartArgs & StartGuardFacts;

export type StartGuardFacts = {
  /** The manual's names of the services. */
  services: string[];
};

export function startGuardValues({ services }: StartGuardFacts): RoleValues {
  const values = Object.fromEntries(services.map((service) => [service, "guarded"]));
  return { active: values, standby: values };
}

/** A drop-in on every managed unit: it starts only where the owner lease is held by this node in this boot. */
export class StartGuard extends pulumi.ComponentResource {
  public readonly converged: pulumi.Resource;

  constructor(name: string, args: StartGuardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:StartGuard", name, {}, opts);
    this.converged = converge(this, "startGuard", startGuardValues(args), args).command;
    this.registerOutputs({});
  }
}
