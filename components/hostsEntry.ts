import { component } from "./converge";

export type HostsEntryArgs = {
  /** Address to names, the first one the canonical: the VIP and both static addresses. */
  names: Record<string, string[]>;
};

/**
 * Names of the VIP and of both nodes in /etc/hosts, the same lines on both nodes (the manual, "Configure Hostname").
 */
export const HostsEntry = component("HostsEntry", ({ names }: HostsEntryArgs) => {
  const values = Object.fromEntries(Object.entries(names).map(([address, all]) => [address, all.join(" ")]));
  return { active: values, standby: values };
});
