// What the lab takes from a cluster file, as words that bash reads: share, interface, prefix, netmask, console,
// set, and a line per node.
const fs = require("node:fs");
const { Address4 } = require("ip-address");
const { parse } = require("yaml");

const { virtualIp, share, services, nodes } = parse(fs.readFileSync(process.argv[2], "utf8"));
console.log(`share ${share}`);
console.log(`interface ${virtualIp.interface}`);
console.log(`prefix ${virtualIp.prefix}`);
console.log(`netmask ${new Address4(`0.0.0.0/${virtualIp.prefix}`).subnetMaskAddress().correctForm()}`);
console.log(`console ${services.network.includes("goconserver") ? "goconserver" : "conserver"}`);
// The second set: chrony and NetworkManager, where the first has ntpd and ifupdown.
console.log(`set ${services.network.includes("chronyd") ? "second" : "first"}`);
// The node with a bootstrap address is the manual's working management node; the others are freshly installed.
for (const [name, { address, bootstrapAddress }] of Object.entries(nodes)) {
  for (const at of [address, bootstrapAddress]) if (at) console.log(`address ${name} ${at}`);
  console.log(`node ${name} ${bootstrapAddress ?? address} ${bootstrapAddress ? "production" : "fresh"}`);
}
