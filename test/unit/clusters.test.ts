// Several clusters from one checkout: which stack belongs to which cluster file, and what is said of another one than the default.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { programFiles } from "../../components/remote/program";
import { Context, WORKSTATION_COMMAND } from "../../ops/context";
import type { OpsError } from "../../ops/ending";
import { judge } from "../../ops/pair";
import { logFolder } from "../../ops/running";
import {
  clusterPath,
  projectOf,
  readStackFiles,
  type StackFile,
  stackConfig,
  stacksByNode,
} from "../../ops/stackFiles";
import { openStacks } from "../../ops/stacks";
import { scratch } from "../helpers/scratch";
import { shippedPair } from "../helpers/shippedPair";

const at = scratch("clusters");
const A = "xcatmn1";
const B = "xcatmn2";

let folders = 0;
/** A project with these stack files, by the lines of their config. */
function project(stacks: Record<string, string[] | string>, settings = "name: xcat-ha\n"): string {
  const folder = at(`project${folders++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "Pulumi.yaml"), settings);
  for (const [stack, lines] of Object.entries(stacks)) {
    const text =
      typeof lines === "string" ? lines : ["config:", ...lines.map((line) => `  xcat-ha:${line}`), ""].join("\n");
    writeFileSync(join(folder, `Pulumi.${stack}.yaml`), text);
  }
  return folder;
}

const FILES: [
  what: string,
  file: string[] | string,
  read: Partial<Pick<StackFile, "cluster" | "node">>,
  wrong?: RegExp,
  settings?: string,
][] = [
  ["the default cluster", ["node: xcatmn1"], { cluster: "cluster.yaml", node: A }],
  ["another one", ["cluster: south/cluster.yaml", "node: xcatmn1"], { cluster: "south/cluster.yaml", node: A }],
  ["the same in other words", ["cluster: ./south.yaml"], { cluster: "south.yaml" }],
  ["no config yet", "", { cluster: "cluster.yaml" }],
  ["a node that YAML takes for a number", ["node: 7"], { cluster: "cluster.yaml", node: "7" }],
  ["keys of another project", "config:\n  aws:node: xcatmn1\n", { cluster: "cluster.yaml" }],
  ["no path", ["cluster: /opt/south.yaml"], {}, /^cluster: seen "\/opt\/south\.yaml"; expected the path .* -s one$/],
  [
    "a secret",
    ["cluster:\n    secure: v1:abc"],
    {},
    /^cluster: a secret; expected it in the open\. pulumi config set cluster VALUE --plaintext -s one$/,
  ],
  ["a secret node", ["node:\n    secure: v1:abc"], { cluster: "cluster.yaml" }, /^node: a secret; .* -s one$/],
  ["a file that is no YAML", "config: [", {}, /^Pulumi\.one\.yaml: /],
  [
    "what the project says for all of its stacks",
    ["node: xcatmn1"],
    { cluster: "south.yaml", node: A },
    undefined,
    "name: xcat-ha\nconfig:\n  cluster:\n    default: south.yaml\n  xcat-ha:node: xcatmn2\n",
  ],
];
for (const [what, file, read, wrong, settings] of FILES)
  test(`a stack file: ${what}`, () => {
    const [{ stack, config, wrong: found, ...seen }] = readStackFiles(project({ one: file }, settings));
    assert.equal(stack, "one");
    assert.deepEqual(seen, read);
    if (wrong) assert.match(found.join("; "), wrong);
    else assert.deepEqual(found, []);
  });

test("the config of a stack is read anew each time, as Pulumi would print it", () => {
  const folder = project({ one: ["node: xcatmn1", "takeover:\n    epoch: 7"] });
  assert.deepEqual(stackConfig(folder, "one"), { node: A, takeover: '{"epoch":7}' });
  writeFileSync(join(folder, "Pulumi.one.yaml"), "config:\n  xcat-ha:activeNode: xcatmn2\n");
  assert.deepEqual(stackConfig(folder, "one"), { activeNode: B });
  assert.deepEqual(stackConfig(folder, "none"), {});
});

test("the project is found from a folder below it; without one it is said where it was looked for", () => {
  const folder = project({});
  mkdirSync(join(folder, "south"));
  assert.equal(projectOf(join(folder, "south")), folder);
  assert.equal(clusterPath(folder, join(folder, "south/cluster.yaml")), "south/cluster.yaml");
  assert.equal(projectOf(at()), at());
  assert.throws(() => readStackFiles(at()), /Pulumi\.yaml cannot be read; expected the command to be typed in/);
});

const BELONGING: [
  what: string,
  stacks: Record<string, string[]>,
  cluster: string,
  found: Record<string, string> | [seen: RegExp, next: RegExp],
][] = [
  [
    "by whatever name",
    { left: ["node: xcatmn2"], right: ["node: xcatmn1"], test: [] },
    "cluster.yaml",
    { [A]: "right", [B]: "left" },
  ],
  [
    "two clusters whose nodes have the same names",
    {
      primary: ["node: xcatmn1"],
      standby: ["node: xcatmn2"],
      "south-1": ["cluster: south.yaml", "node: xcatmn1"],
      "south-2": ["cluster: south.yaml", "node: xcatmn2"],
    },
    "south.yaml",
    { [A]: "south-1", [B]: "south-2" },
  ],
  [
    "none",
    {},
    "cluster.yaml",
    [
      /^error: node: no stack of cluster\.yaml names xcatmn1; node: no stack of cluster\.yaml names xcatmn2; expected/,
      /^next: pulumi stack init STACK; pulumi config set node xcatmn1 -s STACK/m,
    ],
  ],
  [
    "only another cluster's",
    { primary: ["node: xcatmn1"], standby: ["node: xcatmn2"] },
    "south.yaml",
    [
      /no stack of south\.yaml names xcatmn1[\s\S]*^evidence: .*primary: xcatmn1 of cluster\.yaml, standby: xcatmn2 of cluster\.yaml$/m,
      /^next: pulumi stack init STACK; pulumi config set cluster south\.yaml -s STACK; pulumi config set node xcatmn1 -s STACK; /m,
    ],
  ],
  [
    "one without its node",
    { primary: ["node: xcatmn1"], standby: [] },
    "cluster.yaml",
    [/^error: node: no stack of cluster\.yaml names xcatmn2;/, /^next: pulumi config set node xcatmn2 -s standby$/m],
  ],
  [
    "one that names nobody",
    { primary: ["node: xcatmn1"], standby: ["node: xcatmn3"] },
    "cluster.yaml",
    [/no stack of cluster\.yaml names xcatmn2/, /-s standby$/m],
  ],
  [
    "two of one node",
    { primary: ["node: xcatmn1"], standby: ["node: xcatmn2"], third: ["node: xcatmn1"] },
    "cluster.yaml",
    [/^error: node: xcatmn1 is named by the stacks primary and third;/, /-s third$/m],
  ],
  [
    "one whose cluster cannot be told is no stack of this one",
    { primary: ["node: xcatmn1"], standby: ["cluster: /x", "node: xcatmn2"] },
    "cluster.yaml",
    [
      /standby: xcatmn2 of a cluster that cannot be told: cluster: seen "\/x"/,
      /pulumi config set node xcatmn2 -s STACK$/m,
    ],
  ],
];
for (const [what, stacks, cluster, found] of BELONGING)
  test(`which stack is whose: ${what}`, () => {
    const read = () => stacksByNode([A, B], readStackFiles(project(stacks)), cluster);
    if (!Array.isArray(found)) {
      assert.deepEqual(read(), found);
      return;
    }
    assert.throws(read, (error: OpsError) => {
      assert.equal(error.ending, "misconfigured");
      for (const pattern of found) assert.match(error.message, pattern);
      return true;
    });
  });

test("status names a node's stack by its config, where the node knows none", () => {
  const looks = [{ node: A, reached: true as const, address: "a", values: { stack: { absent: true as const } } }];
  const next = (stacks?: Record<string, string>) => judge({ units: [], stacks }, looks).map((finding) => finding.next);
  assert.ok(next({ [A]: "south-1" }).includes("pulumi up -s south-1"));
  assert.ok(next().includes("pulumi up on the stack of xcatmn1"));
});

const TYPED: [text: string, typed: string][] = [
  ["next: xcat-ha failover --to xcatmn2", "next: xcat-ha --cluster F failover --to xcatmn2"],
  [
    "end it, then xcat-ha failover --to xcatmn1: it goes back",
    "end it, then xcat-ha --cluster F failover --to xcatmn1: it goes back",
  ],
  ["xcat-ha takeover --from xcatmn1 --epoch 7", "xcat-ha --cluster F takeover --from xcatmn1 --epoch 7"],
  ["xcat-ha status", "xcat-ha --cluster F status"],
  ['"next": "xcat-ha status"', '"next": "xcat-ha --cluster F status"'],
  ["xcat-ha status once more; if it stays", "xcat-ha --cluster F status once more; if it stays"],
  ["xcat-ha status says what is wrong", "xcat-ha --cluster F status says what is wrong"],
  ["xcat-ha report --output DIR, with another folder", "xcat-ha --cluster F report --output DIR, with another folder"],
  ["xcat-ha report 7", "xcat-ha --cluster F report 7"],
  ["warning: xcat-ha report will not know it", "warning: xcat-ha report will not know it"],
  ["xcat-ha --cluster F failover", "xcat-ha --cluster F failover"],
  // On a node.
  ["xcat-ha status on xcatmn1", "xcat-ha status on xcatmn1"],
  ["on xcatmn1: xcat-ha resume", "on xcatmn1: xcat-ha resume"],
  ["xcat-ha takeover EPOCH fence REASON", "xcat-ha takeover EPOCH fence REASON"],
];
for (const [text, typed] of TYPED)
  test(`what is to be typed names another cluster file: ${text}`, () => {
    assert.equal(new Context("F", false).typed(text), typed);
    assert.equal(new Context("cluster.yaml", false).typed(text), text);
  });

test("a cluster file with a blank in its name is quoted", () =>
  assert.equal(
    new Context("the south.yaml", false).typed("xcat-ha doctor"),
    "xcat-ha --cluster 'the south.yaml' doctor",
  ));

test("nothing that a node says is taken for a command of the workstation", () => {
  const ROOT = join(__dirname, "../..");
  for (const file of programFiles()) {
    const said = readFileSync(join(ROOT, "node", file), "utf8").replace(/^ *#.*$/gm, "");
    assert.deepEqual(said.match(WORKSTATION_COMMAND) ?? [], [], file);
  }
});

const LOGS: [cluster: string, folder: string][] = [
  ["cluster.yaml", ""],
  ["south.yaml", "/south"],
  ["south/cluster.yaml", "/south-cluster"],
  ["../sites/east one.yml", "/sites-east-one"],
];
for (const [cluster, folder] of LOGS)
  test(`the outputs of each cluster lie apart: ${cluster}`, () =>
    assert.equal(logFolder(cluster), `${join(homedir(), ".local/state/xcat-ha")}${folder}`));

/** A pulumi that says which stacks its backend has, and writes down what it was asked. */
function pulumi(folder: string, stacks: string) {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "pulumi"),
    `#!/bin/sh
echo "$*" >>'${join(folder, "asked")}'
case "$*" in
  version*) echo v3.259.0 ;;
  'stack ls'*) ${stacks} ;;
  'stack output'*) echo '{}' ;;
  'stack history'*) echo '[{"kind":"update"}]' ;;
esac
`,
  );
  chmodSync(join(bin, "pulumi"), 0o755);
  const former = process.env.PATH;
  process.env.PATH = `${bin}:${former}`;
  return {
    asked: () => readFileSync(join(folder, "asked"), "utf8").trim().split("\n"),
    end: () => {
      process.env.PATH = former;
    },
  };
}

const SOUTH = {
  primary: ["node: xcatmn1"],
  standby: ["node: xcatmn2"],
  "south-1": ["cluster: south.yaml", "node: xcatmn1", "activeNode: xcatmn1"],
  "south-2": ["cluster: south.yaml", "node: xcatmn2", "activeNode: xcatmn1"],
};
const LISTED = (...names: string[]) => `echo '${JSON.stringify(names.map((name) => ({ name, current: false })))}'`;

test("a command works with the stacks of its cluster file alone, and asks no other one", async () => {
  const folder = project(SOUTH);
  const { asked, end } = pulumi(folder, LISTED("primary", "standby", "south-1", "south-2"));
  try {
    const stacks = await openStacks([A, B], { project: folder, cluster: "south.yaml" });
    assert.deepEqual([stacks[A].name, stacks[B].managed], ["south-1", "xcat-ha/south-2"]);
    assert.equal((await stacks[B].config()).activeNode, A);
    const before = asked().length;
    assert.ok(
      asked().every((words) => !words.startsWith("config")),
      asked().join("\n"),
    );
    await stacks[B].up({ environment: {}, hear: () => {}, signal: new AbortController().signal });
    const ups = asked()
      .slice(before)
      .filter((words) => words.startsWith("up"));
    assert.equal(ups.length, 1);
    assert.match(ups[0], /--stack south-2/);
  } finally {
    end();
  }
});

const BACKENDS: [what: string, stacks: string, told: RegExp][] = [
  [
    "a stack that it has not",
    LISTED("primary", "standby", "south-1"),
    /^error: south-2: not in the backend; expected the stack of xcatmn2 there; nothing was touched\nevidence: pulumi stack ls: primary, standby, south-1\nnext: export PULUMI_BACKEND_URL, .*\nnext: pulumi stack init south-2$/,
  ],
  [
    "no answer",
    "echo 'error: no such bucket' >&2; exit 1",
    /^error: the stacks of this project could not be read; .*\nevidence: .*no such bucket.*\nnext: pulumi stack ls/,
  ],
];
for (const [what, stacks, told] of BACKENDS)
  test(`a backend that the team shares: ${what}`, async () => {
    const folder = project(SOUTH);
    const { end } = pulumi(folder, stacks);
    try {
      await assert.rejects(openStacks([A, B], { project: folder, cluster: "south.yaml" }), (error: Error) => {
        assert.match(error.message, told);
        return true;
      });
    } finally {
      end();
    }
  });

/** A project with the shipped pair, and the same as the cluster south, each with its own SSH files. */
function twoPairs() {
  const { folder } = shippedPair();
  writeFileSync(join(folder, "Pulumi.yaml"), "name: xcat-ha\n");
  mkdirSync(join(folder, "south"));
  for (const name of ["cluster.yaml", "ssh"])
    cpSync(join(folder, name), join(folder, "south", name), { recursive: true });
  const south = join(folder, "south/cluster.yaml");
  writeFileSync(south, readFileSync(south, "utf8").replaceAll("xcatmn", "southmn"));
  const pins = join(folder, "south/ssh/known_hosts");
  writeFileSync(pins, readFileSync(pins, "utf8").replaceAll("xcatmn", "southmn"));
  return folder;
}

for (const [cluster, node, next, json] of [
  [[], "xcatmn2", "xcat-ha failover --to xcatmn2", false],
  [
    ["--cluster", "south/cluster.yaml"],
    "southmn2",
    "xcat-ha --cluster south/cluster.yaml failover --to southmn2",
    true,
  ],
] as const)
  test(`the next command is one that can be typed: of ${node}'s cluster, ${json ? "as JSON" : "in words"}`, () => {
    const program = join(__dirname, "../../ops/xcat-ha.js");
    const words = [...cluster, ...(json ? ["--json"] : []), "failover", "--to", "nobody"];
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
      cwd: twoPairs(),
      encoding: "utf8",
    });
    assert.equal(status, 64, stderr);
    if (json) assert.equal(JSON.parse(stdout).error.next, next);
    else assert.match(stderr, new RegExp(`expected ..*mn1 or ${node}\n.*\nnext: ${next}\n$`));
  });

const PROGRAMS: [what: string, config: Record<string, string>, said: RegExp][] = [
  ["the default", { node: "xcatmn9", activeNode: A }, /no node of cluster\.yaml; expected xcatmn1 or xcatmn2/],
  [
    "another one",
    { cluster: "south/cluster.yaml", node: A, activeNode: A },
    /node: seen "xcatmn1", which is no node of south\/cluster\.yaml; expected southmn1 or southmn2/,
  ],
  [
    "one that is not there",
    { cluster: "east.yaml", node: A },
    /^east\.yaml: .*\n.*no such file; cluster in the stack's config/,
  ],
  ["no path", { cluster: "/east.yaml" }, /^Pulumi\.one\.yaml: .*\n {2}cluster: seen "\/east\.yaml"; expected the path/],
];

/** What the program says with each config of its stack, in the project's folder. One process: to load Pulumi takes a second. */
function refusalsOfTheProgram(folder: string): string[] {
  const script = `
    const pulumi = require(${JSON.stringify(require.resolve("@pulumi/pulumi"))});
    const mocks = { newResource: ({ inputs }) => ({ id: "x", state: inputs }), call: ({ inputs }) => inputs };
    const program = ${JSON.stringify(join(__dirname, "../../index.ts"))};
    (async () => {
      for (const values of ${JSON.stringify(PROGRAMS.map(([, config]) => inProject(config)))}) {
        pulumi.runtime.setAllConfig(values);
        await pulumi.runtime.setMocks(mocks, "xcat-ha", "one", true);
        delete require.cache[program];
        let said = "";
        try {
          require(program);
        } catch (error) {
          said = error.message;
        }
        console.log(JSON.stringify(said));
      }
      process.exit();
    })();`;
  const loader = require.resolve("tsx/cjs");
  const { stdout, stderr } = spawnSync(process.execPath, ["--require", loader, "-e", script], {
    cwd: folder,
    encoding: "utf8",
  });
  const said = stdout.trim().split("\n");
  assert.equal(said.length, PROGRAMS.length, `${stdout}${stderr}`);
  return said.map((line) => JSON.parse(line));
}

const inProject = (config: Record<string, string>) =>
  Object.fromEntries(Object.entries(config).map(([key, value]) => [`xcat-ha:${key}`, value]));

test("the program reads the cluster file that its stack names", async (t) => {
  const said = refusalsOfTheProgram(twoPairs());
  for (const [index, [what, , expected]] of PROGRAMS.entries())
    await t.test(what, () => assert.match(said[index], expected));
});
