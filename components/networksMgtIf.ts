import { component } from "./converge";

export type NetworksMgtIfArgs = {
  /** The name of the row in xCAT's networks table. */
  network: string;
  /** The label of the VIP. */
  mgtifname: string;
};

/**
 * networks.mgtifname of the management network (the manual, "Modify provision network entry"), by chdef on the active
 * node.
 */
export const NetworksMgtIf = component("NetworksMgtIf", ({ network, mgtifname }: NetworksMgtIfArgs) => ({
  active: { network, mgtifname },
  standby: { network },
}));
