// What `xcat-ha doctor` makes of what it saw, each look in its answers; and pulumi asked by a stand-in.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  backendRows,
  clusterRows,
  nodeRows,
  type Patient,
  type StackCheck,
  strangerRows,
  toolRows,
  type Workstation,
} from "../../ops/checkup";
import { checkedStacks, doctorEnding } from "../../ops/doctor";
import { answerOf } from "../../ops/pair";
import { readStackFiles } from "../../ops/stackFiles";
import { shippedPair } from "../helpers/shippedPair";

const WELL: Workstation = {
  node: "20.20.2",
  engines: ">=20",
  cli: { told: "v3.259.0" },
  oldestCli: "3.227.0",
  plugin: { told: ["1.2.1"] },
  pluginVersion: "1.2.1",
  backend: { told: "s3://bucket" },
  stacks: { told: ["primary", "standby"] },
  names: ["workstation"],
  addresses: ["10.5.106.200"],
};
const NODES = [
  { node: "xcatmn1", addresses: ["10.5.106.70", "10.5.106.7"] },
  { node: "xcatmn2", addresses: ["10.5.106.5", "10.5.106.7"] },
];
const file = (stack: string, node?: string, changed: Partial<StackCheck> = {}): StackCheck => ({
  stack,
  node,
  wrong: [],
  passphrase: { told: true },
  ...changed,
});
const STACKS = [file("primary", "xcatmn1"), file("standby", "xcatmn2")];
const LOOK = {
  node: "xcatmn1",
  reached: true as const,
  address: "10.5.106.70",
  values: { stack: answerOf("is xcat-ha/primary") },
};
const PATIENT: Patient = {
  look: LOOK,
  clock: { offset: 1, within: 0.5 },
  plan: { role: "active", answer: { steps: "note\tthe pair is set up\tx\nclaim\t-\ty\n" } },
  site: { part: "siteCommands", wrong: [] },
};

const tools = (changed: Partial<Workstation>) => toolRows({ ...WELL, ...changed });
const backend = (changed: Partial<Workstation>, files = STACKS) =>
  backendRows({ ...WELL, ...changed }, NODES, files, "cluster.yaml");
const patient = (changed: Partial<Patient>) => nodeRows({ ...PATIENT, ...changed });

/** The rows that are not ok: result, check and what. */
const ROWS: [what: string, rows: ReturnType<typeof toolRows>, found: RegExp[]][] = [
  ["tools that will do", tools({}), []],
  ["an old Node.js", tools({ node: "18.1.0" }), [/^failed Node.js 18\.1\.0; expected >=20$/]],
  ["no pulumi", tools({ cli: { untold: "spawn pulumi ENOENT" } }), [/^failed pulumi spawn pulumi ENOENT$/]],
  ["an old pulumi", tools({ cli: { told: "v3.100.0" } }), [/^failed pulumi 3\.100\.0; expected 3\.227\.0 or newer$/]],
  [
    "a pulumi that says no version",
    tools({ cli: { told: "hello" } }),
    [/^unknown pulumi cannot be told: its version is "hello"$/],
  ],
  ["no plugin", tools({ plugin: { told: [] } }), [/^failed command plugin none; expected 1\.2\.1$/]],
  ["plugins that are not told", tools({ plugin: { untold: "x" } }), [/^unknown command plugin cannot be told: x$/]],
  ["a valid cluster file", clusterRows("cluster.yaml", []), []],
  [
    "a key of others",
    clusterRows("cluster.yaml", ["ssh.privateKey: seen x, mode 644"]),
    [/^failed SSH key ssh\.privateKey: seen x, mode 644$/],
  ],
  ["no pin", clusterRows("cluster.yaml", ["ssh.knownHosts: x"]), [/^failed pins ssh\.knownHosts: x$/]],
  [
    "a wrong cluster file: key and pins are not told",
    clusterRows("cluster.yaml", ["share: seen 1"]),
    [/^failed cluster\.yaml share: seen 1$/, /^unknown SSH key /, /^unknown pins /],
  ],
  ["a backend and its stacks", backend({}), []],
  [
    "no backend",
    backend({ backend: { untold: "PULUMI_ACCESS_TOKEN must be set" } }),
    [/^failed backend PULUMI_ACCESS_TOKEN/],
  ],
  [
    "a backend on a node, by address",
    backend({ backend: { told: "https://10.5.106.5:8080/x" } }),
    [/^failed backend .* is on xcatmn2; /],
  ],
  [
    "a backend on a node, by name",
    backend({ backend: { told: "postgres://xcatmn1/x" } }),
    [/^failed backend .* is on xcatmn1; /],
  ],
  [
    "a folder of a workstation that is a node",
    backend({ backend: { told: "file:///state" }, addresses: ["10.5.106.70"] }),
    [/^failed backend .* is on xcatmn1; /],
  ],
  ["a folder of a workstation that is none", backend({ backend: { told: "file:///state" } }), []],
  [
    "a backend that does not answer",
    backend({ stacks: { untold: "no such bucket" } }),
    [/^failed backend .* no such bucket$/, /^unknown stack of xcatmn1 /, /^unknown stack of xcatmn2 /],
  ],
  ["no stack of a node", backend({}, [STACKS[0]]), [/^failed stack of xcatmn2 none of cluster\.yaml; /]],
  [
    "two stacks of a node",
    backend({}, [...STACKS, file("third", "xcatmn2")]),
    [/^failed stack of xcatmn2 standby and third of cluster\.yaml; /],
  ],
  [
    "a stack that was not made",
    backend({ stacks: { told: ["primary"] } }),
    [/^failed stack of xcatmn2 standby is not in the backend$/],
  ],
  [
    "a stack with a wrong config",
    backend({}, [STACKS[0], file("standby", "xcatmn2", { wrong: ["activeNode: not set"] })]),
    [/^failed stack of xcatmn2 standby: activeNode: not set$/],
  ],
  [
    "another passphrase",
    backend({}, [STACKS[0], file("standby", "xcatmn2", { passphrase: { untold: "incorrect passphrase" } })]),
    [/^failed passphrase standby: incorrect passphrase$/],
  ],
  [
    "a stack of which nobody can tell whose it is",
    strangerRows([
      { stack: "primary", cluster: "cluster.yaml", wrong: [] },
      { stack: "odd", wrong: ["cluster: a secret"] },
    ]),
    [/^unknown stack odd cannot be told: to which cluster it belongs: cluster: a secret$/],
  ],
  ["a node that is well", patient({}), []],
  [
    "a node that does not answer",
    patient({
      look: { node: "xcatmn1", reached: false, error: { seen: "no answer", evidence: "", next: "ssh xcatmn1" } },
    }),
    [/^failed xcatmn1 no answer$/],
  ],
  [
    "a clock that is off",
    patient({ clock: { offset: -30, within: 1 } }),
    [/^warning xcatmn1 clock it differs by -30 s/],
  ],
  ["a look that took long is no clock that is off", patient({ clock: { offset: 15, within: 8 } }), []],
  ["a clock that is not told", patient({ clock: { offset: Number.NaN, within: 1 } }), [/^unknown xcatmn1 clock /]],
  [
    "a refusal",
    patient({ plan: { role: "active", answer: { refused: "no share", next: "mount it" } } }),
    [/^failed xcatmn1 preflight as active: no share$/],
  ],
  [
    "a preflight that cannot be told",
    patient({ plan: { role: "active", answer: { untold: "hangs", next: "look" } } }),
    [/^unknown xcatmn1 preflight cannot be told: hangs$/],
  ],
  ["no preflight", patient({ plan: undefined }), [/^unknown xcatmn1 preflight /]],
  [
    "a warning of the preflight",
    patient({ plan: { role: "active", answer: { steps: "note\twarning: no time source\twhy\n" } } }),
    [/^warning xcatmn1 preflight no time source$/],
  ],
  [
    "a fence that does not work",
    patient({ site: { part: "siteCommands", wrong: ["xcatmn1 siteCommands: fence is 'x'"] } }),
    [/^warning xcatmn1 site .*fence is 'x'$/],
  ],
  [
    "a fence that cannot be told",
    patient({ site: { part: "siteCommands", unknown: "x" } }),
    [/^unknown xcatmn1 site cannot be told: x$/],
  ],
  ["a role that is not known", patient({ site: undefined }), [/^unknown xcatmn1 site /]],
  [
    "a node that was never set up has no site's commands yet",
    patient({ site: undefined, look: { ...LOOK, values: { stack: answerOf("absent") } } }),
    [],
  ],
];
for (const [what, rows, found] of ROWS)
  test(`doctor: ${what}`, () => {
    const seen = rows.filter(({ result }) => result !== "ok");
    assert.equal(seen.length, found.length, JSON.stringify(seen));
    for (const [index, pattern] of found.entries()) {
      assert.match(`${seen[index].result} ${seen[index].check} ${seen[index].what}`, pattern);
      assert.ok(seen[index].next, "it says what to type");
    }
    const worst = seen.map(({ result }) => result);
    assert.equal(
      doctorEnding(rows),
      worst.includes("failed") ? "misconfigured" : worst.includes("unknown") ? "unknown" : "done",
    );
  });

test("the stacks of the cluster file, as index.ts would read them; another cluster's are not looked at", () => {
  const { folder, cluster } = shippedPair();
  const write = (stack: string, text: string) => writeFileSync(join(folder, `Pulumi.${stack}.yaml`), text);
  writeFileSync(join(folder, "Pulumi.yaml"), "name: xcat-ha\n");
  write("primary", "config:\n  xcat-ha:node: xcatmn1\n  xcat-ha:activeNode: xcatmn1\n");
  write("other", "config:\n  xcat-ha:node: xcatmn2\n");
  write("empty", "");
  write("south", "config:\n  xcat-ha:cluster: south.yaml\n  xcat-ha:node: xcatmn1\n");
  const all = readStackFiles(folder);
  const files = Object.fromEntries(
    checkedStacks(all, "cluster.yaml", cluster).map(({ stack, ...more }) => [stack, more]),
  );
  assert.deepEqual(Object.keys(files).sort(), ["empty", "other", "primary"]);
  assert.deepEqual(files.primary, { node: "xcatmn1", role: "active", wrong: [] });
  assert.equal(files.other.node, "xcatmn2");
  assert.match(files.other.wrong.join(), /^activeNode: not set; /);
  assert.equal(files.empty.node, undefined);
  const [south] = checkedStacks(all, "south.yaml", cluster);
  assert.match(south.wrong.join(), /^activeNode: not set; .* -s south$/);
});

test("pulumi is asked, and its own words come back; a cluster file that is wrong asks no node", () => {
  const { folder } = shippedPair();
  const root = join(__dirname, "../..");
  writeFileSync(join(folder, "cluster.yaml"), "share: 1\n");
  const pulumi = `#!/bin/sh
case "$*" in
  version*) echo v3.259.0 ;;
  'plugin ls'*) echo '[{"name":"command","kind":"resource","version":"1.1.0"}]' ;;
  *) echo 'error: the backend is away' >&2; exit 1 ;;
esac
`;
  writeFileSync(join(folder, "pulumi"), pulumi);
  chmodSync(join(folder, "pulumi"), 0o755);
  const doctor = (path: string) =>
    spawnSync(process.execPath, [join(root, "ops/xcat-ha.js"), "doctor", "--json"], {
      cwd: folder,
      encoding: "utf8",
      env: { PATH: path },
    });
  const { status, stdout, stderr } = doctor(`${folder}:/usr/bin:/bin`);
  assert.equal(status, 30, stderr);
  const rows = (JSON.parse(stdout).checks as { result: string; check: string; what: string }[]).map(
    ({ result, check, what }) => `${result} ${check} ${what}`,
  );
  assert.ok(rows.includes("ok pulumi 3.259.0"), stdout);
  assert.ok(rows.includes("failed command plugin 1.1.0; expected 1.2.1"), stdout);
  assert.ok(
    rows.some((row) => row.startsWith("failed cluster.yaml share: ")),
    stdout,
  );
  assert.ok(
    rows.every((row) => !row.includes("xcatmn")),
    stdout,
  );
  const without = doctor(join(folder, "ssh"));
  assert.match(without.stdout, /"failed",\s+"check": "pulumi"/, without.stderr);
});
