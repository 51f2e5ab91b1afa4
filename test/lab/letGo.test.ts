// A node that was let go is harmless: it has what it was found with, and nothing of the cluster's starts there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BrokenInvariant } from "../helpers/brokenInvariant";
import { assertNoDrift, assertPair, expectUp, lab, type NodeName, owner, pairWith, UNITS } from "../helpers/labPair";
import { sampled } from "../helpers/sampled";

sampled(lab);

test("a former standby node that was let go is harmless when it boots again: no DHCP server with the cluster's reservations, which are the tables' on the active one", () => {
  const reservations = (node: NodeName) =>
    lab.on(node, "sed -n 's/^host \\([^ ]*\\) .*/\\1/p' /var/lib/dhcp/dhcpd.leases | sort -u | xargs");
  const sql = (statement: string) =>
    lab.on(
      owner() ?? "xcatmn1",
      `cd / && setpriv --reuid=postgres --regid=postgres --init-groups psql -Xq -d xcatdb -c "${statement}"`,
    );
  pairWith("xcatmn2");
  assert.equal(reservations("xcatmn2"), "cn1 cn2");
  // A node that is removed while its former owner has a reservation of it: that does not come back with a failback.
  sql("delete from mac where node = 'cn2'");
  pairWith("xcatmn1");
  assert.equal(reservations("xcatmn1"), "cn1");
  sql("insert into mac (node, interface, mac) values ('cn2', 'eth0', '42:03:0a:05:6a:66')");
  lab.on("xcatmn1", ". /etc/profile.d/xcat.sh; makedhcp -a </dev/null");
  assert.equal(reservations("xcatmn1"), "cn1 cn2");

  const { code, output } = lab.pulumi("destroy", "--yes", "-s", "standby");
  assert.equal(code, 0, output);
  for (const service of ["dhcpd", "named", "conserver"])
    assert.match(output, new RegExp(`xcatmn2: ${service}: its files are as they were found before the pair; `));
  assert.doesNotMatch(output, /stays disabled/);
  lab.run(["ssh", "xcatmn2", "reboot"]);
  lab.must("boot", "xcatmn2");
  for (const unit of UNITS)
    assert.equal(
      lab.on("xcatmn2", `echo $(systemctl is-active ${unit}) $(systemctl is-enabled ${unit})`),
      "inactive disabled",
    );
  if (lab.on("xcatmn2", "ss -Hlun 'sport = :67'; pgrep -x dhcpd || true") !== "")
    throw new BrokenInvariant("a DHCP server runs on xcatmn2, which was let go");
  // Nor would one that is started by hand know the cluster's nodes.
  assert.equal(reservations("xcatmn2"), "");
  // The zones that were found on it have them too: of its first boot.
  assert.equal(lab.on("xcatmn2", "grep -l 'cn[12]' /etc/dhcp/dhcpd.conf /etc/conserver.cf || true"), "");
  assert.notEqual(lab.on("xcatmn2", "ls /var/lib/bind/db.*.xcat-ha-pair"), "");
  assertPair("xcatmn1");
  expectUp("xcatmn2");
  assertPair("xcatmn1");
  assertNoDrift("xcatmn2");
});
