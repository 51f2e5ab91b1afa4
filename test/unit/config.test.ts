import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { subnetOf } from "../../config/addresses";
import { loadCluster } from "../../config/cluster";
import { hostKeyOf } from "../../config/keys";
import { clusterFileOf, readStack } from "../../config/stack";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-config-"));
after(() => rmSync(folder, { recursive: true }));
const shipped = readFileSync(join(__dirname, "../../cluster.yaml"), "utf8");
const clusterFile = join(folder, "cluster.yaml");

mkdirSync(join(folder, "ssh"));
const FILES = {
  id_ed25519: "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n",
  known_hosts: "# the pair\nxcatmn1 ssh-ed25519 AAAA1\nxcatmn2,10.5.106.5 ssh-ed25519 AAAA2 root@xcatmn2\n",
};
for (const [name, content] of Object.entries(FILES)) writeFileSync(join(folder, "ssh", name), content, { mode: 0o600 });
for (const format of ["RFC4716", "PEM"])
  execFileSync("ssh-keygen", ["-q", "-t", "ecdsa", "-m", format, "-N", "", "-f", join(folder, "ssh", format)]);

function load(content: string) {
  writeFileSync(clusterFile, content);
  return loadCluster(clusterFile);
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

const GOOD: [what: string, from: string | RegExp, to: string][] = [
  ["no bootstrap address", / +bootstrapAddress: .*\n/, ""],
  ["chronyd and goconserver", "ntpd, conserver", "chronyd, goconserver"],
  ["no console service", ", conserver]", "]"],
  ["a label of 15 characters", "label: eth0:0", "label: eth0:management"],
  ["a VLAN interface", /eth0/g, "bond0.106"],
  ["a share below other directories", "share: /HA", "share: /srv/xcat-ha_1"],
  ["a schedule with lists, ranges, steps and names", "0 2 * * * #", '"*/20,5 0-6/2 1,15 jan-mar Mon-fri" #'],
  ["a share that may be gone as long as a slow file server takes", "shareLossSeconds: 60", "shareLossSeconds: 300"],
  ["nothing about how long the share may be gone", /shareLossSeconds: .*\n/, ""],
  ["no wait", "leaseWait: 20", "leaseWait: 0"],
  ["a user who may become root by sudo", "user: root", "user: admin"],
  ["a key in OpenSSH's format", "ssh/id_ed25519", "ssh/RFC4716"],
  ["a key in PEM's format", "ssh/id_ed25519", "ssh/PEM"],
];

for (const [what, from, to] of GOOD) {
  test(`cluster.yaml with ${what} is good`, () => {
    const content = shipped.replace(from, to);
    assert.notEqual(content, shipped, "the row changes nothing in the shipped file");
    assert.doesNotThrow(() => load(content));
  });
}

const MISSING: [file: string, next: string][] = [
  ["cluster.yaml", "git checkout cluster.yaml brings the one that ships"],
  [
    "other.yaml",
    "cluster in the stack's config, or xcat-ha --cluster, names it: correct that, or begin one from cluster.yaml",
  ],
];
for (const [name, next] of MISSING)
  test(`a cluster file that is not there names where it was looked for, and what to type: ${name}`, () =>
    assert.throws(() => loadCluster(join(folder, "none", name)), {
      message: `${name}: one thing is wrong; nothing was touched\n  ${folder}/none/${name}: no such file; ${next}`,
    }));

test("two clusters' files that differ in their folder alone are told apart, each with the SSH files beside it", () => {
  assert.throws(() => loadCluster("none/cluster.yaml"), { message: /^none\/cluster\.yaml: one thing/ });
  const other = join(folder, "other");
  cpSync(join(folder, "ssh"), join(other, "ssh"), { recursive: true });
  writeFileSync(join(other, "cluster.yaml"), shipped);
  const { privateKeyFile, knownHostsFile } = loadCluster(join(other, "cluster.yaml"));
  assert.deepEqual([privateKeyFile, knownHostsFile], [join(other, "ssh/id_ed25519"), join(other, "ssh/known_hosts")]);
});

const SUBNETS: [address: string, prefix: number, first: string, last: string][] = [
  ["10.5.106.7", 8, "10.0.0.0", "10.255.255.255"],
  ["10.5.106.70", 26, "10.5.106.64", "10.5.106.127"],
  ["192.168.200.1", 30, "192.168.200.0", "192.168.200.3"],
  ["223.255.255.254", 1, "128.0.0.0", "255.255.255.255"],
];
for (const [address, prefix, first, last] of SUBNETS)
  test(`the subnet of ${address}/${prefix}: ${first} to ${last}`, () =>
    assert.deepEqual(subnetOf(address, prefix), { first, last }));

const CLUSTERS: [value: unknown, file: string | undefined][] = [
  [undefined, "cluster.yaml"],
  ["cluster.yaml", "cluster.yaml"],
  ["./cluster.yaml", "cluster.yaml"],
  ["north/cluster.yaml", "north/cluster.yaml"],
  ["../sites/south.yaml", "../sites/south.yaml"],
  ["/opt/cluster.yaml", undefined],
  ["", undefined],
  [" cluster.yaml", undefined],
  ["north/", undefined],
  [7, undefined],
  ['{"a":1}', undefined],
];
for (const [cluster, file] of CLUSTERS)
  test(`the cluster file of a stack with cluster ${JSON.stringify(cluster)}: ${file ?? "refused"}`, () => {
    const read = () => clusterFileOf("south", { get: () => cluster as never });
    if (file !== undefined) assert.equal(read(), file);
    else
      assert.throws(read, {
        message: `Pulumi.south.yaml: one thing is wrong; nothing was touched\n  cluster: seen ${JSON.stringify(cluster)}; expected the path of a cluster file, relative to Pulumi.yaml, like cluster.yaml. pulumi config set cluster cluster.yaml -s south`,
      });
  });

test("a node that is none is told with the cluster file of its stack", () =>
  assert.throws(() => stackOf("south", { node: "xcatmn9", activeNode: "xcatmn1", cluster: "south.yaml" }), {
    message: /node: seen "xcatmn9", which is no node of south\.yaml; expected/,
  }));

test("of several host keys the ed25519 one is pinned, then ecdsa, RSA never", () => {
  assert.equal(hostKeyOf("n ssh-rsa AAA\nn ecdsa-sha2-nistp256 BBB\nn ssh-ed25519 CCC", "n"), "ssh-ed25519 CCC");
  assert.equal(hostKeyOf("a,n ecdsa-sha2-nistp256 BBB", "n"), "ecdsa-sha2-nistp256 BBB");
  assert.equal(hostKeyOf("n ssh-rsa AAA\nnn ssh-ed25519 CCC\n# n ssh-ed25519 DDD", "n"), undefined);
});

type StackValues = { node?: string; activeNode?: string; takeover?: unknown; cluster?: string };

function stackOf(stack: string, values: StackValues) {
  const get = (key: string) => values[key as keyof StackValues];
  return readStack(stack, { get, getObject: get } as never, load(shipped));
}

const ROLES: [values: StackValues, node: string, role: string][] = [
  [{ node: "xcatmn1", activeNode: "xcatmn1" }, "xcatmn1", "active"],
  [{ node: "xcatmn2", activeNode: "xcatmn1" }, "xcatmn2", "standby"],
  [{ node: "xcatmn1", activeNode: "xcatmn2" }, "xcatmn1", "standby"],
  [{ node: "xcatmn2", activeNode: "xcatmn2" }, "xcatmn2", "active"],
];

for (const [values, node, role] of ROLES)
  test(`stack of ${values.node} with activeNode ${values.activeNode}: ${role}`, () =>
    assert.deepEqual(stackOf("any", values), { node, role, takeover: undefined }));

const WORDS = "xcatmn1 is powered off";
const ORDER = { epoch: 7, reason: "power supply burnt" };

const TAKEOVERS: [order: unknown, found: RegExp | undefined][] = [
  [{ ...ORDER, fence: true }, undefined],
  [{ ...ORDER, confirm: WORDS }, undefined],
  [{ ...ORDER, fence: false, confirm: WORDS }, undefined],
  ["7", /takeover: seen "7"; expected keys below it\. pulumi config rm takeover -s standby; pulumi config set --path/],
  [
    { ...ORDER, fence: true, epoch: "7" },
    /takeover\.epoch: seen "7"; expected the number of the epoch that xcatmn1 holds/,
  ],
  [{ ...ORDER, fence: true, epoch: 0 }, /takeover\.epoch: seen 0;/],
  [{ epoch: 7, fence: true }, /takeover\.reason: seen undefined; expected one line of text/],
  [{ ...ORDER, fence: true, reason: "one\ntwo" }, /takeover\.reason: seen "one\\ntwo"/],
  [ORDER, /takeover: seen fence undefined and confirm undefined; expected one of them/],
  [
    { ...ORDER, fence: true, confirm: WORDS },
    /takeover: seen fence true and confirm "xcatmn1 is powered off"; expected one/,
  ],
  [{ ...ORDER, fence: "true" }, /takeover: seen fence "true"/],
  [
    { ...ORDER, confirm: "xcatmn2 is powered off" },
    /takeover\.confirm: seen "xcatmn2 is powered off"; expected "xcatmn1 is/,
  ],
  [{ ...ORDER, confirm: "yes" }, /takeover\.confirm: seen "yes"; expected "xcatmn1 is powered off", typed by somebody/],
  [{ ...ORDER, fence: true, force: true }, /takeover\.force: not known; expected epoch, reason, and fence or confirm/],
];

for (const [takeover, found] of TAKEOVERS)
  test(`takeover ${JSON.stringify(takeover)}: ${found ? "refused" : "an order"}`, () => {
    const read = () => stackOf("standby", { node: "xcatmn2", activeNode: "xcatmn2", takeover });
    if (found) assert.throws(read, { message: found });
    else
      assert.deepEqual(read().takeover, {
        ...ORDER,
        by: (takeover as { fence?: boolean }).fence ? "fence" : "confirmation",
      });
  });
