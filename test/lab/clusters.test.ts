// Several clusters from one checkout and one workstation: a second lab beside the first, on one backend.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertPair, lab, NODES, type NodeName, newestEpoch, pairWith, timeSource } from "../helpers/labPair";
import { HOME, typed } from "../helpers/operatorCommand";
import { sampled } from "../helpers/sampled";
import { makeSouth, removeSouth, SOUTH, SOUTH_FILE, south, typedSouth, xcatHaSouth } from "../helpers/secondLab";

before(() => {
  pairWith("xcatmn1");
  makeSouth();
  timeSource(south);
});
after(removeSouth);
sampled(lab);

type Row = { result: string; check: string; what: string };
const rows = (output: string): string[] =>
  (JSON.parse(output).checks as Row[]).map(({ result, check, what }) => `${result} ${check} ${what}`);
const activeNode = (stack: string) =>
  /xcat-ha:activeNode: (\S+)/.exec(readFileSync(lab.projectFile(`Pulumi.${stack}.yaml`), "utf8"))?.[1];
/** What the first cluster is, by its stacks and its share. */
const first = () => [activeNode("primary"), activeNode("standby"), newestEpoch("xcatmn1")];
const up = (node: NodeName) => typedSouth("pulumi", "up", "--yes", "--skip-preview", "-s", SOUTH[node]);

test("another cluster's stack is refused by a node that has one; what it says makes it the node's; then each cluster has its own stacks", () => {
  for (const node of NODES) {
    const refused = up(node);
    assert.notEqual(refused.code, 0, refused.output);
    assert.match(
      refused.output,
      new RegExp(`${node} is managed by the stack xcat-ha/\\w+; expected xcat-ha/${SOUTH[node]}, which asks; nothing`),
    );
    south.on(node, "rm /etc/xcat-ha/stack");
    const done = up(node);
    assert.equal(done.code, 0, done.output);
  }
  const here = rows(typed("doctor", "--json").output);
  const there = rows(xcatHaSouth("doctor", "--json").output);
  for (const [found, names] of [
    [here, ["primary", "standby"]],
    [there, ["south-1", "south-2"]],
  ] as const)
    for (const [index, node] of NODES.entries())
      assert.ok(found.includes(`ok stack of ${node} ${names[index]}`), found.join("\n"));
  assert.ok(there.includes(`ok ${SOUTH_FILE} valid`), there.join("\n"));
  const status = xcatHaSouth("status", "--check");
  assert.equal(status.code, 0, status.output);
  assertPair("xcatmn1");
});

test("a failover of one cluster: the other one's stacks, epochs and services stay; its output lies apart", () => {
  const before = first();
  const { code, output } = xcatHaSouth("failover", "--yes", "--to", "xcatmn2");
  assert.equal(code, 0, output);
  assert.deepEqual(
    NODES.map((node) => activeNode(SOUTH[node])),
    ["xcatmn2", "xcatmn2"],
  );
  assert.equal(xcatHaSouth("status", "--check").code, 0);
  const logs = readdirSync(join(HOME, ".local/state/xcat-ha/south-cluster"));
  assert.equal(logs.filter((name) => /^failover-.*\.log$/.test(name)).length, 1, logs.join());
  assert.deepEqual(first(), before);
  assertPair("xcatmn1");
});

test("another operator has a stack: who, since when and what to type are said, nothing moves, and it goes on once that is over", () => {
  assert.equal(xcatHaSouth("failover", "--yes", "--to", "xcatmn2").code, 0);
  // As the CLI of the other one leaves it in the backend that both share.
  const locks = lab.projectFile(`state/.pulumi/locks/organization/xcat-ha/${SOUTH.xcatmn1}`);
  mkdirSync(locks, { recursive: true });
  const lock = { pid: 42, username: "joe", hostname: "ws1", timestamp: "2026-11-28T01:02:03Z" };
  writeFileSync(join(locks, "joe.json"), JSON.stringify(lock));
  const epoch = newestEpoch("xcatmn2", south);
  const refused = xcatHaSouth("failover", "--yes", "--to", "xcatmn1");
  assert.equal(refused.code, 20, refused.output);
  assert.match(refused.output, /the stack is locked by joe@ws1 \(pid 42\) at 2026-11-28T01:02:03Z/);
  assert.match(
    refused.output,
    /^next: wait for its end, then (xcat-ha --cluster south\/cluster\.yaml failover --to xcatmn1)\nnext: where none runs: pulumi cancel -s south-1, then \1$/m,
  );
  assert.equal(newestEpoch("xcatmn2", south), epoch);
  assert.deepEqual(
    NODES.map((node) => activeNode(SOUTH[node])),
    ["xcatmn2", "xcatmn2"],
  );
  const cancelled = typedSouth("pulumi", "cancel", "--yes", "-s", SOUTH.xcatmn1);
  assert.equal(cancelled.code, 0, cancelled.output);
  const again = xcatHaSouth("failover", "--yes", "--to", "xcatmn1");
  assert.equal(again.code, 0, again.output);
  assertPair("xcatmn1");
});
