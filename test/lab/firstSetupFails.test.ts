// A first setup that fails: what ran goes on as before, and the next one finishes it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { odd } from "../helpers/copied";
import { Lab } from "../helpers/lab";
import { sampled } from "../helpers/sampled";

const lab = new Lab(`${process.env.XCAT_HA_LAB ?? "test"}-fails`);

before(() => lab.must("up"));
after(() => lab.must("down"));
sampled(lab);

test("a first setup that fails before the links are switched starts again what ran; what was written since is not lost", () => {
  const original = odd(lab);
  // A file where a directory must go: seen only when the directories are linked, after the stop.
  lab.on("xcatmn1", "touch /HA/tftpboot");
  const { code, output } = lab.up("primary");
  assert.notEqual(code, 0);
  assert.match(output, /the first setup failed before anything was switched: what ran is started again/);
  const units = "postgresql xcatd named dhcpd conserver";
  const states = lab.on("xcatmn1", `systemctl is-active ${units} | sort -u; systemctl is-enabled ${units} | sort -u`);
  assert.equal(states, "active\nenabled");
  assert.equal(lab.on("xcatmn1", "readlink /etc/xcat /install /root/.xcat /tftpboot /var/lib/pgsql || true"), "");
  lab.on("xcatmn1", "bash -lc 'chtab key=afterrollback site.value=yes'; echo new >/install/new-file");

  lab.on("xcatmn1", "rm /HA/tftpboot");
  // And the address of the bootstrap is lost again, as by a reboot before it was persistent.
  lab.on("xcatmn1", "systemd-run --quiet --no-block ip addr del 10.5.106.70/8 dev eth0");
  const second = lab.up("primary");
  assert.equal(second.code, 0, second.output);
  // Nobody takes it back behind our back: the commands came over it.
  assert.equal(lab.on("xcatmn1", "systemctl is-active xcat-ha-address-back.timer || true"), "inactive");
  assert.equal(lab.on("xcatmn1", "cat /HA/install/new-file"), "new");
  assert.equal(lab.on("xcatmn1", "bash -lc 'gettab key=afterrollback site.value </dev/null'"), "yes");
  assert.equal(lab.on("xcatmn1", "ls -A /HA/.xcat-ha | grep -cE 'copy-|first-setup' || true"), "0");
  assert.equal(odd(lab), original, "what was copied is what was there");
});
