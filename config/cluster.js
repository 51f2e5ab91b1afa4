// The description of the pair: cluster.yaml and the files that it names, read and checked. Plain JavaScript, here and in
// what it requires: the observations read it at call time, in the process of Pulumi's dynamic provider, which runs no
// TypeScript.
const path = require("node:path");
const { contradictions } = require("./contradictions");
const { parseYaml, readText } = require("./file");
const { ConfigError } = require("./findings");
const { pinnedKeys, privateKeyFindings } = require("./keys");
const { readCluster } = require("./schema");
const { isTimeService } = require("./services");

/** @typedef {import("./schema").Cluster} Cluster */

/** What brings a cluster file that is not there. @param {string} name */
const remedyOf = (name) =>
  name === "cluster.yaml"
    ? `git checkout ${name} brings the one that ships`
    : "cluster in the stack's config, or xcat-ha --cluster, names it: correct that, or begin one from cluster.yaml";

/**
 * Reads and checks a cluster file, with the files that it names.
 * @param {string} clusterFile path of the file
 * @returns {Cluster & { hostKeys: Record<string, string>, privateKeyFile: string, knownHostsFile: string }}
 * @throws {ConfigError} with every wrong key at once: key, value seen, what was expected
 */
function loadCluster(clusterFile) {
  // Two clusters' files may differ in their folder alone.
  const name = path.isAbsolute(clusterFile) ? path.basename(clusterFile) : path.normalize(clusterFile);
  const { text, why } = readText(clusterFile);
  if (text === undefined) throw new ConfigError(name, [`${path.resolve(clusterFile)}: ${why}; ${remedyOf(name)}`]);
  const { value, found: unreadable } = parseYaml(text);
  if (unreadable.length > 0) throw new ConfigError(name, unreadable);
  const { cluster, found: misdescribed } = readCluster(value);
  if (!cluster) throw new ConfigError(name, misdescribed);
  const directory = path.dirname(clusterFile);
  const privateKeyFile = path.resolve(directory, cluster.ssh.privateKey);
  const knownHostsFile = path.resolve(directory, cluster.ssh.knownHosts);
  const { hostKeys, found: unpinned } = pinnedKeys(knownHostsFile, cluster);
  const found = [...contradictions(cluster), ...privateKeyFindings(privateKeyFile, cluster.ssh), ...unpinned];
  if (found.length > 0) throw new ConfigError(name, found);
  return { ...cluster, hostKeys, privateKeyFile, knownHostsFile };
}

module.exports = { loadCluster, ConfigError, isTimeService };
