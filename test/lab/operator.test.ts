// What an admin types at the workstation beside the Pulumi commands: on a terminal and not on one, with both nodes and with one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertPair, lab, NODES, newestEpoch, pairWith } from "../helpers/labPair";
import { begin, words } from "../helpers/operatorCommand";
import { sampled } from "../helpers/sampled";
import { until } from "../helpers/until";

// No time server is in the lab: what the time service says is a stand-in.
before(() => {
  pairWith("xcatmn1");
  for (const node of NODES)
    lab.run(
      ["ssh", node, "install -m 0755 /dev/stdin /usr/local/bin/ntpq"],
      "#!/bin/sh\nprintf ' header\\n=\\n*10.0.0.1 10.0.0.2 3 u 5 64 377 0.4 2 0.1\\n'\n",
    );
  // One of its looks, which are half a minute apart.
  lab.on("xcatmn2", "systemctl start xcat-ha-watch.service");
});
after(() => {
  for (const node of NODES) lab.on(node, "rm -f /usr/local/bin/ntpq");
});
sampled(lab);

const xcatHa = (...words: string[]) => lab.run(["exec", "npx", "xcat-ha", ...words]);
/** Without what would decide about colours before the terminal does. */
const terminalWords = (command: string) => {
  const unset = ["CI", "FORCE_COLOR", "NODE_DISABLE_COLORS", "NO_COLOR"].flatMap((name) => ["-u", name]);
  return ["exec", "env", ...unset, "TERM=xterm-256color", "script", "-qec", command, "/dev/null"];
};
const onTerminal = (command: string) => lab.run(terminalWords(command));
const REDRAW = "\x1b[H\x1b[2J";
const json = (...words: string[]) => {
  const { code, output } = lab.run(["exec", "node", "ops/xcat-ha.js", ...words, "--json"]);
  return { code, data: JSON.parse(output) };
};
const ESCAPE = "\x1b[";

test("status: both nodes side by side, for a person, a terminal, a program and monitoring", () => {
  const plain = xcatHa("status");
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
  const terminal = onTerminal("npx xcat-ha status");
  assert.equal(terminal.code, 0, terminal.output);
  assert.ok(terminal.output.includes(`${ESCAPE}32mnothing is wrong`), terminal.output);
  const plainTerminal = onTerminal("env NO_COLOR=1 npx xcat-ha status");
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
  const check = xcatHa("status", "--check");
  assert.equal(check.code, 2, check.output);
  assert.match(check.output, /^CRITICAL: named is inactive on xcatmn1; next: pulumi up -s primary; /);
  const plain = xcatHa("status");
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
  const plain = xcatHa("history");
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
  const plain = xcatHa("verify");
  assert.equal(plain.code, 0, plain.output);
  for (const check of ["virtualIp", "database", "xcatprobe", "DNS", "cluster data"])
    assert.match(plain.output, new RegExp(`^(ok|warning|harmless) +${check} `, "m"));
  assert.match(plain.output, /^xcatmn1 is verified$/m);
});

test("doctor: the workstation and both nodes, each check a row", () => {
  const plain = xcatHa("doctor");
  assert.equal(plain.code, 0, plain.output);
  for (const check of ["Node.js", "pulumi", "command plugin", "SSH key", "pins", "backend", "passphrase"])
    assert.match(plain.output, new RegExp(`^ok +${check} `, "m"));
  for (const node of NODES)
    for (const check of ["", " clock", " preflight", " site"])
      assert.match(plain.output, new RegExp(`^ok +${node}${check} `, "m"));
  const wrong = lab.run(["exec", "env", "PULUMI_CONFIG_PASSPHRASE=another", "npx", "xcat-ha", "doctor"]);
  assert.equal(wrong.code, 30, wrong.output);
  assert.match(wrong.output, /^failed +passphrase +primary: incorrect passphrase$/m);
});

test("one node is dead: the other one's row and what ssh said of the dead one are there, and never OK", async () => {
  lab.must("cut", "xcatmn2");
  try {
    const plain = xcatHa("status");
    assert.equal(plain.code, 40, plain.output);
    assert.match(plain.output, /^role +active +\?$/m);
    assert.match(plain.output, /^UNKNOWN xcatmn2 at 10\.5\.106\.5:22 could not be reached by SSH within 3 s: \S.*$/m);
    const check = xcatHa("status", "--check");
    assert.equal(check.code, 3, check.output);
    assert.match(check.output, /^UNKNOWN: xcatmn2 at 10\.5\.106\.5:22 could not be reached/);
    assert.equal(xcatHa("history").code, 0, "whichever node answers reads the epochs");
  } finally {
    lab.must("boot", "xcatmn2");
  }
  await until("the pair to be well again", () => xcatHa("status", "--check").code === 0, 2000);
  assertPair("xcatmn1");
});
