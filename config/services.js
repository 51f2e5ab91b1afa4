// The services by the names of the manual; what their units are called on a node is that node's business
// (node/lib/platform/units.sh).

const DATABASE_SERVICES = ["postgresql", "xcatd"];
const TIME_SERVICES = ["ntpd", "chronyd"];
const CONSOLE_SERVICES = ["conserver", "goconserver"];
const NETWORK_SERVICES = ["named", "dhcpd", ...TIME_SERVICES, ...CONSOLE_SERVICES];

/** @param {string} service */
const isTimeService = (service) => TIME_SERVICES.includes(service);

module.exports = { DATABASE_SERVICES, TIME_SERVICES, CONSOLE_SERVICES, NETWORK_SERVICES, isTimeService };
