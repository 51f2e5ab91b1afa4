// The lab's power switch, and the fence that asks it, as docs/failover.md says: on the node that stays.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { lab, type NodeName, peerOf } from "./labPair";

/** While a file's tests run. Called before `sampled`: its hooks are the file's own. */
export function powerSwitched() {
  let powerSwitch: ChildProcess;
  before(async () => {
    const env = { ...process.env, XCAT_HA_LAB: lab.name };
    powerSwitch = spawn(join(__dirname, "../../lab/lab"), ["switch"], { env, stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((ready) => powerSwitch.stdout?.once("data", ready));
  });
  after(() => powerSwitch?.kill());
}

export function installFence(node: NodeName) {
  const fence = readFileSync(join(__dirname, "../../lab/fence"), "utf8");
  const { code, output } = lab.run(
    ["ssh", node, `install -m 0700 /dev/stdin /etc/xcat-ha.fence && /etc/xcat-ha.fence status ${peerOf(node)}`],
    fence,
  );
  assert.deepEqual([code, output], [0, "on\n"]);
}
