// The end of a pair that was built by hand from the manual: taken over, failed over, and dissolved.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { buildByHand } from "../helpers/byHand";
import { Lab } from "../helpers/lab";
import { failOver, NODES, STACK, UNITS } from "../helpers/labPair";
import { destroy, localDirectories } from "../helpers/letGo";
import { sampled } from "../helpers/sampled";

const lab = new Lab(`${process.env.XCAT_HA_LAB ?? "test"}-dissolved`);
const SERVICES = UNITS.join(" ");

before(() => {
  lab.must("up");
  buildByHand(lab);
  for (const node of NODES) {
    const { code, output } = lab.up(STACK[node]);
    assert.equal(code, 0, output);
  }
  failOver("xcatmn2", lab);
});
after(() => lab.must("down"));
sampled(lab);

const ask = (node: string) => lab.on(node, "bash -lc 'gettab key=lastword site.value </dev/null'");

test("dissolved: the active node takes the data home and serves as a single node", () => {
  const clusterFile = lab.projectFile("cluster.yaml");
  lab.on("xcatmn2", "bash -lc 'chtab key=lastword site.value=yes'");
  const active = destroy("xcatmn2", [], lab);
  assert.notEqual(active.code, 0);
  assert.match(active.output, /next: to dissolve the pair and keep xcatmn2 as a single node: docs\/failover.md/);
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
