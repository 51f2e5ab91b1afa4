// The life of a pair that was built by hand from the manual, with the mistakes that let it run: taken over, failed over, dissolved.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { buildByHand } from "../helpers/byHand";
import { Lab } from "../helpers/lab";
import { failOver, NODES, STACK, UNITS } from "../helpers/labPair";
import { destroy, localDirectories } from "../helpers/letGo";
import { sampled } from "../helpers/sampled";

const lab = new Lab(`${process.env.XCAT_HA_LAB ?? "test"}-hand`);
const SERVICES = UNITS.join(" ");
const started = () => lab.on("xcatmn1", `systemctl show -p ActiveEnterTimestampMonotonic --value ${SERVICES}`);

before(() => {
  lab.must("up");
  buildByHand(lab);
});
after(() => lab.must("down"));
sampled(lab);

test("the node that does not run it cannot take it over", () => {
  for (const node of NODES) lab.config(STACK[node], "activeNode", "xcatmn2");
  const { code, output } = lab.pulumi("preview", "-s", "standby");
  for (const node of NODES) lab.config(STACK[node], "activeNode", "xcatmn1");
  assert.notEqual(code, 0);
  assert.match(output, /xcatmn2 does not run the database on \/HA, and it was not shut down: in production/);
  assert.match(output, /VIP: .*reply from 10\.5\.106\.7/i);
  assert.match(output, /next: make xcatmn1 active first if it runs there/);
});

test("preview names what is right, what is not, and the manual's mistakes; up corrects them and stops nothing", () => {
  const running = started();
  const preview = lab.pulumi("preview", "-s", "primary");
  assert.equal(preview.code, 0, preview.output);
  assert.match(
    preview.output,
    /a pair built by hand is taken over: postgresql xcatd named dhcpd conserver go on running/,
  );
  assert.match(preview.output, /listen_addresses has 10\.5\.105\.5, which is no address of this pair/);
  assert.match(preview.output, /not on shared data: \/install \(.*\), \/root\/\.xcat \(.*\)/);
  assert.match(preview.output, /the crontab of root copies \/etc\/hosts/);
  assert.match(preview.output, /listenAddresses: 10\.5\.106\.5 is 'not listed/);
  assert.doesNotMatch(preview.output, /virtualIp: address is/);

  const { code, output } = lab.up("primary");
  assert.equal(code, 0, output);
  assert.equal(started(), running, "a service was started again");
  assert.equal(lab.on("xcatmn1", "readlink /install /root/.xcat"), "/HA/install\n/HA/.xcat");
  assert.equal(lab.on("xcatmn1", "crontab -l; ls /var/lib/xcat-ha/crontab.found"), "/var/lib/xcat-ha/crontab.found");
  assert.match(lab.on("xcatmn1", "xcat-ha status"), /epoch 1 is held by xcatmn1/);
  assert.equal(lab.pulumi("preview", "-s", "primary", "--expect-no-changes").code, 0);
});

test("the other node becomes its standby node, and the pair fails over", () => {
  const standby = lab.up("standby");
  assert.equal(standby.code, 0, standby.output);
  failOver("xcatmn2", lab);
  assert.equal(lab.on("xcatmn2", `systemctl is-active ${SERVICES} | sort -u`), "active");
});

const ask = (node: string) => lab.on(node, "bash -lc 'gettab key=lastword site.value </dev/null'");

test("dissolved: the active node takes the data home and serves as a single node", () => {
  const clusterFile = lab.projectFile("cluster.yaml");
  lab.on("xcatmn2", "bash -lc 'chtab key=lastword site.value=yes'");
  const active = destroy("xcatmn2", [], lab);
  assert.notEqual(active.code, 0);
  assert.match(active.output, /To dissolve the pair and keep xcatmn2 as a single node: docs\/failover.md/);
  // As docs/failover.md says. The former owner's links were made by hand: what stepped aside for them is the admin's.
  const former = destroy("xcatmn1", [], lab);
  assert.equal(former.code, 0, former.output);
  assert.match(former.output, /still on the shared data, .*\/var\/lib\/pgsql -> \/HA\/pgsql/);
  assert.equal(
    lab.on("xcatmn1", `systemctl is-active ${SERVICES} | sort -u; systemctl is-enabled ${SERVICES} | sort -u`),
    "inactive\ndisabled",
  );
  assert.notEqual(lab.run(["ssh", "xcatmn1", "systemctl start postgresql"]).code, 0);
  assert.equal(ask("xcatmn2"), "yes");

  writeFileSync(clusterFile, readFileSync(clusterFile, "utf8").replace("restoreFrom: aside", "restoreFrom: shared"));
  lab.config("standby", "activeNode", "xcatmn1");
  assert.equal(lab.up("standby").code, 0);
  lab.on("xcatmn2", "printf '#!/bin/sh\\nexit 12\\n' >/usr/local/sbin/rsync; chmod +x /usr/local/sbin/rsync");
  const cut = destroy("xcatmn2", [], lab);
  lab.on("xcatmn2", "rm /usr/local/sbin/rsync");
  assert.notEqual(cut.code, 0);
  assert.match(cut.output, /copying \/HA\/\S+ to \S+ failed: rsync ended with 12/);
  lab.config("primary", "activeNode", "xcatmn1");
  const claiming = lab.up("primary");
  assert.notEqual(claiming.code, 0);
  assert.match(claiming.output, /the pair is being dissolved: epoch \d+ is held by xcatmn2/);

  const { code, output } = lab.pulumi("destroy", "--yes", "-s", "standby");
  assert.equal(code, 0, output);
  assert.match(output, /not started, because it did not run before the pair: postgresql xcatd named dhcpd conserver/);
  assert.equal(localDirectories("xcatmn2", lab), 5);
  assert.equal(
    lab.on("xcatmn2", "systemctl start postgresql xcatd named dhcpd conserver; systemctl is-active postgresql xcatd"),
    "active\nactive",
  );
  assert.equal(ask("xcatmn2"), "yes");
});

test("a pair again: the old data on the share is never taken for the truth; put away, all is as it was", () => {
  lab.on("xcatmn2", "bash -lc 'chtab key=lastword site.value=single'");
  for (const node of NODES) lab.config(STACK[node], "activeNode", "xcatmn2");
  const refused = lab.up("standby");
  assert.notEqual(refused.code, 0);
  const [, command] = /put the old data away first: (cd .* old-\S+\/);/.exec(refused.output) ?? [];
  assert.ok(command, refused.output);
  lab.on("xcatmn2", command);
  const { code, output } = lab.up("standby");
  assert.equal(code, 0, output);
  assert.equal(ask("xcatmn2"), "single");
});
