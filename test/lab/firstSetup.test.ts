import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { encodeDocument } from "../../components/remote/document";
import { installedProgram } from "../../components/remote/program";
import { ADDRESSES, assertUntouched } from "../helpers/brokenInvariant";
import { odd } from "../helpers/copied";
import { Lab } from "../helpers/lab";
import { sampled } from "../helpers/sampled";

// A lab of its own: a first setup happens once in a lab's life. The tests go through it in their order.
const lab = new Lab(`${process.env.XCAT_HA_LAB ?? "test"}-first`);

before(() => lab.must("up"));
after(() => lab.must("down"));
sampled(lab);

/** Everything on a node that a preview could have touched. */
const fingerprint = (node: string) =>
  lab.on(
    node,
    `${ADDRESSES} | md5sum; systemctl list-unit-files --no-legend | md5sum; find /etc /usr/local /var/lib/xcat-ha /run/xcat-ha /HA /root -xdev -printf '%p %m %u %s %T@\\n' 2>/dev/null | sort | md5sum`,
  );

test("a preview of a node that was never set up says what it found, and touches nothing", () => {
  const untouched = fingerprint("xcatmn1");
  const { code, output } = lab.pulumi("preview", "-s", "primary");
  assert.equal(code, 0, output);
  assert.match(
    output,
    /xcatmn1 will become active:\n +export begin: the cluster data as it is before the first change/,
  );
  assert.match(
    output,
    /prepare sharedDataLinks: first setup: copy ahead while the services run: \/etc\/xcat \([\d.]+K\), \/install \(.*\), .*; \S+ are free on \/HA/,
  );
  assert.match(
    output,
    /quiesce: .*, after about 20 s and the last copy of what changed; .*: now running postgresql xcatd named dhcpd conserver/,
  );
  assert.match(output, /virtualIp: address is '10\.5\.106\.7\/8 .* label eth0'/);
  assert.match(output, /networksMgtIf: mgtifname is 'eth0', wanted 'eth0:0'/);
  assertUntouched(fingerprint("xcatmn1"), untouched);
});

test("an address over which nobody comes is taken back by itself", () => {
  const document = encodeDocument({
    "program.text": installedProgram(),
    address: "10.5.106.99/8",
    interface: "eth0",
  });
  const bootstrap =
    "cd $(mktemp -d) && cat >document && printf %b \"$(sed -n 's/^program\\.text\t//p' document)\" >program && bash program bootstrap <document";
  const { code, output } = lab.run(["ssh", "xcatmn1", bootstrap], document);
  assert.equal(code, 0, output);
  const addresses = () => lab.on("xcatmn1", "ip -o -4 addr show dev eth0 | awk '{ print $4 }' | paste -sd,");
  assert.equal(addresses(), "10.5.106.7/8,10.5.106.99/8");
  const left = lab.on("xcatmn1", "systemctl list-timers --no-legend xcat-ha-address-back.timer");
  assert.match(left, / (1min \d+s|\d+s) left /);
  // What the timer starts then.
  lab.on("xcatmn1", "systemctl start --wait xcat-ha-address-back.service");
  assert.equal(addresses(), "10.5.106.7/8");
  lab.on("xcatmn1", "systemctl stop xcat-ha-address-back.timer");
});

test("a standby node cannot be set up before the active one", () => {
  const untouched = fingerprint("xcatmn2");
  const { code, output } = lab.up("standby");
  assert.notEqual(code, 0);
  assert.match(output, /xcatmn2 cannot be a standby node yet: no epoch exists yet/);
  assert.match(output, /next: set up the active node first/);
  assertUntouched(fingerprint("xcatmn2"), untouched);
});

test("the active node: its directories are on the shared data, and what was copied is what was there", () => {
  const original = odd(lab);
  const { code, output } = lab.up("primary");
  assert.equal(code, 0, output);
  // Nobody takes the bootstrap's address back behind our back: the commands came over it.
  assert.equal(lab.on("xcatmn1", "systemctl is-active xcat-ha-address-back.timer || true"), "inactive");
  assert.equal(lab.on("xcatmn1", "ls -A /HA/.xcat-ha | grep -cE 'copy-|first-setup' || true"), "0");
  assert.equal(odd(lab), original);
});

test("after it: links, owners, the lines of PostgreSQL, the networks row; the originals stand beside as .bak", () => {
  const originals = "ls -d /etc/xcat.bak /install.bak /root/.xcat.bak /tftpboot.bak /var/lib/pgsql.bak | wc -l";
  assert.equal(lab.on("xcatmn1", originals), "5");
  assert.equal(lab.on("xcatmn1", "stat -c '%U:%G %a' /HA/pgsql"), "postgres:postgres 700");
  assert.equal(
    lab.on("xcatmn1", "grep -cwF 10.5.106.7/32 /var/lib/pgsql/data/pg_hba.conf"),
    "1",
    "the line stays once",
  );
  assert.match(lab.on("xcatmn1", "bash -lc 'lsdef -t network -i mgtifname -c </dev/null'"), /mgtifname=eth0:0$/);
  assert.equal(lab.on("xcatmn1", "grep -c 10.5.106.70 /etc/network/interfaces"), "1");
});

test("then the standby node; up again changes nothing and runs no command", () => {
  assert.equal(lab.up("standby").code, 0);
  // Of a standby node that was just set up destroy.test.ts says it.
  const { code, output } = lab.up("primary");
  assert.equal(code, 0, output);
  assert.match(output, /^ +\d+ unchanged$/m);
  assert.doesNotMatch(output, /created|updated|replaced/);
});

test("the pair is saved as it stands: what the tests of a set up pair start from", () => {
  lab.must("save", "set-up");
});
