// The keys of cluster.yaml and what each may be, one by one; what several say together is in contradictions.js.
const path = require("node:path");
const { z } = require("zod");
const { isMachineAddress } = require("./addresses");
const { seen } = require("./findings");
const { isSchedule } = require("./schedule");
const { DATABASE_SERVICES, NETWORK_SERVICES } = require("./services");

/** What zod says of a value in place of its own words. @param {string} what */
const expected = (what) => ({ error: `expected ${what}` });

/** @param {RegExp | ((value: string) => boolean)} form @param {string} what */
const text = (form, what) => z.stringFormat(what, form, expected(what));

/** @param {number} least @param {number} most @param {string} what */
function integer(least, most, what) {
  const limits = expected(`${what} from ${least} to ${most}`);
  return z.int(limits).min(least, limits).max(most, limits);
}

const MACHINE = expected("the IPv4 address of a machine, like 10.5.106.7");
const address = z.ipv4({ ...MACHINE, abort: true }).refine(isMachineAddress, MACHINE);

const ABSOLUTE_PATH = /^(\/[A-Za-z0-9._-]+)+$/;
const absolutePath = text(
  (value) => ABSOLUTE_PATH.test(value) && path.normalize(value) === value,
  "an absolute path like /HA, of letters, digits, . _ and -, without ..",
);
const file = text(/./, "a path, relative to this file");

// The dot that ends a name in the DNS is no part of one in /etc/hosts.
/** @param {{ error: string }} name */
const hostName = (name) => z.hostname(name).regex(/[^.]$/, name);

const HOST_NAMES = expected("a list of host names, like [xcatmn1, xcatmn1.cluster.com]");
const hostNames = z.array(hostName(expected("a host name, like xcatmn1.cluster.com")), HOST_NAMES).min(1, HOST_NAMES);

const TIME_SERVERS = expected("a list of time servers, each once, by address or name, like [10.0.0.103]");
const timeServers = z
  .array(hostName(expected("a time server's address or name, like 10.0.0.103")), TIME_SERVERS)
  .min(1, TIME_SERVERS)
  .refine((servers) => new Set(servers).size === servers.length, TIME_SERVERS);

/** @param {string[]} names @param {string} example */
const services = (names, example) => z.array(z.enum(names), expected(`a list like ${example}`));

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

const Schema = section({
  virtualIp: section({
    address,
    names: hostNames,
    prefix: integer(1, 30, "the length of the subnet's prefix, a number"),
    interface: text(/^[A-Za-z][A-Za-z0-9._-]{0,12}$/, "the name of a network interface that leaves room for a label"),
    label: text(/^\S{1,15}$/, "a label like eth0:0, of at most 15 characters without blanks"),
  }),
  share: absolutePath,
  network: text(/^[A-Za-z0-9._-]+$/, "the name of a row in xCAT's networks table"),
  nodes: z.record(
    text(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "a short host name of small letters, digits and -"),
    section({ address, names: hostNames.optional(), bootstrapAddress: address.optional() }),
    expected("two nodes by name, each with its address"),
  ),
  services: section({
    database: services(DATABASE_SERVICES, "[postgresql, xcatd]"),
    network: services(NETWORK_SERVICES, "[named, dhcpd, ntpd, conserver]"),
  }),
  hostsSync: text(isSchedule, "five fields as in crontab(5), like 0 2 * * *"),
  leaseWait: integer(0, 3600, "a number of seconds"),
  ntpServers: timeServers.optional(),
  restoreFrom: z.enum(["aside", "shared"]).optional(),
  onShareLoss: z.enum(["demote", "keep"]).optional(),
  shareLossSeconds: integer(10, 3600, "a number of seconds").optional(),
  ssh: section({
    user: text(/^[a-z_][a-z0-9_-]{0,31}$/, "root, or a user who may become root by sudo, like admin"),
    port: integer(1, 65535, "a TCP port"),
    privateKey: file,
    knownHosts: file,
  }),
});

/** @typedef {z.infer<typeof Schema>} Cluster */

/**
 * What one issue of zod's says: key, what was seen, what was expected.
 * @param {z.core.$ZodIssue} issue @returns {string[]}
 */
function findingsOf(issue) {
  const key = issue.path.join(".");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((name) => `${key ? `${key}.` : ""}${name}: unknown key; ${issue.message}`);
  if (issue.code === "invalid_key") return [`${key}: cannot be a name here; ${issue.issues[0].message}`];
  if (issue.code === "invalid_value")
    return [`${key}: seen ${seen(issue.input)}; expected one of ${issue.values.join(", ")}`];
  return [`${key || "the whole file"}: seen ${seen(issue.input)}; ${issue.message}`];
}

/**
 * A value as the description of a pair, each key for itself.
 * @param {unknown} value of the whole file
 * @returns {{ cluster: Cluster, found?: undefined } | { cluster?: undefined, found: string[] }}
 */
function readCluster(value) {
  const { success, data, error } = Schema.safeParse(value, { reportInput: true });
  if (success) return { cluster: data };
  // A number far beyond its limit is one finding, and two issues: it is no integer that can be counted either.
  return { found: [...new Set(error.issues.flatMap(findingsOf))] };
}

module.exports = { readCluster };
