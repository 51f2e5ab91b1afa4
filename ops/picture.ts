// A timeline as a picture, and a page around it. Pure text, no browser, nothing from outside.
import type { Bar, BarKind, Row, Timeline } from "./timeline";

/** What this file has made; anything else is not overwritten. */
export const MARK = "xcat-ha report";

const WIDTH = 1100;
const FONT = 12;
const TITLE = 17;
const MARGIN = 16;
const ROW = 18;
const BAR = 11;
const INDENT = 12;
const MOST_LABEL = 300;
const LEAST_BAR = 2;
const FAMILY = "Verdana, 'DejaVu Sans', Helvetica, Arial, sans-serif";

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** What XML cannot hold at all is shown as what it is: something else. */
export const escaped = (text: string) =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g, "\ufffd")
    .replaceAll(/[&<>"']/g, (character) => ESCAPES[character]);

/** Not less than any of the fonts takes, in pixels: a text may have room to spare, and never too little. */
export function widthOf(text: string, size = FONT): number {
  const em = [...text].map((character) => {
    if (/[ .,:;'|!ijlI()[\]/frt-]/.test(character)) return 0.48;
    if (/[mwMW@%+<>=]/.test(character)) return 1.08;
    if (/[a-z0-9]/.test(character)) return 0.66;
    if (/[\u0021-\u007e]/.test(character)) return 0.85;
    return 1.3;
  });
  return em.reduce((all, one) => all + one, 0) * size;
}
/** Bold letters need more. */
const BOLD = 1.15;

/** As much of it as has room. */
export function fitted(text: string, width: number, size = FONT): string {
  if (widthOf(text, size) <= width) return text;
  let room = width - widthOf("...", size);
  let kept = "";
  for (const character of text) {
    room -= widthOf(character, size);
    if (room < 0) break;
    kept += character;
  }
  return `${kept.trimEnd()}...`;
}

/** In lines of that width; a word that is longer than a line is cut. */
export function wrapped(text: string, width: number, size = FONT): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && widthOf(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(fitted(word, width, size));
  }
  return lines;
}

const STYLE = `text{font:${FONT}px ${FAMILY};fill:#111}
.title{font-size:${TITLE}px;font-weight:bold}.head{font-weight:bold;paint-order:stroke;stroke:#fff;stroke-width:4px}.dim{fill:#444}
.paper{fill:#fff}.line{stroke:#ccc;stroke-width:1}.zero{stroke:#111;stroke-width:1}
.outage{fill:#a50026;stroke:#111}.step{fill:#9ecae1;stroke:#111}.piece{fill:#3182bd;stroke:#111}
.waits{fill:url(#waits);stroke:#555}.failed{fill:url(#failed);stroke:#111}.edge{fill:#111}
.stroke{stroke:#555}.cross{stroke:#111}
@media (prefers-color-scheme:dark){text{fill:#eee}.dim{fill:#bbb}.paper{fill:#1b1b1b}.head{stroke:#1b1b1b}.line{stroke:#444}.zero{stroke:#eee}
.outage{fill:#ff6b5e;stroke:#eee}.step{fill:#2f6f9f;stroke:#eee}.piece{fill:#8fc7f0;stroke:#eee}.waits,.stroke{stroke:#aaa}.failed,.cross{stroke:#eee}.edge{fill:#eee}}`;

/** Told apart without colour too: dark, light, dark and small, hatched, crossed. */
const LEGEND: [kind: BarKind, words: string][] = [
  ["outage", "does not answer"],
  ["step", "a step"],
  ["piece", "a service in it"],
  ["waits", "waits for the other node"],
  ["failed", "failed"],
];

type Shape = { left: number; right: number; seconds: [number, number] };

const text = (x: number, y: number, words: string, style = "", end = false) =>
  words === ""
    ? ""
    : `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${style && ` class="${style}"`}${end ? ' text-anchor="end"' : ""}>${escaped(words)}</text>`;

const place = ({ left, right, seconds: [from, to] }: Shape, time: number) =>
  left + ((Math.min(Math.max(time, from), to) - from) / (to - from)) * (right - left);

const box = (kind: BarKind, x: number, y: number, width: number, title = "") => {
  const small = kind === "piece" ? 2 : 0;
  return `<rect class="${kind}" x="${x.toFixed(1)}" y="${(y + small).toFixed(1)}" width="${width.toFixed(1)}" height="${BAR - 2 * small}">${title && `<title>${escaped(title)}</title>`}</rect>`;
};

/** An arrow stands for what goes on beyond the picture. */
function barShapes(shape: Shape, y: number, { kind, from, to, title }: Bar): string {
  const [first, last] = shape.seconds;
  const left = place(shape, from ?? first);
  const right = place(shape, to ?? last);
  const width = Math.max(right - left, LEAST_BAR);
  const x = Math.min(left, shape.right - width);
  const middle = y + BAR / 2;
  const arrow = (tip: number, base: number) =>
    `<path class="edge" d="M${tip.toFixed(1)} ${middle}L${base.toFixed(1)} ${y - 1}V${y + BAR + 1}Z"/>`;
  return [
    box(kind, x, y, width, title),
    (from ?? Number.NEGATIVE_INFINITY) < first ? arrow(shape.left - 6, shape.left) : "",
    (to ?? Number.POSITIVE_INFINITY) > last ? arrow(shape.right + 6, shape.right) : "",
  ].join("");
}

/** 0.1, 0.2, 0.5, 1, 2, 5 ...: the smallest at which the axis has no more than `most`. */
export function ticks(from: number, to: number, most: number): number[] {
  const size = 10 ** Math.floor(Math.log10((to - from) / most));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((one) => (to - from) / one <= most) ?? 10 * size;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(6)),
  );
}

const tickText = (time: number) => `${time} s`;

function rowShapes(shape: Shape, y: number, valueX: number, row: Row): string {
  const x = MARGIN + (row.piece ? INDENT : 0);
  const label = fitted(row.label, shape.left - 14 - x);
  const whole = label === row.label ? "" : `<title>${escaped(row.label)}</title>`;
  const words = text(x, y + 10, label, row.piece ? "dim" : "");
  return [
    whole ? words.replace("</text>", `${whole}</text>`) : words,
    ...row.bars.map((bar) => barShapes(shape, y, bar)),
    text(valueX, y + 10, row.value),
  ].join("");
}

function legend(y: number): string {
  let x = MARGIN;
  return LEGEND.map(([kind, words]) => {
    const drawn = box(kind, x, y, 22) + text(x + 28, y + 10, words);
    x += 28 + widthOf(words) + 18;
    return drawn;
  }).join("");
}

/** A whole SVG file. */
export function svgOf(timeline: Timeline): string {
  const rows = timeline.groups.flatMap((group) => group.rows);
  const values = Math.max(0, ...rows.map(({ value }) => widthOf(value)));
  const labels = Math.max(80, ...rows.map(({ label, piece }) => widthOf(label) + (piece ? INDENT : 0)));
  const inner = WIDTH - 2 * MARGIN;
  const shape: Shape = {
    left: MARGIN + Math.min(labels, MOST_LABEL) + 16,
    right: WIDTH - MARGIN - values - 16,
    seconds: [timeline.from, timeline.to],
  };
  const body: string[] = [];
  let y = MARGIN + 16;
  const line = (words: string, style = "", size = FONT) => {
    for (const one of wrapped(words, style === "" || style === "dim" ? inner : inner / BOLD, size)) {
      body.push(text(MARGIN, y, one, style));
      y += size + 6;
    }
  };
  line(timeline.title, "title", TITLE);
  line(timeline.subtitle);
  line(`0 s: ${timeline.zeroIs}, ${new Date(timeline.zero).toISOString()} by this workstation's clock`, "dim");
  y += 2;
  body.push(legend(y));
  y += ROW + 18;
  const top = y;
  const most = Math.max(2, Math.floor((shape.right - shape.left) / (widthOf(tickText(-100.5)) + 10)));
  const axis = ticks(timeline.from, timeline.to, most);
  for (const group of timeline.groups) {
    body.push(text(MARGIN, y + 16, fitted(group.title, inner / BOLD), "head"));
    y += 26;
    if (group.note) {
      y += 10;
      line(group.note, "dim");
      y -= 8;
    }
    for (const row of group.rows) {
      body.push(rowShapes(shape, y, shape.right + 16, row));
      y += ROW;
    }
    y += 8;
  }
  const grid = axis.map((time) => {
    const x = place(shape, time).toFixed(1);
    return `<path class="${time === 0 ? "zero" : "line"}" d="M${x} ${top}V${y}"/>${text(Number(x), top - 4, tickText(time), "dim").replace("<text", '<text text-anchor="middle"')}`;
  });
  y += 16;
  if (timeline.longest.length > 0) line("What took longest while nobody was served", "head");
  for (const { node, what, seconds } of timeline.longest) line(`${seconds.toFixed(2)} s  ${node}: ${what}`);
  y += 6;
  for (const note of [...timeline.notes, ...timeline.clocks]) line(note, "dim");
  const height = Math.ceil(y + MARGIN - 8);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(timeline.title)}">`,
    `<!-- ${MARK} -->`,
    `<title>${escaped(timeline.title)}</title>`,
    `<style>${STYLE}</style>`,
    `<defs><pattern id="waits" width="6" height="6" patternUnits="userSpaceOnUse"><path class="stroke" d="M0 6L6 0"/></pattern><pattern id="failed" width="6" height="6" patternUnits="userSpaceOnUse"><path class="cross" d="M0 6L6 0M0 0L6 6"/></pattern></defs>`,
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    ...grid,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

const PAGE_STYLE = `:root{color-scheme:light dark}body{font:15px/1.45 ${FAMILY};margin:24px auto;max-width:1120px;padding:0 12px;background:#fff;color:#111;overflow-wrap:anywhere}
.picture{overflow-x:auto}svg{display:block;max-width:100%;min-width:760px;height:auto}table{border-collapse:collapse;margin:8px 0 20px}
th,td{text-align:left;vertical-align:top;padding:3px 14px 3px 0;border-bottom:1px solid #ccc}td.number{text-align:right;font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){body{background:#1b1b1b;color:#eee}th,td{border-color:#444}}`;

type Cell = string | number;

function table(head: string[], rows: Cell[][]): string {
  const cell = (value: Cell) =>
    typeof value === "number"
      ? `<td class="number">${value.toFixed(2).replace(/^-(0\.00)$/, "$1")}</td>`
      : `<td>${escaped(value)}</td>`;
  return `<table><tr>${head.map((word) => `<th>${escaped(word)}</th>`).join("")}</tr>\n${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n")}</table>`;
}

/** A page that holds the picture and every number in it. */
export function htmlOf(timeline: Timeline, outages: Cell[][]): string {
  const steps = timeline.groups
    .slice(1)
    .flatMap(({ title, note, rows }) => [
      `<h2>${escaped(title)}</h2>`,
      note ? `<p>${escaped(note)}</p>` : "",
      rows.length === 0 ? "" : table(["step", "from, s", "to, s", "took"], rows.map(stepCells)),
    ]);
  return [
    "<!DOCTYPE html>",
    `<!-- ${MARK} -->`,
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<meta name="viewport" content="width=device-width">`,
    `<title>${escaped(timeline.title)}</title><style>${PAGE_STYLE}</style></head><body>`,
    `<div class="picture">${svgOf(timeline).replace(' xmlns="http://www.w3.org/2000/svg"', "").replace(`<!-- ${MARK} -->\n`, "").trimEnd()}</div>`,
    "<h2>Outage per service</h2>",
    table(["service", "outage", "how it is known"], outages),
    "<h2>What took longest while nobody was served</h2>",
    timeline.longest.length === 0
      ? "<p>No step is noted.</p>"
      : table(
          ["seconds", "node", "what"],
          timeline.longest.map(({ node, what, seconds }) => [seconds, node, what]),
        ),
    ...steps.filter(Boolean),
    "</body></html>",
    "",
  ].join("\n");
}

function stepCells({ label, piece, bars, value }: Row): Cell[] {
  const [first, last] = [bars[0], bars.at(-1)];
  return [
    `${piece ? "\u00a0\u00a0\u00a0" : ""}${label}`,
    first?.from ?? "not recorded",
    last?.to ?? "not recorded",
    value,
  ];
}
