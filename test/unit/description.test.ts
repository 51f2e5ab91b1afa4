import assert from "node:assert/strict";
import { test } from "node:test";
import { describeNode, roleValues } from "../../components/description";
import { decodeDocument } from "../../components/remote/document";
import { pairFrom, settingsOf } from "../../components/settings";
import type { Values } from "../../components/values";
import { PRIVATE_KEY, shippedPair } from "../helpers/shippedPair";

const { cluster } = shippedPair();

const LINKS = {
  "/etc/xcat": "-> /HA/xcat",
  "/install": "-> /HA/install",
  "/root/.xcat": "-> /HA/.xcat",
  "/tftpboot": "-> /HA/tftpboot",
  "/var/lib/pgsql": "-> /HA/pgsql",
  "/var/lib/pgsql:owner": "postgres:postgres 700",
  restoreFrom: "aside",
};
const GUARDED = {
  postgresql: "guarded",
  xcatd: "guarded",
  named: "guarded",
  dhcpd: "guarded",
  conserver: "guarded",
};
const VIP = { ip: "10.5.106.7", prefix: "8", interface: "eth0", label: "eth0:0", static: "10.5.106.70/8" };
const STATIC_ADDRESS = { address: "10.5.106.70/8", interface: "eth0", persistent: "10.5.106.70/8" };
const DATABASE = { order: "postgresql xcatd" };
const HOSTS = {
  "10.5.106.7": "xcatmn1 xcatmn1.cluster.com",
  "10.5.106.70": "xcatmn1-static",
  "10.5.106.5": "xcatmn2",
};
const NETWORK = { order: "named dhcpd conserver" };
const CLOCK = {
  service: "ntpd",
  state: "running, enabled",
  "server.10.0.0.103": "listed",
  clock: "within the limit, or not known",
};
const UP = "running, not enabled";
const DOWN = "stopped, not enabled";
const SYNC = {
  schedule: "0 2 * * *",
  peer: "xcatmn2",
  peerAddress: "10.5.106.5",
  peerHostKey: "xcatmn2 ssh-ed25519 hostkey-of-xcatmn2",
  crontab: "no rsync of /etc/hosts",
};

/** What each part of xcatmn1 should be: the manual's values, by role. */
const WANTED: Record<string, { active: Values; standby: Values }> = {
  staticAddress: { active: STATIC_ADDRESS, standby: STATIC_ADDRESS },
  hostsEntry: { active: HOSTS, standby: HOSTS },
  clockSource: { active: CLOCK, standby: CLOCK },
  ownerLease: {
    active: { role: "active", lease: "held by xcatmn1" },
    standby: { role: "standby", lease: "not held by xcatmn1" },
  },
  sharedDataLinks: { active: LINKS, standby: LINKS },
  startGuard: { active: GUARDED, standby: GUARDED },
  virtualIp: {
    active: { ...VIP, address: "10.5.106.7/8 brd 10.255.255.255 dev eth0 label eth0:0" },
    standby: { ...VIP, address: "absent" },
  },
  pgHbaEntry: {
    active: {
      file: "/var/lib/pgsql/data/pg_hba.conf",
      "10.5.106.7/32": "host all all 10.5.106.7/32 md5",
      "10.5.106.70/32": "host all all 10.5.106.70/32 md5",
      "10.5.106.5/32": "host all all 10.5.106.5/32 md5",
    },
    standby: { file: "/var/lib/pgsql/data/pg_hba.conf" },
  },
  listenAddresses: {
    active: {
      file: "/var/lib/pgsql/data/postgresql.conf",
      localhost: "listed",
      "10.5.106.7": "listed",
      "10.5.106.70": "listed",
      "10.5.106.5": "listed",
    },
    standby: { file: "/var/lib/pgsql/data/postgresql.conf" },
  },
  database: {
    active: { ...DATABASE, virtualIp: VIP.ip, postgresql: UP, xcatd: UP },
    standby: { ...DATABASE, postgresql: DOWN, xcatd: DOWN },
  },
  networksMgtIf: {
    active: { network: "10_0_0_0-255_0_0_0", mgtifname: "eth0:0" },
    standby: { network: "10_0_0_0-255_0_0_0" },
  },
  network: {
    active: { ...NETWORK, virtualIp: VIP.ip, named: UP, dhcpd: UP, conserver: UP },
    standby: { ...NETWORK, named: DOWN, dhcpd: DOWN, conserver: DOWN },
  },
  hostsSyncCron: {
    active: { ...SYNC, cron: "0 2 * * * root /usr/local/sbin/xcat-ha sync-hosts", key: "present" },
    standby: { ...SYNC, cron: "absent", trust: "xcatmn2 (10.5.106.5) may deliver /etc/hosts" },
  },
  beat: {
    active: { timer: "running", watch: "absent", onShareLoss: "demote", shareLossSeconds: "60" },
    standby: { timer: "absent", watch: "running" },
  },
};

const pair = pairFrom(cluster, "xcatmn1");
const values = roleValues(pair);

test("every part is described", () => assert.deepEqual(Object.keys(values).sort(), Object.keys(WANTED).sort()));

for (const [part, { active, standby }] of Object.entries(WANTED)) {
  test(`${part} of an active node`, () => assert.deepEqual(values[part as keyof typeof values].active, active));
  test(`${part} of a standby node`, () => assert.deepEqual(values[part as keyof typeof values].standby, standby));
}

test("what lies on shared data is the same whichever node is active", () => {
  const other = roleValues(pairFrom(cluster, "xcatmn2"));
  for (const part of ["pgHbaEntry", "listenAddresses", "networksMgtIf"] as const)
    assert.deepEqual(other[part], values[part]);
});

test("the description of a node is its settings and every value for both roles, and no secret", () => {
  const settings = settingsOf(cluster, "xcatmn1");
  const text = describeNode(pair);
  const expected: Values = { ...settings };
  for (const [part, roles] of Object.entries(WANTED))
    for (const [role, wanted] of Object.entries(roles))
      for (const [key, value] of Object.entries(wanted)) expected[`${role}.${part}.${key}`] = value;
  const described = decodeDocument(text);
  assert.deepEqual(described, expected);
  assert.ok(!JSON.stringify(described).includes(PRIVATE_KEY.split("\n")[1]));
});
