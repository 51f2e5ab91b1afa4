import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { broadcastOf, ConfigError, hostKeyOf, loadCluster } from "../../config/cluster";
import { readStack } from "../../config/stack";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-config-"));
after(() => rmSync(folder, { recursive: true }));
const shipped = readFileSync(join(__dirname, "../../cluster.yaml"), "utf8");
const clusterFile = join(folder, "cluster.yaml");

mkdirSync(join(folder, "ssh"));
const FILES = {
  id_ed25519: "-----BEGIN OPENSSH PRIVATE KEY-----\n",
  "id_ed25519.pub": "ssh-ed25519 AAAA root@workstation\n",
  readable: "-----BEGIN OPENSSH PRIVATE KEY-----\n",
  known_hosts: "# the pair\nxcatmn1 ssh-ed25519 AAAA1\nxcatmn2,10.5.106.5 ssh-ed25519 AAAA2 root@xcatmn2\n",
  one_node: "xcatmn1 ssh-ed25519 AAAA1\n",
  rsa_only: "xcatmn1 ssh-ed25519 AAAA1\nxcatmn2 ssh-rsa AAAA2\n",
  cloned: "xcatmn1 ssh-ed25519 AAAA1\nxcatmn2 ssh-ed25519 AAAA1\n",
};
for (const [name, content] of Object.entries(FILES))
  writeFileSync(join(folder, "ssh", name), content, { mode: name === "readable" ? 0o644 : 0o600 });
chmodSync(join(folder, "ssh/readable"), 0o644);

function load(content: string) {
  writeFileSync(clusterFile, content);
  return loadCluster(clusterFile);
}

/** What a refusal says: each line below the first one, the test's folder as FOLDER. */
function refusal(content: string): string[] {
  try {
    load(content);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.stack, error.message, "Pulumi prints the stack: it must be the message alone");
    const [first, ...lines] = error.message.replaceAll(folder, "FOLDER").split("\n  ");
    const count = lines.length === 1 ? "one thing is" : `${lines.length} things are`;
    assert.equal(first, `cluster.yaml: ${count} wrong; nothing was touched`);
    return lines;
  }
  return [];
}

test("the shipped cluster file is good", () => {
  const { nodes, hostKeys, privateKeyFile, services } = load(shipped);
  assert.deepEqual(nodes, {
    xcatmn1: { address: "10.5.106.70", names: ["xcatmn1-static"], bootstrapAddress: "10.5.106.7" },
    xcatmn2: { address: "10.5.106.5" },
  });
  assert.deepEqual(hostKeys, { xcatmn1: "ssh-ed25519 AAAA1", xcatmn2: "ssh-ed25519 AAAA2" });
  assert.equal(privateKeyFile, join(folder, "ssh/id_ed25519"));
  assert.deepEqual(services, { database: ["postgresql", "xcatd"], network: ["named", "dhcpd", "ntpd", "conserver"] });
});

const TOP_KEYS =
  "virtualIp, share, network, nodes, services, hostsSync, leaseWait, ntpServers (optional), restoreFrom (optional), ssh";
const NETWORK_SERVICES = "named, dhcpd, ntpd, chronyd, conserver, goconserver";
const ABSOLUTE_PATH = "expected an absolute path like /HA, of letters, digits, . _ and -, without ..";
const MACHINE = "expected the IPv4 address of a machine, like 10.5.106.7";
const SCHEDULE = "expected five fields as in crontab(5), like 0 2 * * *";
const YAML = "expected YAML, key: value, with quotes around a value that holds a colon or begins with a bracket or *";
const WHOLE = /[\s\S]*/;
const SECOND_NODE = / {2}xcatmn2:\n.*\n/;

// What is wrong; what in the shipped file is replaced by what; every line of the message.
const BAD: [wrong: string, from: string | RegExp, to: string, ...says: string[]][] = [
  // The file as a whole
  ["an empty file", WHOLE, "", `the whole file: seen nothing; expected the keys ${TOP_KEYS}`],
  ["nothing but a comment", WHOLE, "# later\n", `the whole file: seen nothing; expected the keys ${TOP_KEYS}`],
  ["a list", WHOLE, "- xcatmn1\n", `the whole file: seen ["xcatmn1"]; expected the keys ${TOP_KEYS}`],
  [
    "a bracket that stays open",
    WHOLE,
    "share: [",
    `line 1, "share: [": Flow sequence in block collection must be sufficiently indented and end with a ]; ${YAML}`,
  ],
  [
    "a key twice",
    "share: /HA #",
    "share: /HA\nshare: /HB #",
    'line 10, "share: /HB # where both nodes mount the shared data": this key stands there twice; remove one of them',
  ],
  [
    "a node twice",
    "  xcatmn2:",
    "  xcatmn1:",
    'line 17, "  xcatmn1:": this key stands there twice; remove one of them',
  ],
  ["a tab", "  prefix: 8", "\tprefix: 8", 'line 5, "\\tprefix: 8": a tab; expected blanks as indentation'],
  [
    "a colon at the end of a value",
    "label: eth0:0",
    "label: eth0:",
    `line 7, "  label: eth0:": Nested mappings are not allowed in compact mappings; ${YAML}`,
  ],
  ["a second document", /$/, "---\nshare: /HB\n", 'line 34, "---": a second document begins; expected one'],
  [
    "a schedule that begins with a bare *",
    "0 2 * * * #",
    "*/20 * * * * #",
    `line 24, "hostsSync: */20 * * * * # when /etc/hosts goes from the active to the standby n...: Unexpected alias at node end; ${YAML}`,
  ],
  [
    "an alias without an anchor",
    "share: /HA",
    "share: *HA",
    "Unresolved alias (the anchor must be set before the alias): HA; expected plain values",
  ],

  // Keys
  ["a missing key", /leaseWait: .*\n/, "", "leaseWait: seen nothing; expected a number of seconds from 0 to 3600"],
  ["a key without a value", "share: /HA", "share:", `share: seen nothing; ${ABSOLUTE_PATH}`],
  ["an unknown key", "leaseWait:", "leasewait: 5\nleaseWait:", `leasewait: unknown key; expected one of ${TOP_KEYS}`],
  [
    "a misspelt key",
    "prefix: 8",
    "prefx: 8",
    "virtualIp.prefix: seen nothing; expected the length of the subnet's prefix, a number from 1 to 30",
    "virtualIp.prefx: unknown key; expected one of address, names, prefix, interface, label",
  ],
  [
    "two unknown keys of a node",
    "address: 10.5.106.5",
    "address: 10.5.106.5\n    ip: 10.5.106.5\n    role: standby",
    "nodes.xcatmn2.ip: unknown key; expected one of address, names (optional), bootstrapAddress (optional)",
    "nodes.xcatmn2.role: unknown key; expected one of address, names (optional), bootstrapAddress (optional)",
  ],
  [
    "wrong values all over",
    WHOLE,
    shipped
      .replace("prefix: 8", "prefix: 255.0.0.0")
      .replace("share: /HA", "share: HA")
      .replace("address: 10.5.106.5", "address: xcatmn2.cluster")
      .replace("port: 22", "port: ssh"),
    `virtualIp.prefix: seen "255.0.0.0"; expected the length of the subnet's prefix, a number from 1 to 30`,
    `share: seen "HA"; ${ABSOLUTE_PATH}`,
    `nodes.xcatmn2.address: seen "xcatmn2.cluster"; ${MACHINE}`,
    'ssh.port: seen "ssh"; expected a TCP port from 1 to 65535',
  ],

  // Virtual IP
  ["an IPv6 VIP", "address: 10.5.106.7 ", "address: fd00::7 ", `virtualIp.address: seen "fd00::7"; ${MACHINE}`],
  ["the VIP as a number", "address: 10.5.106.7 ", "address: 10.5 ", `virtualIp.address: seen 10.5; ${MACHINE}`],
  ["a loopback VIP", "address: 10.5.106.7 ", "address: 127.0.0.1 ", `virtualIp.address: seen "127.0.0.1"; ${MACHINE}`],
  [
    "the VIP with its prefix",
    "address: 10.5.106.7 ",
    "address: 10.5.106.7/8 ",
    `virtualIp.address: seen "10.5.106.7/8"; ${MACHINE}`,
  ],
  [
    "a prefix of one address",
    "prefix: 8",
    "prefix: 32",
    "virtualIp.prefix: seen 32; expected the length of the subnet's prefix, a number from 1 to 30",
  ],
  [
    "an interface with shell characters",
    "interface: eth0",
    "interface: eth0;reboot",
    'virtualIp.interface: seen "eth0;reboot"; expected the name of a network interface that leaves room for a label',
  ],
  [
    "a place to restore from that there is not",
    "restoreFrom: aside",
    "restoreFrom: backup",
    'restoreFrom: seen "backup"; expected one of aside, shared',
  ],
  [
    "a name with a blank",
    "names: [xcatmn1, xcatmn1.cluster.com]",
    "names: [xcatmn1 xcatmn1.cluster.com]",
    'virtualIp.names: seen ["xcatmn1 xcatmn1.cluster.com"]; expected a list of host names, like [xcatmn1, xcatmn1.cluster.com]',
  ],
  [
    "no names",
    "names: [xcatmn1, xcatmn1.cluster.com]",
    "names: []",
    "virtualIp.names: seen []; expected a list of host names, like [xcatmn1, xcatmn1.cluster.com]",
  ],
  [
    "the VIP and a node of one name",
    / {4}names: .*\n/,
    "",
    "nodes.xcatmn1.names: seen xcatmn1, which is one of virtualIp.names too; expected names of its own, like [xcatmn1-static]",
  ],
  [
    "a name twice in one list",
    "names: [xcatmn1-static]",
    "names: [mn1, MN1]",
    "nodes.xcatmn1.names: seen MN1 twice; expected it once",
  ],
  [
    "a label of another interface",
    "label: eth0:0",
    "label: eth1:0",
    'virtualIp.label: seen "eth1:0"; expected eth0: (virtualIp.interface) and something behind it, like eth0:0',
  ],
  [
    "a label without a number",
    "label: eth0:0",
    'label: "eth0:"',
    'virtualIp.label: seen "eth0:"; expected eth0: (virtualIp.interface) and something behind it, like eth0:0',
  ],
  [
    "a label of 16 characters",
    "label: eth0:0",
    "label: eth0:managements",
    'virtualIp.label: seen "eth0:managements"; expected a label like eth0:0, of at most 15 characters without blanks',
  ],

  // Share and network
  ["the root as share", "share: /HA", "share: /", `share: seen "/"; ${ABSOLUTE_PATH}`],
  ["a relative share", "share: /HA", "share: HA", `share: seen "HA"; ${ABSOLUTE_PATH}`],
  ["a share with a blank", "share: /HA", "share: /H A", `share: seen "/H A"; ${ABSOLUTE_PATH}`],
  ["a share that goes up", "share: /HA", "share: /HA/../etc", `share: seen "/HA/../etc"; ${ABSOLUTE_PATH}`],
  ["a share that is a command", "share: /HA", "share: /$(reboot)", `share: seen "/$(reboot)"; ${ABSOLUTE_PATH}`],
  [
    "a network as an address",
    "network: 10_0_0_0-255_0_0_0",
    "network: 10.0.0.0/8",
    'network: seen "10.0.0.0/8"; expected the name of a row in xCAT\'s networks table',
  ],

  // Nodes
  ["one node", SECOND_NODE, "", "nodes: seen xcatmn1; expected exactly two nodes"],
  [
    "three nodes",
    "  xcatmn2:",
    "  xcatmn3:\n    address: 10.5.106.6\n  xcatmn2:",
    "nodes: seen xcatmn1, xcatmn3, xcatmn2; expected exactly two nodes",
    "ssh.knownHosts: FOLDER/ssh/known_hosts has no ed25519 or ecdsa key of xcatmn3. On xcatmn3 (10.5.106.6): cat /etc/ssh/ssh_host_ed25519_key.pub; put that behind the name xcatmn3",
  ],
  [
    "nodes as a list",
    /nodes:[\s\S]*?\n\n/,
    "nodes: [xcatmn1, xcatmn2]\n\n",
    'nodes: seen ["xcatmn1","xcatmn2"]; expected two nodes by name, each with its address',
  ],
  [
    "a node that is only an address",
    SECOND_NODE,
    "  xcatmn2: 10.5.106.5\n",
    'nodes.xcatmn2: seen "10.5.106.5"; expected the keys address, names (optional), bootstrapAddress (optional)',
  ],
  [
    "a node name that is a command",
    "xcatmn2:",
    '"$(reboot)":',
    "nodes.$(reboot): cannot be a name here; expected a short host name of small letters, digits and -",
  ],
  [
    "a node name with its domain",
    "xcatmn2:",
    "xcatmn2.cluster:",
    "nodes.xcatmn2.cluster: cannot be a name here; expected a short host name of small letters, digits and -",
  ],
  [
    "the same static address twice",
    "address: 10.5.106.5",
    "address: 10.5.106.70",
    'nodes.xcatmn2.address: seen "10.5.106.70", which is nodes.xcatmn1.address; expected an address of its own',
  ],
  [
    "the VIP as static address",
    "address: 10.5.106.5",
    "address: 10.5.106.7",
    'nodes.xcatmn2.address: seen "10.5.106.7", which is virtualIp.address; expected an address of its own',
    'nodes.xcatmn1.bootstrapAddress: seen "10.5.106.7", which is nodes.xcatmn2.address; expected where xcatmn1 answers now',
  ],
  [
    "a static address outside the subnet",
    "address: 10.5.106.5",
    "address: 11.5.106.5",
    'nodes.xcatmn2.address: seen "11.5.106.5"; expected an address in the subnet of the VIP, 10.5.106.7/8 (10.0.0.0 to 10.255.255.255)',
  ],
  [
    "a prefix that leaves a node outside",
    "prefix: 8",
    "prefix: 26",
    'nodes.xcatmn1.address: seen "10.5.106.70"; expected an address in the subnet of the VIP, 10.5.106.7/26 (10.5.106.0 to 10.5.106.63)',
  ],
  [
    "the broadcast address",
    "address: 10.5.106.5",
    "address: 10.255.255.255",
    'nodes.xcatmn2.address: seen "10.255.255.255", the broadcast address of 10.0.0.0/8; expected one of a machine',
  ],
  [
    "the subnet's own address",
    "address: 10.5.106.5",
    "address: 10.0.0.0",
    'nodes.xcatmn2.address: seen "10.0.0.0", the network address of 10.0.0.0/8; expected one of a machine',
  ],
  [
    "an address with a leading zero",
    "address: 10.5.106.5",
    "address: 10.5.106.05",
    `nodes.xcatmn2.address: seen "10.5.106.05"; ${MACHINE}`,
  ],
  [
    "a bootstrap address that is the other node",
    "bootstrapAddress: 10.5.106.7",
    "bootstrapAddress: 10.5.106.5",
    'nodes.xcatmn1.bootstrapAddress: seen "10.5.106.5", which is nodes.xcatmn2.address; expected where xcatmn1 answers now',
  ],
  [
    "one bootstrap address for both",
    "address: 10.5.106.5",
    "address: 10.5.106.5\n    bootstrapAddress: 10.5.106.7",
    'nodes.xcatmn2.bootstrapAddress: seen "10.5.106.7", which is nodes.xcatmn1.bootstrapAddress; expected where xcatmn2 answers now',
  ],

  // Services
  [
    "an unknown service",
    "[named, dhcpd, ntpd, conserver]",
    "[named, dhcp]",
    `services.network.1: seen "dhcp"; expected one of ${NETWORK_SERVICES}`,
  ],
  [
    "a service in the wrong set",
    "[named,",
    "[postgresql, named,",
    `services.network.0: seen "postgresql"; expected one of ${NETWORK_SERVICES}`,
  ],
  [
    "a service that is no list",
    "[postgresql, xcatd]",
    "postgresql",
    'services.database: seen "postgresql"; expected a list like [postgresql, xcatd]',
  ],
  ["no xcatd", "[postgresql, xcatd]", "[postgresql]", 'services.database: seen ["postgresql"]; xcatd is missing'],
  [
    "xcatd before its database",
    "[postgresql, xcatd]",
    "[xcatd, postgresql]",
    "services.database: seen xcatd before postgresql; expected postgresql first, xcatd needs it",
  ],
  ["a service twice", "[named,", "[named, named,", "services.network: seen named twice; expected it once"],
  [
    "both console services",
    "conserver]",
    "conserver, goconserver]",
    "services.network: seen conserver and goconserver; expected the one that the site uses",
  ],
  [
    "both time services",
    "ntpd,",
    "ntpd, chronyd,",
    "services.network: seen ntpd and chronyd; expected the one that the site uses",
  ],

  // Schedule and wait
  ["a schedule of four fields", "0 2 * * * #", "0 2 * * #", `hostsSync: seen "0 2 * *"; ${SCHEDULE}`],
  ["an hour that no clock has", "0 2 * * * #", "0 24 * * * #", `hostsSync: seen "0 24 * * *"; ${SCHEDULE}`],
  ["a day in words of its own", "0 2 * * * #", "0 2 * * never #", `hostsSync: seen "0 2 * * never"; ${SCHEDULE}`],
  [
    "a second line in the schedule",
    "0 2 * * * #",
    '"0 2 * * *\\n* * * * * root reboot" #',
    `hostsSync: seen "0 2 * * *\\n* * * * * root reboot"; ${SCHEDULE}`,
  ],
  ["a negative wait", "Wait: 20", "Wait: -1", "leaseWait: seen -1; expected a number of seconds from 0 to 3600"],
  ["a wait in quotes", "Wait: 20", 'Wait: "20"', 'leaseWait: seen "20"; expected a number of seconds from 0 to 3600'],

  // SSH
  ["another user than root", "user: root", "user: admin", 'ssh.user: seen "admin"; expected root'],
  ["a port beyond the last", "port: 22", "port: 65536", "ssh.port: seen 65536; expected a TCP port from 1 to 65535"],
  [
    "a key file that is not there",
    "ssh/id_ed25519",
    "ssh/nothing",
    'ssh.privateKey: seen "ssh/nothing"; no such file. ssh-keygen -t ed25519 -f FOLDER/ssh/nothing, then ssh-copy-id -i FOLDER/ssh/nothing root@NODE for both nodes',
  ],
  [
    "a folder as key file",
    "ssh/id_ed25519",
    "ssh",
    'ssh.privateKey: seen "ssh", a directory; expected the file of a private key',
  ],
  [
    "the public half of the key",
    "ssh/id_ed25519",
    "ssh/id_ed25519.pub",
    'ssh.privateKey: seen "ssh/id_ed25519.pub", a public key; expected the private one, without .pub',
  ],
  [
    "a key that others may read",
    "ssh/id_ed25519",
    "ssh/readable",
    'ssh.privateKey: seen "ssh/readable", which others may read (mode 644): ssh ignores it. chmod 600 FOLDER/ssh/readable',
  ],
  [
    "no file of host keys",
    "ssh/known_hosts",
    "ssh/hosts",
    'ssh.knownHosts: seen "ssh/hosts", no such file; expected FOLDER/ssh/hosts with a line a node: its name, then what cat /etc/ssh/ssh_host_ed25519_key.pub prints on it',
  ],
  [
    "a node without a pinned key",
    "ssh/known_hosts",
    "ssh/one_node",
    "ssh.knownHosts: FOLDER/ssh/one_node has no ed25519 or ecdsa key of xcatmn2. On xcatmn2 (10.5.106.5): cat /etc/ssh/ssh_host_ed25519_key.pub; put that behind the name xcatmn2",
  ],
  [
    "a node with nothing but an RSA key",
    "ssh/known_hosts",
    "ssh/rsa_only",
    "ssh.knownHosts: FOLDER/ssh/rsa_only has no ed25519 or ecdsa key of xcatmn2. On xcatmn2 (10.5.106.5): cat /etc/ssh/ssh_host_ed25519_key.pub; put that behind the name xcatmn2",
  ],
  [
    "two nodes with one host key",
    "ssh/known_hosts",
    "ssh/cloned",
    "ssh.knownHosts: xcatmn1 and xcatmn2 have the same key; expected two machines. Where one was cloned from the other: rm /etc/ssh/ssh_host_*; ssh-keygen -A on xcatmn2",
  ],
];

for (const [wrong, from, to, ...says] of BAD) {
  test(`cluster.yaml with ${wrong} is refused`, () => {
    const content = shipped.replace(from, () => to);
    assert.notEqual(content, shipped, "the row changes nothing in the shipped file");
    assert.deepEqual(refusal(content), says);
  });
}

const GOOD: [what: string, from: string | RegExp, to: string][] = [
  ["no bootstrap address", / +bootstrapAddress: .*\n/, ""],
  ["chronyd and goconserver", "ntpd, conserver", "chronyd, goconserver"],
  ["no console service", ", conserver]", "]"],
  ["a label of 15 characters", "label: eth0:0", "label: eth0:management"],
  ["a VLAN interface", /eth0/g, "bond0.106"],
  ["a share below other directories", "share: /HA", "share: /srv/xcat-ha_1"],
  ["a schedule with lists, ranges, steps and names", "0 2 * * * #", '"*/20,5 0-6/2 1,15 jan-mar Mon-fri" #'],
  ["no wait", "leaseWait: 20", "leaseWait: 0"],
];

for (const [what, from, to] of GOOD) {
  test(`cluster.yaml with ${what} is good`, () => {
    const content = shipped.replace(from, to);
    assert.notEqual(content, shipped, "the row changes nothing in the shipped file");
    assert.deepEqual(refusal(content), []);
  });
}

test("a cluster file that is not there names where it was looked for", () => {
  assert.throws(() => loadCluster(join(folder, "other.yaml")), {
    message: `other.yaml: one thing is wrong; nothing was touched\n  ${folder}/other.yaml: no such file; git checkout other.yaml brings the one that ships`,
  });
});

test("the broadcast address of a subnet is its last one", () => {
  const SUBNETS = {
    "10.5.106.7/8": "10.255.255.255",
    "10.5.106.70/26": "10.5.106.127",
    "192.168.200.1/30": "192.168.200.3",
  };
  for (const [subnet, last] of Object.entries(SUBNETS)) {
    const [address, prefix] = subnet.split("/");
    assert.equal(broadcastOf(address, Number(prefix)), last);
  }
});

test("of several host keys the ed25519 one is pinned, then ecdsa, RSA never", () => {
  assert.equal(hostKeyOf("n ssh-rsa AAA\nn ecdsa-sha2-nistp256 BBB\nn ssh-ed25519 CCC", "n"), "ssh-ed25519 CCC");
  assert.equal(hostKeyOf("a,n ecdsa-sha2-nistp256 BBB", "n"), "ecdsa-sha2-nistp256 BBB");
  assert.equal(hostKeyOf("n ssh-rsa AAA\nnn ssh-ed25519 CCC\n# n ssh-ed25519 DDD", "n"), undefined);
});

type StackValues = { node?: string; activeNode?: string };

function stackOf(stack: string, values: StackValues) {
  return readStack(stack, { get: (key: string) => values[key as keyof StackValues] } as never, load(shipped));
}

const ROLES: [values: StackValues, node: string, peer: string, role: string][] = [
  [{ node: "xcatmn1", activeNode: "xcatmn1" }, "xcatmn1", "xcatmn2", "active"],
  [{ node: "xcatmn2", activeNode: "xcatmn1" }, "xcatmn2", "xcatmn1", "standby"],
  [{ node: "xcatmn1", activeNode: "xcatmn2" }, "xcatmn1", "xcatmn2", "standby"],
  [{ node: "xcatmn2", activeNode: "xcatmn2" }, "xcatmn2", "xcatmn1", "active"],
];

for (const [values, node, peer, role] of ROLES)
  test(`stack of ${values.node} with activeNode ${values.activeNode}: ${role}`, () =>
    assert.deepEqual(stackOf("any", values), { node, peer, role }));

const BAD_STACKS: [values: StackValues, ...says: string[]][] = [
  [
    { node: "xcatmn1" },
    "activeNode: not set; expected xcatmn1 or xcatmn2. pulumi config set activeNode xcatmn1 -s standby, or: pulumi config set activeNode xcatmn2 -s standby",
  ],
  [
    { activeNode: "xcatmn1" },
    "node: not set; expected xcatmn1 or xcatmn2. pulumi config set node xcatmn1 -s standby, or: pulumi config set node xcatmn2 -s standby",
  ],
  [
    { node: "xcatmn2", activeNode: "xcatmn9" },
    'activeNode: seen "xcatmn9", which is no node of cluster.yaml; expected xcatmn1 or xcatmn2. pulumi config set activeNode xcatmn1 -s standby, or: pulumi config set activeNode xcatmn2 -s standby',
  ],
  [
    { node: "", activeNode: "xcatmn1 " },
    'node: seen "", which is no node of cluster.yaml; expected xcatmn1 or xcatmn2. pulumi config set node xcatmn1 -s standby, or: pulumi config set node xcatmn2 -s standby',
    'activeNode: seen "xcatmn1 ", which is no node of cluster.yaml; expected xcatmn1 or xcatmn2. pulumi config set activeNode xcatmn1 -s standby, or: pulumi config set activeNode xcatmn2 -s standby',
  ],
];

for (const [values, ...says] of BAD_STACKS)
  test(`stack config ${JSON.stringify(values)} is refused`, () => {
    const count = says.length === 1 ? "one thing is" : `${says.length} things are`;
    assert.throws(() => stackOf("standby", values), {
      name: "Error",
      message: `Pulumi.standby.yaml: ${count} wrong; nothing was touched\n${says.map((line) => `  ${line}`).join("\n")}`,
    });
  });
