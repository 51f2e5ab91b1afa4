import assert from "node:assert/strict";
import { test } from "node:test";
import { BrokenInvariant } from "../helpers/brokenInvariant";
import { assertNoRowLost } from "../helpers/client";
import { assertPair, become, expectUp, lab, NODES, pairWith } from "../helpers/labPair";
import { sampled } from "../helpers/sampled";
import { until } from "../helpers/until";

// What comes between: a reboot, a power cut, a stop that fails, another order.
sampled(lab);

test("one plain up repairs an active node that was rebooted", () => {
  pairWith("xcatmn1");
  lab.run(["ssh", "xcatmn1", "reboot"]);
  lab.must("boot", "xcatmn1");
  const { output } = expectUp("xcatmn1");
  assert.match(output, /networksMgtIf: mgtifname is '\(needs xcatd: inactive\)', wanted 'eth0:0'/);
  assert.match(output, /ownerLease: lease is 'held by xcatmn1 before its last boot', wanted 'held by xcatmn1'/);
  assertPair("xcatmn1");
});

test("after a power cut of the active node it takes up again where it was", async () => {
  pairWith("xcatmn1");
  const client = lab.startClient("cut_rows");
  await client.committing();
  lab.must("cut", "xcatmn1");
  lab.must("boot", "xcatmn1");
  become("xcatmn1", "active");
  await client.committing();
  const { commits, found } = await client.stop();
  assertNoRowLost(commits, found);
  assertPair("xcatmn1");
});

test("a stop that fails blocks: the VIP stays, the lease is not released", () => {
  pairWith("xcatmn1");
  lab.on("xcatmn1", "systemd-run --quiet --unit=somebody -p WorkingDirectory=/var/lib/pgsql/data sleep infinity");
  const { code, output } = lab.run(["ssh", "xcatmn1", "xcat-ha become standby </dev/null"]);
  assert.equal(code, 13, output);
  assert.match(output, /processes still use \/HA\/pgsql\/data on xcatmn1; expected none/);
  assert.match(lab.on("xcatmn1", "ip -o addr show"), /inet 10\.5\.106\.7\//);
  // How long it waits for one that steps down is a site's to choose (leaseWait).
  lab.on("xcatmn2", "sed -i 's/^\\(settings.leaseWait\\t\\).*/\\11/' /etc/xcat-ha/description");
  const other = lab.run(["ssh", "xcatmn2", "xcat-ha become active </dev/null"]);
  assert.equal(other.code, 12, other.output);
  assert.match(other.output, /held by xcatmn1 since \S+, and being released/);
  lab.on("xcatmn1", "systemctl stop somebody");
  become("xcatmn1", "standby");
  become("xcatmn1", "active");
  assertPair("xcatmn1");
});

test("an order twice at once runs once and both follow it; the opposite one lets it end at a step, and is done then", async () => {
  pairWith("xcatmn1");
  // Held in its first stop until the others are there: when they come in is not left to chance.
  const held = "/run/systemd/system/conserver.service.d/held.conf";
  lab.on(
    "xcatmn1",
    `mkdir -p $(dirname ${held}) && touch /run/held
     printf '[Service]\\nExecStopPost=/bin/sh -c "while [ -e /run/held ]; do sleep 0.1; done"\\n' >${held} && systemctl daemon-reload`,
  );
  const heard: Record<string, string> = {};
  const order = (what: string, role: string) =>
    lab.start(["ssh", "xcatmn1", `xcat-ha become ${role} </dev/null`], (text) => {
      heard[what] = (heard[what] ?? "") + text;
    });
  const epochs = () => Number(lab.on("xcatmn1", "ls /HA/.xcat-ha/epoch | grep -c 'owner$'"));
  const before = epochs();
  const orders = [order("first", "standby")];
  try {
    await until("the first order to stop conserver", () =>
      /^deactivating/.test(lab.run(["ssh", "xcatmn1", "systemctl is-active conserver"]).output),
    );
    orders.push(order("again", "standby"));
    await until("the same order to follow", () => /this order runs already: following it/.test(heard.again ?? ""));
    orders.push(order("opposite", "active"));
    await until(
      "the opposite order to be there",
      () => lab.run(["ssh", "xcatmn1", "test -e /run/xcat-ha/supersede"]).code === 0,
    );
  } finally {
    lab.on("xcatmn1", `rm -f /run/held ${held}; systemctl daemon-reload`);
  }
  const [first, again, opposite] = await Promise.all(orders);
  assert.notEqual(first.code, 0, first.output);
  assert.equal(again.code, first.code);
  assert.match(first.output, /this run ended before the step .*[\s\S]*another order came in/);
  assert.equal(opposite.code, 0, opposite.output);
  assert.ok(epochs() - before <= 1, "at most one epoch more");
  assertPair("xcatmn1");
  lab.on("xcatmn1", "xcat-ha verify");
});

const ROUNDS = 25;
/** The lease of the installed program, on a folder of the share that is nobody's: both nodes begin each round at once, and end it together. */
const CONTENDS = `
  source <(head -n -1 /usr/local/sbin/xcat-ha | sed 's,=/var/lib/xcat-ha$,=/run/contends,')
  set -Eeuo pipefail; shopt -s inherit_errexit; export LC_ALL=C
  SHARE=/HA/contends
  # Each link(2) is made in turn with its answer, with the answer to a request that the client sent twice, and with none.
  ln() { command ln "$@" || return; case $reply in twice) echo "ln: $NODE: File exists" >&2; return 1 ;; none) echo "ln: Input/output error" >&2; return 1 ;; esac; }
  replies=(kept twice none)
  export -f ln
  export reply NODE
  together() { : >"$SHARE/$1.$(hostname)"; until [[ -e $SHARE/$1.xcatmn1 && -e $SHARE/$1.xcatmn2 ]]; do sleep 0.01; done; }
  for round in $(seq ${ROUNDS}); do
    reply=\${replies[round % 3]}
    together "$round.begins"
    set +e
    (set -e; lease_claim 0) >/run/contends.log 2>&1
    code=$?
    set -e
    printf '%s %s\n' "$round" "$code"
    together "$round.claimed"
    ((code != 0)) || lease_publish "$(printf %06d "$round").released" </dev/null
    together "$round.ends"
  done`;

test(`both nodes claim at once, ${ROUNDS} times, on the share, and answers of link(2) are lost: one wins each time, and the other is told who`, async () => {
  pairWith("xcatmn1");
  lab.on("xcatmn1", "mkdir /HA/contends");
  try {
    for (const node of NODES) lab.run(["ssh", node, "cat >/run/contends.sh"], CONTENDS);
    const runs = await Promise.all(NODES.map((node) => lab.start(["ssh", node, "bash /run/contends.sh"])));
    const codes = runs.map(({ code, output }) => {
      assert.equal(code, 0, output);
      return output.trim().split("\n");
    });
    const rounds = codes[0].map((line, index) =>
      [line, codes[1][index]]
        .map((text) => text.split(" ")[1])
        .sort()
        .join(),
    );
    const both = rounds.filter((round) => round === "0,0");
    if (both.length > 0) throw new BrokenInvariant(`two nodes claimed one epoch, ${both.length} times`);
    assert.deepEqual(new Set(rounds), new Set(["0,12"]));
    assert.equal(rounds.length, ROUNDS);
    console.log(`won by ${NODES[0]}: ${codes[0].filter((line) => line.endsWith(" 0")).length} of ${ROUNDS}`);
  } finally {
    lab.on("xcatmn1", "rm -rf /HA/contends");
  }
  assertPair("xcatmn1");
});
