import { component } from "./converge";

export type StaticAddressArgs = {
  /** The address with its prefix, like 10.5.106.70/8. */
  address: string;
  /** The interface that carries it. */
  interface: string;
};

/** The node's own persistent address, which SSH uses (the manual, "Configure VIP"); the VIP is not persistent. */
export const StaticAddress = component("StaticAddress", ({ address, interface: device }: StaticAddressArgs) => {
  const values = { address, interface: device, persistent: address };
  return { active: values, standby: values };
});
