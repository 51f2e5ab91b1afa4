import assert from "node:assert/strict";
import { execSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Lab } from "../lab";

// The lab itself and the contract of the stand-ins, on a lab of its own: nothing of xcat-ha is on these machines.
const lab = new Lab(`${process.env.XCAT_HA_LAB ?? "test"}-machines`);
const xcat = (command: string) => lab.run(["ssh", "xcatmn1", `. /etc/profile.d/xcat.sh; ${command}`]);

before(() => lab.must("up"));
after(() => lab.must("down"));

test("up again changes nothing; status and exit codes come through", () => {
  const boot = lab.on("xcatmn1", "cat /proc/sys/kernel/random/boot_id");
  lab.must("up");
  assert.equal(lab.on("xcatmn1", "cat /proc/sys/kernel/random/boot_id"), boot);
  assert.match(lab.must("status"), /xcatmn1 +on +10\.5\.106\.7 +ok/);
  assert.equal(lab.run(["ssh", "xcatmn1", "exit 42"]).code, 42);
  assert.equal(lab.run(["exec", "bash", "-c", "exit 43"]).code, 43);
  assert.equal(lab.run(["ssh", "nobody", "true"]).code, 64);
  assert.notEqual(lab.on("xcatmn1", "cat /etc/machine-id"), lab.on("xcatmn2", "cat /etc/machine-id"));
});

test("a machine is cut, booted, and reboots from inside", () => {
  lab.must("cut", "xcatmn2");
  assert.match(lab.must("status"), /xcatmn2 +off/);
  lab.must("boot", "xcatmn2");
  const boot = lab.on("xcatmn2", "cat /proc/sys/kernel/random/boot_id");
  lab.run(["ssh", "xcatmn2", "reboot"]);
  lab.must("boot", "xcatmn2");
  assert.notEqual(lab.on("xcatmn2", "stat -c %Y /proc/1; cat /proc/sys/kernel/random/boot_id"), boot);
});

test("one node's share hangs, goes on, breaks and comes back; the other's does not notice", () => {
  const write = (node: string) => lab.run(["ssh", node, `timeout -s KILL 2 touch /HA/${node}`]).code;
  assert.equal(write("xcatmn1"), 0);
  lab.must("share", "xcatmn1", "hang");
  assert.notEqual(write("xcatmn1"), 0);
  assert.equal(write("xcatmn2"), 0);
  lab.must("share", "xcatmn1", "resume");
  assert.equal(write("xcatmn1"), 0);
  lab.must("share", "xcatmn1", "break");
  assert.match(lab.run(["ssh", "xcatmn1", "ls /HA"]).output, /not connected/);
  lab.must("share", "xcatmn1", "mend");
  assert.equal(lab.on("xcatmn1", "ls /HA"), "xcatmn1\nxcatmn2");
  assert.equal(lab.on("xcatmn1", "ln /HA/xcatmn1 /HA/linked && stat -c %h /HA/linked && rm /HA/linked"), "2");
});

const CONTRACT: [what: string, command: string, code: number, says: RegExp][] = [
  [
    "tabdump prints a header and quoted rows",
    "tabdump networks </dev/null",
    0,
    /^#netname,net,mask,mgtifname,.*\n"10_0_0_0-255_0_0_0","10\.0\.0\.0","255\.0\.0\.0","eth0",/,
  ],
  ["an unknown table is an error", "tabdump nosuch </dev/null", 1, /Error: \[xcatmn1\]: No such table: nosuch/],
  [
    "lsdef -c",
    "lsdef -t network -o 10_0_0_0-255_0_0_0 -i mgtifname -c </dev/null",
    0,
    /^10_0_0_0-255_0_0_0: mgtifname=eth0$/m,
  ],
  [
    "chdef of a missing row writes nothing",
    "chdef -t network -o nope mgtifname=x </dev/null",
    1,
    /Net or mask value should not be empty[\s\S]*One or more errors occured/,
  ],
  [
    "chdef says so also where nothing changed",
    "chdef -t network -o 10_0_0_0-255_0_0_0 mgtifname=eth0 </dev/null",
    0,
    /1 object definitions have been created or modified/,
  ],
  [
    "the clients eat standard input",
    "printf 'one\\ntwo\\n' | { lsdef -t site -i domain -c; cat; }",
    0,
    /^clustersite: domain=cluster\.com\n$/,
  ],
  [
    "makedns ends with its last line",
    "makedns -n </dev/null",
    0,
    /Restarting named complete[\s\S]*DNS setup is completed\n$/,
  ],
  [
    "makedns takes named down where the own name does not resolve",
    "cp /etc/hosts /tmp/h; sed -i /xcatmn1/d /etc/hosts; makedns -n </dev/null; echo rc=$?; cp /tmp/h /etc/hosts; systemctl is-active named; makedns -n </dev/null >/dev/null",
    0,
    /Unable to find an IP for xcatmn1[\s\S]*rc=1\ninactive|rc=1\ninactive[\s\S]*Unable to find an IP/,
  ],
  [
    "makedhcp -n does not look whether dhcpd runs",
    "systemctl mask --runtime --quiet dhcpd; systemctl stop dhcpd; makedhcp -n </dev/null; echo rc=$?; systemctl unmask --runtime --quiet dhcpd",
    0,
    /rc=0/,
  ],
  [
    "makedhcp -a does",
    "systemctl stop dhcpd; makedhcp -a </dev/null",
    1,
    /dhcp server is not running\. {2}please start the dhcp server\./,
  ],
  [
    "makeconservercf enables its service",
    "systemctl disable --quiet conserver; makeconservercf </dev/null; systemctl is-enabled conserver",
    0,
    /^enabled$/m,
  ],
  [
    "xcatprobe ends with 0 and says FAIL",
    "/opt/xcat/probe/subcmds/xcatmn -i eth0:0 </dev/null",
    0,
    /\[failed\] :\[mn\]: There isn't NIC 'eth0:0'[\s\S]*\[failed\]:\[MN\]: Checking on MN/,
  ],
  [
    "without the database every client is denied",
    "systemctl stop postgresql; lsdef -t site -i domain </dev/null; echo rc=$?; systemctl start postgresql",
    0,
    /Permission denied for request[\s\S]*rc=1|rc=1[\s\S]*Permission denied for request/,
  ],
  [
    "without xcatd a client ends with 111",
    "systemctl stop xcatd; tabdump site </dev/null; echo rc=$?; systemctl start xcatd",
    0,
    /Unable to open socket connection to xcatd daemon on localhost:3001\.[\s\S]*rc=111/,
  ],
  [
    "xcat-inventory needs xcatd's pid file",
    "xcat-inventory export --format yaml -f /tmp/x.yaml </dev/null && tail -n 1 /tmp/x.yaml",
    0,
    /#Version 2\.19\.0/,
  ],
];

for (const [what, command, code, says] of CONTRACT)
  test(`stand-in: ${what}`, () => {
    const result = xcat(command);
    assert.match(result.output, says);
    assert.equal(result.code, code, result.output);
  });

test("down leaves no process, mount, namespace or file", () => {
  lab.must("down");
  const left = execSync("ip netns; mount; ps axww -o args; ip link", { encoding: "utf8" });
  assert.doesNotMatch(left, new RegExp(`${lab.name}(?![-\\w]*test\\.ts)`));
  assert.equal(
    existsSync(join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "xcat-ha/labs", lab.name)),
    false,
  );
});
