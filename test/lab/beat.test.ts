import assert from "node:assert/strict";
import { before, test } from "node:test";
import { assertPair, become, lab, notified, pairWith, remains, shareLossSeconds } from "../helpers/labPair";
import { expectViolations, sampled } from "../helpers/sampled";
import { until } from "../helpers/until";

before(() => {
  pairWith("xcatmn1");
  shareLossSeconds("xcatmn1", 10);
});
sampled(lab);
const beat = () => lab.on("xcatmn2", "cat /HA/.xcat-ha/beat/xcatmn1");
async function beatMoves() {
  await until("a first beat", () => lab.run(["ssh", "xcatmn2", "test -s /HA/.xcat-ha/beat/xcatmn1"]).code === 0);
  const first = beat();
  await until("the beat to move", () => beat() !== first);
}

test("the owner's beat moves", async () => {
  await beatMoves();
  assertPair("xcatmn1");
});

test("a frozen pair: both nodes refuse a change of role, until it is thawed on either", async () => {
  pairWith("xcatmn1");
  lab.on("xcatmn1", "xcat-ha freeze 60 'kernel update'");
  const plan = (node: string, role: string) => lab.run(["ssh", node, `xcat-ha plan ${role}`]);
  for (const { code, output } of [plan("xcatmn1", "standby"), plan("xcatmn2", "active")]) {
    assert.equal(code, 10, output);
    assert.match(output, /the pair is frozen until \S+Z by xcatmn1: kernel update; /);
  }
  assert.match(lab.on("xcatmn2", "xcat-ha status"), /^frozen +until \S+Z by xcatmn1: kernel update$/m);
  lab.on("xcatmn2", "xcat-ha thaw");
  const { code, output } = plan("xcatmn1", "standby");
  assert.equal(code, 0, output);
  const noted = () => lab.run(["ssh", "xcatmn1", "test -e /var/lib/xcat-ha/frozen"]).code === 0;
  await until("the owner to see it", () => !noted());
});

test("an owner whose share hangs steps down after shareLossSeconds and tells the site; when the hang ends, it does not go on", async () => {
  pairWith("xcatmn1");
  const told = notified("xcatmn1");
  lab.must("share", "xcatmn1", "hang");
  try {
    await until("xcatmn1 to step down", () => remains("xcatmn1").replace("timer", "") === "");
  } finally {
    lab.must("share", "xcatmn1", "resume");
  }
  await until("the demotion to end", () => remains("xcatmn1") === "");
  await until("the site to be told", () => /^demoted /m.test(told()));
  assert.match(
    told(),
    /^demoted xcatmn1\nxcatmn1 stepped down by itself at \S+: the shared data could not be read for \d+ s\n/m,
  );
  assert.match(lab.on("xcatmn1", "cat /var/lib/xcat-ha/demoted"), /the shared data could not be read for \d+ s/);
  become("xcatmn1", "active");
  assertPair("xcatmn1");
});

test("an owner that sees a newer epoch stops everything and drops the VIP by itself, while an order runs on it", async () => {
  pairWith("xcatmn1");
  lab.on("xcatmn1", "systemd-run --quiet --unit=xcat-ha-run sleep infinity");
  // It runs on until its next beat: just after one, that is long enough to be seen.
  expectViolations(/^xcatmn1 runs \S+ while epoch \d+ names xcatmn2$/);
  await beatMoves();
  // As a takeover leaves it, whose evidence was wrong: the former owner lives.
  lab.on(
    "xcatmn2",
    `cd /HA/.xcat-ha/epoch && next=$(printf %06d $((10#$(ls | sed -n 's/[.]owner$//p' | tail -n 1) + 1))) &&
     printf 'node xcatmn2\\nmachine %s\\nboot %s\\ntime 2026-01-01T00:00:00Z\\norigin test\\nformat 1\\n' $(cat /etc/machine-id) $(cat /proc/sys/kernel/random/boot_id) >.planted && mv .planted $next.owner`,
  );
  await until("xcatmn1 to step down", () => remains("xcatmn1") === "");
  assert.match(lab.on("xcatmn1", "cat /var/lib/xcat-ha/demoted"), /epoch \d+ is held by xcatmn2 since/);
  assert.notEqual(lab.run(["ssh", "xcatmn1", "systemctl is-active xcat-ha-run"]).code, 0);
  become("xcatmn2", "active");
  become("xcatmn1", "standby");
  assertPair("xcatmn2");
});
