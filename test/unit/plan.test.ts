import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestText, PARTS } from "../../components/manifest";
import { bash } from "./bash";

type Facts = Record<string, string>;

const base: Facts = {
  role: "active",
  node: "xcatmn1",
  peer: "xcatmn2",
  share_path: "/HA",
  share: "ok",
  system: "ok",
  lease: "released",
  sentence: "epoch 4 was released by xcatmn2",
  holder: "xcatmn2",
  links: "all",
  shared: "present",
  running: "",
};

/** The plans of many situations, from one bash. */
function plans(situations: Facts[]): string[][] {
  const script = situations
    .map(
      (facts) =>
        `FACT=(${Object.entries(facts)
          .map(([key, value]) => `[${key}]='${value}'`)
          .join(" ")}); plan; echo ==`,
    )
    .join("\n");
  const { code, stdout, stderr } = bash(
    ["node/lib/plan.sh"],
    `declare -A FACT; mapfile -t MANIFEST <<'M'\n${manifestText()}\nM\n${script}`,
  );
  assert.equal(code, 0, stderr);
  return stdout
    .split("==\n")
    .slice(0, -1)
    .map((plan) => plan.trimEnd().split("\n"));
}

/** A plan in short: verbs and arguments, or refuse and its code. */
const short = (lines: string[]) =>
  lines.map((line) =>
    line
      .split("\t")
      .slice(0, 2)
      .filter((word) => word !== "-")
      .join(" "),
  );

const behindLease = PARTS.slice(PARTS.indexOf("ownerLease") + 1);
const activate = behindLease.map((part) => `apply ${part}`);
const takeBack = ["apply hostsSyncCron", "apply network", "apply database", "apply virtualIp"];
const stayStandby = ["apply sharedDataLinks", "apply startGuard"];

const SITUATIONS: [situation: string, facts: Facts, steps: string[]][] = [
  [
    "first setup",
    { lease: "none", links: "none", shared: "absent" },
    ["prepare sharedDataLinks", "quiesce", "claim", ...activate],
  ],
  [
    "first setup that was rolled back",
    { links: "none", shared: "absent", holder: "xcatmn1" },
    ["prepare sharedDataLinks", "quiesce", "claim", ...activate],
  ],
  [
    "first setup cut after the claim",
    { lease: "mine", links: "none", shared: "absent", holder: "xcatmn1" },
    ["prepare sharedDataLinks", "quiesce", ...activate],
  ],
  [
    "first setup cut between two renames",
    { lease: "mine", links: "none", shared: "partial", holder: "xcatmn1" },
    ["prepare sharedDataLinks", "quiesce", ...activate],
  ],
  ["first setup cut between two links", { lease: "mine", links: "some", holder: "xcatmn1" }, ["quiesce", ...activate]],
  [
    "first setup cut by a reboot",
    { lease: "mine-rebooted", links: "some", holder: "xcatmn1" },
    ["quiesce", "claim", ...activate],
  ],
  ["the owner again", { lease: "mine", holder: "xcatmn1" }, activate],
  ["failover, the other one stepped down", {}, ["quiesce", "claim", ...activate]],
  ["failover, the other one steps down right now", { lease: "other-releasing" }, ["quiesce", "claim", ...activate]],
  ["the active node was rebooted", { lease: "mine-rebooted", holder: "xcatmn1" }, ["quiesce", "claim", ...activate]],
  [
    "its own release was begun and cut",
    { lease: "mine-releasing", holder: "xcatmn1" },
    ["quiesce", "claim", ...activate],
  ],
  ["failover to a node that was never set up", { links: "none" }, ["quiesce", "claim", ...activate]],
  ["flipped first", { lease: "other" }, ["refuse held"]],
  ["shared data that no epoch of ours made", { lease: "none", links: "all" }, ["refuse refused"]],
  ["only some of the directories shared, by the other one", { shared: "partial" }, ["refuse incomplete"]],
  ["the other one's first setup is half done", { lease: "other-releasing", shared: "partial" }, ["refuse incomplete"]],
  ["the share hangs", { share: "hangs" }, ["refuse unknown"]],
  ["another system", { system: "debian 11" }, ["refuse misconfigured"]],
  [
    "standby, first time",
    { role: "standby", lease: "other", links: "none" },
    ["record", ...takeBack, "prove", ...stayStandby],
  ],
  ["standby again", { role: "standby", lease: "other" }, ["record", ...takeBack, "prove", ...stayStandby]],
  [
    "step down",
    { role: "standby", lease: "mine", holder: "xcatmn1" },
    ["record", "release", ...takeBack, "prove", "released", ...stayStandby],
  ],
  [
    "step down that was cut",
    { role: "standby", lease: "mine-releasing", holder: "xcatmn1" },
    ["record", "release", ...takeBack, "prove", "released", ...stayStandby],
  ],
  [
    "step down after a reboot",
    { role: "standby", lease: "mine-rebooted", holder: "xcatmn1" },
    ["record", "release", ...takeBack, "prove", "released", ...stayStandby],
  ],
  ["nobody is active", { role: "standby" }, ["record", ...takeBack, "prove", ...stayStandby]],
  [
    "standby before the active one was set up",
    { role: "standby", lease: "none", links: "none", shared: "absent" },
    ["refuse refused"],
  ],
  [
    "standby while the first setup is half done",
    { role: "standby", lease: "other", links: "none", shared: "partial" },
    ["refuse incomplete"],
  ],
  ["standby without the share", { role: "standby", share: "not mounted" }, ["refuse unknown"]],
];

const planned = plans(SITUATIONS.map(([, facts]) => ({ ...base, ...facts })));
SITUATIONS.forEach(([situation, , steps], index) => {
  test(`plan: ${situation}`, () => assert.deepEqual(short(planned[index]), steps));
});

test("plan: each step and each refusal says why", () => {
  for (const line of planned.flat()) {
    const words = line.split("\t");
    assert.equal(words.length, words[0] === "refuse" ? 5 : 3, line);
    assert.ok(
      words.every((word) => word !== ""),
      line,
    );
  }
});

test("plan: over every combination of facts, nothing runs without the lease, and nothing is released without the proof", () => {
  const all: Facts[] = [];
  for (const role of ["active", "standby"])
    for (const lease of ["none", "released", "mine", "mine-releasing", "mine-rebooted", "other", "other-releasing"])
      for (const links of ["all", "some", "none"])
        for (const shared of ["present", "partial", "absent"])
          for (const holder of ["xcatmn1", "xcatmn2"])
            for (const running of ["", "postgresql "])
              all.push({ ...base, role, lease, links, shared, holder, running });
  plans(all).forEach((lines, index) => {
    const { role, lease } = all[index];
    const steps = short(lines);
    const situation = JSON.stringify(all[index]);
    if (steps[0].startsWith("refuse")) {
      assert.equal(steps.length, 1, situation);
      return;
    }
    assert.ok(!steps.some((step) => step.startsWith("refuse")), situation);
    if (role === "active") {
      assert.notEqual(lease, "other", situation);
      const claimed = steps.indexOf("claim");
      if (lease !== "mine")
        assert.ok(claimed >= 0 && claimed < steps.findIndex((step) => step.startsWith("apply")), situation);
    } else {
      const proven = steps.indexOf("prove");
      for (const part of takeBack) assert.ok(steps.indexOf(part) >= 0 && steps.indexOf(part) < proven, situation);
      if (lease.startsWith("mine"))
        assert.ok(
          steps.indexOf("release") < steps.indexOf(takeBack[0]) && steps.indexOf("released") > proven,
          situation,
        );
      else assert.ok(!steps.includes("released"), situation);
    }
  });
});
