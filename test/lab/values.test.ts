import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { encodeDocument } from "../../components/remote/document";
import { assertNoChanges, expectUp, lab, pairWith } from "../helpers/labPair";
import { sampled } from "../helpers/sampled";

sampled(lab);
test("a value with blanks, quotes, $() and newlines is nothing but a value, down to the database", () => {
  pairWith("xcatmn1");
  const mgtifname = `eth0 'a' "b" $(touch /tmp/was-here) \`touch /tmp/was-here\`; touch /tmp/was-here`;
  const document = encodeDocument({ network: "10_0_0_0-255_0_0_0", mgtifname, counter: "1" });
  const applied = lab.run(["ssh", "xcatmn1", "xcat-ha apply networksMgtIf"], document);
  assert.equal(applied.code, 0, applied.output);
  assert.equal(
    lab.on("xcatmn1", "bash -lc 'gettab netname=10_0_0_0-255_0_0_0 networks.mgtifname </dev/null'"),
    mgtifname,
  );
  assert.equal(lab.on("xcatmn1", "ls /tmp/was-here 2>/dev/null || true"), "");
  expectUp("xcatmn1");
  assertNoChanges("xcatmn1");
});

test("the hosts file goes from the active to the standby node, by a key that can do nothing else", () => {
  pairWith("xcatmn1");
  lab.on("xcatmn1", "echo '10.5.106.103 cn3 cn3.cluster.com' >>/etc/hosts; xcat-ha sync-hosts");
  assert.equal(lab.on("xcatmn2", "md5sum </etc/hosts"), lab.on("xcatmn1", "md5sum </etc/hosts"));
  const ssh =
    "ssh -i /HA/.xcat-ha/hosts-sync/id_ed25519 -o BatchMode=yes -o UserKnownHostsFile=/etc/xcat-ha/known_hosts -o HostKeyAlias=xcatmn2 root@10.5.106.5";
  for (const command of [
    "id",
    "",
    "rsync --server --sender -logDtpr . /etc/shadow",
    "rsync --server -logDtpr . /root/",
    "rsync --server -logDtpre.iLsfxC --delete --log-file=/etc/cron.d/x . /etc/",
  ]) {
    const { code, output } = lab.run(["ssh", "xcatmn1", `echo '* * * * * root id >/root/owned' | ${ssh} '${command}'`]);
    assert.equal(code, 10, output);
    assert.match(output, /what came in is no whole hosts file/);
  }
  assert.equal(lab.on("xcatmn2", "md5sum </etc/hosts"), lab.on("xcatmn1", "md5sum </etc/hosts"));
  assert.notEqual(lab.run(["ssh", "xcatmn2", "xcat-ha sync-hosts"]).code, 0, "a standby node sends nothing");
});

test("an order given twice at once runs once; another order waits for a step boundary", () => {
  pairWith("xcatmn1");
  const { code, output } = lab.run([
    "ssh",
    "xcatmn1",
    "xcat-ha become active </dev/null & xcat-ha become active </dev/null & wait; journalctl -u xcat-ha-run -n 1 -o cat",
  ]);
  assert.equal(code, 0, output);
  assertNoChanges("xcatmn1");
});

test("what is already as wanted is applied without a change, on every part", () => {
  pairWith("xcatmn1");
  const before = lab.on(
    "xcatmn1",
    "systemctl show -p ActiveEnterTimestampMonotonic --value postgresql xcatd named dhcpd conserver ntpd; ls -la --time-style=full-iso /etc/xcat-ha /etc/cron.d /HA/pgsql/data/pg_hba.conf",
  );
  lab.on("xcatmn1", "xcat-ha become active </dev/null");
  assert.equal(
    lab.on(
      "xcatmn1",
      "systemctl show -p ActiveEnterTimestampMonotonic --value postgresql xcatd named dhcpd conserver ntpd; ls -la --time-style=full-iso /etc/xcat-ha /etc/cron.d /HA/pgsql/data/pg_hba.conf",
    ),
    before,
  );
});

test("values that change later: what the old ones made is taken away, or the change is refused with the way to do it", () => {
  pairWith("xcatmn1");
  const clusterFile = lab.projectFile("cluster.yaml");
  const original = readFileSync(clusterFile, "utf8");
  const change = (from: string, to: string) => {
    const text = readFileSync(clusterFile, "utf8");
    assert.ok(text.includes(from), from);
    writeFileSync(clusterFile, text.replace(from, to));
  };
  try {
    change("address: 10.5.106.7 #", "address: 10.5.106.9 #");
    const refused = lab.pulumi("preview", "-s", "primary");
    assert.notEqual(refused.code, 0);
    assert.match(
      refused.output,
      /xCAT's database is at 10\.5\.106\.7, by \/etc\/xcat\/cfgloc; expected the VIP 10\.5\.106\.9/,
    );
    // As the message says: xCAT first. The client's and the tests' own address follows back below.
    const move = (from: string, to: string) =>
      lab.on(
        "xcatmn1",
        `bash -lc 'chtab key=master site.value=${to}; chtab key=nameservers site.value=${to}'; sed -i 's/host=${from}/host=${to}/' /etc/xcat/cfgloc`,
      );
    change("label: eth0:0", "label: eth0:5");
    change(", conserver]", "]");
    move("10.5.106.7", "10.5.106.9");
    expectUp("xcatmn1");
    assert.equal(lab.on("xcatmn1", "ip -o -4 addr show dev eth0 | grep -c 'inet 10.5.106.7/' || true"), "0");
    assert.match(lab.on("xcatmn1", "ip -o -4 addr show label eth0:5"), /10\.5\.106\.9\/8/);
    assert.doesNotMatch(lab.on("xcatmn1", "cat /etc/hosts; cat /var/lib/pgsql/data/pg_hba.conf"), /10\.5\.106\.7[ /]/);
    assert.equal(
      lab.on(
        "xcatmn1",
        "systemctl is-active conserver; ls /etc/systemd/system/conserver.service.d/xcat-ha.conf 2>&1 | grep -c 'No such'",
      ),
      "inactive\n1",
    );
    assertNoChanges("xcatmn1");
    move("10.5.106.9", "10.5.106.7");
  } finally {
    writeFileSync(clusterFile, original);
  }
  expectUp("xcatmn1");
  assertNoChanges("xcatmn1");
});
