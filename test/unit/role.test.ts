// Which node is active, as root's login says it: `xcat-ha role` on a share of files, and the file that shows it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { test } from "node:test";
import { bash, LEASE_LIBRARIES, nodeFiles, sourced } from "../helpers/bash";
import { CANNOT_HOLD, onHeldShare } from "../helpers/heldShare";
import { scratch } from "../helpers/scratch";

const BOOT = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const NODES = { xcatmn1: "1".repeat(32), xcatmn2: "2".repeat(32) };
const LEASE = "share/.xcat-ha/epoch";

const at = scratch("role", LEASE, "records");

type Epoch = [node: keyof typeof NODES, marks?: string[], boot?: string];

/** Epochs from 6 on. */
function epochs(...list: Epoch[]) {
  for (const [index, [node, marks = [], boot = BOOT]] of list.entries()) {
    const name = String(index + 6).padStart(6, "0");
    writeFileSync(
      at(LEASE, `${name}.owner`),
      `node ${node}\nmachine ${NODES[node]}\nboot ${boot}\ntime noon-${index + 6}\nformat 1\n`,
    );
    for (const mark of marks) writeFileSync(at(LEASE, `${name}.${mark}`), "");
  }
}

const SOURCES = [...LEASE_LIBRARIES, "document", "files", "platform", "units", "role", "main"];

/** `xcat-ha role` on xcatmn1, where nothing runs. */
function role(script = "") {
  return bash(
    [],
    `F='${at()}'
     for file in ${nodeFiles(...SOURCES, "records", "nodeProgram").join(" ")}; do source <(sed "s,=/var/lib/xcat-ha$,=$F/records," "$file"); done
     NODE=xcatmn1 SHARE=$F/share UNITS=(postgresql named)
     machine_id() { echo ${NODES.xcatmn1}; }
     share_state() { if [[ -d $SHARE/.xcat-ha ]]; then echo ok; else echo 'is not mounted: it is a directory of the root file system'; fi; }
     systemctl() { printf 'LoadState=loaded\\nActiveState=%s\\n\\n' inactive inactive; }
     load_settings() { :; }
     ${script}
     main role`,
  );
}

const demoted = () => writeFileSync(at("records/demoted"), "2026-11-26T20:00:00Z epoch 7 is held by xcatmn2\n");
const beat = (timer: string) => writeFileSync(at("records/values.beat"), `timer\t${timer}\n`);

const STANDBY = "To make it a standby node: pulumi up on its stack, or: xcat-ha become standby";
const AGAIN = "To start everything again: pulumi up on its stack, or: xcat-ha become active";
const DEMOTED = "xcatmn1 stepped down by itself at 2026-11-26T20:00:00Z: epoch 7 is held by xcatmn2";
const OLD = "xcatmn1 was active in epoch 6 and did not step down by itself";
const RETURNED = [
  `${OLD}; xcatmn2 has been active since noon-7 (epoch 7)`,
  "Nothing of the cluster's runs here.",
  STANDBY,
];

const ROLES: [what: string, found: () => void, lines: string[], script?: string][] = [
  ["the active node", () => epochs(["xcatmn1"]), ["xcatmn1 is the active node (epoch 6, since noon-6)"]],
  [
    "the active node again, after the other one",
    () => epochs(["xcatmn1", ["released"]], ["xcatmn2", ["released"]], ["xcatmn1"]),
    ["xcatmn1 is the active node (epoch 8, since noon-8)"],
  ],
  [
    "the active node, rebooted",
    () => epochs(["xcatmn1", [], "another-boot"]),
    [`xcatmn1 was the active node before its last boot (epoch 6, since noon-6). ${AGAIN}`],
  ],
  [
    "one that steps down",
    () => epochs(["xcatmn1", ["releasing"]]),
    ["xcatmn1 is stepping down (epoch 6, since noon-6)"],
  ],
  [
    "a standby node",
    () => epochs(["xcatmn1", ["releasing", "released"]], ["xcatmn2"]),
    ["xcatmn1 is a standby node; xcatmn2 is active (epoch 7, since noon-7)"],
  ],
  [
    "a standby node that was never active",
    () => epochs(["xcatmn2"]),
    ["xcatmn1 is a standby node; xcatmn2 is active (epoch 6, since noon-6)"],
  ],
  [
    "a standby node beside one that steps down",
    () => epochs(["xcatmn2", ["releasing"]]),
    ["xcatmn1 is a standby node; xcatmn2 is stepping down (epoch 6, since noon-6)"],
  ],
  ["nobody is active", () => epochs(["xcatmn2", ["released"]]), ["no node is active: epoch 6 was released by xcatmn2"]],
  ["no epoch", () => {}, ["no node is active: no epoch exists yet"]],
  [
    "an old node that returns",
    () => {
      epochs(["xcatmn1"], ["xcatmn2"]);
      beat("running");
    },
    RETURNED,
  ],
  [
    "an old node that returns, and whose records do not say what it was last",
    () => epochs(["xcatmn1", ["releasing"]], ["xcatmn2"]),
    RETURNED,
  ],
  [
    "an old node that returns two epochs later, while nobody is active",
    () => epochs(["xcatmn1"], ["xcatmn2", ["released"]], ["xcatmn2", ["released"]]),
    [`${OLD}; no node is active: epoch 8 was released by xcatmn2`, "Nothing of the cluster's runs here.", STANDBY],
  ],
  [
    "an old node that returns, and on which something runs",
    () => epochs(["xcatmn1"], ["xcatmn2"]),
    [RETURNED[0], "These still run here: named.", STANDBY],
    `systemctl() { printf 'LoadState=loaded\\nActiveState=%s\\n\\n' inactive active; }`,
  ],
  [
    "an old node that returns, where systemd does not answer",
    () => epochs(["xcatmn1"], ["xcatmn2"]),
    [RETURNED[0], "whether anything of the cluster's runs here cannot be told.", STANDBY],
    "systemctl() { echo 'Connection timed out' >&2; return 1; }",
  ],
  [
    "an old node that was made a standby node",
    () => {
      epochs(["xcatmn1"], ["xcatmn2"]);
      beat("absent");
      demoted();
    },
    ["xcatmn1 is a standby node; xcatmn2 is active (epoch 7, since noon-7)"],
  ],
  [
    "one that stepped down by itself for the other one",
    () => {
      epochs(["xcatmn1"], ["xcatmn2"]);
      beat("running");
      demoted();
    },
    [DEMOTED, "xcatmn2 has been active since noon-7 (epoch 7). Nothing of the cluster's runs here.", STANDBY],
  ],
  [
    "one that stepped down by itself, and is still the owner",
    () => {
      epochs(["xcatmn1"]);
      demoted();
    },
    [DEMOTED, `its epoch 6 is still the newest. ${AGAIN}`],
  ],
  [
    "one that stepped down by itself, and was rebooted",
    () => {
      epochs(["xcatmn1", [], "another-boot"]);
      demoted();
    },
    [DEMOTED, `xcatmn1 was the active node before its last boot (epoch 6, since noon-6). ${AGAIN}`],
  ],
  [
    "one that stepped down by itself, and whose share is gone",
    () => {
      rmSync(at("share"), { recursive: true });
      demoted();
    },
    [
      DEMOTED,
      `who is active now cannot be told: FOLDER/share on xcatmn1 is not mounted: it is a directory of the root file system; expected the shared data, mounted and writable`,
    ],
  ],
];
for (const [what, found, lines, script] of ROLES)
  test(`the role of ${what}`, () => {
    found();
    const { code, stdout, stderr } = role(script);
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.replaceAll(at(), "FOLDER").trimEnd().split("\n"), lines);
  });

const UNKNOWN: [what: string, found: () => void, error: RegExp, script?: string][] = [
  [
    "the share is not mounted",
    () => rmSync(at("share"), { recursive: true }),
    /^error: the role of xcatmn1 cannot be told: \S+\/share on xcatmn1 is not mounted: [^\n]*\nevidence: [^\n]*\nnext: mount the shared data/,
  ],
  [
    "the owner file cannot be read",
    () => mkdirSync(at(LEASE, "000006.owner")),
    /^error: the role of xcatmn1 cannot be told: the owner lease in \S+ cannot be read\n/,
  ],
  [
    "a former owner file cannot be read",
    () => {
      epochs(["xcatmn1"], ["xcatmn2"]);
      rmSync(at(LEASE, "000006.owner"));
      mkdirSync(at(LEASE, "000006.owner"));
    },
    /^error: the role of xcatmn1 cannot be told: whether xcatmn1 stepped down cannot be told; [^\n]*\nevidence: cat: 000006\.owner: Is a directory\nnext: /,
  ],
];
for (const [what, found, error] of UNKNOWN)
  test(`${what}: the role cannot be told, and why`, () => {
    found();
    const { code, stdout, stderr } = role();
    assert.equal(code, 40);
    assert.equal(stdout, "");
    assert.match(stderr, error);
  });

test("a share that the kernel holds: the role cannot be told, and why", { skip: CANNOT_HOLD }, () => {
  const { code, stderr } = onHeldShare(
    [...SOURCES, "records", "nodeProgram"],
    `NODE=xcatmn1 UNITS=(); machine_id() { echo ${NODES.xcatmn1}; }; verb_role`,
  );
  assert.equal(code, 40);
  assert.match(stderr, /^error: the role of xcatmn1 cannot be told: \S+ on xcatmn1 hangs: no answer within 1 s; /);
});

test("services that are started end a step down by itself", () => {
  demoted();
  const { code, stderr } = role(
    `${sourced("services", "databaseStop", "databaseProcesses", "serviceSet")} lease_require() { :; }; unit_start() { :; }; wait_ready() { :; }; verb_role() { service_start xcatd; }`,
  );
  assert.equal(code, 0, stderr);
  assert.ok(!existsSync(at("records/demoted")));
});

/** The node program's part, with all that it writes below the folder. */
const part = (script: string) =>
  bash(
    [],
    `F='${at()}'
     for file in ${nodeFiles("report", "document", "files", "observe", "records", "nodeProgram").join(" ")}; do
       source <(sed -E "s,=(/(usr/local/sbin|etc|var/lib|etc/profile\\.d)/xcat-ha(\\.sh)?)$,=$F\\1," "$file")
     done
     NODE=xcatmn1; declare -A WANT=([stack]=a/b [login]=shown [program.text]=x [description.text]=y) SEEN=()
     mkdir -p "$F/usr/local/sbin"; sync() { :; }
     observed() { SEEN=(); nodeProgram_observe; echo "\${SEEN[login]}"; }
     ${script}`,
  );

test("the message at the login is delivered with the program, observed, and goes with it", () => {
  const { code, stdout, stderr } = part(
    `observed; nodeProgram_apply; observed; echo >>"$LOGIN_MESSAGE"; observed; nodeProgram_apply; observed
     links_to_share() { :; }; lease_read() { LEASE=([is]=none); }; declare -A LEASE=(); beat_remove() { :; }; dissolved_by() { :; }; guards_there() { false; }; guards_remove() { :; }; found_restore() { :; }; units_told() { :; }
     nodeProgram_remove; observed; find "$F" -type f`,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.replaceAll(at(), "FOLDER").trimEnd().split("\n"), [
    "absent",
    "shown",
    "another text in FOLDER/etc/profile.d/xcat-ha.sh",
    "shown",
    "absent",
  ]);
});

const CANNOT = "xcat-ha: the role of this node cannot be told (xcat-ha status says more)\n";
const LOGINS: [what: string, shell: string, program: string | undefined, printed: string][] = [
  ["says the role", "PS1=x", 'echo "$1 of xcatmn1"', "role of xcatmn1\n"],
  ["says that it cannot be told", "PS1=x", "echo 'error: why' >&2; exit 40", CANNOT],
  ["says so where the program is gone", "PS1=x", undefined, CANNOT],
  ["waits for 3 seconds at most", "PS1=x", "exec sleep 300", CANNOT],
  ["does not read what is typed", "PS1=x; echo typed |", "cat; echo read", "read\n"],
  ["says nothing to a shell that nobody reads", "unset PS1", "echo x", ""],
  ["says nothing to anybody but root", "PS1=x; id() { echo 1000; }", "echo x", ""],
];
for (const shell of ["bash", "sh"])
  for (const [what, before, program, printed] of LOGINS)
    test(`a login of ${shell} ${what}`, { skip: userInfo().uid !== 0 && "only root's login shows the role" }, () => {
      part("nodeProgram_apply");
      const [file, tool] = [at("etc/profile.d/xcat-ha.sh"), at("usr/local/sbin/xcat-ha")];
      assert.equal(statSync(file).mode & 0o777, 0o644);
      if (program) writeFileSync(tool, `#!/bin/bash\n${program}\n`);
      else rmSync(tool);
      const began = Date.now();
      // As a login with `set -eu` would read it: it fails nowhere and sets nothing.
      const joined = before.endsWith("|") ? before : `${before};`;
      const done = spawnSync(shell, ["-c", `set -eu; ${joined} . ${file}`], { encoding: "utf8" });
      assert.deepEqual([done.status, done.stdout, done.stderr], [0, printed, ""]);
      assert.ok(Date.now() - began < 100_000);
    });
