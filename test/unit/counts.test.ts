// makedns and makedhcp end with 0 where they find no address of a node: what they warn of is read, and what DNS and DHCP have is compared with
// before.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bash, LEASE_LIBRARIES, SERVICES_LIBRARIES } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-counts-"));
after(() => rmSync(folder, { recursive: true }));
let worlds = 0;

const lines = (...all: string[]) => all.map((line) => `${line}\n`).join("");
const MANY = Array.from({ length: 18 }, (_, index) => `cn${index + 3}`);

// What a make* step prints (docs/xcat-facts.md, Addresses come from the hosts file), and what is said of it.
const WARNINGS: [what: string, output: string, ...said: string[]][] = [
  ["all went well", lines("Handling cn1 in /etc/hosts.", "Completed updating DNS records.", "DNS setup is completed")],
  ["it says nothing", ""],
  [
    "no dynamic range, as on most networks",
    "Warning: [xcatmn2]: No dynamic range specified for 10.0.0.0. If hardware discovery is being used, a dynamic range is required.\n",
  ],
  [
    "one node that does not resolve",
    "Warning: [xcatmn2]: The hostname cn3 of node cn3 could not be resolved.\n",
    "cn3: could not be resolved",
  ],
  [
    "18 of them: the first five and how many more",
    lines(...MANY.map((node) => `Warning: [xcatmn2]: The hostname ${node} of node ${node} could not be resolved.`)),
    "cn3, cn4, cn5, cn6, cn7 and 13 more: could not be resolved",
  ],
  [
    "two hosts in no network, a line with a bad name",
    lines(
      "Ignoring host sw1, it does not belong to any nets defined in networks table or the net it belongs to is configured to use an external nameserver.",
      "Ignoring host sw2, it does not belong to any nets defined in networks table or the net it belongs to is configured to use an external nameserver.",
      "Ignoring line 10.5.106.9 bad_name in /etc/hosts, names  bad_name contain invalid characters (valid characters include a through z, numbers and the '-', but not '_'",
    ),
    "sw1, sw2: it does not belong to any nets defined in networks table or the net it belongs to is configured to use an external nameserver.",
    "Ignoring line 10.5.106.9 bad_name in /etc/hosts, names  bad_name contain invalid characters (valid characters include a through z, numbers and the '-', but not '_'",
  ],
  [
    "an error whose text is on the next line, one without a host name, the same twice",
    lines(
      "Error: [xcatmn2]: ",
      "Type 'bogus' is not a valid xCAT object type.",
      "Error: failed to start named.",
      "Error: [xcatmn2]: failed to start named.",
      "",
    ),
    "Type 'bogus' is not a valid xCAT object type.",
    "failed to start named.",
  ],
  [
    "seven kinds: five of them",
    lines(...[1, 2, 3, 4, 5, 6, 7].map((index) => `Warning: [h]: of another kind ${index}`)),
    ...[1, 2, 3, 4, 5].map((index) => `of another kind ${index}`),
    "2 more warnings",
  ],
];
for (const [what, output, ...said] of WARNINGS)
  for (const code of [0, 1])
    test(`a make* step that ends with ${code}, ${what}`, () => {
      const done = bash(
        [...SERVICES_LIBRARIES, "report"],
        `RUN=$(mktemp -d) NODE=xcatmn2; trap 'rm -rf "$RUN"' EXIT; OUTPUT=$(cat && echo .); xcat() { printf %s "\${OUTPUT%.}"; return ${code}; }
         result=0; make_step makedhcp -a || result=$?; echo "$result"`,
        output,
      );
      assert.equal(done.code, 0, done.stderr);
      assert.equal(done.stdout, lines(...said.map((line) => `xcatmn2: warning: makedhcp -a says: ${line}`), `${code}`));
    });

test("a make* step whose output cannot be read is not one without a warning", () => {
  const { stdout } = bash(
    [...SERVICES_LIBRARIES, "report"],
    "RUN=/nowhere NODE=xcatmn2; quietly() { :; }; make_step makedns -n 2>/dev/null",
  );
  assert.equal(stdout, "xcatmn2: warning: makedns -n says: its output cannot be read: /nowhere/make.log\n");
});

const FUNCTIONS = [
  ...LEASE_LIBRARIES,
  ...SERVICES_LIBRARIES,
  "files",
  "xcat",
  "networksMgtIf",
  "hostsFile",
  "verify",
  "counts",
];

const SETTING = `NODE=xcatmn2 VIP=10.5.106.7 SERVICES=(named dhcpd); declare -A LEASE=([is]=mine [epoch]=000007); lease_read() { :; }; share_state() { echo ok; }
  xcatd_ready() { :; }; dhcpd_ready() { :; }`;

// Two nodes: dns and dhcp of both are there, where nothing else is said.
const WORLD = ["told nodes", "node cn1", "node cn2", "address cn1", "address cn2", "mac cn1", "mac cn2"];
const DNS = ["told dns", "dns cn1", "dns cn2"];
const DHCP = ["told dhcp", "dhcp cn1", "dhcp cn2"];
const BEFORE = ["told before", "before cn1 dns dhcp", "before cn2 dns dhcp"];
const OK_DNS = "ok|DNS|of 2 nodes 2 have a name at 10.5.106.7, none lost";
const OK_DHCP = "ok|DHCP|of 2 nodes 2 have a reservation, none lost";
const WHOLE = ["cn1 dns dhcp", "cn2 dns dhcp"];
const AGAIN = "then xcat-ha verify on xcatmn2";
const LOST = `Look for their addresses in /etc/hosts, /records/hosts.before and /HA/.xcat-ha/hosts on xcatmn2, put them into /etc/hosts (makehosts brings what the tables have), makedns, makedhcp -a, ${AGAIN}. Where that is as it should be: rm /HA/.xcat-ha/hosts/*.counts`;
const READ = "makedns and makedhcp -a on xcatmn2, and read what they say";
const LAST_WORD = "cannot be told: it said so. When it answers";

const COMPARED: [what: string, seen: string[], rows: string[], kept: string[] | null][] = [
  ["all as before", [...WORLD, ...BEFORE, ...DNS, ...DHCP], [OK_DNS, OK_DHCP], WHOLE],
  [
    "no record yet, and all there",
    [...WORLD, "told before", "first", ...DNS, ...DHCP],
    [
      OK_DNS.replace("none lost", "which is the first record"),
      OK_DHCP.replace("none lost", "which is the first record"),
    ],
    WHOLE,
  ],
  [
    "one lost both: a failure, and the record keeps it",
    [...WORLD, ...BEFORE, "told dns", "dns cn1", "nodns cn2", "told dhcp", "dhcp cn1"],
    [
      `failed|DNS|of 2 nodes 1 has a name at 10.5.106.7; 1 node has lost it since the record of before: cn2. ${LOST}`,
      `failed|DHCP|of 2 nodes 1 has a reservation; 1 node has lost it since the record of before: cn2. ${LOST}`,
    ],
    WHOLE,
  ],
  [
    "lost with the address, which only the hosts file had: a failure too",
    [
      "told nodes",
      "node cn1",
      "node cn2",
      "address cn1",
      "mac cn1",
      ...BEFORE,
      "told dns",
      "dns cn1",
      "nodns cn2",
      ...DHCP,
    ],
    [
      `failed|DNS|of 2 nodes 1 has a name at 10.5.106.7; 1 node has lost it since the record of before: cn2. ${LOST}`,
      OK_DHCP,
    ],
    WHOLE,
  ],
  [
    "18 of 20 lost: the first five",
    [
      "told nodes",
      ...["cn1", "cn2", ...MANY].flatMap((node) => [`node ${node}`, `address ${node}`]),
      "told before",
      ...["cn1", "cn2", ...MANY].map((node) => `before ${node} dns`),
      ...DNS,
      ...MANY.map((node) => `nodns ${node}`),
    ],
    [
      `failed|DNS|of 20 nodes 2 have a name at 10.5.106.7; 18 nodes have lost it since the record of before: cn3, cn4, cn5, cn6, cn7 and 13 more. ${LOST}`,
    ],
    ["cn1", "cn2", ...MANY].map((node) => `${node} dns`),
  ],
  [
    "as many as before, but another one: a failure",
    [...WORLD, "told before", "before cn1 dns", "before cn2", "told dns", "nodns cn1", "dns cn2"],
    [`failed|DNS|of 2 nodes 1 has a name at 10.5.106.7; 1 node has lost it since the record of before: cn1. ${LOST}`],
    ["cn1 dns", "cn2 dns"],
  ],
  [
    "fewer, because a node is none any more: not lost, and forgotten",
    ["told nodes", "node cn1", "address cn1", "mac cn1", ...BEFORE, "told dns", "dns cn1", "told dhcp", "dhcp cn1"],
    ["ok|DNS|of 1 node 1 has a name at 10.5.106.7, none lost", "ok|DHCP|of 1 node 1 has a reservation, none lost"],
    ["cn1 dns dhcp"],
  ],
  [
    "a new node with an address and a MAC, which has none: a warning",
    [...WORLD, "node cn3", "address cn3", "mac cn3", ...BEFORE, ...DNS, "nodns cn3", ...DHCP],
    [
      `warning|DNS|of 3 nodes 2 have a name at 10.5.106.7; 1 node with an address has none: cn3. ${READ}`,
      `warning|DHCP|of 3 nodes 2 have a reservation; 1 node with an address and a MAC has none: cn3. ${READ}`,
    ],
    [...WHOLE, "cn3"],
  ],
  [
    "a new node without an address, one without a MAC: not expected",
    [...WORLD, "node cn3", "mac cn3", "node cn4", "address cn4", ...BEFORE, ...DNS, "nodns cn3", "dns cn4", ...DHCP],
    ["ok|DNS|of 4 nodes 3 have a name at 10.5.106.7, none lost", "ok|DHCP|of 4 nodes 2 have a reservation, none lost"],
    [...WHOLE, "cn3", "cn4 dns"],
  ],
  [
    "what had none before has none: said, and no failure",
    [...WORLD, "told before", "before cn1 dns dhcp", "before cn2 dns", ...DNS, "told dhcp", "dhcp cn1"],
    [OK_DNS, "ok|DHCP|of 2 nodes 1 has a reservation, none lost; 1 node has had none before: cn2"],
    ["cn1 dns dhcp", "cn2 dns"],
  ],
  ["no nodes", ["told nodes", ...BEFORE], ["ok|DNS, DHCP|xCAT has no nodes"], []],
  ["neither named nor dhcpd is ours: no row, and what was known stays", [...WORLD, ...BEFORE], [], WHOLE],
  // Cannot tell is neither fewer nor as before.
  [
    "the nodes cannot be told",
    ["untold nodes it said so", ...BEFORE],
    [`warning|DNS, DHCP|whether they have as many nodes as before ${LAST_WORD}, xcat-ha verify on xcatmn2`],
    null,
  ],
  [
    "DNS cannot be told: what it had stays",
    [...WORLD, ...BEFORE, "untold dns it said so", ...DHCP],
    [`warning|DNS|whether as many nodes have a name at 10.5.106.7 as before ${LAST_WORD}, ${AGAIN}`, OK_DHCP],
    WHOLE,
  ],
  [
    "DHCP cannot be told: what it had stays",
    [...WORLD, ...BEFORE, ...DNS, "untold dhcp it said so"],
    [OK_DNS, `warning|DHCP|whether as many nodes have a reservation as before ${LAST_WORD}, ${AGAIN}`],
    WHOLE,
  ],
  [
    "of one name there is no answer: what it had stays",
    [...WORLD, ...BEFORE, "told dns", "dns cn1", ...DHCP],
    [
      `warning|DNS|whether it still has them cannot be told of 1 node cn2: no answer. When it answers, ${AGAIN}`,
      OK_DHCP,
    ],
    WHOLE,
  ],
  [
    "the record cannot be told: what is there is said, and the record stays as it is",
    [...WORLD, "untold before it said so", ...DNS, ...DHCP],
    [
      `warning|DNS|of 2 nodes 2 have a name at 10.5.106.7; whether it were more before the failover cannot be told: it said so. Look at /HA/.xcat-ha/hosts on xcatmn2 (rm /HA/.xcat-ha/hosts/*.counts begins anew), ${AGAIN}`,
      `warning|DHCP|of 2 nodes 2 have a reservation; whether it were more before the failover cannot be told: it said so. Look at /HA/.xcat-ha/hosts on xcatmn2 (rm /HA/.xcat-ha/hosts/*.counts begins anew), ${AGAIN}`,
    ],
    null,
  ],
];
for (const [what, seen, rows, kept] of COMPARED)
  test(`what DNS and DHCP have, against the record: ${what}`, () => {
    const { code, stdout, stderr } = bash(
      FUNCTIONS,
      `${SETTING}; SHARE=/HA RECORDS=/records HOSTS_FILE=/etc/hosts; counts_compare`,
      lines(...seen),
    );
    assert.equal(code, 0, stderr);
    const all = stdout.split("\n").filter(Boolean);
    assert.deepEqual(
      all.filter((line) => !line.startsWith("keep ")).map((line) => line.replaceAll("\t", "|")),
      rows,
    );
    const keep = all.filter((line) => line.startsWith("keep ")).map((line) => line.slice(5));
    assert.deepEqual(keep, kept === null ? [] : [`nodes ${kept.length}`, ...kept]);
  });

const NODELS = lines(
  "cn1: hosts.ip: 10.5.106.101",
  "cn1: mac.mac: 42:03:0a:05:6a:65",
  "cn2: mac.mac: 42:03:0a:05:6a:66!*NOIP*",
  "cn2: hosts.ip: ",
);
const QUERY = lines(
  "cn1: ip-address = 10.5.106.101, hardware-address = 42:03:0a:05:6a:65",
  "cn2: ip-address = 10.5.106.102 hardware-address = 42:03:0a:05:6a:66 hostname = cn2",
);
// As dig prints it with these options; by `$AT/zone`, a line NAME STATUS [TYPE]; a name that is not there has no answer.
const DIG = `#!/bin/bash
echo "$*" >>"$AT/dig"
while [[ $1 != -f ]]; do shift; done
while read -r name; do
  read -r _ status type < <(grep "^$name " "$AT/zone") || { printf ';; communications error to 10.5.106.7#53: timed out\\n;; no servers could be reached\\n'; continue; }
  printf ';; Got answer:\\n;; ->>HEADER<<- opcode: QUERY, status: %s, id: 5120\\n;; flags: qr aa; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1\\n\\n' "$status"
  printf ';; OPT PSEUDOSECTION:\\n; EDNS: version: 0, flags:; udp: 1232\\n;; QUESTION SECTION:\\n;%s.\\t\\tIN\\tA\\n\\n' "$name"
  [[ -z $type ]] || printf ';; ANSWER SECTION:\\n%s.\\t86400\\tIN\\t%s\\t10.5.106.101\\n\\n' "$name" "$type"
done <"$2"
`;
const ZONE = lines("cn1.cluster.com NOERROR A", "cn2.cluster.com NOERROR A");

type World = { record?: string; epoch?: string; zone?: string; script?: string; at?: string };

/** xcatmn2 in epoch 7, with two nodes; what `counts_rows` says and keeps. */
function counted({
  record,
  epoch = "000006",
  zone = ZONE,
  script = "",
  at = join(folder, String(worlds++)),
}: World = {}) {
  for (const name of ["share/.xcat-ha/hosts", "run", "bin"]) mkdirSync(join(at, name), { recursive: true });
  const put = (name: string, content: string) => writeFileSync(join(at, name), content);
  put("bin/dig", DIG);
  chmodSync(join(at, "bin/dig"), 0o755);
  put("zone", zone);
  put("hosts", lines("127.0.0.1 localhost", "10.5.106.101 cn1 cn1.cluster.com", "10.5.106.102 cn2.cluster.com # cn9"));
  if (record !== undefined) put(`share/.xcat-ha/hosts/${epoch}.counts`, record);
  const done = bash(
    FUNCTIONS,
    `export AT='${at}'; PATH="$AT/bin:$PATH"; SHARE=$AT/share RUN=$AT/run RECORDS=$AT/records HOSTS_FILE=$AT/hosts; ${SETTING}
     xcat() { shift; case $* in
       'nodels /.* hosts.ip mac.mac') printf %s '${NODELS}' ;;
       'lsdef -t site -i domain -c') echo 'clustersite: domain=cluster.com' ;;
       'lsdef -t network -i domain -c') echo '10_0_0_0-255_0_0_0: domain=' ;;
       'makedhcp -q /.*') printf %s '${QUERY}' ;;
       *) echo "unexpected: $*" ;;
     esac; }
     ${script}
     counts_rows`,
  );
  const kept = join(at, "share/.xcat-ha/hosts/000007.counts");
  return {
    ...done,
    at,
    rows: done.stdout.split("\n").filter(Boolean),
    kept: existsSync(kept) ? readFileSync(kept, "utf8") : undefined,
  };
}

const RECORD = lines("nodes 2", "cn1 dns dhcp", "cn2 dns dhcp");

test("the looks: xCAT's nodes, named by one dig, ISC's and Kea's reservations, the newest record; kept for the next failover", () => {
  const { code, stderr, rows, kept, at } = counted({ record: RECORD });
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    rows.map((row) => row.replaceAll("\t", "|")),
    [OK_DNS, OK_DHCP],
  );
  assert.equal(kept, RECORD);
  assert.match(readFileSync(join(at, "dig"), "utf8"), /^@10\.5\.106\.7 [^\n]*\n$/);
});

const SEEN: [what: string, world: World, dns: RegExp, dhcp: RegExp, kept: string | undefined][] = [
  ["no record", {}, /^ok\t.*first record/, /^ok\t.*first record/, RECORD],
  [
    "the record of this epoch counts before an older one",
    { record: RECORD, epoch: "000007", zone: lines("cn1.cluster.com NOERROR A", "cn2.cluster.com NXDOMAIN") },
    /^failed\tDNS\t.*: cn2\. /,
    /^ok\t/,
    RECORD,
  ],
  [
    "a name without an address is none",
    { record: RECORD, zone: lines("cn1.cluster.com NOERROR", "cn2.cluster.com NOERROR CNAME") },
    /^failed\tDNS\t.*: cn1\. /,
    /^ok\t/,
    RECORD,
  ],
  [
    "the domain of a network, which is not the site's; in the other one named does not know the name, or serves it not",
    {
      record: RECORD,
      zone: lines(
        "cn1.cluster.com NXDOMAIN",
        "cn1.other.org NOERROR A",
        "cn2.cluster.com NOERROR A",
        "cn2.other.org REFUSED",
      ),
      script: `eval "inner_$(declare -f xcat)"; xcat() { if [[ $* == *'lsdef -t network'* ]]; then echo 'net: domain=other.org'; else inner_xcat "$@"; fi; }`,
    },
    /^ok\t/,
    /^ok\t/,
    RECORD,
  ],
  [
    "no domain is named's: lost",
    { record: RECORD, zone: lines("cn1.cluster.com REFUSED", "cn2.cluster.com REFUSED") },
    /^failed\tDNS\tof 2 nodes 0 have .*: cn1, cn2\. /,
    /^ok\t/,
    RECORD,
  ],
  [
    "no name has an answer",
    { record: RECORD, zone: "" },
    /^warning\tDNS\t.*cannot be told: named answers no question at 10\.5\.106\.7: ;; communications error to 10\.5\.106\.7#53: timed out\. /,
    /^ok\t/,
    RECORD,
  ],
  [
    "one has none, or one that is no answer",
    { record: RECORD, zone: lines("cn1.cluster.com NOERROR A", "cn2.cluster.com SERVFAIL") },
    /^warning\tDNS\t.*cannot be told of 1 node cn2: no answer/,
    /^ok\t/,
    RECORD,
  ],
  [
    "there is no dig",
    { record: RECORD, script: `command() { [[ $* != '-v dig' ]]; }` },
    /^warning\tDNS\t.*there is no dig on xcatmn2/,
    /^ok\t/,
    RECORD,
  ],
  [
    "the domain cannot be asked for",
    {
      record: RECORD,
      script: `eval "inner_$(declare -f xcat)"; xcat() { [[ $* != *lsdef* ]] || return 111; inner_xcat "$@"; }`,
    },
    /^warning\tDNS\t.*cannot be told: lsdef: ended with 111 and said nothing/,
    /^ok\t/,
    RECORD,
  ],
  [
    "makedhcp says an error and ends with 0",
    {
      record: RECORD,
      script: `eval "inner_$(declare -f xcat)"; xcat() { if [[ $* == *makedhcp* ]]; then echo 'Error: [xcatmn2]: no'; else inner_xcat "$@"; fi; }`,
    },
    /^ok\t/,
    /^warning\tDHCP\t.*cannot be told: makedhcp: ended with 0 and said Error: \[xcatmn2\]: no\. /,
    RECORD,
  ],
  [
    "makedhcp does not come back",
    {
      record: RECORD,
      script: `eval "inner_$(declare -f xcat)"; xcat() { [[ $* != *makedhcp* ]] || return 124; inner_xcat "$@"; }`,
    },
    /^ok\t/,
    /^warning\tDHCP\t.*cannot be told: makedhcp: no answer in time\. /,
    RECORD,
  ],
  [
    "dhcpd does not listen, where makedhcp lists nothing",
    { record: RECORD, script: "dhcpd_ready() { false; }" },
    /^ok\t/,
    /^warning\tDHCP\t.*cannot be told: dhcpd does not listen/,
    RECORD,
  ],
  [
    "dhcpd has no reservation",
    {
      record: RECORD,
      script: `eval "inner_$(declare -f xcat)"; xcat() { [[ $* != *makedhcp* ]] || return 0; inner_xcat "$@"; }`,
    },
    /^ok\t/,
    /^failed\tDHCP\tof 2 nodes 0 have .*: cn1, cn2\. /,
    RECORD,
  ],
  [
    "the record cannot be read",
    { record: RECORD, script: `share_text() { fail unknown "it cannot be read" - -; }` },
    /^warning\tDNS\t.*whether it were more before the failover cannot be told: it cannot be read\. /,
    /^warning\tDHCP\t.*cannot be told: it cannot be read\. /,
    undefined,
  ],
  [
    "the records cannot be listed",
    { record: RECORD, script: `share_do() { echo 'Stale file handle' >&2; return 1; }` },
    /^warning\tDNS\t.*cannot be told: .*cannot be listed on xcatmn2/,
    /^warning\tDHCP\t/,
    undefined,
  ],
  ...["", "nodes 2\ncn1 dns\n", "nodes 1\ncn1 dns or not\n", "cn1 dns\n"].map((record): (typeof SEEN)[number] => [
    `the record is not whole: ${JSON.stringify(record)}`,
    { record },
    /^warning\tDNS\t.*cannot be told: \S+000006\.counts is not whole\. /,
    /^warning\tDHCP\t/,
    undefined,
  ]),
];
for (const [what, world, dns, dhcp, kept] of SEEN)
  test(`what DNS and DHCP have, where ${what}`, () => {
    const seen = counted(world);
    assert.equal(seen.code, 0, seen.stderr);
    assert.equal(seen.rows.length, 2, seen.stdout);
    assert.match(seen.rows[0], dns);
    assert.match(seen.rows[1], dhcp);
    assert.equal(seen.kept, kept);
  });

const NODES: [what: string, script: string, said: RegExp][] = [
  [
    "nodels fails",
    "xcat() { echo no; return 1; }",
    /^warning\tDNS, DHCP\t.*cannot be told: nodels: ended with 1 and said no\. /,
  ],
  [
    "nodels does not come back",
    "xcat() { return 124; }",
    /^warning\tDNS, DHCP\t.*cannot be told: nodels: no answer in time\. /,
  ],
  [
    "nodels lists nothing, and xcatd has lost its database",
    "xcat() { :; }; xcatd_ready() { false; }",
    /^warning\tDNS, DHCP\t.*cannot be told: nodels lists no node, and xcatd does not answer/,
  ],
  ["the hosts file cannot be read", `rm "$HOSTS_FILE"`, /^warning\tDNS, DHCP\t.*cannot be told: /],
  [
    "there is none, of which a range is an error",
    `xcat() { [[ $* != *' /.* '* ]] || { echo 'Error: [xcatmn2]: Invalid nodes and/or groups in noderange: /.*'; return 1; }; }`,
    /^ok\tDNS, DHCP\txCAT has no nodes\n$/,
  ],
];
for (const [what, script, said] of NODES)
  test(`xCAT's nodes, where ${what}`, () => {
    const { code, stdout, stderr, kept } = counted({ record: RECORD, script });
    assert.equal(code, 0, stderr);
    assert.match(stdout, said);
    assert.equal(stdout.split("\n").length, 2);
    assert.equal(kept, stdout.startsWith("ok") ? "nodes 0\n" : undefined);
  });

test("what a failover lost is not what was there before to the next one", () => {
  const { at } = counted({ record: RECORD, zone: lines("cn1.cluster.com NOERROR A", "cn2.cluster.com NXDOMAIN") });
  const next = counted({
    at,
    zone: lines("cn1.cluster.com NOERROR A", "cn2.cluster.com NXDOMAIN"),
    script: "LEASE[epoch]=000008",
  });
  assert.match(next.rows[0], /^failed\tDNS\t.*: cn2\. /);
  assert.match(counted({ at, script: "LEASE[epoch]=000008" }).rows[0], /^ok\t/);
});

test("a record that the share does not take is a warning", () => {
  const { code, rows } = counted({ script: "share_write() { echo 'No space left on device' >&2; return 1; }" });
  assert.equal(code, 0);
  assert.match(rows[2], /^warning\tDNS, DHCP\twhat they have could not be kept on \S+, .*: No space left on device$/);
});

test("all looks together have one deadline", () => {
  const { stdout } = bash(
    FUNCTIONS,
    "deadline=$((SECONDS + 5)); xcat() { echo $1; }; counts_ask a; deadline=$((SECONDS - 5)); counts_ask a",
  );
  assert.equal(stdout, "5\n1\n");
});
