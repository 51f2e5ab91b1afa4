import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNoChanges, assertPair, expectUp, lab, owner, pairWith } from "./pair";

/** Everything on a node that a preview could have touched. */
const fingerprint = (node: string) =>
  lab.on(
    node,
    "ip -o addr | sed 's/valid_lft.*//' | md5sum; systemctl list-unit-files --no-legend | md5sum; find /etc /usr/local /var/lib/xcat-ha /run/xcat-ha /HA /root -xdev -printf '%p %m %u %s %T@\\n' 2>/dev/null | sort | md5sum",
  );

test(
  "a preview of a node that was never set up says what it found, and touches nothing",
  { skip: owner() !== undefined },
  () => {
    const before = fingerprint("xcatmn1");
    const { code, output } = lab.pulumi("preview", "-s", "primary");
    assert.equal(code, 0, output);
    assert.match(output, /xcatmn1 will become active:/);
    assert.match(output, /virtualIp: address is '10\.5\.106\.7\/8 .* label eth0'/);
    assert.match(output, /networksMgtIf: mgtifname is 'eth0', wanted 'eth0:0'/);
    assert.equal(fingerprint("xcatmn1"), before);
  },
);

test("a standby node cannot be set up before the active one", { skip: owner() !== undefined }, () => {
  const before = fingerprint("xcatmn2");
  const { code, output } = lab.up("standby");
  assert.notEqual(code, 0);
  assert.match(output, /xcatmn2 cannot be a standby node yet: no epoch exists yet/);
  assert.match(output, /next: set up the active node first/);
  assert.equal(fingerprint("xcatmn2"), before);
});

test("first setup of both nodes, twice the same as once", () => {
  const odd = "cd /install && find . -printf '%P %y %m %U:%G %s %n %l\\n' | sort; getfattr -d -m - postscripts/syslog";
  const original = lab.on("xcatmn1", odd);
  pairWith("xcatmn1");
  assertPair("xcatmn1");
  for (const node of ["xcatmn1", "xcatmn2"] as const) {
    const { output } = expectUp(node);
    assert.match(output, /41 unchanged/);
    assert.doesNotMatch(output, /created|updated|replaced/);
    assertNoChanges(node);
  }
  assert.equal(lab.on("xcatmn1", odd), original, "what was copied is what was there");
  assert.equal(
    lab.on("xcatmn1", "ls -d /etc/xcat.bak /install.bak /root/.xcat.bak /tftpboot.bak /var/lib/pgsql.bak | wc -l"),
    "5",
  );
  assert.equal(lab.on("xcatmn1", "stat -c '%U:%G %a' /HA/pgsql"), "postgres:postgres 700");
  assert.equal(
    lab.on("xcatmn1", "grep -c '10.5.106.7/32' /var/lib/pgsql/data/pg_hba.conf"),
    "1",
    "the line that was there stays once",
  );
  assert.match(lab.on("xcatmn1", "bash -lc 'lsdef -t network -i mgtifname -c </dev/null'"), /mgtifname=eth0:0$/);
  assert.equal(lab.on("xcatmn1", "grep -c 10.5.106.70 /etc/network/interfaces"), "1");
});
