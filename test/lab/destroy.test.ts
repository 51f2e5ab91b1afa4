// A node is let go: never the owner, and whoever goes starts nothing beside the node that serves.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { assertUntouched } from "../helpers/brokenInvariant";
import { assertNoRowLost } from "../helpers/client";
import {
  assertNoDrift,
  assertPair,
  expectUp,
  failOver,
  lab,
  type NodeName,
  pairWith,
  STACK,
  UNITS,
} from "../helpers/labPair";
import { sampled } from "../helpers/sampled";

const destroy = (node: NodeName, ...options: string[]) => lab.pulumi("destroy", "--yes", "-s", STACK[node], ...options);

/** Takes the leaf that refuses out of the state, as after a destroy that was cut behind it, or a first `up` that failed before it. */
function deleteLeaf(node: NodeName) {
  const { deployment } = JSON.parse(lab.must("exec", "pulumi", "stack", "export", "-s", STACK[node]));
  const leaf = deployment.resources.find(({ urn }: { urn: string }) => urn.endsWith("Observation::destroyable"));
  assert.ok(leaf);
  lab.must("exec", "pulumi", "state", "delete", "--yes", "-s", STACK[node], leaf.urn);
}

/** Each managed unit, its state now and at boot. */
const units = (node: NodeName) =>
  lab
    .on(node, `for u in ${UNITS.join(" ")}; do echo $u $(systemctl is-active $u) $(systemctl is-enabled $u); done`)
    .split("\n");
const STOPPED = UNITS.map((unit) => `${unit} inactive disabled`);
const DIRECTORIES = "/etc/xcat /install /root/.xcat /tftpboot /var/lib/pgsql";
const localDirectories = (node: NodeName) => Number(lab.on(node, `find ${DIRECTORIES} -maxdepth 0 -type d | wc -l`));
/** What xcat-ha has put on a node. */
const ours = (node: NodeName) =>
  lab.on(
    node,
    "ls -d /usr/local/sbin/xcat-ha /etc/xcat-ha /var/lib/xcat-ha /run/xcat-ha /etc/systemd/system/*.d/xcat-ha.conf /etc/systemd/system/xcat-ha-* /etc/systemd/system/timers.target.wants/xcat-ha-* 2>/dev/null; grep -h hosts-sync /root/.ssh/authorized_keys; true",
  );

afterEach(() => {
  for (const node of ["xcatmn1", "xcatmn2"]) lab.must("share", node, "mend");
});
sampled(lab);

test("the owner is not destroyed: refused before anything is deleted, and by every part where the leaf that asks is gone", () => {
  pairWith("xcatmn1");
  const first = destroy("xcatmn1");
  assert.notEqual(first.code, 0);
  assert.match(first.output, /xcatmn1 holds the owner lease; expected a node that is not active before it is let go/);
  assert.doesNotMatch(first.output, /Command \S+ deleted/);
  assertPair("xcatmn1");

  deleteLeaf("xcatmn1");
  const again = destroy("xcatmn1");
  assert.notEqual(again.code, 0);
  assert.match(again.output, /xcatmn1 holds the owner lease; expected a node that is not active before it is let go/);
  assertPair("xcatmn1");
  // What was deleted comes back.
  expectUp("xcatmn1");
  assertPair("xcatmn1");
});

test("a standby node is let go, in two goes: nothing where its share hangs; then its own directories come back, and nothing starts", () => {
  pairWith("xcatmn1");
  const shared =
    "cd /HA && find xcat install tftpboot .xcat -printf '%p %m %u %s\\n' | sort | md5sum; ls /HA/.xcat-ha/epoch | wc -l";
  const before = lab.on("xcatmn1", shared);
  deleteLeaf("xcatmn2");
  lab.must("share", "xcatmn2", "hang");
  const cut = destroy("xcatmn2", "--refresh=false");
  lab.must("share", "xcatmn2", "resume");
  assert.notEqual(cut.code, 0);
  assert.match(
    cut.output,
    /\/HA on xcatmn2 hangs: .*expected to know who owns the shared data before xcatmn2 is let go/,
  );
  assert.deepEqual(units("xcatmn2"), STOPPED);
  assert.equal(localDirectories("xcatmn2"), 0);

  const { code, output } = destroy("xcatmn2");
  assert.equal(code, 0, output);
  assert.match(output, /not started, whatever ran here before the pair: postgresql xcatd named dhcpd conserver/);
  assertUntouched(lab.on("xcatmn1", shared), before);
  assert.equal(localDirectories("xcatmn2"), 5);
  assert.equal(ours("xcatmn2"), "");
  assert.deepEqual(units("xcatmn2"), STOPPED);
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
