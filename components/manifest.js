// In which order the parts of a management node come, for which role. The one table: it orders the Pulumi graph, is installed on the
// node, and stopping is derived from it (the order reversed). Plain JavaScript, because observations read it too (see config/cluster.js).

/**
 * What a standby node does with a part that an active node has applied:
 *   "as active"      it is the same on both
 *   "take back"      undone before the lease is released, in reverse order
 *   "after release"  applied as the standby role wants it, once the lease is released
 *   "leave"          it lives on shared data, which only the active node touches
 * @typedef {"as active" | "take back" | "after release" | "leave"} OnStandby
 */

/** Activation order. What stands before ownerLease needs no lease; ownerLease is the change of role itself. */
const MANIFEST = /** @type {const} */ ({
  nodeProgram: "as active",
  staticAddress: "as active",
  hostsEntry: "as active",
  clockSource: "as active",
  ownerLease: "as active",
  // Before the links: a linked node without it could start a second server.
  startGuard: "after release",
  // As long as the lease, and so longer than everything that it watches: also where an activation fails half way, or a stop does.
  beat: "after release",
  sharedDataLinks: "after release",
  pgHbaEntry: "leave",
  listenAddresses: "leave",
  // Whether another machine has it is asked at the claim: the longer it takes until here, the less of that second is waited for.
  virtualIp: "take back",
  database: "take back",
  networksMgtIf: "leave",
  network: "take back",
  hostsSyncCron: "take back",
});

/** @typedef {keyof typeof MANIFEST} Part */

const PARTS = /** @type {Part[]} */ (Object.keys(MANIFEST));

/** The manifest as the node program reads it: a line a part. */
const manifestText = () => PARTS.map((part) => `${part} ${MANIFEST[part]}`).join("\n");

module.exports = { MANIFEST, PARTS, manifestText };
