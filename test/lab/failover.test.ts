import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNoRowLost, outageOf } from "../helpers/client";
import { assertNoChanges, assertPair, lab, NODES, pairWith, peerOf, STACK } from "../helpers/labPair";
import { mirrored, runbook } from "../helpers/runbook";
import { sampled } from "../helpers/sampled";
import { SecretsWatch } from "../helpers/secrets";
import { sshdSays, sshWithin } from "../helpers/sshCount";

sampled(lab);
test("planned failover there and back by the stock commands: every committed row is there, a compute node boots, no key and no password in the open", async () => {
  pairWith("xcatmn1");
  sshdSays();
  const secrets = new SecretsWatch();
  const outputs: string[] = [];
  const client = lab.startClient("failover_rows");
  await client.committing();
  const added: string[] = [];
  for (const to of ["xcatmn2", "xcatmn1"] as const) {
    const from = Date.now();
    // No night comes between.
    added.push(`10.5.106.11${added.length}`);
    lab.on(peerOf(to), `echo '${added.at(-1)} added${added.length} added${added.length}.cluster.com' >>/etc/hosts`);
    const commands = runbook("By the stock commands");
    for (const command of to === "xcatmn2" ? commands : commands.map(mirrored)) {
      if (command[1] !== "up") {
        lab.must("exec", ...command);
        continue;
      }
      const node = command.at(-1) === STACK[to] ? to : peerOf(to);
      // With its preview, as a user types it, on the way there.
      const skip = to === "xcatmn1" ? ["--skip-preview"] : [];
      const { code, output } = lab.run(["exec", ...command, "--yes", "--diff", ...skip]);
      assert.equal(code, 0, output);
      assert.match(output, /cluster data exported: \/HA\/\.xcat-ha\/exports\/\d{6}-/);
      // Ahead of what takes longer than all before.
      if (node === to)
        assert.match(
          output,
          new RegExp(
            `${to}: active and serving, \\d+ s after the claim\\n[\\s\\S]*${to}: exporting the cluster data\\n[\\s\\S]*${to}: verified: \\d+ checks passed\\n`,
          ),
        );
      outputs.push(output);
    }
    await client.committing();
    const cut = outageOf(client.commits(), from, Date.now());
    const ssh = sshWithin(cut, ...NODES);
    console.log(
      `outage of the failover to ${to}: ${((cut.to - cut.from) / 1000).toFixed(1)} s, ${ssh.connections} logins and ${ssh.commands} commands by SSH within it`,
    );
    // Each is a part's, the old node's or the new one's, that comes before the database is back.
    assert.ok(ssh.connections <= 12 && ssh.commands <= 16, JSON.stringify(ssh));
    assertPair(to);
    const names = added.map((_, index) => `dig +short @10.5.106.7 added${index + 1}.cluster.com`);
    assert.equal(lab.on(to, names.join("; ")), added.join("\n"), "DNS has what was added on the former active node");
    // Of the node to which they came, the last output.
    for (const [check, thing] of [
      ["DNS", "a name at 10\\.5\\.106\\.7"],
      ["DHCP", "a reservation"],
    ])
      assert.match(outputs.at(-1) ?? "", new RegExp(`ok +${check} +of 2 nodes 2 have ${thing}, none lost`));
    assert.doesNotMatch(outputs.at(-1) ?? "", /warning: make(dns|dhcp) /);
    lab.must("provision", "cn1");
  }
  const { commits, found } = await client.stop();
  assert.ok(commits.length > 20, `${commits.length} commits`);
  assertNoRowLost(commits, found);
  for (const node of NODES) assertNoChanges(node);
  await secrets.assertNowhere(outputs);
});

test("verify on the active node: every check a row, and the cluster data is the same as before the failover", () => {
  pairWith("xcatmn1");
  const { code, output } = lab.run(["ssh", "xcatmn1", "xcat-ha verify"]);
  assert.equal(code, 0, output);
  assert.match(
    output,
    /^harmless +xcatprobe +Checking xCAT management node IP: <10\.5\.106\.7> .*the VIP is not persistent, on purpose/m,
  );
  assert.match(output, /^harmless +xcatprobe +Checking DB packages installation\.\.\. .*perl loads DBD::Pg/m);
  assert.match(output, /^ok +cluster data +\d{6}-9-\S+-end and \d{6}-1-xcatmn1-begin: same/m);
  assert.equal(
    lab.on("xcatmn1", "stat -c '%a %U' /HA/.xcat-ha/exports; find /HA/.xcat-ha/exports -perm /077 | wc -l"),
    "700 root\n0",
  );
  assert.equal(lab.run(["ssh", "xcatmn2", "xcat-ha verify"]).code, 12);

  lab.on("xcatmn1", "systemctl stop dhcpd");
  const broken = lab.run(["ssh", "xcatmn1", "xcat-ha verify"]);
  assert.equal(broken.code, 20, broken.output);
  assert.match(broken.output, /^failed +network +dhcpd is 'stopped, not enabled'/m);
  assert.match(
    broken.output,
    /^failed +xcatprobe +Checking DHCP service is configured\.\.\. makedhcp xcatmntest failed; Run .*\n +next: systemctl status dhcpd; makedhcp -n/m,
  );
  lab.on("xcatmn1", "systemctl start dhcpd");

  // A node whose address went: makedns and makedhcp end with 0 all the same.
  lab.on(
    "xcatmn1",
    "cp /etc/hosts /root/hosts; sed -i '/ cn2 /d' /etc/hosts; bash -lc 'makedns -n; makedhcp -n; makedhcp -a' </dev/null",
  );
  const lost = lab.run(["ssh", "xcatmn1", "xcat-ha verify"]);
  lab.on("xcatmn1", "cp /root/hosts /etc/hosts; bash -lc 'makedns -n; makedhcp -n; makedhcp -a' </dev/null");
  assert.equal(lost.code, 20, lost.output);
  assert.match(
    lost.output,
    /^failed +DNS +of 2 nodes 1 has a name at 10\.5\.106\.7; 1 node has lost it since the record of before: cn2\. /m,
  );
  assert.equal(lab.run(["ssh", "xcatmn1", "xcat-ha verify"]).code, 0);
});

test("flipped first, the standby node is refused: who, since when, what to type; nothing is touched", () => {
  pairWith("xcatmn1");
  lab.config("standby", "activeNode", "xcatmn2");
  // The preview comes first.
  const { code, output } = lab.pulumi("up", "--yes", "-s", "standby");
  assert.notEqual(code, 0);
  assert.match(output, /xcatmn2 should be active, but epoch \d+ is held by xcatmn1 since/);
  assert.match(output, /next: let xcatmn1 step down: pulumi config set activeNode xcatmn2/);
  lab.config("standby", "activeNode", "xcatmn1");
  assertPair("xcatmn1");
});

test("a standby node refuses to start a managed service, loudly", () => {
  pairWith("xcatmn1");
  for (const unit of ["postgresql", "xcatd", "named", "dhcpd", "conserver"]) {
    assert.notEqual(lab.run(["ssh", "xcatmn2", `systemctl start ${unit}`]).code, 0);
    assert.match(
      lab.on("xcatmn2", `journalctl -u ${unit} -n 20 -o cat`),
      new RegExp(`${unit} may not start on xcatmn2; expected the owner lease`),
    );
    lab.run(["ssh", "xcatmn2", `systemctl stop ${unit}; systemctl reset-failed ${unit}`]);
  }
  assertPair("xcatmn1");
});
