// Bad input, and what the user reads before anything is touched: one table, a row a case.
// test/unit/refusals.test.ts runs the rows that need no machine of the lab, test/lab/refusals.test.ts the others, with a look at both
// nodes before and after.

type Edits = [from: string | RegExp, to: string][];

/** A file's text with these edits, each of which changes something. */
export const edited = (content: string, edits: Edits): string =>
  edits.reduce((before, [from, to]) => {
    const after = before.replace(from, () => to);
    if (after === before) throw new Error(`the edit ${from} changes nothing`);
    return after;
  }, content);

/** One way to break the input. In the lines of an error stand FOLDER, PORT and the like for what differs from run to run. */
export type Refusal = {
  group: "config" | "cluster file" | "network" | "credentials" | "node state" | "share state";
  what: string;
  /** Every line of the error; of a file's, every line behind the first. */
  says: string[];
} & (
  | {
      /** What in the shipped cluster.yaml is replaced by what. */
      file: Edits;
      /** In the lab too. */
      lab?: true;
    }
  | {
      /** The config of the stack `standby`. */
      stack: { node?: string; activeNode?: string };
      lab?: true;
    }
  | { session: SessionFault }
  | {
      /** Shell that breaks a node of its own: `$SHARE` is a mount, the local directories lie below `$LOCAL`. */
      node: string;
      role: "active" | "standby";
      /** The stack that asks; none asks for a plan at the console. */
      asking?: string;
    }
  | { labOnly: LabFault }
);

/** What is wrong on the way to a node whose address is loopback. */
export type SessionFault = {
  /** What answers at the port. */
  answers: "nothing" | "silence" | "a greeting and silence" | "another protocol" | "sshd";
  /** Where the node was found first. */
  bootstrapAddress?: string;
  /** The key is not the one that sshd knows. */
  unknownKey?: true;
  /** The pin is not sshd's key. */
  otherPin?: true;
  /** The user, and what sudo says to him; nothing where there is no sudo. */
  user?: { name: string; sudo?: string };
};

/** What is wrong in the lab, where xcatmn1 is active, and with which stack `pulumi up` is run. */
export type LabFault = {
  stack: "primary" | "standby" | "second";
  config?: Record<string, string>;
  file?: Edits;
  /** The pinned host keys of both nodes change places. */
  swappedPins?: true;
  /** A command on xcatmn2, and the one that takes it back. */
  onXcatmn2?: [make: string, undo: string];
  /** An action of `lab/lab share xcatmn2`, and the one that takes it back. */
  share?: [make: string, undo: string];
};

const TOP_KEYS =
  "virtualIp, share, network, nodes, services, hostsSync, leaseWait, ntpServers (optional), restoreFrom (optional), onShareLoss (optional), shareLossSeconds (optional), ssh";
const NETWORK_SERVICES = "named, dhcpd, ntpd, chronyd, conserver, goconserver";
const ABSOLUTE_PATH = "expected an absolute path like /HA, of letters, digits, . _ and -, without ..";
const MACHINE = "expected the IPv4 address of a machine, like 10.5.106.7";
const TIME_SERVERS = "expected a list of time servers, each once, by address or name, like [10.0.0.103]";
const SCHEDULE = "expected five fields as in crontab(5), like 0 2 * * *";
const YAML = "expected YAML, key: value, with quotes around a value that holds a colon or begins with a bracket or *";
const PLAIN = "expected the value itself, written out at each place";
const WHOLE = /[\s\S]*/;
const SECOND_NODE = / {2}xcatmn2:\n.*\n/;
const UNREACHABLE =
  "xcatmn1 at 127.0.0.1:PORT could not be reached by SSH within 5 s; expected an answer; nothing was touched";
const REACH = "next: ssh -p PORT root@127.0.0.1; check nodes.xcatmn1.address in cluster.yaml, and that the node is up";
const sudoers = (node: string, address: string, evidence: string, first = "") => [
  `admin on ${node} (${address}) may not become root by sudo without a password; expected that, or ssh.user root in cluster.yaml; nothing was touched`,
  `evidence: ${evidence}`,
  `next: as root on ${node}: ${first}echo 'admin ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/xcat-ha; chmod 440 /etc/sudoers.d/xcat-ha`,
];
const share = (seen: string, node = "xcatmn1") => [
  `/HA on ${node} ${seen}; expected the shared data, mounted and writable; nothing was touched`,
  "evidence: stat and findmnt -T /HA",
  `next: mount the shared data on ${node}, then run the same command again`,
];
const otherStack = (asking: string) => [
  `xcatmn1 is managed by the stack xcat-ha/primary; expected ${asking}, which asks; nothing was touched`,
  "evidence: /etc/xcat-ha/stack on xcatmn1",
  "next: pulumi up -s primary",
  `next: pulumi config set node xcatmn2 -s ${asking.replace("xcat-ha/", "")}`,
  `next: where xcat-ha/primary was renamed to ${asking} or is no more: rm /etc/xcat-ha/stack on xcatmn1, then the same command again`,
];
/** The newest epoch, of a node that runs. */
const epoch = (node: string, machine: string) =>
  `mkdir -p "$SHARE/.xcat-ha/epoch"; printf 'node ${node}\nmachine %s\nboot there\ntime noon\n' "${machine}" >"$SHARE/.xcat-ha/epoch/000004.owner"`;

/** What a node says whose peer, by its own file beside the lease, could not go on. */
const peerUnfit = (why: string) => [
  `xcatmn2 cannot run the database of the pair: ${why}; expected a node that can before xcatmn1 steps down; nothing was touched`,
  "evidence: /HA/.xcat-ha/nodes/xcatmn2, as the watch of xcatmn2 wrote it last",
  "next: correct it on xcatmn2; half a minute later the same command again",
  "next: to stop the services although no node could go on: systemctl stop xcat-ha-watch.timer on xcatmn2, rm /HA/.xcat-ha/nodes/xcatmn2, then the same command again",
];
/** A pair whose owner is xcatmn1, in this boot, and what xcatmn2 has written of itself. */
const ownerBeside = (facts: string) => `
  mkdir -p "$SHARE"/{xcat,install,pgsql} "$SHARE"/.xcat-ha/{epoch,beat,nodes}
  for name in xcat install pgsql; do ln -s "$SHARE/$name" "$LOCAL/$name"; done
  printf 'node xcatmn1\\nmachine %032d\\nboot %s\\ntime noon\\n' 1 "$(cat /proc/sys/kernel/random/boot_id)" >"$SHARE/.xcat-ha/epoch/000004.owner"
  printf '${facts}end of document\\n' >"$SHARE/.xcat-ha/nodes/xcatmn2"; echo 7 >"$SHARE/.xcat-ha/beat/xcatmn1"`;

export const ADD_ADMIN =
  "useradd -m -s /bin/bash admin; install -d -o admin -m 700 ~admin/.ssh; install -o admin -m 600 /root/.ssh/authorized_keys ~admin/.ssh/";
export const REMOVE_ADMIN = "userdel -r admin 2>/dev/null; rm -f /etc/sudoers.d/xcat-ha";

export const REFUSALS: Refusal[] = [
  // Stack config
  {
    group: "config",
    what: "no activeNode",
    stack: { node: "xcatmn1" },
    says: [
      "activeNode: not set; expected xcatmn1 or xcatmn2. pulumi config set activeNode xcatmn1 -s standby, or: pulumi config set activeNode xcatmn2 -s standby",
    ],
  },
  {
    group: "config",
    what: "no node",
    stack: { activeNode: "xcatmn1" },
    says: [
      "node: not set; expected xcatmn1 or xcatmn2. pulumi config set node xcatmn1 -s standby, or: pulumi config set node xcatmn2 -s standby",
    ],
  },
  {
    group: "config",
    what: "an activeNode that is no node",
    lab: true,
    stack: { node: "xcatmn2", activeNode: "xcatmn9" },
    says: [
      'activeNode: seen "xcatmn9", which is no node of cluster.yaml; expected xcatmn1 or xcatmn2. pulumi config set activeNode xcatmn1 -s standby, or: pulumi config set activeNode xcatmn2 -s standby',
    ],
  },
  {
    group: "config",
    what: "an empty node and a blank behind activeNode",
    stack: { node: "", activeNode: "xcatmn1 " },
    says: [
      'node: seen "", which is no node of cluster.yaml; expected xcatmn1 or xcatmn2. pulumi config set node xcatmn1 -s standby, or: pulumi config set node xcatmn2 -s standby',
      'activeNode: seen "xcatmn1 ", which is no node of cluster.yaml; expected xcatmn1 or xcatmn2. pulumi config set activeNode xcatmn1 -s standby, or: pulumi config set activeNode xcatmn2 -s standby',
    ],
  },
  // The file as a whole
  {
    group: "cluster file",
    what: "an empty file",
    file: [[WHOLE, ""]],
    says: [`the whole file: seen nothing; expected the keys ${TOP_KEYS}`],
  },
  {
    group: "cluster file",
    what: "nothing but a comment",
    file: [[WHOLE, "# later\n"]],
    says: [`the whole file: seen nothing; expected the keys ${TOP_KEYS}`],
  },
  {
    group: "cluster file",
    what: "a list",
    file: [[WHOLE, "- xcatmn1\n"]],
    says: [`the whole file: seen ["xcatmn1"]; expected the keys ${TOP_KEYS}`],
  },
  {
    group: "cluster file",
    what: "a bracket that stays open",
    file: [[WHOLE, "share: ["]],
    says: [
      `line 1, "share: [": Flow sequence in block collection must be sufficiently indented and end with a ]; ${YAML}`,
    ],
  },
  {
    group: "cluster file",
    what: "a key twice",
    file: [["share: /HA #", "share: /HA\nshare: /HB #"]],
    says: [
      'line 10, "share: /HB # where both nodes mount the shared data": this key stands there twice; remove one of them',
    ],
  },
  {
    group: "cluster file",
    what: "a node twice",
    file: [["  xcatmn2:", "  xcatmn1:"]],
    says: ['line 17, "  xcatmn1:": this key stands there twice; remove one of them'],
  },
  {
    group: "cluster file",
    what: "a tab",
    file: [["  prefix: 8", "\tprefix: 8"]],
    says: ['line 5, "\\tprefix: 8": a tab; expected blanks as indentation'],
  },
  {
    group: "cluster file",
    what: "a colon at the end of a value",
    file: [["label: eth0:0", "label: eth0:"]],
    says: [`line 7, "  label: eth0:": Nested mappings are not allowed in compact mappings; ${YAML}`],
  },
  {
    group: "cluster file",
    what: "a second document",
    file: [[/$/, "---\nshare: /HB\n"]],
    says: ['line 36, "---": a second document begins; expected one'],
  },
  {
    group: "cluster file",
    what: "a schedule that begins with a bare *",
    file: [["0 2 * * * #", "*/20 * * * * #"]],
    says: [
      `line 24, "hostsSync: */20 * * * * # when /etc/hosts goes from the active to the standby n...: Unexpected alias at node end; ${YAML}`,
    ],
  },
  {
    group: "cluster file",
    what: "an alias",
    file: [["share: /HA #", "share: *HA #"]],
    says: [`line 9, "share: *HA # where both nodes mount the shared data": the alias *HA; ${PLAIN}`],
  },
  {
    group: "cluster file",
    what: "an anchor and its alias",
    file: [
      ["network: 10_0_0_0-255_0_0_0 #", "network: &net 10_0_0_0-255_0_0_0 #"],
      ["privateKey: ssh/id_ed25519 ", "privateKey: *net "],
    ],
    says: [
      `line 10, "network: &net 10_0_0_0-255_0_0_0 # the xCAT networks object whose mgtifname is ...: the anchor &net; ${PLAIN}`,
      `line 34, "  privateKey: *net # relative to this file": the alias *net; ${PLAIN}`,
    ],
  },
  {
    group: "cluster file",
    what: "a node merged from another",
    file: [
      ["  xcatmn1:\n", "  xcatmn1: &first\n"],
      ["  xcatmn2:\n", "  xcatmn2:\n    <<: *first\n"],
    ],
    says: [
      `line 13, "  xcatmn1: &first": the anchor &first; ${PLAIN}`,
      `line 18, "    <<: *first": the alias *first; ${PLAIN}`,
    ],
  },
  // Keys
  {
    group: "cluster file",
    what: "a missing key",
    file: [[/leaseWait: .*\n/, ""]],
    says: ["leaseWait: seen nothing; expected a number of seconds from 0 to 3600"],
  },
  {
    group: "cluster file",
    what: "a key without a value",
    file: [["share: /HA", "share:"]],
    says: [`share: seen nothing; ${ABSOLUTE_PATH}`],
  },
  {
    group: "cluster file",
    what: "an unknown key",
    file: [["leaseWait:", "leasewait: 5\nleaseWait:"]],
    says: [`leasewait: unknown key; expected one of ${TOP_KEYS}`],
  },
  {
    group: "cluster file",
    what: "a misspelt key",
    file: [["prefix: 8", "prefx: 8"]],
    says: [
      "virtualIp.prefix: seen nothing; expected the length of the subnet's prefix, a number from 1 to 30",
      "virtualIp.prefx: unknown key; expected one of address, names, prefix, interface, label",
    ],
  },
  {
    group: "cluster file",
    what: "two unknown keys of a node",
    file: [["address: 10.5.106.5", "address: 10.5.106.5\n    ip: 10.5.106.5\n    role: standby"]],
    says: [
      "nodes.xcatmn2.ip: unknown key; expected one of address, names (optional), bootstrapAddress (optional)",
      "nodes.xcatmn2.role: unknown key; expected one of address, names (optional), bootstrapAddress (optional)",
    ],
  },
  {
    group: "cluster file",
    what: "wrong values all over",
    lab: true,
    file: [
      ["prefix: 8", "prefix: 255.0.0.0"],
      ["share: /HA", "share: HA"],
      ["address: 10.5.106.5", "address: xcatmn2.cluster"],
      ["port: 22", "port: ssh"],
    ],
    says: [
      `virtualIp.prefix: seen "255.0.0.0"; expected the length of the subnet's prefix, a number from 1 to 30`,
      `share: seen "HA"; ${ABSOLUTE_PATH}`,
      `nodes.xcatmn2.address: seen "xcatmn2.cluster"; ${MACHINE}`,
      'ssh.port: seen "ssh"; expected a TCP port from 1 to 65535',
    ],
  },
  // Virtual IP
  {
    group: "network",
    what: "an IPv6 VIP",
    file: [["address: 10.5.106.7 ", "address: fd00::7 "]],
    says: [`virtualIp.address: seen "fd00::7"; ${MACHINE}`],
  },
  {
    group: "network",
    what: "the VIP as a number",
    file: [["address: 10.5.106.7 ", "address: 10.5 "]],
    says: [`virtualIp.address: seen 10.5; ${MACHINE}`],
  },
  {
    group: "network",
    what: "a loopback VIP",
    file: [["address: 10.5.106.7 ", "address: 127.0.0.1 "]],
    says: [`virtualIp.address: seen "127.0.0.1"; ${MACHINE}`],
  },
  {
    group: "network",
    what: "the VIP with its prefix",
    file: [["address: 10.5.106.7 ", "address: 10.5.106.7/8 "]],
    says: [`virtualIp.address: seen "10.5.106.7/8"; ${MACHINE}`],
  },
  {
    group: "network",
    what: "a prefix of one address",
    file: [["prefix: 8", "prefix: 32"]],
    says: ["virtualIp.prefix: seen 32; expected the length of the subnet's prefix, a number from 1 to 30"],
  },
  ...["010.1.1.1", "10.1", "0.1.2.3", "224.0.0.1", "255.255.255.255"].map(
    (address): Refusal => ({
      group: "network",
      what: `the VIP ${address}`,
      file: [["address: 10.5.106.7 ", `address: "${address}" `]],
      says: [`virtualIp.address: seen "${address}"; ${MACHINE}`],
    }),
  ),
  {
    group: "network",
    what: "an interface with shell characters",
    file: [["interface: eth0", "interface: eth0;reboot"]],
    says: [
      'virtualIp.interface: seen "eth0;reboot"; expected the name of a network interface that leaves room for a label',
    ],
  },
  {
    group: "network",
    what: "a name with a blank",
    file: [["names: [xcatmn1, xcatmn1.cluster.com]", "names: [xcatmn1 xcatmn1.cluster.com]"]],
    says: ['virtualIp.names.0: seen "xcatmn1 xcatmn1.cluster.com"; expected a host name, like xcatmn1.cluster.com'],
  },
  {
    group: "network",
    what: "a name with the dot that ends it in the DNS",
    file: [["xcatmn1.cluster.com]", "xcatmn1.cluster.com.]"]],
    says: ['virtualIp.names.1: seen "xcatmn1.cluster.com."; expected a host name, like xcatmn1.cluster.com'],
  },
  {
    group: "network",
    what: "one name, and no list",
    file: [["names: [xcatmn1, xcatmn1.cluster.com]", "names: xcatmn1"]],
    says: ['virtualIp.names: seen "xcatmn1"; expected a list of host names, like [xcatmn1, xcatmn1.cluster.com]'],
  },
  {
    group: "network",
    what: "no names",
    file: [["names: [xcatmn1, xcatmn1.cluster.com]", "names: []"]],
    says: ["virtualIp.names: seen []; expected a list of host names, like [xcatmn1, xcatmn1.cluster.com]"],
  },
  {
    group: "network",
    what: "the VIP and a node of one name",
    file: [[/ {4}names: .*\n/, ""]],
    says: [
      "nodes.xcatmn1.names: seen xcatmn1, which is one of virtualIp.names too; expected names of its own, like [xcatmn1-static]",
    ],
  },
  {
    group: "network",
    what: "a name twice in one list",
    file: [["names: [xcatmn1-static]", "names: [mn1, MN1]"]],
    says: ["nodes.xcatmn1.names: seen MN1 twice; expected it once"],
  },
  {
    group: "network",
    what: "a label of another interface",
    file: [["label: eth0:0", "label: eth1:0"]],
    says: ['virtualIp.label: seen "eth1:0"; expected eth0: (virtualIp.interface) and something behind it, like eth0:0'],
  },
  {
    group: "network",
    what: "a label without a number",
    file: [["label: eth0:0", 'label: "eth0:"']],
    says: ['virtualIp.label: seen "eth0:"; expected eth0: (virtualIp.interface) and something behind it, like eth0:0'],
  },
  {
    group: "network",
    what: "a label of 16 characters",
    file: [["label: eth0:0", "label: eth0:managements"]],
    says: [
      'virtualIp.label: seen "eth0:managements"; expected a label like eth0:0, of at most 15 characters without blanks',
    ],
  },
  // Share and network
  {
    group: "cluster file",
    what: "the root as share",
    file: [["share: /HA", "share: /"]],
    says: [`share: seen "/"; ${ABSOLUTE_PATH}`],
  },
  {
    group: "cluster file",
    what: "a relative share",
    file: [["share: /HA", "share: HA"]],
    says: [`share: seen "HA"; ${ABSOLUTE_PATH}`],
  },
  {
    group: "cluster file",
    what: "a share with a blank",
    file: [["share: /HA", "share: /H A"]],
    says: [`share: seen "/H A"; ${ABSOLUTE_PATH}`],
  },
  {
    group: "cluster file",
    what: "a share that goes up",
    file: [["share: /HA", "share: /HA/../etc"]],
    says: [`share: seen "/HA/../etc"; ${ABSOLUTE_PATH}`],
  },
  {
    group: "cluster file",
    what: "a share that is a command",
    file: [["share: /HA", "share: /$(reboot)"]],
    says: [`share: seen "/$(reboot)"; ${ABSOLUTE_PATH}`],
  },
  {
    group: "cluster file",
    what: "a network as an address",
    file: [["network: 10_0_0_0-255_0_0_0", "network: 10.0.0.0/8"]],
    says: ['network: seen "10.0.0.0/8"; expected the name of a row in xCAT\'s networks table'],
  },
  // Nodes
  {
    group: "network",
    what: "one node",
    file: [[SECOND_NODE, ""]],
    says: ["nodes: seen xcatmn1; expected exactly two nodes"],
  },
  {
    group: "network",
    what: "three nodes",
    file: [["  xcatmn2:", "  xcatmn3:\n    address: 10.5.106.6\n  xcatmn2:"]],
    says: [
      "nodes: seen xcatmn1, xcatmn3, xcatmn2; expected exactly two nodes",
      "ssh.knownHosts: FOLDER/ssh/known_hosts has no ed25519 or ecdsa key of xcatmn3. On xcatmn3 (10.5.106.6): cat /etc/ssh/ssh_host_ed25519_key.pub; put that behind the name xcatmn3",
    ],
  },
  {
    group: "network",
    what: "nodes as a list",
    file: [[/nodes:[\s\S]*?\n\n/, "nodes: [xcatmn1, xcatmn2]\n\n"]],
    says: ['nodes: seen ["xcatmn1","xcatmn2"]; expected two nodes by name, each with its address'],
  },
  {
    group: "network",
    what: "a node that is only an address",
    file: [[SECOND_NODE, "  xcatmn2: 10.5.106.5\n"]],
    says: [
      'nodes.xcatmn2: seen "10.5.106.5"; expected the keys address, names (optional), bootstrapAddress (optional)',
    ],
  },
  {
    group: "network",
    what: "a node name that is a command",
    file: [["xcatmn2:", '"$(reboot)":']],
    says: ["nodes.$(reboot): cannot be a name here; expected a short host name of small letters, digits and -"],
  },
  {
    group: "network",
    what: "a node name with its domain",
    file: [["xcatmn2:", "xcatmn2.cluster:"]],
    says: ["nodes.xcatmn2.cluster: cannot be a name here; expected a short host name of small letters, digits and -"],
  },
  {
    group: "network",
    what: "the same static address twice",
    file: [["address: 10.5.106.5", "address: 10.5.106.70"]],
    says: ['nodes.xcatmn2.address: seen "10.5.106.70", which is nodes.xcatmn1.address; expected an address of its own'],
  },
  {
    group: "network",
    what: "the VIP as static address",
    file: [["address: 10.5.106.5", "address: 10.5.106.7"]],
    says: [
      'nodes.xcatmn2.address: seen "10.5.106.7", which is virtualIp.address; expected an address of its own',
      'nodes.xcatmn1.bootstrapAddress: seen "10.5.106.7", which is nodes.xcatmn2.address; expected where xcatmn1 answers now',
    ],
  },
  {
    group: "network",
    what: "a static address outside the subnet",
    file: [["address: 10.5.106.5", "address: 11.5.106.5"]],
    says: [
      'nodes.xcatmn2.address: seen "11.5.106.5"; expected an address in the subnet of the VIP, 10.5.106.7/8 (10.0.0.0 to 10.255.255.255)',
    ],
  },
  {
    group: "network",
    what: "a prefix that leaves a node outside",
    file: [["prefix: 8", "prefix: 26"]],
    says: [
      'nodes.xcatmn1.address: seen "10.5.106.70"; expected an address in the subnet of the VIP, 10.5.106.7/26 (10.5.106.0 to 10.5.106.63)',
    ],
  },
  {
    group: "network",
    what: "the broadcast address",
    file: [["address: 10.5.106.5", "address: 10.255.255.255"]],
    says: [
      'nodes.xcatmn2.address: seen "10.255.255.255", the broadcast address of 10.0.0.0/8; expected one of a machine',
    ],
  },
  {
    group: "network",
    what: "the subnet's own address",
    file: [["address: 10.5.106.5", "address: 10.0.0.0"]],
    says: ['nodes.xcatmn2.address: seen "10.0.0.0", the network address of 10.0.0.0/8; expected one of a machine'],
  },
  {
    group: "network",
    what: "an address with a leading zero",
    file: [["address: 10.5.106.5", "address: 10.5.106.05"]],
    says: [`nodes.xcatmn2.address: seen "10.5.106.05"; ${MACHINE}`],
  },
  {
    group: "network",
    what: "a bootstrap address that is the other node",
    file: [["bootstrapAddress: 10.5.106.7", "bootstrapAddress: 10.5.106.5"]],
    says: [
      'nodes.xcatmn1.bootstrapAddress: seen "10.5.106.5", which is nodes.xcatmn2.address; expected where xcatmn1 answers now',
    ],
  },
  {
    group: "network",
    what: "one bootstrap address for both",
    file: [["address: 10.5.106.5", "address: 10.5.106.5\n    bootstrapAddress: 10.5.106.7"]],
    says: [
      'nodes.xcatmn2.bootstrapAddress: seen "10.5.106.7", which is nodes.xcatmn1.bootstrapAddress; expected where xcatmn2 answers now',
    ],
  },
  // Services
  {
    group: "cluster file",
    what: "an unknown service",
    file: [["[named, dhcpd, ntpd, conserver]", "[named, dhcp]"]],
    says: [`services.network.1: seen "dhcp"; expected one of ${NETWORK_SERVICES}`],
  },
  {
    group: "cluster file",
    what: "a service in the wrong set",
    file: [["[named,", "[postgresql, named,"]],
    says: [`services.network.0: seen "postgresql"; expected one of ${NETWORK_SERVICES}`],
  },
  {
    group: "cluster file",
    what: "a service that is no list",
    file: [["[postgresql, xcatd]", "postgresql"]],
    says: ['services.database: seen "postgresql"; expected a list like [postgresql, xcatd]'],
  },
  {
    group: "cluster file",
    what: "no xcatd",
    file: [["[postgresql, xcatd]", "[postgresql]"]],
    says: ['services.database: seen ["postgresql"]; xcatd is missing'],
  },
  {
    group: "cluster file",
    what: "xcatd before its database",
    file: [["[postgresql, xcatd]", "[xcatd, postgresql]"]],
    says: ["services.database: seen xcatd before postgresql; expected postgresql first, xcatd needs it"],
  },
  {
    group: "cluster file",
    what: "a service twice",
    file: [["[named,", "[named, named,"]],
    says: ["services.network: seen named twice; expected it once"],
  },
  {
    group: "cluster file",
    what: "both console services",
    file: [["conserver]", "conserver, goconserver]"]],
    says: ["services.network: seen conserver and goconserver; expected the one that the site uses"],
  },
  {
    group: "cluster file",
    what: "both time services",
    file: [["ntpd,", "ntpd, chronyd,"]],
    says: ["services.network: seen ntpd and chronyd; expected the one that the site uses"],
  },
  {
    group: "cluster file",
    what: "a place to restore from that there is not",
    file: [["restoreFrom: aside", "restoreFrom: backup"]],
    says: ['restoreFrom: seen "backup"; expected one of aside, shared'],
  },
  // Schedule and wait
  {
    group: "cluster file",
    what: "a schedule of four fields",
    file: [["0 2 * * * #", "0 2 * * #"]],
    says: [`hostsSync: seen "0 2 * *"; ${SCHEDULE}`],
  },
  {
    group: "cluster file",
    what: "an hour that no clock has",
    file: [["0 2 * * * #", "0 24 * * * #"]],
    says: [`hostsSync: seen "0 24 * * *"; ${SCHEDULE}`],
  },
  {
    group: "cluster file",
    what: "a day in words of its own",
    file: [["0 2 * * * #", "0 2 * * never #"]],
    says: [`hostsSync: seen "0 2 * * never"; ${SCHEDULE}`],
  },
  {
    group: "cluster file",
    what: "a second line in the schedule",
    file: [["0 2 * * * #", '"0 2 * * *\\n* * * * * root reboot" #']],
    says: [`hostsSync: seen "0 2 * * *\\n* * * * * root reboot"; ${SCHEDULE}`],
  },
  {
    group: "cluster file",
    what: "a negative wait",
    file: [["Wait: 20", "Wait: -1"]],
    says: ["leaseWait: seen -1; expected a number of seconds from 0 to 3600"],
  },
  {
    group: "cluster file",
    what: "a wait in quotes",
    file: [["Wait: 20", 'Wait: "20"']],
    says: ['leaseWait: seen "20"; expected a number of seconds from 0 to 3600'],
  },
  {
    group: "cluster file",
    what: "a share that may be gone for less than a beat",
    file: [["shareLossSeconds: 60", "shareLossSeconds: 5"]],
    says: ["shareLossSeconds: seen 5; expected a number of seconds from 10 to 3600"],
  },
  {
    group: "cluster file",
    what: "a wait that no integer holds",
    file: [["Wait: 20", "Wait: 1e300"]],
    says: ["leaseWait: seen 1e+300; expected a number of seconds from 0 to 3600"],
  },
  {
    group: "cluster file",
    what: "half a second",
    file: [["Wait: 20", "Wait: 0.5"]],
    says: ["leaseWait: seen 0.5; expected a number of seconds from 0 to 3600"],
  },
  {
    group: "cluster file",
    what: "one time server, and no list",
    file: [["[10.0.0.103]", "10.0.0.103"]],
    says: [`ntpServers: seen "10.0.0.103"; ${TIME_SERVERS}`],
  },
  {
    group: "cluster file",
    what: "a time server twice",
    file: [["[10.0.0.103]", "[10.0.0.103, 10.0.0.103]"]],
    says: [`ntpServers: seen ["10.0.0.103","10.0.0.103"]; ${TIME_SERVERS}`],
  },
  {
    group: "cluster file",
    what: "a time server with an option",
    file: [["[10.0.0.103]", "[10.0.0.103 iburst]"]],
    says: ['ntpServers.0: seen "10.0.0.103 iburst"; expected a time server\'s address or name, like 10.0.0.103'],
  },
  // SSH
  {
    group: "credentials",
    what: "a user that is a command",
    file: [["user: root", "user: $(reboot)"]],
    says: ['ssh.user: seen "$(reboot)"; expected root, or a user who may become root by sudo, like admin'],
  },
  {
    group: "credentials",
    what: "a port beyond the last",
    file: [["port: 22", "port: 65536"]],
    says: ["ssh.port: seen 65536; expected a TCP port from 1 to 65535"],
  },
  {
    group: "credentials",
    what: "a key file that is not there",
    file: [["ssh/id_ed25519", "ssh/nothing"]],
    says: [
      'ssh.privateKey: seen "ssh/nothing"; no such file. ssh-keygen -t ed25519 -f FOLDER/ssh/nothing, then ssh-copy-id -i FOLDER/ssh/nothing root@NODE for both nodes',
    ],
  },
  {
    group: "credentials",
    what: "a folder as key file",
    file: [["ssh/id_ed25519", "ssh"]],
    says: ['ssh.privateKey: seen "ssh", a directory; expected the file of a private key'],
  },
  {
    group: "credentials",
    what: "the public half of the key",
    file: [["ssh/id_ed25519", "ssh/id_ed25519.pub"]],
    says: ['ssh.privateKey: seen "ssh/id_ed25519.pub", a public key; expected the private one, without .pub'],
  },
  {
    group: "credentials",
    what: "a file that holds no key",
    file: [["ssh/id_ed25519", "ssh/known_hosts"]],
    says: [
      'ssh.privateKey: seen "ssh/known_hosts", which holds no private key; expected -----BEGIN OPENSSH PRIVATE KEY----- as its first line',
    ],
  },
  {
    group: "credentials",
    what: "a key that was pasted without its last newline",
    file: [["ssh/id_ed25519", "ssh/no_newline"]],
    says: [
      `ssh.privateKey: seen "ssh/no_newline", a key that ssh cannot read: without a newline behind its last line, as after a paste; expected one. echo >>FOLDER/ssh/no_newline`,
    ],
  },
  {
    group: "credentials",
    what: "a key with the line ends of Windows",
    file: [["ssh/id_ed25519", "ssh/carriage_returns"]],
    says: [
      `ssh.privateKey: seen "ssh/carriage_returns", a key that ssh cannot read: with carriage returns, as from Windows; expected none. sed -i 's/\\r$//' FOLDER/ssh/carriage_returns`,
    ],
  },
  {
    group: "credentials",
    what: "a key that was pasted with blanks",
    file: [["ssh/id_ed25519", "ssh/indented"]],
    says: [
      `ssh.privateKey: seen "ssh/indented", a key that ssh cannot read: with blanks around its lines; expected none. sed -i 's/^[[:blank:]]*//; s/[[:blank:]]*$//' FOLDER/ssh/indented`,
    ],
  },
  {
    group: "credentials",
    what: "a key behind a blank line",
    file: [["ssh/id_ed25519", "ssh/a_blank_line_first"]],
    says: [
      `ssh.privateKey: seen "ssh/a_blank_line_first", a key that ssh cannot read: with something before its first line; expected -----BEGIN OPENSSH PRIVATE KEY----- there. sed -i '1,/BEGIN/{/BEGIN/!d}' FOLDER/ssh/a_blank_line_first`,
    ],
  },
  {
    group: "credentials",
    what: "a key that was copied in part",
    file: [["ssh/id_ed25519", "ssh/cut"]],
    says: [
      `ssh.privateKey: seen "ssh/cut", a key that ssh cannot read: without its last line; expected -----END OPENSSH PRIVATE KEY----- there. Copy the whole file again`,
    ],
  },
  {
    group: "credentials",
    what: "a key with a passphrase",
    file: [["ssh/id_ed25519", "ssh/locked"]],
    says: [
      "ssh.privateKey: seen \"ssh/locked\", a key with a passphrase, which nobody could type; expected one without. ssh-keygen -p -N '' -f FOLDER/ssh/locked, or a key of its own: ssh-keygen -t ed25519 -N '' -f FILE",
    ],
  },
  {
    group: "credentials",
    what: "a key with a passphrase in PEM's format",
    file: [["ssh/id_ed25519", "ssh/locked.pem"]],
    says: [
      "ssh.privateKey: seen \"ssh/locked.pem\", a key with a passphrase, which nobody could type; expected one without. ssh-keygen -p -N '' -f FOLDER/ssh/locked.pem, or a key of its own: ssh-keygen -t ed25519 -N '' -f FILE",
    ],
  },
  {
    group: "credentials",
    what: "a key that others may read",
    file: [["ssh/id_ed25519", "ssh/readable"]],
    says: [
      'ssh.privateKey: seen "ssh/readable", which others may read (mode 644): ssh ignores it. chmod 600 FOLDER/ssh/readable',
    ],
  },
  {
    group: "credentials",
    what: "no file of host keys",
    file: [["ssh/known_hosts", "ssh/hosts"]],
    says: [
      'ssh.knownHosts: seen "ssh/hosts", no such file; expected FOLDER/ssh/hosts with a line a node: its name, then what cat /etc/ssh/ssh_host_ed25519_key.pub prints on it',
    ],
  },
  {
    group: "credentials",
    what: "a node without a pinned key",
    file: [["ssh/known_hosts", "ssh/one_node"]],
    says: [
      "ssh.knownHosts: FOLDER/ssh/one_node has no ed25519 or ecdsa key of xcatmn2. On xcatmn2 (10.5.106.5): cat /etc/ssh/ssh_host_ed25519_key.pub; put that behind the name xcatmn2",
    ],
  },
  {
    group: "credentials",
    what: "a node with nothing but an RSA key",
    file: [["ssh/known_hosts", "ssh/rsa_only"]],
    says: [
      "ssh.knownHosts: FOLDER/ssh/rsa_only has no ed25519 or ecdsa key of xcatmn2. On xcatmn2 (10.5.106.5): cat /etc/ssh/ssh_host_ed25519_key.pub; put that behind the name xcatmn2",
    ],
  },
  {
    group: "credentials",
    what: "two nodes with one host key",
    file: [["ssh/known_hosts", "ssh/cloned"]],
    says: [
      "ssh.knownHosts: xcatmn1 and xcatmn2 have the same key; expected two machines. Where one was cloned from the other: rm /etc/ssh/ssh_host_*; ssh-keygen -A on xcatmn2",
    ],
  },

  // Connections
  {
    group: "network",
    what: "a port at which nothing listens",
    session: { answers: "nothing" },
    says: [UNREACHABLE, "evidence: ssh: connect to host 127.0.0.1 port PORT: Connection refused", REACH],
  },
  {
    group: "network",
    what: "a port that accepts and stays silent",
    session: { answers: "silence" },
    says: [UNREACHABLE, "evidence: Connection timed out during banner exchange", REACH],
  },
  {
    group: "network",
    what: "a port that greets as an SSH server and stays silent",
    session: { answers: "a greeting and silence" },
    says: [UNREACHABLE, "evidence: it accepts and stays silent", REACH],
  },
  {
    group: "network",
    what: "a port that speaks something else",
    session: { answers: "another protocol" },
    says: [UNREACHABLE, "evidence: kex_exchange_identification: Connection closed by remote host", REACH],
  },
  {
    group: "network",
    what: "a node neither at its address nor where it was found first",
    session: { answers: "nothing", bootstrapAddress: "127.0.0.2" },
    says: [
      UNREACHABLE,
      "evidence: ssh: connect to host 127.0.0.1 port PORT: Connection refused",
      REACH,
      "also tried: xcatmn1 at 127.0.0.2:PORT could not be reached by SSH within 5 s; expected an answer; nothing was touched",
    ],
  },
  {
    group: "credentials",
    what: "another host key than the pinned one",
    session: { answers: "sshd", otherPin: true },
    says: [
      "xcatmn1 at 127.0.0.1:PORT shows another host key than the one pinned for xcatmn1; nothing was touched",
      "evidence: The fingerprint for the ED25519 key sent by the remote host is FINGERPRINT. Host key for xcatmn1 has changed and you have requested strict checking. Host key verification failed.",
      "next: if xcatmn1 was installed anew, compare /etc/ssh/ssh_host_ed25519_key.pub on its console and correct the line xcatmn1 in FOLDER/known_hosts",
    ],
  },
  {
    group: "credentials",
    what: "a key that the node does not know",
    session: { answers: "sshd", unknownKey: true },
    says: [
      "xcatmn1 at 127.0.0.1:PORT refused the key FOLDER/other_user; nothing was touched",
      "evidence: root@127.0.0.1: Permission denied (publickey).",
      "next: ssh-copy-id -i FOLDER/other_user root@127.0.0.1",
    ],
  },
  {
    group: "credentials",
    what: "a user whom sudo asks for a password",
    session: { answers: "sshd", user: { name: "admin", sudo: "sudo: a password is required" } },
    says: sudoers("xcatmn1", "127.0.0.1", "sudo: a password is required"),
  },
  {
    group: "credentials",
    what: "a user whom sudo allows something else",
    session: {
      answers: "sshd",
      user: { name: "admin", sudo: "Sorry, user admin is not allowed to execute '/usr/bin/bash' as root on xcatmn1." },
    },
    says: sudoers(
      "xcatmn1",
      "127.0.0.1",
      "Sorry, user admin is not allowed to execute '/usr/bin/bash' as root on xcatmn1.",
    ),
  },
  {
    group: "credentials",
    what: "a user whom sudo wants at a terminal",
    session: { answers: "sshd", user: { name: "admin", sudo: "sudo: sorry, you must have a tty to run sudo" } },
    says: [
      "admin on xcatmn1 (127.0.0.1) may become root by sudo at a terminal only (requiretty); expected that without one, or ssh.user root in cluster.yaml; nothing was touched",
      "evidence: sudo: sorry, you must have a tty to run sudo",
      "next: as root on xcatmn1: echo 'Defaults:admin !requiretty' >/etc/sudoers.d/xcat-ha-tty; chmod 440 /etc/sudoers.d/xcat-ha-tty",
    ],
  },
  {
    group: "credentials",
    what: "a user whom sudo cannot look up: the node has answered, and is not looked for where it was found first",
    session: {
      answers: "sshd",
      bootstrapAddress: "127.0.0.2",
      user: { name: "admin", sudo: "sudo: the directory server could not be reached" },
    },
    says: sudoers("xcatmn1", "127.0.0.1", "sudo: the directory server could not be reached"),
  },
  {
    group: "credentials",
    what: "a user on a node without sudo",
    session: { answers: "sshd", user: { name: "admin" } },
    says: sudoers("xcatmn1", "127.0.0.1", "bash: line 1: exec: sudo: not found", "install the package sudo; "),
  },

  // What a node is
  {
    group: "node state",
    what: "a node that another stack manages",
    role: "active",
    asking: "xcat-ha/second",
    node: "install -d /etc/xcat-ha; echo xcat-ha/primary >/etc/xcat-ha/stack",
    says: otherStack("xcat-ha/second"),
  },
  {
    group: "node state",
    what: "a node that the stack of another project manages",
    role: "standby",
    asking: "copy/primary",
    node: "install -d /etc/xcat-ha; echo xcat-ha/primary >/etc/xcat-ha/stack",
    says: otherStack("copy/primary").map((line) => line.replace("-s copy/primary", "-s primary")),
  },
  {
    group: "node state",
    what: "services that the node lacks",
    role: "active",
    node: "lacks dhcpd conserver",
    says: [
      "xcatmn1 has no unit dhcpd.service conserver.service; cluster.yaml lists dhcpd conserver under services; nothing was touched",
      "evidence: systemctl show -p LoadState dhcpd.service conserver.service",
      "next: install dhcpd conserver on xcatmn1",
      "next: where a unit is masked: systemctl unmask it on xcatmn1",
      "next: take dhcpd conserver out of services in cluster.yaml",
    ],
  },
  {
    group: "node state",
    what: "commands that the node lacks",
    role: "active",
    node: "without 'rsync (package rsync), arping (package iputils)'",
    says: [
      "xcatmn1 has no rsync (package rsync), arping (package iputils); expected these commands",
      "evidence: command -v on xcatmn1",
      "next: install the packages on xcatmn1, then run the same command again",
    ],
  },
  {
    group: "network",
    what: "a static address that another machine has",
    role: "active",
    node: "static='Unicast reply from 10.5.106.70 [42:03:0A:05:6A:66] 0.6ms'",
    says: [
      "another machine answers for 10.5.106.70; expected nobody before xcatmn1 takes it as its static address; nothing was touched",
      "evidence: Unicast reply from 10.5.106.70 [42:03:0A:05:6A:66] 0.6ms",
      "next: choose a free nodes.xcatmn1.address in cluster.yaml",
    ],
  },
  {
    group: "network",
    what: "an interface that no tool owns",
    role: "standby",
    node: "static=free; owners='no tool owns eth0'",
    says: [
      "no tool owns eth0; expected one that can be given 10.5.106.70/8; nothing was touched",
      "evidence: NetworkManager, netplan, systemd-networkd, ifupdown, network-scripts and wicked on xcatmn1",
      "next: give 10.5.106.70 to the interface with one of them, and take the interface out of the others, then run the same command again",
    ],
  },
  {
    group: "node state",
    what: "an old system",
    role: "active",
    node: "system debian 11",
    says: [
      "xcatmn1 is not supported: debian 11",
      "evidence: /etc/os-release, bash and systemd of xcatmn1",
      "next: use one of the systems that the README lists",
    ],
  },
  {
    group: "node state",
    what: "the other node with the same machine id",
    role: "standby",
    node: epoch("xcatmn2", "$(cat /etc/machine-id)"),
    says: [
      "xcatmn1 has the machine id of xcatmn2, which holds the owner lease; expected one of its own: the nodes cannot be told apart",
      "evidence: /HA/.xcat-ha/epoch/000004.owner and /etc/machine-id on xcatmn1: MACHINE-ID",
      "next: on xcatmn1: rm /etc/machine-id; systemd-machine-id-setup; reboot. Then the same command again",
    ],
  },
  {
    group: "node state",
    what: "another machine of the same name",
    role: "active",
    node: epoch("xcatmn1", "another"),
    says: [
      "the owner lease names xcatmn1 with machine id another; seen MACHINE-ID here: another machine, or one installed anew",
      "evidence: /HA/.xcat-ha/epoch/000004.owner and /etc/machine-id on xcatmn1",
      "next: where this is not the machine that is called xcatmn1: correct nodes.xcatmn1 in cluster.yaml",
      "next: where it was installed anew: docs/failover.md, A node was installed anew",
    ],
  },
  {
    group: "node state",
    what: "active, while the lease names the other node",
    role: "active",
    node: epoch("xcatmn2", "another"),
    says: [
      "xcatmn1 should be active, but epoch 4 is held by xcatmn2 since noon; nothing was touched",
      "evidence: the newest epoch names xcatmn2",
      "next: let xcatmn2 step down: pulumi config set activeNode xcatmn1 and pulumi up on the stack of xcatmn2, then here again",
      "next: where xcatmn2 should stay active: pulumi config set activeNode xcatmn2 here",
      "next: where xcatmn2 is dead: docs/failover.md, The active node is dead (takeover.epoch 4)",
    ],
  },
  {
    group: "node state",
    what: "standby before anything is active",
    role: "standby",
    node: ":",
    says: [
      "xcatmn1 cannot be a standby node yet: no epoch exists yet",
      "evidence: shared directories: absent",
      "next: set up the active node first: pulumi up on the stack of xcatmn2",
    ],
  },

  {
    group: "node state",
    what: "a directory that is a mount point",
    role: "active",
    node: 'mkdir "$LOCAL/install"; mount -t tmpfs tmpfs "$LOCAL/install"',
    says: [
      "these are mount points on xcatmn1: LOCAL/install; expected directories that can step aside for links to /HA",
      "evidence: findmnt LOCAL/install on xcatmn1",
      "next: umount them and take them out of /etc/fstab on xcatmn1, then run the same command again",
    ],
  },
  {
    group: "node state",
    what: "a rootimg in which a genimage that was cut has left the kernel's own",
    role: "active",
    node: 'for name in proc "a blank"; do mkdir -p "$LOCAL/install/netboot/rootimg/$name"; mount -t proc proc "$LOCAL/install/netboot/rootimg/$name"; done',
    says: [
      "these are mount points on xcatmn1: LOCAL/install/netboot/rootimg/proc, LOCAL/install/netboot/rootimg/a blank; expected directories that can step aside for links to /HA",
      "evidence: findmnt LOCAL/install/netboot/rootimg/proc LOCAL/install/netboot/rootimg/a blank on xcatmn1",
      "next: umount them and take them out of /etc/fstab on xcatmn1, then run the same command again",
    ],
  },

  {
    group: "node state",
    what: "a step down while the PostgreSQL of the other node does not fit",
    role: "standby",
    node: ownerBeside(
      "fit\\tno the database belongs to the uid 26, and that of the user postgres of xcatmn2 is 116\\nmount\\tok\\n",
    ),
    says: peerUnfit("the database belongs to the uid 26, and that of the user postgres of xcatmn2 is 116"),
  },
  {
    group: "share state",
    what: "a step down while the other node has a local disk at the place of the share",
    role: "standby",
    node: ownerBeside("fit\\tyes\\nmount\\tis xfs on /dev/sdb, which one node alone may have mounted\\n"),
    says: peerUnfit("/HA is xfs on /dev/sdb, which one node alone may have mounted"),
  },

  // What the share is
  {
    group: "share state",
    what: "a share that is not mounted",
    role: "active",
    node: 'umount "$SHARE"; mount --bind / "$SHARE"',
    says: share("is not mounted: it is a directory of the root file system"),
  },
  {
    group: "share state",
    what: "a share that is not there",
    role: "active",
    node: 'umount "$SHARE"; rmdir "$SHARE"',
    says: share("cannot be read"),
  },
  {
    group: "share state",
    what: "a share that is mounted read-only",
    role: "active",
    node: 'mount -o remount,ro "$SHARE"',
    says: share("is mounted read-only"),
  },
  {
    group: "share state",
    what: "a share without room for the first setup",
    role: "active",
    node: 'mkdir -p "$LOCAL/pgsql"; truncate -s 50M "$LOCAL/pgsql/base"',
    says: [
      "/HA has 40M free; the directories of xcatmn1 need 51M: LOCAL/pgsql (51M)",
      "evidence: du of each directory, df /HA",
      "next: make room on /HA, then run the same command again",
    ],
  },
  {
    group: "share state",
    what: "a full share",
    role: "active",
    node: 'head -c 100M /dev/zero >"$SHARE/image" 2>/dev/null || true',
    says: [
      "/HA has 0 free; the directories of xcatmn1 need 0: nothing to copy",
      "evidence: du of each directory, df /HA",
      "next: make room on /HA, then run the same command again",
    ],
  },
  {
    group: "share state",
    what: "directories on the share that no epoch made",
    role: "active",
    node: 'mkdir "$SHARE/xcat"',
    says: [
      "the shared data already holds directories (partial) that no epoch of ours made and that xcatmn1 does not link; expected none before the first setup",
      "evidence: links on xcatmn1: none",
      "next: move them away on the share",
      "next: make the node active first that links them",
    ],
  },

  // What only two machines show: xcatmn1 is active, and `pulumi up` is run
  {
    group: "config",
    what: "a stack that makes its node active while the lease names the other one",
    labOnly: { stack: "standby", config: { activeNode: "xcatmn2" } },
    says: [
      "xcatmn2 should be active, but epoch N is held by xcatmn1 since TIME; nothing was touched",
      "evidence: the newest epoch names xcatmn1",
      "next: let xcatmn1 step down: pulumi config set activeNode xcatmn2 and pulumi up on the stack of xcatmn1, then here again",
      "next: where xcatmn1 should stay active: pulumi config set activeNode xcatmn1 here",
      "next: where xcatmn1 is dead: docs/failover.md, The active node is dead (takeover.epoch N)",
    ],
  },
  {
    group: "config",
    what: "two stacks for the same node",
    labOnly: { stack: "second", config: { node: "xcatmn1", activeNode: "xcatmn1" } },
    says: otherStack("xcat-ha/second"),
  },
  {
    group: "network",
    what: "a static address at which nobody is",
    labOnly: {
      stack: "primary",
      file: [
        ["address: 10.5.106.70", "address: 10.5.106.71"],
        [/\n +bootstrapAddress.*/, ""],
      ],
    },
    says: [
      "xcatmn1 at 10.5.106.71:22 could not be reached by SSH within 5 s; expected an answer; nothing was touched",
      "evidence: ssh: connect to host 10.5.106.71 port 22: No route to host",
      "next: ssh -p 22 root@10.5.106.71; check nodes.xcatmn1.address in cluster.yaml, and that the node is up",
    ],
  },
  {
    group: "credentials",
    what: "a host key that changed",
    labOnly: { stack: "primary", swappedPins: true },
    says: [
      "xcatmn1 at 10.5.106.70:22 shows another host key than the one pinned for xcatmn1; nothing was touched",
      "evidence: The fingerprint for the ED25519 key sent by the remote host is FINGERPRINT. Host key for xcatmn1 has changed and you have requested strict checking. Host key verification failed.",
      "next: if xcatmn1 was installed anew, compare /etc/ssh/ssh_host_ed25519_key.pub on its console and correct the line xcatmn1 in FOLDER/ssh/known_hosts",
    ],
  },
  {
    group: "credentials",
    what: "a user without root's rights",
    labOnly: { stack: "standby", onXcatmn2: [ADD_ADMIN, REMOVE_ADMIN], file: [["user: root", "user: admin"]] },
    says: sudoers("xcatmn2", "10.5.106.5", "sudo: a password is required"),
  },
  {
    group: "node state",
    what: "a service that does not exist on the node",
    labOnly: { stack: "standby", file: [[", conserver]", ", goconserver]"]] },
    says: [
      "xcatmn2 has no unit goconserver.service; cluster.yaml lists goconserver under services; nothing was touched",
      "evidence: systemctl show -p LoadState goconserver.service",
      "next: install goconserver on xcatmn2",
      "next: where a unit is masked: systemctl unmask it on xcatmn2",
      "next: take goconserver out of services in cluster.yaml",
    ],
  },
  {
    group: "node state",
    what: "a failover to a node without the PostgreSQL of the pair",
    labOnly: {
      stack: "primary",
      config: { activeNode: "xcatmn2" },
      // Its watch would write the same within half a minute.
      onXcatmn2: [
        "chmod a-x /usr/lib/postgresql/15/bin/postgres; xcat-ha watch",
        "chmod a+x /usr/lib/postgresql/15/bin/postgres; xcat-ha watch",
      ],
    },
    says: peerUnfit("the database is of PostgreSQL 15, and xcatmn2 has no server"),
  },
  {
    group: "node state",
    what: "two nodes with one machine id",
    labOnly: {
      stack: "standby",
      onXcatmn2: [
        "cp -p /etc/machine-id /root/machine-id; cat /HA/.xcat-ha/epoch/*.owner | sed -n 's/^machine //p' | tail -n 1 >/etc/machine-id",
        "mv /root/machine-id /etc/machine-id",
      ],
    },
    says: [
      "xcatmn2 has the machine id of xcatmn1, which holds the owner lease; expected one of its own: the nodes cannot be told apart",
      "evidence: /HA/.xcat-ha/epoch/N.owner and /etc/machine-id on xcatmn2: MACHINE-ID",
      "next: on xcatmn2: rm /etc/machine-id; systemd-machine-id-setup; reboot. Then the same command again",
    ],
  },
  {
    group: "share state",
    what: "a share that the standby node may not write",
    labOnly: { stack: "standby", onXcatmn2: ["mount -i -o remount,ro /HA", "mount -i -o remount,rw /HA"] },
    says: share("is mounted read-only", "xcatmn2"),
  },
  {
    group: "share state",
    what: "a share that has failed",
    labOnly: { stack: "standby", share: ["break", "mend"] },
    says: share("cannot be read", "xcatmn2").map((line) => line.replace("; nothing was touched", "")),
  },
];
