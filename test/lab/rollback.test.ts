import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Lab } from "../lab";

// A lab of its own: a first setup happens once in a lab's life.
const lab = new Lab(`${process.env.XCAT_HA_LAB ?? "test"}-rollback`);

before(() => lab.must("up"));
after(() => lab.must("down"));

test("a first setup that fails before the links are switched starts again what ran; what was written since is not lost", () => {
  // A file where a directory must go: seen only when the directory is placed, after the stop.
  lab.on("xcatmn1", "touch /HA/tftpboot");
  const { code, output } = lab.up("primary");
  assert.notEqual(code, 0);
  assert.match(output, /the first setup failed before anything was switched: what ran is started again/);
  const units = "postgresql xcatd named dhcpd conserver";
  assert.equal(
    lab.on("xcatmn1", `systemctl is-active ${units} | sort -u; systemctl is-enabled ${units} | sort -u`),
    "active\nenabled",
  );
  assert.equal(lab.on("xcatmn1", "readlink /etc/xcat /install /root/.xcat /tftpboot /var/lib/pgsql || true"), "");
  lab.on("xcatmn1", "bash -lc 'chtab key=afterrollback site.value=yes'; echo new >/install/new-file");

  lab.on("xcatmn1", "rm /HA/tftpboot");
  const second = lab.up("primary");
  assert.equal(second.code, 0, second.output);
  assert.equal(lab.on("xcatmn1", "cat /HA/install/new-file"), "new");
  assert.equal(lab.on("xcatmn1", "bash -lc 'gettab key=afterrollback site.value </dev/null'"), "yes");
  assert.equal(lab.on("xcatmn1", "ls -A /HA/.xcat-ha | grep -cE 'copy-|first-setup' || true"), "0");
});
