// docs/adding-a-part.md: the blocks of the page, in a copy of the tree, are a part.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { MANIFEST } from "../../components/manifest";
import { decodeDocument } from "../../components/remote/document";
import type { Role } from "../../config/stack";
import { bash } from "../helpers/bash";
import type { Registered } from "../helpers/resourceGraph";
import { lostFailures } from "../helpers/shell";
import { shippedPair } from "../helpers/shippedPair";

const ROOT = join(__dirname, "../..");
const PAGE = readFileSync(join(ROOT, "docs/adding-a-part.md"), "utf8");
/** By the file that the first line of each block names. */
const BLOCKS = Object.fromEntries(
  [...PAGE.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, file, text]) => [file, text]),
);
const ROW = "components/manifest.js";
const FUNCTIONS = "node/parts/motd.sh";
const { cluster, clusterFile } = shippedPair();

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-adding-"));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

before(() => {
  for (const name of [
    "components",
    "config",
    "node",
    "docs/graph.ts",
    "test/helpers/resourceGraph.ts",
    "tsconfig.json",
  ])
    cpSync(join(ROOT, name), at(name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), at("node_modules"));
  for (const [file, text] of Object.entries(BLOCKS)) if (file !== ROW) writeFileSync(at(file), text);
  // Last in the table.
  const [table, end] = readFileSync(join(ROOT, ROW), "utf8").split(
    /^(?=};\n\n\/\*\* @typedef \{keyof typeof MANIFEST\})/m,
  );
  writeFileSync(at(ROW), `${table}${BLOCKS[ROW]}${end}`);
});

/** A module of the copy. */
const copied = <T>(name: string): T => require(at(name));

test("the page has a row, a component and its functions, each with the file that it belongs to", () =>
  assert.deepEqual(Object.keys(BLOCKS), [ROW, "components/motd.ts", FUNCTIONS]));

test("what the page says that a standby node does with a part, it does with the parts that are named beside", () => {
  const rows = [...PAGE.matchAll(/^\| `([a-z ]+)` \|.*\| (`.*`) \|$/gm)].flatMap(([, standby, parts]) =>
    parts.split(", ").map((part) => [part.slice(1, -1), standby]),
  );
  assert.deepEqual(
    rows,
    rows.map(([part]) => [part, MANIFEST[part as keyof typeof MANIFEST]?.standby]),
  );
  assert.equal(new Set(rows.map(([, standby]) => standby)).size, 4);
});

const LINE = "xCAT runs on this node, at 10.5.106.7.";

const LINES: [role: Role, line: string][] = [
  ["active", "there"],
  ["standby", "absent"],
];
for (const [role, line] of LINES)
  test(`in the resource graph of a node that is ${role} it is the last part, with the values of that role`, async () => {
    const { graphOf } = copied<typeof import("../helpers/resourceGraph")>("test/helpers/resourceGraph");
    const graph = await graphOf({ cluster, clusterFile, stack: "xcat-ha/any" }, "xcatmn1", role);
    const [component, observation, command] = graph.filter(({ name }) => name === "motd") as Registered[];
    assert.equal(component.type, "xcat-ha:index:Motd");
    const { __provider, target, ...wanted } = observation.inputs;
    assert.equal(target.part, "motd");
    assert.deepEqual(wanted, { text: LINE, line });
    assert.match(command.inputs.create, /xcat-ha apply motd/);
    assert.deepEqual(command.dependsOn, ["command hostsSyncCron", "observation motd"]);
    assert.deepEqual(
      graph.find(({ name, type }) => name === "destroyable" && type !== "xcat-ha:index:Destroyable")?.dependsOn,
      ["command motd", "observation siteCommands"],
    );
  });

test("an activation ends with it, a step down begins with it: so the node plans it, and so it is drawn", () => {
  const [down, up] = copied<typeof import("../../docs/graph")>("docs/graph").changes();
  const steps = (rows: { text: string }[]) => rows.map(({ text }) => text);
  const [drop, end] = ["take that out of /etc/motd", "end the nightly copy"];
  assert.equal(steps(down.rows).indexOf(drop) + 1, steps(down.rows).indexOf(end));
  const [copy, say] = ["nightly copy of hosts", "say so in /etc/motd"];
  assert.equal(steps(up.rows).indexOf(copy) + 1, steps(up.rows).indexOf(say));
});

test("its functions keep the house rules of shell text", () => {
  const found = lostFailures([{ file: FUNCTIONS, text: BLOCKS[FUNCTIONS] }]);
  assert.deepEqual(found, { bare: [], lost: [] });
});

/** Runs `script` with the program and the description of the copy, as on xcatmn1; `first`: /etc/motd before. */
function onNode(script: string, first?: string) {
  const { describeNode } = copied<typeof import("../../components/description")>("components/description");
  const { pairFrom } = copied<typeof import("../../components/settings")>("components/settings");
  const { installedProgram } = copied<typeof import("../../components/remote/program")>("components/remote/program");
  const node = mkdtempSync(at("node-"));
  const place = (text: string) =>
    text
      .replace(/^(readonly (?:CONFIGURATION|RECORDS))=.*$/gm, (_, name) => `${name}=${node}`)
      .replace("=/etc/motd", `=${node}/motd`);
  writeFileSync(join(node, "program"), place(installedProgram().replace(/main "\$@"\n$/, "")));
  writeFileSync(join(node, "description"), describeNode(pairFrom(cluster, "xcatmn1")));
  if (first !== undefined) writeFileSync(join(node, "motd"), first);
  const done = bash(
    [],
    `source '${node}/program'; resolve_units() { :; }; load_settings
     as() { load_values "$1" motd; }
     shown() { if [[ -e $MOTD ]]; then sed 's/^/| /' "$MOTD"; else echo 'no file'; fi; }
     ${script}`,
  );
  rmSync(node, { recursive: true });
  return { ...done, stdout: done.stdout.replaceAll(node, "") };
}

const OURS = `| ${LINE}\n`;
const CASES: [what: string, first: string | undefined, script: string, stdout: string][] = [
  [
    "an active node gets the line, once; what stood there stays",
    "welcome\n",
    "as active; apply_part motd; apply_part motd; shown",
    `xcatmn1: /motd: ${LINE}\n| welcome\n${OURS}`,
  ],
  ["also where there was no file", undefined, "as active; apply_part motd; shown", `xcatmn1: /motd: ${LINE}\n${OURS}`],
  ["a standby node loses it", `a\n${LINE}\nb\n`, "as standby; apply_part motd; apply_part motd; shown", "| a\n| b\n"],
  ["a standby node without the file stays so", undefined, "as standby; apply_part motd; shown", "no file\n"],
  [
    "with another text than the last time the former one goes",
    "welcome\n",
    "as active; WANT[text]=former; apply_part motd; as active; apply_part motd; shown",
    `xcatmn1: /motd: former\nxcatmn1: /motd: ${LINE}\n| welcome\n${OURS}`,
  ],
  [
    "a destroy takes the line out, twice is as good as once",
    `welcome\n${LINE}\n`,
    "as active; motd_remove; motd_remove; shown",
    "| welcome\n",
  ],
  [
    "its command looks again: all as wanted",
    "welcome\n",
    "as active; verb_apply motd; shown",
    `xcatmn1: /motd: ${LINE}\nxcatmn1: motd is as wanted\n| welcome\n${OURS}`,
  ],
];
for (const [what, first, script, expected] of CASES)
  test(`on the node: ${what}`, () => {
    const { code, stdout, stderr } = onNode(script, first);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, expected);
  });

const SEEN: [what: string, first: string | undefined, line: string][] = [
  ["the line", `welcome\n${LINE}\n`, "there"],
  ["a line that only begins so", `${LINE} More.\n`, "absent"],
  ["no file", undefined, "absent"],
];
for (const [what, first, line] of SEEN)
  test(`what is observed of ${what}`, () => {
    const { code, stdout, stderr } = onNode("as active; verb_observe motd", first);
    assert.equal(code, 0, stderr);
    assert.deepEqual(decodeDocument(stdout), { text: LINE, line });
  });

test("a file that cannot be read is neither", () => {
  const { code, stderr } = onNode('mkdir "$MOTD"; as active; verb_observe motd');
  assert.equal(code, 40, stderr);
  assert.match(stderr, /^error: \S*motd on xcatmn1 cannot be read; expected to look for a line of ours\n/);
});
