import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertPair, lab, pairWith } from "./pair";

const project = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "xcat-ha/labs", lab.name, "project");
const clusterFile = join(project, "cluster.yaml");
const knownHosts = join(project, "ssh/known_hosts");

const edited = (file: string, from: string | RegExp, to: string) => {
  const content = readFileSync(file, "utf8");
  writeFileSync(file, content.replace(from, to));
  assert.notEqual(readFileSync(file, "utf8"), content);
};

/** Bad input, and what the user reads within seconds, before anything is touched. */
const REFUSALS: { what: string; make: () => void; says: RegExp[] }[] = [
  {
    what: "an unknown node in activeNode",
    make: () => lab.config("primary", "activeNode", "xcatmn9"),
    says: [/activeNode: seen "xcatmn9", which is no node of cluster\.yaml; expected xcatmn1 or xcatmn2/],
  },
  {
    what: "a wrong and a missing key at once",
    make: () => {
      edited(clusterFile, "share: /HA", "shared: /HA");
      edited(clusterFile, "prefix: 8", "prefix: eight");
    },
    says: [/share: seen nothing; expected/, /shared: unknown key/, /virtualIp\.prefix: seen "eight"; expected/],
  },
  {
    what: "an address outside the subnet",
    make: () => {
      edited(clusterFile, "prefix: 8", "prefix: 24");
      edited(clusterFile, "address: 10.5.106.5", "address: 10.5.107.5");
    },
    says: [
      /nodes\.xcatmn2\.address: seen "10\.5\.107\.5"; expected an address in the subnet of the VIP, 10\.5\.106\.7\/24/,
    ],
  },
  {
    what: "another host key than the pinned one",
    make: () => {
      const [first, second] = readFileSync(knownHosts, "utf8").trim().split("\n");
      writeFileSync(
        knownHosts,
        `xcatmn1 ${second.split(" ").slice(1).join(" ")}\nxcatmn2 ${first.split(" ").slice(1).join(" ")}\n`,
      );
    },
    says: [
      /xcatmn1 at 10\.5\.106\.70:22 shows another host key than the one pinned for xcatmn1/,
      /next: .*ssh_host_ed25519_key\.pub/,
    ],
  },
  {
    what: "a node that cannot be reached",
    make: () => {
      edited(clusterFile, "address: 10.5.106.70", "address: 10.5.106.71");
      edited(clusterFile, /\n +bootstrapAddress.*/, "");
    },
    says: [
      /xcatmn1 at 10\.5\.106\.71:22 could not be reached by SSH/,
      /check nodes\.xcatmn1\.address in cluster\.yaml/,
    ],
  },
  {
    what: "a port that accepts and stays silent",
    make: () => edited(clusterFile, "port: 22", "port: 2222"),
    says: [/xcatmn1 at 10\.5\.106\.70:2222 could not be reached by SSH within 5 s/],
  },
];

const files = [clusterFile, knownHosts, join(project, "Pulumi.primary.yaml")];
const epochs = () => lab.on("xcatmn1", "ls /HA/.xcat-ha/epoch | wc -l; cat /proc/sys/kernel/random/boot_id");

before(() => {
  pairWith("xcatmn1");
  for (const file of files) copyFileSync(file, `${file}.good`);
  lab.on(
    "xcatmn1",
    "setsid perl -MIO::Socket -e '$s = IO::Socket::INET->new(LocalPort => 2222, Listen => 5, ReuseAddr => 1); push @c, $s->accept while 1' </dev/null >/dev/null 2>&1 & true",
  );
});
after(() => {
  lab.on("xcatmn1", "pkill -x perl -f LocalPort || true");
  assertPair("xcatmn1");
});

for (const { what, make, says } of REFUSALS) {
  test(`refused before anything is touched: ${what}`, () => {
    const untouched = epochs();
    try {
      make();
      const began = Date.now();
      const { code, output } = lab.up("primary");
      assert.notEqual(code, 0, output);
      for (const text of says) assert.match(output, text);
      assert.ok(Date.now() - began < 60_000, "it said so within a minute");
    } finally {
      for (const file of files) copyFileSync(`${file}.good`, file);
    }
    assert.equal(epochs(), untouched);
  });
}
