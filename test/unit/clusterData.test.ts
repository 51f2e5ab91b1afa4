import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bash, LEASE_LIBRARIES } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-exports-"));
after(() => rmSync(folder, { recursive: true }));

/** The tables of an export by dumpxCATdb: file name to lines. */
type Tables = Record<string, string[]>;

const NETWORKS = [
  "#netname,net,mask,mgtifname,gateway,comments,disable",
  '"10_0_0_0-255_0_0_0","10.0.0.0","255.0.0.0","eth0:0","10.0.0.103",,',
];
const SITE = ["#key,value,comments,disable", '"domain","cluster.com",,', '"master","10.5.106.7",,'];
const BASE: Tables = { networks: NETWORKS, site: SITE };

// What changed between two exports; the lines of the comparison.
const CASES: [what: string, after: Tables, ...differences: string[]][] = [
  ["nothing", BASE],
  ["the order of rows, as after an UPDATE in PostgreSQL", { ...BASE, site: [SITE[0], SITE[2], SITE[1]] }],
  ["mgtifname, which we set", { ...BASE, networks: [NETWORKS[0], NETWORKS[1].replace("eth0:0", "eth0")] }],
  [
    "an attribute",
    { ...BASE, site: [SITE[0], '"domain","other.com",,', SITE[2]] },
    "was: site/domain\tvalue = cluster.com",
    "is:  site/domain\tvalue = other.com",
  ],
  [
    "a row is gone",
    { ...BASE, site: [SITE[0], SITE[1]] },
    "was: site/master\tkey = master",
    "was: site/master\tvalue = 10.5.106.7",
  ],
  [
    "a row is new, with quotes, commas and a line break in its value",
    { ...BASE, site: [...SITE, '"note","say ""a, b""\nand go on",,'] },
    "is:  site/note\tkey = note",
    'is:  site/note\tvalue = say "a, b" and go on',
  ],
  [
    "an empty value and no value are the same, as xCAT prints them",
    { ...BASE, site: [SITE[0], '"domain","cluster.com","",', SITE[2]] },
  ],
  [
    "a table that was not there",
    { ...BASE, nodelist: ["#node,groups,status,statustime", '"cn1","compute","booted","11-23"'] },
    "is:  nodelist/cn1\tgroups = compute",
    "is:  nodelist/cn1\tnode = cn1",
  ],
];

const write = (name: string, tables: Tables) => {
  mkdirSync(join(folder, name, "tables"), { recursive: true });
  for (const [table, lines] of Object.entries(tables))
    writeFileSync(join(folder, name, "tables", `${table}.csv`), lines.map((line) => `${line}\n`).join(""));
  return join(folder, name);
};

CASES.forEach(([what, tables, ...differences], index) => {
  test(`two exports of the cluster data, ${what}: ${differences.length ? "each value is named" : "same"}`, () => {
    const { code, stdout, stderr } = bash(
      [...LEASE_LIBRARIES, "clusterData"],
      `export_differences '${write(`${index}-old`, BASE)}' '${write(`${index}-new`, tables)}'`,
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.split("\n").filter(Boolean), differences);
  });
});

const OWNERS: [what: string, lease: string, code: number][] = [
  ["before the first epoch", "none", 0],
  ["by the owner", "mine", 0],
  ["by a node that was the owner a moment ago", "other", 12],
];
for (const [what, lease, code] of OWNERS)
  test(`an export, ${what}: ${code ? "nothing is written" : "it is on the share"}`, () => {
    const share = mkdtempSync(join(folder, "share-"));
    const done = bash(
      [...LEASE_LIBRARIES, "clusterData"],
      `declare -A LEASE=(); SHARE='${share}' RUN='${folder}' NODE=xcatmn1; unit_state() { echo active; }; virtualIp_is_here() { :; }
       lease_read() { LEASE=([is]=${lease} [epoch]=000004 [node]=xcatmn2 [time]=noon); }; export_into() { mkdir "$1/tables"; }
       export_cluster_data begin; find "$SHARE" -name tables`,
    );
    assert.equal(done.code, code, done.stderr);
    assert.equal(readdirSync(share).length, code ? 0 : 1);
  });

/** A node that was renamed: each of its rows is gone and new. */
const RENAMED = (name: string): Tables =>
  Object.fromEntries(
    ["hosts", "mac", "nodehm", "nodelist", "noderes", "nodetype"].map((table) => [
      table,
      ["#node,first,second", `"${name}","a","b"`],
    ]),
  );
const OBJECTS: [what: string, before: Tables, now: Tables, ...lines: string[]][] = [
  [
    "an attribute and a row, without their values",
    { site: SITE, passwd: ["#key,username,password", '"system","root","secret"', '"ipmi","a","b"'] },
    { site: [...SITE, '"note","x",,'], passwd: ["#key,username,password", '"system","root","changed"'] },
    "gone: passwd/ipmi key, password, username",
    "changed: passwd/system password",
    "new: site/note key, value",
  ],
  [
    "a renamed node, six tables and more differences than anybody reads",
    RENAMED("cn1"),
    RENAMED("cn2"),
    ...["hosts", "mac", "nodehm", "nodelist", "noderes"].flatMap((table) => [
      `gone: ${table}/cn1 first, node, second`,
      `new: ${table}/cn2 first, node, second`,
    ]),
    "and 2 more",
  ],
];
OBJECTS.forEach(([what, before, now, ...lines], index) => {
  test(`what differs in the cluster data, ${what}: the objects`, () => {
    const [old, recent] = [["000001-1-a-begin", before] as const, ["000001-9-a-end", now] as const].map(
      ([name, tables]) => write(`objects${index}/.xcat-ha/exports/${name}`, tables),
    );
    const { code, stdout, stderr } = bash(
      [...LEASE_LIBRARIES, "clusterData"],
      `SHARE='${join(folder, `objects${index}`)}' NODE=xcatmn1; share_do() { "$@" </dev/null; }; share_state() { echo ok; }; compare_cluster_data`,
    );
    assert.equal(code, 1, stderr);
    assert.deepEqual(stdout.split("\n").slice(0, -1), [
      "000001-1-a-begin and 000001-9-a-end: these differ",
      ...lines,
      `each value: diff -r ${old}/tables ${recent}/tables`,
    ]);
  });
});

const COMPARED: [what: string, spoil: string, row: RegExp][] = [
  ["there are none yet", "rm -r $SHARE/.xcat-ha", /^ok\tcluster data\tnothing to compare yet: no export$/],
  ["they are the same", ":", /^ok\tcluster data\t000001-1-a-begin and 000001-9-a-end: same$/],
  [
    "the share does not answer",
    "share_do() { return 124; }",
    /^failed\tcluster data\terror: .*exports cannot be looked at on xcatmn1; .*no answer within 10 s/,
  ],
  [
    "they cannot be listed",
    "find() { return 1; }",
    /^failed\tcluster data\terror: the exports of the cluster data cannot be listed/,
  ],
  [
    "one cannot be read",
    "rm $SHARE/.xcat-ha/exports/000001-9-a-end/tables/site.csv; ln -s nowhere $SHARE/.xcat-ha/exports/000001-9-a-end/tables/site.csv",
    /^failed\tcluster data\t.*the exports of the cluster data cannot be read on xcatmn1/,
  ],
];
for (const [index, [what, spoil, row]] of COMPARED.entries())
  test(`the row of the cluster data, where ${what}`, () => {
    for (const name of ["000001-1-a-begin", "000001-9-a-end"]) write(`row${index}/.xcat-ha/exports/${name}`, BASE);
    const { code, stdout, stderr } = bash(
      [...LEASE_LIBRARIES, "verify", "clusterData"],
      `SHARE='${join(folder, `row${index}`)}' NODE=xcatmn1; MANIFEST=(); share_do() { "$@" </dev/null; }; share_state() { echo ok; }
       load_values() { declare -gA WANT=([label]=eth0:0); }; probe_rows() { :; }; hosts_row() { :; }; counts_rows() { :; }
       ${spoil}; verify_rows`,
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout.trim(), row);
  });
