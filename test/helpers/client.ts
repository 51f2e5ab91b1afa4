// A database client that writes numbered rows through the VIP and notes every commit that it was told of: a line of JSON each in the log. The demo
// and the lab tests run it in the lab's namespace; `read` prints the numbers of the rows that are there, and both together are their evidence.
import { appendFileSync } from "node:fs";
import { Client } from "pg";
import { BrokenInvariant } from "./brokenInvariant";

const EVERY_MS = 50;
const LIMIT_MS = 1000;

/** One row that the database acknowledged: its number and when, in milliseconds since the epoch. */
export type Commit = { row: number; at: number };

/** The longest time between two commits in a stretch of time: its begin and its end, in milliseconds since the epoch. */
export function outageOf(commits: Commit[], from: number, to: number): { from: number; to: number } {
  const times = [from, ...commits.map(({ at }) => at).filter((at) => at >= from && at <= to), to];
  const gaps = times.slice(1).map((at, index) => ({ from: times[index], to: at }));
  return gaps.reduce((longest, gap) => (gap.to - gap.from > longest.to - longest.from ? gap : longest));
}

/** Its length, in milliseconds. */
export function longestGap(commits: Commit[], from: number, to: number): number {
  const outage = outageOf(commits, from, to);
  return outage.to - outage.from;
}

/** Rows that were acknowledged and are not there. */
export function missingRows(commits: Commit[], found: number[]): number[] {
  const there = new Set(found);
  return commits.map(({ row }) => row).filter((row) => !there.has(row));
}

export function assertNoRowLost(commits: Commit[], found: number[]) {
  const missing = missingRows(commits, found);
  if (missing.length > 0)
    throw new BrokenInvariant(`${missing.length} of ${commits.length} committed rows are lost: ${missing.join(" ")}`);
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function connected(): Promise<Client> {
  const client = new Client({ connectionTimeoutMillis: LIMIT_MS, query_timeout: LIMIT_MS, keepAlive: true });
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
}

/** Writes until the process is told to stop. A row whose answer was lost is written again under its number. */
async function write(table: string, log: string) {
  let stop = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      stop = true;
    });
  }
  let client: Client | undefined;
  for (let row = 1; !stop; ) {
    try {
      client ??= await connected();
      if (row === 1)
        await client.query(
          `create table if not exists ${table} (row bigint primary key, at timestamptz default now())`,
        );
      await client.query(`insert into ${table} (row) values ($1) on conflict do nothing`, [row]);
      appendFileSync(log, `${JSON.stringify({ row, at: Date.now() })}\n`);
      row++;
      await sleep(EVERY_MS);
    } catch {
      client?.end().catch(() => {});
      client = undefined;
      await sleep(EVERY_MS);
    }
  }
  await client?.end();
}

async function read(table: string) {
  const client = await connected();
  const { rows } = await client.query(`select row::int as row from ${table} order by row`);
  console.log(JSON.stringify(rows.map(({ row }) => row)));
  await client.query(`drop table ${table}`);
  await client.end();
}

if (require.main === module) {
  const [verb, table, log] = process.argv.slice(2);
  (verb === "write" ? write(table, log) : read(table)).then(
    () => process.exit(0),
    (error) => {
      console.error(String(error));
      process.exit(1);
    },
  );
}
