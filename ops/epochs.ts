// The epochs as the share's files tell them. Pure.

export type Epoch = {
  epoch: number;
  node: string;
  /** As its owner's clock had it. */
  since: string;
  /** Who ordered it: a stack's config, a person at the console, or one who took over from a dead owner. */
  by: string;
  why: string;
  /** Until it was released, by the clock of the file server, or the next one was claimed; so far, where it is held. */
  seconds?: number;
  end: string;
};

type Files = Record<string, { at: Record<string, number>; lines: Record<string, Record<string, string>> }>;

/** `listing` as the node's `history` prints it; `now` in seconds. */
export function epochsOf(listing: string, now: number): Epoch[] {
  const files: Files = {};
  const of = (number: string) => {
    files[number] ??= { at: {}, lines: {} };
    return files[number];
  };
  for (const line of listing.split("\n").filter((line) => line !== "")) {
    const [, number, mark, at] = /^at (\d{6})\.(\w+) (\d+)$/.exec(line) ?? [];
    const [, file, kind, key, value = ""] = /^(\d{6})\.(\w+):(\S+)(?: (.*))?$/.exec(line) ?? [];
    if (number) of(number).at[mark] = Number(at);
    else if (file) {
      const { lines } = of(file);
      lines[kind] = { ...lines[kind], [key]: value };
    } else if (!/^\d{6}\.\w+:/.test(line)) throw new Error(`not a line of the epochs: ${line.slice(0, 200)}`);
  }
  // A mark without its owner file is no epoch.
  const numbers = Object.keys(files)
    .filter((number) => files[number].at.owner !== undefined)
    .sort();
  return numbers.map((number, index) => epochOf(number, files, numbers[index + 1], now));
}

function epochOf(number: string, files: Files, nextNumber: string | undefined, now: number): Epoch {
  const { at, lines } = files[number];
  const owner = lines.owner ?? {};
  const next = nextNumber === undefined ? undefined : files[nextNumber].lines.owner;
  const began = Date.parse(owner.time ?? "") / 1000;
  const { ended, end } = endOf(number, at, owner, next, nextNumber, lines.released ?? {});
  const until = ended ?? (next === undefined ? now : Number.NaN);
  return {
    epoch: Number(number),
    node: owner.node ?? "not told",
    since: owner.time ?? "not told",
    by: owner.over !== undefined ? "takeover" : (owner.origin ?? "not told"),
    why: whyOf(owner),
    ...(until >= began && { seconds: Math.round(until - began) }),
    end,
  };
}

function whyOf({ over, evidence, reason, dissolving, from, node }: Record<string, string>): string {
  if (over !== undefined)
    return `over epoch ${Number(over)} of ${from ?? "an owner that is not told"}, by ${evidence ?? "no evidence that is told"}: ${reason ?? "no reason"}`;
  if (dissolving) return "dissolves the pair and takes the data home";
  if (from === undefined) return "the first one";
  return from === node ? "again" : `from ${from}`;
}

function endOf(
  number: string,
  at: Record<string, number>,
  owner: Record<string, string>,
  next: Record<string, string> | undefined,
  nextNumber: string | undefined,
  released: Record<string, string>,
): { ended?: number; end: string } {
  if (at.released !== undefined)
    return { ended: at.released, end: released.database ? `released, database ${released.database}` : "released" };
  if (nextNumber === undefined)
    return { end: at.releasing === undefined ? "held, or its owner is dead" : "its release has begun" };
  const claimed = Date.parse(next?.time ?? "") / 1000;
  const ended = Number.isNaN(claimed) ? undefined : claimed;
  if (Number(next?.over) === Number(number)) return { ended, end: `taken over by ${next?.node}` };
  return {
    ended,
    end: next?.node === owner.node ? `not released; claimed anew in epoch ${Number(nextNumber)}` : "not released",
  };
}

/** 90061: 1 d 1 h. The two largest units. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return "cannot be told";
  const units: [number, string][] = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  let left = seconds;
  const words = units.map(([size, name]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return { count, text: `${count} ${name}` };
  });
  const first = words.findIndex(({ count }) => count > 0);
  if (first < 0) return "0 s";
  return words
    .slice(first, first + 2)
    .filter(({ count }) => count > 0)
    .map(({ text }) => text)
    .join(" ");
}
