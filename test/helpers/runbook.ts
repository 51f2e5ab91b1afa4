// The commands that the documents tell an operator to type, as words.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(__dirname, "../..");

/** One command. `inText`: it stands within a sentence or a table, where it may be named without all that it takes. */
export type Command = { line: number; heading: string; words: string[]; inText: boolean; typed: boolean };

/** Whose commands are looked at, whatever stands before them in the environment. */
const OURS = /^(?:[A-Z_]+=\S+ +)*(pulumi|npx xcat-ha|xcat-ha)(?= |$)/;

/** A line of shell as its commands' words, without what a comment says; quotes hold words together and are gone. */
export function shellWords(text: string): string[][] {
  const commands: string[][] = [[]];
  for (const [token, quoted, single] of text.matchAll(/"([^"]*)"|'([^']*)'|&&|[;|]|#.*$|[^\s;|&"'#]+/g)) {
    if (token.startsWith("#")) break;
    if (/^(&&|[;|])$/.test(token)) commands.push([]);
    else commands.at(-1)?.push(quoted ?? single ?? token);
  }
  return commands.filter((words) => words.length > 0);
}

/** Every command of ours in a text of Markdown, in its order. A block whose fence says `typed` is typed by a lab test. */
export function commandsIn(text: string): Command[] {
  const found: Command[] = [];
  let heading = "";
  let block: { typed: boolean } | undefined;
  const add = (line: number, shell: string, inText: boolean) => {
    for (const words of shellWords(shell))
      if (OURS.test(words.join(" ")))
        found.push({ line, heading, words: withoutEnvironment(words), inText, typed: block?.typed ?? false });
  };
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const fence = /^ *```(.*)$/.exec(lines[at]);
    if (fence) block = block ? undefined : { typed: /\btyped\b/.test(fence[1]) };
    else if (block) add(at + 1, lines[at], false);
    else {
      heading = /^#+ (.*)$/.exec(lines[at])?.[1] ?? heading;
      // A command in a sentence may go on in the next line.
      const first = at;
      let sentence = lines[at];
      while ((sentence.match(/`/g)?.length ?? 0) % 2 === 1 && at + 1 < lines.length)
        sentence += ` ${lines[++at].trim()}`;
      for (const [, code] of sentence.matchAll(/`([^`]+)`/g)) add(first + 1, code, true);
    }
  }
  return found;
}

const withoutEnvironment = (words: string[]) => words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word)));

export const commandsOf = (file: string) => commandsIn(readFileSync(join(ROOT, file), "utf8"));

/** What a lab test types: the commands below a heading of docs/failover.md, of the block that the document marks. */
export function runbook(heading: string): string[][] {
  const found = commandsOf("docs/failover.md").filter((command) => command.heading === heading && command.typed);
  if (found.length === 0) throw new Error(`docs/failover.md has no block \`\`\`sh typed below ${heading}`);
  return found.map(({ words }) => words);
}

/** The same with the two nodes, and their stacks, for each other. */
export function mirrored(words: string[]): string[] {
  const OTHER: Record<string, string> = {
    primary: "standby",
    standby: "primary",
    xcatmn1: "xcatmn2",
    xcatmn2: "xcatmn1",
  };
  return words.map((word) => word.replace(/\b(primary|standby|xcatmn[12])\b/g, (name) => OTHER[name]));
}
