// What the reader of pg_hba.conf says of each file is what a real server does with logins from each address of the pair.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bash } from "./bash";
import { NO_POSTGRESQL } from "./editFiles";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-hba-"));
after(() => rmSync(folder, { recursive: true }));

const FILES: string[][] = [
  ["host all all 10.0.0.0/8 reject", "host all all 10.5.106.7/32 md5"],
  ["hostnossl all all 10.5.106.7/32 reject", "hostssl all all 10.5.106.7/32 md5"],
  ["host all all 10.5.106.7/24 trust"],
  ["host xcatdb xcatadm 10.0.0.0/8 scram-sha-256", "host all all 0.0.0.0/0 reject"],
  [
    "host all guest samenet reject",
    "host archive,template1 all all reject",
    "host all all ::/0 reject",
    "host all all samenet md5",
  ],
  ['host "all" all all reject', 'host all "xcatadm" 10.5.106.70 255.255.255.255 md5'],
  ["host all xcatadm,other \\", "  10.5.106.0 255.255.255.192 reject", "host all all all md5"],
  ["hostssl all all samenet md5"],
  ["hostssl all all 10.5.106.5/32 reject", "host all all all md5"],
  ["host sameuser all all md5", 'host "xcatdb" all 10.5.106.4/30 password'],
  ["host all all all md5#x", "host all all all reject"],
  ["hostgssenc all all all reject", "hostnogssenc all all all scram-sha-256"],
  ["host all all 10.5.106.70/31 md5", "host\tall\tall\t10.5.106.5/32\tident"],
  ["host replication all all reject", "host all all samenet md5"],
  ['host all "all",xcatadm all md5'],
];
const ADDRESSES = ["10.5.106.7", "10.5.106.70", "10.5.106.5"];

/** A server of its own on a network of its own, with each file in turn: whose password logs in, and nobody with a wrong one. */
const SERVER = `set -euo pipefail
cd "$1"; ssl=$2; bin=$(dirname "$3")
as() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
ip link set lo up; ip addr add 10.9.9.9/8 dev lo
for address in ${ADDRESSES.join(" ")}; do ip addr add "$address/32" dev lo; done
as "$bin/initdb" -D "$1/data" -U postgres -A trust >/dev/null
openssl req -new -x509 -nodes -days 3 -subj /CN=x -keyout data/server.key -out data/server.crt >/dev/null 2>&1
chown 65534 data/server.*; chmod 600 data/server.key
printf "listen_addresses = '*'\\nunix_socket_directories = '%s'\\nfsync = off\\nssl = %s\\n" "$1" "$ssl" >>data/postgresql.conf
as "$bin/pg_ctl" -D "$1/data" -w -l "$1/log" start >/dev/null
trap 'as "$bin/pg_ctl" -D "$1/data" -w -m fast stop >/dev/null' EXIT
ask() { psql -X -q -A -t -h "$1" -U postgres -d postgres -c "$2"; }
ask "$1" "create role xcatadm login password 'p'"; ask "$1" 'create database xcatdb owner xcatadm'
logs_in() { PGPASSWORD=$2 psql -X -q -A -t -h "$1" -U xcatadm -d xcatdb -c 'select 1' >/dev/null 2>&1; }
for file in files/*; do
  cp "$file" data/pg_hba.conf
  before=$(ask "$1" 'select pg_conf_load_time()'); ask "$1" 'select pg_reload_conf()' >/dev/null
  until [[ $(ask "$1" 'select pg_conf_load_time()') != "$before" ]]; do :; done
  for address in ${ADDRESSES.join(" ")}; do
    if logs_in "$address" p && ! logs_in "$address" x; then echo yes; else echo no; fi
  done
done`;

for (const ssl of ["on", "off"])
  test(
    `pg_hba.conf as a real server takes it, TLS ${ssl}`,
    {
      skip:
        NO_POSTGRESQL || (process.getuid?.() !== 0 && "only root has a network of its own and another user's server"),
      timeout: 120_000,
    },
    () => {
      const at = join(folder, ssl);
      mkdirSync(join(at, "files"), { recursive: true });
      const texts = FILES.map((lines) => ["local all postgres trust", ...lines, ""].join("\n"));
      for (const [index, text] of texts.entries())
        writeFileSync(join(at, "files", String(index).padStart(2, "0")), text);
      const program = bash(
        ["node/lib/platform.sh"],
        "database_tool postgres 15 || database_tool postgres",
      ).stdout.trim();
      spawnSync("chown", ["-R", "65534", folder]);
      const server = spawnSync("unshare", ["--net", "bash", "-c", SERVER, "server", at, ssl, program], {
        encoding: "utf8",
      });
      assert.equal(server.status, 0, `${server.stderr}${server.stdout}`);
      const judged = bash(
        ["node/parts/pgHbaEntry.sh"],
        `for file in '${at}'/files/*; do
         perl -e "$HBA_PERL" list xcatadm xcatdb ${ssl} ${ADDRESSES.join(" ")} <"$file"
       done | while IFS=$'\\t' read -r _ state; do if [[ $state == ok ]]; then echo yes; else echo no; fi; done`,
      );
      const rows = (answer: string) => {
        const lines = answer.trim().split("\n");
        return FILES.map((file, index) => `${file.join("; ")}: ${lines.slice(index * 3, index * 3 + 3).join(" ")}`);
      };
      assert.deepEqual(rows(judged.stdout), rows(server.stdout), readFileSync(join(at, "log"), "utf8").slice(-400));
      assert.match(server.stdout, /yes/);
    },
  );
