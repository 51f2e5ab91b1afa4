import assert from "node:assert/strict";
import { test } from "node:test";
import { edit } from "./editFiles";

const VIP = "host    all          all        10.5.106.7/32      md5";
const FIRST = "host    all          all        10.5.106.70/32      md5";
const SECOND = "host    all          all        10.5.106.5/32      md5";
const IPV4 = "# IPv4 local connections:";
const LOCAL = "local   all             all                                     peer";
const LOOPBACK = "host    all             all             127.0.0.1/32            scram-sha-256";

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
  /** What observe says of the VIP's line before. */
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
    to: file(LOCAL, SECOND, VIP, FIRST, LOOPBACK, "host all all 0.0.0.0/0 reject"),
    seen: "absent",
  },
  { what: "no host rule at all: at the end", from: file(LOCAL), to: file(LOCAL, SECOND, VIP, FIRST), seen: "absent" },
  { what: "an empty file", from: "", to: file(SECOND, VIP, FIRST), seen: "absent" },
  {
    what: "the VIP's line twice: one stays",
    from: file(IPV4, VIP, FIRST, SECOND, LOOPBACK, VIP),
    to: file(IPV4, VIP, FIRST, SECOND, LOOPBACK),
    seen: "host all all 10.5.106.7/32 md5, host all all 10.5.106.7/32 md5",
  },
  {
    what: "the VIP's line with another method: the first match decides, so it is replaced",
    from: file(IPV4, "host all all 10.5.106.7/32 reject", FIRST, SECOND),
    to: file(IPV4, VIP, FIRST, SECOND),
    seen: "host all all 10.5.106.7/32 reject",
  },
  {
    what: "the VIP's line with another method before the right one",
    from: file(IPV4, LOOPBACK, "host all all 10.5.106.7/32 trust", FIRST, SECOND, VIP),
    to: file(IPV4, VIP, LOOPBACK, FIRST, SECOND),
    seen: "host all all 10.5.106.7/32 trust, host all all 10.5.106.7/32 md5",
  },
  {
    what: "the VIP's line as a comment does not count",
    from: file(IPV4, `# ${VIP}`, FIRST, SECOND),
    to: file(IPV4, VIP, `# ${VIP}`, FIRST, SECOND),
    seen: "absent",
  },
  {
    what: "another subnet and an address that only begins alike are somebody else's",
    from: file(IPV4, FIRST, SECOND, "host all all 10.5.106.7/24 trust", "host all all 10.5.106.77/32 trust"),
    to: file(IPV4, VIP, FIRST, SECOND, "host all all 10.5.106.7/24 trust", "host all all 10.5.106.77/32 trust"),
    seen: "absent",
  },
  {
    what: "a replication rule for the same address is somebody else's",
    from: file(IPV4, FIRST, SECOND, VIP, "host replication standby 10.5.106.7/32 scram-sha-256"),
  },
  {
    what: "a rule for one user from the same address is somebody else's",
    from: file(IPV4, "hostssl all monitor 10.5.106.7/32 cert", FIRST, SECOND),
    to: file(IPV4, VIP, "hostssl all monitor 10.5.106.7/32 cert", FIRST, SECOND),
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
  { what: "no newline at the end", from: `${IPV4}\n${FIRST}`, to: file(IPV4, SECOND, VIP, FIRST), seen: "absent" },
];

const edited = edit(
  "pgHbaEntry",
  CASES.map(({ from }) => ({ files: { "pg_hba.conf": from }, want: { file: "FOLDER/pg_hba.conf", ...WANTED } })),
);

CASES.forEach(({ what, from, to, seen = "host all all 10.5.106.7/32 md5" }, index) => {
  const { files, did, seenBefore, seenAfter, steady } = edited[index];
  test(`pg_hba.conf, ${what}`, () => {
    assert.equal(files["pg_hba.conf"], to ?? from);
    assert.equal(seenBefore["10.5.106.7/32"], seen);
    for (const [address, line] of Object.entries(WANTED)) assert.equal(seenAfter[address], line);
    assert.deepEqual(did, to === undefined ? [] : ["lease", "reload"]);
    assert.ok(steady, "a second apply changes something");
  });
});

test("pg_hba.conf of a standby node is nobody's to touch", () => {
  const [{ files, did, seenBefore }] = edit("pgHbaEntry", [
    { files: { "pg_hba.conf": "as it is\n" }, want: { file: "FOLDER/pg_hba.conf" } },
  ]);
  assert.deepEqual([files["pg_hba.conf"], did, Object.keys(seenBefore)], ["as it is\n", [], ["file"]]);
});
