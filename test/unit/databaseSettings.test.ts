// All of the database is in its directory, by what the unit, PostgreSQL and the links in it say; or it is said what is not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BECOME_LIBRARIES, bash, LEASE_LIBRARIES } from "../helpers/bash";
import { NO_POSTGRESQL } from "../helpers/editFiles";

const FILES = [...LEASE_LIBRARIES, "files", "platform", "units", "databaseSettings"];

/** A database in AT/pgsql before the first setup, with what `makes` does to it; what systemd says of its unit. */
const astray = (makes: string, unit = "") =>
  bash(
    FILES,
    `AT=$(mktemp -d); trap 'rm -r "$AT"' EXIT; NODE=xcatmn1 SHARE=$AT/HA RECORDS=$AT/records; declare -A FACT=([lease]=none [shared]=absent [links]=none)
     mkdir -p "$AT/pgsql/data/pg_wal" "$AT/pgsql/data/pg_tblspc" "$AT/fast" "$SHARE"; echo 15 >"$AT/pgsql/data/PG_VERSION"; : >"$AT/pgsql/data/postgresql.conf"
     path_of() { printf '%s\\n' "\${1/#\\/var\\/lib/$AT}"; }
     unit() { ${unit || ":"}; }
     systemctl() { local said; said=$(unit) || return; [[ $said == *ExecStart* ]] || said+=$'\nExecStart={ path=/usr/bin/postmaster ; argv[]=/usr/bin/postmaster -D \${PGDATA} ; ignore_errors=no ; }'; printf '%s\n' "$said"; }
     cd "$AT"; ${makes}
     (database_facts active; echo "\${FACT[astray]}") 2>&1 | sed "s|$AT|AT|g"`,
  ).stdout;

const CASES: [what: string, makes: string, unit: string, says: string][] = [
  ["all of it", ":", "", ""],
  ["the unit names the same directory", ":", 'echo "Environment=LANG=C PGDATA=$AT/pgsql/data"', ""],
  [
    "the manual of xCAT has moved it, by a drop-in",
    ":",
    "echo 'Environment=PGDATA=/install/pgsql_db/data'",
    "postgresql.service works on /install/pgsql_db/data, not on AT/pgsql/data",
  ],
  [
    "a file of the unit's environment, which wins over its line",
    `echo 'PGDATA="/fast/data"' >"$AT/sysconfig"`,
    'echo "Environment=PGDATA=$AT/pgsql/data"; echo "EnvironmentFiles=$AT/sysconfig (ignore_errors=yes)"',
    "postgresql.service works on /fast/data, not on AT/pgsql/data",
  ],
  [
    "the command line of the unit",
    ":",
    "echo 'ExecStart={ path=/usr/bin/postgres ; argv[]=/usr/bin/postgres -D /fast/data ; ignore_errors=no ; }'",
    "postgresql.service works on /fast/data, not on AT/pgsql/data",
  ],
  [
    "blanks behind a value of that file, as systemd strips them",
    `echo "PGDATA=$AT/pgsql/data  " >"$AT/sysconfig"`,
    'echo "EnvironmentFiles=$AT/sysconfig (ignore_errors=yes)"',
    "",
  ],
  [
    "SLES' file, which names a home",
    `echo 'POSTGRES_DATADIR="~root/data2"' >"$AT/sysconfig"`,
    'echo "EnvironmentFiles=$AT/sysconfig (ignore_errors=yes)"',
    "postgresql.service works on /root/data2, not on AT/pgsql/data",
  ],
  [
    "a data directory that only a shell could tell",
    `echo 'POSTGRES_DATADIR="~nobody-of-that-name/data"' >"$AT/sysconfig"`,
    'echo "EnvironmentFiles=$AT/sysconfig (ignore_errors=yes)"',
    "error: which data directory postgresql has on xcatmn1 cannot be told; expected to know whether it is ours",
  ],
  [
    "pg_ctl's long option",
    ":",
    "echo 'ExecStart={ path=/usr/bin/pg_ctl ; argv[]=/usr/bin/pg_ctl start --pgdata=/fast/data -s -w ; ignore_errors=no ; }'",
    "postgresql.service works on /fast/data, not on AT/pgsql/data",
  ],
  [
    "a configuration file of the unit's own",
    ":",
    "echo 'ExecStart={ path=/usr/bin/postgres ; argv[]=/usr/bin/postgres -c config_file=/etc/site/pg.conf ; ignore_errors=no ; }'",
    "postgresql.service reads /etc/site/pg.conf, not AT/pgsql/data/postgresql.conf",
  ],
  [
    "data is a link",
    "mv pgsql/data fast/data; ln -s ../fast/data pgsql/data",
    "",
    "AT/pgsql/data leads to AT/fast/data",
  ],
  [
    "pg_wal is a link, and a tablespace",
    "rmdir pgsql/data/pg_wal; ln -s $AT/fast pgsql/data/pg_wal; ln -s /ssd/space pgsql/data/pg_tblspc/16384",
    "",
    "AT/pgsql/data/pg_tblspc/16384 leads to /ssd/space; AT/pgsql/data/pg_wal leads to AT/fast",
  ],
  [
    "links that stay within, and to the share",
    "mkdir pgsql/wal; ln -s ../wal pgsql/data/wal; ln -s $AT/HA/space pgsql/data/pg_tblspc/16384; ln -s /etc/passwd pgsql/data/server.crt",
    "",
    "",
  ],
  [
    "links that lead out of it and hurt nobody",
    "ln -s /var/log/postgresql pgsql/data/log; ln -s /run/postgresql/stats pgsql/data/pg_stat_tmp; ln -s /mnt/backup pgsql/backups; ln -s /dev/null pgsql/.psql_history; mkdir -p pgsql/data-old/pg_tblspc; ln -s /ssd/old pgsql/data-old/pg_tblspc/1; touch fast/server.crt; ln -s $AT/fast/server.crt pgsql/data/server.crt",
    "",
    "",
  ],
  [
    "a file of a table, the configuration, a certificate that is not there",
    "mkdir pgsql/data/base; touch fast/1; ln -s $AT/fast/1 pgsql/data/base/1; ln -s $AT/fast/1 pgsql/data/pg_hba.conf; ln -s /nowhere/server.crt pgsql/data/server.crt",
    "",
    "AT/pgsql/data/base/1 leads to AT/fast/1; AT/pgsql/data/pg_hba.conf leads to AT/fast/1; AT/pgsql/data/server.crt leads to /nowhere/server.crt",
  ],
  [
    "data_directory is set to another one",
    `echo "data_directory = '/fast/data'" >pgsql/data/postgresql.conf`,
    "",
    "data_directory in AT/pgsql/data/postgresql.conf is /fast/data, not AT/pgsql/data",
  ],
  [
    "systemd does not answer",
    ":",
    "return 1",
    "error: systemd does not say which data directory postgresql has on xcatmn1; expected to know whether it is ours",
  ],
];
for (const [what, makes, unit, says] of CASES)
  test(`the whole database: ${what}`, { skip: NO_POSTGRESQL }, () => {
    const said = astray(makes, unit).split("\n")[0].split("; ").sort().join("; ");
    assert.equal(said, says.split("; ").sort().join("; "));
  });

/** A node beside an owner, with a database of version 15 on the share; what its PostgreSQL says of itself, and the uid of its user. */
const UNFIT: [what: string, node: string, says: string][] = [
  ["the same", "", ""],
  ["Debian's layout", "layout() { echo /15/main; }", ""],
  [
    "another major version",
    "says='postgres (PostgreSQL) 13.9'",
    "the database is of PostgreSQL 15, and xcatmn2 has postgres (PostgreSQL) 13.9",
  ],
  [
    "a version that only begins alike",
    "says='postgres (PostgreSQL) 150.1'",
    "the database is of PostgreSQL 15, and xcatmn2 has postgres (PostgreSQL) 150.1",
  ],
  ["no PostgreSQL", "says=", "the database is of PostgreSQL 15, and xcatmn2 has no server"],
  ["another uid", "own=26", "the database belongs to the uid 0, and that of the user postgres of xcatmn2 is 26"],
  [
    "no such user",
    "own=",
    "the database belongs to the uid 0, and that of the user postgres of xcatmn2 is none (id: no such user)",
  ],
  [
    "no database there",
    'rm -r "$AT/HA/pgsql"/*',
    "AT/HA/pgsql/data/PG_VERSION is not there, where postgresql.service of xcatmn2 has its database",
  ],
  ["this node runs it", "FACT[lease]=mine says=", ""],
];
for (const [what, node, says] of UNFIT)
  test(
    `the other node's PostgreSQL: ${what}`,
    { skip: process.getuid?.() !== 0 && "the database is root's here" },
    () => {
      const { stdout, stderr } = bash(
        FILES,
        `AT=$(mktemp -d); trap 'rm -r "$AT"' EXIT; NODE=xcatmn2 SHARE=$AT/HA RECORDS=$AT/records own=0 says='postgres (PostgreSQL) 15.4 (Debian)'
       declare -A FACT=([lease]=other [shared]=present [links]=all); layout() { echo /data; }
       shared_of() { echo "$SHARE/pgsql"; }; path_of() { local at=\${1#/var/lib/pgsql}; echo "/var/lib/pgsql\${at/#\\/data/$(layout)}"; }
       mkdir -p "$AT/bin" "$AT/HA/pgsql/data" "$AT/HA/pgsql/15/main"; echo 15 | tee "$AT/HA/pgsql/data/PG_VERSION" >"$AT/HA/pgsql/15/main/PG_VERSION"
       id() { if [[ -n $own ]]; then echo "$own"; else echo 'id: no such user' >&2; return 1; fi; }
       postgres() { echo "$says"; }; database_tool() { [[ -n $says ]] && echo postgres; }
       ${node}
       database_astray() { :; }; database_facts standby; echo "\${FACT[unfit]}" | sed "s|$AT|AT|g"`,
      );
      assert.equal(stdout, `${says}\n`, stderr);
    },
  );

test("what cannot be told of the database is an error of a first setup, and later a note", () => {
  const told = (shared: string) =>
    bash(
      FILES,
      `NODE=xcatmn1; declare -A FACT=([lease]=released [shared]=${shared} [links]=all); path_of() { echo /; }; shared_of() { echo /; }
       database_unfit() { :; }; database_astray() { fail unknown "links cannot be told" find look; }; database_facts active; echo "\${FACT[astray]}"`,
    );
  assert.deepEqual([told("absent").code, told("present").stdout], [40, "cannot be told: links cannot be told\n"]);
});

test(
  "what the unit sets on its command line is PostgreSQL's too, and known where it wins over every file",
  { skip: NO_POSTGRESQL },
  () => {
    const { stdout, stderr } = bash(
      [...FILES, "observe", "databaseLogin", "listenAddresses"],
      `AT=$(mktemp -d); trap 'rm -r "$AT"' EXIT; NODE=xcatmn1 SHARE=$AT; path_of() { echo "$AT/\${1##*/}"; }; mkdir "$AT/data"; echo 15 >"$AT/data/PG_VERSION"
     : >"$AT/postgresql.conf"
     systemctl() { echo "ExecStart={ path=/usr/bin/postgres ; argv[]=/usr/bin/postgres -D /x -h $hosts --hba-file=/etc/site/hba.conf ; ignore_errors=no ; }"; }
     hosts=10.9.0.1; database_settings x listen_addresses hba_file; listen_stuck 10.5.106.7; hosts='*'; listen_stuck 10.5.106.7; echo end`,
    );
    assert.equal(
      stdout,
      "10.9.0.1\n/etc/site/hba.conf\npostgresql.service listens on '10.9.0.1' by its command line, whatever its configuration says\nend\n",
      stderr,
    );
  },
);

test("whether xCAT comes to its database is asked with what a preview knows, where its configuration is to be seen", () => {
  const { stdout, stderr } = bash(
    [...BECOME_LIBRARIES, "report"],
    `VIP=10.5.106.7 STATIC_ADDRESS=10.5.106.70/8 PEER_ADDRESS=10.5.106.5; declare -A FACT WANT=() DESCRIPTION=()
     hba_stuck() { echo "asked for $*"; }; listen_stuck() { :; }
     look() { FACT=([lease]=$2 [links]=$3 [shared]=$4 [unfit]=$5 [missing]= [tools]=); login_facts "$1"; echo "$*: \${FACT[login]}"; }
     look active none none absent ""; look active other all present ""; look standby other all present ""; look active mine all present ""
     look active released none present ""; look active released all present version`,
  );
  const asked = "asked for 10.5.106.7 10.5.106.70 10.5.106.5";
  assert.deepEqual(
    stdout.split("\n").slice(0, -1),
    [
      `active none none absent : ${asked}`,
      `active other all present : ${asked}`,
      "standby other all present : ",
      "active mine all present : ",
      "active released none present : ",
      "active released all present version: ",
    ],
    stderr,
  );
});

test("two looks that fail are not the same place", () => {
  const { code, stderr } = bash(
    [...LEASE_LIBRARIES, "databaseSettings"],
    `NODE=xcatmn1; share_do() { return 124; }; if same_place /a /b; then echo same; fi`,
  );
  assert.equal(code, 40);
  assert.match(
    stderr,
    /whether \/a and \/b are the same on xcatmn1 cannot be told; .*\nevidence: no answer within 10 s/,
  );
});
