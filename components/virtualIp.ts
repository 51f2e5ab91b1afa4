import { subnetOf } from "../config/addresses";
import { component } from "./converge";

export type VirtualIpArgs = {
  /** The VIP, like 10.5.106.7. */
  address: string;
  /** Length of the subnet's prefix, in bits. */
  prefix: number;
  /** The interface that carries it. */
  interface: string;
  /** Its label, like eth0:0; xcatprobe finds the VIP by it. */
  label: string;
  /** The node's own address with its prefix, which survives whatever happens to the VIP. */
  staticAddress: string;
};

/**
 * The VIP with its label: on the active node, announced and not persistent; on a standby node absent (the manual,
 * "Configure VIP").
 */
export const VirtualIp = component("VirtualIp", (args: VirtualIpArgs) => {
  const place = {
    ip: args.address,
    prefix: String(args.prefix),
    interface: args.interface,
    label: args.label,
    static: args.staticAddress,
  };
  const { last: broadcast } = subnetOf(args.address, args.prefix);
  return {
    active: {
      ...place,
      address: `${args.address}/${args.prefix} brd ${broadcast} dev ${args.interface} label ${args.label}`,
    },
    standby: { ...place, address: "absent" },
  };
});
