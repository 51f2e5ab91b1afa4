// What the keys of cluster.yaml say together that cannot be.
const { subnetOf } = require("./addresses");
const { seen } = require("./findings");
const { CONSOLE_SERVICES, DATABASE_SERVICES, TIME_SERVICES } = require("./services");

/** @typedef {import("./schema").Cluster} Cluster */

/** Rules that need more than one key. @param {Cluster} cluster @returns {string[]} */
const contradictions = ({ virtualIp: vip, nodes, services }) => [
  ...nodeContradictions(nodes),
  ...labelContradictions(vip),
  ...addressContradictions(vip, nodes),
  ...nameContradictions(vip, nodes),
  ...serviceContradictions(services),
];

/** @param {Cluster["nodes"]} nodes @returns {string[]} */
function nodeContradictions(nodes) {
  const names = Object.keys(nodes);
  return names.length === 2 ? [] : [`nodes: seen ${names.join(", ") || "none"}; expected exactly two nodes`];
}

/** @param {Cluster["virtualIp"]} vip @returns {string[]} */
function labelContradictions({ label, interface: name }) {
  if (label.startsWith(`${name}:`) && label !== `${name}:`) return [];
  const expected = `${name}: (virtualIp.interface) and something behind it, like ${name}:0`;
  return [`virtualIp.label: seen ${seen(label)}; expected ${expected}`];
}

/** @param {Cluster["services"]} services @returns {string[]} */
function serviceContradictions(services) {
  const found = [];
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
  const { first: network, last: broadcast } = subnetOf(vip.address, vip.prefix);
  const within = `the subnet of the VIP, ${vip.address}/${vip.prefix} (${network} to ${broadcast})`;
  const own = Object.entries(nodes).map(([name, { address }]) => [`nodes.${name}.address`, address]);
  const addresses = [["virtualIp.address", vip.address], ...own];
  for (const [key, address] of addresses) {
    const saw = `${key}: seen ${seen(address)}`;
    if (subnetOf(address, vip.prefix).first !== network) found.push(`${saw}; expected an address in ${within}`);
    for (const [kind, other] of Object.entries({ network, broadcast }))
      if (address === other)
        found.push(`${saw}, the ${kind} address of ${network}/${vip.prefix}; expected one of a machine`);
    const [first] = addresses.find(([, other]) => other === address) ?? [key];
    if (first !== key) found.push(`${saw}, which is ${first}; expected an address of its own`);
  }
  return [...found, ...bootstrapContradictions(own, nodes)];
}

/**
 * The VIP may be a bootstrap address: the manual's single management node answers at what becomes the VIP.
 * @param {string[][]} own key and static address of each node @param {Cluster["nodes"]} nodes @returns {string[]}
 */
function bootstrapContradictions(own, nodes) {
  const found = [];
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

/**
 * A name at two addresses: the resolver would take either.
 * @param {Cluster["virtualIp"]} vip @param {Cluster["nodes"]} nodes @returns {string[]}
 */
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
      const example = `[${name.split(".")[0]}-static]`;
      if (other === key) found.push(`${key}: seen ${name} twice; expected it once`);
      else if (other)
        found.push(`${key}: seen ${name}, which is one of ${other} too; expected names of its own, like ${example}`);
      owners.set(name.toLowerCase(), key);
    }
  return found;
}

module.exports = { contradictions };
