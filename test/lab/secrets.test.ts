import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BrokenInvariant } from "../brokenInvariant";
import { lab, NODES, pairWith, peerOf, STACK } from "./pair";
import { sampled } from "./sampled";

sampled(lab);
const project = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "xcat-ha/labs", lab.name, "project");

test("no key and no password stands in state, output, journals or process lists of a failover", () => {
  pairWith("xcatmn1");
  const keyLine = readFileSync(join(project, "ssh/id_ed25519"), "utf8").split("\n")[2];
  const password = lab.on("xcatmn1", "cut -d'|' -f3 /etc/xcat/cfgloc");
  const secrets = [keyLine, password];
  assert.ok(secrets.every((secret) => secret.length > 10));
  const folder = mkdtempSync(join(tmpdir(), "xcat-ha-secrets-"));
  const watchers = NODES.map((node) =>
    spawn("lab/lab", ["ssh", node, "for i in $(seq 300); do ps axww -o args; sleep 0.2; done"], {
      env: { ...process.env, XCAT_HA_LAB: lab.name },
      stdio: ["ignore", require("node:fs").openSync(join(folder, node), "w"), "ignore"],
    }),
  );
  const outputs: string[] = [];
  try {
    for (const to of ["xcatmn2", "xcatmn1"] as const)
      for (const node of [peerOf(to), to]) {
        lab.config(STACK[node], "activeNode", to);
        outputs.push(lab.pulumi("up", "--yes", "--diff", "-s", STACK[node]).output);
      }
  } finally {
    for (const watcher of watchers) watcher.kill();
  }
  for (const node of NODES) {
    outputs.push(readFileSync(join(folder, node), "utf8"));
    outputs.push(lab.on(node, "journalctl --no-pager; cat /etc/xcat-ha/* /run/xcat-ha/run*/*; ls -l /etc/xcat-ha"));
  }
  for (const stack of ["primary", "standby"])
    outputs.push(readFileSync(join(project, `state/.pulumi/stacks/xcat-ha/${stack}.json`), "utf8"));
  rmSync(folder, { recursive: true });
  for (const secret of secrets)
    outputs.forEach((output, index) => {
      assert.ok(output.length > 200, `output ${index} is there`);
      const at = output.indexOf(secret);
      if (at !== -1)
        throw new BrokenInvariant(`output ${index} holds a secret: ${output.slice(Math.max(0, at - 200), at)}`);
    });
});
