// What a failover by this workstation keeps for `xcat-ha report`: beside its log, under the same name.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ClockAnswer } from "./clocks";
import type { Heard } from "./running";
import { leaseSaid } from "./steps";

const Milliseconds = z.number();
const KeptRun = z.object({
  format: z.literal(1),
  command: z.literal("failover"),
  from: z.string(),
  to: z.string(),
  /** Two clusters may count the same epoch; where no node said it there is none. */
  share: z.string(),
  /** Those that were claimed meanwhile. */
  epochs: z.array(z.number()),
  began: Milliseconds,
  asked: Milliseconds.optional(),
  ended: Milliseconds,
  clocks: z.array(z.object({ node: z.string(), offset: Milliseconds, uncertainty: Milliseconds })),
  services: z.array(
    z.object({
      service: z.string(),
      asked: z.number(),
      answered: z.number(),
      since: Milliseconds,
      until: Milliseconds,
      gaps: z.array(z.object({ from: Milliseconds.optional(), to: Milliseconds.optional() })),
    }),
  ),
});
export type KeptRun = z.infer<typeof KeptRun>;

/** The epochs that were claimed, as it was heard; and the newest, where it was not the newest before. */
export function epochsClaimed(heard: Heard[], before?: number, behind?: number): number[] {
  const said = heard.flatMap(({ text }) => {
    const lease = leaseSaid(text);
    return lease?.what === "ours" ? lease.epoch : [];
  });
  return [...new Set([...said, ...(behind !== undefined && behind > (before ?? behind) ? [behind] : [])])];
}

export const shareOf = (clocks: ClockAnswer[]) =>
  clocks.flatMap((clock) => ("share" in clock ? clock.share : []))[0] ?? "";

/** Returns the file. */
export function keepRun(log: string, run: Omit<KeptRun, "format" | "command">): string {
  const file = log.replace(/\.log$/, ".json");
  writeFileSync(file, `${JSON.stringify({ format: 1, command: "failover", ...run })}\n`, { mode: 0o600 });
  return file;
}

/** The newest one in which that epoch of that share was claimed; `unread`: files that are none. */
export function keptRun(
  folder: string,
  share: string,
  epoch: number,
): { run?: KeptRun; file?: string; unread: string[] } {
  const unread: string[] = [];
  for (const name of namesIn(folder).reverse()) {
    const file = join(folder, name);
    const run = readRun(file);
    if (!run) unread.push(file);
    else if (share !== "" && run.share === share && run.epochs.includes(epoch)) return { run, file, unread };
  }
  return { unread };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^failover-.*\.json$/.test(name))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function readRun(file: string): KeptRun | undefined {
  try {
    return KeptRun.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}
