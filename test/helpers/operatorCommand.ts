// The operator's commands, typed in the lab's project folder.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { Result } from "./lab";
import { assertPair, lab, NODES, type NodeName, STACK } from "./labPair";

/** The home folder of who types: the whole outputs lie below it. */
export const HOME = mkdtempSync(join(tmpdir(), "xcat-ha-operator-"));
after(() => rmSync(HOME, { recursive: true, force: true }));

export const words = (...args: string[]) => ["exec", "env", `HOME=${HOME}`, "node", "ops/xcat-ha.js", ...args];
export const typed = (...args: string[]): Result => lab.run(words(...args));

/** A command that goes on meanwhile; `hear` gets all that it has printed so far, as it comes. */
export function begin([exec, ...command]: string[], hear: (heard: string) => void = () => {}) {
  const pidFile = join(HOME, "pid");
  rmSync(pidFile, { force: true });
  let heard = "";
  const result = lab.start([exec, "bash", "-c", `echo $$ >${pidFile}; exec "$@"`, "bash", ...command], (text) => {
    heard += text;
    hear(heard);
  });
  const end = (signal: NodeJS.Signals) => process.kill(Number(readFileSync(pidFile, "utf8")), signal);
  return { result, end, heard: () => heard };
}

export const configs = () => NODES.map((node) => readFileSync(lab.projectFile(`Pulumi.${STACK[node]}.yaml`), "utf8"));
export const activeNodes = () => configs().map((text) => /xcat-ha:activeNode: (\S+)/.exec(text)?.[1]);

export function assertActive(node: NodeName) {
  assertPair(node);
  assert.deepEqual(activeNodes(), [node, node]);
}
