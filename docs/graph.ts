// docs/order.svg: which steps run in which order for each change of role, what is down from when to when, and where it may be cut. The steps are
// asked of the node program's own plan, with the manifest of the checkout: the picture cannot say anything else than what runs. `npm run graph`
// draws it; a unit test finds it out of date.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { instance } from "@viz-js/viz";
import { MANIFEST, manifestText, PARTS } from "../components/manifest";
import { programFiles } from "../components/remote/program";

const ROOT = join(__dirname, "..");

const PLAN = programFiles()
  .filter((file) => file.startsWith("lib/plan"))
  .map((file) => `source node/${file};`)
  .join(" ");
/** What is observed in each change of role that is drawn; node/lib/plan/plan.sh says what each means. */
const FACTS = {
  node: "xcatmn1",
  peer: "xcatmn2",
  share_path: "/HA",
  share: "ok",
  system: "ok",
  lease: "released",
  sentence: "the lease is free",
  holder: "xcatmn2",
  links: "all",
  shared: "present",
  running: "",
  needed: "0",
  free: "9999999",
  vip: "the VIP",
  cfgloc: "Pg the VIP",
  mount: "ok",
  own_name: "ok",
  clock: "ok",
  clock_limit: "10",
  static: "here",
  epoch: "7",
  takeover: "",
  takeover_by: "",
  signs: "",
  fence: "",
  by: "program",
};
type Change = {
  title: string;
  /** Whether what clients ask for is there when it begins. */
  served: boolean;
  facts: Partial<typeof FACTS> & { role: string };
};
/** By rows of the picture. The first is a planned failover, on both nodes. */
const CHANGES: Change[][] = [
  [
    {
      title: "Failover, the old node: stepping down",
      served: true,
      facts: { role: "standby", lease: "mine", holder: "xcatmn1", running: "xcatd " },
    },
    { title: "Failover, the new node: becoming active", served: false, facts: { role: "active" } },
    { title: "An activation that fails: rollback", served: false, facts: { role: "rollback" } },
  ],
  [
    {
      title: "First setup of the active node",
      served: true,
      facts: { role: "active", lease: "none", holder: "", links: "none", shared: "absent" },
    },
    {
      title: "Takeover with a fence",
      served: false,
      facts: {
        role: "active",
        lease: "other",
        sentence: "epoch 7 is held by xcatmn2",
        takeover: "7",
        takeover_by: "fence",
        signs: "none",
        fence: "on",
      },
    },
  ],
];

/** The steps of a change of role, as the node program plans them: verb and argument. */
function stepsOf(facts: Record<string, string>): string[][] {
  const entries = Object.entries({ ...FACTS, ...facts }).map(([key, value]) => `[${key}]='${value}'`);
  const unset =
    "mounted elsewhere astray unfit peer_unfit peer_untold unlike apart login root_key missing both copy database virtual_ip mistakes outage traps traps_untold dissolved dissolving tools lacking stack managed_by owners handover takeover_reason from_console frozen";
  const script = `set -euo pipefail; ${PLAN} mapfile -t MANIFEST <<'M'\n${manifestText()}\nM\ndeclare -A FACT=(${entries.join(" ")}); for key in ${unset}; do FACT[$key]=; done; plan`;
  return execFileSync("bash", ["-c", script], { cwd: ROOT, encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.split("\t"))
    .filter(([verb]) => verb !== "note");
}

/** What a step is called, by its verb and argument; of a part, as an active node applies it and as one that steps down does. */
const WORDS: Record<string, string | [active: string, standby: string]> = {
  ...Object.fromEntries(PARTS.map((part) => [`apply ${part}`, MANIFEST[part].step ?? part])),
  "export begin": "export the cluster data",
  "export end": "export the cluster data",
  "prepare sharedDataLinks": "copy the data ahead",
  "quiesce -": "stop and disable services",
  "claim -": "claim the next epoch",
  "claim takeover": "claim over the dead owner",
  "hosts own": "hand on /etc/hosts",
  "hosts newest": "take the newest /etc/hosts",
  "hosts keep": "leave /etc/hosts",
  "verify -": "verify",
  "record -": "note what runs",
  "release -": "say that the release begins",
  "prove -": "prove that nothing runs",
  "released -": "release the lease",
  "fence -": "switch the other node off",
  "judge -": "look for signs of life",
};

/** What clients ask for, and the part that brings it and takes it away. */
const SERVED: [what: string, part: string][] = [
  ["VIP", "virtualIp"],
  ["database", "database"],
  ["DNS, DHCP", "network"],
];
/** Steps from which on a run that is cut leaves something half done. */
const CHANGING = ["quiesce", "fence", "release", "claim"];

const COLOUR = { up: "#86efac", down: "#fca5a5", free: "#ffffff", half: "#fde68a", lease: "#e0e7ff", head: "#f3f4f6" };

type Row = { text: string; up: boolean[]; cut: "free" | "half"; lease: boolean };

/** Each step with what is up while it runs (what it starts is up behind it, what it stops is down from it on), and what a cut leaves. */
export function rowsOf({ served, facts }: Change): Row[] {
  const steps = stepsOf(facts);
  const active = facts.role === "active";
  const last = active
    ? steps.findIndex(([verb, argument]) => `${verb} ${argument}` === "apply network")
    : steps.findIndex(([verb]) => verb === "released");
  const first = steps.findIndex(([verb]) => CHANGING.includes(verb));
  const up = SERVED.map(() => served);
  return steps.map(([verb, argument], at) => {
    const words = WORDS[`${verb} ${argument}`];
    if (words === undefined) throw new Error(`the picture has no words for the step ${verb} ${argument}`);
    const stopped = verb === "quiesce" ? SERVED.slice(1) : active ? [] : SERVED.filter(([, part]) => part === argument);
    for (const one of stopped) up[SERVED.indexOf(one)] = false;
    const row: Row = {
      text: typeof words === "string" ? words : words[active ? 0 : 1],
      up: [...up],
      cut: at < first || at > last ? "free" : "half",
      lease: ["claim", "release", "released"].includes(verb),
    };
    if (active) for (const [at, [, part]] of SERVED.entries()) if (part === argument && verb === "apply") up[at] = true;
    return row;
  });
}

export const changes = () => CHANGES.flat().map((change) => ({ ...change, rows: rowsOf(change) }));

const FONT_SIZE = 10;
/** So wide that a text of so many characters fits: who looks at the picture has another font than who draws it. They begin at the left. */
const widthOf = (characters: number) => Math.ceil((characters + 2) * 0.7 * FONT_SIZE);
const TEXT_WIDTH = widthOf(
  Math.max(
    ...Object.values(WORDS)
      .flat()
      .map((text) => text.length),
  ),
);
const BAR_WIDTH = widthOf(Math.max(...SERVED.map(([what]) => what.length)) - 1);

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const cell = (text: string, width: number, colour: string, more = "") =>
  `<TD FIXEDSIZE="TRUE" HEIGHT="20" WIDTH="${width}" BGCOLOR="${colour}" ALIGN="LEFT" ${more}>&#160;${escaped(text)}</TD>`;

function table(name: string, { title, rows }: { title: string; rows: Row[] }): string {
  const columns = 2 + SERVED.length;
  const heads = ["a cut", "step", ...SERVED.map(([what]) => what)];
  const widths = [widthOf("goes on".length), TEXT_WIDTH, ...SERVED.map(() => BAR_WIDTH)];
  const whole = widths.reduce((sum, width) => sum + width);
  const lines = [
    `<TD COLSPAN="${columns}" FIXEDSIZE="TRUE" HEIGHT="26" WIDTH="${whole}" BGCOLOR="${COLOUR.head}" ALIGN="LEFT"><B>&#160;${escaped(title)}</B></TD>`,
    heads.map((head, at) => cell(head, widths[at], COLOUR.head)).join(""),
    ...rows.map(({ text, up, cut, lease }, at) =>
      [
        cell(cut === "half" ? "goes on" : "", widths[0], COLOUR[cut], `PORT="w${at}"`),
        cell(text, TEXT_WIDTH, lease ? COLOUR.lease : COLOUR.free),
        ...up.map((is, bar) => cell(is ? "" : "down", BAR_WIDTH, is ? COLOUR.up : COLOUR.down, `PORT="e${at}_${bar}"`)),
      ].join(""),
    ),
  ];
  const text = lines.map((line) => `<TR>${line}</TR>`).join("\n");
  return `${name} [label=<<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="0" COLOR="#9ca3af">\n${text}\n</TABLE>>]`;
}

const LEGEND = [
  [COLOUR.up, "what clients ask for is there, on this node"],
  [COLOUR.down, "it is down on this node"],
  [COLOUR.half, "a cut here leaves it half done: the same command again goes on"],
  [COLOUR.free, "a cut here: nothing has changed yet, or nothing that clients see is left"],
  [COLOUR.lease, "a step of the owner lease"],
];

/** Graphviz's text: a table for each change of role, below each other the rows of them. */
export function graphText(): string {
  const names = CHANGES.map((row, at) => row.map((_, column) => `c${at}_${column}`));
  const tables = CHANGES.flatMap((row, at) =>
    row.map((change, column) => table(names[at][column], { title: change.title, rows: rowsOf(change) })),
  );
  const legend = LEGEND.map(
    ([colour, text]) => `<TR>${cell("", 24, colour)}${cell(text, widthOf(72), COLOUR.free)}</TR>`,
  ).join("\n");
  const [stepping, becoming] = CHANGES[0].map(rowsOf);
  const released = stepping.findIndex(({ text }) => text === WORDS["released -"]);
  const claimed = becoming.findIndex(({ text }) => text === WORDS["claim -"]);
  return [
    "digraph {",
    `node [shape=plaintext, fontname="sans-serif", fontsize=${FONT_SIZE}]; edge [color="#4f46e5"]; ranksep=0.3; nodesep=0.6;`,
    ...tables,
    `legend [label=<<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="2" COLOR="#9ca3af">\n${legend}\n</TABLE>>]`,
    ...names.map((row) => `{ rank=same; ${row.join("; ")}; }`),
    `${names[1][0]} -> legend [style=invis]`,
    `${names[0][0]} -> ${names[1][0]} [style=invis]`,
    `${names[0][1]} -> ${names[1][1]} [style=invis]`,
    `${names[0][0]}:e${released}_${SERVED.length - 1}:e -> ${names[0][1]}:w${claimed}:w [constraint=false, penwidth=2]`,
    "}",
  ].join("\n");
}

/** The picture. */
export async function graphSvg(): Promise<string> {
  return (await instance()).renderString(graphText(), { format: "svg" });
}

if (require.main === module) graphSvg().then((svg) => writeFileSync(join(ROOT, "docs/order.svg"), svg));
