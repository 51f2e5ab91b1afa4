// The description of the pair: cluster.yaml, read and checked. Plain JavaScript, because the observations read it at call time
// in the process of Pulumi's dynamic provider, which runs no TypeScript (design section 4).
const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");
const { isAlias, parseDocument, visit } = require("yaml");
const { z } = require("zod");

/** The services by the names of the manual; what their units are called on a node is that node's business (node/lib/platform.sh). */
const DATABASE_SERVICES = ["postgresql", "xcatd"];
const TIME_SERVICES = ["ntpd", "chronyd"];
/** @param {string} service */
const isTimeService = (service) => TIME_SERVICES.includes(service);
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
const ipv4 = expecting(
  (value) => net.isIPv4(value) && !/^(0|127|22[4-9]|2[345]\d)\./.test(value),
  "the IPv4 address of a machine, like 10.5.106.7",
);
const absolutePath = expecting(
  (value) => typeof value === "string" && /^(\/[A-Za-z0-9._-]+)+$/.test(value) && path.normalize(value) === value,
  "an absolute path like /HA, of letters, digits, . _ and -, without ..",
);
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;
/** @type {z.ZodType<string[]>} */
const hostNames = expecting(
  (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((name) => typeof name === "string" && name.length < 254 && HOST_NAME.test(name)),
  "a list of host names, like [xcatmn1, xcatmn1.cluster.com]",
);
/** @type {z.ZodType<string[]>} */
const timeServers = expecting(
  (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((name) => typeof name === "string" && name.length < 254 && HOST_NAME.test(name)) &&
    new Set(value).size === value.length,
  "a list of time servers, each once, by address or name, like [10.0.0.103]",
);
const file = text(/./, "a path, relative to this file");

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DAYS = "sun mon tue wed thu fri sat".split(" ");

/** The fields of crontab(5): minute, hour, day of month, month, day of week. */
const CRON_FIELDS = [
  { least: 0, most: 59, names: [] },
  { least: 0, most: 23, names: [] },
  { least: 1, most: 31, names: [] },
  { least: 1, most: 12, names: MONTHS.map((name, index) => [name, index + 1]) },
  { least: 0, most: 7, names: DAYS.map((name, index) => [name, index]) },
].map(({ names, ...limits }) => ({ ...limits, names: Object.fromEntries(names) }));

/** cron drops a file with a line that it cannot read, and says so in a log only. @param {any} value */
function isSchedule(value) {
  if (typeof value !== "string" || !/^\S+( \S+){4}$/.test(value)) return false;
  return value.split(" ").every((field, index) => {
    const { least, most, names } = CRON_FIELDS[index];
    return field.split(",").every((item) => {
      const match = /^(?:\*|(\d+|[a-z]{3})(?:-(\d+|[a-z]{3}))?)(?:\/([1-9]\d*))?$/i.exec(item);
      if (!match) return false;
      const ends = [match[1], match[2]].filter(Boolean).map((end) => names[end.toLowerCase()] ?? Number(end));
      return ends.every((end) => end >= least && end <= most) && !(ends[0] > ends[1]);
    });
  });
}

/**
 * A part of the file with these keys and no others.
 * @template {Record<string, z.ZodType>} Shape
 * @param {Shape} shape
 */
function section(shape) {
  const optional = (/** @type {string} */ key) => (shape[key].safeParse(undefined).success ? " (optional)" : "");
  const keys = Object.keys(shape).map((key) => key + optional(key));
  return z.strictObject(shape, {
    error: ({ code }) => `${code === "unrecognized_keys" ? "expected one of" : "expected the keys"} ${keys.join(", ")}`,
  });
}

/** @param {string[]} names @param {string} example */
const services = (names, example) =>
  z.array(z.enum(/** @type {[string, ...string[]]} */ (names)), { error: `expected a list like ${example}` });

const Schema = section({
  virtualIp: section({
    address: ipv4,
    names: hostNames,
    prefix: integer(1, 30, "the length of the subnet's prefix, a number"),
    interface: text(/^[A-Za-z][A-Za-z0-9._-]{0,12}$/, "the name of a network interface that leaves room for a label"),
    label: text(/^\S{1,15}$/, "a label like eth0:0, of at most 15 characters without blanks"),
  }),
  share: absolutePath,
  network: text(/^[A-Za-z0-9._-]+$/, "the name of a row in xCAT's networks table"),
  nodes: z.record(
    text(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "a short host name of small letters, digits and -"),
    section({ address: ipv4, names: hostNames.optional(), bootstrapAddress: ipv4.optional() }),
    { error: "expected two nodes by name, each with its address" },
  ),
  services: section({
    database: services(DATABASE_SERVICES, "[postgresql, xcatd]"),
    network: services(NETWORK_SERVICES, "[named, dhcpd, ntpd, conserver]"),
  }),
  hostsSync: expecting(isSchedule, "five fields as in crontab(5), like 0 2 * * *"),
  leaseWait: integer(0, 3600, "a number of seconds"),
  ntpServers: timeServers.optional(),
  restoreFrom: z.enum(["aside", "shared"], { error: "expected aside or shared" }).optional(),
  onShareLoss: z.enum(["demote", "keep"], { error: "expected demote or keep" }).optional(),
  shareLossSeconds: integer(10, 3600, "a number of seconds").optional(),
  ssh: section({
    user: text(/^[a-z_][a-z0-9_-]{0,31}$/, "root, or a user who may become root by sudo, like admin"),
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
    this.findings = findings;
  }
}

/** @param {unknown} value */
function seen(value) {
  const text = value === undefined || value === null ? "nothing" : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** @param {string} address */
const toNumber = (address) => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

/** @param {number} address */
const toAddress = (address) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");

/** First and last address of a subnet: its own name and its broadcast. @param {string} address @param {number} prefix */
function subnetOf(address, prefix) {
  const hosts = 2 ** (32 - prefix);
  const first = toNumber(address) - (toNumber(address) % hosts);
  return { first: toAddress(first), last: toAddress(first + hosts - 1) };
}

/** @param {string} address @param {number} prefix */
const broadcastOf = (address, prefix) => subnetOf(address, prefix).last;

/** What one zod issue says: key, what was seen, what was expected. @param {any} issue @returns {string[]} */
function findings(issue) {
  const key = issue.path.join(".");
  const below = (/** @type {string} */ name) => (key ? `${key}.${name}` : name);
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((/** @type {string} */ name) => `${below(name)}: unknown key; ${issue.message}`);
  if (issue.code === "invalid_key") return [`${key}: cannot be a name here; ${issue.issues[0].message}`];
  if (issue.code === "invalid_value")
    return [`${key}: seen ${seen(issue.input)}; expected one of ${issue.values.join(", ")}`];
  return [`${key || "the whole file"}: seen ${seen(issue.input)}; ${issue.message}`];
}

/** Rules that need more than one key. @param {Cluster} cluster @returns {string[]} */
function contradictions({ virtualIp: vip, nodes, services }) {
  const found = [];
  const names = Object.keys(nodes);
  if (names.length !== 2) found.push(`nodes: seen ${names.join(", ") || "none"}; expected exactly two nodes`);
  if (!vip.label.startsWith(`${vip.interface}:`) || vip.label === `${vip.interface}:`)
    found.push(
      `virtualIp.label: seen ${seen(vip.label)}; expected ${vip.interface}: (virtualIp.interface) and something behind it, like ${vip.interface}:0`,
    );
  found.push(...addressContradictions(vip, nodes), ...nameContradictions(vip, nodes));
  for (const service of DATABASE_SERVICES)
    if (!services.database.includes(service))
      found.push(`services.database: seen ${seen(services.database)}; ${service} is missing`);
  if (services.database[0] === "xcatd" && services.database.includes("postgresql"))
    found.push("services.database: seen xcatd before postgresql; expected postgresql first, xcatd needs it");
  for (const group of /** @type {const} */ (["database", "network"]))
    for (const service of new Set(services[group]))
      if (services[group].filter((other) => other === service).length > 1)
        found.push(`services.${group}: seen ${service} twice; expected it once`);
  for (const choice of [TIME_SERVICES, CONSOLE_SERVICES])
    if (choice.every((service) => services.network.includes(service)))
      found.push(`services.network: seen ${choice.join(" and ")}; expected the one that the site uses`);
  return found;
}

/** @param {Cluster["virtualIp"]} vip @param {Cluster["nodes"]} nodes @returns {string[]} */
function addressContradictions(vip, nodes) {
  const found = [];
  const subnet = subnetOf(vip.address, vip.prefix);
  const own = Object.entries(nodes).map(([name, { address }]) => [`nodes.${name}.address`, address]);
  const addresses = [["virtualIp.address", vip.address], ...own];
  for (const [key, address] of addresses) {
    if (broadcastOf(address, vip.prefix) !== subnet.last)
      found.push(
        `${key}: seen ${seen(address)}; expected an address in the subnet of the VIP, ${vip.address}/${vip.prefix} (${subnet.first} to ${subnet.last})`,
      );
    if (address === subnet.first || address === subnet.last)
      found.push(
        `${key}: seen ${seen(address)}, the ${address === subnet.last ? "broadcast" : "network"} address of ${subnet.first}/${vip.prefix}; expected one of a machine`,
      );
    const [first] = addresses.find(([, other]) => other === address) ?? [key];
    if (first !== key) found.push(`${key}: seen ${seen(address)}, which is ${first}; expected an address of its own`);
  }
  // The VIP may be one: the manual's single management node answers at what becomes the VIP.
  const taken = [...own];
  for (const [name, { address, bootstrapAddress }] of Object.entries(nodes)) {
    if (!bootstrapAddress) continue;
    const key = `nodes.${name}.bootstrapAddress`;
    const [other] = taken.find(([, at]) => at === bootstrapAddress && at !== address) ?? [];
    if (other)
      found.push(`${key}: seen ${seen(bootstrapAddress)}, which is ${other}; expected where ${name} answers now`);
    taken.push([key, bootstrapAddress]);
  }
  return found;
}

/** A name at two addresses: the resolver would take either. @param {Cluster["virtualIp"]} vip @param {Cluster["nodes"]} nodes @returns {string[]} */
function nameContradictions(vip, nodes) {
  const found = [];
  /** @type {Map<string, string>} */
  const owners = new Map();
  const lists = [
    { key: "virtualIp.names", names: vip.names },
    ...Object.entries(nodes).map(([node, { names }]) => ({ key: `nodes.${node}.names`, names: names ?? [node] })),
  ];
  for (const { key, names } of lists)
    for (const name of names) {
      const other = owners.get(name.toLowerCase());
      if (other)
        found.push(
          other === key
            ? `${key}: seen ${name} twice; expected it once`
            : `${key}: seen ${name}, which is one of ${other} too; expected names of its own, like [${name.split(".")[0]}-static]`,
        );
      owners.set(name.toLowerCase(), key);
    }
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
 * What YAML itself finds wrong. Of errors that follow from one another only the first is told.
 * @param {string} content @returns {{ value: unknown, found: string[] }}
 */
function parseYaml(content) {
  const document = parseDocument(content);
  const lines = content.split("\n");
  const at = (/** @type {any} */ error) => {
    const line = error.linePos?.[0].line ?? 1;
    return `line ${line}, ${seen(lines[line - 1] ?? "")}:`;
  };
  const twice = document.errors.filter(({ code }) => code === "DUPLICATE_KEY");
  if (twice.length > 0)
    return {
      value: undefined,
      found: twice.map((error) => `${at(error)} this key stands there twice; remove one of them`),
    };
  const [error] = document.errors;
  if (error?.code === "TAB_AS_INDENT")
    return { value: undefined, found: [`${at(error)} a tab; expected blanks as indentation`] };
  if (error?.code === "MULTIPLE_DOCS")
    return { value: undefined, found: [`${at(error)} a second document begins; expected one`] };
  if (error) {
    const said = error.message.split("\n")[0].replace(/ at line \d+, column \d+:$/, "");
    return {
      value: undefined,
      found: [
        `${at(error)} ${said}; expected YAML, key: value, with quotes around a value that holds a colon or begins with a bracket or *`,
      ],
    };
  }
  const references = anchorsAndAliases(document, content);
  if (references.length > 0)
    return {
      value: undefined,
      found: references.map(({ text, offset }) => {
        const line = content.slice(0, offset).split("\n").length;
        return `line ${line}, ${seen(lines[line - 1])}: ${text}; expected the value itself, written out at each place`;
      }),
    };
  return { value: document.toJS(), found: [] };
}

/**
 * A value that stands elsewhere is not seen by who reads or edits one line of the pair's description.
 * @param {import("yaml").Document} document @param {string} content @returns {{ text: string, offset: number }[]}
 */
function anchorsAndAliases(document, content) {
  /** @type {{ text: string, offset: number }[]} */
  const found = [];
  visit(document, {
    Node(_, node) {
      const offset = node.range?.[0] ?? 0;
      if (isAlias(node)) found.push({ text: `the alias *${node.source}`, offset });
      else if (node.anchor)
        found.push({ text: `the anchor &${node.anchor}`, offset: content.lastIndexOf(`&${node.anchor}`, offset) });
    },
  });
  return found;
}

/** A file's text, or why it cannot be read. @param {string} file */
function readText(file) {
  try {
    return { text: fs.readFileSync(file, "utf8") };
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    const known = { ENOENT: "no such file", EISDIR: "a directory", EACCES: "may not be read" };
    return { why: known[/** @type {keyof typeof known} */ (code)] ?? message };
  }
}

/** Whether a private key wants a passphrase: by PEM's headers, or by OpenSSH's name of the cipher behind its magic. @param {string} text */
function hasPassphrase(text) {
  if (/^(Proc-Type: 4,ENCRYPTED|-----BEGIN ENCRYPTED PRIVATE KEY-----)/m.test(text)) return true;
  const [, body] = /^-----BEGIN OPENSSH PRIVATE KEY-----\s([^-]*)/m.exec(text) ?? [];
  const key = Buffer.from(body ?? "", "base64");
  const magic = "openssh-key-v1\0";
  if (!key.toString("latin1").startsWith(magic)) return false;
  const length = key.readUInt32BE(magic.length);
  return key.toString("latin1", magic.length + 4, magic.length + 4 + length) !== "none";
}

/**
 * What ssh's reader of OpenSSH's format would stumble over, which wants its first and its last line to the letter and skips blanks between them; and
 * what helps.
 * @param {string} text @param {string} file
 */
function malformed(text, file) {
  if (!/-----BEGIN OPENSSH PRIVATE KEY-----/.test(text)) return undefined;
  const marks = text.match(/^.*-----(BEGIN|END) OPENSSH PRIVATE KEY-----.*\r?$/gm) ?? [];
  if (marks.some((line) => /\r/.test(line)))
    return `with carriage returns, as from Windows; expected none. sed -i 's/\\r$//' ${file}`;
  if (marks.some((line) => /^[ \t]|[ \t]$/.test(line)))
    return `with blanks around its lines; expected none. sed -i 's/^[[:blank:]]*//; s/[[:blank:]]*$//' ${file}`;
  if (!text.startsWith("-----BEGIN"))
    return `with something before its first line; expected -----BEGIN OPENSSH PRIVATE KEY----- there. sed -i '1,/BEGIN/{/BEGIN/!d}' ${file}`;
  if (!/^-----END OPENSSH PRIVATE KEY-----$/m.test(text))
    return "without its last line; expected -----END OPENSSH PRIVATE KEY----- there. Copy the whole file again";
  if (!/^-----END OPENSSH PRIVATE KEY-----\n/m.test(text))
    return `without a newline behind its last line, as after a paste; expected one. echo >>${file}`;
  return undefined;
}

/** Why ssh could not use a private key. @param {string} file @param {Cluster["ssh"]} ssh @returns {string[]} */
function privateKeyFindings(file, { privateKey: key, user }) {
  const { text, why } = readText(file);
  const saw = `ssh.privateKey: seen ${seen(key)}`;
  if (why === "no such file")
    return [
      `${saw}; no such file. ssh-keygen -t ed25519 -f ${file}, then ssh-copy-id -i ${file} ${user}@NODE for both nodes`,
    ];
  if (text === undefined) return [`${saw}, ${why}; expected the file of a private key`];
  if (/^(ssh|ecdsa|sk)-/.test(text)) return [`${saw}, a public key; expected the private one, without .pub`];
  const fault = malformed(text, file);
  if (fault) return [`${saw}, a key that ssh cannot read: ${fault}`];
  if (!/^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----$/m.test(text))
    return [`${saw}, which holds no private key; expected -----BEGIN OPENSSH PRIVATE KEY----- as its first line`];
  if (hasPassphrase(text))
    return [
      `${saw}, a key with a passphrase, which nobody could type; expected one without. ssh-keygen -p -N '' -f ${file}, or a key of its own: ssh-keygen -t ed25519 -N '' -f FILE`,
    ];
  const { mode, uid } = fs.statSync(file);
  if (uid === process.getuid?.() && mode & 0o077)
    return [`${saw}, which others may read (mode ${(mode & 0o777).toString(8)}): ssh ignores it. chmod 600 ${file}`];
  return [];
}

/**
 * The pinned key of each node, and what is wrong with them.
 * @param {string} file @param {Cluster} cluster
 */
function pinnedKeys(file, { nodes, ssh }) {
  /** @type {Record<string, string>} */
  const hostKeys = {};
  const { text, why } = readText(file);
  if (text === undefined)
    return {
      hostKeys,
      found: [
        `ssh.knownHosts: seen ${seen(ssh.knownHosts)}, ${why}; expected ${file} with a line a node: its name, then what cat /etc/ssh/ssh_host_ed25519_key.pub prints on it`,
      ],
    };
  const found = [];
  for (const [node, { address }] of Object.entries(nodes)) {
    const key = hostKeyOf(text, node);
    const [twin] = Object.entries(hostKeys).find(([, other]) => other === key) ?? [];
    if (!key)
      found.push(
        `ssh.knownHosts: ${file} has no ed25519 or ecdsa key of ${node}. On ${node} (${address}): cat /etc/ssh/ssh_host_ed25519_key.pub; put that behind the name ${node}`,
      );
    else if (twin)
      found.push(
        `ssh.knownHosts: ${twin} and ${node} have the same key; expected two machines. Where one was cloned from the other: rm /etc/ssh/ssh_host_*; ssh-keygen -A on ${node}`,
      );
    else hostKeys[node] = key;
  }
  return { hostKeys, found };
}

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
  const parsed = Schema.safeParse(value, { reportInput: true });
  if (!parsed.success) throw new ConfigError(name, parsed.error.issues.flatMap(findings));
  const cluster = parsed.data;
  const directory = path.dirname(clusterFile);
  const privateKeyFile = path.resolve(directory, cluster.ssh.privateKey);
  const knownHostsFile = path.resolve(directory, cluster.ssh.knownHosts);
  const { hostKeys, found: unpinned } = pinnedKeys(knownHostsFile, cluster);
  const found = [...contradictions(cluster), ...privateKeyFindings(privateKeyFile, cluster.ssh), ...unpinned];
  if (found.length > 0) throw new ConfigError(name, found);
  return { ...cluster, hostKeys, privateKeyFile, knownHostsFile };
}

module.exports = { loadCluster, broadcastOf, hostKeyOf, ConfigError, isTimeService };
