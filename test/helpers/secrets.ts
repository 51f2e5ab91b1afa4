// What must stand nowhere in the open: the key that logs in on the nodes, and the database's password.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { BrokenInvariant } from "./brokenInvariant";
import { lab, NODES, STACK } from "./labPair";

/** Watches the process lists of both nodes until `assertNowhere`. */
export class SecretsWatch {
  private readonly lists = NODES.map((node) =>
    lab.start(["ssh", node, ": >/run/watched; while [ -e /run/watched ]; do ps axww -o args; sleep 0.2; done"]),
  );

  /** Looks through `outputs`, and through the process lists, state, journals and files of both nodes. */
  async assertNowhere(outputs: string[]) {
    for (const node of NODES) lab.on(node, "rm /run/watched");
    const lists = await Promise.all(this.lists);
    const key = readFileSync(lab.projectFile("ssh/id_ed25519"), "utf8").split("\n")[2];
    const password = lab.on("xcatmn1", "cut -d'|' -f3 /etc/xcat/cfgloc");
    const places = new Map(outputs.map((output, index) => [`output ${index}`, output]));
    for (const [index, node] of NODES.entries()) {
      places.set(`the process lists of ${node}`, lists[index].output);
      places.set(
        `journal and files of ${node}`,
        lab.on(node, "journalctl --no-pager; cat /etc/xcat-ha/* /run/xcat-ha/run*/*; ls -l /etc/xcat-ha"),
      );
      places.set(`the state of ${node}`, readFileSync(lab.projectFile(stateOf(STACK[node])), "utf8"));
    }
    for (const secret of [key, password]) {
      assert.ok(secret.length > 10, "a secret to look for");
      for (const [place, text] of places) {
        assert.ok(text.length > 200, `${place} is there`);
        const at = text.indexOf(secret);
        if (at !== -1) throw new BrokenInvariant(`${place} holds a secret: ${text.slice(Math.max(0, at - 200), at)}`);
      }
    }
  }
}

const stateOf = (stack: string) => `state/.pulumi/stacks/xcat-ha/${stack}.json`;
