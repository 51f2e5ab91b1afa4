// `xcat-ha failover` that cannot be done, is cut, or finds it done; `xcat-ha takeover`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assertNoRowLost, outageOf } from "../helpers/client";
import type { Result } from "../helpers/lab";
import {
  assertNoChanges,
  lab,
  NODES,
  type NodeName,
  newestEpoch,
  owner,
  pairWith,
  STACK,
  startFails,
} from "../helpers/labPair";
import { activeNodes, assertActive, begin, configs, typed, words } from "../helpers/operatorCommand";
import { runbook } from "../helpers/runbook";
import { sampled } from "../helpers/sampled";
import { until } from "../helpers/until";

sampled(lab);

/** Typed, and a signal once `when` was heard. */
async function cut(when: RegExp, signal: NodeJS.Signals, ...args: string[]): Promise<Result> {
  let sent = false;
  const { result, end } = begin(words(...args), (heard) => {
    if (sent || !when.test(heard)) return;
    sent = true;
    end(signal);
  });
  const { code, output } = await result;
  assert.ok(sent, `${when} was not heard:\n${output}`);
  return { code, output };
}

test("a new node that lacks a service is refused before anything is changed", () => {
  pairWith("xcatmn1");
  lab.on("xcatmn2", "systemctl mask named");
  try {
    const { code, output } = typed("failover", "--yes");
    assert.equal(code, 30, output);
    assert.match(output, /^error: xcatmn2 has no unit named\.service; .*nothing was touched$/m);
  } finally {
    lab.on("xcatmn2", "systemctl unmask named");
  }
  assertActive("xcatmn1");
});

test("a new node whose service does not start: the old node is active again by the same command, and no row is lost", async () => {
  pairWith("xcatmn1");
  const client = lab.startClient("turned_back_rows");
  await client.committing();
  const mend = startFails("xcatmn2", "named");
  try {
    const { code, output } = typed("failover", "--yes");
    assert.equal(code, 20, output);
    assert.match(output, /xcatmn2 did not become active: .*; xcatmn1 becomes active again$/m);
    assert.match(output, /no failover: the run of xcatmn2 failed: /);
    const [, log] = /the whole output: (\S+)/.exec(output) ?? [];
    assert.match(readFileSync(log, "utf8"), /rolled back: nothing of the owner's runs on xcatmn2\. /);
  } finally {
    mend();
  }
  await client.committing();
  const { commits, found } = await client.stop();
  assertNoRowLost(commits, found);
  assertActive("xcatmn1");
  for (const node of NODES) assertNoChanges(node);
});

test("cut before the old node is asked it goes back; while it stops it goes on; killed the nodes go on; typed again it is done", async () => {
  pairWith("xcatmn1");
  const before = await cut(/xcatmn2 gets ready, then/, "SIGINT", "failover", "--yes", "--to", "xcatmn2");
  assert.equal(before.code, 21, before.output);
  assert.match(before.output, /asked to end: it ends at the next boundary/);
  assert.match(before.output, /^next: xcat-ha failover --to xcatmn2$/m);
  assertActive("xcatmn1");
  for (const node of NODES) assertNoChanges(node);

  const during = await cut(/xcatmn1: \S+ stopped \(/, "SIGINT", "failover", "--yes", "--to", "xcatmn2");
  assert.equal(during.code, 0, during.output);
  assertActive("xcatmn2");

  await cut(/xcatmn2: \S+ stopped \(/, "SIGKILL", "failover", "--yes", "--to", "xcatmn1");
  const ends = (node: NodeName) => lab.run(["ssh", node, "systemctl is-active --quiet xcat-ha-run"]).code !== 0;
  await until("the nodes to go on by themselves", () => owner() === "xcatmn1" && NODES.every(ends));
  for (const node of NODES) lab.pulumi("cancel", "--yes", "-s", STACK[node]);
  const again = typed("failover", "--yes", "--to", "xcatmn1");
  assert.equal(again.code, 0, again.output);
  assertActive("xcatmn1");
});

test("for a program: one JSON document, with the outage as long as a client's at least", async () => {
  pairWith("xcatmn1");
  const client = lab.startClient("program_rows");
  await client.committing();
  const from = Date.now();
  const { code, output } = typed("--json", "failover", "--yes", "--to", "xcatmn2");
  assert.equal(code, 0, output);
  await client.committing();
  const cut = outageOf(client.commits(), from, Date.now());
  const gap = (cut.to - cut.from) / 1000;
  const { ending, lease, phases, outage, log } = JSON.parse(output);
  assert.deepEqual([ending, lease.is, lease.node, phases.length], ["done", "held", "xcatmn2", 5]);
  // The client's is the database's alone; as heard it lasts until every service is there.
  assert.ok(outage > gap - 2, `${outage} s as heard, ${gap} s for the client`);
  assert.match(readFileSync(log, "utf8"), /^xcatmn2 \| .*active and serving/m);
  const { commits, found } = await client.stop();
  assertNoRowLost(commits, found);
  assertActive("xcatmn2");
});

test("the order of a node that holds the lease already finishes what is left, and changes nothing else", () => {
  pairWith("xcatmn1");
  const epoch = newestEpoch("xcatmn1");
  const { code, output } = typed("failover", "--yes", "--to", "xcatmn1");
  assert.equal(code, 0, output);
  assert.equal(newestEpoch("xcatmn1"), epoch);
  assertActive("xcatmn1");
});

test("takeover: mistyped, or of a node that lives, it is refused, and the config is as it was", () => {
  pairWith("xcatmn1");
  const before = activeNodes();
  const epoch = String(Number(newestEpoch("xcatmn1")));
  const order = ["--from", "xcatmn1", "--reason", "a test"];
  const mistyped = typed("takeover", ...order, "--epoch", epoch, "--confirm", "yes");
  assert.equal(mistyped.code, 64, mistyped.output);
  const other = typed(
    "takeover",
    ...order,
    "--epoch",
    String(Number(epoch) + 3),
    "--confirm",
    "xcatmn1 is powered off",
  );
  assert.equal(other.code, 12, other.output);
  const lives = typed("takeover", ...order, "--epoch", epoch, "--confirm", "xcatmn1 is powered off");
  assert.equal(lives.code, 10, lives.output);
  assert.match(lives.output, /no takeover: xcatmn1 shows signs of life/);
  assert.deepEqual(activeNodes(), before);
  for (const text of configs()) assert.doesNotMatch(text, /takeover/);
  assertActive("xcatmn1");
});

test("takeover: the active node is dead, and a person says so; the order has left the config", () => {
  pairWith("xcatmn1");
  const epoch = String(Number(newestEpoch("xcatmn1")));
  lab.must("cut", "xcatmn1");
  const [, , ...order] = runbook("The active node is dead").find((words) => words.includes("--confirm")) ?? [];
  order[order.indexOf("--epoch") + 1] = epoch;
  const { code, output } = typed(...order);
  assert.equal(code, 0, output);
  assert.match(output, /xcatmn2 is active; xcatmn2 holds epoch \d+/);
  for (const text of configs()) assert.doesNotMatch(text, /takeover/);
  lab.must("boot", "xcatmn1");
  const joined = typed("failover", "--yes", "--to", "xcatmn2");
  assert.equal(joined.code, 0, joined.output);
  assertActive("xcatmn2");
});
