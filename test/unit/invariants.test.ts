import assert from "node:assert/strict";
import { test } from "node:test";
import { assertUntouched, BrokenInvariant } from "../helpers/brokenInvariant";
import { assertNoRowLost } from "../helpers/client";
import {
  type Lease,
  type Look,
  looksAtMachines,
  type Process,
  type Sample,
  unexpected,
  type Violation,
  violationsOf,
} from "../helpers/invariants";

const said = (violations: Violation[]) => violations.map(({ what }) => what);

/** Words for samples: one every 500 ms, the nodes 5 ms one after the other. */
const lease = (at: number, node = "one", changes: Partial<Lease> = {}): Lease => ({
  at,
  epoch: 7,
  node,
  boot: `${node}-boot`,
  released: false,
  dissolved: "",
  ...changes,
});
const NONE = { epoch: 0, boot: "" };
const look = (at: number, node: string, processes: Process[] = [], changes: Partial<Look> = {}): Look => ({
  at,
  node,
  on: true,
  machine: `${node}-machine`,
  boot: `${node}-boot`,
  linked: true,
  processes,
  vip: 0,
  ...changes,
});
const off = (at: number, node: string) => look(at, node, [], { on: false, machine: "", boot: "", linked: false });
const sample = (of: Lease, looks: Look[], problems: string[] = []): Sample => ({ lease: of, looks, problems });
const postmaster = (since: number, directory = "8:1", pid = 11): Process => ({
  pid,
  command: "postgres",
  since,
  unit: "postgresql",
  writes: true,
  directory,
});
/** By hand, in no unit, elsewhere on the share. */
const scratch = (since: number, directory: string, pid = 11): Process => ({
  pid,
  command: "postgres",
  since,
  directory,
});
const xcatd = (since: number): Process => ({ pid: 22, command: "xcatd", since, unit: "xcatd" });
const VIP = { vip: 1 };
const LOCAL = { linked: false };

const TWO_POSTMASTERS = "two postmasters ran on one data directory, on one and two";

/** What happens, the samples of it, what is found. */
const SAMPLES: [happens: string, samples: Sample[], found: string[]][] = [
  ["nothing was looked at", [], []],
  [
    "the owner runs, the other does not",
    [sample(lease(1000), [look(1005, "one", [postmaster(500)], VIP), look(1010, "two")])],
    [],
  ],
  [
    "two postmasters on one data directory, by device and inode",
    [sample(lease(1000), [look(1005, "one", [scratch(500, "8:5")]), look(1010, "two", [scratch(600, "8:5")])])],
    [TWO_POSTMASTERS],
  ],
  [
    "two postmasters, the owner's and another node's",
    [sample(lease(1000), [look(1005, "one", [postmaster(500)]), look(1010, "two", [postmaster(600)])])],
    [TWO_POSTMASTERS, "two runs postgresql while epoch 7 names one"],
  ],
  [
    "two postmasters on different directories",
    [sample(lease(1000), [look(1005, "one", [scratch(500, "8:5")]), look(1010, "two", [scratch(600, "8:6")])])],
    [],
  ],
  [
    "the same inode on another device",
    [sample(lease(1000), [look(1005, "one", [scratch(500, "8:5")]), look(1010, "two", [scratch(600, "9:5")])])],
    [],
  ],
  [
    "two postmasters on one node: what a killed one leaves",
    [sample(lease(1000), [look(1005, "one", [scratch(500, "8:5"), scratch(600, "8:5", 12)]), look(1010, "two")])],
    [],
  ],
  [
    "two postmasters that no single sample shows: one was seen after the other had started",
    [
      sample(lease(1000), [look(1005, "one", [postmaster(500)]), look(1010, "two")]),
      sample(lease(1500), [look(1505, "one", [postmaster(500)]), look(1506, "two")]),
      sample(lease(2000, "two", { epoch: 8 }), [look(2005, "one"), look(2010, "two", [postmaster(1400)])]),
    ],
    [TWO_POSTMASTERS],
  ],
  [
    "a planned handover: stopped, released, claimed, started",
    [
      sample(lease(1000), [look(1005, "one", [postmaster(500)], VIP), look(1010, "two")]),
      sample(lease(1500, "one", { released: true }), [look(1505, "one"), look(1510, "two")]),
      sample(lease(2000, "two", { epoch: 8 }), [look(2005, "one"), look(2010, "two", [postmaster(1950)], VIP)]),
    ],
    [],
  ],
  [
    "a claim and a start after the lease was read",
    [sample(lease(1000, "two", { released: true }), [look(1005, "one", [postmaster(1002)], VIP)])],
    [],
  ],
  [
    "a writer of the shared data directory in no unit",
    [
      sample(lease(1000), [
        look(1005, "one", [postmaster(500)]),
        look(1010, "two", [{ pid: 5, command: "rsync", since: 900, writes: true }], LOCAL),
      ]),
    ],
    ["two runs a writer of the shared data directory while epoch 7 names one"],
  ],
  [
    "the VIP twice on one node",
    [sample(lease(1000), [look(1005, "one", [], { vip: 2 }), look(1010, "two")])],
    ["the VIP is there 2 times on one"],
  ],
  [
    "the VIP moves between two looks of one sample",
    [sample(lease(1000), [look(1005, "one", [], VIP), look(1010, "two", [], VIP), look(1011, "one")])],
    [],
  ],
  [
    "the VIP is on both",
    [sample(lease(1000), [look(1005, "one", [], VIP), look(1010, "two", [], VIP), look(1011, "one", [], VIP)])],
    ["the VIP is on two nodes"],
  ],
  [
    "the VIP goes there and back, and is never on both",
    [
      sample(lease(1000), [look(1005, "one", [], VIP), look(1010, "two")]),
      sample(lease(1500), [look(1505, "one"), look(1510, "two", [], VIP)]),
      sample(lease(2000), [look(2005, "one", [], VIP), look(2010, "two")]),
    ],
    [],
  ],
  [
    "the owner runs on after its release",
    [sample(lease(1000, "one", { released: true }), [look(1005, "one", [postmaster(500)])])],
    ["one runs postgresql while epoch 7 was released by one"],
  ],
  [
    "each unit that runs is named",
    [sample(lease(1000, "two"), [look(1005, "one", [postmaster(500), xcatd(500)]), look(1010, "two")])],
    ["one runs postgresql while epoch 7 names two", "one runs xcatd while epoch 7 names two"],
  ],
  [
    "the owner runs in another boot than the one that claimed",
    [sample(lease(1000), [look(1005, "one", [postmaster(900)], { boot: "one-later" })])],
    ["one runs postgresql while epoch 7 names one in another boot"],
  ],
  [
    "the owner reboots, claims again and runs",
    [
      sample(lease(1000), [look(1005, "one", [postmaster(500)], VIP), look(1010, "two")]),
      sample(lease(1500), [off(1505, "one"), look(1510, "two")]),
      sample(lease(2000), [look(2005, "one", [], { boot: "one-later" }), look(2010, "two")]),
      sample(lease(2500, "one", { epoch: 8, boot: "one-later" }), [
        look(2505, "one", [postmaster(2400)], { ...VIP, boot: "one-later" }),
        look(2510, "two"),
      ]),
    ],
    [],
  ],
  [
    "before the first epoch anybody runs",
    [
      sample(lease(1000, "", NONE), [
        look(1005, "one", [postmaster(500)], VIP),
        look(1010, "two", [postmaster(500, "9:1")], LOCAL),
      ]),
    ],
    [],
  ],
  [
    "a freshly installed node runs its own services",
    [sample(lease(1000), [look(1005, "one"), look(1010, "two", [{ ...xcatd(500) }], LOCAL)])],
    [],
  ],
  [
    "a node that was let go runs xcatd with what it had before",
    [
      sample(lease(1000), [look(1005, "one", [postmaster(500)]), look(1010, "two")]),
      sample(lease(1500), [look(1505, "one", [postmaster(500)]), look(1510, "two", [xcatd(1400)], LOCAL)]),
    ],
    ["two runs xcatd while epoch 7 names one"],
  ],
  [
    "another machine of the same name, made anew, runs its own services",
    [
      sample(lease(1000), [look(1005, "one", [postmaster(500)]), look(1010, "two")]),
      sample(lease(1500), [
        look(1505, "one", [postmaster(500)]),
        look(1510, "two", [xcatd(1400)], { ...LOCAL, machine: "new" }),
      ]),
    ],
    [],
  ],
  [
    "the node that dissolved the pair runs, whatever the epochs say",
    [
      sample(lease(1000, "one", { released: true }), [look(1005, "one"), look(1010, "two")]),
      sample(lease(1500, "one", { released: true, dissolved: "one" }), [
        look(1505, "one", [postmaster(1400, "9:1")], LOCAL),
        look(1510, "two"),
      ]),
    ],
    [],
  ],
  [
    "the other node runs after the pair was dissolved, although the epoch names it",
    [sample(lease(1000, "two", { dissolved: "one" }), [look(1005, "one"), look(1010, "two", [xcatd(500)])])],
    ["two runs xcatd while the pair was dissolved by one"],
  ],
  [
    "a single node that dissolved the pair, when the mark is put away for another pair",
    [
      sample(lease(1000, "one", { released: true }), [look(1005, "one"), look(1010, "two")]),
      sample(lease(1500, "one", { released: true, dissolved: "one" }), [look(1505, "one", [xcatd(1400)], LOCAL)]),
      sample(lease(2000, "one", { released: true }), [look(2005, "one", [xcatd(1400)], LOCAL)]),
    ],
    [],
  ],
  [
    "what could not be read, once for all samples",
    [sample(lease(1000), [], ["EACCES: /proc/5/cwd"]), sample(lease(1500), [], ["EACCES: /proc/5/cwd"])],
    ["the sampler could not look: EACCES: /proc/5/cwd"],
  ],
];

for (const [happens, samples, found] of SAMPLES)
  test(`samples: ${happens}`, () => assert.deepEqual(said(violationsOf(samples)), found));

test("what was judged is not judged again; what goes on is", () => {
  const bad = (at: number) =>
    sample(
      lease(at),
      [
        look(at + 5, "one", [postmaster(500)], VIP),
        look(at + 10, "two", [postmaster(600)], VIP),
        look(at + 11, "one", [postmaster(500)], VIP),
      ],
      ["EIO"],
    );
  const good = (at: number) => sample(lease(at), [look(at + 5, "one", [postmaster(500)], VIP), look(at + 10, "two")]);
  const all = said(violationsOf([bad(1000)]));
  assert.equal(all.length, 4);
  assert.deepEqual(said(violationsOf([bad(1000), good(1500)], 1000)), []);
  assert.deepEqual(said(violationsOf([bad(1000)], 1000)), []);
  assert.deepEqual(said(violationsOf([bad(1000), bad(1500), good(2000)], 1000)), all);
  // Known only by what the later sample shows of the time before.
  const before = [good(1000), sample(lease(1500, "two"), [look(1505, "one"), look(1510, "two", [postmaster(900)])])];
  assert.deepEqual(said(violationsOf(before, 1000)), [TWO_POSTMASTERS]);
});

const found = (...whats: string[]) => whats.map((what) => ({ what, evidence: "" }));
const NOT_FOUND = "the sampler did not find what the test planted";

const EXPECTED: [case_: string, found: string[], expected: RegExp[], left: string[]][] = [
  ["nothing", [], [], []],
  ["a violation that nobody planted", ["one runs named"], [], ["one runs named"]],
  ["what was planted", ["one runs named", "one runs xcatd"], [/^one runs \S+$/], []],
  [
    "what was planted, and something else",
    ["one runs named", "two runs named"],
    [/^one runs \S+$/],
    ["two runs named"],
  ],
  ["what was planted and not found", ["two runs named"], [/^one runs \S+$/], ["two runs named", NOT_FOUND]],
  ["one of two", ["one runs named"], [/^one/, /^two/], [NOT_FOUND]],
];

for (const [case_, whats, expected, left] of EXPECTED)
  test(`expected: ${case_}`, () => assert.deepEqual(said(unexpected(found(...whats), expected)), left));

test("the proof that it looked counts only machines that were on", () => {
  const samples = [
    sample(lease(1), [look(1, "one"), off(1, "two")]),
    sample(lease(2), [look(2, "one"), off(2, "two")]),
  ];
  assert.deepEqual(looksAtMachines(samples), { one: 2, two: 0 });
});

test("a lost row and a touched thing are broken invariants, which a plain failure is not", () => {
  const commits = [1, 2, 3].map((row) => ({ row, at: row }));
  assertNoRowLost(commits, [3, 2, 1, 4]);
  assert.throws(() => assertNoRowLost(commits, [2]), new BrokenInvariant("2 of 3 committed rows are lost: 1 3"));
  assertUntouched(["a"], ["a"]);
  assert.equal(String(new BrokenInvariant("two writers")), "BrokenInvariant: two writers");
  assert.throws(() => assertUntouched("b", "a"), new BrokenInvariant("touched, and it had to stay: now\nb\nbefore\na"));
});
