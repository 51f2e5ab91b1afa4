// What each node writes of itself beside the owner lease, and what the other one makes of it: three answers to each look.
import assert from "node:assert/strict";
import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { bash, defined, LEASE_LIBRARIES } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const at = scratch("facts", "run", "share/.xcat-ha/beat", "share/.xcat-ha/nodes", "perl/xCAT");
const OWN = "share/.xcat-ha/nodes/xcatmn1";
const PEER = "share/.xcat-ha/nodes/xcatmn2";

const ALIKE = { postgresql: "15.4", uid: "26", gid: "26", xcat: "2.17.0", system: "rhel 9", time: "noon" };
const FITS = { ...ALIKE, fit: "yes", mount: "ok" };

/** xcatmn1, of these facts, but for what the script says otherwise. */
const onNode = (script: string) =>
  bash(
    [...LEASE_LIBRARIES, "document", "files", "observe", "platform", "databaseSettings", "takeover", "nodeFacts"],
    `NODE=xcatmn1 PEER=xcatmn2 SHARE=${at("share")} RUN=${at("run")} SHARE_DEADLINE=2 XCAT_LIBRARY=${at("perl")}
     declare -A WANT=() SEEN=() FACT=([shared]=present) LEASE=([is]=mine)
     uptime_seconds() { echo 1000; }; lease_read() { :; }
     database_versions() { echo 15.4; }; getent() { echo 'postgres:x:26:26::/var/lib/pgsql:/bin/bash'; }; system_name() { echo 'rhel 9.4'; }; xcat_version() { echo 2.17.0; }
     directories_wanted() { :; }; shared_of() { echo "$SHARE/pgsql"; }; database_unfit() { :; }; mount_state() { echo ok; }
     within() { shift; "$@"; }; share_do() { "$@" </dev/null; }
     ${script}`,
  );

function write(name: string, facts: Record<string, string | undefined>, end = "end of document\n") {
  const lines = Object.entries(facts).filter(([, value]) => value !== undefined);
  writeFileSync(at(name), `${lines.map(([key, value]) => `${key}\t${value}\n`).join("")}${end}`);
}
const read = (name: string) =>
  Object.fromEntries(
    readFileSync(at(name), "utf8")
      .split("\n")
      .filter((line) => line.includes("\t"))
      .map((line) => line.split("\t")),
  );

const VERSIONS: [what: string, library: string | undefined, script: string, says: RegExp][] = [
  ["its library", `sub Version { return $_[0] eq 'short' ? '2.17.0' : 'Version 2.17.0' }`, "", /^2\.17\.0$/],
  ["no xCAT", undefined, "", /^unknown Can't locate xCAT\/Version\.pm/],
  ["a checkout that was never built", "sub Version { return '' }", "", /^unknown xCAT::Version says ''$/],
  ["perl hangs", "", "within() { return 124; }", /^unknown no answer of xCAT::Version within 5 s$/],
];
for (const [what, library, script, says] of VERSIONS)
  test(`xCAT's version: ${what}`, () => {
    if (library !== undefined) writeFileSync(at("perl/xCAT/Version.pm"), `package xCAT::Version; ${library} 1;\n`);
    const { code, stdout, stderr } = onNode(
      `unset -f xcat_version; ${defined("xcat_version")} ${script || ":"}; xcat_version`,
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout.trim(), says);
  });

const LIBRARY = (version: string) => `package xCAT::Version; sub Version { return '${version}' } 1;\n`;
const REMEMBERED: [what: string, between: string, says: string, asked: number][] = [
  ["the same file: it is not asked again", ":", "2.17.0", 1],
  [
    "an upgrade, by a package that is older than the file was",
    `printf "%s" "${LIBRARY("2.18.0").trim()}" >"$XCAT_LIBRARY/xCAT/new"; touch -r "$XCAT_LIBRARY/xCAT/Version.pm" "$XCAT_LIBRARY/xCAT/new"; touch -d 2001-01-01 "$XCAT_LIBRARY/xCAT/new"; mv "$XCAT_LIBRARY/xCAT/new" "$XCAT_LIBRARY/xCAT/Version.pm"`,
    "2.18.0",
    2,
  ],
  ["the file is gone", `rm "$XCAT_LIBRARY/xCAT/Version.pm"`, "unknown Can't locate", 2],
  ["a note that is cut", `echo 12 >"$RUN/xcat-version"`, "2.17.0", 2],
];
for (const [what, between, says, asked] of REMEMBERED)
  test(`xCAT's version is remembered with its file: ${what}`, () => {
    writeFileSync(at("perl/xCAT/Version.pm"), LIBRARY("2.17.0"));
    const { stdout, stderr } = onNode(
      `unset -f xcat_version; ${defined("xcat_version")}       perl() { echo asked >>"$RUN/asked"; command perl "$@"; }
       xcat_version; ${between}; xcat_version; wc -l <"$RUN/asked"`,
    );
    assert.match(stdout, /^2\.17\.0\n/, stderr);
    assert.ok(stdout.split("\n")[1].startsWith(says), stdout);
    assert.ok(stdout.endsWith(`\n${asked}\n`), stdout);
  });

test("xCAT's version: what could not be told is asked again", () => {
  writeFileSync(at("perl/xCAT/Version.pm"), LIBRARY("2.17.0"));
  const { stdout, stderr } = onNode(
    `unset -f xcat_version; ${defined("xcat_version")}     (within() { return 124; }; xcat_version); xcat_version`,
  );
  assert.equal(stdout, "unknown no answer of xCAT::Version within 5 s\n2.17.0\n", stderr);
});

test("versions of PostgreSQL: of each server once, as it says itself", () => {
  const { stdout, stderr } = onNode(
    `${defined("database_versions")} mkdir "$RUN/bin"; printf '#!/bin/sh\\necho "postgres (PostgreSQL) 99.1 (Debian 99.1-1)"\\n' >"$RUN/bin/postgres"; chmod +x "$RUN/bin/postgres"; PATH=$RUN/bin:$PATH; database_versions`,
  );
  assert.match(stdout, /^99\.1( |$)/m, stderr);
});

const WRITTEN: [what: string, script: string, written: Record<string, string | RegExp>][] = [
  ["a standby node that fits", "facts_keep standby", FITS],
  ["an owner looks at no more of the share than it must", "facts_keep owner", ALIKE],
  [
    "one that does not fit",
    "database_unfit() { echo 'another uid'; }; mount_state() { echo 'is xfs on /dev/sdb'; }; facts_keep standby",
    { ...FITS, fit: "no another uid", mount: "is xfs on /dev/sdb" },
  ],
  [
    "looks that fail",
    `database_unfit() { fail unknown 'the share hangs' stat look; }; mount_state() { fail unknown 'no answer' findmnt look; }; getent() { return 2; }
     xcat_version() { echo 'unknown no perl'; }; facts_keep standby`,
    {
      ...FITS,
      fit: "unknown the share hangs",
      mount: "unknown no answer",
      uid: "unknown no user postgres",
      gid: "unknown no user postgres",
      xcat: "unknown no perl",
    },
  ],
];
for (const [what, script, written] of WRITTEN)
  test(`what a node writes: ${what}`, () => {
    const { code, stderr } = onNode(script);
    assert.equal(code, 0, stderr);
    const { time, ...seen } = read(OWN);
    assert.match(time, /^\d{4}-\d\d-\d\dT[\d:]+Z$/);
    assert.deepEqual({ ...seen, time: "noon" }, written);
  });

test("it is written anew when its time has come, and each look of a watch counts", () => {
  const { stdout, stderr } = onNode(
    `facts_look() { OWN_FACTS=(); echo looked; }
     for second in 1000 1299 1300; do uptime_seconds() { echo "$second"; }; echo "$second"; facts_keep owner; done; facts_keep standby
     # Another boot: its uptime is behind what was noted.
     uptime_seconds() { echo 5; }; facts_keep owner`,
  );
  assert.equal(stdout, "1000\nlooked\n1299\n1300\nlooked\nlooked\nlooked\n", stderr);
});

for (const [what, script, said] of [
  ["takes no file", "share_write() { echo 'No space left on device' >&2; return 1; }", "No space left on device"],
  ["hangs", "share_do() { return 124; }", "no answer within 2 s"],
])
  test(`a share that ${what}: said, false, and tried again`, () => {
    const { code, stdout, stderr } = onNode(`${script}; facts_keep standby || echo "false, and goes on"`);
    assert.equal(code, 0, stderr);
    assert.equal(
      stdout,
      `xcatmn1: what xcatmn1 has could not be kept on ${at("share")}, for xcatmn2: ${said}\nfalse, and goes on\n`,
    );
    assert.ok(!existsSync(at("run/facts")));
  });

const UNLIKE: [what: string, own: Record<string, string>, peer: Record<string, string | undefined>, says: string][] = [
  ["alike", {}, {}, ""],
  ["another release of PostgreSQL is its business", { postgresql: "15.4" }, { postgresql: "15.9", uid: "27" }, ""],
  ["another version of xCAT", { xcat: "2.16.5" }, {}, "xCAT's version is 2.16.5 on xcatmn1 and 2.17.0 on xcatmn2"],
  [
    "all of it",
    { xcat: "2.16.5", gid: "116", system: "rocky 9" },
    {},
    "the gid of the user postgres is 116 on xcatmn1 and 26 on xcatmn2; xCAT's version is 2.16.5 on xcatmn1 and 2.17.0 on xcatmn2; the system is rocky 9 on xcatmn1 and rhel 9 on xcatmn2",
  ],
  ["here it cannot be told", { xcat: "unknown no perl" }, {}, "xCAT's version cannot be told on xcatmn1: no perl"],
  ["there it cannot be told", {}, { xcat: "unknown no perl" }, "xCAT's version cannot be told on xcatmn2: no perl"],
  [
    "neither here nor there",
    { xcat: "unknown no perl" },
    { xcat: "unknown no perl" },
    "xCAT's version cannot be told on xcatmn1: no perl",
  ],
  [
    "there it was not written",
    {},
    { gid: undefined },
    "the gid of the user postgres cannot be told on xcatmn2: not written",
  ],
];
for (const [what, own, peer, says] of UNLIKE)
  test(`what should be the same on both nodes: ${what}`, () => {
    const entries = (facts: Record<string, string | undefined>) =>
      Object.entries({ ...ALIKE, ...facts })
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => `[${key}]='${value}'`)
        .join(" ");
    const { stdout, stderr } = onNode(`OWN_FACTS=(${entries(own)}) PEER_FACTS=(${entries(peer)}); facts_unlike`);
    assert.equal(stdout.trim(), says, stderr);
  });

/** What xcatmn2 has written (nothing: no file), seconds before the last beat of xcatmn1 (nothing: it has none). */
type Written = [facts: Record<string, string | undefined> | undefined, age?: number];
/** Of `peer_facts`: unfit | untold | unlike. */
const JUDGED: [what: string, written: Written, asked: string, says: string, script?: string][] = [
  ["it fits", [FITS, 30], "standby mine", "||"],
  ["it fitted 300 s ago", [FITS, 300], "standby mine", "||"],
  ["the clock of the share's server went back", [FITS, -3000], "standby mine", "||"],
  ["its PostgreSQL does not fit", [{ ...FITS, fit: "no another uid" }, 30], "standby mine", "another uid||"],
  [
    "its share is a local disk",
    [{ ...FITS, mount: "is xfs on /dev/sdb" }, 30],
    "standby mine",
    "SHARE is xfs on /dev/sdb||",
  ],
  ["its share is mounted with soft", [{ ...FITS, mount: "is mounted with soft: lost" }, 30], "standby mine", "||"],
  [
    "its xCAT is another one",
    [{ ...FITS, xcat: "2.16.5" }, 30],
    "standby mine",
    "||xCAT's version is 2.17.0 on xcatmn1 and 2.16.5 on xcatmn2",
  ],
  ["it has written nothing", [undefined], "standby mine", "|xcatmn2 has not written SHARE/.xcat-ha/nodes/xcatmn2|"],
  [
    "what it wrote is of another time, whatever it says",
    [{ ...FITS, fit: "no another uid" }, 301],
    "standby mine",
    "|SHARE/.xcat-ha/nodes/xcatmn2 was written 301 s before the last beat of xcatmn1; expected one of the last 300 s|",
  ],
  [
    "the owner has no beat",
    [FITS],
    "standby mine",
    "|how old SHARE/.xcat-ha/nodes/xcatmn2 is cannot be told: 1, stat: cannot statx 'SHARE/.xcat-ha/beat/xcatmn1': No such file or directory|",
  ],
  [
    "it cannot tell itself",
    [{ ...FITS, fit: "unknown the share hangs" }, 30],
    "standby mine",
    "|xcatmn2 cannot tell itself: the share hangs|",
  ],
  [
    "it cannot tell how its share is mounted",
    [{ ...FITS, mount: "unknown no answer" }, 30],
    "standby mine",
    "|xcatmn2 cannot tell itself: no answer|",
  ],
  ["it wrote that as an owner", [ALIKE, 30], "standby mine", "|xcatmn2 cannot tell itself: not written|"],
  [
    "it cannot be read",
    [FITS, 30],
    "standby mine",
    "|SHARE/.xcat-ha/nodes/xcatmn2 cannot be read on xcatmn1; expected to know what xcatmn2 has|",
    "cat() { echo 'cat: Input/output error' >&2; return 1; }",
  ],
  [
    "it was cut",
    [FITS, 30],
    "standby mine",
    "|SHARE/.xcat-ha/nodes/xcatmn2 is no whole document|",
    "cat() { printf 'fit\\tno ano'; }",
  ],
  [
    "a standby node asks only whether it is like the owner",
    [{ ...ALIKE, xcat: "2.16.5" }],
    "standby other",
    "||xCAT's version is 2.17.0 on xcatmn1 and 2.16.5 on xcatmn2",
  ],
  [
    "a node that becomes active too",
    [{ ...FITS, fit: "no another uid", xcat: "2.16.5" }],
    "active released",
    "||xCAT's version is 2.17.0 on xcatmn1 and 2.16.5 on xcatmn2",
  ],
  ...["standby mine-releasing", "standby mine-rebooted", "standby released", "active mine", "active none"].map(
    (asked): [string, Written, string, string] => [
      "not asked",
      [{ ...FITS, fit: "no another uid", xcat: "2.16.5" }, 30],
      asked,
      "||",
    ],
  ),
];
for (const [what, [facts, age], asked, says, script] of JUDGED)
  test(`the other node, asked by ${asked}: ${what}`, () => {
    if (facts) write(PEER, facts);
    if (age !== undefined) {
      writeFileSync(at("share/.xcat-ha/beat/xcatmn1"), "7 boot\n");
      utimesSync(at("share/.xcat-ha/beat/xcatmn1"), 1e9, 1e9);
      utimesSync(at(PEER), 1e9 - age, 1e9 - age);
    }
    const [role, lease] = asked.split(" ");
    const { code, stdout, stderr } = onNode(
      `${script ?? ":"}; FACT[lease]=${lease}; peer_facts ${role}; echo "\${FACT[peer_unfit]}|\${FACT[peer_untold]}|\${FACT[unlike]}"`,
    );
    assert.equal(code, 0, stderr);
    assert.equal(
      stdout
        .trim()
        .replaceAll(at("share"), "SHARE")
        .replace(/told: \d+,/, "told: 1,"),
      says,
    );
  });

const SOFTWARE: [what: string, owner: Record<string, string> | undefined, script: string, seen: string][] = [
  ["as on the owner", ALIKE, "", "as the pair needs it"],
  [
    "its PostgreSQL does not fit, and another xCAT",
    { ...ALIKE, xcat: "2.16.5" },
    "database_unfit() { echo 'another uid'; }",
    "xcatmn1 could not run the database of the pair: another uid; xCAT's version is 2.17.0 on xcatmn1 and 2.16.5 on xcatmn2",
  ],
  [
    "looks that fail",
    ALIKE,
    "database_unfit() { fail unknown 'the share hangs' stat look; }; mount_state() { fail unknown 'no answer' findmnt look; }; xcat_version() { echo 'unknown no perl'; }",
    "whether xcatmn1 could run the database of the pair cannot be told: the share hangs; how SHARE is mounted cannot be told: no answer; xCAT's version cannot be told on xcatmn1: no perl",
  ],
  [
    "the owner has written nothing",
    undefined,
    "",
    "what xcatmn2 has cannot be told: xcatmn2 has not written SHARE/.xcat-ha/nodes/xcatmn2",
  ],
  ["nobody is active", undefined, "LEASE[is]=released", "as the pair needs it"],
  ["on the active node", undefined, "WANT[software]='asked on the standby node'", "asked on the standby node"],
];
for (const [what, owner, script, seen] of SOFTWARE)
  test(`the software of a standby node, at each refresh: ${what}`, () => {
    if (owner) write(PEER, owner);
    const { code, stdout, stderr } = onNode(
      `WANT=([software]='as the pair needs it') LEASE[is]=other; ${script || ":"}; siteCommands_software; echo "\${SEEN[software]}"`,
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trim().replaceAll(at("share"), "SHARE"), seen);
  });

test("xcat-ha status says what the other node has, or why that cannot be told", () => {
  write(PEER, { ...FITS, fit: "no another uid" });
  const { stdout, stderr } = onNode(`facts_sentence; rm "$(facts_file xcatmn2)"; facts_sentence`);
  assert.equal(
    stdout.replaceAll(at("share"), "SHARE"),
    `PostgreSQL 15.4, uid:gid 26:26, xCAT 2.17.0, rhel 9; can run the database: no another uid; written noon
what it has cannot be told: xcatmn2 has not written SHARE/.xcat-ha/nodes/xcatmn2
`,
    stderr,
  );
});

test("a node that is let go takes its file away, and says where it could not", () => {
  write(OWN, FITS);
  write(PEER, FITS);
  writeFileSync(at("run/facts"), "1000\n");
  const { code, stdout, stderr } = onNode("facts_forget; share_do() { return 124; }; facts_forget");
  assert.equal(code, 0, stderr);
  assert.equal(
    stdout.replaceAll(at("share"), "SHARE"),
    "xcatmn1: warning: SHARE/.xcat-ha/nodes/xcatmn1 stays: no answer within 2 s\n",
  );
  assert.deepEqual([existsSync(at(OWN)), existsSync(at(PEER)), existsSync(at("run/facts"))], [false, true, false]);
});
