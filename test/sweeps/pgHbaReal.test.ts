// What the reader of pg_hba.conf says of each file is what a real server does with logins from each address of the pair.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bash } from "../helpers/bash";
import { NO_POSTGRESQL } from "../helpers/editFiles";

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
  ["hostssl all all all cert"],
  ["hostssl all all all scram-sha-256 clientcert=verify-full"],
  ["hostssl all all all scram-sha-256 clientcert=verify-ca", "hostnossl all all samenet md5"],
  ["hostnossl all all all md5"],
  ["hostssl all all all reject", "host all all samenet md5"],
];
const ADDRESSES = ["10.5.106.7", "10.5.106.70", "10.5.106.5"];

/** ssl of the server; sslmode and a certificate of xCAT's login. Where it is not libpq's own, of the files that say anything of TLS, one address. */
const WAYS: [ssl: string, mode: string, certificate: string][] = [
  ["on", "prefer", "no"],
  ["off", "prefer", "no"],
  ["on", "disable", "no"],
  ["on", "require", "no"],
  ["off", "require", "no"],
  ["on", "prefer", "yes"],
];
const about = ([, mode, certificate]: (typeof WAYS)[number], lines: string[]) =>
  (mode === "prefer" && certificate === "no") || /host(no)?ssl/.test(lines.join());
const ROWS = WAYS.flatMap((way) =>
  FILES.filter((lines) => about(way, lines)).map((lines) => ({
    way,
    lines,
    addresses: way[1] === "prefer" && way[2] === "no" ? ADDRESSES : ADDRESSES.slice(0, 1),
  })),
);

/**
 * A server of its own on a network of its own, with each file in turn: whose password logs in, and nobody with a wrong one. Reading its files again
 * comes before the next connection.
 */
const SERVER = `set -euo pipefail
cd "$1"; bin=$(dirname "$2")
as() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
ip link set lo up; ip addr add 10.9.9.9/8 dev lo
for address in ${ADDRESSES.join(" ")}; do ip addr add "$address/32" dev lo; done
as "$bin/initdb" -N -D "$1/data" -U postgres -A trust >/dev/null
certificate() { openssl req -new -x509 -nodes -days 3 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj "/CN=$1" -keyout "$2.key" -out "$2.crt" >/dev/null 2>&1; chmod 600 "$2.key"; }
certificate x data/server; certificate xcatadm xcatadm; chown 65534 data/server.*; cp xcatadm.crt data/ca.crt
printf "%s\\n" "listen_addresses = '*'" "unix_socket_directories = '$1'" "ssl_ca_file = 'ca.crt'" "include 'ssl.conf'" >>data/postgresql.conf
: >data/ssl.conf
as "$bin/pg_ctl" -D "$1/data" -w -l "$1/log" -o "-F" start >/dev/null
trap 'as "$bin/pg_ctl" -D "$1/data" -w -m immediate stop >/dev/null' EXIT
# Debian's psql in the PATH is a program that looks for this one.
psql() { local own=$bin/psql; [[ -x $own ]] || own=psql; command "$own" -X -q -A -t "$@"; }
psql -h "$1" -U postgres -d postgres -c "create role xcatadm login password 'p'" -c 'create database xcatdb owner xcatadm'
read -r server <data/postmaster.pid
logs_in() { PGPASSWORD=$2 psql -h "$1" -U xcatadm -d xcatdb -c '' >/dev/null 2>&1; }
row() {
  cp "rows/$1" data/pg_hba.conf; echo "ssl = $2" >data/ssl.conf; kill -HUP "$server"
  export PGSSLMODE=$3; unset PGSSLCERT PGSSLKEY
  [[ $4 == no ]] || export PGSSLCERT=xcatadm.crt PGSSLKEY=xcatadm.key
  # With a certificate alone any password does: that is no trust.
  for address in "\${@:5}"; do
    if logs_in "$address" p && { [[ $4 == yes ]] || ! logs_in "$address" x; }; then echo yes; else echo no; fi
  done
}
${ROWS.map(({ way, addresses }, index) => `row ${index} ${way.join(" ")} ${addresses.join(" ")}`).join("\n")}`;

test(
  "pg_hba.conf as a real server takes it, with TLS and without, with each sslmode and with a certificate",
  {
    skip: NO_POSTGRESQL || (process.getuid?.() !== 0 && "only root has a network of its own and another user's server"),
    timeout: 120_000,
  },
  () => {
    mkdirSync(join(folder, "rows"));
    for (const [index, { lines }] of ROWS.entries())
      writeFileSync(join(folder, "rows", String(index)), ["local all postgres trust", ...lines, ""].join("\n"));
    const program = bash(["platform"], "database_tool postgres 15 || database_tool postgres").stdout.trim();
    spawnSync("chown", ["65534", folder]);
    const server = spawnSync(
      "unshare",
      ["--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", SERVER, "server", folder, program],
      {
        encoding: "utf8",
      },
    );
    assert.equal(server.status, 0, `${server.stderr}${server.stdout}`);
    const looks = ROWS.map(
      ({ way, addresses }, index) =>
        `perl -e "$HBA_PERL" list xcatadm xcatdb ${way.join(" ")} ${addresses.join(" ")} <'${folder}/rows/${index}'`,
    );
    const judged = bash(["databaseLogin", "pgHbaEntry"], looks.join("\n"));
    const rows = (answers: string[]) => {
      let next = 0;
      return ROWS.map(
        ({ way, lines, addresses }) =>
          `ssl=${way[0]} sslmode=${way[1]} certificate ${way[2]}: ${lines.join("; ")}: ${addresses.map(() => answers[next++]).join(" ")}`,
      );
    };
    const real = server.stdout.trim().split("\n");
    const ours = judged.stdout
      .trim()
      .split("\n")
      .map((line) => (line.split("\t")[1] === "ok" ? "yes" : "no"));
    assert.deepEqual(rows(ours), rows(real), readFileSync(join(folder, "log"), "utf8").slice(-400));
    assert.ok(real.includes("yes"));
  },
);
