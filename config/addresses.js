// IPv4 addresses and their subnets, by ip-address, which takes nothing else for one: neither 010.1.1.1 nor 10.1.
const { Address4 } = require("ip-address");

/** Whose addresses are no machine's own: this network, loopback, and multicast with all behind it. */
const NO_MACHINES = ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3"].map((subnet) => new Address4(subnet));

/**
 * Whether a machine may have this address.
 * @param {string} address IPv4, without a prefix
 * @throws {Error} where it is no address
 */
const isMachineAddress = (address) => !NO_MACHINES.some((subnet) => new Address4(address).isInSubnet(subnet));

/**
 * First and last address of the subnet that an address lies in: its own name and its broadcast.
 * @param {string} address IPv4 @param {number} prefix its length in bits
 */
function subnetOf(address, prefix) {
  const within = new Address4(`${address}/${prefix}`);
  return { first: within.startAddress().correctForm(), last: within.endAddress().correctForm() };
}

module.exports = { isMachineAddress, subnetOf };
