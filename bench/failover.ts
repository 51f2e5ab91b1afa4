// `npm run bench`: what a planned failover costs a client of the database, there and back, on the same two machines: by a bare shell script
// over two open SSH connections, by `xcat-ha failover`, and by the stock commands. A ratio is of this run; seconds are of this machine.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { buildByHand } from "../test/helpers/byHand";
import { assertNoRowLost, longestGap } from "../test/helpers/client";
import { Lab, type Result } from "../test/helpers/lab";
import { NODES, type NodeName, peerOf, STACK, UNITS } from "../test/helpers/labPair";

const lab = new Lab(process.env.XCAT_HA_LAB ?? "bench");
const home = mkdtempSync(join(tmpdir(), "xcat-ha-bench-"));

/** For a client of the database: as long as it may be with nothing looked at, nothing proven and nothing written down. */
const GOAL = 1.5;

function must({ code, output }: Result): string {
  if (code !== 0) throw new Error(`ended with ${code}:\n${output}`);
  return output;
}

/** The same stops and starts in the same order, and nothing else. */
function byScript(to: NodeName) {
  lab.on(
    peerOf(to),
    `systemctl stop ${UNITS.toReversed().join(" && systemctl stop ")} && ip addr del 10.5.106.7/8 dev eth0`,
  );
  lab.on(
    to,
    `ip addr add 10.5.106.7/8 brd + dev eth0 label eth0:0 && { arping -U -c 1 -I eth0 10.5.106.7 >/dev/null & systemctl start ${UNITS.join(" && systemctl start ")}; }`,
  );
}

function byFailover() {
  must(lab.run(["exec", "env", `HOME=${home}`, "node", "ops/xcat-ha.js", "failover", "--yes"]));
}

function byStockCommands(to: NodeName) {
  for (const node of [peerOf(to), to]) {
    must(lab.pulumi("config", "set", "activeNode", to, "-s", STACK[node]));
    must(lab.pulumi("up", "--yes", "-s", STACK[node]));
  }
}

/** Seconds without a commit, there and back. */
async function outages(what: string, failOver: (to: NodeName) => void): Promise<number[]> {
  const client = lab.startClient(`bench_${Date.now()}`);
  await client.committing();
  const seconds: number[] = [];
  for (const to of ["xcatmn2", "xcatmn1"] as const) {
    const from = Date.now();
    failOver(to);
    await client.committing();
    seconds.push(longestGap(client.commits(), from, Date.now()) / 1000);
    console.log(`${what} to ${to}: ${seconds.at(-1)?.toFixed(1)} s`);
  }
  const { commits, found } = await client.stop();
  assertNoRowLost(commits, found);
  return seconds;
}

async function bench() {
  console.log("two machines, a pair built by hand from the manual ...");
  lab.must("up");
  buildByHand(lab);
  // Of the manual's mistakes the one with which the other node does not serve.
  lab.on("xcatmn1", "echo 'host all all 10.5.106.5/32 md5' >>/var/lib/pgsql/data/pg_hba.conf");
  const script = await outages("a bare script", byScript);
  console.log("the pair becomes xcat-ha's ...");
  for (const node of NODES) {
    lab.config(STACK[node], "activeNode", "xcatmn1");
    must(lab.up(STACK[node]));
  }
  const failover = await outages("xcat-ha failover", byFailover);
  const stock = await outages("pulumi config set, pulumi up", byStockCommands);

  const mean = (seconds: number[]) => seconds.reduce((sum, one) => sum + one, 0) / seconds.length;
  const table = new Table({ head: ["", "there", "back", "to the bare script"], style: { head: [], border: [] } });
  for (const [what, seconds] of Object.entries({
    "a bare script": script,
    "xcat-ha failover": failover,
    "the stock commands": stock,
  }))
    table.push([what, ...seconds.map((one) => `${one.toFixed(1)} s`), (mean(seconds) / mean(script)).toFixed(2)]);
  console.log(`outage for a client of the database\n${table}`);
  console.log(`the goal for xcat-ha failover: at most ${GOAL}`);
}

bench()
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => {
    lab.must("down");
    rmSync(home, { recursive: true, force: true });
  });
