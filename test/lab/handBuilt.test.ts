// A pair that was built by hand from the manual, with the mistakes that let it run: taken over, failed over.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildByHand } from "../helpers/byHand";
import { Lab } from "../helpers/lab";
import { assertNoDrift, failOver, NODES, STACK, UNITS } from "../helpers/labPair";
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
  assertNoDrift("xcatmn1", lab);
});

test("the other node becomes its standby node, and the pair fails over", () => {
  const standby = lab.up("standby");
  assert.equal(standby.code, 0, standby.output);
  failOver("xcatmn2", lab);
  assert.equal(lab.on("xcatmn2", `systemctl is-active ${SERVICES} | sort -u`), "active");
});
