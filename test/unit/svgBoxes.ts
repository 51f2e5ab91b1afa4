// Where the texts of a picture lie, by the widths that its maker reckons with.
import { widthOf } from "../../ops/picture";

export type Box = { text: string; left: number; right: number; top: number; bottom: number };

const UNESCAPED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
export const unescaped = (text: string) => text.replaceAll(/&(#?\w+);/g, (_, name) => UNESCAPED[name]);

export function boxesOf(svg: string): Box[] {
  return [...svg.matchAll(/<text ([^>]*)>([^<]*)(?:<title>[^<]*<\/title>)?<\/text>/g)].map(([, attributes, words]) => {
    const of = (name: string) => new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
    const size = of("class") === "title" ? 17 : 12;
    const text = unescaped(words);
    const width = widthOf(text, size);
    const left = Number(of("x")) - (of("text-anchor") === "middle" ? width / 2 : 0);
    return { text, left, right: left + width, top: Number(of("y")) - size, bottom: Number(of("y")) + 3 };
  });
}

/** Pairs that lie over each other, and texts that leave the picture. */
export function troubles(boxes: Box[], width: number, height: number): string[] {
  const out = boxes.filter(({ left, right, top, bottom }) => left < 0 || top < 0 || right > width || bottom > height);
  const over = boxes.flatMap((one, index) =>
    boxes
      .slice(index + 1)
      .filter((two) => one.left < two.right && two.left < one.right && one.top < two.bottom && two.top < one.bottom)
      .map((two) => `"${one.text}" lies over "${two.text}"`),
  );
  return [...out.map(({ text }) => `"${text}" leaves the picture`), ...over];
}
