// The errors in what a Pulumi command has printed.

const LAST_LINES = 20;
const NEXT = "next: ";

const isNext = (line: string) => line.startsWith(NEXT);

/** Each error with what belongs to it: up to its last `next:` and what is indented below that, a blank line or another error. */
function errors(output: string): string[] {
  const found: string[][] = [];
  let block: string[] | undefined;
  let depth = 0;
  for (const line of output.split("\n")) {
    const text = line.trimStart();
    const indent = line.length - text.length;
    if (text.startsWith("error: ")) {
      // Pulumi says for whom and in what it was, which the message does.
      block = [text.replace(/^error: (?:\S+ resource '\S+' has a problem: |[A-Z]\w+ failed: )/, "error: ")];
      depth = indent;
      found.push(block);
    } else if (!text || indent < depth || (indent === depth && !text.startsWith(NEXT) && block?.some(isNext))) {
      block = undefined;
    } else {
      block?.push(line.slice(depth));
    }
  }
  return [...new Set(found.map((lines) => lines.join("\n")))];
}

/** Why a command failed: what says what to do next, else what else is an error, else the end of the output. */
export function reasons(output: string): string {
  const found = errors(output);
  const complete = found.filter((error) => /^next: /m.test(error));
  const others = found.filter((error) => !/^error: \w+ failed$/.test(error));
  if (complete.length > 0) return complete.join("\n");
  const lines = (others.length > 0 ? others.join("\n") : output.trimEnd()).split("\n");
  if (lines.length <= LAST_LINES) return lines.join("\n");
  return [...(others.length > 0 ? [lines[0], "..."] : []), ...lines.slice(-LAST_LINES)].join("\n");
}
