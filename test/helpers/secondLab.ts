// A second cluster beside the first lab's: its machines are those of another lab, its cluster file and its stacks lie in the first one's
// project folder. The machines of two labs have the same names and addresses, each in a network of its own: what is typed for the second
// cluster is typed in its network, and could ask nobody else.
import assert from "node:assert/strict";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Lab, type Result } from "./lab";
import { lab, NODES, type NodeName } from "./labPair";
import { HOME } from "./operatorCommand";

const NO_PAIR = 66;
/** As the config of its stacks names it. */
export const SOUTH_FILE = "south/cluster.yaml";
export const SOUTH: Record<NodeName, string> = { xcatmn1: "south-1", xcatmn2: "south-2" };
export const south = new Lab(`${lab.name}-south`);

const stackFile = (node: NodeName) => lab.projectFile(`Pulumi.${SOUTH[node]}.yaml`);

/** The machines, as a pair that its own project has set up, and what the first lab's project says of it. */
export function makeSouth() {
  const { code, output } = south.run(["up", "--from", "set-up"]);
  if (code === NO_PAIR) {
    south.must("up");
    for (const stack of ["primary", "standby"]) {
      const done = south.up(stack);
      assert.equal(done.code, 0, done.output);
    }
  } else assert.equal(code, 0, output);
  cpSync(south.projectFile("cluster.yaml"), lab.projectFile(SOUTH_FILE));
  cpSync(south.projectFile("ssh"), lab.projectFile("south/ssh"), { recursive: true });
  for (const node of NODES)
    writeFileSync(
      stackFile(node),
      `config:\n  xcat-ha:cluster: ${SOUTH_FILE}\n  xcat-ha:node: ${node}\n  xcat-ha:activeNode: xcatmn1\n`,
    );
  // The stacks of its files are made before whatever is typed in a project folder.
  lab.must("exec", "true");
}

export function removeSouth() {
  south.must("down");
  for (const node of NODES) {
    lab.pulumi("stack", "rm", "--yes", "--force", "-s", SOUTH[node]);
    rmSync(stackFile(node), { force: true });
  }
  rmSync(lab.projectFile("south"), { recursive: true, force: true });
}

/** Typed in the first lab's project folder, with its backend and passphrase, by the same person, in the network of the second one. */
export function typedSouth(...words: string[]): Result {
  const environment = [
    `HOME=${HOME}`,
    `PULUMI_BACKEND_URL=file://${lab.projectFile("state")}`,
    `PULUMI_CONFIG_PASSPHRASE_FILE=${join(lab.folder, "passphrase")}`,
  ];
  const there = ["bash", "-c", 'cd -- "$0" && exec "$@"', lab.projectFile(".")];
  return south.run(["exec", "env", ...environment, ...there, ...words]);
}

export const xcatHaSouth = (...words: string[]) =>
  typedSouth("node", "ops/xcat-ha.js", "--cluster", SOUTH_FILE, ...words);
