import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { bash, LEASE_LIBRARIES } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-traps-"));
after(() => rmSync(folder, { recursive: true }));

const HEADER = "#netname,net,mask,mgtifname,gateway";
const ROW = '"10_0_0_0-255_0_0_0","10.0.0.0","255.0.0.0","eth0:0","10.0.0.103"';

// What xCAT answers; what is said. The rows are as tabdump prints them: an empty value has no quotes (docs/xcat-facts.md, Tables).
const TABLES: [what: string, domain: string, networks: string[], ...says: (string | RegExp)[]][] = [
  ["all well", "    domain=cluster.com", [ROW]],
  ["no domain", "Object name: clustersite", [ROW], /^the site table has no domain/],
  ["an empty domain", "    domain=", [ROW], /^the site table has no domain/],
  [
    "a row without net and mask",
    "    domain=cluster.com",
    [ROW, '"foo",,,"eth8",'],
    /rows without net or mask: "foo" ;/,
  ],
  [
    "a row without a mask",
    "    domain=cluster.com",
    [ROW, '"bar","10.9.0.0",,"eth8",'],
    /rows without net or mask: "bar" ;/,
  ],
  ["a row without a name is no trap", "    domain=cluster.com", [ROW, ',"10.9.0.0","255.255.0.0","eth8",']],
];
for (const [what, domain, networks, ...says] of TABLES)
  test(`xCAT's tables, ${what}`, () => {
    const { code, stdout, stderr } = bash(
      ["report", "addresses", "virtualIp", "traps"],
      `declare -A FACT=(); unit_state() { echo active; }; virtualIp_is_here() { :; }
       xcat() { case "$*" in *domain*) echo '${domain}' ;; *networks*) printf '%s\\n' '${HEADER}' ${networks.map((row) => `'${row}'`).join(" ")} ;; esac; }
       make_traps; printf '%s|%s\\n' "\${FACT[traps]}" "\${FACT[traps_untold]}"`,
    );
    assert.equal(code, 0, stderr);
    const [traps, untold] = stdout.trimEnd().split("|");
    assert.equal(untold, "");
    const lines = traps === "" ? [] : [traps];
    assert.equal(lines.length, says.length, stdout);
    for (const [index, line] of lines.entries()) assert.match(line, says[index] as RegExp);
  });

// What systemd says of xcatd, what lsdef and tabdump do; which look is said to have failed, and what was found before it.
const LSDEF = "echo 'Object name: clustersite'; echo '    domain=cluster.com'";
const TABDUMP = `echo '${HEADER}'`;
const UNTOLD: [what: string, state: string, lsdef: string, tabdump: string, untold: string, traps?: RegExp][] = [
  [
    "xcatd refuses",
    "active",
    "echo 'Error: Connection\trefused'; return 1",
    TABDUMP,
    "lsdef -t site: ended with 1 and said Error: Connection refused",
  ],
  ["lsdef hangs", "active", "return 124", TABDUMP, "lsdef -t site: no answer within 20 s"],
  [
    "lsdef answers something else",
    "active",
    "echo 'Segmentation fault'",
    TABDUMP,
    "lsdef -t site: ended with 0 and said Segmentation fault",
  ],
  [
    "tabdump fails",
    "active",
    LSDEF,
    "echo 'no database' >&2; return 1",
    "tabdump networks: ended with 1 and said no database",
  ],
  ["tabdump says nothing", "active", LSDEF, ":", "tabdump networks: ended with 0 and said nothing"],
  [
    "tabdump fails behind a trap that was found",
    "active",
    "echo 'Object name: clustersite'",
    "return 124",
    "tabdump networks: no answer within 20 s",
    /^the site table has no domain/,
  ],
  ["systemd does not answer", "unknown", LSDEF, TABDUMP, "systemctl does not say whether xcatd runs"],
  ["xcatd does not run: it is not asked", "inactive", "return 1", "return 1", ""],
];
for (const [what, state, lsdef, tabdump, untold, traps = /^$/] of UNTOLD)
  test(`xCAT's tables, where ${what}`, () => {
    const { code, stdout, stderr } = bash(
      ["report", "addresses", "virtualIp", "traps"],
      `declare -A FACT=(); unit_state() { echo ${state}; }; virtualIp_is_here() { :; }
       xcat() { case "$*" in *domain*) ${lsdef} ;; *networks*) ${tabdump} ;; esac; }
       make_traps; printf '%s|%s\\n' "\${FACT[traps]}" "\${FACT[traps_untold]}"`,
    );
    assert.equal(code, 0, stderr);
    const [found, failed] = stdout.trimEnd().split("|");
    assert.equal(failed, untold);
    assert.match(found, traps);
  });

// The first line of /HA/xcat/cfgloc; where xCAT's database is.
const CFGLOCS: [content: string | undefined, state: string][] = [
  ["Pg:dbname=xcatdb;host=10.5.106.7|xcatadm|secret", "Pg 10.5.106.7"],
  ["mysql:dbname=xcatdb;host=10.5.106.7|xcatadm|secret", "mysql"],
  ["Pg:dbname=xcatdb;host=nowhere.invalid|xcatadm|secret", "Pg nowhere.invalid (does not resolve)"],
  ["Pg:dbname=xcatdb;host=10.5.106.7;port=5432|xcatadm|secret", "Pg 10.5.106.7"],
  ["Pg:host=10.5.106.7;dbname=xcatdb|xcatadm|secret", "Pg 10.5.106.7"],
  ["Pg:port=5432; host = 10.5.106.7 ;database=xcatdb;sslmode=require|xcatadm|a|b;c=d", "Pg 10.5.106.7"],
  ["Pg:dbname=xcatdb;host=10.5.106.7|xcatadm|secret\r", "Pg 10.5.106.7"],
  ["Pg:dbname=xcatdb;host=nowhere.invalid;hostaddr=10.5.106.7|xcatadm|secret", "Pg 10.5.106.7"],
  ["Pg:dbname=xcatdb host=10.5.106.7|xcatadm|secret", "Pg 10.5.106.7"],
  ["Pg:dbname = xcatdb  host= '10.5.106.7' |xcatadm|secret", "Pg 10.5.106.7"],
  ["Pg:dbname=xcatdb|xcatadm|secret", "Pg (no host: the socket of this node)"],
  ["", "missing"],
  [undefined, "missing"],
];
CFGLOCS.forEach(([content, state], index) => {
  test(`cfgloc on the share, ${content === undefined ? "not there" : `'${content.split("|")[0]}'`}: ${state}`, () => {
    const share = join(folder, `share${index}`);
    const file = join(share, "xcat/cfgloc");
    mkdirSync(dirname(file), { recursive: true });
    if (content !== undefined) writeFileSync(file, content && `${content}\n`);
    const { code, stdout, stderr } = bash(
      [...LEASE_LIBRARIES, "traps"],
      `SHARE='${share}'; share_do() { "$@"; }; getent() { [[ $2 == 10.* ]] && echo "$2 STREAM"; }; cfgloc_state`,
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${state}\n`);
  });
});

// The own name, the names that hostsEntry writes, what the resolver says, the node's addresses; what is said.
const NAMES: [own: string, written: string, resolves: string, state: string][] = [
  ["xcatmn1", "xcatmn1 xcatmn1-static", "", "ok"],
  ["head", "xcatmn1", "10.5.106.70", "ok"],
  ["head", "xcatmn1", "10.5.106.7", "ok"],
  ["head", "xcatmn1", "192.0.2.1", "head resolves to 192.0.2.1"],
  ["head", "xcatmn1", "", "head resolves to nothing"],
];
for (const [own, written, resolves, state] of NAMES)
  test(`own name ${own}, of ours ${written}, at '${resolves}': ${state}`, () => {
    const { code, stdout, stderr } = bash(
      ["report", "addresses", "virtualIp", "traps"],
      `HOST_NAMES='${written}' VIP=10.5.106.7; hostname() { echo ${own}; }
       getent() { [[ -n '${resolves}' ]] && echo '${resolves} STREAM'; }
       ip() { echo '2: eth0    inet 10.5.106.70/8 brd 10.255.255.255 scope global eth0'; }; own_name_state`,
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${state}\n`);
  });

test("cfgloc as the driver reads it: keys in any order, and a password with what separates them", () => {
  const { code, stdout, stderr } = bash(
    [...LEASE_LIBRARIES, "traps"],
    `SHARE=/nowhere; share_text() { echo 'Pg:port=5433;host=10.5.106.7;db=xcatdb|xcatadm|a|b;host=c'; }; cfgloc_read
     for key in kind host port dbname login password; do echo "$key \${CFGLOC[$key]}"; done`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "kind Pg\nhost 10.5.106.7\nport 5433\ndbname xcatdb\nlogin xcatadm\npassword a|b;host=c\n");
});

test("cfgloc that cannot be read is not missing, and addresses that cannot be told are not others'", () => {
  mkdirSync(join(folder, "unread/xcat/cfgloc"), { recursive: true });
  for (const [script, error] of [
    [
      `SHARE='${folder}/unread'; share_do() { "$@"; }; share_state() { echo ok; }; cfgloc_state`,
      /cfgloc cannot be read on xcatmn1; expected to know where xCAT's/,
    ],
    [
      "HOST_NAMES= VIP=10.5.106.7; getent() { echo 10.5.106.70; }; ip() { echo 'Cannot open netlink socket' >&2; return 1; }; own_name_state",
      /the addresses of xcatmn1 cannot be told; .*\nevidence: ip -o -4 addr show: Cannot open netlink/,
    ],
  ] as const) {
    const { code, stdout, stderr } = bash(
      [...LEASE_LIBRARIES, "addresses", "virtualIp", "traps"],
      `NODE=xcatmn1; ${script}`,
    );
    assert.equal(code, 40, stdout);
    assert.match(stderr, error);
  }
});

// The id on the share, the id that the node noted; what share_state says. UNREADABLE: it is there, and no look at it succeeds.
const UNREADABLE = "unreadable";
const IDS: [found: string, noted: string | undefined, state: RegExp][] = [
  ["one", "one", /^ok\n$/],
  ["one", undefined, /^ok\n$/],
  ["other", "one", /^is another one than xcatmn1 was set up with: its id is other, expected one\n$/],
  ["", "one", /^is another one than xcatmn1 was set up with: its id is missing, expected one\n$/],
  ["", undefined, /^ok\n$/],
  [UNREADABLE, "one", /^does not say which one it is: cat: .*: Is a directory\n$/],
  ["one", UNREADABLE, /^cannot be told from another one: cat: .*: Is a directory\n$/],
];
function write(file: string, id?: string) {
  if (id === UNREADABLE) mkdirSync(file);
  else if (id) writeFileSync(file, `${id}\n`);
}
IDS.forEach(([found, noted, state], index) => {
  test(`the share with id '${found}' on a node that noted '${noted ?? "nothing"}'`, () => {
    const at = join(folder, `id${index}`);
    mkdirSync(join(at, "share/.xcat-ha"), { recursive: true });
    mkdirSync(join(at, "records"));
    write(join(at, "share/.xcat-ha/id"), found);
    write(join(at, "records/share-id"), noted);
    const { stdout } = bash(
      ["deadline", "share", "lease"],
      `SHARE='${at}/share' RECORDS='${at}/records' NODE=xcatmn1
       stat() { if [[ $* == *" /" ]]; then echo 1; else echo 2; fi; }; share_do() { "$@"; }; findmnt() { echo rw,relatime; }; share_state`,
    );
    assert.match(stdout, state);
  });
});

const REMEMBERED: [found: string, noted: string | undefined, now: string, error?: RegExp][] = [
  ["one", undefined, "one\n"],
  ["one", "one", "one\n"],
  // Before the first claim.
  ["", undefined, "nothing"],
  [UNREADABLE, "one", "one\n", /which share is mounted at .* cannot be told;.*\nevidence: cat: .*: Is a directory\n/],
];
REMEMBERED.forEach(([found, noted, now, error], index) => {
  test(`a share with id '${found}' is remembered by a node that noted '${noted ?? "nothing"}': ${now.trim()}`, () => {
    const at = join(folder, `remembered${index}`);
    mkdirSync(join(at, "share/.xcat-ha"), { recursive: true });
    mkdirSync(join(at, "records"));
    write(join(at, "share/.xcat-ha/id"), found);
    write(join(at, "records/share-id"), noted);
    const { code, stdout, stderr } = bash(
      [...LEASE_LIBRARIES, "files"],
      `SHARE='${at}/share' RECORDS='${at}/records' NODE=xcatmn1; share_do() { "$@"; }
       (share_remember) || code=$?; cat "$RECORDS/share-id" 2>/dev/null || echo -n nothing; exit "\${code:-0}"`,
    );
    assert.equal(stdout, now);
    assert.equal(code, error ? 40 : 0, stderr);
    if (error) assert.match(stderr, error);
  });
});

for (const [findmnt, state] of [
  ["echo ro,relatime", "is mounted read-only"],
  ["echo 'can not read mtab' >&2; return 1", "does not say how it is mounted"],
  ["return 124", "hangs: no answer within 10 s"],
])
  test(`a share that ${state} is none`, () => {
    const { stdout } = bash(
      ["deadline", "share", "lease"],
      `SHARE=/HA; stat() { if [[ $* == *" /" ]]; then echo 1; else echo 2; fi; }; share_do() { "$@"; }; findmnt() { ${findmnt}; }; share_state`,
    );
    assert.equal(stdout, `${state}\n`);
  });
