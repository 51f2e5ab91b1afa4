import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hostKeyOf, loadCluster } from "../../config/cluster";
import { readStack } from "../../config/stack";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-config-"));
after(() => rmSync(folder, { recursive: true }));
const shipped = readFileSync(join(__dirname, "../../cluster.yaml"), "utf8");
mkdirSync(join(folder, "ssh"));
writeFileSync(join(folder, "ssh/id_ed25519"), "key");
writeFileSync(join(folder, "ssh/known_hosts"), "xcatmn1 ssh-ed25519 AAAA1\nxcatmn2 ssh-ed25519 AAAA2\n");

function load(content: string) {
  const file = join(folder, "cluster.yaml");
  writeFileSync(file, content);
  return loadCluster(file);
}

test("the shipped cluster file is good", () => {
  const cluster = load(shipped);
  assert.equal(cluster.nodes.xcatmn1.address, "10.5.106.70");
  assert.deepEqual(cluster.hostKeys, { xcatmn1: "ssh-ed25519 AAAA1", xcatmn2: "ssh-ed25519 AAAA2" });
});

const BAD: [what: string, from: string | RegExp, to: string, says: RegExp][] = [
  ["an empty file", /[\s\S]*/, "", /virtualIp: seen nothing; expected object/],
  ["no YAML", /[\s\S]*/, "a: [", /cluster\.yaml: .*\n.*line 1/],
  ["a duplicate key", "share: /HA", "share: /HA\nshare: /HB", /Map keys must be unique at line \d+/],
  ["a tab", "  prefix: 8", "\tprefix: 8", /line \d+/],
  [
    "an unknown key",
    "share: /HA",
    "share: /HA\nshares: /HB",
    /shares: unknown key; remove it, or correct its spelling/,
  ],
  ["an unknown key below", "prefix: 8", "prefix: 8\n  mask: 255.0.0.0", /virtualIp\.mask: unknown key/],
  ["a missing key", /share: .*/, "", /share: seen nothing; expected an absolute path/],
  [
    "IPv6 for the VIP",
    "address: 10.5.106.7 ",
    "address: fd00::7 ",
    /virtualIp\.address: seen "fd00::7"; expected an IPv4 address/,
  ],
  [
    "a prefix in words",
    "prefix: 8",
    "prefix: eight",
    /virtualIp\.prefix: seen "eight"; expected the length of the subnet's prefix, a number from 1 to 30/,
  ],
  ["a prefix of 32", "prefix: 8", "prefix: 32", /virtualIp\.prefix: seen 32; expected/],
  [
    "an interface with shell characters",
    "interface: eth0",
    "interface: eth0;reboot",
    /virtualIp\.interface: seen "eth0;reboot"; expected the name of a network interface/,
  ],
  [
    "a label of another interface",
    "label: eth0:0",
    "label: eth1:0",
    /virtualIp\.label: seen "eth1:0"; expected it to begin with eth0:/,
  ],
  [
    "a label that is too long",
    "label: eth0:0",
    "label: eth0:0123456789ab",
    /virtualIp\.label: .*at most 15 characters/,
  ],
  ["the root as share", "share: /HA", "share: /", /share: seen "\/"; expected an absolute path/],
  ["a relative share", "share: /HA", "share: HA", /share: seen "HA"; expected an absolute path/],
  ["a share with a blank", "share: /HA", "share: /H A", /share: seen "\/H A"/],
  [
    "the same static address twice",
    "address: 10.5.106.5",
    "address: 10.5.106.70",
    /nodes\.xcatmn2\.address: seen "10\.5\.106\.70"; the same address is nodes\.xcatmn1\.address/,
  ],
  [
    "the VIP as static address",
    "address: 10.5.106.5",
    "address: 10.5.106.7",
    /nodes\.xcatmn2\.address: seen "10\.5\.106\.7"; the same address is virtualIp\.address/,
  ],
  [
    "a static address outside the subnet",
    "address: 10.5.106.5",
    "address: 11.5.106.5",
    /nodes\.xcatmn2\.address: seen "11\.5\.106\.5"; expected an address in the subnet of the VIP/,
  ],
  [
    "the broadcast address",
    "address: 10.5.106.5",
    "address: 10.255.255.255",
    /nodes\.xcatmn2\.address: .*broadcast address/,
  ],
  ["one node", / {2}xcatmn2:[\s\S]*?\n\n/, "\n", /nodes: seen xcatmn1; expected exactly two nodes/],
  ["a node name with shell characters", "xcatmn2:", '"$(reboot)":', /expected a short host name/],
  [
    "an unknown service",
    "[named, dhcpd, ntpd, conserver]",
    "[named, dhcp]",
    /services\.network\.1: seen "dhcp"; expected one of named, dhcpd/,
  ],
  ["no xcatd", "[postgresql, xcatd]", "[postgresql]", /services\.database: seen \["postgresql"\]; xcatd is missing/],
  ["a service twice", "[named, dhcpd", "[named, named, dhcpd", /services\.network: seen named twice/],
  [
    "both console services",
    "conserver]",
    "conserver, goconserver]",
    /services\.network: seen conserver and goconserver; expected the one that the site uses/,
  ],
  ["both time services", "ntpd,", "ntpd, chronyd,", /services\.network: seen ntpd and chronyd/],
  [
    "a schedule of four fields",
    "hostsSync: 0 2 * * *",
    'hostsSync: "0 2 * *"',
    /hostsSync: seen "0 2 \* \*"; expected five fields/,
  ],
  [
    "a schedule with a command",
    "hostsSync: 0 2 * * *",
    'hostsSync: "0 2 * * *\\n* * * * * root reboot"',
    /hostsSync: .*expected five fields/,
  ],
  ["a negative wait", "leaseWait: 20", "leaseWait: -1", /leaseWait: seen -1; expected seconds from 0 to 3600/],
  ["a port in words", "port: 22", "port: ssh", /ssh\.port: seen "ssh"; expected a TCP port/],
  [
    "a key file that is not there",
    "ssh/id_ed25519",
    "ssh/nothing",
    /ssh\.privateKey: seen "ssh\/nothing"; no such file\. ssh-keygen/,
  ],
  [
    "a node without a pinned key",
    "xcatmn2:",
    "xcatmn3:",
    /ssh\.knownHosts: .* has no ed25519 or ecdsa key of xcatmn3\. On xcatmn3: cat/,
  ],
];

for (const [what, from, to, says] of BAD) {
  test(`a cluster file with ${what} is refused`, () => {
    const content = shipped.replace(from, to);
    assert.notEqual(content, shipped);
    assert.throws(
      () => load(content),
      (error: Error) => {
        assert.match(error.message, says);
        assert.match(error.message, /nothing was touched/);
        assert.equal(error.stack, error.message);
        return true;
      },
    );
  });
}

test("every wrong key stands in one message", () => {
  assert.throws(
    () => load(shipped.replace("prefix: 8", "prefix: x").replace("leaseWait: 20", "leaseWait: y")),
    /2 things are wrong[\s\S]*prefix[\s\S]*leaseWait/,
  );
});

test("a stack names its node and the active one", () => {
  const cluster = load(shipped);
  const stack = (values: Record<string, string>) =>
    readStack("primary", { get: (key: string) => values[key] } as never, cluster);
  assert.deepEqual(stack({ node: "xcatmn1", activeNode: "xcatmn2" }), {
    node: "xcatmn1",
    peer: "xcatmn2",
    role: "standby",
  });
  assert.equal(stack({ node: "xcatmn2", activeNode: "xcatmn2" }).role, "active");
  assert.throws(
    () => stack({ node: "xcatmn1" }),
    /activeNode: not set; expected xcatmn1 or xcatmn2\. pulumi config set activeNode xcatmn1 -s primary/,
  );
  assert.throws(
    () => stack({ node: "nobody", activeNode: "xcatmn1" }),
    /node: seen "nobody", which is no node of cluster\.yaml/,
  );
});

test("of several host keys the ed25519 one is pinned; RSA never", () => {
  assert.equal(hostKeyOf("n ssh-rsa AAA\nn ecdsa-sha2-nistp256 BBB\nn ssh-ed25519 CCC", "n"), "ssh-ed25519 CCC");
  assert.equal(hostKeyOf("n ssh-rsa AAA", "n"), undefined);
  assert.equal(hostKeyOf("a,n ecdsa-sha2-nistp256 BBB", "n"), "ecdsa-sha2-nistp256 BBB");
});
