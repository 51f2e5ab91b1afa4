import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { assertNoChanges, assertPair, expectUp, lab, NODES, pairWith } from "../helpers/labPair";
import { sampled } from "../helpers/sampled";

// The clock is the host's, and nobody here may set it: what is read from the time service is a stand-in, and so is what would set it.
const stand = (node: string, offset: number, afterStep: number) => {
  const peers = `printf ' header\\n=\\n*10.0.0.1 10.0.0.2 3 u 5 64 377 0.4 %s 0.1\\n' "$(cat /run/lab-offset)"`;
  lab.run(["ssh", node, "cat >/usr/local/bin/ntpq; chmod 0755 /usr/local/bin/ntpq"], `#!/bin/sh\n${peers}\n`);
  lab.run(
    ["ssh", node, "cat >/usr/local/bin/ntpd; chmod 0755 /usr/local/bin/ntpd"],
    `#!/bin/sh\necho ${afterStep} >/run/lab-offset\n`,
  );
  lab.on(node, `echo ${offset} >/run/lab-offset; rm -f /run/xcat-ha/clock-stepped`);
};

afterEach(() => {
  for (const node of NODES)
    lab.on(node, "rm -f /usr/local/bin/ntpq /usr/local/bin/ntpd /run/lab-offset /run/xcat-ha/clock-stepped");
});
sampled(lab);

const refresh = () => lab.pulumi("refresh", "-s", "standby", "--preview-only", "--expect-no-changes");

test("a clock that is far off is drift, without the offset itself; the next up steps it", () => {
  pairWith("xcatmn1");
  stand("xcatmn2", 15000, 2);
  const seen = refresh();
  assert.equal(seen.code, 7, seen.output);
  assert.match(seen.output, /clockSource: clock is 'off by more than 10 s', wanted 'within the limit, or not known'/);
  assert.match(expectUp("xcatmn2").output, /the clock was off by more than 10 s and was stepped/);
  assertNoChanges("xcatmn2");
});

test("a clock that moves within the limit is no drift", () => {
  pairWith("xcatmn1");
  for (const offset of [-3, 9000]) {
    stand("xcatmn2", offset, 0);
    const { code, output } = refresh();
    assert.equal(code, 0, output);
  }
});

test("a node whose clock a step did not help is not activated; nothing is touched", () => {
  pairWith("xcatmn1");
  lab.config("primary", "activeNode", "xcatmn2");
  expectUp("xcatmn1");
  lab.config("standby", "activeNode", "xcatmn2");
  stand("xcatmn2", 15000, 15000);
  const first = lab.up("standby");
  assert.notEqual(first.code, 0);
  assert.match(first.output, /error: the clock of xcatmn2 is off by more than 10 s although it was stepped/);
  const preview = lab.pulumi("preview", "-s", "standby");
  assert.notEqual(preview.code, 0);
  assert.match(preview.output, /the clock of xcatmn2 is off by more than 10 s although it was stepped; expected/);
  assert.match(preview.output, /next: look at the time servers of xcatmn2, set its clock/);
  assert.equal(lab.on("xcatmn2", "ip -o addr show | grep -c 'inet 10.5.106.7/' || true"), "0");
  assert.match(lab.on("xcatmn2", "xcat-ha status"), /was released by xcatmn1/);

  // At the console the same decision.
  const console = lab.run(["ssh", "xcatmn2", "xcat-ha become active </dev/null"]);
  assert.equal(console.code, 10, console.output);

  lab.on("xcatmn2", "echo 3 >/run/lab-offset");
  pairWith("xcatmn1");
  assertPair("xcatmn1");
});
