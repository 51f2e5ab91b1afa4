import * as pulumi from "@pulumi/pulumi";
import { converge, type PartArgs } from "./converge";
import type { RoleValues } from "./values";

export type ListenAddressesArgs = PartArgs & ListenAddressesFacts;

export type ListenAddressesFacts = {
  /** Addresses that must be listed; what else is listed is kept. Effective after the next start of postgresql. */
  addresses: string[];
};

const FILE = "/var/lib/pgsql/data/postgresql.conf";

export function listenAddressesValues({ addresses }: ListenAddressesFacts): RoleValues {
  const listed = addresses.map((address) => [address, "listed"]);
  return { active: { file: FILE, ...Object.fromEntries(listed) }, standby: { file: FILE } };
}

/** The addresses on which PostgreSQL listens. The file is on shared data: a standby node does not touch it. */
export class ListenAddresses extends pulumi.ComponentResource {
  public readonly converged: pulumi.Resource;

  constructor(name: string, args: ListenAddressesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:ListenAddresses", name, {}, opts);
    this.converged = converge(this, "listenAddresses", listenAddressesValues(args), args).command;
    this.registerOutputs({});
  }
}
