import { component } from "./converge";

export type PgHbaEntryArgs = {
  /**
   * Addresses that may log in with a password: both static addresses (xcatd reaches the VIP of its own node from there)
   * and the VIP.
   */
  addresses: string[];
};

const FILE = "/var/lib/pgsql/data/pg_hba.conf";

/**
 * Lines in pg_hba.conf that let both nodes and the VIP log in. The file is on shared data: a standby node does not
 * touch it.
 */
export const PgHbaEntry = component("PgHbaEntry", ({ addresses }: PgHbaEntryArgs) => {
  const lines = addresses.map((address) => [`${address}/32`, `host all all ${address}/32 md5`]);
  return { active: { file: FILE, ...Object.fromEntries(lines) }, standby: { file: FILE } };
});
