import { component, type NodeContext } from "./converge";
import type { Values } from "./values";

export type OwnerLeaseArgs = {
  /** The node's name. */
  owner: string;
};

/** The order of a takeover, for its plan and its command: no value that is observed. */
export function takeoverOrder({ role, takeover }: Pick<NodeContext, "role" | "takeover">): Values | undefined {
  if (!takeover || role !== "active") return undefined;
  const { epoch, by, reason } = takeover;
  return { "takeover.epoch": String(epoch), "takeover.by": by, "takeover.reason": reason };
}

/**
 * Who may run the services. Its command is the change of role: one transaction on the node (docs/developing.md, How a
 * part converges).
 */
export const OwnerLease = component(
  "OwnerLease",
  ({ owner }: OwnerLeaseArgs) => ({
    active: { role: "active", lease: `held by ${owner}` },
    standby: { role: "standby", lease: `not held by ${owner}` },
  }),
  (_, { node }) => ({ payload: takeoverOrder(node) }),
);
