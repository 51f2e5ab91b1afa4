// A node is let go: never the owner, and whoever goes starts nothing beside the node that serves.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { assertUntouched } from "../helpers/brokenInvariant";
import { assertNoDrift, assertPair, expectUp, lab, type NodeName, pairWith, STACK } from "../helpers/labPair";
import { destroy, localDirectories, ours, STOPPED, units } from "../helpers/letGo";
import { sampled } from "../helpers/sampled";

/** Takes the leaf that refuses out of the state, as after a destroy that was cut behind it, or a first `up` that failed before it. */
function deleteLeaf(node: NodeName) {
  const { deployment } = JSON.parse(lab.must("exec", "pulumi", "stack", "export", "-s", STACK[node]));
  const leaf = deployment.resources.find(({ urn }: { urn: string }) => urn.endsWith("Observation::destroyable"));
  assert.ok(leaf);
  lab.must("exec", "pulumi", "state", "delete", "--yes", "-s", STACK[node], leaf.urn);
}

afterEach(() => {
  for (const node of ["xcatmn1", "xcatmn2"]) lab.must("share", node, "mend");
});
sampled(lab);

test("the owner is not destroyed: refused before anything is deleted, and by every part where the leaf that asks is gone", () => {
  pairWith("xcatmn1");
  const first = destroy("xcatmn1");
  assert.notEqual(first.code, 0);
  assert.match(first.output, /xcatmn1 holds the owner lease; expected a node that is not active before it is let go/);
  assert.match(first.output, /next: to dissolve the pair and keep xcatmn1 as a single node: docs\/failover.md/);
  assert.doesNotMatch(first.output, /Command \S+ deleted/);
  assertPair("xcatmn1");

  deleteLeaf("xcatmn1");
  const again = destroy("xcatmn1");
  assert.notEqual(again.code, 0);
  assert.match(again.output, /xcatmn1 holds the owner lease; expected a node that is not active before it is let go/);
  assertPair("xcatmn1");
  // What was deleted comes back.
  expectUp("xcatmn1");
  assertPair("xcatmn1");
});

test("a standby node is let go, in two goes: nothing where its share hangs; then its own directories come back, and nothing starts", () => {
  pairWith("xcatmn1");
  const shared =
    "cd /HA && find xcat install tftpboot .xcat -printf '%p %m %u %s\\n' | sort | md5sum; ls /HA/.xcat-ha/epoch | wc -l";
  const before = lab.on("xcatmn1", shared);
  deleteLeaf("xcatmn2");
  lab.must("share", "xcatmn2", "hang");
  const cut = destroy("xcatmn2", ["--refresh=false"]);
  lab.must("share", "xcatmn2", "resume");
  assert.notEqual(cut.code, 0);
  assert.match(
    cut.output,
    /\/HA on xcatmn2 hangs: .*expected to know who owns the shared data before xcatmn2 is let go/,
  );
  assert.deepEqual(units("xcatmn2"), STOPPED);
  assert.equal(localDirectories("xcatmn2"), 0);

  const { code, output } = destroy("xcatmn2");
  assert.equal(code, 0, output);
  assert.match(output, /not started, whatever ran here before the pair: postgresql xcatd named dhcpd conserver/);
  assertUntouched(lab.on("xcatmn1", shared), before);
  assert.equal(localDirectories("xcatmn2"), 5);
  assert.equal(ours("xcatmn2"), "");
  assert.deepEqual(units("xcatmn2"), STOPPED);
  expectUp("xcatmn2");
  assertPair("xcatmn1");
  assertNoDrift("xcatmn2");
});
