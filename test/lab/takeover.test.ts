// The active node is dead: another one takes over on evidence, and never beside a node that lives.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { assertNoRowLost } from "../helpers/client";
import { installFence, powerSwitched } from "../helpers/fence";
import { assertPair, expectUp, lab, NODES, newestEpoch, notified, owner, pairWith, STACK } from "../helpers/labPair";
import { sampled } from "../helpers/sampled";
import { until } from "../helpers/until";

before(() => pairWith("xcatmn1"));
powerSwitched();
sampled(lab);

test("the active node dies: by a word of somebody not while it lives, by the fence then; every committed row is there, and the old node comes back as a standby node", async () => {
  const client = lab.startClient("takeover_rows");
  await client.committing();
  const held = Number(newestEpoch("xcatmn2"));
  lab.on("xcatmn1", "echo '10.5.106.110 added added.cluster.com' >>/etc/hosts");
  lab.config("standby", "activeNode", "xcatmn2");
  const order = { epoch: held, reason: "the node is silent" };

  lab.on("xcatmn2", "install -m 0700 /dev/stdin /etc/xcat-ha.fence <<<$'#!/bin/sh\\necho no BMC; exit 3'");
  const version = "/opt/xcat/lib/perl/xCAT/Version.pm";
  lab.on("xcatmn2", `sed -i 's/2[.]19[.]0/2.18.0/' ${version}`);
  lab.config("standby", "takeover", { ...order, confirm: "xcatmn1 is powered off" });
  const alive = lab.pulumi("preview", "-s", "standby");
  assert.notEqual(alive.code, 0);
  assert.match(alive.output, /xcatmn1 shows signs of life; expected none of a node that is powered off/);
  for (const sign of [
    /xcatmn1 answers at 10\.5\.106\.70 port 22: accepted, SSH-2/,
    /xcatmn1, 10\.5\.106\.70, answers: /,
    /the VIP, 10\.5\.106\.7, answers: /,
    /the beat of xcatmn1 moves on the shared data/,
    // And by daylight:
    /xcatmn2 siteCommands: fence is '\/etc\/xcat-ha\.fence status xcatmn1 failed: no BMC', wanted /,
    /xcatmn2 siteCommands: software is 'xCAT's version is 2\.18\.0 on xcatmn2 and 2\.19\.0 on xcatmn1', wanted /,
  ])
    assert.match(alive.output, sign);

  lab.config("standby", "takeover", { ...order, fence: true });
  lab.on("xcatmn2", `sed -i 's/2[.]18[.]0/2.19.0/' ${version}`);
  assert.match(
    lab.on("xcatmn1", "xcat-ha status"),
    /^xcatmn2 +PostgreSQL 15\.\S+, uid:gid \d+:\d+, xCAT 2\.1[89]\.0, debian 12; can run the database: yes; written /m,
  );
  installFence("xcatmn2");
  const told = notified("xcatmn2");
  assertPair("xcatmn1");

  const kept = `grep -c ' added ' /HA/.xcat-ha/hosts/${String(held).padStart(6, "0")} || true`;
  await until("a beat to take the hosts file to the shared data", () => lab.on("xcatmn2", kept) === "1");
  lab.must("cut", "xcatmn1");
  const { code, output } = lab.up("standby");
  assert.equal(code, 0, output);
  assert.match(output, /fence: \/etc\/xcat-ha\.fence off xcatmn1, which is off now; then read back, twice/);
  assert.match(output, /claim takeover: epoch \d+ of xcatmn1 is overridden, by the fence: the node is silent/);
  assert.match(output, /xcatmn1 is off, by \S+ status, twice/);
  await client.committing();
  assert.equal(owner(), "xcatmn2");
  assert.match(
    lab.on("xcatmn2", `cat /HA/.xcat-ha/epoch/${String(held + 1).padStart(6, "0")}.owner`),
    new RegExp(`^from xcatmn1$[\\s\\S]*^over 0*${held}$[\\s\\S]*^evidence fence$`, "m"),
  );
  // That the owner is silent may have been told before.
  await until("the site to be told of it", () => /^takeover /m.test(told()));
  assert.match(
    told(),
    /^takeover xcatmn2\nxcatmn2 takes over from xcatmn1, by fence: the node is silent; epoch \d+ is held by xcatmn2/m,
  );
  assert.equal(lab.on("xcatmn2", "dig +short @10.5.106.7 added.cluster.com"), "10.5.106.110");
  lab.must("provision", "cn1");
  // Left in the config it is used up.
  const again = lab.pulumi("preview", "-s", "standby", "--expect-no-changes");
  assert.equal(again.code, 0, again.output);
  assert.match(again.output, new RegExp(`the takeover of epoch ${held} in the stack config is used up`));

  lab.must("boot", "xcatmn1");
  assert.equal(owner(), "xcatmn2");
  for (const node of NODES) lab.config(STACK[node], "activeNode", "xcatmn2");
  expectUp("xcatmn1");
  const { commits, found } = await client.stop();
  assertNoRowLost(commits, found);
  assertPair("xcatmn2");
});
