// The parts of a management node: the one table, a row a part, in the order of an activation (docs/adding-a-part.md).
// It orders the Pulumi graph, is installed on the node, and stopping is derived from it (the order reversed). Plain
// JavaScript, because observations read it too (see config/cluster.js).

/**
 * What a standby node does with a part that an active node has applied:
 *   "as active"      it is the same on both
 *   "take back"      undone before the lease is released, in reverse order
 *   "after release"  applied as the standby role wants it, once the lease is released
 *   "leave"          it lives on shared data, which only the active node touches: a standby node has of it one value,
 *                    where to look
 * @typedef {"as active" | "take back" | "after release" | "leave"} OnStandby
 */

/** @typedef {import("./settings").Pair} Pair */
/** What NodeProgram delivers beside the program. @typedef {{ description: string, stack: string }} Delivered */

/**
 * @template {object} Args what the component takes of its own
 * @template {Pair} Known
 * @typedef {object} Row
 * @property {OnStandby} standby
 * @property {() => import("./converge").Component<Args>} component with its values for both roles; loaded by who asks
 *   for it, because an observation, which reads the rest of the row, runs no TypeScript
 * @property {(pair: Known) => Args} args what cluster.yaml says of it
 * @property {string} [functions] the file in node/parts and what its functions there begin with, where it is not the
 *   name of the part
 * @property {string | [active: string, standby: string]} [step] what its step is called in docs/order.svg
 */

/**
 * Holds what a row gives its component against what the component takes.
 * @template {object} Args
 * @template {Pair} Known
 * @param {Row<Args, Known>} row
 */
const row = (row) => row;

/** What stands before ownerLease needs no lease; ownerLease is the change of role itself. */
const MANIFEST = {
  nodeProgram: row({
    standby: "as active",
    component: () => require("./nodeProgram").NodeProgram,
    args: (/** @type {Pair & Delivered} */ { description, stack, staticAddress, vip }) => ({
      description,
      stack,
      staticAddress,
      interface: vip.interface,
    }),
  }),
  staticAddress: row({
    standby: "as active",
    component: () => require("./staticAddress").StaticAddress,
    args: ({ staticAddress, vip }) => ({ address: staticAddress, interface: vip.interface }),
  }),
  hostsEntry: row({
    standby: "as active",
    component: () => require("./hostsEntry").HostsEntry,
    args: ({ vip, cluster: { nodes } }) => ({
      names: Object.fromEntries([
        [vip.address, vip.names],
        ...Object.entries(nodes).map(([node, { address, names }]) => [address, names ?? [node]]),
      ]),
    }),
  }),
  clockSource: row({
    standby: "as active",
    component: () => require("./clockSource").ClockSource,
    args: ({ timeService, cluster }) => ({ service: timeService, servers: cluster.ntpServers ?? [] }),
  }),
  ownerLease: row({
    standby: "as active",
    component: () => require("./ownerLease").OwnerLease,
    args: ({ node }) => ({ owner: node }),
  }),
  // Before the links: a linked node without it could start a second server.
  startGuard: row({
    standby: "after release",
    component: () => require("./startGuard").StartGuard,
    args: ({ managed }) => ({ services: managed }),
    step: ["start guard", "start guard of a standby"],
  }),
  // As long as the lease, and so longer than everything that it watches: also where an activation fails half way, or a
  // stop does.
  beat: row({
    standby: "after release",
    component: () => require("./beat").Beat,
    args: ({ cluster: { onShareLoss = "demote", shareLossSeconds = 60 } }) => ({ onShareLoss, shareLossSeconds }),
    step: ["beat", "end the beat"],
  }),
  sharedDataLinks: row({
    standby: "after release",
    component: () => require("./sharedDataLinks").SharedDataLinks,
    args: ({ directories, cluster: { restoreFrom = "aside" } }) => ({ directories, restoreFrom }),
    step: "links to the share",
  }),
  pgHbaEntry: row({
    standby: "leave",
    component: () => require("./pgHbaEntry").PgHbaEntry,
    args: ({ addresses }) => ({ addresses }),
    step: "pg_hba.conf",
  }),
  listenAddresses: row({
    standby: "leave",
    component: () => require("./listenAddresses").ListenAddresses,
    args: ({ addresses }) => ({ addresses: ["localhost", ...addresses] }),
    step: "listen_addresses",
  }),
  // Whether another machine has it is asked at the claim: the longer it takes until here, the less of that second is
  // waited for.
  virtualIp: row({
    standby: "take back",
    component: () => require("./virtualIp").VirtualIp,
    args: ({ vip, staticAddress }) => ({ ...vip, staticAddress }),
    step: ["add the VIP, announce it", "drop the VIP"],
  }),
  database: row({
    standby: "take back",
    component: () => require("./serviceSet").ServiceSet,
    args: ({ vip, cluster: { services } }) => ({ services: services.database, virtualIp: vip.address }),
    functions: "serviceSet",
    step: ["start the database, xcatd", "stop xcatd, the database"],
  }),
  networksMgtIf: row({
    standby: "leave",
    component: () => require("./networksMgtIf").NetworksMgtIf,
    args: ({ vip, cluster }) => ({ network: cluster.network, mgtifname: vip.label }),
    step: "mgtifname of the network",
  }),
  network: row({
    standby: "take back",
    component: () => require("./serviceSet").ServiceSet,
    args: ({ vip, timeService, cluster: { services } }) => ({
      services: services.network.filter((service) => service !== timeService),
      virtualIp: vip.address,
    }),
    functions: "serviceSet",
    step: ["start DNS, DHCP, consoles", "stop consoles, DHCP, DNS"],
  }),
  hostsSyncCron: row({
    standby: "take back",
    component: () => require("./hostsSyncCron").HostsSyncCron,
    args: ({ peer, cluster: { hostsSync, nodes, hostKeys } }) => ({
      schedule: hostsSync,
      peer,
      peerAddress: nodes[peer].address,
      peerHostKey: hostKeys[peer],
    }),
    step: ["nightly copy of hosts", "end the nightly copy"],
  }),
};

/** @typedef {keyof typeof MANIFEST} Part */

const PARTS = /** @type {Part[]} */ (Object.keys(MANIFEST));

/** The manifest as the node program reads it: a line a part. */
const manifestText = () => PARTS.map((part) => `${part} ${MANIFEST[part].standby}`).join("\n");

/** What the functions of a part begin with on the node. @param {Part} part @returns {string} */
const functionsOf = (part) => MANIFEST[part].functions ?? part;

/** Where that is not the part's name: a line a part. */
const functionsText = () =>
  PARTS.filter((part) => functionsOf(part) !== part)
    .map((part) => `${part} ${functionsOf(part)}`)
    .join("\n");

module.exports = { MANIFEST, PARTS, functionsOf, functionsText, manifestText };
