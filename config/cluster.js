// The description of the pair: cluster.yaml, read and checked. Plain JavaScript, because the observations read it at call time
// in the process of Pulumi's dynamic provider, which runs no TypeScript (design section 4).
const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");
const { parseDocument } = require("yaml");
const { z } = require("zod");

/** systemd's names of the services as the manual lists them; the units of other systems come with the table of issue "the whole seed". */
const DATABASE_SERVICES = ["postgresql", "xcatd"];
const TIME_SERVICES = ["ntpd", "chronyd"];
const CONSOLE_SERVICES = ["conserver", "goconserver"];
const NETWORK_SERVICES = ["named", "dhcpd", ...TIME_SERVICES, ...CONSOLE_SERVICES];

/** @param {(value: any) => boolean} test @param {string} expected */
const expecting = (test, expected) => z.any().refine(test, { message: `expected ${expected}` });

/** @param {RegExp} pattern @param {string} expected @returns {z.ZodType<string>} */
const text = (pattern, expected) => expecting((value) => typeof value === "string" && pattern.test(value), expected);

/** @param {number} least @param {number} most @param {string} what @returns {z.ZodType<number>} */
const integer = (least, most, what) =>
  expecting((value) => Number.isInteger(value) && value >= least && value <= most, `${what} from ${least} to ${most}`);

/** @type {z.ZodType<string>} */
const ipv4 = expecting((value) => net.isIPv4(value), "an IPv4 address like 10.5.106.7");
const absolutePath = text(/^(\/[A-Za-z0-9._-]+)+$/, "an absolute path below / of letters, digits, . _ and -");
const file = text(/./, "a path, relative to this file");
const cronField = "[0-9A-Za-z*/,-]+";

const Schema = z.strictObject({
  virtualIp: z.strictObject({
    address: ipv4,
    prefix: integer(1, 30, "the length of the subnet's prefix, a number"),
    interface: text(/^[A-Za-z][A-Za-z0-9._-]{0,14}$/, "the name of a network interface"),
    label: text(/^.{1,15}$/, "a label of at most 15 characters like eth0:0"),
  }),
  share: absolutePath,
  network: text(/^[A-Za-z0-9._-]+$/, "the name of a row in xCAT's networks table"),
  nodes: z.record(
    text(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "a short host name"),
    z.strictObject({ address: ipv4, bootstrapAddress: ipv4.optional() }),
  ),
  services: z.strictObject({
    database: z.array(z.enum(/** @type {[string, ...string[]]} */ (DATABASE_SERVICES))),
    network: z.array(z.enum(/** @type {[string, ...string[]]} */ (NETWORK_SERVICES))),
  }),
  hostsSync: text(new RegExp(`^${cronField}( ${cronField}){4}$`), "five fields as in crontab(5), like 0 2 * * *"),
  leaseWait: integer(0, 3600, "seconds"),
  ssh: z.strictObject({
    user: text(/^root$/, "root"),
    port: integer(1, 65535, "a TCP port"),
    privateKey: file,
    knownHosts: file,
  }),
});

/** @typedef {z.infer<typeof Schema>} Cluster */

class ConfigError extends Error {
  /** @param {string} file @param {string[]} findings */
  constructor(file, findings) {
    super(
      `${file}: ${findings.length === 1 ? "one thing is" : `${findings.length} things are`} wrong; nothing was touched\n${findings.map((finding) => `  ${finding}`).join("\n")}`,
    );
    // Pulumi prints the stack of an error, twice: here it would only hide the message.
    this.stack = this.message;
  }
}

/** @param {unknown} value */
const seen = (value) => (value === undefined ? "nothing" : JSON.stringify(value));

/** @param {number} address @param {number} prefix */
const subnet = (address, prefix) => address >>> (32 - prefix);

/** @param {string} address */
const toNumber = (address) => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

/** The last address of the subnet. @param {string} address @param {number} prefix */
function broadcastOf(address, prefix) {
  const last =
    (BigInt(toNumber(address)) >> BigInt(32 - prefix)) * (1n << BigInt(32 - prefix)) + (1n << BigInt(32 - prefix)) - 1n;
  return [24n, 16n, 8n, 0n].map((shift) => (last >> shift) & 255n).join(".");
}

/** What one zod issue says: key, what was seen, what was expected. @param {any} issue */
function finding(issue) {
  const key = issue.path.join(".") || "(top)";
  if (issue.code === "unrecognized_keys")
    return `${key === "(top)" ? "" : `${key}.`}${issue.keys.join(", ")}: unknown key; remove it, or correct its spelling`;
  if (issue.code === "invalid_key") return `${key}: seen as a key; ${issue.issues[0].message}`;
  if (issue.code === "invalid_value")
    return `${key}: seen ${seen(issue.input)}; expected one of ${issue.values.join(", ")}`;
  if (issue.code === "invalid_type") return `${key}: seen ${seen(issue.input)}; expected ${issue.expected}`;
  return `${key}: seen ${seen(issue.input)}; ${issue.message}`;
}

/** Rules that need more than one key. @param {Cluster} cluster @returns {string[]} */
function contradictions(cluster) {
  const { virtualIp: vip, nodes, services } = cluster;
  const names = Object.keys(nodes);
  const found = [];
  if (names.length !== 2) found.push(`nodes: seen ${names.join(", ") || "none"}; expected exactly two nodes`);
  if (!vip.label.startsWith(`${vip.interface}:`))
    found.push(
      `virtualIp.label: seen ${seen(vip.label)}; expected it to begin with ${vip.interface}: (virtualIp.interface)`,
    );
  const broadcast = broadcastOf(vip.address, vip.prefix);
  const addresses = [
    ["virtualIp.address", vip.address],
    ...names.map((name) => [`nodes.${name}.address`, nodes[name].address]),
  ];
  for (const [key, address] of addresses) {
    if (subnet(toNumber(address), vip.prefix) !== subnet(toNumber(vip.address), vip.prefix))
      found.push(
        `${key}: seen ${seen(address)}; expected an address in the subnet of the VIP, ${vip.address}/${vip.prefix}`,
      );
    if (address === broadcast) found.push(`${key}: seen ${seen(address)}; that is the broadcast address of the subnet`);
    const [first] = addresses.find(([, other]) => other === address) ?? [key];
    if (first !== key)
      found.push(`${key}: seen ${seen(address)}; the same address is ${first}; expected one of its own`);
  }
  for (const service of DATABASE_SERVICES)
    if (!services.database.includes(service))
      found.push(`services.database: seen ${seen(services.database)}; ${service} is missing`);
  for (const group of /** @type {const} */ (["database", "network"]))
    for (const service of new Set(services[group]))
      if (services[group].filter((other) => other === service).length > 1)
        found.push(`services.${group}: seen ${service} twice; expected it once`);
  for (const choice of [TIME_SERVICES, CONSOLE_SERVICES])
    if (choice.every((service) => services.network.includes(service)))
      found.push(`services.network: seen ${choice.join(" and ")}; expected the one that the site uses`);
  return found;
}

/**
 * The key line of each node ("ssh-ed25519 AAAA..."), out of a file in the format of sshd(8), SSH_KNOWN_HOSTS, by node name.
 * @param {string} content @param {string} node @returns {string | undefined}
 */
function hostKeyOf(content, node) {
  const lines = content.split("\n").map((line) => line.trim().split(/\s+/));
  const keys = lines.filter(([names, type, key]) => names?.split(",").includes(node) && type && key);
  // An RSA key would be offered with SHA-1 only, which sshd refuses (facts: command.remote.Command, hostKey).
  const [, type, key] =
    keys.find(([, type]) => type === "ssh-ed25519") ?? keys.find(([, type]) => type.startsWith("ecdsa-")) ?? [];
  return type && `${type} ${key}`;
}

/**
 * Reads and checks a cluster file, with the files that it names.
 * @param {string} clusterFile path of the file
 * @returns {Cluster & { hostKeys: Record<string, string>, privateKeyFile: string, knownHostsFile: string }}
 * @throws {ConfigError} with every wrong key at once: key, value seen, what was expected
 */
function loadCluster(clusterFile) {
  const name = path.basename(clusterFile);
  if (!fs.existsSync(clusterFile))
    throw new ConfigError(name, [`${path.resolve(clusterFile)}: no such file; write it (the README shows one)`]);
  const document = parseDocument(fs.readFileSync(clusterFile, "utf8"));
  if (document.errors.length > 0)
    throw new ConfigError(
      name,
      document.errors.map((error) => error.message.split("\n")[0]),
    );
  const parsed = Schema.safeParse(document.toJS() ?? {}, { reportInput: true });
  if (!parsed.success) throw new ConfigError(name, parsed.error.issues.map(finding));
  const cluster = parsed.data;
  const found = contradictions(cluster);
  const directory = path.dirname(clusterFile);
  const privateKeyFile = path.resolve(directory, cluster.ssh.privateKey);
  const knownHostsFile = path.resolve(directory, cluster.ssh.knownHosts);
  if (!fs.existsSync(privateKeyFile))
    found.push(
      `ssh.privateKey: seen ${seen(cluster.ssh.privateKey)}; no such file. ssh-keygen -t ed25519 -f ${privateKeyFile}, and ssh-copy-id to both nodes`,
    );
  const knownHosts = fs.existsSync(knownHostsFile) ? fs.readFileSync(knownHostsFile, "utf8") : "";
  /** @type {Record<string, string>} */
  const hostKeys = {};
  for (const [node, { address }] of Object.entries(cluster.nodes)) {
    const key = hostKeyOf(knownHosts, node);
    if (key) hostKeys[node] = key;
    else
      found.push(
        `ssh.knownHosts: ${knownHostsFile} has no ed25519 or ecdsa key of ${node}. On ${node}: cat /etc/ssh/ssh_host_ed25519_key.pub; put it there behind the name ${node} (address ${address})`,
      );
  }
  if (found.length > 0) throw new ConfigError(name, found);
  return { ...cluster, hostKeys, privateKeyFile, knownHostsFile };
}

module.exports = { loadCluster, broadcastOf, hostKeyOf, ConfigError, TIME_SERVICES };
