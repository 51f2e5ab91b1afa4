import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { roleValues } from "../../components/description";
import { functionsOf, functionsText, MANIFEST, manifestText, PARTS, type Part } from "../../components/manifest";
import { installedProgram, programFiles, servingProgram } from "../../components/remote/program";
import { managedUnits, pairFrom, settingsOf } from "../../components/settings";
import type { RoleValues } from "../../components/values";
import { BECOME_LIBRARIES, bash, SERVICES_LIBRARIES } from "../helpers/bash";
import { shippedPair } from "../helpers/shippedPair";

const ROOT = join(__dirname, "../..");
const { cluster } = shippedPair();

const definedIn = (file: string) => readFileSync(join(ROOT, file), "utf8").match(/^\w+(?=\(\) *[{(])/gm) ?? [];

for (const part of PARTS) {
  const kind = functionsOf(part);
  test(`${part} is components/${kind}.ts, and observe, apply and remove in node/parts/${kind}.sh`, () => {
    assert.ok(existsSync(join(ROOT, `components/${kind}.ts`)));
    const verbs = definedIn(`node/parts/${kind}.sh`).filter((name) => /_(observe|apply|remove)$/.test(name));
    for (const verb of ["observe", "apply", "remove"]) assert.ok(verbs.includes(`${kind}_${verb}`), verb);
  });
}

test("no file in node/parts is without its part, and every one is in the program", () => {
  const files = readdirSync(join(ROOT, "node/parts")).map((file) => file.replace(/\.sh$/, ""));
  assert.deepEqual(files.sort(), [...new Set(PARTS.map(functionsOf))].sort());
});

test("every shell file below node/ is in the program", () => {
  const files = readdirSync(join(ROOT, "node"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".sh"),
  );
  assert.deepEqual(files.sort(), ["header.sh", ...programFiles()].sort());
  for (const file of files)
    assert.ok(installedProgram().includes(readFileSync(join(ROOT, "node", file), "utf8")), file);
});

test("in whatever order its files come the node program is the same: none needs another one when it is read", () => {
  const files = programFiles().map((file) => `node/${file}`);
  const read = (order: string[]) => {
    const { code, stdout, stderr } = bash(order, "declare -f; declare -p");
    assert.equal(code, 0, stderr);
    return stdout.replace(
      /^declare -\S+ (_|BASH_\w+|LINENO|PIPESTATUS|PPID|RANDOM|SECONDS|SRANDOM|EPOCH\w+)=.*$/gm,
      "",
    );
  };
  assert.ok(read(files) === read([...files].reverse()));
});

test("no function of the node program is defined twice: the second would silently win", () => {
  const names = programFiles()
    .map((file) => `node/${file}`)
    .flatMap(definedIn);
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});

test("what is installed and what observes are the same functions, called in another way", () => {
  assert.equal(installedProgram().replace(/main "\$@"\n$/, ""), servingProgram().replace(/main serve\n$/, ""));
});

test("what stands before the lease is the same on both nodes, and nothing behind it is", () => {
  const lease = PARTS.indexOf("ownerLease");
  assert.deepEqual(
    PARTS.filter((part) => MANIFEST[part].standby === "as active"),
    PARTS.slice(0, lease + 1),
  );
});

const BEFORE: [first: Part, second: Part, why: string][] = [
  ["nodeProgram", "ownerLease", "it is what claims the lease"],
  ["staticAddress", "ownerLease", "whatever becomes of the VIP, the node answers there"],
  ["ownerLease", "startGuard", "what is behind it is the owner's alone"],
  ["startGuard", "sharedDataLinks", "a linked node without it could start a second server"],
  ["beat", "sharedDataLinks", "it is there as long as anything that it watches"],
  ["sharedDataLinks", "pgHbaEntry", "the file is there"],
  ["sharedDataLinks", "listenAddresses", "the file is there"],
  ["pgHbaEntry", "virtualIp", "meanwhile the network is asked who has the VIP"],
  ["listenAddresses", "virtualIp", "meanwhile the network is asked who has the VIP"],
  ["virtualIp", "database", "PostgreSQL listens on it, and xcatd's clients hang without it"],
  ["database", "networksMgtIf", "chdef asks xcatd"],
  ["networksMgtIf", "network", "DNS and DHCP are made from the networks table"],
  ["network", "hostsSyncCron", "nobody waits for it"],
];
for (const [first, second, why] of BEFORE)
  test(`${first} comes before ${second}: ${why}`, () => assert.ok(PARTS.indexOf(first) < PARTS.indexOf(second)));

test("of what a standby node leaves it knows where to look, in one value: it remembers nothing of it", () => {
  const values: Record<string, RoleValues> = roleValues(pairFrom(cluster, "xcatmn1"));
  const left = PARTS.filter((part) => MANIFEST[part].standby === "leave");
  assert.ok(left.length > 0);
  for (const part of left) {
    assert.equal(Object.keys(values[part].standby).length, 1, part);
    assert.deepEqual({ ...values[part].active, ...values[part].standby }, values[part].active, part);
  }
});

test("what is remembered of a part: of the program and the role nothing, of what a standby node leaves the owner's alone", () => {
  const { code, stdout, stderr } = bash(
    ["main"],
    `mapfile -t MANIFEST <<'M'\n${manifestText()}\nM
     declare -A WANT=()
     for part in "\${MANIFEST[@]%% *}"; do
       WANT=([file]=where); ! remembers "$part" || printf '%s ' "$part"
       WANT[more]=what; ! remembers "$part" || printf '%s ' "$part"
     done`,
  );
  assert.equal(code, 0, stderr);
  const remembered = PARTS.filter((part) => part !== "nodeProgram" && part !== "ownerLease");
  const twice = remembered.flatMap((part) => (MANIFEST[part].standby === "leave" ? [part] : [part, part]));
  assert.deepEqual(stdout.trim().split(" "), twice);
});

/** Runs a function of the node program that stops services; what it would stop, in order. */
function stopped(call: string, state: string): string[] {
  const { code, stdout, stderr } = bash(
    [...BECOME_LIBRARIES, ...SERVICES_LIBRARIES, "platform", "units"],
    `declare -A WANT=()
     units_record() { :; }; systemctl() { :; }
     units_ask() { local unit; for unit; do UNIT_STATE[$unit]=${state} UNIT_THERE[$unit]=yes; done; }; unit_stopped() { [[ ${state} == inactive ]]; }; units_disable() { :; }
     service_stop() { echo "$1"; }
     UNITS=(${managedUnits(cluster).join(" ")})
     ${call}`,
  );
  assert.equal(code, 0, stderr);
  return stdout.split("\n").slice(0, -1);
}

const wanting = (order: string[]) =>
  `WANT=([order]='${order.join(" ")}' ${order.map((unit) => `[${unit}]='stopped, not enabled'`).join(" ")}); serviceSet_apply`;

const STOPS: [what: string, call: string, units: string[]][] = [
  ["quiesce", "quiesce", managedUnits(cluster)],
  ["the database set", wanting(["postgresql", "xcatd"]), ["postgresql", "xcatd"]],
  ["the network set", wanting(["named", "dhcpd", "conserver"]), ["named", "dhcpd", "conserver"]],
];

for (const [what, call, units] of STOPS) {
  test(`${what} stops in the reverse order of the start`, () =>
    assert.deepEqual(stopped(call, "active"), [...units].reverse()));
  test(`${what} stops nothing that is stopped`, () => assert.deepEqual(stopped(call, "inactive"), []));
}

test("with another VIP than the last time a set starts again, with the same one nothing stops", () => {
  const running = (before: string) =>
    `service_start() { :; }; unit_require() { :; }; unit_now() { echo 'running, not enabled'; }; postgresql_misses_the_vip() { return 1; }
     BEFORE=([virtualIp]=${before}); WANT=([order]='postgresql xcatd' [postgresql]='running, not enabled' [xcatd]='running, not enabled' [virtualIp]=10.5.106.9); serviceSet_apply`;
  assert.deepEqual(stopped(running("10.5.106.7"), "active"), ["xcatd", "postgresql"]);
  assert.deepEqual(stopped(running("10.5.106.9"), "active"), []);
});

for (const time of ["ntpd", "chronyd"])
  test(`the time service ${time} is nobody's to stop, the services keep their order`, () => {
    const services = { database: ["postgresql", "xcatd"], network: ["named", time, "dhcpd", "goconserver"] };
    assert.deepEqual(managedUnits({ services } as never), ["postgresql", "xcatd", "named", "dhcpd", "goconserver"]);
  });

test("the settings of a node, whole", () => {
  assert.deepEqual(settingsOf(cluster, "xcatmn1"), {
    "settings.format": "1",
    "settings.node": "xcatmn1",
    "settings.peer": "xcatmn2",
    "settings.peerAddress": "10.5.106.5",
    "settings.peerPort": "22",
    "settings.virtualIp": "10.5.106.7",
    "settings.staticAddress": "10.5.106.70/8",
    "settings.interface": "eth0",
    "settings.share": "/HA",
    "settings.leaseWait": "20",
    "settings.units": "postgresql xcatd named dhcpd conserver",
    "settings.services": "postgresql xcatd named dhcpd ntpd conserver",
    "settings.hostNames": "xcatmn1 xcatmn1.cluster.com xcatmn1-static",
    "settings.manifest": manifestText(),
    "settings.functions": functionsText(),
    "settings.directories":
      "/etc/xcat /HA/xcat\n/install /HA/install\n/root/.xcat /HA/.xcat\n/var/lib/pgsql /HA/pgsql\n/tftpboot /HA/tftpboot",
  });
  assert.equal(settingsOf(cluster, "xcatmn2")["settings.peerAddress"], "10.5.106.70");
});

test("the node program reads the settings that the workstation writes", () => {
  const entries = Object.entries(settingsOf(cluster, "xcatmn1")).map(([key, value]) => `[${key}]='${value}'`);
  const { code, stdout, stderr } = bash(
    ["observe", "main"],
    `declare -A FROM=(${entries.join(" ")})
     use_settings FROM
     printf '%s|' "$NODE" "$PEER" "$PEER_ADDRESS" "$PEER_PORT" "$VIP" "$STATIC_ADDRESS" "$INTERFACE" "$SHARE" "$LEASE_WAIT" "\${#UNITS[@]}" "\${#SERVICES[@]}" "\${#MANIFEST[@]}"
     printf ' %s' "\${FUNCTIONS[database]}" "\${FUNCTIONS[network]}" "\${!FUNCTIONS[@]}" | xargs -n 1 | sort | xargs`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(
    stdout,
    `xcatmn1|xcatmn2|10.5.106.5|22|10.5.106.7|10.5.106.70/8|eth0|/HA|20|5|6|${PARTS.length}|database network serviceSet serviceSet\n`,
  );
});
