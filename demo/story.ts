// What one command came to, in a line or three: for a person who watches, out of the whole output, which stands in the log.

/** Of what a node says while its role changes: whose the services are, and since when they can be reached. */
const TURNING_POINTS =
  /(\w+): (owner lease: epoch \d+ is (?:ours|released)|VIP \S+ (?:is here|dropped)|verified: \d+ checks passed)/g;

const READABLE = 3;

/** The last count that Pulumi printed: `up` prints one for its preview too. */
function resources(output: string): string {
  const [block] = [...output.matchAll(/^Resources:\n((?: {4}.*\n?)+)/gm)].slice(-1);
  const counts = (block?.[1] ?? "").split("\n").map((line) => line.replace(/^[\s+~@-]+/, "").trim());
  return counts.filter(Boolean).join(", ");
}

const unique = (lines: string[]) => [...new Set(lines)];

/** Each with both values; of more than can be read, only which parts they are of. */
function differences(output: string): string[] {
  const found = unique([...output.matchAll(/\w+: \S+ is '[^']*', wanted '[^']*'/g)].map(([difference]) => difference));
  if (found.length <= READABLE) return found;
  return [`${found.length} differences, of ${unique(found.map((one) => one.replace(/:.*/, ""))).join(", ")}`];
}

const turningPoints = (output: string) =>
  unique([...output.matchAll(TURNING_POINTS)].map(([, node, what]) => `${node}: ${what}`));

/** The lines for a command that did what it should; `seconds` is how long it took. */
export function told(command: string, output: string, seconds: number): string[] {
  const details = [...differences(output), ...turningPoints(output)];
  const counted = `${resources(output) || "done"} (${seconds.toFixed(1)} s)`;
  return [`$ ${command}`, counted, ...(details.length > 0 ? [details.join("; ")] : [])];
}

/** The end of an output, for a command that did something else than it should. */
export function lastLines(output: string, count = 20): string {
  return output.trimEnd().split("\n").slice(-count).join("\n");
}
