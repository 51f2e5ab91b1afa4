// A takeover by a person's word: PostgreSQL starts on a copy, and what the owner before has open steps aside. On real files, with the real rsync.
import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { BECOME_LIBRARIES, bash, LEASE_LIBRARIES, LINKS_LIBRARIES } from "../helpers/bash";
import { NO_POSTGRESQL } from "../helpers/editFiles";
import { scratch } from "../helpers/scratch";

const at = scratch("database-copy", "pgsql/data", ".xcat-ha", "bin");
const COPY = ".xcat-ha/takeover-000004/pgsql";
const ORDERED = "TAKEOVER=([epoch]=4 [by]=confirmation [reason]=dead)";

beforeEach(() => {
  writeFileSync(at("pgsql/data/PG_VERSION"), "15\n");
});

const onNode = (script: string, { alone = false } = {}) =>
  bash(
    [
      ...LEASE_LIBRARIES,
      ...BECOME_LIBRARIES,
      ...LINKS_LIBRARIES,
      "files",
      "platform",
      "takeover",
      "databaseCopy",
      "plan",
    ],
    `PATH=${at("bin")}:$PATH NODE=xcatmn1 PEER=xcatmn2 SHARE=${at()} DIRECTORIES='/var/lib/pgsql ${at()}/pgsql'
     declare -A LEASE=([is]=mine) WANT=() FACT=([needed]=0 [copy]= [takeover]=4 [epoch]=4 [takeover_by]= [lease]=other [shared]=present)
     share_state() { echo ok; }; path_of() { echo "$1"; }; manual_path() { echo "$1"; }; lease_require() { :; }
     ${script}`,
    "",
    { alone },
  );
const listed = () => readdirSync(at()).sort();

test("copied, and switched after the claim: what the owner before has open stays, under another name", () => {
  const { code, stdout, stderr } = onNode(
    `exec 3>>${at("pgsql/data/open")}; ${ORDERED}; database_copy; database_switch 4; echo 'of the owner before' >&3`,
  );
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /PostgreSQL starts on a copy of its directory; the one that xcatmn2 had open is \S+pgsql\.epoch-4: /,
  );
  assert.deepEqual(listed(), [".xcat-ha", "bin", "pgsql", "pgsql.epoch-4"]);
  assert.equal(readFileSync(at("pgsql/data/open"), "utf8"), "");
  assert.equal(readFileSync(at("pgsql.epoch-4/data/open"), "utf8"), "of the owner before\n");
  assert.deepEqual(readdirSync(at(".xcat-ha")), []);
});

test("a copy that was cut, and one of an older takeover: the first is made anew, the second goes", () => {
  for (const name of [`${COPY}.part`, ".xcat-ha/takeover-000002/pgsql"]) {
    mkdirSync(at(name), { recursive: true });
    writeFileSync(at(name, "old"), "");
  }
  const { code, stderr } = onNode(`${ORDERED}; database_copy`);
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(at(".xcat-ha")), ["takeover-000004"]);
  assert.deepEqual(readdirSync(at(COPY)), ["data"]);
});

test("no database to copy, for an older switch was cut between its renames: an error, and its copy stays", () => {
  mkdirSync(at(".xcat-ha/takeover-000002/pgsql"), { recursive: true });
  rmSync(at("pgsql"), { recursive: true });
  assert.equal(onNode(`${ORDERED}; database_copy`).code, 20);
  assert.ok(existsSync(at(".xcat-ha/takeover-000002/pgsql")));
});

/** rsync that copies, and behind which somebody writes. */
const writer = () =>
  writeFileSync(
    at("bin/rsync"),
    `#!/bin/bash\n/usr/bin/rsync "$@"; result=$?\n[[ " $* " != *" --info="* ]] || echo row >>${at("pgsql/data/wal")}\nexit "$result"\n`,
    { mode: 0o755 },
  );

test("somebody writes while it is copied: refused, and nothing is switched", () => {
  writer();
  const { code, stderr } = onNode(`${ORDERED}; database_copy`);
  assert.equal(code, 10);
  assert.match(stderr, /^error: \S+pgsql changed since it was copied: somebody writes there; expected no change /);
  assert.match(stderr, /^evidence: .*data\/wal/m);
  assert.ok(!existsSync(at(COPY)));
});

test("somebody writes between the copy and the switch: refused, and no row of it is lost", () => {
  assert.equal(onNode(`${ORDERED}; database_copy`).code, 0);
  appendFileSync(at("pgsql/data/wal"), "row\n");
  const { code, stderr } = onNode("database_switch 4");
  assert.equal(code, 10);
  assert.match(stderr, /^next: .*rm -r \S+takeover-000004 first, and PostgreSQL starts on \S+pgsql$/m);
  assert.ok(existsSync(at(COPY)) && existsSync(at("pgsql/data/wal")));
});

for (const [what, rsync, code, said] of [
  ["the copy fails", "exit 11", 20, /^error: copying \S+ to \S+ failed: rsync ended with 11/],
  [
    "the comparison fails",
    '[[ " $* " != *" -aHAXni "* ]] || exit 12; exec /usr/bin/rsync "$@"',
    20,
    /^error: \S+ and \S+ could not be compared/,
  ],
] as const)
  test(`${what}: an error, and no copy that counts`, () => {
    writeFileSync(at("bin/rsync"), `#!/bin/bash\n${rsync}\n`, { mode: 0o755 });
    const done = onNode(`${ORDERED}; database_copy`);
    assert.equal(done.code, code, done.stderr);
    assert.match(done.stderr, said);
    assert.ok(!existsSync(at(COPY)));
  });

/** What was left of it, what is looked at, and what FACT says then. */
const FACTS: [left: string, lease: string, copy: boolean, database: boolean, apart: string, shared: string][] = [
  ["a takeover that came to its end", "mine", false, true, "", "present"],
  ["cut behind the claim", "mine", true, true, "4", "present"],
  ["cut behind the claim, and rebooted", "mine-rebooted", true, true, "4", "present"],
  ["cut between the two renames", "mine", true, false, "4", "partial"],
  ["cut between the two renames, and released", "released", true, false, "4", "partial"],
  ["rolled back before its switch: the database is the truth", "released", true, true, "", "present"],
  ["rolled back, and the other node owns it again", "other", true, true, "", "present"],
];
for (const [left, lease, copy, database, apart, shared] of FACTS)
  test(`a takeover by a word, ${left}: ${apart ? "the copy has yet to take its place" : "nothing is left to do"}`, () => {
    if (copy) mkdirSync(at(COPY), { recursive: true });
    if (!database) rmSync(at("pgsql"), { recursive: true });
    const { stdout, stderr } = onNode(
      `LEASE[over]=000004 FACT[lease]=${lease} FACT[shared]=${shared} FACT[takeover]=; database_copy_facts; echo "\${FACT[apart]} \${FACT[shared]}"`,
    );
    assert.equal(stdout, `${apart} present\n`, stderr);
  });

test("whether a copy waits cannot be told: an error", () => {
  const { code, stderr } = onNode(
    "share_kind() { fail unknown 'cannot be looked at' 'EIO' 'look'; }; LEASE[over]=000004 FACT[lease]=mine; database_copy_facts",
  );
  assert.equal(code, 40);
  assert.match(stderr, /^error: cannot be looked at/);
});

test("a word orders a takeover: the room that the copy needs is looked at; where it cannot be counted it is said", () => {
  const facts = `FACT[takeover_by]=confirmation; database_copy_facts; echo "\${FACT[needed]} \${FACT[copy]}"`;
  assert.match(onNode(facts).stdout, /^[1-9]\d* \S+pgsql \(\S+K\)\n$/);
  assert.match(onNode(`share_do() { return 124; }; ${facts}`).stdout, /^0 \S+pgsql \(not counted within 10 s\)\n$/);
});

/**
 * Two servers, each as on a machine of its own: neither sees the other's processes and shared memory. The first one hangs while it is copied and steps
 * aside; the second one starts on the copy, under the same path; then the first goes on.
 */
const SERVERS = `
  tool=$(database_tool postgres 15 || database_tool postgres); bin=\${tool%/*}; data=$SHARE/pgsql/data; cd "$SHARE"
  rm -r pgsql; mkdir pgsql former new; chown 65534 . pgsql former new
  as() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
  as "$bin/initdb" -N -D "$data" -U postgres -A trust >/dev/null
  declare -A machine=()
  start() {
    unshare --pid --ipc --fork --mount-proc setpriv --reuid=65534 --regid=65534 --clear-groups "$tool" -D "$data" -k "$SHARE/$1" -c listen_addresses= >>"$1/log" 2>&1 &
    machine[$1]=$!
    local n
    for ((n = 0; n < 1200; n++)); do ! "$bin/pg_isready" -q -h "$SHARE/$1" || return 0; sleep 0.1; done
    cat "$1/log" >&2
    exit 1
  }
  server() { pgrep -P "\${machine[$1]}"; }
  stop() { kill -INT "$(server "$1")"; wait "\${machine[$1]}" || true; }
  query() { "$bin/psql" -X -q -A -t -h "$SHARE/$1" -U postgres -d postgres -c "$2"; }
  start former
  query former 'create table rows (n int); insert into rows values (1)'
  hanging=$(server former) hanging+=" $(pgrep -P "$hanging" | tr '\\n' ' ')"
  kill -STOP $hanging
  ${ORDERED}; { database_copy; database_switch 4; } >/dev/null
  start new
  query new 'insert into rows values (2)'
  kill -CONT $hanging
  query former 'insert into rows values (3); checkpoint'
  query new 'insert into rows values (4); checkpoint'
  stop former
  query new 'insert into rows values (5)'
  stop new
  start new
  query new 'select n from rows order by n' | tr '\\n' ' '
  stop new`;

test(
  "a false word: the server that hung goes on in its own directory, and the new one keeps every row, also when it starts again",
  {
    skip: NO_POSTGRESQL || (process.getuid?.() !== 0 && "only root makes machines of their own"),
    timeout: 300_000,
  },
  () => {
    const { code, stdout, stderr } = onNode(SERVERS, { alone: true });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "1 2 4 5 ");
    assert.ok(existsSync(at("pgsql.epoch-4/data/PG_VERSION")));
  },
);
