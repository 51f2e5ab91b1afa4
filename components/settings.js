// What the node program must know of the pair whatever part it works on. Derived from the cluster file alone, so that an observation
// can make it at call time (see config/cluster.js).
const { isTimeService } = require("../config/cluster");
const { manifestText } = require("./manifest");

/** The five directories of the manual, "Configure Shared Data", and their names on the share. */
const SHARED_DIRECTORIES = {
  "/etc/xcat": "xcat",
  "/install": "install",
  "/root/.xcat": ".xcat",
  "/var/lib/pgsql": "pgsql",
  "/tftpboot": "tftpboot",
};

/** The services that only an active node runs, in start order. The time service runs on both. @param {import("../config/cluster").Cluster} cluster */
const managedUnits = ({ services }) =>
  [...services.database, ...services.network].filter((service) => !isTimeService(service));

/** @param {import("../config/cluster").Cluster} cluster @param {string} node @returns {string} */
const peerOf = (cluster, node) => Object.keys(cluster.nodes).find((name) => name !== node) ?? "";

/** @param {import("../config/cluster").Cluster} cluster @param {string} node @returns {Record<string, string>} keys as node/lib/main/settings.sh reads them */
function settingsOf(cluster, node) {
  const peer = peerOf(cluster, node);
  return {
    "settings.format": "1",
    "settings.node": node,
    "settings.peer": peer,
    "settings.peerAddress": cluster.nodes[peer].address,
    "settings.peerPort": String(cluster.ssh.port),
    "settings.virtualIp": cluster.virtualIp.address,
    "settings.staticAddress": `${cluster.nodes[node].address}/${cluster.virtualIp.prefix}`,
    "settings.interface": cluster.virtualIp.interface,
    "settings.share": cluster.share,
    "settings.leaseWait": String(cluster.leaseWait),
    "settings.units": managedUnits(cluster).join(" "),
    "settings.services": [...cluster.services.database, ...cluster.services.network].join(" "),
    "settings.hostNames": [...cluster.virtualIp.names, ...(cluster.nodes[node].names ?? [node])].join(" "),
    "settings.manifest": manifestText(),
    "settings.directories": Object.entries(SHARED_DIRECTORIES)
      .map(([directory, name]) => `${directory} ${cluster.share}/${name}`)
      .join("\n"),
  };
}

module.exports = { SHARED_DIRECTORIES, managedUnits, peerOf, settingsOf };
