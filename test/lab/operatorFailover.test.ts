// A planned failover by one command.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assertNoRowLost, outageOf } from "../helpers/client";
import { assertNoChanges, lab, NODES, newestEpoch, pairWith, peerOf, STACK } from "../helpers/labPair";
import { assertActive, configs, HOME, typed } from "../helpers/operatorCommand";
import { runbook } from "../helpers/runbook";
import { sampled } from "../helpers/sampled";
import { sshdSays, sshWithin } from "../helpers/sshCount";

sampled(lab);

/** What stands behind `npx xcat-ha`. */
const [DRY_RUN, FAILOVER] = runbook("Planned: the active node still answers").map(([, , ...words]) => words);

test("failover there and back by one command: every committed row is there, the outage, the whole output in a file, nothing left to do", async () => {
  pairWith("xcatmn1");
  sshdSays();
  const client = lab.startClient("operator_rows");
  await client.committing();
  for (const to of ["xcatmn2", "xcatmn1"] as const) {
    const from = Date.now();
    const json = to === "xcatmn1" ? ["--json"] : [];
    const { code, output } = typed(...json, ...FAILOVER, "--yes");
    assert.equal(code, 0, output);
    await client.committing();
    const cut = outageOf(client.commits(), from, Date.now());
    const gap = (cut.to - cut.from) / 1000;
    console.log(`outage of xcat-ha failover to ${to}: ${gap.toFixed(1)} s for a client\n${output}`);
    // The new node has its order and waits for the lease; the old one's `up` goes on beside it.
    assert.deepEqual(sshWithin(cut, to), { connections: 0, commands: 0 });
    assert.ok(sshWithin({ from, to: Date.now() }, to).commands > 0, "sshd said nothing at all");
    const old = sshWithin(cut, peerOf(to));
    console.log(`${old.connections} logins and ${old.commands} commands at the old node meanwhile`);
    assert.ok(old.connections <= 8 && old.commands <= 10, JSON.stringify(old));
    assertActive(to);
    assertReport(to);
    if (json.length > 0) {
      const { ending, lease, phases, outage, log } = JSON.parse(output);
      assert.deepEqual([ending, lease.is, lease.node, phases.length], ["done", "held", to, 5]);
      // The client's is the database's alone; as heard it lasts until every service is there.
      assert.ok(outage > gap - 2, `${outage} s as heard, ${gap} s for the client`);
      assert.match(readFileSync(log, "utf8"), /^xcatmn1 \| .*active and serving/m);
      continue;
    }
    // The new node is ready before the old one is asked.
    assert.match(
      output,
      /xcatmn2: waiting for the owner lease, \d of at most 600 s[\s\S]*xcatmn2 waits for the owner lease: xcatmn1 steps down\n[\s\S]*xcatmn1: owner lease: epoch \d+ is released\n[\s\S]*xcatmn2: active and serving, \d+ s after the claim\n/,
    );
    assert.match(output, /^xcatmn1 stops the database, proves it +\d+\.\d s: .*postgresql \d+ ms/m);
    assert.match(output, /^outage +\d+\.\d s, as heard here$/m);
    const { log } = /the whole output: (?<log>\S+)/.exec(output)?.groups ?? {};
    const whole = readFileSync(log, "utf8");
    for (const node of NODES) assert.match(whole, new RegExp(`^${node} \\| Updating \\(${STACK[node]}\\)`, "m"));
    assert.doesNotMatch(whole, /PRIVATE KEY/);
  }
  const { commits, found } = await client.stop();
  assertNoRowLost(commits, found);
  // The order to wait is in no state and no config. Of the other node failover.test.ts says it.
  assertNoChanges("xcatmn1");
});

/** The picture of the failover that was typed last: each service was seen to go and to come, by the client where one can ask. */
function assertReport(to: string) {
  const { code, output } = typed("report", "--output", HOME);
  assert.equal(code, 0, output);
  const json = typed("--json", "report", "--output", HOME);
  assert.equal(json.code, 0, json.output);
  const { title, outages, longest, groups, files } = JSON.parse(json.output);
  assert.match(title, new RegExp(` to ${to}$`));
  assert.equal(output.split("\n")[0], title);
  const services = ["VIP", "PostgreSQL", "xcatd", "DNS", "DHCP", "TFTP", "console"];
  assert.deepEqual(
    outages.map(({ service, seen }: { service: string; seen: string }) => [service, seen]),
    services.map((service) => [service, service === "DHCP" ? "nodes" : "client"]),
    json.output,
  );
  for (const { service, seconds } of outages) {
    const [, told] = new RegExp(`^${service} +(\\d+\\.\\d+) s`, "m").exec(output) ?? [];
    assert.ok(
      seconds > 0 && Math.abs(Number(told) - seconds) < 0.1,
      `${service}: ${seconds} s, told as ${told}\n${output}`,
    );
  }
  assert.ok(longest.length > 0, json.output);
  for (const { title: node, note, rows } of groups) assert.ok(!note && rows.length > 0, `${node}: ${note}`);
  for (const file of Object.values(files)) assert.match(readFileSync(String(file), "utf8"), /<!-- xcat-ha report -->/);
}

test("a dry run says what both nodes would do and how long it would take, and changes nothing; without --yes nobody is asked where there is no terminal", () => {
  pairWith("xcatmn1");
  const before = [...configs(), newestEpoch("xcatmn1")];
  const { code, output } = typed(...DRY_RUN);
  assert.equal(code, 0, output);
  assert.match(output, /^xcatmn1 holds epoch \d+$/m);
  assert.match(
    output,
    /^xcatmn1 will become standby:\n[\s\S]*^ {2}released: [\s\S]*^xcatmn2 will become active:\n[\s\S]*^ {2}claim handover: /m,
  );
  assert.match(output, /^outage to expect: about \d+ s/m);
  const asked = typed(...FAILOVER);
  assert.equal(asked.code, 10, asked.output);
  assert.match(asked.output, /expected --yes; nothing was touched\n.*\nnext: xcat-ha failover --to xcatmn2 --yes\n/);
  assert.deepEqual([...configs(), newestEpoch("xcatmn1")], before);
  assertActive("xcatmn1");
});
