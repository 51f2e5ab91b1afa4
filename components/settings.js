// What the node program must know of the pair whatever part it works on. Derived from the cluster file alone, so that
// an observation can make it at call time (see config/cluster.js).
const { isTimeService } = require("../config/cluster");
const { functionsText, manifestText } = require("./manifest");

/** The five directories of the manual, "Configure Shared Data", and their names on the share. */
const SHARED_DIRECTORIES = {
  "/etc/xcat": "xcat",
  "/install": "install",
  "/root/.xcat": ".xcat",
  "/var/lib/pgsql": "pgsql",
  "/tftpboot": "tftpboot",
};

/** @typedef {ReturnType<typeof import("../config/cluster").loadCluster>} LoadedCluster */

/**
 * The services that only an active node runs, in start order. The time service runs on both.
 * @param {Pick<LoadedCluster, "services">} cluster
 */
const managedUnits = ({ services }) =>
  [...services.database, ...services.network].filter((service) => !isTimeService(service));

/**
 * @typedef {ReturnType<typeof pairFrom>} Pair the cluster file, and what follows from it, as one of the two nodes sees
 * it
 */

/** @param {LoadedCluster} cluster @param {string} node its name */
function pairFrom(cluster, node) {
  const { virtualIp: vip, nodes, services, share } = cluster;
  return {
    cluster,
    node,
    peer: Object.keys(nodes).find((name) => name !== node) ?? "",
    vip,
    /** With the length of its subnet's prefix. */
    staticAddress: `${nodes[node].address}/${vip.prefix}`,
    /** The same list on both nodes, so that a failover changes neither file. */
    addresses: [vip.address, ...Object.values(nodes).map(({ address }) => address)],
    managed: managedUnits(cluster),
    timeService: services.network.find(isTimeService),
    /** Each with its place on the share. */
    directories: Object.fromEntries(
      Object.entries(SHARED_DIRECTORIES).map(([path, name]) => [path, `${share}/${name}`]),
    ),
  };
}

/**
 * @param {LoadedCluster} cluster
 * @param {string} node
 * @returns {Record<string, string>} keys as node/lib/main/settings.sh reads them
 */
function settingsOf(cluster, node) {
  const { peer, vip, staticAddress, managed, directories } = pairFrom(cluster, node);
  return {
    "settings.format": "1",
    "settings.node": node,
    "settings.peer": peer,
    "settings.peerAddress": cluster.nodes[peer].address,
    "settings.peerPort": String(cluster.ssh.port),
    "settings.virtualIp": vip.address,
    "settings.staticAddress": staticAddress,
    "settings.interface": vip.interface,
    "settings.share": cluster.share,
    "settings.leaseWait": String(cluster.leaseWait),
    "settings.units": managed.join(" "),
    "settings.services": [...cluster.services.database, ...cluster.services.network].join(" "),
    "settings.hostNames": [...vip.names, ...(cluster.nodes[node].names ?? [node])].join(" "),
    "settings.manifest": manifestText(),
    "settings.functions": functionsText(),
    "settings.directories": Object.entries(directories)
      .map((line) => line.join(" "))
      .join("\n"),
  };
}

module.exports = { managedUnits, pairFrom, settingsOf };
