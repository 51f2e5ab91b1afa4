// What the network services serve out of that stands on a node alone: kept before the first change, and free of what was reserved in an earlier
// time. How it goes back when the node is let go is in letGo.test.ts.
import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bash } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const at = scratch("local-files", "etc/zones", "records");
const read = (...names: string[]) => readFileSync(at(...names), "latin1");

function onNode(script: string) {
  return bash(
    ["report", "files", "localFiles"],
    `NODE=xcatmn1 F='${at()}' RECORDS=${at()}/records UNITS=(xcatd dhcpd named) STOP_SECONDS=90
     local_files() { case $1 in dhcpd) printf '%s\\n' "$F/etc/dhcpd.conf" "$F/dhcpd.leases" ;; named) printf '%s\\n' "$F/etc/zones/db.*" ;; esac; }
     dhcpd_leases() { echo "$F/dhcpd.leases"; }
     unit_of() { echo "$1"; }; unit_stopped() { :; }; unit_stop() { echo "$1 is stopped"; }
     guards_there() { false; }; links_to_share() { :; }
     ${script}`,
  );
}

const kept = () =>
  existsSync(at("records/found"))
    ? readdirSync(at("records/found/files", at()), { recursive: true, encoding: "utf8" }).sort()
    : undefined;

test("what the services serve out of is kept once, for root alone, as it is: owner, mode, a link as a link", () => {
  writeFileSync(at("etc/dhcpd.conf"), "found\n", { mode: 0o640 });
  symlinkSync("/nowhere", at("etc/zones/db.10"));
  for (const name of ["db.cluster.com", "db.old.xcat-ha-pair", "named.ca"]) writeFileSync(at("etc/zones", name), name);
  mkdirSync(at("etc/zones/db.folder"));
  assert.equal(onNode("found_record").code, 0);
  assert.deepEqual(kept(), ["etc", "etc/dhcpd.conf", "etc/zones", "etc/zones/db.10", "etc/zones/db.cluster.com"]);
  const copy = at("records/found/files", at(), "etc");
  assert.equal(statSync(join(copy, "dhcpd.conf")).mode & 0o777, 0o640);
  assert.ok(lstatSync(join(copy, "zones/db.10")).isSymbolicLink());
  assert.equal(statSync(at("records/found")).mode & 0o777, 0o700);
  assert.equal(
    read("records/found/patterns"),
    `dhcpd ${at("etc/dhcpd.conf")}\ndhcpd ${at("dhcpd.leases")}\nnamed ${at("etc/zones/db.*")}\n`,
  );
  writeFileSync(at("etc/dhcpd.conf"), "the pair's\n");
  assert.equal(onNode("found_record").code, 0);
  assert.equal(readFileSync(join(copy, "dhcpd.conf"), "utf8"), "found\n");
});

for (const [what, member] of [
  ["linked", `links_to_share() { echo '/etc/xcat -> /HA/xcat'; }`],
  ["guarded", "guards_there() { :; }"],
] as const)
  test(`a node that is ${what} already: what is there may be the pair's, and is not kept as found`, () => {
    writeFileSync(at("etc/dhcpd.conf"), "the pair's\n");
    const { code, stderr } = onNode(`${member}; found_record`);
    assert.equal(code, 0, stderr);
    assert.equal(kept(), undefined);
  });

for (const [what, spoil, seen] of [
  [
    "a file that cannot be looked at",
    `stat() { echo "stat: cannot statx: Input/output error"; return 1; }`,
    /dhcpd\.conf could not be kept/,
  ],
  [
    "a directory that cannot be listed",
    `ls() { echo "ls: reading directory: Input/output error"; return 2; }`,
    /db\.\* could not be kept/,
  ],
  ["a copy that fails", `cp() { echo "cp: No space left on device"; return 1; }`, /dhcpd\.conf could not be kept/],
  [
    "links that cannot be told",
    `links_to_share() { fail unknown "the links are not known" "" ""; }`,
    /the links are not known/,
  ],
  [
    "files whose names cannot be told",
    `local_files() { fail unknown "systemd says nothing" "" ""; }`,
    /systemd says nothing/,
  ],
] as const)
  test(`${what}: an error before the first change, and no half of a record`, () => {
    writeFileSync(at("etc/dhcpd.conf"), "found\n");
    const { code, stderr } = onNode(`${spoil}; found_record; echo went on`);
    assert.equal(code, 40, stderr);
    assert.match(stderr, seen);
    assert.equal(kept(), undefined);
    // The next order makes it.
    assert.equal(onNode("found_record").code, 0);
    assert.deepEqual(kept()?.includes("etc/dhcpd.conf"), true);
  });

const LEASE =
  'lease 10.5.106.200 {\n  starts 4 2026/11/26 10:00:00;\n  uid "\\001B\\003{\\"#\\000";\n  client-hostname "host x {";\n}\n';
const HOST =
  'host cn1 {\n  dynamic;\n  hardware ethernet 42:03:0a:05:6a:65;\n  fixed-address 10.5.106.101;\n        supersede server.filename = "xcat/}\\"{";\n}\n';
const GROUP = "group g {\n  dynamic;\n  host inner { dynamic; }\n}\n";
const LEASES: [title: string, text: string, left: string | RegExp, removed?: number][] = [
  [
    "clients' leases stay, reservations go",
    `# The format\nserver-duid "\\000{";\n${LEASE}${HOST}${LEASE}${HOST}`,
    `# The format\nserver-duid "\\000{";\n${LEASE}${LEASE}`,
    2,
  ],
  ["a reservation that was deleted", `${LEASE}host cn3 {\n  dynamic;\n  deleted;\n}\n${LEASE}`, `${LEASE}${LEASE}`, 1],
  ["a quoted name, a block in it, no newline at the end", `host "a } b" { if exists x { y; } }`, "", 1],
  ["on one line", `${LEASE}host a{dynamic;}host b {dynamic;}${LEASE}`, `${LEASE}${LEASE}`, 2],
  [
    "comments count for nothing",
    `# host cn1 { }\n${LEASE}# } "\n${HOST}# end`,
    `# host cn1 { }\n${LEASE}# } "\n# end`,
    1,
  ],
  ["a comment in a block", `lease 1.1.1.1 { # }\n  x; }\n${HOST}`, `lease 1.1.1.1 { # }\n  x; }\n`, 1],
  [
    "what only begins like one stays",
    `host-identifier x;\n${GROUP}hosts y { }\n`,
    `host-identifier x;\n${GROUP}hosts y { }\n`,
    0,
  ],
  [
    "bytes that are no text",
    `lease 1.1.1.1 { uid "\xff\xfe\x00"; }\n${HOST}`,
    `lease 1.1.1.1 { uid "\xff\xfe\x00"; }\n`,
    1,
  ],
  ["no reservation", LEASE, LEASE, 0],
  ["an empty file", "", "", 0],
  [
    "the last declaration is cut",
    `${HOST}${LEASE}lease 10.5.106.201 {\n  starts 4 20`,
    /what begins in line 12 does not end/,
  ],
  ["the last word is cut", `${HOST}authoring-by`, /what begins in line 7 does not end/],
  ["zeros of a power cut", `${HOST}\x00\x00\x00`, /what begins in line 7 does not end/],
  [
    "a string that does not end",
    `${HOST}server-duid "abc;\n${LEASE.replaceAll('"', "")}`,
    /what begins in line 7 does not end/,
  ],
  ["a block that ends twice, between others", `${LEASE}}\n${LEASE}${HOST}`, /what begins in line 6 does not end/],
  ["a block that ends twice", `${HOST}${LEASE}}\n`, /what begins in line 12 does not end/],
];
for (const [title, text, left, removed] of LEASES)
  test(`reservations of an earlier time: ${title}`, () => {
    const leases = at("dhcpd.leases");
    writeFileSync(leases, text, { encoding: "latin1", mode: 0o640 });
    const { code, stdout, stderr } = onNode("reservations_forget");
    assert.equal(code, 0, stderr);
    if (left instanceof RegExp) {
      assert.match(
        stdout,
        /^xcatmn1: warning: reservations of an earlier time may still be in .*dhcpd\.leases, also of nodes/,
      );
      assert.match(stdout, left);
      assert.match(stdout, /^xcatmn1: next: look at it on xcatmn1; /m);
    } else if (removed) {
      assert.match(stdout, new RegExp(`^xcatmn1: ${removed} reservations of an earlier time are out of `));
      assert.equal(read("dhcpd.leases.xcat-ha-former"), text);
    } else assert.equal(stdout, "");
    assert.equal(read("dhcpd.leases"), left instanceof RegExp ? text : left);
    assert.equal(statSync(leases).mode & 0o777, 0o640);
    assert.deepEqual(
      readdirSync(at()).filter((name) => name.startsWith("dhcpd.leases")),
      removed ? ["dhcpd.leases", "dhcpd.leases.xcat-ha-former"] : ["dhcpd.leases"],
    );
  });

const FORGETS: [title: string, script: string, said: RegExp, left: string][] = [
  [
    "dhcpd hangs and is not stopped: it is, before its file changes",
    "unit_stopped() { false; }",
    /^dhcpd is stopped\nxcatmn1: 1 reserv/,
    LEASE,
  ],
  ["Kea keeps none there", "unit_of() { echo kea-dhcp4; }", /^$/, HOST + LEASE],
  [
    "it cannot be looked at",
    `stat() { echo "stat: Input/output error"; return 1; }`,
    /warning: .*: stat: Input\/output error; it was not touched/,
    HOST + LEASE,
  ],
  [
    "it cannot be read",
    `perl() { echo "it cannot be read: Input/output error" >&2; return 5; }`,
    /warning: .*: it cannot be read: Input\/output error; it was/,
    HOST + LEASE,
  ],
  [
    "it can be read half",
    `perl() { command perl "$@"; echo "a warning" >&2; }`,
    /warning: .*: 1 a warning; it was not touched/,
    HOST + LEASE,
  ],
  [
    "the disk is full",
    `mktemp() { echo "mktemp: No space left on device" >&2; return 1; }`,
    /warning: .*: mktemp: No space left on device; it was/,
    HOST + LEASE,
  ],
  [
    "the former one cannot be kept",
    `cp() { [[ $* != *former ]] || { echo "cp: No space left" >&2; return 1; }; command cp "$@"; }`,
    /^xcatmn1: warning: .*: cp: No space left; it was/,
    HOST + LEASE,
  ],
];
for (const [title, script, said, left] of FORGETS)
  test(`reservations of an earlier time: ${title}`, () => {
    writeFileSync(at("dhcpd.leases"), HOST + LEASE);
    const { code, stdout, stderr } = onNode(`${script}; reservations_forget`);
    assert.equal(code, 0, stderr);
    assert.match(stdout, said);
    assert.equal(read("dhcpd.leases"), left);
  });

test("reservations of an earlier time: no file yet, and one behind a link", () => {
  assert.deepEqual([onNode("reservations_forget").stdout, readdirSync(at()).sort()], ["", ["etc", "records"]]);
  writeFileSync(at("etc/real"), HOST + LEASE);
  symlinkSync(at("etc/real"), at("dhcpd.leases"));
  onNode("reservations_forget");
  assert.ok(lstatSync(at("dhcpd.leases")).isSymbolicLink());
  assert.equal(read("etc/real"), LEASE);
});

test("reservations of an earlier time: a file of many leases, and a long string", () => {
  const many = LEASE.repeat(20_000);
  writeFileSync(at("dhcpd.leases"), `${many}x "${"a\\\\".repeat(20_000)}";\n${HOST}`);
  const { code, stdout } = onNode("reservations_forget");
  assert.equal(code, 0);
  assert.match(stdout, /1 reservations of an earlier time are out/);
  assert.ok(read("dhcpd.leases").startsWith(many));
});
