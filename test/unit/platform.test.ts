import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { bash, SERVICES_LIBRARIES } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-platform-"));
after(() => rmSync(folder, { recursive: true }));

type Node = {
  /** ID and VERSION_ID of os-release. */
  system: string;
  /** Units that systemd has loaded; NAME=OTHER is an alias, NAME:oneshot has that type, NAME! was masked while it runs. */
  units?: string;
  /** Files that are there, with their content. */
  files?: Record<string, string>;
};

let nodes = 0;

/** Sources the table with a node of the test's own below it, runs a script, returns what it printed. */
function on({ system, units = "", files = {} }: Node, script: string) {
  const at = join(folder, String(nodes++));
  const [id, version] = system.split(" ");
  for (const [name, content] of Object.entries({
    "os-release": `NAME="Some System"\nID="${id}"\nVERSION_ID="${version}"\nPRETTY_NAME='$(touch ${at}/never)'\n`,
    ...files,
  })) {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), content);
  }
  return bash(
    ["report", "platform", "units"],
    `NODE=xcatmn1 OS_RELEASE=${at}/os-release POSTGRESQL_CONFIGURATION=${at}/postgresql KEA_SUPPORT=${at}/Backend.pm
     LOADED='${units}'
     systemctl() {
       local arguments="$*" name unit type found load active
       case $1 in
         --version) echo 'systemd 252 (252.30)'; return ;;
         show) ;;
         is-enabled) for name in \${arguments##* -- }; do echo enabled; done; return ;;
         *) echo "systemctl $*"; return ;;
       esac
       for name in \${arguments##* -- }; do
         name=\${name%.service} found= type=notify load=loaded active=inactive
         for unit in $LOADED; do
           [[ $unit != *:* ]] || type=\${unit#*:}
           [[ $unit != "$name!" ]] || load=masked active=active
           unit=\${unit%:*} unit=\${unit%!}
           if [[ \${unit%%=*} == "$name" ]]; then found=\${unit#*=}; break; fi
           type=notify
         done
         # systemd prints them in its own order, an empty line between two units.
         [[ -n $found ]] || found=$name load=not-found type=
         printf 'Type=%s\\nId=%s.service\\nLoadState=%s\\nActiveState=%s\\n\\n' "$type" "$found" "$load" "$active"
       done
     }
     ${script}`,
  );
}

const answer = (node: Node, script: string) => {
  const { code, stdout, stderr } = on(node, script);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  return stdout.replace(/\n$/, "");
};

const SUPPORTED =
  "rhel 8.10, rhel 9.4, rhel 10.0, rocky 8.9, almalinux 9.5, almalinux 10.0, centos 9, sles 15.5, debian 12, ubuntu 22.04, ubuntu 24.04, ubuntu 26.04";
for (const system of SUPPORTED.split(", "))
  test(`${system} is supported`, () => assert.equal(answer({ system }, "system_state"), "ok"));

const REFUSED =
  "rhel 7.9, rhel 11.0, centos 7, sles 12.5, sles 16.0, debian 11, debian 13, ubuntu 20.04, fedora 41, ol 9.4, arch 0";
for (const system of REFUSED.split(", "))
  test(`${system} is refused by name`, () => assert.equal(answer({ system }, "system_state"), system));

// Which unit is each service on each system, as its packages name them (docs/xcat-facts.md, What things are called).
const RHEL = "postgresql xcatd named dhcpd chronyd goconserver";
const UBUNTU =
  "postgresql:oneshot postgresql@14-main xcatd named bind9=named isc-dhcp-server chrony chronyd=chrony conserver-server";
const CLUSTER = (version: number, port = 5432) => ({
  [`postgresql/${version}/main/postgresql.conf`]: `#port = 5432\nport = ${port}\t\t\t\t# (change requires restart)\n`,
});
const KEA = { "Backend.pm": "" };
const SERVICES: [what: string, node: Node, units: Record<string, string>][] = [
  [
    "the manual's names, as in the lab",
    { system: "debian 12", units: "postgresql xcatd named dhcpd ntpd conserver" },
    { postgresql: "postgresql", xcatd: "xcatd", named: "named", dhcpd: "dhcpd", ntpd: "ntpd", conserver: "conserver" },
  ],
  ...["rhel 8.10", "rhel 9.4", "sles 15.5"].map((system): [string, Node, Record<string, string>] => [
    `chronyd where cluster.yaml says ntpd`,
    { system, units: RHEL },
    { postgresql: "postgresql", named: "named", dhcpd: "dhcpd", ntpd: "chronyd", goconserver: "goconserver" },
  ]),
  ["ntpd where cluster.yaml says chronyd", { system: "sles 15.5", units: "ntpd" }, { chronyd: "ntpd" }],
  [
    "Kea, with what belongs to it",
    { system: "rhel 10.0", units: "postgresql xcatd named kea-dhcp4 kea-dhcp-ddns chronyd goconserver" },
    { dhcpd: "kea-dhcp4 kea-dhcp-ddns", ntpd: "chronyd" },
  ],
  [
    "no Kea before RHEL 10, whatever is installed",
    { system: "rhel 9.4", units: "dhcpd kea-dhcp4" },
    { dhcpd: "dhcpd" },
  ],
  [
    "Debian's names behind its aliases; the cluster and not its wrapper",
    { system: "ubuntu 22.04", units: UBUNTU, files: CLUSTER(14) },
    {
      postgresql: "postgresql@14-main postgresql",
      xcatd: "xcatd",
      named: "named",
      dhcpd: "isc-dhcp-server",
      ntpd: "chrony",
      chronyd: "chrony",
      conserver: "conserver-server",
      goconserver: "",
    },
  ],
  [
    "ISC's server where xCAT does not know Kea yet",
    { system: "ubuntu 22.04", units: "isc-dhcp-server kea-dhcp4-server" },
    { dhcpd: "isc-dhcp-server" },
  ],
  [
    "Kea where xCAT knows it",
    { system: "ubuntu 24.04", units: "isc-dhcp-server kea-dhcp4-server kea-dhcp-ddns-server", files: KEA },
    { dhcpd: "kea-dhcp4-server kea-dhcp-ddns-server" },
  ],
  [
    "ISC's server where Kea is not installed",
    { system: "ubuntu 24.04", units: "isc-dhcp-server", files: KEA },
    { dhcpd: "isc-dhcp-server" },
  ],
  [
    "ISC's server on Debian, where xCAT uses no Kea",
    { system: "debian 12", units: "isc-dhcp-server kea-dhcp4-server", files: KEA },
    { dhcpd: "isc-dhcp-server" },
  ],
  ["bind9 by its own name", { system: "debian 12", units: "bind9 named=bind9" }, { named: "bind9" }],
  ["ntpsec behind its aliases", { system: "debian 12", units: "ntpsec ntp=ntpsec ntpd=ntpsec" }, { ntpd: "ntpsec" }],
  ["classic ntp", { system: "ubuntu 22.04", units: "ntp" }, { ntpd: "ntp", chronyd: "ntp" }],
  [
    "of two clusters the one that xCAT reaches",
    {
      system: "debian 12",
      units: "postgresql:oneshot postgresql@15-main postgresql@16-main",
      files: { ...CLUSTER(15, 5433), ...CLUSTER(16) },
    },
    { postgresql: "postgresql@16-main postgresql" },
  ],
  [
    "a wrapper without a cluster is no database",
    { system: "debian 12", units: "postgresql:oneshot" },
    { postgresql: "" },
  ],
  [
    "masked while it runs, or removed: it runs on, and is known",
    { system: "ubuntu 24.04", units: "kea-dhcp4-server! named", files: KEA },
    { dhcpd: "kea-dhcp4-server", named: "named" },
  ],
  ["nothing is there", { system: "rhel 9.4" }, { postgresql: "", named: "", dhcpd: "", ntpd: "" }],
];

for (const [what, node, units] of SERVICES)
  test(`units of ${node.system}: ${what}`, () => {
    const services = Object.keys(units);
    const script = `resolve_units; for service in ${services.join(" ")}; do echo "$service: $([[ -z \${UNIT[$service]:-} ]] || units_of $service | paste -sd' ')"; done`;
    const lines = services.map((service) => `${service}: ${units[service]}`);
    assert.deepEqual(answer(node, script).split("\n"), lines);
  });

test("a service without a unit is refused: the service, the system, what was tried", () => {
  const { code, stderr } = on(
    { system: "ubuntu 22.04", units: "named", files: KEA },
    "resolve_units; unit_require named; unit_require dhcpd",
  );
  assert.equal(code, 30);
  assert.equal(
    stderr,
    "error: no unit of the service dhcpd is on xcatmn1 (ubuntu 22.04); expected one of: dhcpd kea-dhcp4-server isc-dhcp-server\n" +
      "evidence: systemctl show -p LoadState of each: none is loaded; cluster.yaml lists dhcpd under services\n" +
      "next: install dhcpd on xcatmn1\nnext: take dhcpd out of services in cluster.yaml\n",
  );
});

test("what belongs to a unit is disabled with it", () => {
  const node = { system: "rhel 10.0", units: "kea-dhcp4 kea-dhcp-ddns kea-ctrl-agent" };
  assert.equal(
    answer(node, "resolve_units; units_disable dhcpd"),
    "systemctl disable --quiet --no-reload -- kea-dhcp4.service kea-dhcp-ddns.service kea-ctrl-agent.service",
  );
});

const KEA_START: [what: string, unit: string, set: string, ...did: string[]][] = [
  ["unset", "kea-dhcp4", "", "chdef -t site dhcpinterfaces=eth0"],
  ["set by an admin", "kea-dhcp4", "    dhcpinterfaces=bond0"],
  ["unset, but dhcpd serves", "dhcpd", ""],
];
for (const [what, unit, set, ...did] of KEA_START)
  test(`Kea is told its interface before makedhcp: site.dhcpinterfaces ${what}`, () => {
    const { code, stdout, stderr } = bash(
      [...SERVICES_LIBRARIES, "report", "platform", "units"],
      `NODE=xcatmn1 VIP=10.5.106.7 XCAT_SECONDS=5 UNIT=([dhcpd]=${unit})
       exec 7>&1
       virtualIp_entries() { echo "$1/8 brd 10.255.255.255 dev eth0 label eth0:0"; }
       xcat() { shift; if [[ $1 == lsdef ]]; then echo '${set}'; else echo "$*" >&7; fi; }
       say() { :; }
       make_step() { echo "$*"; }
       reservations_forget() { echo "reservations of an earlier time"; }
       unit_start() { echo "start $(unit_of "$1")"; }
       start_dhcpd`,
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.trim().split("\n"), [
      ...did,
      "reservations of an earlier time",
      "makedhcp -n",
      `start ${unit}`,
      "makedhcp -a",
    ]);
  });

const LOCAL: [system: string, service: string, files: string][] = [
  ["rhel 9.4", "dhcpd", "/etc/dhcp/dhcpd.conf /var/lib/dhcpd/dhcpd.leases"],
  ["sles 15.5", "dhcpd", "/etc/dhcpd.conf /var/lib/dhcp/db/dhcpd.leases"],
  ["debian 12", "dhcpd", "/etc/dhcp/dhcpd.conf /var/lib/dhcp/dhcpd.leases"],
  ["ubuntu 22.04", "dhcpd", "/etc/dhcp/dhcpd.conf /var/lib/dhcp/dhcpd.leases"],
  [
    "rhel 10.0",
    "kea-dhcp4",
    "/etc/kea/kea-dhcp4.conf /etc/kea/kea-dhcp6.conf /etc/kea/kea-dhcp-ddns.conf /etc/kea/kea-ctrl-agent.conf",
  ],
  ["rhel 9.4", "named", "/etc/named.conf AT/second/db.*"],
  ["sles 15.5", "named", "/etc/named.conf AT/second/db.*"],
  ["debian 12", "named", "/etc/bind/named.conf AT/second/db.*"],
  ["debian 12", "conserver", "/etc/conserver.cf"],
  [
    "rhel 9.4",
    "goconserver",
    "/etc/goconserver/server.conf /var/lib/goconserver/nodes.json /var/lib/goconserver/nodes.json.bak",
  ],
  ["rhel 9.4", "postgresql", ""],
  ["rhel 9.4", "chronyd", ""],
];
for (const [system, unit, files] of LOCAL)
  test(`what ${unit} serves out of on ${system}: ${files || "nothing of its own"}`, () => {
    const [zones, ...found] = answer(
      { system, files: { "second/x": "", "third/x": "" } },
      `at=\${OS_RELEASE%/*}; echo "$at"; UNIT=([dhcpd]=${unit}) DHCPD_OPTIONS=() ZONE_DIRECTORIES=("$at"/{first,second,third})
       local_files ${unit.startsWith("kea") ? "dhcpd" : unit}`,
    ).split("\n");
    assert.equal(found.join(" "), files.replace("AT", zones));
  });

const LEASES: [what: string, line: string, options: string, file: string][] = [
  [
    "its command line",
    "argv[]=/usr/sbin/dhcpd -f -cf /etc/dhcpd.conf -lf /srv/leases eth0 ; ignore",
    "",
    "/srv/leases",
  ],
  ["the options that it reads", "argv[]=/usr/sbin/dhcpd $OPTIONS", 'OPTIONS="-lf /srv/l -q"\n', "/srv/l"],
  ["the options, quoted", "argv[]=/usr/sbin/dhcpd $OPTIONS", 'OPTIONS="-q -lf /srv/l"\n', "/srv/l"],
  [
    "a comment, which says nothing",
    "argv[]=/usr/sbin/dhcpd",
    "# OPTIONS=' -lf /srv/l'\n",
    "/var/lib/dhcpd/dhcpd.leases",
  ],
];
for (const [what, line, options, file] of LEASES)
  test(`where dhcpd keeps its leases, by ${what}: ${file}`, () =>
    assert.equal(
      answer(
        { system: "rhel 9.4", files: { options } },
        `systemctl() { if [[ $1 == show ]]; then echo '{ path=/usr/sbin/dhcpd ; ${line} ; }'; else echo 'systemd 252'; fi; }
         DHCPD_OPTIONS=("\${OS_RELEASE%/*}"/{none,options}); dhcpd_leases`,
      ),
      file,
    ));

for (const [what, spoil] of [
  ["systemd does not say", "systemctl() { echo 'Failed to connect to bus' >&2; return 1; }"],
  ["its options cannot be read", "DHCPD_OPTIONS=(/)"],
] as const)
  test(`where dhcpd keeps its leases cannot be told: ${what}`, () => {
    const { code, stdout, stderr } = on(
      { system: "rhel 9.4" },
      `${spoil}; paths=$(local_files dhcpd) || exit; echo "$paths"`,
    );
    assert.equal(code, 40, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, /in which file dhcpd keeps its leases on xcatmn1 cannot be told/);
  });

test("whether an admin has told Kea its interface cannot be told: nothing is written over it", () => {
  const { code, stdout, stderr } = bash(
    [...SERVICES_LIBRARIES, "report", "platform", "units"],
    `NODE=xcatmn1 VIP=10.5.106.7 XCAT_SECONDS=5; virtualIp_entries() { echo "$1/8 brd - dev eth0"; }; say() { :; }
     xcat() { shift; if [[ $1 == lsdef ]]; then echo 'Connection refused'; return 1; else echo "$*" >&2; fi; }; kea_interface`,
  );
  assert.equal(code, 40, stdout);
  assert.match(stderr, /^error: site\.dhcpinterfaces cannot be told; .*\nevidence: Connection refused/);
  assert.doesNotMatch(stderr, /chdef/);
});

const DEBIAN = { system: "debian 12", units: "postgresql:oneshot postgresql@15-main", files: CLUSTER(15) };
const PATHS: [node: Node, manual: string, here: (at: string) => string][] = [
  [{ system: "rhel 9.4", units: "postgresql" }, "/var/lib/pgsql/data", () => "/var/lib/pgsql/data"],
  [
    { system: "debian 12", units: "postgresql" },
    "/var/lib/pgsql/data/pg_hba.conf",
    () => "/var/lib/pgsql/data/pg_hba.conf",
  ],
  [DEBIAN, "/var/lib/pgsql", () => "/var/lib/postgresql"],
  [DEBIAN, "/var/lib/pgsql/data", () => "/var/lib/postgresql/15/main"],
  [DEBIAN, "/var/lib/pgsql/data/pg_hba.conf", (at) => `${at}/15/main/pg_hba.conf`],
  [DEBIAN, "/var/lib/pgsql/data/postgresql.auto.conf", () => "/var/lib/postgresql/15/main/postgresql.auto.conf"],
  [DEBIAN, "/etc/xcat", () => "/etc/xcat"],
];
for (const [node, manual, here] of PATHS)
  test(`${manual} on ${node.system} with ${node.units}`, () => {
    const [path, at] = answer(node, `resolve_units; path_of ${manual}; echo $POSTGRESQL_CONFIGURATION`).split("\n");
    assert.equal(path, here(at));
  });

const TIME: [system: string, unit: string, file: string][] = [
  ["rhel 9.4", "chronyd", "/etc/chrony.conf"],
  ["sles 15.5", "chronyd", "/etc/chrony.conf"],
  ["ubuntu 22.04", "chrony", "/etc/chrony/chrony.conf"],
  ["debian 12", "chrony", "/etc/chrony/chrony.conf"],
  ["debian 12", "ntpsec", "/etc/ntpsec/ntp.conf"],
  ["debian 12", "ntpd", "/etc/ntp.conf"],
  ["ubuntu 22.04", "ntp", "/etc/ntp.conf"],
];
for (const [system, unit, file] of TIME)
  test(`the servers of ${unit} on ${system} stand in ${file}`, () =>
    assert.equal(answer({ system }, `time_configuration ${unit}`), file));

test("every supported system has a name for every service and every tool", () => {
  for (const system of SUPPORTED.split(", ")) {
    const table = answer({ system }, "candidates").split("\n");
    assert.equal(table.length, 8, system);
    for (const line of table) assert.match(line, /^(\S+) \1( \S+)*$/, "the manual's own name comes first");
    const lacking = answer({ system }, "command() { return 1; }; missing_tools");
    for (const tool of ["rsync", "arping", "ip", "ss", "flock", "findmnt", "psql", "crontab", "perl"])
      assert.match(lacking, new RegExp(`\\b${tool} \\(package [a-z0-9-]+\\)`), system);
  }
});
