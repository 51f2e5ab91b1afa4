import assert from "node:assert/strict";
import { test } from "node:test";
import { bash } from "../helpers/bash";
import { edit } from "../helpers/editFiles";

const WANTED = {
  "10.5.106.7": "xcatmn1 xcatmn1.cluster.com",
  "10.5.106.70": "xcatmn1-static",
  "10.5.106.5": "xcatmn2",
};
const VIP = "10.5.106.7 xcatmn1 xcatmn1.cluster.com";
const FIRST = "10.5.106.70 xcatmn1-static";
const SECOND = "10.5.106.5 xcatmn2";
const LOOPBACK = "127.0.0.1 localhost";
const NODES = "10.5.106.101 cn1 cn1.cluster.com";

const file = (...lines: string[]) => lines.map((line) => `${line}\n`).join("");

type Case = {
  /** The situation in words. */
  what: string;
  /** /etc/hosts before. */
  from: string;
  /** /etc/hosts after; without it nothing changes. */
  to?: string;
  /** What observe says of the VIP's names before. */
  seen?: string;
};

const CASES: Case[] = [
  { what: "as wanted", from: file(LOOPBACK, VIP, FIRST, SECOND, NODES), seen: "xcatmn1 xcatmn1.cluster.com" },
  {
    what: "as wanted, in another order, with tabs, a comment and a name that an admin added",
    from: file("# ours", SECOND, "10.5.106.7\txcatmn1  xcatmn1.cluster.com head # the VIP", FIRST),
    seen: "xcatmn1 xcatmn1.cluster.com",
  },
  {
    what: "nothing of ours: at the end",
    from: file(LOOPBACK, NODES),
    to: file(LOOPBACK, NODES, SECOND, VIP, FIRST),
    seen: "absent",
  },
  { what: "an empty file", from: "", to: file(SECOND, VIP, FIRST), seen: "absent" },
  {
    what: "as the manual's single node has it: the VIP is there, the static names are added",
    from: file(LOOPBACK, VIP, NODES),
    to: file(LOOPBACK, VIP, NODES, SECOND, FIRST),
    seen: "xcatmn1 xcatmn1.cluster.com",
  },
  {
    what: "another order of names: makedns takes the first one, so it is corrected in place",
    from: file(LOOPBACK, "10.5.106.7 xcatmn1.cluster.com xcatmn1 # old", FIRST, SECOND, NODES),
    to: file(LOOPBACK, "10.5.106.7 xcatmn1 xcatmn1.cluster.com # old", FIRST, SECOND, NODES),
    seen: "xcatmn1.cluster.com xcatmn1",
  },
  {
    what: "a name is missing, another one is an admin's: his stays behind ours",
    from: file("10.5.106.7 head xcatmn1", FIRST, SECOND),
    to: file("10.5.106.7 xcatmn1 xcatmn1.cluster.com head", FIRST, SECOND),
    seen: "head xcatmn1",
  },
  {
    what: "the address on two lines: one stays",
    from: file("10.5.106.7 xcatmn1", LOOPBACK, "10.5.106.7 xcatmn1.cluster.com", FIRST, SECOND),
    to: file(VIP, LOOPBACK, FIRST, SECOND),
    seen: "xcatmn1 xcatmn1.cluster.com (on 2 lines)",
  },
  {
    what: "Debian's own line for the host name: the name leaves it, and the line with it",
    from: file(LOOPBACK, "127.0.1.1 xcatmn1.cluster.com xcatmn1", VIP, FIRST, SECOND),
    to: file(LOOPBACK, VIP, FIRST, SECOND),
    seen: "xcatmn1 xcatmn1.cluster.com; xcatmn1.cluster.com also at 127.0.1.1; xcatmn1 also at 127.0.1.1",
  },
  {
    what: "a name of ours at the loopback among others: the others stay",
    from: file("127.0.0.1 localhost xcatmn1 # lo", "::1 localhost XCATMN1", VIP, FIRST, SECOND),
    to: file("127.0.0.1 localhost # lo", "::1 localhost", VIP, FIRST, SECOND),
    seen: "xcatmn1 xcatmn1.cluster.com; xcatmn1 also at 127.0.0.1; XCATMN1 also at ::1",
  },
  {
    what: "the VIP had another address before",
    from: file("10.5.106.8 xcatmn1 xcatmn1.cluster.com", FIRST, SECOND),
    to: file(FIRST, SECOND, VIP),
    seen: "absent; xcatmn1 also at 10.5.106.8; xcatmn1.cluster.com also at 10.5.106.8",
  },
  {
    what: "a line that was pasted from Windows: the carriage return is a blank",
    from: file(LOOPBACK, "127.0.1.1 xcatmn1\r", VIP, FIRST, SECOND, "10.5.106.101 cn1\r"),
    to: file(LOOPBACK, VIP, FIRST, SECOND, "10.5.106.101 cn1\r"),
    seen: "xcatmn1 xcatmn1.cluster.com; xcatmn1 also at 127.0.1.1",
  },
  {
    what: "a whole file from Windows is as wanted, and stays",
    from: file(`${LOOPBACK}\r`, `${VIP}\r`, `${FIRST} # static\r`, `${SECOND}\r`, "\r"),
    seen: "xcatmn1 xcatmn1.cluster.com",
  },
  {
    what: "mapped addresses and long writings of ::1 answer for IPv4 too",
    from: file(
      "::ffff:127.0.1.1 xcatmn1",
      "::FFFF:7f00:101\txcatmn2 other",
      "0:0:0:0:0:0:0:1 XCATMN1",
      VIP,
      FIRST,
      SECOND,
    ),
    to: file("::FFFF:7f00:101 other", VIP, FIRST, SECOND),
    seen: "xcatmn1 xcatmn1.cluster.com; xcatmn1 also at ::ffff:127.0.1.1; XCATMN1 also at 0:0:0:0:0:0:0:1",
  },
  {
    what: "the same name at an IPv6 address is an admin's business",
    from: file("2001:db8::7 xcatmn1", VIP, FIRST, SECOND),
    seen: "xcatmn1 xcatmn1.cluster.com",
  },
  {
    what: "an address that only begins alike, and a name that only begins alike, are somebody else's",
    from: file("10.5.106.77 xcatmn11", VIP, FIRST, SECOND),
    seen: "xcatmn1 xcatmn1.cluster.com",
  },
  {
    what: "a commented line does not count and stays",
    from: file(`# ${VIP}`, FIRST, SECOND),
    to: file(`# ${VIP}`, FIRST, SECOND, VIP),
    seen: "absent",
  },
  {
    what: "no newline at the end",
    from: `${FIRST}\n${SECOND}`,
    to: file(FIRST, SECOND, VIP),
    seen: "absent",
  },
  {
    what: "blank lines stay where they are",
    from: file(FIRST, "", SECOND, "", ""),
    to: file(FIRST, "", SECOND, "", "", VIP),
    seen: "absent",
  },
];

const edited = edit(
  "hostsEntry",
  CASES.map(({ from }) => ({ files: { "hosts.conf": from }, want: WANTED })),
  "HOSTS_FILE=$AT/hosts.conf; RECORDS=$AT/records; mkdir -p $AT/records",
);

CASES.forEach(({ what, from, to, seen }, index) => {
  const { files, seenBefore, seenAfter, steady } = edited[index];
  test(`/etc/hosts, ${what}`, () => {
    assert.equal(files["hosts.conf"], to ?? from);
    assert.equal(seenBefore["10.5.106.7"], seen);
    assert.deepEqual(seenAfter, to === undefined ? seenBefore : WANTED);
    assert.ok(steady, "a second apply changes something");
  });
});

test("remove puts our lines back as they were found, whatever happened to the others meanwhile", () => {
  const { stdout, stderr, code } = bash(
    ["report", "files", "hostsEntry"],
    `at=$(mktemp -d); trap 'rm -rf "$at"' EXIT
     HOSTS_FILE=$at/hosts RECORDS=$at/records NODE=xcatmn1
     declare -A SEEN=() WANT=([10.5.106.7]='xcatmn1 xcatmn1.cluster.com' [10.5.106.5]=xcatmn2)
     printf '%s\n' '127.0.0.1 localhost' '10.5.106.7 head' '10.5.106.101 cn1' >"$HOSTS_FILE"
     hostsEntry_apply >/dev/null
     cat "$HOSTS_FILE"; echo --
     sed -i '/cn1/d; 1a 10.5.106.102 cn2' "$HOSTS_FILE"
     hostsEntry_remove
     cat "$HOSTS_FILE"`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(
    stdout,
    file(
      LOOPBACK,
      "10.5.106.7 xcatmn1 xcatmn1.cluster.com head",
      "10.5.106.101 cn1",
      SECOND,
      "--",
      LOOPBACK,
      "10.5.106.102 cn2",
      "10.5.106.7 head",
    ),
  );
});
