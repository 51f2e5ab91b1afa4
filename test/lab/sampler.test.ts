// The sampler itself: what it must find is planted, found, and taken away again.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { violationsOf } from "../helpers/invariants";
import { assertPair, lab, NODES, pairWith } from "../helpers/labPair";
import { expectViolations, sampled, seen } from "../helpers/sampled";
import { Sampler } from "../helpers/sampler";

const VIP = "10.5.106.7";
const SCRATCH = "/HA/scratch/data";
const POSTGRES = "/usr/lib/postgresql/15/bin";
const GUARD = "/etc/systemd/system/named.service.d/xcat-ha.conf";

afterEach(() => {
  for (const node of NODES)
    lab.on(
      node,
      `systemctl stop scratch 2>/dev/null; ip addr del ${VIP}/32 dev lo 2>/dev/null
       if [ -e /root/guard ]; then systemctl stop named; mv /root/guard ${GUARD}; systemctl daemon-reload; fi`,
    );
  lab.on("xcatmn1", "rm -rf /HA/scratch");
  assertPair("xcatmn1");
});
sampled(lab);

test("a healthy pair: both machines are seen, with what the owner runs, and nothing is wrong", async () => {
  pairWith("xcatmn1");
  const sampler = new Sampler(lab);
  await sampler.looksAgain();
  const samples = await sampler.stop();
  assert.deepEqual(violationsOf(samples), []);
  const [one, two] = samples.at(-1)?.looks ?? [];
  for (const unit of ["postgresql", "xcatd", "named", "dhcpd", "conserver"])
    assert.ok(
      one.processes.some((process) => process.unit === unit),
      unit,
    );
  const { dev, ino } = statSync(join(lab.share, "pgsql/data"), { bigint: true });
  assert.deepEqual(
    one.processes.filter(({ directory }) => directory).map(({ command, directory }) => ({ command, directory })),
    [{ command: "postgres", directory: `${dev}:${ino}` }],
  );
  assert.ok(one.processes.some(({ writes }) => writes));
  for (const [node, look] of [one, two].entries()) {
    assert.deepEqual([look.node, look.on, look.linked], [NODES[node], true, true]);
    assert.equal(look.machine, lab.on(look.node, "cat /etc/machine-id"));
    assert.equal(look.boot, lab.on(look.node, "cat /proc/sys/kernel/random/boot_id"));
  }
  assert.deepEqual([one.vip, two.vip, two.processes], [1, 0, []]);
});

test("two postmasters on one data directory of the share are found", async () => {
  pairWith("xcatmn1");
  expectViolations(/^two postmasters ran on one data directory, on xcatmn1 and xcatmn2$/);
  lab.on(
    "xcatmn1",
    `install -d -o postgres /HA/scratch && su postgres -c '${POSTGRES}/initdb -D ${SCRATCH}' >/dev/null`,
  );
  // As where the first one's machine cannot be asked: its PID file is taken away.
  for (const node of NODES)
    lab.on(
      node,
      `rm -f ${SCRATCH}/postmaster.pid
       systemd-run --quiet --unit=scratch --uid=postgres ${POSTGRES}/postgres -D ${SCRATCH} -c listen_addresses= -c unix_socket_directories=/tmp -c port=6543
       timeout 30 sh -c 'until ls /tmp/.s.PGSQL.6543 >/dev/null 2>&1; do sleep 0.1; done'`,
    );
  await seen();
});

test("the VIP on two nodes is found", async () => {
  pairWith("xcatmn1");
  expectViolations(/^the VIP is on two nodes$/);
  lab.on("xcatmn2", `ip addr add ${VIP}/32 dev lo`);
  await seen();
});

test("the VIP twice on one node is found", async () => {
  pairWith("xcatmn1");
  expectViolations(/^the VIP is there 2 times on xcatmn1$/);
  lab.on("xcatmn1", `ip addr add ${VIP}/32 dev lo`);
  await seen();
});

test("a managed unit that runs on the standby node is found", async () => {
  pairWith("xcatmn1");
  expectViolations(/^xcatmn2 runs named while epoch \d+ names xcatmn1$/);
  lab.on("xcatmn2", `mv ${GUARD} /root/guard && systemctl daemon-reload && systemctl start named`);
  await seen();
});
