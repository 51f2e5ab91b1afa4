// What `xcat-ha history` reads of the epochs' files, and whom `xcat-ha verify` verifies.
import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, type Epoch, epochsOf } from "../../ops/epochs";
import { answerOf, type NodeLook } from "../../ops/pair";
import { activeNode, checksOf } from "../../ops/verify";

const DAY = Date.parse("2026-11-26T00:00:00Z") / 1000;
const at = (hour: number) => new Date((DAY + hour * 3600) * 1000).toISOString().replace(".000", "");
type Claim = [node: string, hour: number | string, lines?: string[], marks?: Record<string, number>];

/** Epochs from 1 on, as a node lists them. */
function listing(...claims: Claim[]): string {
  const lines = claims.flatMap(([node, hour, more = [], marks = {}], index) => {
    const name = String(index + 1).padStart(6, "0");
    const time = typeof hour === "number" ? at(hour) : hour;
    return [
      `at ${name}.owner ${DAY}`,
      ...Object.entries(marks).map(([mark, when]) => `at ${name}.${mark} ${DAY + when * 3600}`),
      ...[`node ${node}`, `time ${time}`, "origin program", ...more].map((line) => `${name}.owner:${line}`),
      ...(marks.released === undefined ? [] : [`${name}.released:by ${node}`, `${name}.released:database shut down`]),
    ];
  });
  return `${lines.join("\n")}\n`;
}
const HOUR = 3600;
const NOW = DAY + 10 * HOUR;
const TAKEOVER = ["from xcatmn1", "over 000001", "evidence fence", "reason burnt power supply"];

const EPOCHS: [what: string, text: string, epochs: Partial<Epoch>[]][] = [
  ["none", "", []],
  [
    "the first one is held",
    listing(["xcatmn1", 1]),
    [
      {
        epoch: 1,
        node: "xcatmn1",
        since: at(1),
        by: "program",
        why: "the first one",
        seconds: 9 * HOUR,
        end: "held, or its owner is dead",
      },
    ],
  ],
  [
    "a failover, by the console",
    listing(["xcatmn1", 1, [], { releasing: 3, released: 4 }], ["xcatmn2", 5, ["from xcatmn1", "origin console"]]),
    [
      { seconds: 3 * HOUR, end: "released, database shut down" },
      { by: "console", why: "from xcatmn1", seconds: 5 * HOUR },
    ],
  ],
  [
    "a takeover",
    listing(["xcatmn1", 1], ["xcatmn2", 5, TAKEOVER]),
    [
      { seconds: 4 * HOUR, end: "taken over by xcatmn2" },
      { by: "takeover", why: "over epoch 1 of xcatmn1, by fence: burnt power supply" },
    ],
  ],
  [
    "a node that was rebooted claims anew",
    listing(["xcatmn1", 1], ["xcatmn1", 2, ["from xcatmn1"]]),
    [{ seconds: HOUR, end: "not released; claimed anew in epoch 2" }, { why: "again" }],
  ],
  ["a release has begun", listing(["xcatmn1", 1, [], { releasing: 2 }]), [{ end: "its release has begun" }]],
  [
    "the final one",
    listing(["xcatmn1", 1, ["dissolving yes"]]),
    [{ why: "dissolves the pair and takes the data home" }],
  ],
  ["an owner file without a time", listing(["xcatmn1", "noon"]), [{ since: "noon", seconds: undefined }]],
  ["a clock that went back", listing(["xcatmn1", 12]), [{ seconds: undefined }]],
  [
    "the next one without a time",
    listing(["xcatmn1", 1], ["xcatmn2", "noon", TAKEOVER]),
    [{ seconds: undefined, end: "taken over by xcatmn2" }, {}],
  ],
  [
    "an owner file that is empty",
    `at 000001.owner ${DAY}\n`,
    [{ node: "not told", since: "not told", by: "not told", seconds: undefined }],
  ],
  ["a mark without its owner", `at 000001.released ${DAY}\n`, []],
];
for (const [what, text, expected] of EPOCHS)
  test(`history: ${what}`, () => {
    const epochs = epochsOf(text, NOW);
    assert.equal(epochs.length, expected.length);
    for (const [index, one] of expected.entries())
      for (const [key, value] of Object.entries(one)) assert.equal(epochs[index][key as keyof Epoch], value, key);
  });

test("history: what is no line of an epoch is an error, and never left out", () => {
  assert.throws(() => epochsOf("grep: 000001.owner: Input/output error\n", NOW), /not a line of the epochs/);
});

test("how long, in words", () => {
  const words = [undefined, 0, 59, 60, 3661, 86400, 90061, 86400 + 60].map(duration);
  assert.deepEqual(words, ["cannot be told", "0 s", "59 s", "1 min", "1 h 1 min", "1 d", "1 d 1 h", "1 d"]);
});

test("verify: each check with its reason", () => {
  assert.deepEqual(checksOf("ok\tbeat\tobserved\nfailed\txcatprobe\tno\tpulumi up\nfailed\tbeat\tno\ta\tb\n"), [
    { result: "ok", check: "beat", what: "observed" },
    { result: "failed", check: "xcatprobe", what: "no", next: "pulumi up" },
    { result: "failed", check: "beat", what: "no", next: "a\nb" },
  ]);
});

const lookOf = (node: string, lease: string): NodeLook =>
  lease === "dead"
    ? { node, reached: false, error: { seen: "no answer", evidence: "", next: "" } }
    : { node, reached: true, address: "", values: { lease: answerOf(lease), role: answerOf("is a role") } };
const ACTIVE: [leases: [string, string], answer: string | RegExp][] = [
  [["is mine", "is other"], "xcatmn1"],
  [["is other", "is mine"], "xcatmn2"],
  [["dead", "is mine"], "xcatmn2"],
  [
    ["is released", "is released"],
    /^error: no node is active.*\nevidence: xcatmn1: a role; xcatmn2: a role\nnext: xcat-ha status/,
  ],
  [["is mine-rebooted", "is other"], /^error: no node is active/],
  [
    ["dead", "is other"],
    /^error: which node is active cannot be told.*\nevidence: xcatmn1: no answer; xcatmn2: a role/,
  ],
  [["unknown share", "is other"], /^error: which node is active cannot be told/],
];
for (const [leases, answer] of ACTIVE)
  test(`verify: of ${leases.join(" and ")} it is ${answer}`, () => {
    const ask = () => activeNode(leases.map((lease, index) => lookOf(`xcatmn${index + 1}`, lease)));
    if (typeof answer === "string") assert.equal(ask(), answer);
    else assert.throws(ask, ({ message }: Error) => answer.test(message));
  });
