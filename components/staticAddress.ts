import * as pulumi from "@pulumi/pulumi";
import { converge, type PartArgs } from "./converge";
import type { RoleValues } from "./values";

export type StaticAddressArgs = PartArgs & StaticAddressFacts;

export type StaticAddressFacts = {
  /** The address with its prefix, like 10.5.106.70/8. */
  address: string;
  /** The interface that carries it. */
  interface: string;
};

export function staticAddressValues({ address, interface: device }: StaticAddressFacts): RoleValues {
  const values = { address, interface: device, persistent: address };
  return { active: values, standby: values };
}

/** The node's own persistent address, which SSH uses (the manual, "Configure VIP"); the VIP is not persistent. */
export class StaticAddress extends pulumi.ComponentResource {
  public readonly converged: pulumi.Resource;

  constructor(name: string, args: StaticAddressArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:StaticAddress", name, {}, opts);
    this.converged = converge(this, "staticAddress", staticAddressValues(args), args).command;
    this.registerOutputs({});
  }
}
