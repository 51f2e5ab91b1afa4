// Each tool's configuration before and after the node's static address was made persistent: 10.5.106.70/8 in the place of the VIP 10.5.106.7.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { bash, sourced } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-owner-"));
after(() => rmSync(folder, { recursive: true }));

/** ifupdown's own, as test/run unpacks it. */
const IFQUERY = [
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "xcat-ha/packages/ifupdown/sbin/ifquery"),
  "/sbin/ifquery",
].find(existsSync);
const needs = (machine: Machine) => ({
  skip:
    machine.commands?.includes("ifquery") &&
    !machine.ifquery &&
    !IFQUERY &&
    "ifupdown is not here: test/run unit unpacks it",
});

type Machine = {
  /** Files below the root of a machine. */
  files: Record<string, string>;
  /** Commands that are there. */
  commands?: string[];
  /** Units that run. */
  running?: string[];
  /** What nmcli answers: the state of eth0 and its connection's addresses. */
  nmcli?: { state: string; addresses: string };
  /** What `netplan generate` says when it fails. */
  netplanFails?: string;
  /** Files that may be executed. */
  executable?: string[];
  /** A script in the place of ifupdown's own ifquery; ROOT is the root of the machine. */
  ifquery?: string;
};

const WITH_IFQUERY = needs({ files: {}, commands: ["ifquery"] });

let count = 0;
/** Runs `call` on such a machine. */
function on(machine: Machine, call: string) {
  const root = join(folder, String(count++));
  mkdirSync(join(root, "records"), { recursive: true });
  for (const [name, text] of Object.entries({ ...machine.files, "sys/eth0/ifindex": "2\n" })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text, { mode: machine.executable?.includes(name) ? 0o755 : 0o644 });
  }
  if (machine.nmcli) writeFileSync(join(root, "nm"), machine.nmcli.addresses);
  mkdirSync(join(root, "bin"));
  const ifquery = machine.ifquery ?? `exec ${IFQUERY} --state-dir ROOT/state -i ROOT/${INTERFACES} "$@"`;
  writeFileSync(join(root, "bin/ifquery"), `#!/bin/bash\n${ifquery.replaceAll("ROOT", root)}\n`, { mode: 0o755 });
  const commands = [...(machine.commands ?? []), ...(machine.nmcli ? ["nmcli"] : [])];
  const done = bash(
    ["report", "files", "units", "interfaceOwner"],
    `declare -A WANT=() FACT=()
     PATH=${root}/bin:$PATH NODE=xcatmn1 VIP=10.5.106.7 RECORDS=${root}/records
     ${sourced("addresses", "staticAddress")}     NETWORK_INTERFACES=${root}/etc/network/interfaces NETWORK_SCRIPTS=${root}/etc/sysconfig/network-scripts
     WICKED_SCRIPTS=${root}/etc/sysconfig/network NETPLAN_FILES=${root}/etc/netplan NETWORKD_LINKS=${root}/links NETWORK_CLASS=${root}/sys
     NETWORKD_FILES=(${root}/etc/systemd/network ${root}/run/systemd/network) BOOT_SCRIPTS=(${root}/etc/rc.local)
     command() { [[ " ${commands.join(" ")} " == *" $2 "* ]]; }
     systemctl() { if [[ " ${(machine.running ?? []).join(" ")} " == *" \${6%.service} "* ]]; then echo active; else echo inactive; fi; }
     netplan() {
       case $1 in
         get) cat ${root}/{etc,run}/netplan/*.yaml 2>/dev/null || true ;;
         generate) ${machine.netplanFails ? `echo '${machine.netplanFails}'; return 1` : ":"} ;;
       esac
     }
     nmcli() {
       case "$*" in
         '-g GENERAL.STATE device show eth0') echo '${machine.nmcli?.state}' ;;
         '-g GENERAL.CON-UUID device show eth0') echo 4711 ;;
         '-g ipv4.addresses connection show uuid 4711') cat ${root}/nm ;;
         'connection modify uuid 4711 ipv4.addresses '*) echo "\${!#}" >${root}/nm ;;
         *) echo "nmcli $*" >&2; return 2 ;;
       esac
     }
     sync() { :; }
     ${call}`,
  );
  const names = Object.keys(machine.files);
  const read = (name: string) => (existsSync(join(root, name)) ? readFileSync(join(root, name), "utf8") : "");
  const texts = names.map(read);
  if (machine.nmcli) texts.push(read("nm"));
  return {
    ...done,
    stdout: done.stdout.replaceAll(root, ""),
    stderr: done.stderr.replaceAll(root, ""),
    texts,
    copies: readdirSync(join(root, "records")),
  };
}

const INTERFACES = "etc/network/interfaces";
const IFCFG = "etc/sysconfig/network-scripts/ifcfg-eth0";
const WICKED = "etc/sysconfig/network/ifcfg-eth0";
const NETPLAN = "etc/netplan/01-netcfg.yaml";
const NETWORKD = "etc/systemd/network/10-eth0.network";
const NAT = "auto lo\niface lo inet loopback\n";

const TOOLS: Record<string, (text: string, ...more: string[]) => Machine> = {
  ifupdown: (text) => ({ files: { [INTERFACES]: text }, commands: ["ifquery"] }),
  ifcfg: (text) => ({ files: { [IFCFG]: text }, running: ["network"] }),
  wicked: (text) => ({ files: { [WICKED]: text }, running: ["wickedd"] }),
  netplan: (text) => ({ files: { [NETPLAN]: text }, commands: ["netplan"], running: ["systemd-networkd"] }),
  networkd: (text) => ({
    files: { [NETWORKD]: text, "links/2": "ADMIN_STATE=configured\nNETWORK_FILE=HERE\n" },
    running: ["systemd-networkd"],
  }),
};

/** Tool, what is special, its file before and after. */
const EDITS: [tool: keyof typeof TOOLS, what: string, before: string, after: string][] = [
  [
    "ifupdown",
    "the VIP with its prefix",
    `${NAT}\nauto eth0\niface eth0 inet static\n    address 10.5.106.7/8\n    gateway 10.0.0.103\n`,
    `${NAT}\nauto eth0\niface eth0 inet static\n    address 10.5.106.70/8\n    gateway 10.0.0.103\n`,
  ],
  [
    "ifupdown",
    "the VIP with a netmask and a broadcast; other interfaces and comments stay",
    "# ours\nauto eth0\niface eth1 inet static\n  address 10.5.106.7\n  netmask 255.0.0.0\niface eth0 inet static\n\taddress 10.5.106.7 \n\tnetmask 255.0.0.0\n\tbroadcast 10.255.255.255\n\tmtu 1500\n",
    "# ours\nauto eth0\niface eth1 inet static\n  address 10.5.106.7\n  netmask 255.0.0.0\niface eth0 inet static\n\taddress 10.5.106.70/8\n\tmtu 1500\n",
  ],
  [
    "ifupdown",
    "the VIP made persistent on an alias, beside the static address",
    "auto eth0 \niface eth0 inet static\n    address 10.5.106.70/8\nauto eth0:0\niface eth0:0 inet static\n    address 10.5.106.7\n    netmask 255.0.0.0\nauto eth1\n",
    "auto eth0 \niface eth0 inet static\n    address 10.5.106.70/8\nauto eth1\n",
  ],
  [
    "ifupdown",
    "an address that is neither: it stays, ours is added",
    "auto eth0\niface eth0 inet static\n    address 10.9.0.1/8\n",
    "auto eth0\niface eth0 inet static\n    address 10.9.0.1/8\n\niface eth0 inet static\n    address 10.5.106.70/8\n",
  ],
  [
    "ifupdown",
    "DHCP on another subnet's behalf: it stays",
    "auto eth0\niface eth0 inet dhcp\n",
    "auto eth0\niface eth0 inet dhcp\n\niface eth0 inet static\n    address 10.5.106.70/8\n",
  ],
  [
    "ifupdown",
    "the right address with another prefix",
    "auto eth0\niface eth0 inet static\n    address 10.5.106.70/24\n",
    "auto eth0\niface eth0 inet static\n    address 10.5.106.70/8\n",
  ],
  [
    "ifcfg",
    "IPADDR and NETMASK (RHEL 7)",
    "DEVICE=eth0\nBOOTPROTO=none\nIPADDR=10.5.106.7\nNETMASK=255.0.0.0\nONBOOT=yes\n",
    "DEVICE=eth0\nBOOTPROTO=none\nIPADDR=10.5.106.70\nPREFIX=8\nONBOOT=yes\n",
  ],
  [
    "ifcfg",
    "IPADDR0 and PREFIX0, quoted, and a second address",
    'IPADDR0="10.5.106.7"\nPREFIX0="8"\nIPADDR1=192.168.0.1\nPREFIX1=24\n',
    "IPADDR0=10.5.106.70\nPREFIX0=8\nIPADDR1=192.168.0.1\nPREFIX1=24\n",
  ],
  [
    "ifcfg",
    "both are there: the VIP goes",
    "IPADDR=10.5.106.70\nPREFIX=8\nIPADDR1=10.5.106.7\nPREFIX1=8\nGATEWAY=10.0.0.103\n",
    "IPADDR=10.5.106.70\nPREFIX=8\nGATEWAY=10.0.0.103\n",
  ],
  [
    "ifcfg",
    "another address stays, ours is the next",
    "IPADDR=10.9.0.1\nPREFIX=8\nIPADDR1=10.9.0.2\nPREFIX1=8\n",
    "IPADDR=10.9.0.1\nPREFIX=8\nIPADDR1=10.9.0.2\nPREFIX1=8\nIPADDR2=10.5.106.70\nPREFIX2=8\n",
  ],
  [
    "wicked",
    "the VIP with its prefix",
    "BOOTPROTO='static'\nSTARTMODE='auto'\nIPADDR='10.5.106.7/8'\n",
    "BOOTPROTO='static'\nSTARTMODE='auto'\nIPADDR='10.5.106.70/8'\n",
  ],
  [
    "wicked",
    "the VIP as a labelled second address",
    "IPADDR='10.5.106.70/8'\nIPADDR_0='10.5.106.7'\nPREFIXLEN_0='8'\nLABEL_0='0'\nMTU='1500'\n",
    "IPADDR='10.5.106.70/8'\nMTU='1500'\n",
  ],
  [
    "wicked",
    "another address stays",
    "IPADDR='10.9.0.1/8'\nIPADDR_1='10.9.0.2/8'\n",
    "IPADDR='10.9.0.1/8'\nIPADDR_1='10.9.0.2/8'\nIPADDR_2='10.5.106.70/8'\n",
  ],
  [
    "netplan",
    "a list on one line; name servers are no addresses",
    "network:\n  version: 2\n  ethernets:\n    eth0:\n      nameservers:\n        addresses: [10.5.106.7]\n      addresses: [10.5.106.7/8, 10.9.0.1/8] # ours\n    eth1:\n      addresses: [10.5.106.7/8]\n",
    "network:\n  version: 2\n  ethernets:\n    eth0:\n      nameservers:\n        addresses: [10.5.106.7]\n      addresses: [10.5.106.70/8, 10.9.0.1/8] # ours\n    eth1:\n      addresses: [10.5.106.7/8]\n",
  ],
  [
    "netplan",
    "an item a line, quoted",
    'network:\n  ethernets:\n    eth0:\n      addresses:\n        - "10.5.106.7/8"\n        - 10.9.0.1/8\n      routes:\n        - to: default\n          via: 10.0.0.103\n',
    'network:\n  ethernets:\n    eth0:\n      addresses:\n        - "10.5.106.70/8"\n        - 10.9.0.1/8\n      routes:\n        - to: default\n          via: 10.0.0.103\n',
  ],
  [
    "netplan",
    "items as deep as their key, the VIP with a label of its own: both go",
    "network:\n  ethernets:\n    eth0:\n      addresses:\n      - 10.5.106.70/8\n      - 10.5.106.7/8:\n          label: eth0:0\n      dhcp4: false\n",
    "network:\n  ethernets:\n    eth0:\n      addresses:\n      - 10.5.106.70/8\n      dhcp4: false\n",
  ],
  [
    "netplan",
    "no addresses yet",
    "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n",
    "network:\n  ethernets:\n    eth0:\n      addresses: [10.5.106.70/8]\n      dhcp4: true\n",
  ],
  [
    "netplan",
    "another address stays",
    "network:\n  ethernets:\n    eth0:\n      addresses:\n        - 10.9.0.1/8\n",
    "network:\n  ethernets:\n    eth0:\n      addresses:\n        - 10.9.0.1/8\n        - 10.5.106.70/8\n",
  ],
  [
    "networkd",
    "Address= in [Network]",
    "[Match]\nName=eth0\n\n[Network]\nAddress=10.5.106.7/8\nGateway=10.0.0.103\n",
    "[Match]\nName=eth0\n\n[Network]\nAddress=10.5.106.70/8\nGateway=10.0.0.103\n",
  ],
  [
    "networkd",
    "the VIP in a section of its own goes with it",
    "[Network]\nAddress = 10.5.106.70/8\n\n[Address]\nAddress=10.5.106.7/8\nLabel=eth0:0\n\n[Route]\nGateway=10.0.0.103\n",
    "[Network]\nAddress = 10.5.106.70/8\n\n[Route]\nGateway=10.0.0.103\n",
  ],
  [
    "networkd",
    "DHCP and no address",
    "[Match]\nName=eth0\n[Network]\nDHCP=yes\n",
    "[Match]\nName=eth0\n[Network]\nAddress=10.5.106.70/8\nDHCP=yes\n",
  ],
];

const PERSIST = 'persist 10.5.106.70/8 eth0 ""';
const LINKS = `for file in ${"$"}{NETWORKD_LINKS}/*; do [[ ! -e $file ]] || sed -i "s,HERE,\${NETWORK_CLASS%/sys}/${NETWORKD}," "$file"; done`;

for (const [tool, what, before, wanted] of EDITS) {
  test(`${tool}: ${what}`, needs(TOOLS[tool]("")), () => {
    const done = on(TOOLS[tool](before), `${LINKS}; ${PERSIST}; persistent_state 10.5.106.70/8 eth0; ${PERSIST}`);
    assert.equal(done.code, 0, done.stderr);
    assert.equal(done.texts[0], wanted);
    assert.match(
      done.stdout,
      new RegExp(`^xcatmn1: persistent address of eth0 is 10.5.106.70/8 \\(${tool}, .*\\)\n10.5.106.70/8\n$`),
    );
    assert.equal(done.copies.length, 1, "what was found is kept, once");
  });
}

test("ifcfg: an alias file of the VIP is emptied of it", () => {
  const machine = TOOLS.ifcfg("IPADDR=10.5.106.70\nPREFIX=8\n");
  machine.files[`${IFCFG}:0`] = "DEVICE=eth0:0\nIPADDR=10.5.106.7\nNETMASK=255.0.0.0\n";
  const done = on(machine, PERSIST);
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(done.texts, ["IPADDR=10.5.106.70\nPREFIX=8\n", "DEVICE=eth0:0\n"]);
});

test("netplan: the VIP in one file, something else of the interface in a later one", () => {
  const files = {
    "etc/netplan/00-installer-config.yaml":
      "network:\n  version: 2\n  renderer: networkd\n  ethernets:\n    eth0:\n      addresses: [10.5.106.7/8]\n",
    "etc/netplan/90-mtu.yaml": "network:\n  version: 2\n  ethernets:\n    eth0:\n      mtu: 9000\n",
  };
  const { texts, stdout, stderr } = on({ files, commands: ["netplan"] }, PERSIST);
  assert.equal(stderr, "");
  assert.match(stdout, /netplan, \/etc\/netplan\/00-installer-config.yaml/);
  assert.deepEqual(texts, [
    files["etc/netplan/00-installer-config.yaml"].replace("10.5.106.7/8", "10.5.106.70/8"),
    files["etc/netplan/90-mtu.yaml"],
  ]);
});

/** As netplan get 0.106 prints two files, one of them below /run. */
const MERGED = `network:
  version: 2
  renderer: networkd
  ethernets:
    eth0:
      addresses:
      - "10.5.106.7/8":
          label: "eth0:0"
      - "10.5.106.70/8"
`;
test("netplan: the VIP in a file that is not in /etc is what netplan says, and no file that is written", () => {
  const files = { [NETPLAN]: "network:\n  ethernets:\n    eth0:\n      addresses: [10.5.106.70/8]\n" };
  const merged = { ...files, "run/netplan/90-vip.yaml": MERGED };
  const state = on({ files: merged, commands: ["netplan"] }, "persistent_state 10.5.106.70/8 eth0");
  assert.match(state.stdout, /10\.5\.106\.7/, state.stderr);
  const done = on({ files: merged, commands: ["netplan"] }, PERSIST);
  assert.notEqual(done.code, 0);
  assert.deepEqual(done.texts, Object.values(merged));
});

test("netplan does not say what it makes of its files: cannot tell, and nothing is written", () => {
  const done = on(
    TOOLS.netplan("network:\n  ethernets:\n    eth0:\n      addresses: [10.5.106.7/8]\n"),
    `netplan() { echo "Error in network definition"; return 1; }; ${PERSIST}`,
  );
  assert.equal(done.code, 40, done.stdout);
  assert.match(
    done.stderr,
    /^error: which addresses eth0 gets at boot cannot be told on xcatmn1; [^\n]*\nevidence: Error in network definition\n/,
  );
  assert.deepEqual(done.copies, []);
});

test("netplan: the VIP in a second file's list beside the static address goes", () => {
  const files = {
    "etc/netplan/00-a.yaml": "network:\n  ethernets:\n    eth0:\n      addresses: [10.5.106.70/8]\n",
    "etc/netplan/90-b.yaml": "network:\n  ethernets:\n    eth0:\n      addresses: [10.5.106.7/8, 10.9.0.1/16]\n",
  };
  const { texts, stderr } = on({ files, commands: ["netplan"] }, PERSIST);
  assert.equal(stderr, "");
  assert.deepEqual(texts, [
    files["etc/netplan/00-a.yaml"],
    "network:\n  ethernets:\n    eth0:\n      addresses: [10.9.0.1/16]\n",
  ]);
});

const STATIC = "auto eth0\niface eth0 inet static\n    address 10.5.106.70\n    netmask 255.0.0.0\n";
const ELSEWHERE: [what: string, machine: Machine, line: string | undefined][] = [
  [
    "an up-line of ifupdown",
    {
      files: {
        [INTERFACES]: `${STATIC}    up ip addr add 10.5.106.7/8 brd + dev $IFACE label $IFACE:0\n    down ip addr del 10.5.106.7/8 dev $IFACE\n`,
      },
      commands: ["ifquery"],
    },
    "/etc/network/interfaces:5:    up ip addr add 10.5.106.7/8 brd + dev $IFACE label $IFACE:0",
  ],
  [
    "a hook of ifupdown",
    {
      files: {
        [INTERFACES]: STATIC,
        "etc/network/if-up.d/vip": "#!/bin/sh\n/sbin/ifconfig eth0:0 10.5.106.7 netmask 255.0.0.0\n",
      },
      commands: ["ifquery"],
      executable: ["etc/network/if-up.d/vip"],
    },
    "/etc/network/if-up.d/vip:2:/sbin/ifconfig eth0:0 10.5.106.7 netmask 255.0.0.0",
  ],
  [
    "a drop-in of networkd",
    {
      files: {
        [NETWORKD]: "[Match]\nName=eth0\n[Network]\nAddress=10.5.106.70/8\n",
        [`${NETWORKD}.d/vip.conf`]: "[Network]\nAddress=10.5.106.7/8\n",
        "links/2": "NETWORK_FILE=HERE\n",
      },
      running: ["systemd-networkd"],
    },
    "/etc/systemd/network/10-eth0.network.d/vip.conf:2:Address=10.5.106.7/8",
  ],
  ...["ip a a 10.5.106.7/24 dev eth0", "/sbin/ip -f inet addr add 10.5.106.7 dev eth0"].map(
    (line): [string, Machine, string] => [
      `rc.local with ${line}`,
      {
        files: { [INTERFACES]: STATIC, "etc/rc.local": `#!/bin/sh\n${line}\n` },
        commands: ["ifquery"],
        executable: ["etc/rc.local"],
      },
      `/etc/rc.local:2:${line}`,
    ],
  ),
  [
    "a drop-in of networkd for the file that netplan writes",
    {
      files: {
        [NETPLAN]: "network:\n  ethernets:\n    eth0:\n      addresses: [10.5.106.70/8]\n",
        "etc/systemd/network/10-netplan-eth0.network.d/vip.conf": "[Network]\nAddress = 10.5.106.7/8\n",
        "links/2": "NETWORK_FILE=/run/systemd/network/10-netplan-eth0.network\n",
      },
      commands: ["netplan"],
      running: ["systemd-networkd"],
    },
    "/etc/systemd/network/10-netplan-eth0.network.d/vip.conf:2:Address = 10.5.106.7/8",
  ],
  [
    "an rc.local that nobody runs",
    {
      files: { [INTERFACES]: STATIC, "etc/rc.local": "ip addr add 10.5.106.7/8 dev eth0\n" },
      commands: ["ifquery"],
    },
    undefined,
  ],
  [
    "a script that only names the VIP",
    {
      files: {
        [INTERFACES]: STATIC,
        "etc/rc.local": [
          "#!/bin/sh",
          "if ifconfig eth0:0 | grep -q 10.5.106.7; then exec /opt/site/start; fi",
          "ifconfig eth0:0 10.5.106.7 down",
          "ip -4 addr add 10.9.0.1/16 dev eth0; ping -c1 10.5.106.7",
          "ip addr add 10.9.0.1/16 dev eth0; ip route add 10.6.0.0/16 via 10.5.106.7",
          "echo 'Address: 10.5.106.7'",
          "",
        ].join("\n"),
      },
      commands: ["ifquery"],
      executable: ["etc/rc.local"],
    },
    undefined,
  ],
  [
    "lines that only look so",
    {
      files: {
        [INTERFACES]: `${STATIC}    up ip addr add 10.5.106.77/8 dev eth0\n    # up ip addr add 10.5.106.7/8 dev eth0\n    down ip addr del 10.5.106.7/8 dev eth0\n    up ip route add 10.6.0.0/16 src 10.5.106.7\n`,
      },
      commands: ["ifquery"],
    },
    undefined,
  ],
];
for (const [what, machine, line] of ELSEWHERE)
  test(`the VIP made persistent beside the addresses: ${what}`, needs(machine), () => {
    const state = on(machine, `${LINKS}; persistent_state 10.5.106.70/8 eth0`).stdout.trim();
    assert.equal(state, line ? `a line adds the VIP at boot: ${line}` : "10.5.106.70/8");
    const { code, stderr, texts } = on(machine, `${LINKS}; ${PERSIST}`);
    assert.equal(code, line ? 30 : 0, stderr);
    if (!line) return;
    assert.ok(stderr.includes(`evidence: ${line}\n`), stderr);
    assert.equal(texts[0], Object.values(machine.files)[0], "it was changed all the same");
  });

test(
  "a line that adds the VIP blocks no node that is set up: its preview names it, and what else differs is repaired",
  WITH_IFQUERY,
  () => {
    const machine = {
      files: { [INTERFACES]: `${STATIC.replace("70", "7")}    up ip addr add 10.5.106.7/8 dev eth0\n` },
      commands: ["ifquery"],
    };
    const { code, stdout, stderr, texts } = on(machine, "persist 10.5.106.70/8 eth0 10.5.106.70/8");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^xcatmn1: warning: a line adds the VIP at boot: \/etc\/network\/interfaces:5:/);
    assert.match(texts[0], /address 10.5.106.70\/8\n/);
  },
);

test(
  "a file that cannot be read may add the VIP, and a netplan file that cannot be read may own the interface",
  WITH_IFQUERY,
  () => {
    const machine: Machine = { files: { [INTERFACES]: STATIC }, commands: ["ifquery", "netplan"] };
    const unread = on(
      machine,
      'grep() { if [[ $1 == -HnIE ]]; then echo "grep: Input/output error"; return 2; fi; command grep "$@"; }; persistent_state 10.5.106.70/8 eth0',
    );
    assert.equal(unread.code, 40, unread.stdout);
    assert.match(unread.stderr, /^error: whether something else adds 10.5.106.7 at boot cannot be told/);
    machine.files[NETPLAN] = NETPLAN_ETH0;
    const owned = on(machine, "awk() { return 2; }; interface_owners eth0 || echo failed");
    assert.deepEqual([owned.code, owned.stdout], [2, ""]);
  },
);

test("ifupdown: the stanza in a file of its own", WITH_IFQUERY, () => {
  const done = on(
    {
      files: {
        [INTERFACES]: "source interfaces.d/*\n",
        [`${INTERFACES}.d/eth0`]: "auto eth0\niface eth0 inet static\n    address 10.5.106.7/8\n",
      },
      commands: ["ifquery"],
    },
    PERSIST,
  );
  assert.deepEqual(done.texts, [
    "source interfaces.d/*\n",
    "auto eth0\niface eth0 inet static\n    address 10.5.106.70/8\n",
  ]);
});

const NM: [what: string, before: string, after: string][] = [
  ["the VIP", "10.5.106.7/8", "10.5.106.70/8"],
  ["the VIP among others", "10.9.0.1/8, 10.5.106.7/8", "10.9.0.1/8,10.5.106.70/8"],
  ["both", "10.5.106.70/8, 10.5.106.7/8", "10.5.106.70/8"],
  ["another one", "10.9.0.1/8", "10.9.0.1/8,10.5.106.70/8"],
  ["none: an automatic connection", "", "10.5.106.70/8"],
];
for (const [what, before, wanted] of NM)
  test(`NetworkManager: ${what}`, () => {
    const done = on({ files: {}, nmcli: { state: "100 (connected)", addresses: before } }, PERSIST);
    assert.equal(done.code, 0, done.stderr);
    assert.equal(done.texts[0], `${wanted}\n`);
  });

test("another static address than the last time: the former one is replaced", WITH_IFQUERY, () => {
  const done = on(
    TOOLS.ifupdown("auto eth0\niface eth0 inet static\n    address 10.5.106.70/8\n"),
    "persist 10.5.106.71/8 eth0 10.5.106.70/8",
  );
  assert.equal(done.texts[0], "auto eth0\niface eth0 inet static\n    address 10.5.106.71/8\n");
});

const STATIC_STANZA = "auto eth0\niface eth0 inet static\n    address 10.5.106.7/8\n";
const NETPLAN_ETH0 = "network:\n  ethernets:\n    eth0:\n      addresses: [10.5.106.7/8]\n";
const CONNECTED = { state: "100 (connected)", addresses: "10.5.106.7/8" };

/** Who owns eth0, with what is left over of others. */
const OWNERS: [what: string, machine: Machine, owners: string][] = [
  ["nothing at all", { files: {} }, ""],
  [
    "a stanza without ifupdown, on a system that came to netplan by an upgrade",
    { files: { [INTERFACES]: STATIC_STANZA, [NETPLAN]: NETPLAN_ETH0 }, commands: ["netplan"] },
    `netplan /${NETPLAN}\n`,
  ],
  [
    "netplan with networkd below it",
    {
      files: { [NETPLAN]: NETPLAN_ETH0, "links/2": "NETWORK_FILE=/run/systemd/network/10-netplan-eth0.network\n" },
      commands: ["netplan"],
      running: ["systemd-networkd"],
    },
    `netplan /${NETPLAN}\n`,
  ],
  [
    "netplan with NetworkManager below it",
    { files: { [NETPLAN]: NETPLAN_ETH0 }, commands: ["netplan"], nmcli: CONNECTED },
    `netplan /${NETPLAN}\n`,
  ],
  [
    "netplan that does not have it",
    { files: { [NETPLAN]: "network:\n  ethernets:\n    eth1: {}\n" }, commands: ["netplan"], nmcli: CONNECTED },
    "NetworkManager 4711\n",
  ],
  [
    "NetworkManager with a file ifcfg (RHEL 8)",
    { files: { [IFCFG]: "IPADDR=10.5.106.7\n" }, nmcli: CONNECTED, running: ["network"] },
    "NetworkManager 4711\n",
  ],
  [
    "NM_CONTROLLED=no and network-scripts",
    {
      files: { [IFCFG]: "IPADDR=10.5.106.7\n" },
      nmcli: { state: "10 (unmanaged)", addresses: "" },
      running: ["network"],
    },
    `ifcfg /${IFCFG}\n`,
  ],
  [
    "a file ifcfg that nobody reads any more (RHEL 9)",
    { files: { [IFCFG]: "IPADDR=10.5.106.7\n" }, nmcli: { state: "10 (unmanaged)", addresses: "" } },
    "",
  ],
  [
    "NetworkManager only looks, ifupdown has it (Debian)",
    {
      files: { [INTERFACES]: STATIC_STANZA },
      commands: ["ifquery"],
      nmcli: { state: "100 (connected (externally))", addresses: "" },
    },
    `ifupdown /${INTERFACES}\n`,
  ],
  [
    "ifupdown leaves it to others",
    { files: { [INTERFACES]: "auto eth0\niface eth0 inet manual\n" }, commands: ["ifquery"] },
    "",
  ],
  [
    "networkd without a file for it",
    { files: { "links/2": "ADMIN_STATE=unmanaged\n" }, running: ["systemd-networkd"] },
    "",
  ],
  [
    "wicked's file, while NetworkManager is SLES's service",
    { files: { [WICKED]: "IPADDR='10.5.106.7/8'\n" }, nmcli: CONNECTED },
    "NetworkManager 4711\n",
  ],
  [
    "two: NetworkManager and ifupdown",
    { files: { [INTERFACES]: STATIC_STANZA }, commands: ["ifquery"], nmcli: CONNECTED },
    `NetworkManager 4711\nifupdown /${INTERFACES}\n`,
  ],
];
describe("who owns the interface", () => {
  for (const [what, machine, owners] of OWNERS)
    test(what, needs(machine), () => assert.equal(on(machine, "interface_owners eth0").stdout, owners));
});

/** What is refused, without a change. */
const REFUSED: [what: string, machine: Machine, message: RegExp][] = [
  ["nobody owns it", { files: {} }, /^error: no tool owns eth0; expected one/],
  [
    "two own it",
    OWNERS[OWNERS.length - 1][1],
    /^error: 2 tools own eth0: NetworkManager, 4711; ifupdown, \/etc\/network\/interfaces; expected one/,
  ],
  ["DHCP of network-scripts", TOOLS.ifcfg("BOOTPROTO=dhcp\n"), /^error: eth0 gets its address by DHCP/],
  [
    "a file that a package brings",
    { files: { "links/2": "NETWORK_FILE=/usr/lib/os-release\n" }, running: ["systemd-networkd"] },
    /which is generated or a package's[\s\S]*cp \/usr\/lib/,
  ],
  [
    "netplan does not take it: it goes back",
    { ...TOOLS.netplan(NETPLAN_ETH0), netplanFails: "eth0: invalid" },
    /^error: .* could not be changed[\s\S]*It is as it was\nevidence: netplan generate: eth0: invalid/,
  ],
  [
    "a list that netplan spreads over lines: it goes back",
    TOOLS.netplan("network:\n  ethernets:\n    eth0:\n      addresses: [\n        10.5.106.7/8 ]\n"),
    /could not be changed/,
  ],
];
for (const [what, machine, message] of REFUSED)
  test(`refused, and left as it was: ${what}`, needs(machine), () => {
    const done = on(machine, PERSIST);
    assert.equal(done.code === 0, false);
    assert.match(done.stderr, message);
    assert.deepEqual(done.texts.slice(0, Object.keys(machine.files).length), Object.values(machine.files));
  });

test("NetworkManager does not say which addresses a connection has: it is not changed, and none of them is lost", () => {
  const machine = { files: {}, nmcli: { state: "100 (connected)", addresses: "10.5.106.7/8, 192.168.7.7/24\n" } };
  const done = on(
    machine,
    `eval "$(declare -f nmcli | sed '1s/.*/whole_nmcli()/')"; nmcli() { [[ $* != '-g ipv4.addresses '* ]] || return 10; whole_nmcli "$@"; }
     (persist 10.5.106.70/8 eth0 '') || true; cat "\${RECORDS%/*}/nm"`,
  );
  assert.equal(done.stdout, machine.nmcli.addresses);
});

const UNREAD: [what: string, machine: Machine, call: string][] = [
  ["netplan's, of the owner", TOOLS.netplan(NETPLAN_ETH0), "owners_of eth0"],
  ["ifupdown's, of the owner", TOOLS.ifupdown(STATIC), "owners_of eth0"],
  [
    "ifupdown's, among those that hold addresses",
    TOOLS.ifupdown(STATIC),
    `persistent_files ifupdown "$NETWORK_INTERFACES" eth0`,
  ],
  [
    "netplan's, where an address is to be changed",
    TOOLS.netplan(NETPLAN_ETH0),
    `persistent_replace netplan "$NETPLAN_FILES/01-netcfg.yaml" eth0 10.5.106.7/8 10.5.106.70/8`,
  ],
];
for (const [what, machine, call] of UNREAD)
  test(
    `a file of the tool that cannot be read: ${what}: an error, nothing is taken for absent, nothing is changed`,
    needs(machine),
    () => {
      const { code, stdout, stderr, texts } = on(
        machine,
        `grep() { echo "grep: $4: Input/output error"; return 2; }; ${call}; echo told`,
      );
      assert.deepEqual([code, stdout], [40, ""]);
      assert.match(stderr, /^error: which files give eth0 its addresses at boot cannot be told on xcatmn1/);
      assert.deepEqual(texts, Object.values(machine.files));
    },
  );

const AUTO = "auto eth0\niface eth0 inet static\n    address 10.5.106.70/8\n";
/** Files of ifupdown, what is persistent then (or why nothing is), and the files behind `persist`: nothing where it refuses, and they stay. */
const IFUPDOWN: [what: string, files: string[], state: string, wanted: string[] | undefined][] = [
  [
    "the VIP in a file that a sourced one sources",
    [`${AUTO}source sites/*.cfg\n`, "", "iface eth0 inet static\n    address 10.5.106.7\n    netmask 255.0.0.0\n"],
    "ifupdown ROOT/etc/network/interfaces has 10.5.106.70/8, 10.5.106.7/8",
    [`${AUTO}source sites/*.cfg\n`, "", ""],
  ],
  [
    "the netmask in a template",
    [
      "auto eth0\niface lan inet static\n    netmask 255.0.0.0\niface eth0 inet static inherits lan\n    address 10.5.106.7\n",
    ],
    "ifupdown ROOT/etc/network/interfaces has 10.5.106.7/8",
    [
      "auto eth0\niface lan inet static\n    netmask 255.0.0.0\niface eth0 inet static inherits lan\n    address 10.5.106.70/8\n",
    ],
  ],
  [
    "the VIP in a template: it is not ours to change, and goes back",
    ["auto eth0\niface lan inet static\n    address 10.5.106.7/8\niface eth0 inherits lan\n    mtu 1500\n"],
    "ifupdown ROOT/etc/network/interfaces has 10.5.106.7/8",
    undefined,
  ],
  [
    "another netmask in a template wins over the prefix: it goes back",
    [
      "auto eth0\niface lan inet static\n    netmask 255.255.0.0\niface eth0 inet static inherits lan\n    address 10.5.106.7\n",
    ],
    "ifupdown ROOT/etc/network/interfaces has 10.5.106.7/16",
    undefined,
  ],
  [
    "a mapping: the stanza has another name",
    [
      "auto eth0\nmapping eth0\n    script ROOT/etc/map\niface work inet static\n    address 10.5.106.7/8\niface eth0 inet static\n    address 10.9.0.1/16\n",
    ],
    "ifupdown ROOT/etc/network/interfaces has 10.5.106.7/8",
    [
      "auto eth0\nmapping eth0\n    script ROOT/etc/map\niface work inet static\n    address 10.5.106.70/8\niface eth0 inet static\n    address 10.9.0.1/16\n",
    ],
  ],
  [
    "an interface that comes up by another name, as its state says",
    ["auto eth0=home\niface home inet static\n    address 10.9.0.1/16\n", "", "", "eth0=home\n"],
    "ifupdown ROOT/etc/network/interfaces has 10.9.0.1/16",
    [
      "auto eth0=home\niface home inet static\n    address 10.9.0.1/16\n\niface home inet static\n    address 10.5.106.70/8\n",
    ],
  ],
  [
    "an alias among others in one line",
    [
      "auto lo eth0 eth0:0\niface lo inet loopback\niface eth0 inet static\n    address 10.5.106.70/8\niface eth0:0 inet static\n    address 10.5.106.7/8\n",
    ],
    "ifupdown ROOT/etc/network/interfaces has 10.5.106.70/8, 10.5.106.7/8",
    ["auto lo eth0\niface lo inet loopback\niface eth0 inet static\n    address 10.5.106.70/8\n"],
  ],
  [
    "an alias that a line of the interface brings up",
    [`${AUTO}    up ifup eth0:vip\niface eth0:vip inet static\n    address 10.5.106.7/8\n`],
    "ifupdown ROOT/etc/network/interfaces has 10.5.106.70/8, 10.5.106.7/8",
    [`${AUTO}    up ifup eth0:vip\n`],
  ],
  ["an address that comes up when it is plugged in", [AUTO.replace("auto", "allow-hotplug")], "10.5.106.70/8", []],
  ["another interface that is plugged in has no stanza", [`${AUTO}allow-hotplug eth7\n`], "10.5.106.70/8", []],
  ["the netmask of the address's class", [`${AUTO.replace("/8", "")}`], "10.5.106.70/8", []],
  ["IPv6 beside it", [`${AUTO}iface eth0 inet6 static\n    address fec0::1/64\n`], "10.5.106.70/8", []],
  [
    "two addresses in one stanza, which ip does not take",
    [`${AUTO.replace("/8", "")}    address 10.9.0.1\n`],
    "ifupdown ROOT/etc/network/interfaces has 10.5.106.70 and 10.9.0.1 in one stanza",
    undefined,
  ],
  [
    "nothing brings it up",
    [AUTO.replace("auto eth0\n", "")],
    "no tool owns eth0: neither auto nor allow-hotplug brings up its stanza in ROOT/etc/network/interfaces",
    undefined,
  ],
  [
    "it is left to others, an address notwithstanding",
    [AUTO.replace("static", "manual")],
    "no tool owns eth0",
    undefined,
  ],
  [
    "a command over several lines adds the VIP",
    [`${AUTO}    up ip addr \\\n    add 10.5.106.7/8 dev $IFACE\n`],
    "a line adds the VIP at boot: ifquery eth0: up ip addr     add 10.5.106.7/8 dev $IFACE",
    undefined,
  ],
  [
    "a line of a sourced file adds the VIP",
    ["source sites/*.cfg\n", "", `${AUTO}    post-up ip addr add 10.5.106.7/8 dev eth0\n`],
    "a line adds the VIP at boot: ROOT/etc/network/sites/../more/vip:4:    post-up ip addr add 10.5.106.7/8 dev eth0",
    undefined,
  ],
];
for (const [what, [main, ...others], state, wanted] of IFUPDOWN)
  test(`ifupdown says what it does: ${what}`, WITH_IFQUERY, () => {
    const machine: Machine = {
      files: { [INTERFACES]: main, [`${INTERFACES}.d/site`]: "", "etc/network/more/vip": others[1] ?? "" },
      commands: ["ifquery"],
      executable: ["etc/map"],
    };
    Object.assign(machine.files, {
      "etc/network/sites/a.cfg": "source ../more/*\n",
      "etc/map": "#!/bin/sh\necho work\n",
      "state/ifstate": others[2] ?? "",
    });
    const put = `sed -i "s,ROOT,\${NETWORK_CLASS%/sys}," "$NETWORK_INTERFACES"`;
    const seen = on(machine, `${put}; persistent_state 10.5.106.70/8 eth0`);
    assert.equal(seen.stdout.trim(), state.replaceAll("ROOT", ""), seen.stderr);
    const done = on(machine, `${put}; ${PERSIST}; persistent_state 10.5.106.70/8 eth0`);
    const texts = done.texts.slice(0, 3).map((text) => text.replace(/script .*\/etc\/map/, "script ROOT/etc/map"));
    if (!wanted) {
      assert.notEqual(done.code, 0);
      assert.deepEqual(texts, [main, "", others[1] ?? ""]);
      return;
    }
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, /(^|\n)10\.5\.106\.70\/8\n$/);
    assert.deepEqual(texts, wanted.length ? [wanted[0], "", wanted[2] ?? ""] : [main, "", ""]);
  });

/** As ifupdown2 3.0.0 prints it for interfaces of its own syntax. */
const IFUPDOWN2 = `case "$*" in
  --version) echo 'ifupdown2:3.0.0-1.1' ;;
  '-v -a')
    echo 'info: requesting link dump' >&2
    echo 'info: processing interfaces file ROOT/${INTERFACES}' >&2
    echo 'warning: ROOT/${INTERFACES}: line9: cannot find source file other/x.conf' >&2
    printf 'auto lo\\niface lo inet loopback\\n\\n'
    sed 's,$IFACE,eth0,' ROOT/${INTERFACES} ;;
  *) echo "$*" >&2; exit 9 ;;
esac`;
const TWO: [what: string, text: string, state: string][] = [
  ["the static address", AUTO, "10.5.106.70/8"],
  ["no method", "auto eth0\niface eth0\n\taddress 10.5.106.70/8\n", "10.5.106.70/8"],
  [
    "two addresses of one stanza, a netmask, and IPv6",
    "auto eth0\niface eth0 inet static\n\taddress 10.5.106.70\n\tnetmask 255.0.0.0\n\taddress 10.9.0.1\n\nauto eth0\niface eth0 inet6 static\n\taddress fec0::1/64\n",
    "10.5.106.70/8",
  ],
  [
    "the VIP",
    "auto eth0\niface eth0\n\taddress 10.5.106.70/8\n\taddress 10.5.106.7/8\n",
    "ifupdown /etc/network/interfaces has 10.5.106.70/8, 10.5.106.7/8",
  ],
  ["DHCP", "auto eth0\niface eth0 inet dhcp\n", "ifupdown /etc/network/interfaces has no address"],
  ["another interface", AUTO.replaceAll("eth0", "eth1"), "no tool owns eth0"],
  [
    "an up-line",
    `${AUTO}\tup ip addr add 10.5.106.7/8 dev $IFACE\n`,
    "a line adds the VIP at boot: /etc/network/interfaces:4:\tup ip addr add 10.5.106.7/8 dev $IFACE",
  ],
];
for (const [what, text, state] of TWO)
  test(`ifupdown2 says what it does: ${what}`, () => {
    const seen = on(
      { files: { [INTERFACES]: text }, commands: ["ifquery"], ifquery: IFUPDOWN2 },
      "persistent_state 10.5.106.70/8 eth0",
    );
    assert.equal(seen.stdout.trim(), state, seen.stderr);
  });

const UNREADABLE: [what: string, machine: Machine][] = [
  [
    "ifupdown",
    {
      ...TOOLS.ifupdown(AUTO.replace("70", "7")),
      ifquery: `grep -q 10.5.106.70 ROOT/${INTERFACES} && { echo "ifquery: couldn't read interfaces file" >&2; exit 1; }; ${IFUPDOWN2}`,
    },
  ],
  ["netplan", TOOLS.netplan(NETPLAN_ETH0)],
];
for (const [tool, machine] of UNREADABLE)
  test(`what ${tool} cannot read after it was written goes back`, () => {
    const done = on(
      machine,
      `eval "$(declare -f netplan | sed '1s/.*/whole_netplan()/')"
       netplan() { ! grep -q 10.5.106.70 "$NETPLAN_FILES"/*.yaml || { echo "Error in network definition"; return 1; }; whole_netplan "$@"; }; ${PERSIST}`,
    );
    assert.equal(done.code, 20, done.stderr);
    assert.match(
      done.stderr,
      /^error: \S+ could not be changed to [^\n]* It is as it was\nevidence: [^\n]*(couldn't read interfaces file|Error in network)/,
    );
    assert.deepEqual(done.texts, Object.values(machine.files));
  });

/** What is no answer, and what is said of it. */
const UNTOLD: [what: string, machine: Partial<Machine>, before: string, evidence: RegExp][] = [
  [
    "a line that it does not understand",
    { files: { [INTERFACES]: `misplaced\n${AUTO}` } },
    "",
    /interfaces:1: (misplaced option|option with empty value)/,
  ],
  [
    "a stanza's name that its state does not say",
    { files: { [INTERFACES]: AUTO.replace("auto eth0", "auto eth0=home").replace("iface eth0", "iface home") } },
    "",
    /ifquery --list has eth0, and ifquery eth0 does not know it/,
  ],
  ["ifquery that crashes", { ifquery: "kill -SEGV $$" }, "", /ifquery --version ended with 139/],
  ["ifquery of another kind", { ifquery: "echo BusyBox" }, "", /ifquery --version: BusyBox/],
  ["ifquery that hangs", { ifquery: "sleep 60" }, "IFQUERY_SECONDS=0.2", /no answer within 0.2 s/],
  ["ifupdown without ifquery", { commands: ["ifup"] }, "", /and ifup are there, and no ifquery/],
  [
    "ifupdown2 with a file that it cannot read",
    { ifquery: `${IFUPDOWN2}; echo 'warning: error processing file x ([Errno 13] Permission denied)' >&2` },
    "",
    /warning: error processing file x/,
  ],
  [
    "ifupdown2 with a line that it does not understand",
    { ifquery: `${IFUPDOWN2}; echo "error: x: line1: iface eth0: invalid syntax 'foo'" >&2` },
    "",
    /invalid syntax 'foo'/,
  ],
];
for (const [what, special, before, evidence] of UNTOLD)
  test(`what ifupdown does cannot be told, and nothing is written: ${what}`, WITH_IFQUERY, () => {
    const machine: Machine = { files: { [INTERFACES]: AUTO.replace("70", "7") }, commands: ["ifquery"], ...special };
    for (const call of ["persistent_state 10.5.106.70/8 eth0", PERSIST, "interface_owners eth0"]) {
      const done = on(machine, `${before}; ${call}; echo told`.replace(/^; /, ""));
      assert.deepEqual([done.code, done.stdout], [40, ""], call);
      assert.match(done.stderr, /^error: what ifupdown configures at boot cannot be told on xcatmn1; /);
      assert.match(done.stderr, evidence);
      assert.deepEqual(done.texts, Object.values(machine.files));
    }
  });
