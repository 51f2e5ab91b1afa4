// Each command in the documents is one that there is: the workstation's by its own parser, a node's by its own help, Pulumi's by what we
// use of it; and what the lab tests type is what the runbook says.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CommanderError } from "commander";
import { cli } from "../../ops/cli";
import { orderOf } from "../../ops/takeover";
import { bash } from "../helpers/bash";
import { type Command, commandsIn, commandsOf, mirrored, runbook, shellWords } from "../helpers/runbook";

const ROOT = join(__dirname, "../..");
const DOCUMENTS = ["README.md", "docs/operator.md", "docs/failover.md", "docs/messages.md"];
const NODES = ["xcatmn1", "xcatmn2"];

/** Of Pulumi's commands: how many words, and which options; `-s` is followed by one. */
const PULUMI: Record<string, { words?: [least: number, most: number]; flags?: string[] }> = {
  up: {},
  preview: {},
  destroy: {},
  cancel: {},
  refresh: { flags: ["--preview-only", "--expect-no-changes"] },
  config: {},
  "config set": { words: [2, 2], flags: ["--path"] },
  "config rm": { words: [1, 1] },
  "stack init": { words: [1, 1] },
  "stack rm": { words: [0, 1], flags: ["--force"] },
  "stack ls": {},
};
const KEYS = /^(node|activeNode|cluster)$/;
const PATHS = /^takeover\.(epoch|reason|fence|confirm)$/;

/** What is wrong with a command of Pulumi's, or nothing. */
function pulumiFault([, ...words]: string[], inText: boolean): string | undefined {
  const verb = [words.slice(0, 2).join(" "), words[0]].find((name) => name in PULUMI);
  if (verb === undefined) return "no command of Pulumi that we use";
  const { words: [least, most] = [0, 0], flags = [] } = PULUMI[verb];
  const given: string[] = [];
  const options: string[] = [];
  const rest = words.slice(verb.split(" ").length);
  while (rest.length > 0) {
    const word = rest.shift() ?? "";
    if (word === "-s" && rest.length === 0) return "-s without a stack";
    if (word === "-s") rest.shift();
    else if (!word.startsWith("-")) given.push(word);
    else if (flags.includes(word)) options.push(word);
    else return `${word} is no option of pulumi ${verb}`;
  }
  // Named, and not typed.
  if (inText && given.length === 0) return undefined;
  if (given.length < least || given.length > most) return `${given.length} words; expected ${least} to ${most}`;
  const [key] = given;
  if (verb === "config set" && !(options.includes("--path") ? PATHS : KEYS).test(key)) return `no key ${key}`;
  if (verb === "config rm" && key !== "takeover" && !KEYS.test(key)) return `no key ${key}`;
  return undefined;
}

/** The node program's help: its verbs, each with what it takes. */
const USAGE: string[][] = [
  ...[...bash(["main"], "usage").stdout.matchAll(/^ {2}xcat-ha (\S.*?)(?: {2,}.*)?$/gm)].flatMap(([, shown]) =>
    shellWords(shown),
  ),
  // In the line of freeze.
  ["thaw"],
];
const VALUES: Record<string, RegExp> = {
  ROLE: /^(active|standby|ROLE)$/,
  EPOCH: /^(\d+|EPOCH|N)$/,
  MINUTES: /^(\d+|MINUTES)$/,
  REASON: /./,
  "NODE is powered off": /^\S+ is powered off$/,
};

function nodeFault([, ...words]: string[], inText: boolean): string | undefined {
  const verbs = USAGE.filter(([verb]) => verb === words[0]);
  if (verbs.length === 0) return "no verb of the node program";
  if (inText && words.length === 1) return undefined;
  const fits = (shown: string[]) =>
    shown.length === words.length &&
    shown.every((word, index) => VALUES[word]?.test(words[index]) ?? word === words[index]);
  return verbs.some(fits) ? undefined : `expected ${verbs.map((shown) => shown.join(" ")).join(", or ")}`;
}

/** By commander's own program; only what it would do is left out. */
function workstationFault([, , ...words]: string[], inText: boolean): string | undefined {
  if (words.length === 0) return undefined;
  // Behind an option it is a text of the reader's own.
  if (words.at(-1) === "..." && !words.at(-2)?.startsWith("--")) words.pop();
  const program = cli(() => {}).configureOutput({ writeOut: () => {}, writeErr: () => {} });
  let options = {};
  for (const command of program.commands)
    command.action(() => {
      options = command.opts();
    });
  try {
    program.parse(words, { from: "user" });
    const complete = !words.some((word) => /^[A-Z]+$/.test(word)) && !(inText && words.length === 1);
    if (words.includes("takeover") && complete) orderOf(NODES, options);
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return undefined;
    return (error as Error).message;
  }
}

function fault({ words, inText }: Pick<Command, "words" | "inText">): string | undefined {
  if (words[0] === "pulumi") return words.length === 1 ? undefined : pulumiFault(words, inText);
  if (words[0] === "npx") return workstationFault(words, inText);
  return words.length === 1 ? undefined : nodeFault(words, inText);
}

for (const file of DOCUMENTS)
  test(`each command in ${file} is one that there is`, () => {
    const commands = commandsOf(file);
    assert.ok(commands.length > 5, `${commands.length} commands`);
    const wrong = commands.flatMap((command) => {
      const why = fault(command);
      return why === undefined ? [] : [`${file}:${command.line}: ${command.words.join(" ")}: ${why}`];
    });
    assert.deepEqual(wrong, []);
  });

const FAULTS: [typed: string, why: RegExp | undefined][] = [
  ["pulumi up -s primary", undefined],
  ["pulumi upp -s primary", /no command of Pulumi/],
  ["pulumi up primary", /1 words; expected 0 to 0/],
  ["pulumi up --target x", /--target is no option/],
  ["pulumi up -s", /-s without a stack/],
  ["pulumi config set activNode xcatmn2 -s primary", /no key activNode/],
  ["pulumi config set activeNode -s primary", /1 words; expected 2/],
  ["pulumi config set takeover.epoch 7 -s standby", /no key takeover\.epoch/],
  ["pulumi config set --path takeover.epoc 7 -s standby", /no key takeover\.epoc/],
  ["npx xcat-ha failover --to xcatmn2", undefined],
  ["npx xcat-ha failover --two xcatmn2", /unknown option '--two'/],
  ["npx xcat-ha failover xcatmn2", /too many arguments/],
  ["npx xcat-ha fail", /unknown command 'fail'/],
  ['npx xcat-ha takeover --from xcatmn1 --epoch 7 --fence --reason "a word"', undefined],
  ['npx xcat-ha takeover --from xcatmn1 --epoch 7 --reason "a word"', /expected one of them/],
  ['npx xcat-ha takeover --from xcatmn1 --epoch 7 --confirm "xcatmn1 is off" --reason x', /"xcatmn1 is powered off"/],
  ["npx xcat-ha takeover --from NODE --epoch N ...", undefined],
  ["xcat-ha become active", undefined],
  ["xcat-ha become activ", /expected become ROLE/],
  ["xcat-ha become", /expected become ROLE/],
  ["xcat-ha failover", /no verb of the node program/],
  ['xcat-ha takeover 7 "xcatmn1 is powered off" "power supply burnt"', undefined],
  [
    'xcat-ha takeover 7 "xcatmn1 is off" "power supply burnt"',
    /expected takeover EPOCH fence REASON, or takeover EPOCH/,
  ],
  ["xcat-ha thaw now", /expected thaw/],
];
for (const [typed, why] of FAULTS)
  test(`is it one? ${typed}: ${why ? "no" : "yes"}`, () => {
    const found = fault({ words: shellWords(typed)[0], inText: false });
    if (why) assert.match(found ?? "nothing is wrong", why);
    else assert.equal(found, undefined);
  });

test("the commands of a document: out of blocks and sentences, in their order, with their headings", () => {
  const text = [
    "# One",
    "Type `pulumi config set",
    "activeNode b -s c`, `rm x; xcat-ha release` and `PATH`.",
    "",
    "```",
    "A_B=6 pulumi up -s d   # not pulumi destroy",
    "ls | pulumi stack ls && npx xcat-ha status",
    "```",
    "## Two",
    "  ```sh typed",
    '  xcat-ha freeze 60 "kernel; update"',
    "  ```",
  ].join("\n");
  assert.deepEqual(
    commandsIn(text).map(({ line, heading, words, inText, typed }) => [line, heading, words.join(" "), inText, typed]),
    [
      [2, "One", "pulumi config set activeNode b -s c", true, false],
      [2, "One", "xcat-ha release", true, false],
      [6, "One", "pulumi up -s d", false, false],
      [7, "One", "pulumi stack ls", false, false],
      [7, "One", "npx xcat-ha status", false, false],
      [11, "Two", "xcat-ha freeze 60 kernel; update", false, true],
    ],
  );
});

test("what is typed there is typed back with the nodes and stacks for each other", () =>
  assert.deepEqual(mirrored(["pulumi", "config", "set", "activeNode", "xcatmn2", "-s", "primary"]), [
    ...["pulumi", "config", "set", "activeNode", "xcatmn1", "-s", "standby"],
  ]));

test("each block of the runbook that is marked is typed by a lab test, and what a lab test types is marked", () => {
  const marked = new Set(commandsOf("docs/failover.md").flatMap(({ typed, heading }) => (typed ? [heading] : [])));
  const tests = readdirSync(join(ROOT, "test/lab")).map((name) => readFileSync(join(ROOT, "test/lab", name), "utf8"));
  const taken = new Set(tests.flatMap((text) => [...text.matchAll(/\brunbook\("([^"]+)"\)/g)].map(([, name]) => name)));
  assert.deepEqual([...taken].sort(), [...marked].sort());
  for (const heading of marked) assert.ok(runbook(heading).length > 1, heading);
  assert.throws(() => runbook("A fence"), /no block .* below A fence/);
});
