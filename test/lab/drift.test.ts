import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertNoDrift, assertPair, lab, pairWith } from "../helpers/labPair";
import { sampled } from "../helpers/sampled";

/** What an admin or a package breaks, what the refresh says, and which part the next up repairs. */
type Drift = { part: string; breaks: string; seen: RegExp };

const DRIFTS: Drift[] = [
  {
    part: "virtualIp",
    breaks: "ip addr del 10.5.106.7/8 dev eth0",
    seen: /virtualIp: address is 'absent', wanted '10\.5\.106\.7\/8 brd 10\.255\.255\.255 dev eth0 label eth0:0'/,
  },
  {
    part: "staticAddress",
    breaks: "sed -i 's/10.5.106.70/10.5.106.7/' /etc/network/interfaces",
    seen: /staticAddress: persistent is 'ifupdown \/etc\/network\/interfaces has 10\.5\.106\.7\/8', wanted '10\.5\.106\.70\/8'/,
  },
  {
    part: "hostsEntry",
    breaks: "sed -i '/^10.5.106.5 /d; s/^127.0.0.1.*/& xcatmn1/' /etc/hosts",
    seen: /hostsEntry: 10\.5\.106\.5 is 'absent', wanted 'xcatmn2'[\s\S]*10\.5\.106\.7 is 'xcatmn1 xcatmn1\.cluster\.com; xcatmn1 also at 127\.0\.0\.1', wanted 'xcatmn1 xcatmn1\.cluster\.com'/,
  },
  {
    part: "clockSource",
    breaks: "sed -i '/10.0.0.103/d' /etc/ntp.conf; systemctl disable --quiet --now ntpd",
    seen: /clockSource: server\.10\.0\.0\.103 is 'not listed in \/etc\/ntp\.conf', wanted 'listed'[\s\S]*state is 'stopped, not enabled', wanted 'running, enabled'/,
  },
  {
    part: "sharedDataLinks",
    breaks: "rm /tftpboot && mkdir /tftpboot",
    seen: /sharedDataLinks: \/tftpboot is 'a local directory', wanted '-> \/HA\/tftpboot'/,
  },
  {
    part: "sharedDataLinks",
    breaks: "chmod 750 /HA/pgsql; ln -sfn /HA/tftpboot /install",
    seen: /sharedDataLinks: \/install is '-> \/HA\/tftpboot', wanted '-> \/HA\/install'[\s\S]*sharedDataLinks: \/var\/lib\/pgsql:owner is 'postgres:postgres 750', wanted 'postgres:postgres 700'/,
  },
  {
    part: "startGuard",
    breaks: "sed -i 's/ExecStartPre.*/ExecStartPre=true/' /etc/systemd/system/named.service.d/xcat-ha.conf",
    seen: /startGuard: named is 'drop-in changed: \[Service\] ExecStartPre=true ', wanted 'guarded'/,
  },
  {
    part: "startGuard",
    breaks: "rm /etc/systemd/system/xcatd.service.d/xcat-ha.conf && systemctl daemon-reload",
    seen: /startGuard: xcatd is 'not guarded', wanted 'guarded'/,
  },
  {
    part: "pgHbaEntry",
    breaks: "sed -i '/10.5.106.70/d' /var/lib/pgsql/data/pg_hba.conf",
    seen: /pgHbaEntry: 10\.5\.106\.70\/32 is 'absent', wanted 'host all all 10\.5\.106\.70\/32 md5'/,
  },
  {
    part: "pgHbaEntry",
    breaks: "sed -i 's/^host.*10.5.106.5.*md5/host all all 10.5.106.5\\/32 reject/' /var/lib/pgsql/data/pg_hba.conf",
    seen: /pgHbaEntry: 10\.5\.106\.5\/32 is 'line \d+: host all all 10\.5\.106\.5\/32 reject', wanted 'host all all 10\.5\.106\.5\/32 md5'/,
  },
  {
    part: "listenAddresses",
    breaks: "sed -i 's/,10.5.106.5//' /var/lib/pgsql/data/postgresql.conf",
    seen: /listenAddresses: 10\.5\.106\.5 is 'not listed in .*', wanted 'listed'/,
  },
  {
    part: "networksMgtIf",
    breaks: "bash -lc 'chdef -t network -o 10_0_0_0-255_0_0_0 mgtifname=eth0 </dev/null'",
    seen: /networksMgtIf: mgtifname is 'eth0', wanted 'eth0:0'/,
  },
  {
    part: "network",
    breaks: "systemctl enable --quiet named; systemctl stop conserver",
    seen: /network: conserver is 'stopped, not enabled', wanted 'running, not enabled'[\s\S]*named is 'running, enabled', wanted 'running, not enabled'/,
  },
  {
    part: "database",
    breaks: "systemctl stop xcatd",
    seen: /database: xcatd is 'stopped, not enabled', wanted 'running, not enabled'/,
  },
  {
    part: "hostsSyncCron",
    breaks: "rm /etc/cron.d/xcat-ha-hosts",
    seen: /hostsSyncCron: cron is 'absent', wanted '0 2 \* \* \* root \/usr\/local\/sbin\/xcat-ha sync-hosts'/,
  },
  {
    part: "hostsSyncCron",
    breaks:
      "echo '0 2 * * * /usr/bin/rsync -Lprogtz /etc/hosts xcatmn2:/etc/' | crontab -; rm /etc/xcat-ha/known_hosts",
    seen: /hostsSyncCron: peerHostKey is 'not pinned', wanted 'xcatmn2 ssh-ed25519 [\s\S]*hostsSyncCron: crontab is '0 2 \* \* \* \/usr\/bin\/rsync .*', wanted 'no rsync of \/etc\/hosts'/,
  },
  {
    part: "beat",
    breaks: "systemctl stop xcat-ha-beat.timer",
    seen: /beat: timer is 'absent', wanted 'running'/,
  },
  {
    part: "nodeProgram",
    breaks: "echo '# edited' >>/usr/local/sbin/xcat-ha",
    seen: /nodeProgram: program is '[0-9a-f]{64}', wanted '[0-9a-f]{64}'/,
  },
];

const started = () =>
  lab.on("xcatmn1", "systemctl show -p ActiveEnterTimestampMonotonic --value postgresql named dhcpd");

before(() => pairWith("xcatmn1"));
after(() => {
  assertPair("xcatmn1");
  assertNoDrift("xcatmn1");
});
sampled(lab);

/** Rows are broken together, in two rounds: what hides others (no xcatd and no VIP: nothing can be asked) goes with the rest of its round. */
const HIDING = ["database", "virtualIp", "nodeProgram"];
const rounds = {
  "what is read from files, units and tables": DRIFTS.filter(({ part }) => !HIDING.includes(part)),
  "what other things are asked through": DRIFTS.filter(({ part }) => HIDING.includes(part)),
};

for (const [what, rows] of Object.entries(rounds))
  test(`drift of ${what}: refresh names each thing with both values, up repairs exactly those parts`, () => {
    const running = started();
    for (const { breaks } of rows) lab.on("xcatmn1", breaks);
    // networks.mgtifname cannot be read without xcatd and the VIP: that is a difference of its own.
    const hidden = rows.some(({ part }) => HIDING.includes(part)) ? ["networksMgtIf"] : [];
    const expected = [...new Set([...rows.map(({ part }) => part), ...hidden])].sort();
    const refresh = lab.pulumi("refresh", "-s", "primary", "--preview-only", "--expect-no-changes");
    assert.equal(refresh.code, 7, refresh.output);
    for (const { seen } of rows) assert.match(refresh.output, seen);
    const differing = [...refresh.output.matchAll(/xcatmn1 (\w+): \S+ is '/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(differing)].sort(), expected, refresh.output);
    // With its preview, as a user types it.
    const { code, output } = lab.pulumi("up", "--yes", "-s", "primary");
    assert.equal(code, 0, output);
    for (const when of ["update", "updated"]) {
      const commands = [...output.matchAll(new RegExp(`command:remote:Command (\\S+) ${when}\\b`, "g"))];
      assert.deepEqual([...new Set(commands.map(([, name]) => name))].sort(), expected, output);
    }
    assert.equal(started(), running, "nothing else was started again");
    // That nothing else differs, the next refresh says: it names each difference there is.
  });

test("drift of a standby node: a service enabled, a link replaced, a guard, the watch and the trust of the hosts sync gone", () => {
  lab.on(
    "xcatmn2",
    "systemctl enable --quiet named; rm /install && mkdir /install; rm /etc/systemd/system/postgresql.service.d/xcat-ha.conf && systemctl daemon-reload; sed -i '/hosts-sync/d' /root/.ssh/authorized_keys; systemctl disable --now --quiet xcat-ha-watch.timer",
  );
  const refresh = lab.pulumi("refresh", "-s", "standby", "--preview-only", "--expect-no-changes");
  assert.equal(refresh.code, 7, refresh.output);
  assert.match(refresh.output, /network: named is 'stopped, enabled', wanted 'stopped, not enabled'/);
  assert.match(refresh.output, /sharedDataLinks: \/install is 'a local directory', wanted '-> \/HA\/install'/);
  assert.match(refresh.output, /startGuard: postgresql is 'not guarded', wanted 'guarded'/);
  assert.match(refresh.output, /beat: watch is 'inactive, with a unit file', wanted 'running'/);
  assert.match(refresh.output, /hostsSyncCron: trust is 'absent', wanted 'xcatmn1 \(10\.5\.106\.70\) may deliver/);
  const { code, output } = lab.up("standby");
  assert.equal(code, 0, output);
  const commands = [...output.matchAll(/command:remote:Command (\S+) updated/g)].map(([, name]) => name);
  assert.deepEqual(
    [...new Set(commands)].sort(),
    ["beat", "hostsSyncCron", "network", "sharedDataLinks", "startGuard"],
    output,
  );
});
