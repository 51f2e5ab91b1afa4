import { component } from "./converge";

export type ListenAddressesArgs = {
  /** Addresses that must be listed; what else is listed is kept. Effective after the next start of postgresql. */
  addresses: string[];
};

const FILE = "/var/lib/pgsql/data/postgresql.conf";

/** The addresses on which PostgreSQL listens. The file is on shared data: a standby node does not touch it. */
export const ListenAddresses = component("ListenAddresses", ({ addresses }: ListenAddressesArgs) => {
  const listed = addresses.map((address) => [address, "listed"]);
  return { active: { file: FILE, ...Object.fromEntries(listed) }, standby: { file: FILE } };
});
