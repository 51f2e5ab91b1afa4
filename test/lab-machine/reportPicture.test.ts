// The report's page as a browser draws it: every text within the picture, none over another one, light and dark, wide and narrow. In it the
// widths that ops/picture.ts reckons with are measured, on which the unit tests rely.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { htmlOf, svgOf, widthOf } from "../../ops/picture";
import { timelineOf } from "../../ops/timeline";
import { PICTURES } from "../unit/reportSample";
import { type Box, troubles } from "../unit/svgBoxes";

const ROOT = join(__dirname, "../..");
const LOOK_AT_PAGE = readFileSync(join(__dirname, "lookAtPage.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "xcat-ha-picture-"));
after(() => rmSync(folder, { recursive: true, force: true }));
before(() => {
  const script =
    "set -euo pipefail; CACHE=$XDG_CACHE_HOME/xcat-ha; source toolchain/lib/progress.sh; source toolchain/lib/packages.sh; debian_packages chromium-headless-shell=chromium-headless-shell";
  const XDG_CACHE_HOME = process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? "/root", ".cache");
  execFileSync("bash", ["-c", script], { cwd: ROOT, env: { ...process.env, XDG_CACHE_HOME }, stdio: "inherit" });
});

type Look = { wide: number; dark: boolean };
type Drawn = {
  texts: (Box & { size: number; bold: boolean; width: number; contrast: number })[];
  bars: { left: number; right: number }[];
  width: number;
  height: number;
  outside: string[];
  beyond: number;
};

function chromium(page: string, { wide, dark }: Look, ...args: string[]): string {
  const options = [
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
    `--user-data-dir=${join(folder, "profile")}`,
    `--window-size=${wide},2400`,
    `--blink-settings=preferredColorScheme=${dark ? 0 : 1}`,
  ];
  const done = spawnSync("chromium-headless-shell", [...options, ...args, `file://${page}`], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    timeout: 120_000,
  });
  assert.equal(done.status, 0, `${done.error ?? ""}${done.stderr}`);
  return done.stdout;
}

function drawn(html: string, look: Look): Drawn {
  const page = join(folder, "copy.html");
  // The page itself allows no script.
  const open = html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "");
  assert.notEqual(open, html);
  writeFileSync(page, open.replace("</body>", `<script>${LOOK_AT_PAGE}</script></body>`));
  const [, found] = /<pre id="found">([\s\S]*?)<\/pre>/.exec(chromium(page, look, "--dump-dom")) ?? [];
  const text = (found ?? "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&nbsp;", "\u00a0");
  return JSON.parse(text.replaceAll("&amp;", "&"));
}

const LOOKS: [how: string, look: Look][] = [
  ["wide", { wide: 1280, dark: false }],
  ["narrow and dark", { wide: 640, dark: true }],
];
for (const [what, records] of PICTURES)
  for (const [how, look] of LOOKS)
    test(`the page of ${what}, ${how}: each text within the picture and readable, none over another one, nothing from outside`, () => {
      const timeline = timelineOf(records);
      const seen = drawn(htmlOf(timeline, []), look);
      assert.equal(seen.texts.length, svgOf(timeline).match(/<text /g)?.length);
      assert.deepEqual(troubles(seen.texts, seen.width, seen.height), []);
      for (const { text, size, width, bold, contrast } of seen.texts) {
        assert.ok(width <= widthOf(text, size) * (bold ? 1.15 : 1), `"${text}" takes ${width}`);
        assert.ok(contrast >= 4.5, `"${text}": contrast ${contrast}`);
      }
      for (const { left, right } of seen.bars)
        assert.ok(left >= -0.1 && right <= seen.width + 0.1, `${left} to ${right}`);
      assert.deepEqual([seen.outside, seen.beyond], [[], 0]);
    });

test("what looks for it finds a text that leaves the picture, one over another, and something from outside", () => {
  const html = htmlOf(timelineOf(PICTURES[0][1]), []);
  const spoiled = html
    .replace(/<text x="[\d.]+"/, '<text x="1090"')
    .replace(
      /(<text x="[\d.]+" y=")([\d.]+)(" class="dim">0 s:)/,
      (_, before, y, behind) => `${before}${Number(y) - 15}${behind}`,
    )
    .replace("</body>", '<img src="other.svg"></body>');
  const seen = drawn(spoiled, LOOKS[0][1]);
  const found = troubles(seen.texts, seen.width, seen.height).join("\n");
  assert.match(found, /^"Change of .*" leaves the picture\n"claimed .*" lies over "0 s: .*"$/);
  assert.match(seen.outside.join(), /^<img src="other\.svg">$/);
});

test("the page and the SVG alone are drawn; the pictures are kept with the run", () => {
  const timeline = timelineOf(PICTURES[0][1]);
  for (const [name, text] of [
    ["report.html", htmlOf(timeline, [])],
    ["report.svg", svgOf(timeline)],
  ]) {
    const page = join(folder, name);
    const picture = join(process.env.XCAT_HA_RUN ?? folder, `${name}.png`);
    writeFileSync(page, text);
    chromium(page, LOOKS[0][1], `--screenshot=${picture}`);
    // PNG's mark, and its width.
    const png = readFileSync(picture);
    assert.deepEqual([png.subarray(1, 4).toString(), png.readUInt32BE(16)], ["PNG", 1280]);
  }
});
