// The steps of a change of role: noted on the node without harm to the run, and read.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { decodeDocument } from "../../components/remote/document";
import { type NotedRun, runOf, runsOf } from "../../ops/steps";
import { BECOME_LIBRARIES, bash } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const at = scratch("steps", "records");

/** A run that becomes active by three steps; `script` comes before it. */
const become = (script: string, ...rest: string[]) =>
  bash(
    [...BECOME_LIBRARIES, "report", "document", "files", "steps"],
    `RECORDS=${at("records")} RUN=${at()} NODE=xcatmn2 PEER=xcatmn1 ORIGIN=program
     declare -A FACT=() LEASE=([epoch]=000008)
     observe_facts() { FACT=([lease]=released [running]='' [shared]=present); }; refuse_or_pass() { :; }; lease_try() { :; }; virtualIp_ask_ahead() { :; }
     plan() { if [[ $ROLE == standby ]]; then printf 'prove\\t-\\tx\\n'; else printf 'claim\\t-\\tx\\napply\\tdatabase\\tx\\napply\\tnetwork\\tx\\n'; fi; }
     take_step() {
       case $2 in
         -) say "owner lease: epoch 9 is ours" ;;
         database) say "postgresql started (12 ms)"; say 'two\\\\lines	and '$'\\n''a tab' ;;
       esac
     }
     ${script}
     ${rest.length > 0 ? rest.join("\n") : "become active"}`,
  );
const files = () => readdirSync(at("records/steps"));
const noted = (): NotedRun => {
  const [name] = files().slice(-1);
  return runOf("xcatmn2", readFileSync(at("records/steps", name), "utf8"));
};

test("a run notes its looks, what they found, each step, what was said in it, and its end", () => {
  const { code, stderr } = become("");
  assert.equal(code, 0, stderr);
  const { role, origin, lease, claimed, steps, said, ended, broken } = noted();
  assert.deepEqual(
    [role, origin, lease?.is, lease?.epoch, claimed, ended?.code, broken],
    ["active", "program", "released", 8, 9, 0, 0],
  );
  assert.deepEqual(
    steps.map(({ verb, argument, pieces }) => [
      verb,
      argument,
      ...pieces.map(({ what, began, ended }) => `${what} ${ended - began}`),
    ]),
    [
      ["claim", "-"],
      ["apply", "database", "postgresql starts 12"],
      ["apply", "network"],
    ],
  );
  const times = steps.flatMap(({ began, ended }) => [began, ended ?? 0]);
  assert.deepEqual(times, times.toSorted());
  assert.equal(said.at(-1)?.text, "active and serving, 0 s after the claim");
});

const SPENT: [what: string, lines: [seconds: number, kind: string, text: string][], said: string][] = [
  [
    "the longest first, what took less than a tenth of a second in the rest",
    [
      [0, "run", "active program"],
      [0.4, "lease", "released 8"],
      [0.4, "step", "claim -"],
      [0.5, "step", "apply beat"],
      [0.55, "step", "apply virtualIp"],
      [1.75, "said", "VIP 10.5.106.7 is here, announced"],
      [1.8, "step", "apply database"],
      [2.5, "step", "prepare database"],
      [2.6, "step", "export begin"],
      [4.6, "ended", "0"],
    ],
    "took 4.6 s: export 2.0, virtualIp 1.2, database 0.7, claim 0.1, prepare 0.1, looks and the rest 0.5\n",
  ],
  [
    "one that comes twice, as a sum",
    [
      [0, "run", "active program"],
      [0.1, "step", "export begin"],
      [1.1, "step", "apply database"],
      [1.3, "step", "export begin"],
      [2.3, "ended", "0"],
    ],
    "took 2.3 s: export 2.0, database 0.2, looks and the rest 0.1\n",
  ],
  [
    "nothing of a short one",
    [
      [0, "run", "active program"],
      [0.1, "step", "claim -"],
      [0.9, "ended", "0"],
    ],
    "",
  ],
];
for (const [what, lines, said] of SPENT)
  test(`where the seconds of a run went: ${what}`, () => {
    const file = at("spent");
    const text = lines.map(([seconds, kind, rest]) => `${1790000000000 + seconds * 1000}\t${kind}\t${rest}\n`);
    writeFileSync(file, text.join(""));
    const { stdout, stderr } = bash(["steps"], `steps_spent '${file}'`);
    assert.deepEqual({ stdout, stderr }, { stdout: said, stderr: "" });
  });

test("a step that fails is noted with its code, and the way back behind it", () => {
  const { code, stdout, stderr } = become(
    'fall() { fail incomplete "a" "b" "c"; }; take_step() { [[ $2 != database ]] || fall; }',
  );
  assert.equal(code, 20, stdout + stderr);
  const { steps, ended } = noted();
  assert.deepEqual(
    steps.map(({ verb, argument, failed }) => [verb, argument, failed]),
    [
      ["claim", "-", undefined],
      ["apply", "database", 20],
      ["prove", "-", undefined],
    ],
  );
  assert.equal(ended?.code, 20);
});

test("what cannot be noted is a warning, said once, and the run is the same", () => {
  writeFileSync(at("records/steps"), "no folder");
  const { code, stdout, stderr } = become("");
  assert.equal(code, 0, stderr);
  const warnings = stdout.split("\n").filter((line) => /warning/.test(line));
  assert.equal(warnings.length, 1, stdout);
  assert.match(
    warnings[0],
    /^xcatmn2: warning: \S+\/records\/steps\/\d{13} cannot be written: xcat-ha report will not know all steps of this run$/,
  );
  assert.match(stdout, /owner lease: epoch 9 is ours\n[\s\S]*active and serving/);
});

test("a disk that is full in the middle of a run: the run goes on, and what is noted stays", () => {
  const { code, stdout } = become(
    'take_step() { [[ $2 != database ]] || { rm -r "$RECORDS/steps"; say "named started (1 ms)"; }; }',
  );
  assert.equal(code, 0);
  // In the step, and behind it once for all the others.
  assert.equal(stdout.match(/warning/g)?.length, 2, stdout);
  assert.match(stdout, /xcatmn2: active and serving/);
});

test("the newest 30 runs stay", () => {
  mkdirSync(at("records/steps"));
  for (let count = 10; count < 45; count++) writeFileSync(at("records/steps", `17900000000${count}`), "");
  assert.equal(become("").code, 0);
  assert.equal(files().length, 30);
  assert.ok(files().includes("1790000000044") && !files().includes("1790000000015"), files().join(" "));
});

const told = (script = ":", verb = "verb_steps") =>
  bash(
    ["report", "document", "steps"],
    `RECORDS=${at("records")} NODE=xcatmn2; declare -A SEEN=(); ${script}; ${verb}`,
  );

test("the workstation gets each file as it is, or none where no run was noted", () => {
  assert.deepEqual(decodeDocument(told().stdout), {});
  mkdirSync(at("records/steps"));
  writeFileSync(at("records/steps/1790000000001"), "1790000000001\trun\tactive program\n\n");
  writeFileSync(at("records/steps/another"), "");
  assert.deepEqual(decodeDocument(told().stdout), { "1790000000001": "1790000000001\trun\tactive program\n\n" });
});

test("what cannot be read there is an error, and never no run", () => {
  mkdirSync(at("records/steps/1790000000001"), { recursive: true });
  for (const script of [":", "ls() { echo 'ls: Input/output error' >&2; return 1; }"]) {
    const { code, stdout, stderr } = told(script);
    assert.deepEqual([code, stdout], [40, ""], stderr);
    assert.match(stderr, /^error: the steps of former runs cannot be read on xcatmn2; /);
  }
});

test("the clock, in milliseconds, and the share that the node was set up with", () => {
  const before = Date.now();
  const { now, share } = decodeDocument(told(":", "verb_now").stdout);
  assert.ok(Number(now) >= before && Number(now) <= Date.now(), now);
  assert.equal(share, "");
  writeFileSync(at("records/share-id"), "one\n");
  assert.equal(decodeDocument(told(":", "verb_now").stdout).share, "one");
  // As bash 4.4 does it.
  const { now: old } = decodeDocument(told("unset EPOCHREALTIME", "verb_now").stdout);
  assert.ok(Number(old) >= before && Number(old) <= Date.now(), old);
});

/** Runs of one node, each a list of lines "KIND TEXT", a second apart. */
const runs = (...all: string[][]) =>
  Object.fromEntries(
    all.map((lines, run) => [
      String(run),
      lines
        .map((line, index) => `${1790000000000 + run * 100_000 + index * 1000}\t${line.replace(" ", "\t")}\n`)
        .join(""),
    ]),
  );
const CLAIM = ["run active program", "lease released 8", "step claim -", "said owner lease: epoch 9 is ours"];
const SERVING = [...CLAIM, "said active and serving", "ended 0"];
const RELEASE = [
  "run standby program",
  "lease mine 8",
  "step released -",
  "said owner lease: epoch 8 is released",
  "ended 0",
];
const AGAIN = ["run active program", "lease mine 9", "step apply network", "said active and serving", "ended 0"];
const OF_EPOCH: [what: string, files: Record<string, string>, chosen: string[]][] = [
  ["the claim", runs(SERVING), ["0"]],
  ["the release of the one before", runs(RELEASE), ["0"]],
  ["a claim that was cut, and the run that went on with it", runs(CLAIM, AGAIN, AGAIN), ["0", "1"]],
  ["a run of an owner that serves already", runs(SERVING, AGAIN), ["0"]],
  ["a release that was cut, and the one that ended it", runs(RELEASE.slice(0, 3), RELEASE), ["0", "1"]],
  ["another epoch", runs(SERVING.map((line) => line.replace("9", "10").replace("8", "9"))), []],
  ["its own release, later", runs(RELEASE.map((line) => line.replace("8", "9"))), []],
  ["looks alone", runs(["run active program", "lease released 8"]), []],
];
for (const [what, files, chosen] of OF_EPOCH)
  test(`which runs made epoch 9: ${what}: ${chosen.length}`, () => {
    const began = (name: string) => runOf("xcatmn1", files[name]).began;
    assert.deepEqual(
      runsOf("xcatmn1", files, 9).map((run) => run.began),
      chosen.map(began),
    );
  });

test("a line that was cut is counted, and the others are read", () => {
  const run = runOf("xcatmn1", `${runs(CLAIM)["0"]}17900000\n1790000009000\tst`);
  assert.deepEqual([run.broken, run.steps.length, run.claimed, run.steps[0].ended], [2, 1, 9, undefined]);
});
