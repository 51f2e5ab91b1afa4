// The report: from what was noted to one axis of time, the picture of it, the page, and the files.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { encodeDocument } from "../../components/remote/document";
import { offsetOf } from "../../ops/clocks";
import { Context } from "../../ops/context";
import { OpsError } from "../../ops/ending";
import { epochsClaimed, keepRun, keptRun } from "../../ops/keptRuns";
import type { Reached } from "../../ops/nodes";
import { fitted, htmlOf, svgOf, ticks, widthOf, wrapped } from "../../ops/picture";
import { recordsOf, report, writeReport } from "../../ops/report";
import { type Outage, outageText, type Records, type Timeline, timelineOf } from "../../ops/timeline";
import { scratch } from "../helpers/scratch";
import { A, ALONE, B, FILES, KEPT, NOON, noted, PICTURES, RECORDS, without } from "./reportSample";
import { boxesOf, troubles } from "./svgBoxes";

const at = scratch("report");

const bars = ({ groups }: Timeline, group: number, label: string) =>
  groups[group].rows.find((row) => row.label === label)?.bars.map(({ kind, from, to }) => [kind, from, to]);
const outages = (timeline: Timeline) =>
  Object.fromEntries(timeline.outages.map((outage) => [outage.service, outageText(outage)]));

test("every step of both nodes on one axis, by the workstation's clock: from the first stop on", () => {
  const timeline = timelineOf(RECORDS);
  assert.equal(timeline.title, "Change of the active node: epoch 9, xcatmn1 to xcatmn2");
  // The console was the first to go: its last answer.
  assert.equal(timeline.zero, NOON + 1603);
  assert.deepEqual(
    timeline.groups.map(({ title, rows }) => [title, rows.length]),
    [
      ["Outage as this workstation saw it", 7],
      ["xcatmn1: its steps", 18],
      ["xcatmn2: its steps", 16],
    ],
  );
  assert.deepEqual(bars(timeline, 1, "dhcpd stops"), [["piece", 0.677, 0.797]]);
  // Until the release it could only wait.
  assert.deepEqual(bars(timeline, 2, "claim handover"), [
    ["waits", -9.603, 2.597],
    ["step", 2.597, 2.897],
  ]);
  assert.deepEqual(bars(timeline, 2, "verify"), [["step", 12.397, 59.397]]);
  // What nobody waited for is longer than what they waited for: not all of it is in the picture.
  assert.ok(timeline.from > -4 && timeline.to < 12, `${timeline.from} to ${timeline.to}`);
});

test("the outage of each service: by the client, and by the nodes' own times where none can ask", () => {
  assert.deepEqual(outages(timelineOf(RECORDS)), {
    VIP: "1.40 s",
    PostgreSQL: "3.20 s",
    xcatd: "5.40 s",
    DNS: "6.40 s",
    DHCP: "7.02 s, nodes' times",
    TFTP: "5.40 s",
    console: "8.00 s",
  });
});

test("what took longest, of what lay in the outage: a service for itself, and what is left of its step", () => {
  const { longest } = timelineOf(RECORDS);
  assert.deepEqual(
    longest.map(({ node, what, seconds }) => `${node} ${what} ${seconds.toFixed(2)}`),
    [
      "xcatmn2 xcatd starts 1.55",
      "xcatmn2 virtualIp 1.20",
      "xcatmn2 named starts 0.65",
      "xcatmn2 postgresql starts 0.49",
      "xcatmn1 xcatd stops 0.48",
    ],
  );
});

test("what the old node does behind its release kept nobody waiting", () => {
  const { longest } = timelineOf(without(B, { node: B, runs: [] }));
  assert.deepEqual(
    longest.map(({ what }) => what),
    ["xcatd stops", "postgresql stops", "conserver stops", "network, what is left of it", "named stops"],
  );
});

const service = (name: string, seen: Partial<(typeof KEPT.services)[number]>) => ({
  ...RECORDS,
  kept: { ...KEPT, services: KEPT.services.map((one) => (one.service === name ? { ...one, ...seen } : one)) },
});
const LACKING: [what: string, records: Records, name: string, text: string, said: RegExp][] = [
  ["no client", ALONE, "xcatd", "5.38 s, nodes' times", /No xcat-ha failover of this workstation claimed epoch 9/],
  ["no client", ALONE, "VIP", "2.10 s, nodes' times", /^/],
  ["no client", ALONE, "TFTP", "not recorded", /TFTP: not recorded: no unit of the pair: no node notes it/],
  [
    "a service that never answered",
    service("DNS", { answered: 0, gaps: [] }),
    "DNS",
    "6.51 s, nodes' times",
    /By the nodes' own times, .*: DNS \(it never answered this workstation\), DHCP\./,
  ],
  ["a service that never went", service("DNS", { gaps: [] }), "DNS", "none", /^/],
  [
    "one that does not come back",
    service("DNS", { gaps: [{ from: NOON + 2000 }], until: NOON + 62000 }),
    "DNS",
    "at least 60.0 s",
    /^/,
  ],
  [
    "one that went twice",
    service("DNS", {
      gaps: [
        { from: NOON + 2000, to: NOON + 3000 },
        { from: NOON + 4000, to: NOON + 6000 },
      ],
    }),
    "DNS",
    "3.00 s in 2 parts",
    /^/,
  ],
  [
    "the old node noted nothing",
    without(A, { node: A, runs: [] }),
    "DHCP",
    "not recorded",
    /DHCP: not recorded: no stop of it is noted for epoch 9/,
  ],
  [
    "the old node cannot be asked",
    without(A, { node: A, unknown: "no answer" }),
    "DHCP",
    "not recorded",
    /DHCP: not recorded: no stop/,
  ],
];
for (const [what, records, name, text, said] of LACKING)
  test(`${what}: the outage of ${name} is ${text}`, () => {
    const timeline = timelineOf(records);
    assert.equal(outages(timeline)[name], text);
    assert.match(timeline.notes.join("\n"), said);
  });

test("a node that noted nothing, and one that cannot be asked, are told apart", () => {
  const note = (records: Records) => timelineOf(records).groups[1].note;
  assert.match(note(without(A, { node: A, runs: [] })) ?? "", /^not recorded: no run of xcatmn1 for epoch 9/);
  assert.equal(note(without(A, { node: A, unknown: "no answer" })), "cannot be told: no answer");
  assert.equal(note(RECORDS), undefined);
});

const CLOCKS: [what: string, records: Records, said: RegExp][] = [
  [
    "measured before the failover",
    RECORDS,
    /^xcatmn1: its clock is 2\.500 s ahead .*, give or take 0\.008 s, as measured before the failover/,
  ],
  [
    "measured for the report",
    { ...ALONE, clocks: [{ node: A, share: "one", offset: -40, uncertainty: 5 }] },
    /^xcatmn1: its clock is 0\.040 s behind .*, give or take 0\.005 s, as measured for this report/,
  ],
  [
    "not measured",
    { ...ALONE, clocks: [{ node: A, unknown: "no answer" }] },
    /^xcatmn1: how far its clock is off cannot be told: no answer; its times are as it noted them$/,
  ],
];
for (const [what, records, said] of CLOCKS)
  test(`the clock of a node, ${what}: it is said`, () => assert.match(timelineOf(records).clocks[0], said));

test("a clock's offset: in the middle of the way, wrong by half of it at most", () => {
  assert.deepEqual(offsetOf(1000, 5010, 1020), { offset: 4000, uncertainty: 11 });
  assert.throws(() => offsetOf(0, Number("noon"), 0), /a clock said NaN/);
});

/** Tags are closed in the order in which they were opened; a document of XML, as far as this one goes. */
function assertWellFormed(svg: string) {
  const open: string[] = [];
  for (const [, close, name, rest] of svg.replaceAll(/<!--.*?-->/g, "").matchAll(/<(\/?)([a-zA-Z]+)([^<>]*)>/g)) {
    if (close) assert.equal(open.pop(), name);
    else if (!rest.endsWith("/")) open.push(name);
  }
  assert.deepEqual(open, []);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML cannot hold them
  assert.doesNotMatch(svg, /&(?!(amp|lt|gt|quot|#39);)|[\u0000-\u0008]/);
}
for (const [what, records] of PICTURES)
  test(`the picture of ${what}: each text lies within it, and none over another one`, () => {
    const svg = svgOf(timelineOf(records));
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
    const boxes = boxesOf(svg);
    assert.equal(boxes.length, svg.match(/<text /g)?.length);
    assert.deepEqual(troubles(boxes, Number(width), Number(height)), []);
    assertWellFormed(svg);
    for (const [, x, wide] of svg.matchAll(/<rect class="\w+" x="([-\d.]+)" y="[-\d.]+" width="([-\d.]+)"/g))
      assert.ok(Number(x) >= 0 && Number(wide) > 0 && Number(x) + Number(wide) <= Number(width), `${x} ${wide}`);
  });

test("what looks for overlaps and texts that leave the picture finds them", () => {
  const text = (x: number, y: number, words: string) => `<text x="${x}" y="${y}">${words}</text>`;
  const found = troubles(
    boxesOf([text(10, 20, "one"), text(20, 25, "two"), text(990, 90, "three")].join("")),
    1000,
    100,
  );
  assert.deepEqual(found, ['"three" leaves the picture', '"one" lies over "two"']);
});

for (const [what, records] of PICTURES)
  test(`the page of ${what} needs nothing from outside, and runs nothing`, () => {
    const html = htmlOf(timelineOf(records), []);
    // What it shows of its records is escaped, and no address of its own.
    const markup = [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/ aria-label="[^"]*"/, "")).join("\n");
    assert.doesNotMatch(markup, /https?:|\bsrc=|\bhref=|<script|<link|<img|<iframe|<object|@import|url\((?!#)/);
    assert.match(html, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/);
    assert.doesNotMatch([...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].join(), /https?:|@import|url\((?!#)/);
  });

test("the page holds the picture, and each step with its times", () => {
  const html = htmlOf(timelineOf(RECORDS), [["VIP", "1.40 s", "asked"]]);
  for (const text of ["<svg viewBox", "<td>VIP</td><td>1.40 s</td>", '<td>verify</td><td class="number">12.40</td>'])
    assert.ok(html.includes(text), text);
});

test("colours are not all that tells bars apart, there is a dark mode, and each bar says what it is", () => {
  const svg = svgOf(timelineOf(RECORDS));
  assert.match(svg, /prefers-color-scheme:dark/);
  for (const words of ["does not answer", "a step", "a service in it", "waits for the other node", "failed"])
    assert.ok(svg.includes(`>${words}</text>`), words);
  assert.match(svg, /<pattern id="waits"[\s\S]*<pattern id="failed"/);
  assert.match(svg, /<rect class="piece"[^>]*><title>xcatd starts: 1\.55 s, from 4\.95 to 6\.50 s<\/title><\/rect>/);
});

test("words that have too little room are cut, or go to the next line", () => {
  assert.equal(fitted("abc", 1000), "abc");
  const cut = fitted("a long name of a step", 80);
  assert.ok(cut.endsWith("...") && widthOf(cut) <= 80, cut);
  assert.deepEqual(wrapped("one two three", widthOf("one two")), ["one two", "three"]);
  for (const line of wrapped(`a ${"W".repeat(99)} b`, 100)) assert.ok(widthOf(line) <= 100, line);
});

test("the axis has round times, and not too many", () => {
  assert.deepEqual(ticks(-2.9, 10.4, 8), [-2, 0, 2, 4, 6, 8, 10]);
  assert.deepEqual(ticks(0, 1, 12), [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
  assert.ok(ticks(-0.3, 5000, 5).length <= 6);
});

test("a report is written anew, and nothing else is", () => {
  const timeline = timelineOf(RECORDS);
  const files = writeReport(at(), timeline);
  assert.deepEqual(readdirSync(at()).sort(), ["xcat-ha-epoch-9.html", "xcat-ha-epoch-9.svg"]);
  writeReport(at(), { ...timeline, title: "another" });
  assert.match(readFileSync(files.html, "utf8"), /<title>another<\/title>/);
  const before = readFileSync(files.svg, "utf8");
  for (const spoil of [() => writeFileSync(files.html, "my thesis"), () => mkdirSync(at("no"))]) {
    spoil();
    const folder = spoil.toString().includes("thesis") ? at() : at("no");
    if (folder !== at()) mkdirSync(at("no", "xcat-ha-epoch-9.svg"));
    assert.throws(
      () => writeReport(folder, timeline),
      (error: OpsError) =>
        error.ending === "refused" && /no report of xcat-ha; .*; nothing was written$/.test(error.seen),
    );
  }
  assert.equal(readFileSync(files.svg, "utf8"), before);
  assert.equal(readFileSync(files.html, "utf8"), "my thesis");
});

const LISTING = ["at 000008.owner 1", "at 000009.owner 1", `000008.owner:node ${A}`, `000009.owner:node ${B}`].join(
  "\n",
);
const session = (node: string, answers: Record<string, string | Error>): Reached => ({
  node,
  session: {
    ask: async (verb: string) => {
      const answer = answers[verb];
      if (typeof answer !== "string") throw answer;
      return answer;
    },
    // biome-ignore lint/suspicious/noExplicitAny: what is asked of it is all that it has
  } as any,
});
const pair = (more: Record<string, string | Error> = {}) =>
  [B, A].map((node) =>
    session(node, {
      history: encodeDocument({ epochs: LISTING, now: "5" }),
      now: encodeDocument({ now: String(Date.now()), share: "one" }),
      steps: encodeDocument(FILES[node]),
      ...more,
    }),
  );
const SERVICES = { services: { database: ["postgresql", "xcatd"], network: ["named", "dhcpd", "conserver"] } };

test("the newest epoch, or the one that is asked for; who stepped down stands first; with what was seen from here", async () => {
  keepRun(at("failover-2.log"), KEPT);
  keepRun(at("failover-1.log"), { ...KEPT, share: "two" });
  writeFileSync(at("failover-3.json"), "{");
  const { records, unread } = await recordsOf(SERVICES, pair(), at());
  assert.deepEqual([records.epoch.epoch, records.from, records.kept?.share], [9, A, "one"]);
  assert.deepEqual(
    records.nodes.map((one) => [one.node, "runs" in one && one.runs.length]),
    [
      [A, 1],
      [B, 1],
    ],
  );
  assert.deepEqual(unread, [at("failover-3.json")]);
  const older = await recordsOf(SERVICES, pair(), at(), 8);
  assert.deepEqual([older.records.epoch.node, older.records.kept, older.records.from], [A, undefined, undefined]);
});

test("a node that cannot be asked hides nothing of the other one", async () => {
  const dead: Reached = { node: A, error: new OpsError("unknown", "no answer", "ssh", "look") };
  const { records } = await recordsOf(SERVICES, [dead, pair()[0]], at());
  assert.deepEqual(records.nodes[0], { node: A, unknown: "no answer" });
  assert.equal(timelineOf(records).groups[2].rows.length, 16);
  const old = await recordsOf(
    SERVICES,
    pair({ steps: new Error("verb_steps: command not found"), now: new Error("x") }),
    at(),
  );
  assert.match(timelineOf(old.records).groups[1].note ?? "", /^cannot be told: verb_steps/);
});

test("an epoch that does not exist, none at all, and epochs that nobody can read are errors", async () => {
  const fails = (reached: Reached[], wanted?: number) =>
    recordsOf(SERVICES, reached, at(), wanted).then(
      () => "no error",
      ({ ending, seen }: OpsError) => `${ending}: ${seen}`,
    );
  assert.equal(await fails(pair(), 12), "usage: EPOCH: seen 12; expected one from 8 to 9");
  assert.match(
    await fails(pair({ history: encodeDocument({ epochs: "", now: "5" }) })),
    /^refused: no epoch exists yet/,
  );
  assert.match(
    await fails(pair({ history: new Error("error: it hangs") })),
    /^unknown: no node could read the epochs: it hangs/,
  );
});

test("what was typed wrong is said before anybody is asked", async () => {
  class Quiet extends Context {
    override cluster() {
      return SERVICES as ReturnType<Context["cluster"]>;
    }
  }
  const fails = (...typed: Parameters<typeof report> extends [unknown, ...infer Rest] ? Rest : never) =>
    report(new Quiet("", true), ...typed).catch(({ ending, seen }: OpsError) => `${ending}: ${seen}`);
  assert.match(String(await fails({}, ["nine"])), /^usage: EPOCH: seen "nine"/);
  assert.match(String(await fails({ output: at("nowhere") }, [])), /^usage: --output: seen /);
});

const HEARD = ["owner lease: epoch 9 is ours", "x", "owner lease: epoch 10 is ours"].map((text) => ({
  node: B,
  at: 1,
  text,
}));
test("a run is kept by the epochs that it claimed, and by its share; none, where no node said which share", () => {
  assert.deepEqual(epochsClaimed(HEARD, 8, 10), [9, 10]);
  assert.deepEqual(epochsClaimed([], 8, 9), [9]);
  assert.deepEqual(epochsClaimed([], 9, 9), []);
  assert.deepEqual(epochsClaimed([]), []);
  assert.deepEqual(keptRun(at("nowhere"), "one", 9), { unread: [] });
  const file = keepRun(at("failover-1.log"), KEPT);
  assert.deepEqual(keptRun(at(), "one", 9), { run: KEPT, file, unread: [] });
  for (const [share, epoch] of [
    ["one", 8],
    ["two", 9],
    ["", 9],
  ] as const)
    assert.equal(keptRun(at(), share, epoch).run, undefined);
});

test("a run whose end was not noted: until when is not told", () => {
  const text = noted(0, [
    [0, "run", "active program"],
    [1, "lease", "released 8"],
    [1, "step", "claim -"],
    [1.5, "said", "owner lease: epoch 9 is ours"],
    [2, "step", "apply network"],
  ]);
  return recordsOf(SERVICES, pair({ steps: encodeDocument({ a: text }) }), at()).then(({ records }) => {
    const row = timelineOf(records).groups[1].rows.at(-1);
    assert.deepEqual([row?.label, row?.value, row?.bars[0].to], ["network", "no end", undefined]);
    assert.match(row?.bars[0].title ?? "", /its end is not recorded/);
  });
});

const TEXTS: [outage: Partial<Outage>, text: string][] = [
  [{ seen: "nobody" }, "not recorded"],
  [{ seen: "client", seconds: 0 }, "none"],
  [{ seen: "client", seconds: 12.345, gaps: [{}] }, "12.3 s"],
];
for (const [outage, text] of TEXTS)
  test(`an outage in words: ${text}`, () =>
    assert.equal(outageText({ service: "x", gaps: [], ...outage } as Outage), text));
