import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ADDRESSES, assertUntouched } from "../helpers/brokenInvariant";
import { assertNoChanges, assertPair, expectUp, lab, NODES, pairWith, UNITS } from "../helpers/labPair";
import { sampled } from "../helpers/sampled";
import { ADD_ADMIN, edited, type LabFault, REFUSALS, REMOVE_ADMIN, type Refusal } from "../refusals";

const project = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "xcat-ha/labs", lab.name, "project");
const clusterFile = join(project, "cluster.yaml");
const knownHosts = join(project, "ssh/known_hosts");
const FILES = [clusterFile, knownHosts, join(project, "Pulumi.primary.yaml"), join(project, "Pulumi.standby.yaml")];

/** Everything on a node that a setup could touch, a line a thing. A look at the lease makes a file for a moment; the beat's, and what
 * each node writes of itself, move. */
const LOOK = `
places="/etc /usr/local/sbin /var/lib/xcat-ha /root/.ssh"
find $places -xdev -printf '%p %y %m %u %g %l\\n' | sort
find $places -xdev -type f -exec sha256sum {} + | sort
for unit in ${[...UNITS, "ntpd", "cron"].join(" ")}; do echo $unit $(systemctl show -p ActiveState,UnitFileState,ActiveEnterTimestampMonotonic $unit); done
${ADDRESSES}
timeout 5 find /HA -maxdepth 2 ! -name '.probe.*' -printf '%p %y %m %u %g\\n' 2>&1 | sort
timeout 5 find /HA/.xcat-ha \\( -path /HA/.xcat-ha/beat -o -path /HA/.xcat-ha/nodes \\) -prune -o -type f ! -name '.probe.*' -exec sha256sum {} + 2>&1 | sort
cat /proc/sys/kernel/random/boot_id`;

const look = () =>
  NODES.flatMap((node) =>
    lab
      .on(node, LOOK)
      .split("\n")
      .map((line) => `${node}: ${line}`),
  );

/** Lines of the one that the other lacks. */
const changed = (first: string[], second: string[]) => [
  ...first.filter((line) => !second.includes(line)).map((line) => `was: ${line}`),
  ...second.filter((line) => !first.includes(line)).map((line) => `is: ${line}`),
];

const edit = (edits: [string | RegExp, string][]) =>
  writeFileSync(clusterFile, edited(readFileSync(clusterFile, "utf8"), edits));

/** The fault of a row, in the lab's words. */
function labFault(row: Refusal): LabFault | undefined {
  if ("labOnly" in row) return row.labOnly;
  if ("file" in row && row.lab) return { stack: "standby", file: row.file };
  if ("stack" in row && row.lab) return { stack: "standby", config: row.stack };
  return undefined;
}

/** On the machines. */
function makeThere({ onXcatmn2, share }: LabFault) {
  if (onXcatmn2) lab.on("xcatmn2", onXcatmn2[0]);
  if (share) lab.must("share", "xcatmn2", share[0]);
}

/** In the project folder, whose keys and pins the look at the machines uses too. */
function makeHere({ stack, config, file, swappedPins }: LabFault) {
  if (stack === "second") lab.must("exec", "pulumi", "stack", "init", stack, "--no-select");
  for (const [key, value] of Object.entries(config ?? {})) lab.config(stack, key, value);
  if (file) edit(file);
  if (swappedPins) {
    const keys = readFileSync(knownHosts, "utf8").trim().split("\n");
    const [first, second] = keys.map((line) => line.split(" ").slice(1).join(" "));
    writeFileSync(knownHosts, `xcatmn1 ${second}\nxcatmn2 ${first}\n`);
  }
}

function undoThere({ onXcatmn2, share }: LabFault) {
  if (share) lab.must("share", "xcatmn2", share[1]);
  if (onXcatmn2) lab.on("xcatmn2", onXcatmn2[1]);
}

function undoHere({ stack }: LabFault) {
  for (const file of FILES) copyFileSync(`${file}.good`, file);
  if (stack === "second" && existsSync(join(project, `Pulumi.${stack}.yaml`))) {
    lab.must("exec", "pulumi", "stack", "rm", stack, "--yes", "--force");
    rmSync(join(project, `Pulumi.${stack}.yaml`), { force: true });
  }
}

/** The output by lines, with a word for what differs from run to run. */
const normalized = (output: string) =>
  output
    .replaceAll(project, "FOLDER")
    .replace(/SHA256:\S{43}/g, "FINGERPRINT")
    .replace(/\b[0-9a-f]{32}\b/g, "MACHINE-ID")
    .replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "TIME")
    .replace(/\bepoch \d+/g, "epoch N")
    .replace(/\b\d{6}\.owner/g, "N.owner")
    .split("\n")
    .map((line) => line.trimEnd());

before(() => {
  pairWith("xcatmn1");
  for (const file of FILES) copyFileSync(file, `${file}.good`);
});
after(() => assertPair("xcatmn1"));
sampled(lab);

for (const row of REFUSALS) {
  const fault = labFault(row);
  if (!fault) continue;
  test(`refused before anything is touched: ${row.group}: ${row.what}`, () => {
    try {
      makeThere(fault);
      const found = look();
      makeHere(fault);
      const began = Date.now();
      const { code, output } = lab.up(fault.stack);
      const seconds = (Date.now() - began) / 1000;
      undoHere(fault);
      assert.notEqual(code, 0, output);
      const lines = normalized(output);
      for (const line of row.says)
        assert.ok(
          lines.some((said) => said.endsWith(line)),
          `expected the line\n${line}\nin\n${lines.join("\n")}`,
        );
      assertUntouched(changed(found, look()), []);
      assert.ok(seconds < 60, `it took ${seconds} s`);
    } finally {
      undoHere(fault);
      undoThere(fault);
    }
  });
}

test("a user other than root does the same by sudo, once sudo asks for nothing, as the refusal says", () => {
  try {
    lab.on(
      "xcatmn2",
      `${ADD_ADMIN}; echo 'admin ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/xcat-ha; chmod 440 /etc/sudoers.d/xcat-ha`,
    );
    edit([["user: root", "user: admin"]]);
    expectUp("xcatmn2");
    assertNoChanges("xcatmn2");
    lab.on("xcatmn2", "rm /usr/local/sbin/xcat-ha");
    expectUp("xcatmn2");
    lab.on("xcatmn2", "test -x /usr/local/sbin/xcat-ha");
  } finally {
    copyFileSync(`${clusterFile}.good`, clusterFile);
    expectUp("xcatmn2");
    lab.on("xcatmn2", REMOVE_ADMIN);
  }
});
