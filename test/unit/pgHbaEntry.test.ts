import assert from "node:assert/strict";
import { test } from "node:test";
import { bash, LEASE_LIBRARIES } from "../helpers/bash";
import { edit, NO_POSTGRESQL } from "../helpers/editFiles";

const VIP = "host    all          all        10.5.106.7/32      md5";
const FIRST = "host    all          all        10.5.106.70/32      md5";
const SECOND = "host    all          all        10.5.106.5/32      md5";
/** Where ours stands above a rule of the site that rejects: for xCAT's own login alone. */
const [OWN_SECOND, OWN_VIP, OWN_FIRST] = [SECOND, VIP, FIRST].map((line) =>
  line.replace("all          all     ", "xcatdb       xcatadm "),
);
const IPV4 = "# IPv4 local connections:";
const LOCAL = "local   all             all                                     peer";
const LOOPBACK = "host    all             all             127.0.0.1/32            scram-sha-256";

const NO_PLAIN = "hostnossl all          all        10.5.106.7/32      reject";

const WANTED = Object.fromEntries(
  ["10.5.106.7/32", "10.5.106.70/32", "10.5.106.5/32"].map((address) => [address, `host all all ${address} md5`]),
);
const file = (...lines: string[]) => lines.map((line) => `${line}\n`).join("");

type Case = {
  /** The situation in words. */
  what: string;
  /** pg_hba.conf before. */
  from: string;
  /** pg_hba.conf after; without it nothing changes. */
  to?: string;
  /** Whether PostgreSQL has TLS. */
  tls?: boolean;
  /** What observe says of the VIP's login before. */
  seen?: string;
};

const CASES: Case[] = [
  {
    what: "as PostgreSQL makes it",
    from: file(LOCAL, IPV4, LOOPBACK, "# IPv6 local connections:", "host all all ::1/128 scram-sha-256"),
    to: file(
      LOCAL,
      IPV4,
      SECOND,
      VIP,
      FIRST,
      LOOPBACK,
      "# IPv6 local connections:",
      "host all all ::1/128 scram-sha-256",
    ),
    seen: "absent",
  },
  {
    what: "as pgsqlsetup leaves it: the VIP's line is there",
    from: file(LOCAL, IPV4, VIP, LOOPBACK),
    to: file(LOCAL, IPV4, SECOND, FIRST, VIP, LOOPBACK),
    seen: "host all all 10.5.106.7/32 md5",
  },
  { what: "as wanted", from: file(LOCAL, IPV4, SECOND, VIP, FIRST, LOOPBACK) },
  {
    what: "as wanted, in another order and with other blanks",
    from: file(IPV4, FIRST, LOOPBACK, "host\tall\tall\t10.5.106.7/32\tmd5", LOCAL, `  ${SECOND}  `),
  },
  {
    what: "no comment to write under: before the first host rule",
    from: file(LOCAL, LOOPBACK, "host all all 0.0.0.0/0 reject"),
    to: file(LOCAL, OWN_SECOND, OWN_VIP, OWN_FIRST, LOOPBACK, "host all all 0.0.0.0/0 reject"),
    seen: "line 3: host all all 0.0.0.0/0 reject",
  },
  { what: "no host rule at all: at the end", from: file(LOCAL), to: file(LOCAL, SECOND, VIP, FIRST), seen: "absent" },
  { what: "an empty file", from: "", to: file(SECOND, VIP, FIRST), seen: "absent" },
  { what: "the VIP's line twice: the first match decides", from: file(IPV4, VIP, FIRST, SECOND, LOOPBACK, VIP) },
  {
    what: "the VIP's line rejects: the first match decides, so xCAT's login goes before it",
    from: file(IPV4, "host all all 10.5.106.7/32 reject", FIRST, SECOND),
    to: file(IPV4, OWN_VIP, "host all all 10.5.106.7/32 reject", FIRST, SECOND),
    seen: "line 2: host all all 10.5.106.7/32 reject",
  },
  {
    what: "the VIP's line with another method before the right one",
    from: file(IPV4, LOOPBACK, "host all all 10.5.106.7/32 trust", FIRST, SECOND, VIP),
    to: file(IPV4, VIP, LOOPBACK, FIRST, SECOND),
    seen: "line 3: host all all 10.5.106.7/32 trust",
  },
  {
    what: "the VIP's line as a comment does not count",
    from: file(IPV4, `# ${VIP}`, FIRST, SECOND),
    to: file(IPV4, VIP, `# ${VIP}`, FIRST, SECOND),
    seen: "absent",
  },
  {
    what: "a trusted subnet lets in without a password: ours goes before it; an address that only begins alike is somebody else's",
    from: file(IPV4, FIRST, SECOND, "host all all 10.5.106.7/24 trust", "host all all 10.5.106.77/32 trust"),
    to: file(IPV4, VIP, FIRST, SECOND, "host all all 10.5.106.7/24 trust", "host all all 10.5.106.77/32 trust"),
    seen: "line 4: host all all 10.5.106.7/24 trust",
  },
  {
    what: "a replication rule for the same address is somebody else's",
    from: file(IPV4, FIRST, SECOND, VIP, "host replication standby 10.5.106.7/32 scram-sha-256"),
  },
  {
    what: "a rule for one user from the same address is somebody else's",
    from: file(IPV4, "hostssl all monitor 10.5.106.7/32 cert", FIRST, SECOND),
    to: file(IPV4, "hostssl all monitor 10.5.106.7/32 cert", FIRST, SECOND, VIP),
    seen: "absent",
  },
  {
    what: "a comment behind the rule",
    from: file(IPV4, `${VIP} # the VIP`, FIRST, SECOND),
  },
  {
    what: "blank lines at the end stay",
    from: `${file(IPV4, FIRST, SECOND)}\n\n`,
    to: `${file(IPV4, VIP, FIRST, SECOND)}\n\n`,
    seen: "absent",
  },
  {
    what: "a catch-all before ours rejects: ours goes before it",
    from: file(LOCAL, "host    all          all        10.0.0.0/8         reject", IPV4, SECOND, VIP, FIRST, LOOPBACK),
    to: file(
      LOCAL,
      OWN_SECOND,
      OWN_VIP,
      OWN_FIRST,
      "host    all          all        10.0.0.0/8         reject",
      IPV4,
      LOOPBACK,
    ),
    seen: "line 2: host all all 10.0.0.0/8 reject",
  },
  {
    what: "a catch-all with a mask, quotes and a continued line",
    from: file("host all xcatadm,other \\", "  10.5.106.0 255.255.255.0 reject", IPV4),
    to: file(OWN_SECOND, OWN_VIP, OWN_FIRST, "host all xcatadm,other \\", "  10.5.106.0 255.255.255.0 reject", IPV4),
    seen: "line 1: host all xcatadm,other 10.5.106.0 255.255.255.0 reject",
  },
  {
    what: "a subnet of the site, with a method of its own, lets all of the pair in",
    from: file(LOCAL, "host xcatdb xcatadm 10.0.0.0/8 scram-sha-256", "host all all 0.0.0.0/0 reject"),
  },
  {
    what: "other users' rejections, another database's and IPv6's are somebody else's",
    from: file(
      "host all guest samenet reject",
      "host archive,template1 all all reject",
      "host all all ::/0 reject",
      IPV4,
      SECOND,
      VIP,
      FIRST,
    ),
  },
  {
    what: "whom a group, a file or a host name means is not known: ours goes before it",
    from: file("host all +admins all reject", IPV4, SECOND, VIP, FIRST),
    to: file(OWN_SECOND, OWN_VIP, OWN_FIRST, "host all +admins all reject", IPV4),
    seen: "line 1: host all +admins all reject",
  },
  {
    what: "an include may hold anything: ours goes before it",
    from: file("include_dir hba.d", IPV4, SECOND, VIP, FIRST),
    to: file(OWN_SECOND, OWN_VIP, OWN_FIRST, "include_dir hba.d", IPV4),
    seen: "line 1: include_dir hba.d",
  },
  {
    what: "TLS is forced for the VIP: that stays, the others are added",
    tls: true,
    from: file(LOCAL, NO_PLAIN, "hostssl   all          all        10.5.106.7/32      md5", LOOPBACK),
    to: file(LOCAL, SECOND, FIRST, NO_PLAIN, "hostssl   all          all        10.5.106.7/32      md5", LOOPBACK),
  },
  {
    what: "TLS is forced for everybody: ours are with TLS",
    tls: true,
    from: file(LOCAL, "hostnossl all all 0.0.0.0/0 reject", IPV4, LOOPBACK, "hostssl all all 10.5.106.70/32 ident"),
    to: file(
      LOCAL,
      "hostnossl all all 0.0.0.0/0 reject",
      IPV4,
      SECOND.replace("host   ", "hostssl"),
      VIP.replace("host   ", "hostssl"),
      FIRST.replace("host   ", "hostssl"),
      LOOPBACK,
      "hostssl all all 10.5.106.70/32 ident",
    ),
    seen: "line 2: hostnossl all all 0.0.0.0/0 reject",
  },
  {
    what: "a rule for TLS alone is none where PostgreSQL has no TLS",
    from: file(IPV4, "hostssl all all samenet md5"),
    to: file(IPV4, "hostssl all all samenet md5", SECOND, VIP, FIRST),
    seen: "absent",
  },
  {
    what: "a rejection of the superuser and a rule for another login stand above ours",
    from: file(
      LOCAL,
      IPV4,
      "host all postgres 0.0.0.0/0 reject",
      LOOPBACK,
      "host monitor monitor 10.5.106.7/32 trust",
      "host monitor monitor 10.5.106.8/32 trust",
    ),
    to: file(
      LOCAL,
      IPV4,
      "host all postgres 0.0.0.0/0 reject",
      LOOPBACK,
      "host monitor monitor 10.5.106.7/32 trust",
      "host monitor monitor 10.5.106.8/32 trust",
      SECOND,
      VIP,
      FIRST,
    ),
    seen: "absent",
  },
  {
    what: "a ban of TLS stays, and ours is without",
    tls: true,
    from: file(LOCAL, IPV4, "hostssl all all 0.0.0.0/0 reject"),
    to: file(
      LOCAL,
      IPV4,
      "hostssl all all 0.0.0.0/0 reject",
      ...[SECOND, VIP, FIRST].map((line) => line.replace("host   ", "hostnossl")),
    ),
    seen: "line 3: hostssl all all 0.0.0.0/0 reject",
  },
  { what: "no newline at the end", from: `${IPV4}\n${FIRST}`, to: file(IPV4, SECOND, VIP, FIRST), seen: "absent" },
];

const edited = NO_POSTGRESQL
  ? []
  : edit(
      "pgHbaEntry",
      CASES.map(({ from, tls }) => ({
        files: { "pg_hba.conf": from, "postgresql.conf": tls ? "ssl = on\n" : "" },
        want: { file: "FOLDER/pg_hba.conf", ...WANTED },
      })),
    );

CASES.forEach(({ what, from, to, seen = "host all all 10.5.106.7/32 md5" }, index) => {
  test(`pg_hba.conf, ${what}`, { skip: NO_POSTGRESQL }, () => {
    const { files, did, seenBefore, seenAfter, steady } = edited[index];
    assert.equal(files["pg_hba.conf"], to ?? from);
    assert.equal(seenBefore["10.5.106.7/32"], seen);
    for (const [address, line] of Object.entries(WANTED)) assert.equal(seenAfter[address], line);
    assert.deepEqual(did, to === undefined ? [] : ["lease", "reload"]);
    assert.ok(steady, "a second apply changes something");
  });
});

test("hba_file in the site's own place: that file is judged and edited", { skip: NO_POSTGRESQL }, () => {
  const elsewhere = "include 'site/own.conf'\n";
  const [{ files, did, seenAfter }] = edit("pgHbaEntry", [
    {
      files: {
        "postgresql.conf": elsewhere,
        "site/own.conf": "hba_file = 'FOLDER/site/pg_hba.conf'\n",
        "site/pg_hba.conf": file(IPV4, LOOPBACK),
        "pg_hba.conf": file(IPV4, SECOND, VIP, FIRST),
      },
      want: { file: "FOLDER/pg_hba.conf", ...WANTED },
    },
  ]);
  assert.equal(files["site/pg_hba.conf"], file(IPV4, SECOND, VIP, FIRST, LOOPBACK));
  assert.equal(files["pg_hba.conf"], file(IPV4, SECOND, VIP, FIRST));
  assert.deepEqual([did, seenAfter["10.5.106.7/32"]], [["lease", "reload"], WANTED["10.5.106.7/32"]]);
});

test(
  "TLS is forced where PostgreSQL has none: refused with file and line, and nothing is written",
  {
    skip: NO_POSTGRESQL,
  },
  () => {
    const { stdout, stderr } = bash(
      [...LEASE_LIBRARIES, "files", "observe", "platform", "databaseSettings", "traps", "databaseLogin", "pgHbaEntry"],
      `AT=$(mktemp -d); trap 'rm -r "$AT"' EXIT; NODE=xcatmn1 SHARE=$AT RECORDS=$AT/records
     declare -A WANT=([file]=/var/lib/pgsql/data/pg_hba.conf [10.5.106.7/32]=wanted) SEEN=()
     path_of() { printf '%s\\n' "\${1/#\\/var\\/lib\\/pgsql\\/data/$AT}"; }; lease_require() { :; }; cfgloc_read() { :; }; database_unit() { :; }
     : >"$AT/postgresql.conf"; printf '%s\\n' 'local all all peer' '${NO_PLAIN}' >"$AT/pg_hba.conf"
     (pgHbaEntry_apply) || echo "ended with $?"; cat "$AT/pg_hba.conf"`,
    );
    assert.match(
      stderr,
      /^error: \S+pg_hba.conf leaves xCAT's user no login from 10.5.106.7\/32; expected a way for it/,
    );
    assert.match(
      stderr,
      /^evidence: line 2: hostnossl all all 10.5.106.7\/32 reject, sslmode=prefer in cfgloc, ssl = off$/m,
    );
    assert.equal(stdout, `ended with 30\nlocal all all peer\n${NO_PLAIN}\n`);
  },
);

test("pg_hba.conf of a standby node is nobody's to touch", () => {
  const [{ files, did, seenBefore }] = edit("pgHbaEntry", [
    { files: { "pg_hba.conf": "as it is\n" }, want: { file: "FOLDER/pg_hba.conf" } },
  ]);
  assert.deepEqual([files["pg_hba.conf"], did, Object.keys(seenBefore)], ["as it is\n", [], ["file"]]);
});

/** Rules of the site that leave xCAT no login, by what cfgloc says of TLS; known before anything stops for it. */
const STUCK: [what: string, cfgloc: string, ssl: string, rules: string[], says: string][] = [
  [
    "a client certificate that xCAT has not",
    "",
    "on",
    ["hostssl all all all scram-sha-256 clientcert=verify-full"],
    "line 1: hostssl all all all scram-sha-256 clientcert=verify-full, a client certificate, of which cfgloc has none (sslcert)",
  ],
  ["a client certificate that it has", "[sslcert]=/root/x.crt", "on", ["hostssl all all all cert"], ""],
  [
    "TLS alone, and sslmode=disable",
    "[sslmode]=disable",
    "on",
    ["hostnossl all all all reject", "hostssl all all all md5"],
    "line 1: hostnossl all all all reject, sslmode=disable in cfgloc, ssl = on",
  ],
  [
    "no TLS, and sslmode=require",
    "[sslmode]=require",
    "on",
    ["hostssl all all all reject", "host all all all md5"],
    "line 1: hostssl all all all reject, sslmode=require in cfgloc, ssl = on",
  ],
  [
    "sslmode=require of a server without TLS",
    "[sslmode]=require",
    "off",
    ["host all all all md5"],
    "sslmode=require in cfgloc, and ssl = off",
  ],
  ["nothing at all", "", "off", ["host all all all reject"], ""],
];
for (const [what, cfgloc, ssl, rules, says] of STUCK)
  test(`pg_hba.conf leaves xCAT no login: ${what}`, () => {
    const { stdout, stderr } = bash(
      [...LEASE_LIBRARIES, "files", "platform", "databaseSettings", "traps", "databaseLogin", "pgHbaEntry"],
      `NODE=xcatmn1; cfgloc_read() { CFGLOC=(${cfgloc}); }; share_read() { printf '%s\n' ${rules.map((rule) => `'${rule}'`).join(" ")}; }
       database_settings() { printf "%s\n" /F ${ssl}; }; hba_stuck 10.5.106.7`,
    );
    assert.equal(stdout, says && `/F, 10.5.106.7: ${says}\n`, stderr);
  });
