// The lab keeps its word: commands, faults, two labs beside each other, nothing left behind.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { MachineLab } from "../helpers/machine";

const lab = new MachineLab("lab");
const other = new MachineLab("other");
const NODES = ["xcatmn1", "xcatmn2"];
const BOOT_ID = "cat /proc/sys/kernel/random/boot_id";
/** conserver without a console to serve ends by itself, on a freshly installed node. */
const SERVICES: Record<string, string[]> = {
  xcatmn1: ["postgresql", "xcatd", "named", "dhcpd", "ntpd", "conserver"],
  xcatmn2: ["postgresql", "xcatd", "named", "dhcpd", "ntpd"],
};

before(() => lab.make());
after(() => {
  lab.run(["down"]);
  other.run(["down"]);
  for (const { name } of [lab, other]) rmSync(join(tmpdir(), `xcat-ha-${name}.yaml`), { force: true });
});

for (const node of NODES) {
  test(`${node}: its services run, are enabled, and nothing failed at boot`, () => {
    for (const unit of SERVICES[node])
      assert.equal(lab.on(node, `systemctl is-active ${unit}; systemctl is-enabled ${unit}`), "active\nenabled", unit);
    assert.equal(lab.on(node, "systemctl is-system-running"), "running");
    assert.equal(lab.on(node, "hostname"), node);
  });
}

test("xcatmn1 is the manual's working management node, with production data in its local directories", () => {
  assert.match(lab.on("xcatmn1", "ip -o -4 addr show eth0"), /inet 10\.5\.106\.7\/8 .* eth0\\/);
  assert.equal(lab.on("xcatmn1", "ip -o -4 addr show eth0 | wc -l"), "1");
  assert.match(lab.on("xcatmn1", "cat /etc/xcat/cfgloc"), /^Pg:dbname=xcatdb;host=10\.5\.106\.7\|xcatadm\|\w+$/);
  assert.equal(lab.on("xcatmn1", "stat -c %a /etc/xcat/cfgloc"), "600");
  assert.ok(
    Number(
      lab.on(
        "xcatmn1",
        "cd /; setpriv --reuid=postgres --regid=postgres --init-groups psql -XAt -d xcatdb -c 'select count(*) from production'",
      ),
    ) > 1000,
  );
  for (const folder of ["/etc/xcat", "/install", "/root/.xcat", "/var/lib/pgsql", "/tftpboot"])
    assert.notEqual(lab.on("xcatmn1", `test ! -L ${folder} && ls -A ${folder}`), "", folder);
});

/** What became of each step of a compute node's boot. */
function provision(node: string) {
  const { code, out } = lab.streams("provision", node);
  const lines = out.split("\n").slice(1, -1);
  return {
    code,
    steps: lines.map((line) => `${line.split(/ {2,}/)[0]}: ${/ failed: /.test(line) ? "failed" : /ok$/.exec(line)}`),
  };
}

test("a compute node boots from the single management node; each step that fails is named", () => {
  const steps = ["lease", "boot server", "name server", "name", "name", "boot file", "console"];
  assert.deepEqual(provision("cn1"), { code: 0, steps: steps.map((step) => `${step}: ok`) });

  lab.on("xcatmn1", "systemctl stop named conserver; pkill in.tftpd");
  const failing = ["name", "boot file", "console"];
  const expected = steps.map((step) => `${step}: ${failing.includes(step) ? "failed" : "ok"}`);
  assert.deepEqual(provision("cn2"), { code: 1, steps: expected });
  lab.on("xcatmn1", "systemctl stop dhcpd");
  assert.deepEqual(provision("cn2"), { code: 1, steps: ["lease: failed", "console: failed"] });
  lab.on("xcatmn1", "systemctl restart xcatd; systemctl start named dhcpd conserver");
  assert.deepEqual(provision("cn2"), { code: 0, steps: steps.map((step) => `${step}: ok`) });
  assert.match(lab.streams("provision", "cn9").err, /does not know the node 'cn9'; expected one with address and MAC/);
});

test("no machine can set the host's clock, and each has its own identity and control group", () => {
  // CAP_SYS_TIME is bit 25.
  assert.equal(lab.on("xcatmn1", `echo $((0x$(sed -n 's/^CapBnd:\t//p' /proc/1/status) >> 25 & 1))`), "0");
  for (const what of ["cat /etc/machine-id", "cat /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f2"])
    assert.notEqual(lab.on("xcatmn1", what), lab.on("xcatmn2", what), what);
  const groups = NODES.map((node) => {
    const leader = readFileSync(join(lab.folder, "machines", node, "leader"), "utf8").trim();
    return readFileSync(`/proc/${leader}/cgroup`, "utf8").replaceAll(/^.*:memory:.*$/gm, "");
  });
  assert.notEqual(groups[0], groups[1]);
});

test("a unit stopped on one machine runs on on the other", () => {
  lab.on("xcatmn1", "systemctl stop postgresql");
  assert.equal(lab.on("xcatmn1", "pgrep -cx postgres || true"), "0");
  assert.equal(lab.on("xcatmn2", "systemctl is-active postgresql"), "active");
  assert.doesNotMatch(lab.on("xcatmn1", "journalctl -b -o cat"), /Failed to kill control group/);
  lab.on("xcatmn1", "systemctl start postgresql");
});

test("up again finds everything there; another cluster file is refused, a missing one named", () => {
  const boot = lab.on("xcatmn1", BOOT_ID);
  lab.must("up");
  assert.equal(lab.on("xcatmn1", BOOT_ID), boot);
  const file = join(tmpdir(), `xcat-ha-${lab.name}.yaml`);
  writeFileSync(file, "share: /elsewhere\n");
  const refused = lab.streams("up", "--cluster", file);
  assert.equal(refused.code, 1);
  assert.match(
    refused.err,
    new RegExp(`made from another cluster file than .*\nnext: XCAT_HA_LAB=${lab.name} lab/lab down`),
  );
  assert.match(lab.streams("up", "--cluster", "/nowhere").err, /--cluster: seen '\/nowhere'; expected a cluster file/);
});

test("ssh and exec: streams and exit status are those of the command", () => {
  assert.deepEqual(lab.streams("ssh", "xcatmn1", "echo out; echo err >&2; exit 7"), {
    code: 7,
    out: "out\n",
    err: "err\n",
  });
  assert.deepEqual(lab.streams("exec", "sh", "-c", "echo out; echo err >&2; exit 9"), {
    code: 9,
    out: "out\n",
    err: "err\n",
  });
  assert.match(lab.streams("ssh", "xcatmn9", "true").err, /no machine 'xcatmn9'.* expected one of xcatmn1 xcatmn2/);
});

test("exec is the user's place: project folder, own state, the namespace without a way out", () => {
  const { out } = lab.streams(
    "exec",
    "sh",
    "-c",
    "pwd; echo $PULUMI_BACKEND_URL; printenv SSH_AUTH_SOCK || echo none; ip -o r",
  );
  assert.match(out, new RegExp(`^${lab.folder}/project\nfile://${lab.folder}/project/state\nnone\n`));
  assert.doesNotMatch(out, /^default/m);
  assert.match(readFileSync(join(lab.folder, "project/ssh/known_hosts"), "utf8"), /^xcatmn1 ssh-ed25519 \S+\nxcatmn2 /);
});

test("a power cut leaves no process of the machine; boot brings it back with its disk", () => {
  const boot = lab.on("xcatmn2", `${BOOT_ID}; echo kept >/root/kept; sync`);
  lab.must("cut", "xcatmn2");
  assert.match(lab.must("status"), /^xcatmn1 +on .*\nxcatmn2 +off/m);
  assert.equal(lab.streams("ssh", "xcatmn2", "true").code, 255);
  lab.must("boot", "xcatmn2");
  assert.notEqual(lab.on("xcatmn2", BOOT_ID), boot);
  assert.equal(lab.on("xcatmn2", "cat /root/kept"), "kept");
});

test("a reboot from inside, met by boots from outside, starts the machine once", () => {
  const boot = lab.on("xcatmn2", BOOT_ID);
  lab.run(["ssh", "xcatmn2", "systemctl reboot --force"]);
  for (let again = 0; again < 5; again++) lab.must("boot", "xcatmn2");
  while (lab.run(["ssh", "xcatmn2", BOOT_ID]).output.trim() === boot);
  lab.must("boot", "xcatmn2");
  const supervisors = lab.leftovers().filter((line) => /lab\/machine .* xcatmn2 /.test(line));
  assert.equal(supervisors.length, 1, supervisors.join("\n"));
});

test("the share hangs, goes on, fails and comes back for one node alone", () => {
  const look = (node: string) => lab.streams("ssh", node, "timeout 2 cat /HA/row");
  lab.on("xcatmn1", "echo row >/HA/row");
  lab.must("share", "xcatmn1", "hang");
  assert.equal(look("xcatmn1").code, 124);
  assert.equal(look("xcatmn2").out, "row\n");
  assert.match(lab.must("status"), /^xcatmn1 .*hangs$/m);
  lab.must("share", "xcatmn1", "resume");
  assert.equal(look("xcatmn1").out, "row\n");
  lab.must("share", "xcatmn1", "break");
  assert.match(look("xcatmn1").err, /Transport endpoint is not connected|connection abort/);
  assert.equal(look("xcatmn2").out, "row\n");
  assert.match(lab.must("status"), /^xcatmn1 .*broken$/m);
  assert.match(
    lab.streams("share", "xcatmn1", "hang").err,
    /is broken; expected .*\nnext: lab\/lab share xcatmn1 mend/,
  );
  lab.must("share", "xcatmn1", "mend");
  assert.equal(look("xcatmn1").out, "row\n");
  assert.match(lab.streams("share", "xcatmn1", "burn").err, /unknown action 'burn'; expected hang, resume/);
});

test("a machine that hangs answers by its kernel alone, and without its cable nobody hears it; both end, and it can be cut", () => {
  const heard = (command: string) => lab.streams("ssh", "xcatmn1", command).code === 0;
  const connection = () => heard("timeout 3 bash -c 'exec 3<>/dev/tcp/10.5.106.5/22'");
  const banner = () => heard("timeout 3 bash -c 'exec 3<>/dev/tcp/10.5.106.5/22; IFS= read -r line <&3'");
  const neighbour = () => heard("arping -D -q -I eth0 -c 2 -w 2 10.5.106.5; test $? = 1");
  lab.on("xcatmn2", "systemd-run --quiet sh -c 'while :; do echo >>/HA/count; sleep 0.1; done'");
  const moves = () => lab.on("xcatmn1", "wc -l </HA/count; sleep 1; wc -l </HA/count").split("\n");
  assert.deepEqual([banner(), connection(), neighbour()], [true, true, true]);
  lab.must("hang", "xcatmn2");
  assert.deepEqual([banner(), connection(), neighbour()], [false, true, true]);
  assert.equal(new Set(moves()).size, 1);
  lab.must("net", "xcatmn2", "cut");
  assert.deepEqual([connection(), neighbour()], [false, false]);
  lab.must("resume", "xcatmn2");
  assert.equal(new Set(moves()).size, 2);
  assert.deepEqual([connection(), neighbour()], [false, false]);
  lab.must("net", "xcatmn2", "mend");
  assert.deepEqual([banner(), neighbour()], [true, true]);
  assert.match(lab.streams("net", "xcatmn2", "burn").err, /unknown action 'burn'; expected cut or mend/);
  lab.must("hang", "xcatmn2");
  lab.must("cut", "xcatmn2");
  assert.match(lab.streams("hang", "xcatmn2").err, /xcatmn2 is off; expected a machine that is on/);
  lab.must("boot", "xcatmn2");
});

test("link(2) on the share has one winner over both nodes", () => {
  lab.on("xcatmn1", "rm -f /HA/lock; touch /HA/a");
  lab.on("xcatmn2", "touch /HA/b");
  assert.equal(lab.streams("ssh", "xcatmn1", "ln /HA/a /HA/lock").code, 0);
  assert.notEqual(lab.streams("ssh", "xcatmn2", "ln /HA/b /HA/lock").code, 0);
  assert.equal(lab.on("xcatmn2", "stat -c %h /HA/a"), "2");
});

test("a machine whose share hangs can be cut, and boots again", () => {
  lab.must("share", "xcatmn2", "hang");
  lab.on("xcatmn2", "(cat /HA/row >/dev/null 2>&1 &) ; sleep 0.2");
  lab.must("cut", "xcatmn2");
  lab.must("boot", "xcatmn2");
  assert.equal(lab.on("xcatmn2", "cat /HA/row"), "row");
});

test("a second lab, with goconserver, has the same addresses and does not meet the first", () => {
  const file = join(tmpdir(), `xcat-ha-${other.name}.yaml`);
  const tracked = readFileSync(join(__dirname, "../../cluster.yaml"), "utf8");
  writeFileSync(file, tracked.replace("ntpd, conserver", "ntpd, goconserver"));
  other.make("--cluster", file);
  assert.equal(other.on("xcatmn1", "test -e /HA/row || echo own"), "own");
  assert.notEqual(other.on("xcatmn1", "cat /etc/machine-id"), lab.on("xcatmn1", "cat /etc/machine-id"));
  assert.equal(
    other.on("xcatmn1", "systemctl is-active goconserver; systemctl is-enabled goconserver"),
    "active\nenabled",
  );
  const makegocons = other.shell(
    "xcatmn1",
    "systemctl disable -q goconserver; makegocons </dev/null; systemctl is-enabled goconserver",
  );
  assert.match(makegocons.out, /^Starting goconserver service \.\.\.\ncn1: Created\ncn2: Created\nenabled\n$/);
  assert.equal(other.on("xcatmn1", "systemctl stop goconserver; systemctl is-active goconserver || true"), "failed");
  other.must("down");
  assert.equal(lab.on("xcatmn1", "systemctl is-active xcatd"), "active");
  assert.deepEqual(other.leftovers(), []);
});

test("a saved pair comes back as it stood: disks, share, keys and stack config; one that was never saved, and a lab that is there, are refused", () => {
  const none = other.streams("up", "--from", "never-saved");
  assert.equal(none.code, 66);
  assert.match(none.err, /no pair 'never-saved' is saved .*\nnext: test\/run lab firstSetup saves set-up/);
  assert.equal(lab.streams("save", "../x").code, 64);

  lab.on("xcatmn2", "echo saved >/root/mark; ln -s /nowhere /root/link; rm /etc/motd");
  lab.on("xcatmn1", "echo saved >/HA/mark");
  lab.config("primary", "activeNode", "xcatmn2");
  lab.must("save", "as-it-stood");
  const there = lab.streams("up", "--from", "as-it-stood");
  assert.match(there.err, new RegExp(`the lab ${lab.name} is there;.*\nnext: XCAT_HA_LAB=${lab.name} lab/lab down`));

  other.must("up", "--from", "as-it-stood");
  for (const folder of readdirSync(join(other.folder, "../..")).filter((name) => name.includes("-as-it-stood")))
    rmSync(join(other.folder, "../..", folder), { recursive: true, force: true });
  assert.equal(other.on("xcatmn1", "cat /HA/mark"), "saved");
  assert.equal(
    other.on("xcatmn2", "cat /root/mark; readlink /root/link; test -e /etc/motd || echo gone"),
    "saved\n/nowhere\ngone",
  );
  assert.equal(other.must("exec", "pulumi", "config", "get", "activeNode", "-s", "primary").trim(), "xcatmn2");
  other.must("down");
  assert.deepEqual(other.leftovers(), []);
  for (const node of NODES) lab.must("boot", node);
});

test("a machine whose supervisor died is found and ended", () => {
  const supervisor = lab.leftovers().find((line) => /lab\/machine .* xcatmn2 /.test(line));
  process.kill(Number(/^process (\d+)/.exec(supervisor ?? "")?.[1]), "SIGKILL");
  lab.must("cut", "xcatmn2");
  assert.deepEqual(
    lab.leftovers().filter((line) => line.includes("xcatmn2")),
    [],
  );
  lab.must("boot", "xcatmn2");
  assert.equal(lab.on("xcatmn2", "hostname"), "xcatmn2");
});

test("a lab's name is no path", () => {
  const escaping = new MachineLab("../x");
  assert.match(escaping.streams("down").err, /XCAT_HA_LAB: seen '.*\.\.\/x'; expected letters, digits and hyphens/);
});

test("down leaves no process, mount, control group, namespace or file; twice is once", () => {
  lab.must("share", "xcatmn1", "hang");
  lab.must("down");
  assert.deepEqual(lab.leftovers(), []);
  lab.must("down");
  assert.match(lab.must("status"), /not there/);
  assert.match(
    lab.streams("ssh", "xcatmn1", "true").err,
    new RegExp(`there is no lab ${lab.name};.*\nnext: XCAT_HA_LAB=${lab.name} lab/lab up`),
  );
});
