import * as pulumi from "@pulumi/pulumi";
import { converge, type PartArgs } from "./converge";
import type { RoleValues } from "./values";

export type NetworksMgtIfArgs = PartArgs & NetworksMgtIfFacts;

export type NetworksMgtIfFacts = {
  /** The name of the row in xCAT's networks table. */
  network: string;
  /** The label of the VIP. */
  mgtifname: string;
};

export function networksMgtIfValues({ network, mgtifname }: NetworksMgtIfFacts): RoleValues {
  return { active: { network, mgtifname }, standby: { network } };
}

/** networks.mgtifname of the management network (the manual, "Modify provision network entry"), by chdef on the active node. */
export class NetworksMgtIf extends pulumi.ComponentResource {
  public readonly converged: pulumi.Resource;

  constructor(name: string, args: NetworksMgtIfArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:NetworksMgtIf", name, {}, opts);
    this.converged = converge(this, "networksMgtIf", networksMgtIfValues(args), args).command;
    this.registerOutputs({});
  }
}
