import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNoChanges, assertPair, expectUp, lab, pairWith, UNITS } from "./pair";

test("the owner is not destroyed: refused before anything is deleted", () => {
  pairWith("xcatmn1");
  const { code, output } = lab.pulumi("destroy", "--yes", "-s", "primary");
  assert.notEqual(code, 0);
  assert.match(output, /xcatmn1 holds the owner lease; expected a node that is not active before it is let go/);
  assert.doesNotMatch(output, /Command \S+ deleted/);
  assertPair("xcatmn1");
  assertNoChanges("xcatmn1");
});

test("destroy lets a standby node go: local directories and services come back, shared data stays; up makes the pair again", () => {
  pairWith("xcatmn1");
  const shared =
    "cd /HA && find xcat install tftpboot .xcat -printf '%p %m %u %s\\n' | sort | md5sum; ls /HA/.xcat-ha/epoch | wc -l";
  const before = lab.on("xcatmn1", shared);
  // UNIT STATE ENABLED, as they were found at the first setup.
  const found = lab.on("xcatmn2", "cat /var/lib/xcat-ha/units").split("\n");
  const { code, output } = lab.pulumi("destroy", "--yes", "-s", "standby");
  assert.equal(code, 0, output);
  assert.equal(lab.on("xcatmn1", shared), before);
  assert.equal(
    lab.on("xcatmn2", "find /etc/xcat /install /root/.xcat /tftpboot /var/lib/pgsql -maxdepth 0 -type d | wc -l"),
    "5",
  );
  assert.equal(
    lab.on(
      "xcatmn2",
      "ls -d /usr/local/sbin/xcat-ha /etc/xcat-ha /var/lib/xcat-ha /run/xcat-ha /etc/systemd/system/*.d/xcat-ha.conf 2>/dev/null | wc -l",
    ),
    "0",
  );
  assert.equal(lab.on("xcatmn2", "grep -c hosts-sync /root/.ssh/authorized_keys || true"), "0");
  assert.equal(found.length, UNITS.length);
  assert.match(found.join("\n"), /^postgresql active enabled$/m);
  for (const line of found) {
    const [unit, state, enabled] = line.split(" ");
    assert.equal(
      lab.on("xcatmn2", `systemctl is-active ${unit}; systemctl is-enabled ${unit}`),
      `${state}\n${enabled}`,
      unit,
    );
  }
  expectUp("xcatmn2");
  assertPair("xcatmn1");
  assertNoChanges("xcatmn2");
});
