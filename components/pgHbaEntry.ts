import * as pulumi from "@pulumi/pulumi";
import { converge, type PartArgs } from "./converge";
import type { RoleValues } from "./values";

export type PgHbaEntryArgs = PartArgs & PgHbaEntryFacts;

export type PgHbaEntryFacts = {
  /** Addresses that may log in with a password: both static addresses (xcatd reaches the VIP of its own node from there) and the VIP. */
  addresses: string[];
};

const FILE = "/var/lib/pgsql/data/pg_hba.conf";

export function pgHbaEntryValues({ addresses }: PgHbaEntryFacts): RoleValues {
  const lines = addresses.map((address) => [`${address}/32`, `host all all ${address}/32 md5`]);
  return { active: { file: FILE, ...Object.fromEntries(lines) }, standby: { file: FILE } };
}

/** Lines in pg_hba.conf that let both nodes and the VIP log in. The file is on shared data: a standby node does not touch it. */
export class PgHbaEntry extends pulumi.ComponentResource {
  public readonly converged: pulumi.Resource;

  constructor(name: string, args: PgHbaEntryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:PgHbaEntry", name, {}, opts);
    this.converged = converge(this, "pgHbaEntry", pgHbaEntryValues(args), args).command;
    this.registerOutputs({});
  }
}
