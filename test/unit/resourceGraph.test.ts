import assert from "node:assert/strict";
import { test } from "node:test";
import { functionsOf, PARTS, type Part } from "../../components/manifest";
import { decodeDocument } from "../../components/remote/document";
import { installedProgram, sha256 } from "../../components/remote/program";
import { pairFrom } from "../../components/settings";
import type { Role } from "../../config/stack";
import { LOGIN_SHELLS, wordsOf } from "../helpers/loginShells";
import { COMMAND, graphOf, OBSERVATION, type Registered, SECRET } from "../helpers/resourceGraph";
import { PRIVATE_KEY, shippedPair } from "../helpers/shippedPair";

const STACK = "xcat-ha/any";
const pair = shippedPair();
const { cluster, clusterFile } = pair;

/** The values of every part, without an engine. */
async function valuesOf(name: string, role: Role): Promise<Record<Part, Record<string, string>>> {
  const { describeNode, roleValues } =
    require("../../components/description") as typeof import("../../components/description");
  const seen = pairFrom(cluster, name);
  const values = Object.entries(roleValues(seen)).map(([part, roles]) => [part, roles[role]]);
  return {
    ...Object.fromEntries(values),
    nodeProgram: {
      program: sha256(installedProgram()),
      description: sha256(describeNode(seen)),
      stack: STACK,
      login: "shown",
    },
  };
}

const DELETE = (part: string) =>
  `if [ -x /usr/local/sbin/xcat-ha ]; then exec /usr/local/sbin/xcat-ha remove ${part}; fi`;

/** What bash gets of a command, whatever root's login shell is. */
function inBash(line: string | undefined): string {
  assert.ok(line);
  const [words, ...others] = Object.keys(LOGIN_SHELLS).map((shell) => wordsOf(shell, line));
  for (const same of others) assert.deepEqual(same, words);
  assert.deepEqual(words.slice(0, 2), ["bash", "-c"]);
  assert.equal(words.length, 3);
  return words[2];
}

const STACKS: { name: string; role: Role; address: string; hostKey: string }[] = [
  { name: "xcatmn1", role: "active", address: "10.5.106.70", hostKey: "ssh-ed25519 hostkey-of-xcatmn1" },
  { name: "xcatmn1", role: "standby", address: "10.5.106.70", hostKey: "ssh-ed25519 hostkey-of-xcatmn1" },
  { name: "xcatmn2", role: "active", address: "10.5.106.5", hostKey: "ssh-ed25519 hostkey-of-xcatmn2" },
  { name: "xcatmn2", role: "standby", address: "10.5.106.5", hostKey: "ssh-ed25519 hostkey-of-xcatmn2" },
];

for (const { name, role, address, hostKey } of STACKS)
  test(`${name} as ${role}`, async (t) => {
    const graph = await graphOf({ ...pair, stack: STACK }, name, role);
    const values = await valuesOf(name, role);
    const bootstrap = `bootstrap ${address}/8`;
    const observations = graph.filter(({ type }) => type === OBSERVATION);
    const commands = graph.filter(({ type }) => type === COMMAND);
    const observationOf = (part: string) => observations.find((one) => one.name === part) as Registered;
    const commandOf = (part: string) => commands.find((one) => one.name === part) as Registered;
    const documentOf = (part: string) => decodeDocument(commandOf(part).inputs.stdin);

    await t.test(
      "every part is one observation and one command below its own component, the lease's observation above all",
      () => {
        const pairs = PARTS.map((part) => [part, part]);
        const placed = (all: Registered[]) => all.map(({ name, parent }) => [name, parent]).sort();
        const observed = pairs.map(([part, parent]) => [part, part === "ownerLease" ? name : parent]);
        assert.deepEqual(
          placed(observations),
          [
            ...observed,
            ["bootstrap", "nodeProgram"],
            ["destroyable", "destroyable"],
            ["siteCommands", "siteCommands"],
          ].sort(),
        );
        assert.deepEqual(placed(commands), [...pairs, [bootstrap, "nodeProgram"]].sort());
      },
    );

    await t.test("each component's type stands in the URNs of every stack: it is called as its functions are", () => {
      const typed = PARTS.map((part) => [part, functionsOf(part).replace(/^./, (first) => first.toUpperCase())]);
      const components = [
        [name, "ManagementNode"],
        ...typed,
        ["siteCommands", "SiteCommands"],
        ["destroyable", "Destroyable"],
      ];
      assert.deepEqual(
        graph.filter(({ type }) => type !== COMMAND && type !== OBSERVATION).map(({ name, type }) => [name, type]),
        components.map(([name, type]) => [name, `xcat-ha:index:${type}`]),
      );
    });

    for (const part of PARTS) {
      await t.test(`${part}: the observation holds what is wanted and where to look, nothing else`, () => {
        const { __provider, ...inputs } = observationOf(part).inputs;
        assert.deepEqual(inputs, { ...values[part], target: { clusterFile, stack: STACK, node: name, part } });
      });
      await t.test(`${part}: the command's document is the same and the observation's counter`, () => {
        const { "program.text": program, "description.text": description, ...document } = documentOf(part);
        assert.deepEqual(document, { ...values[part], counter: "3" });
        assert.equal(program, part === "nodeProgram" ? installedProgram() : undefined);
        assert.equal(description && sha256(description), part === "nodeProgram" ? values[part].description : undefined);
      });
      await t.test(`${part}: the command applies and removes, and its document alone makes it run again`, () => {
        const { create, delete: remove, addPreviousOutputInEnv } = commandOf(part).inputs;
        if (part === "nodeProgram")
          assert.match(inBash(create), /bash "\$folder\/program" install <"\$folder\/document"$/);
        else assert.equal(inBash(create), `/usr/local/sbin/xcat-ha apply ${part}`);
        assert.equal(inBash(remove), DELETE(part));
        assert.equal(addPreviousOutputInEnv, false);
        assert.deepEqual(commandOf(part).ignoreChanges, []);
        assert.deepEqual(Object.keys(commandOf(part).inputs).sort(), [
          "addPreviousOutputInEnv",
          "connection",
          "create",
          "delete",
          "stdin",
        ]);
      });
      await t.test(`${part}: the command connects to the static address, with the pinned host key`, () =>
        assert.deepEqual(commandOf(part).inputs.connection.value, {
          host: address,
          port: 22,
          user: "root",
          privateKey: PRIVATE_KEY,
          hostKey,
          dialErrorLimit: 2,
          perDialTimeout: 5,
        }),
      );
    }

    await t.test(
      "the bootstrap command adds the static address where the node was found: once, and again where that was lost",
      () => {
        const { inputs, ignoreChanges } = commandOf(bootstrap);
        assert.equal(inputs.connection.value.host, "10.5.106.7");
        assert.match(inBash(inputs.create), /bash "\$folder\/program" bootstrap <"\$folder\/document"$/);
        assert.equal(inputs.connection.value.hostKey, hostKey);
        const { "program.text": program, ...document } = decodeDocument(inputs.stdin);
        assert.deepEqual(document, { address: `${address}/8`, interface: "eth0" });
        assert.equal(program, installedProgram());
        assert.deepEqual(ignoreChanges, ["connection", "create", "stdin"]);
        assert.equal(inputs.delete, undefined);
        const { __provider, target, ...wanted } = observationOf("bootstrap").inputs;
        assert.deepEqual(
          { target, ...wanted },
          { target: { ...observationOf("nodeProgram").inputs.target, part: "bootstrap" }, address },
        );
        assert.equal(inputs.triggers?.length, 1);
      },
    );

    await t.test(
      "observations wait for the lease's, which refuses a role that cannot be; commands wait for their own one and for the part before",
      () => {
        for (const part of PARTS) {
          assert.deepEqual(
            observationOf(part).dependsOn,
            part === "ownerLease" ? [] : ["observation ownerLease"],
            part,
          );
          const first = part === PARTS[0];
          const before = first ? bootstrap : PARTS[PARTS.indexOf(part) - 1];
          assert.deepEqual(commandOf(part).dependsOn, [`command ${before}`, `observation ${part}`].sort(), part);
        }
        assert.deepEqual(commandOf(bootstrap).dependsOn, ["observation bootstrap"]);
      },
    );

    await t.test(
      "the refusal to destroy is a leaf that waits for the last part and the site's commands: it is deleted first",
      () => {
        assert.deepEqual(observationOf("destroyable").dependsOn, [
          `command ${PARTS.at(-1)}`,
          "observation siteCommands",
        ]);
        assert.ok(!graph.some(({ dependsOn }) => dependsOn.includes("observation destroyable")));
      },
    );

    await t.test("the private key is in the connections, as a secret, and nowhere else", () => {
      for (const { name, inputs } of commands)
        assert.equal(
          inputs.connection[SECRET],
          "1b47061264138c4ac30d75fd1eb44270",
          `${name}: the connection is no secret`,
        );
      const elsewhere = graph.map(({ inputs: { connection, ...others } }) =>
        JSON.stringify([others, others.stdin ? decodeDocument(others.stdin) : ""]),
      );
      assert.ok(!elsewhere.join().includes("the private key"));
    });

    await t.test("the state holds no program text: the provider only loads the checkout's", () => {
      for (const { name, inputs } of observations) {
        const calls = String(inputs.__provider).match(/return async.*/g) ?? [];
        assert.equal(calls.length, 5, name);
        for (const call of calls)
          assert.match(
            call,
            /^return async ?\(?[\w, ]+\)? ?=> ?require\(`\$\{process\.cwd\(\)\}\/components\/remote\/observation\.js`\)\.\w+\([\w, ]+\);$/,
          );
      }
    });
  });

for (const name of ["xcatmn1", "xcatmn2"])
  test(`${name}: a change of role adds and removes no resource and changes nothing but wanted values`, async () => {
    const shape = async (role: Role) =>
      (await graphOf({ ...pair, stack: STACK }, name, role))
        .map(({ type, name, parent, dependsOn, inputs }) => ({
          type,
          name,
          parent,
          dependsOn,
          inputs: type === COMMAND ? { ...inputs, stdin: "" } : inputs.target,
        }))
        .sort((one, other) => (one.type + one.name < other.type + other.name ? -1 : 1));
    assert.deepEqual(await shape("standby"), await shape("active"));
  });
