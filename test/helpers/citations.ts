import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** What the reasons were called outside of the tree: a clone has none of it. */
const OUTSIDE =
  /\bfacts\/|\b(?:design )?section \d[\d.]*|\bseed\b|(?<=^\s*(?:\/\/|#|\*).*)\(facts\b[^)]*|(?<=[(: "])[CNR]\d{1,2}(?=[:,)])/gim;

/** A page or a linked picture (another one is a file that a program writes), and behind it `#anchor`, or a comma and what may be a heading of it. Blanks are one blank, backticks are gone. */
const CITED =
  /(?<![\w./-])((?:\.\.?\/)*(?:[\w-]+\/)*[\w-]+\.(?:md|(?<=(?:\]\(|\bdocs\/)[\w./-]+)svg))\b(?:#([\w-]+)|(?=, ([A-Z].{0,120}))|)/g;

type Page = { headings: string[]; anchors: string[] };

/** The headings of a page; the bold beginnings of a list's items are headings too (docs/design.md has its decisions so). */
export function pageOf(text: string): Page {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
  const leads = [...text.matchAll(/^- \*\*([^*]+)\*\*/gm)].map(([, lead]) => lead.replace(/\s+/g, " "));
  return {
    headings: [...headings, ...leads].map((heading) => heading.replace(/`|\.$/g, "")),
    anchors: headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replace(/ /g, "-"),
    ),
  };
}

export function treePage(root: string): (file: string) => Page | undefined {
  const pages = new Map<string, Page | undefined>();
  return (file) => {
    const path = join(root, file);
    if (!pages.has(file)) pages.set(file, existsSync(path) ? pageOf(readFileSync(path, "utf8")) : undefined);
    return pages.get(file);
  };
}

/** What a text cites and the tree has not: pages by their path from the root or from the text's own folder. */
export function lostCitations(file: string, text: string, page: (file: string) => Page | undefined): string[] {
  const lost = [...text.matchAll(OUTSIDE)].map(([words]) => words);
  for (const [, anchor] of file.endsWith(".md") ? text.matchAll(/\]\(#([\w-]+)\)/g) : [])
    if (!page(file)?.anchors.includes(anchor)) lost.push(`#${anchor}`);
  const line = text.replace(/\n\s*(?:\/\/|#+(?= )|\*)?\s*/g, " ").replace(/`/g, "");
  for (const [, path, anchor, behind] of line.matchAll(CITED)) {
    const cited = page(normalize(join(dirname(file), path))) ?? page(normalize(path));
    if (!cited) lost.push(path);
    else if (anchor && !cited.anchors.includes(anchor)) lost.push(`${path}#${anchor}`);
    else if (
      behind &&
      !cited.headings.some((heading) => behind.startsWith(heading) && !/^\w/.test(behind.slice(heading.length)))
    )
      lost.push(`${path}, ${behind.split(/[.,;:)"]/)[0]}`);
  }
  return lost;
}
