import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { assertNoChanges, assertPair, expectUp, lab, NODES, pairWith } from "../helpers/labPair";
import { sampled } from "../helpers/sampled";

sampled(lab);
const key = lab.projectFile("ssh/id_ed25519");
const knownHosts = lab.projectFile("ssh/known_hosts");
const started = () =>
  lab.on("xcatmn1", "systemctl show -p ActiveEnterTimestampMonotonic --value postgresql xcatd named dhcpd conserver");

test("the SSH key and a node's host key are rotated with a plain up, which starts nothing again", () => {
  pairWith("xcatmn1");
  const running = started();
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${key}.new`], { input: "" });
  // In one session: the next one meets the new key.
  const hostKey = lab.on(
    "xcatmn2",
    "cd /etc/ssh && rm ssh_host_ed25519_key* && ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key && cut -d' ' -f1,2 ssh_host_ed25519_key.pub",
  );
  writeFileSync(knownHosts, readFileSync(knownHosts, "utf8").replace(/^xcatmn2 .*$/m, `xcatmn2 ${hostKey}`));
  const line = readFileSync(`${key}.new.pub`, "utf8").trim();
  for (const node of NODES)
    lab.on(
      node,
      `echo '${line}' >/root/.ssh/authorized_keys.new; grep hosts-sync /root/.ssh/authorized_keys >>/root/.ssh/authorized_keys.new; mv /root/.ssh/authorized_keys.new /root/.ssh/authorized_keys`,
    );
  for (const suffix of ["", ".pub"]) copyFileSync(`${key}.new${suffix}`, `${key}${suffix}`);
  execFileSync("rm", [`${key}.new`, `${key}.new.pub`]);
  for (const node of NODES) {
    expectUp(node);
    assertNoChanges(node);
  }
  assert.equal(started(), running);
  assertPair("xcatmn1");
});

test("a node's static address is changed with a plain up", () => {
  pairWith("xcatmn1");
  const clusterFile = lab.projectFile("cluster.yaml");
  const original = readFileSync(clusterFile, "utf8");
  const change = (address: string, found: string) => {
    writeFileSync(
      clusterFile,
      original.replace("address: 10.5.106.5\n", `address: ${address}\n    bootstrapAddress: ${found}\n`),
    );
    for (const node of ["xcatmn2", "xcatmn1"] as const) expectUp(node);
  };
  try {
    change("10.5.106.6", "10.5.106.5");
    assert.match(lab.on("xcatmn2", "cat /etc/network/interfaces"), /address 10\.5\.106\.6\/8/);
    assert.equal(lab.on("xcatmn2", "ip -o -4 addr show dev eth0 | awk '{ print $4 }'"), "10.5.106.6/8");
    assert.match(lab.on("xcatmn1", "cat /var/lib/pgsql/data/pg_hba.conf"), /10\.5\.106\.6\/32 +md5/);
    assert.doesNotMatch(lab.on("xcatmn1", "cat /var/lib/pgsql/data/pg_hba.conf"), /10\.5\.106\.5\/32/);
  } catch (error) {
    // The way back may fail too, for the same reason, and would be all that is shown.
    console.error(error);
    throw error;
  } finally {
    change("10.5.106.5", "10.5.106.6");
    writeFileSync(clusterFile, original);
  }
  assertPair("xcatmn1");
});
