// What the active node's own timer does, each situation in words: the same decision (plan) that the node calls.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bash } from "./bash";

const BASE = {
  role: "beat",
  node: "xcatmn1",
  lease: "mine",
  sentence: "epoch 4 is held by xcatmn1 since noon (mine)",
  on_share_loss: "demote",
  share_loss_limit: "60",
  share_lost: "0",
  running: "",
  vip: "absent",
};
const RUNNING = { running: "postgresql xcatd named dhcpd conserver ", vip: "here" };
const OTHER = { lease: "other", sentence: "epoch 5 is held by xcatmn2 since one (other)" };

const steps = (reason: string) => [
  `end-run -: ${reason}`,
  "kill -: the database first: another node may be writing",
  "drop -: the VIP is the other node's",
  "gone -: nothing of ours runs any more",
  "disarm -: cron and timer",
];

const CASES: [what: string, facts: Partial<typeof BASE>, ...steps: string[]][] = [
  ["the owner lives", RUNNING, "beat -: the owner lease is ours"],
  ["the owner lives, and nothing of it runs: an admin stopped it", {}, "beat -: the owner lease is ours"],
  ["a newer epoch names the other node", { ...RUNNING, ...OTHER }, ...steps(OTHER.sentence)],
  [
    "a newer epoch, the services are down and the VIP is still here",
    { ...OTHER, vip: "here" },
    ...steps(OTHER.sentence),
  ],
  [
    "a newer epoch, nothing runs, and whether the VIP is here cannot be told",
    { ...OTHER, vip: "unknown" },
    ...steps(OTHER.sentence),
  ],
  ["a newer epoch, one service still runs", { ...OTHER, running: "dhcpd " }, ...steps(OTHER.sentence)],
  ["a newer epoch, and nothing here: stepped down already", OTHER],
  [
    "the other node took over and steps down again",
    { ...RUNNING, ...OTHER, lease: "other-releasing" },
    ...steps(OTHER.sentence),
  ],
  [
    "the other node took over and has released",
    { ...RUNNING, lease: "released", sentence: "epoch 5 was released by xcatmn2" },
    ...steps("epoch 5 was released by xcatmn2"),
  ],
  ["our own step down runs", { ...RUNNING, lease: "mine-releasing" }],
  ["the lease is of another boot of this node, and nothing runs", { lease: "mine-rebooted" }],
  [
    "the lease is of another boot of this node, and something runs: it was started under no lease of this boot",
    { ...RUNNING, lease: "mine-rebooted", sentence: "epoch 4 is held by xcatmn1 since noon (mine-rebooted)" },
    ...steps("epoch 4 is held by xcatmn1 since noon (mine-rebooted)"),
  ],
  [
    "the share names no owner any more: what has no epoch is not the share that it was",
    { ...RUNNING, lease: "none", share_lost: "20" },
    "note the shared data names no owner any more, for 20 s now: after 60 s xcatmn1 steps down",
  ],
  [
    "the share has named no owner for a minute",
    { ...RUNNING, lease: "none", share_lost: "60" },
    ...steps("the shared data named no owner for 60 s"),
  ],
  [
    "the share does not answer for the first time",
    { ...RUNNING, lease: "unknown" },
    "note the shared data cannot be read, for 0 s now: after 60 s xcatmn1 steps down",
  ],
  [
    "the share does not answer, just under the limit",
    { ...RUNNING, lease: "unknown", share_lost: "59" },
    "note the shared data cannot be read, for 59 s now: after 60 s xcatmn1 steps down",
  ],
  [
    "the share has not answered for a minute",
    { ...RUNNING, lease: "unknown", share_lost: "60" },
    ...steps("the shared data could not be read for 60 s"),
  ],
  [
    "the same where the site wants to keep the services",
    { ...RUNNING, lease: "unknown", share_lost: "600", on_share_loss: "keep" },
    "note the shared data cannot be read, for 600 s now: onShareLoss is keep: the services go on",
  ],
  [
    "a newer epoch counts also where the site wants to keep the services",
    { ...RUNNING, ...OTHER, on_share_loss: "keep" },
    ...steps(OTHER.sentence),
  ],
  ["the share is gone, and nothing runs here", { lease: "unknown", share_lost: "600" }],
];

for (const [what, facts, ...wanted] of CASES)
  test(`beat: ${what}`, () => {
    const entries = Object.entries({ ...BASE, ...facts }).map(([key, value]) => `[${key}]='${value}'`);
    const { code, stdout, stderr } = bash(["node/lib/plan.sh"], `declare -A FACT=(${entries.join(" ")}); plan`);
    assert.equal(code, 0, stderr);
    const lines = stdout.split("\n").filter(Boolean);
    assert.deepEqual(
      lines.map((line) => line.split("\t")).map(([verb, argument, reason]) => `${verb} ${argument}: ${reason}`),
      wanted,
    );
  });

for (const [ip, vip] of [
  ["echo '2: eth0    inet 10.5.106.7/8 brd 10.255.255.255 scope global eth0'", "here"],
  ["echo '2: eth0    inet 10.5.106.70/8 brd 10.255.255.255 scope global eth0'", "absent"],
  ["echo 'Cannot open netlink socket' >&2; return 1", "unknown"],
])
  test(`a beat of a former owner looks for the VIP: ${vip}`, () => {
    const { code, stdout, stderr } = bash(
      ["node/lib/report.sh", "node/parts/virtualIp.sh", "node/parts/beat.sh"],
      `RUN=/nowhere NODE=xcatmn1 VIP=10.5.106.7; declare -A LEASE=([is]=other)
       load_values() { declare -gA WANT=([onShareLoss]=demote [shareLossSeconds]=60); }; lease_read() { :; }; lease_sentence() { :; }; services_left() { :; }
       ip() { ${ip}; }; beat_facts; echo "\${FACT[vip]}"`,
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${vip}\n`);
  });

test("a beat that starts counts a loss of the share from its own first look", () => {
  const run = mkdtempSync(join(tmpdir(), "xcat-ha-beat-"));
  writeFileSync(join(run, "share-lost"), "1\n");
  const { code, stderr } = bash(
    ["node/lib/report.sh", "node/lib/observe.sh", "node/parts/beat.sh"],
    `declare -A WANT=([timer]=running) SEEN=(); RUN='${run}' PROGRAM=xcat-ha NODE=xcatmn1; lease_require() { :; }; systemd-run() { :; }
     systemctl() { echo inactive; }; beat_apply; [[ $(share_lost_seconds) == 0 ]]`,
  );
  rmSync(run, { recursive: true });
  assert.equal(code, 0, stderr);
});
