// A pair as an admin builds it by hand from the manual.
import assert from "node:assert/strict";
import type { Lab } from "./lab";
import { UNITS } from "./labPair";

const MANUAL_CRON = "0 2 * * * /usr/bin/rsync -Lprogtz /etc/hosts xcatmn2:/etc/";

/** The manual's steps on the primary node as an admin types them: three of five directories, the typo in listen_addresses, its crontab. */
const BY_HAND = `
  systemctl stop conserver dhcpd named xcatd postgresql
  systemctl disable --quiet conserver dhcpd named xcatd postgresql
  ip addr add 10.5.106.70/8 dev eth0
  ip addr del 10.5.106.7/8 dev eth0
  ip addr add 10.5.106.70/8 brd + dev eth0 2>/dev/null || true
  sed -i 's/address 10.5.106.7$/address 10.5.106.70/' /etc/network/interfaces
  ip addr add 10.5.106.7/8 brd + dev eth0 label eth0:0
  echo 'host    all          all        10.5.106.70/32      md5' >>/var/lib/pgsql/data/pg_hba.conf
  echo "listen_addresses = 'localhost,10.5.106.7,10.5.106.70,10.5.105.5'" >>/var/lib/pgsql/data/postgresql.conf
  for directory in etc/xcat tftpboot var/lib/pgsql; do
    cp -a /$directory /HA/$(basename $directory)
    mv /$directory /$directory.bak
    ln -s /HA/$(basename $directory) /$directory
  done
  systemctl start postgresql xcatd
  export PATH=/opt/xcat/bin:/opt/xcat/sbin:$PATH XCATROOT=/opt/xcat HOME=/root
  chdef -t network -o 10_0_0_0-255_0_0_0 mgtifname=eth0:0 </dev/null
  makedns -n </dev/null; makedhcp -n </dev/null; makedhcp -a </dev/null
  makeconservercf </dev/null; systemctl start conserver
  systemctl disable --quiet conserver dhcpd named xcatd postgresql
  echo '${MANUAL_CRON}' | crontab -
`;
const STANDBY_BY_HAND = `
  systemctl stop conserver dhcpd named xcatd postgresql
  systemctl disable --quiet conserver dhcpd named xcatd postgresql
  for directory in etc/xcat tftpboot var/lib/pgsql; do
    mv /$directory /$directory.bak
    ln -s /HA/$(basename $directory) /$directory
  done
`;
/** On machines that were just booted: xcatmn1 serves, xcatmn2 stands by. */
export function buildByHand(lab: Lab) {
  // The machine's first address is the VIP: after this it answers at the static one.
  lab.run(
    ["ssh", "xcatmn1", `cat >/root/by-hand.sh && systemd-run --quiet --wait bash -eux /root/by-hand.sh`],
    BY_HAND,
  );
  assert.equal(lab.on("xcatmn1", `systemctl is-active ${UNITS.join(" ")} | sort -u`), "active");
  lab.run(["ssh", "xcatmn2", "bash -eu -s"], STANDBY_BY_HAND);
}
