// What an admin types at the workstation beside the Pulumi commands: on a terminal and not on one, with both nodes and with one; and a
// planned failover by one command.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { assertNoRowLost, outageOf } from "../helpers/client";
import { assertNoChanges, assertPair, lab, NODES, newestEpoch, pairWith, STACK, timeSource } from "../helpers/labPair";
import { assertActive, begin, configs, HOME, typed, words } from "../helpers/operatorCommand";
import { runbook } from "../helpers/runbook";
import { sampled } from "../helpers/sampled";
import { sshdSays, sshWithin } from "../helpers/sshCount";
import { until } from "../helpers/until";

let noTimeSource = () => {};
before(() => {
  pairWith("xcatmn1");
  noTimeSource = timeSource();
  // One of its looks, which are half a minute apart.
  lab.on("xcatmn2", "systemctl start xcat-ha-watch.service");
});
after(() => noTimeSource());
sampled(lab);

/** As a person types it; the other tests start at once what stands behind it. */
const npx = (...words: string[]) => lab.run(["exec", "npx", "xcat-ha", ...words]);
/** Without what would decide about colours before the terminal does. */
const terminalWords = (command: string) => {
  const unset = ["CI", "FORCE_COLOR", "NODE_DISABLE_COLORS", "NO_COLOR"].flatMap((name) => ["-u", name]);
  return ["exec", "env", ...unset, "TERM=xterm-256color", "script", "-qec", command, "/dev/null"];
};
const onTerminal = (command: string) => lab.run(terminalWords(command));
const REDRAW = "\x1b[H\x1b[2J";
const json = (...words: string[]) => {
  const { code, output } = typed(...words, "--json");
  return { code, data: JSON.parse(output) };
};
const ESCAPE = "\x1b[";

test("status: both nodes side by side, for a person, a terminal, a program and monitoring", () => {
  const plain = npx("status");
  assert.equal(plain.code, 0, plain.output);
  const row = (what: string, active: string, standby: string) =>
    assert.match(plain.output, new RegExp(`^${what} +${active} +${standby}$`, "m"));
  row("", "xcatmn1", "xcatmn2");
  row("role", "active", "standby");
  row("VIP", "10\\.5\\.106\\.7/8 .* label eth0:0", "no");
  row("links", "all", "all");
  row("postgresql", "active, not enabled", "inactive, not enabled");
  row("last beat", "\\d+ s ago", "the owner showed life last at .*");
  row("drift", "none", "none");
  row("wrong", "nothing", "nothing");
  assert.ok(!plain.output.includes(ESCAPE), plain.output);
  const terminal = onTerminal("node ops/xcat-ha.js status");
  assert.equal(terminal.code, 0, terminal.output);
  assert.ok(terminal.output.includes(`${ESCAPE}32mnothing is wrong`), terminal.output);
  const plainTerminal = onTerminal("env NO_COLOR=1 node ops/xcat-ha.js status");
  assert.match(plainTerminal.output, /^nothing is wrong\r?$/m);
  const { code, data } = json("status");
  assert.equal(code, 0);
  assert.equal(data.level, "OK");
  assert.deepEqual(data.nodes.xcatmn1.values.lease, { is: "mine" });
  assert.deepEqual(data.nodes.xcatmn2.values.vip, { absent: true });
  const check = lab.run(["exec", "npm", "run", "-s", "xcat-ha", "--", "status", "--check"]);
  assert.equal(check.code, 0, check.output);
  const epoch = Number(newestEpoch("xcatmn1"));
  assert.equal(check.output, `OK: xcatmn1 is active (epoch ${epoch}), xcatmn2 is a standby node\n`);
});

test("status: what breaks is named with what to type, and watched as a line", async () => {
  const watched = begin(words("status", "--watch"));
  await until("the watch to look", () => /^\S+Z xcatmn1 named: \? -> active, not enabled$/m.test(watched.heard()));
  lab.on("xcatmn1", "systemctl stop named");
  const check = typed("status", "--check");
  assert.equal(check.code, 2, check.output);
  assert.match(check.output, /^CRITICAL: named is inactive on xcatmn1; next: pulumi up -s primary; /);
  const plain = typed("status");
  assert.match(plain.output, /^drift +network +none$/m);
  assert.match(plain.output, /^WARNING xcatmn1 network: named is '[^']*', wanted '[^']*'/m);
  const change = /^\S+Z xcatmn1 named: active, not enabled -> inactive, not enabled$/m;
  await until("the watch to see it", () => change.test(watched.heard()));
  watched.end("SIGINT");
  assert.match((await watched.result).output, change);
  lab.on("xcatmn1", "systemctl start named");
  const drawing = begin(terminalWords("node ops/xcat-ha.js status --watch"));
  await until("the watch to be drawn anew", () => drawing.heard().split(REDRAW).length > 2);
  drawing.end("SIGTERM");
  const terminal = await drawing.result;
  assert.ok(terminal.output.split(REDRAW).length > 2, terminal.output);
  assertPair("xcatmn1");
});

test("history: the epochs, the newest one held by the active node", () => {
  const plain = typed("history");
  assert.equal(plain.code, 0, plain.output);
  assert.match(plain.output, /^epoch +node +since +held for +by +why +end$/m);
  const { data } = json("history");
  const newest = data.epochs.at(-1);
  assert.equal(newest.epoch, Number(newestEpoch("xcatmn1")));
  assert.equal(newest.node, "xcatmn1");
  assert.ok(newest.seconds > 0);
  assert.equal(newest.end, "held, or its owner is dead");
});

test("verify: every check of the active node has a row", () => {
  const plain = typed("verify");
  assert.equal(plain.code, 0, plain.output);
  for (const check of ["virtualIp", "database", "xcatprobe", "DNS", "cluster data"])
    assert.match(plain.output, new RegExp(`^(ok|warning|harmless) +${check} `, "m"));
  assert.match(plain.output, /^xcatmn1 is verified$/m);
});

test("doctor: the workstation and both nodes, each check a row", () => {
  const plain = typed("doctor");
  assert.equal(plain.code, 0, plain.output);
  for (const check of ["Node.js", "pulumi", "command plugin", "SSH key", "pins", "backend", "passphrase"])
    assert.match(plain.output, new RegExp(`^ok +${check} `, "m"));
  for (const node of NODES)
    for (const check of ["", " clock", " preflight", " site"])
      assert.match(plain.output, new RegExp(`^ok +${node}${check} `, "m"));
  const wrong = lab.run(["exec", "env", "PULUMI_CONFIG_PASSPHRASE=another", "node", "ops/xcat-ha.js", "doctor"]);
  assert.equal(wrong.code, 30, wrong.output);
  assert.match(wrong.output, /^failed +passphrase +primary: incorrect passphrase$/m);
});

test("one node is dead: the other one's row and what ssh said of the dead one are there, and never OK", async () => {
  lab.must("cut", "xcatmn2");
  try {
    const plain = typed("status");
    assert.equal(plain.code, 40, plain.output);
    assert.match(plain.output, /^role +active +\?$/m);
    assert.match(plain.output, /^UNKNOWN xcatmn2 at 10\.5\.106\.5:22 could not be reached by SSH within 3 s: \S.*$/m);
    const check = typed("status", "--check");
    assert.equal(check.code, 3, check.output);
    assert.match(check.output, /^UNKNOWN: xcatmn2 at 10\.5\.106\.5:22 could not be reached/);
    assert.equal(typed("history").code, 0, "whichever node answers reads the epochs");
  } finally {
    lab.must("boot", "xcatmn2");
  }
  await until("the pair to be well again", () => typed("status", "--check").code === 0, 2000);
  assertPair("xcatmn1");
});

/** What stands behind `npx xcat-ha`. */
const [DRY_RUN, FAILOVER] = runbook("Planned: the active node still answers").map(([, , ...words]) => words);

test("a dry run says what both nodes would do and how long it would take, and changes nothing; without --yes nobody is asked where there is no terminal", () => {
  pairWith("xcatmn1");
  const before = [...configs(), newestEpoch("xcatmn1")];
  const { code, output } = typed(...DRY_RUN);
  assert.equal(code, 0, output);
  assert.match(output, /^xcatmn1 holds epoch \d+$/m);
  assert.match(
    output,
    /^xcatmn1 will become standby:\n[\s\S]*^ {2}released: [\s\S]*^xcatmn2 will become active:\n[\s\S]*^ {2}claim handover: /m,
  );
  assert.match(output, /^outage to expect: about \d+ s/m);
  const asked = typed(...FAILOVER);
  assert.equal(asked.code, 10, asked.output);
  assert.match(asked.output, /expected --yes; nothing was touched\n.*\nnext: xcat-ha failover --to xcatmn2 --yes\n/);
  assert.deepEqual([...configs(), newestEpoch("xcatmn1")], before);
  assertActive("xcatmn1");
});

test("failover by one command: every committed row is there, the outage, the whole output in a file, nothing left to do", async () => {
  pairWith("xcatmn1");
  sshdSays();
  const client = lab.startClient("operator_rows");
  await client.committing();
  const from = Date.now();
  const { code, output } = typed(...FAILOVER, "--yes");
  assert.equal(code, 0, output);
  await client.committing();
  const cut = outageOf(client.commits(), from, Date.now());
  console.log(`outage of xcat-ha failover: ${((cut.to - cut.from) / 1000).toFixed(1)} s for a client\n${output}`);
  // The new node has its order and waits for the lease; the old one's `up` goes on beside it.
  assert.deepEqual(sshWithin(cut, "xcatmn2"), { connections: 0, commands: 0 });
  assert.ok(sshWithin({ from, to: Date.now() }, "xcatmn2").commands > 0, "sshd said nothing at all");
  const old = sshWithin(cut, "xcatmn1");
  console.log(`${old.connections} logins and ${old.commands} commands at the old node meanwhile`);
  assert.ok(old.connections <= 8 && old.commands <= 10, JSON.stringify(old));
  assertActive("xcatmn2");
  assertReport("xcatmn2");
  // The new node is ready before the old one is asked.
  assert.match(
    output,
    /xcatmn2: waiting for the owner lease, \d of at most 600 s[\s\S]*xcatmn2 waits for the owner lease: xcatmn1 steps down\n[\s\S]*xcatmn1: owner lease: epoch \d+ is released\n[\s\S]*xcatmn2: active and serving, \d+ s after the claim\n/,
  );
  assert.match(output, /^xcatmn1 stops the database, proves it +\d+\.\d s: .*postgresql \d+ ms/m);
  assert.match(output, /^outage +\d+\.\d s, as heard here$/m);
  const { log } = /the whole output: (?<log>\S+)/.exec(output)?.groups ?? {};
  const whole = readFileSync(log, "utf8");
  for (const node of NODES) assert.match(whole, new RegExp(`^${node} \\| Updating \\(${STACK[node]}\\)`, "m"));
  assert.doesNotMatch(whole, /PRIVATE KEY/);
  const { commits, found } = await client.stop();
  assertNoRowLost(commits, found);
  // The order to wait is in no state and no config. Of the other node failover.test.ts says it.
  assertNoChanges("xcatmn2");
});

/** The picture of the failover that was typed last: each service was seen to go and to come, by the client where one can ask. */
function assertReport(to: string) {
  const { code, output } = typed("report", "--output", HOME);
  assert.equal(code, 0, output);
  const json = typed("--json", "report", "--output", HOME);
  assert.equal(json.code, 0, json.output);
  const { title, outages, longest, groups, files } = JSON.parse(json.output);
  assert.match(title, new RegExp(` to ${to}$`));
  assert.equal(output.split("\n")[0], title);
  const services = ["VIP", "PostgreSQL", "xcatd", "DNS", "DHCP", "TFTP", "console"];
  assert.deepEqual(
    outages.map(({ service, seen }: { service: string; seen: string }) => [service, seen]),
    services.map((service) => [service, service === "DHCP" ? "nodes" : "client"]),
    json.output,
  );
  for (const { service, seconds } of outages) {
    const [, told] = new RegExp(`^${service} +(\\d+\\.\\d+) s`, "m").exec(output) ?? [];
    assert.ok(
      seconds > 0 && Math.abs(Number(told) - seconds) < 0.1,
      `${service}: ${seconds} s, told as ${told}\n${output}`,
    );
  }
  assert.ok(longest.length > 0, json.output);
  for (const { title: node, note, rows } of groups) assert.ok(!note && rows.length > 0, `${node}: ${note}`);
  for (const file of Object.values(files)) assert.match(readFileSync(String(file), "utf8"), /<!-- xcat-ha report -->/);
}
