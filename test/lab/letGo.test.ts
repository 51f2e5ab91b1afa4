// A node that was let go is harmless: it has what it was found with, and nothing of the cluster's starts there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BrokenInvariant } from "../helpers/brokenInvariant";
import { assertNoRowLost } from "../helpers/client";
import {
  assertNoDrift,
  assertPair,
  expectUp,
  failOver,
  lab,
  type NodeName,
  owner,
  pairWith,
  UNITS,
} from "../helpers/labPair";
import { destroy, localDirectories, ours, STOPPED, units } from "../helpers/letGo";
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

  const { code, output } = destroy("xcatmn2");
  assert.equal(code, 0, output);
  for (const service of ["dhcpd", "named", "conserver"])
    assert.match(output, new RegExp(`xcatmn2: ${service}: its files are as they were found before the pair; `));
  assert.doesNotMatch(output, /stays disabled/);
  lab.run(["ssh", "xcatmn2", "reboot"]);
  lab.must("boot", "xcatmn2");
  assert.deepEqual(units("xcatmn2"), STOPPED);
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

test("the former primary is let go while the other node serves: with its own directories, and where an admin has cleaned them up", async () => {
  pairWith("xcatmn1");
  failOver("xcatmn2");
  const client = lab.startClient("let_go");
  await client.committing();

  const whole = destroy("xcatmn1");
  assert.equal(whole.code, 0, whole.output);
  assert.match(whole.output, /not started, .*\(epoch \d+ is held by xcatmn2/);
  assert.deepEqual(units("xcatmn1"), STOPPED);
  assert.equal(localDirectories("xcatmn1"), 5);
  assert.equal(ours("xcatmn1"), "");
  await client.committing();

  expectUp("xcatmn1");
  lab.on("xcatmn1", "rm -rf /var/lib/pgsql.bak*");
  const cleaned = destroy("xcatmn1");
  assert.equal(cleaned.code, 0, cleaned.output);
  assert.match(
    cleaned.output,
    /still on the shared data, without a local copy to put back: \/var\/lib\/pgsql -> \/HA\/pgsql/,
  );
  assert.match(cleaned.output, /then on xcatmn1: xcat-ha remove nodeProgram/);
  assert.deepEqual(units("xcatmn1"), STOPPED);
  for (const unit of UNITS) {
    const started = lab.run(["ssh", "xcatmn1", `systemctl start ${unit} 2>&1; systemctl is-active ${unit}`]);
    assert.match(started.output, /failed|inactive/, unit);
  }
  assert.match(
    lab.on("xcatmn1", "journalctl -u postgresql -n 20 -o cat"),
    /postgresql may not start on xcatmn1;[\s\S]*held by xcatmn2/,
  );
  assert.match(lab.on("xcatmn1", "xcat-ha remove nodeProgram </dev/null"), /still on the shared data/);
  await client.committing();

  // As it was told.
  lab.on("xcatmn1", "rm /var/lib/pgsql && mkdir /var/lib/pgsql");
  assert.match(lab.on("xcatmn1", "xcat-ha remove nodeProgram </dev/null"), /not started, whatever ran here/);
  // A start that was refused, and that systemd tries again, does not come up when the guard goes.
  assert.deepEqual(units("xcatmn1"), STOPPED);
  assert.equal(ours("xcatmn1"), "");
  const { commits, found } = await client.stop();
  assertNoRowLost(commits, found);
});
