import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { changes, graphSvg } from "../../docs/graph";

const DRAWN = readFileSync(join(__dirname, "../../docs/order.svg"), "utf8");

test("docs/order.svg shows what the node program plans today: npm run graph draws it anew", async () => {
  assert.equal(await graphSvg(), DRAWN);
});

/** Of a wide font without serifs, in its size. */
const WIDEST = 0.66;
test("each text of the picture fits into its cell, in any font", () => {
  const borders = [...DRAWN.matchAll(/<polygon [^>]*points="([^"]+)"/g)].map(([, points]) => {
    const corners = points.split(" ").map((point) => point.split(",").map(Number));
    const [xs, ys] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
    return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
  });
  const texts = [
    ...DRAWN.matchAll(/<text [^>]*text-anchor="(\w+)" x="([^"]+)" y="([^"]+)"[^>]*font-size="([^"]+)"[^>]*>([^<]*)</g),
  ];
  assert.ok(texts.length > 100);
  for (const [, anchor, x, y, size, text] of texts) {
    assert.equal(anchor, "start", text);
    const words = text.replace(/&#160;/g, " ").replace(/&[a-z]+;/g, "x");
    const inside = borders.filter(
      ({ left, right, top, bottom }) =>
        left <= Number(x) && Number(x) < right && top <= Number(y) && Number(y) <= bottom,
    );
    const width = Math.min(...inside.map(({ left, right }) => right - Math.max(left, Number(x))));
    assert.ok(words.length * WIDEST * Number(size) <= width, `${text}: ${width} wide`);
  }
});

for (const { title, served, facts, rows } of changes()) {
  test(`${title}: nothing is up without what it needs: the database without the VIP, DNS and DHCP without the database`, () => {
    for (const { text, up } of rows) assert.ok(!up.some((is, at) => is && !up.slice(0, at).every(Boolean)), text);
  });
  test(`${title}: what a cut leaves`, () => {
    const half = rows.map(({ cut }) => cut === "half");
    const [first, last] = [half.indexOf(true), half.lastIndexOf(true)];
    assert.ok(half.slice(first, last + 1).every(Boolean), "half done is one stretch");
    const before = rows.slice(0, first);
    assert.ok(
      before.every(({ up, lease }) => !lease && up.every((is) => is === served)),
      "before it nothing has changed",
    );
    const behind = rows.slice(last + 1);
    assert.ok(behind.every(({ up, lease }) => !lease && up.every((is) => is === (facts.role === "active"))));
  });
}
