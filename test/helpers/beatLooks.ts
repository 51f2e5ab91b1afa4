// Each look that a beat makes, unable to tell: it steps down or counts, and never goes on as if all were well. A situation takes two seconds of
// a core: the gate asks some of them (test/unit/beatLooks.test.ts), the sweep all others (test/sweeps/beatLooks.test.ts).
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bash, LEASE_LIBRARIES, LINKS_LIBRARIES, SERVICES_LIBRARIES } from "./bash";

/**
 * The looks that a beat makes, in a node's own world: each is asked by the node's own functions, and LOOK is the one that cannot tell. A beat comes
 * to an end, and says which looks it asked for.
 */
const WORLD = `
  NODE=xcatmn1 VIP=10.5.106.7 SHARE=$T/share RECORDS=$T/records RUN=$T/run CONTROL_GROUPS=$T/cgroup DIRECTORIES="$T/etc/xcat $T/share/xcat"
  UNITS=(postgresql xcatd)
  declare -A WANT=() LEASE=() SEEN=()
  load_values() { WANT=([onShareLoss]=demote [shareLossSeconds]=60); }
  look() {
    local name=$1
    shift
    echo "$name" >>"$T/asked"
    if [[ $name == "$LOOK" ]]; then
      case $MODE in
        fails) echo "$name: Input/output error" >&2; return 1 ;;
        deadline) return 124 ;;
        nothing) return 0 ;;
      esac
    fi
    "$@"
  }
  uptime_seconds() { look uptime echo "$NOW"; }
  machine_id() { look machine echo m1; }
  boot_id() { look boot echo b1; }
  share_do() {
    case "$*" in
      'bash -c '*) look lease "$@" ;;
      'stat -c %d'*) look 'the device of the share' echo 7 ;;
      'findmnt -no'*) look 'how the share is mounted' echo rw ;;
      *'/.xcat-ha/id') look 'the id of the share' "$@" ;;
      *'/.xcat-ha/frozen') look 'the freeze on the share' "$@" ;;
      'readlink -m'*) look 'the share itself' "$@" ;;
      *) look "$*" "$@" ;;
    esac
  }
  within() { shift; look 'command lines' "$@"; }
  stat() { if [[ $* == '-c %d /' ]]; then look 'the root file system' echo 1; else command stat "$@"; fi; }
  wc() { look 'how many looks hang' command wc "$@"; }
  awk() { look mounts command awk "$@"; }
  readlink() { look 'where a link leads' command readlink "$@"; }
  ip() { look addresses echo "2: eth0    inet \${ADDRESS}/8 brd 10.255.255.255 scope global eth0"; }
  find() {
    if [[ $* == *ns/pid* ]]; then look programs printf '%s\n' "/proc/$$/ns pid:[1]" "/proc/$$ /usr/bin/bash"; else look 'open files' echo "/proc/$$/cwd /"; fi
  }
  cat() {
    case $2 in
      *cgroup.procs) look 'processes of a control group' command cat "$@" ;;
      *records/frozen) look 'the noted freeze' command cat "$@" ;;
      *records/share-id) look 'the noted id' command cat "$@" ;;
      *) command cat "$@" ;;
    esac
  }
  systemctl() {
    local unit name='states of units' state=inactive
    [[ $* != *ControlGroup* ]] || name='control groups'
    [[ -z $RUNS ]] || state=active
    for unit; do
      [[ $unit != *.service ]] || printf 'Id=%s\nLoadState=loaded\nActiveState=%s\nControlGroup=/%s\n\n' "$unit" "$state" "$unit"
    done >"$T/systemd"
    look "$name" command cat "$T/systemd"
  }
  beats() {
    local outcomes='' steps outcome
    rm -f "$T/run/share-lost" "$T/asked"
    for NOW in 100 160; do
      # As a beat runs: it may end here, and nobody but the next one comes.
      set +e
      steps=$(set -Eeuo pipefail; beat_facts; plan) 2>"$T/errors"
      [[ $? == 0 ]] || steps=ended
      set -e
      case $steps in
        *'steps down') outcome=counts ;;
        end-run*) outcome=down ;;
        beat*) outcome=lives ;;
        note*'frozen until'*) outcome=frozen ;;
        '') outcome=nothing ;;
        *) outcome=$(command cat "$T/errors") outcome=\${outcome:-$steps} ;;
      esac
      outcomes+=\${outcomes:+, }$outcome
      [[ $outcome == counts ]] || break
    done
    printf '%s\t%s\t%s\t%s\n' "$LOOK" "$MODE" "$outcomes" "$(sort -u "$T/asked" | paste -sd,)"
  }`;
const owner = (node: string, machine: string, boot = "b1") =>
  `node ${node}\nmachine ${machine}\nboot ${boot}\ntime noon\norigin program\nformat 1\n`;
const FREEZE = "9999999999 xcatmn1 work\n";
const MINE_FILE = { "000004.owner": owner("xcatmn1", "m1") };
const OTHERS_FILE = { ...MINE_FILE, "000005.owner": owner("xcatmn2", "m2") };
/** What lies among the epochs; "": a directory, which nobody reads. What two beats come to, a minute apart, where each look is answered. */
type Situation = [
  what: string,
  epochs: Record<string, string> | undefined,
  expected: string,
  runs?: boolean,
  frozen?: string,
];
const COUNTS_DOWN = "counts, down";
export const LOOKED: Situation[] = [
  ["mine", MINE_FILE, "lives"],
  ["mine, while a freeze is noted", MINE_FILE, "lives", true, FREEZE],
  ["mine-releasing", { ...MINE_FILE, "000004.releasing": "by\n" }, "lives"],
  ["mine-rebooted", { "000004.owner": owner("xcatmn1", "m1", "b0") }, "down"],
  ["released", { ...MINE_FILE, "000004.released": "by\n" }, "down"],
  ["other", OTHERS_FILE, "down"],
  ["other, while a freeze is noted", OTHERS_FILE, "down", true, FREEZE],
  ["other, and nothing runs", OTHERS_FILE, "nothing", false],
  ["a machine of this name that is another one", { "000004.owner": owner("xcatmn1", "m3") }, COUNTS_DOWN],
  ["an owner file that cannot be read", { "000004.owner": "" }, COUNTS_DOWN],
  ["an owner file with nothing in it", { "000004.owner": "\n" }, COUNTS_DOWN],
  ["none", {}, COUNTS_DOWN],
  ["the share is gone", undefined, COUNTS_DOWN],
  ["the share is gone, and nothing runs", undefined, "counts, nothing", false],
  ["the share is gone, while a freeze is noted", undefined, "frozen", true, FREEZE],
];
export const IN_THE_GATE = ["mine", "other", "none", "the share is gone"];
/**
 * Looks that decide nothing where the lease was read: a hint, the time, the freeze, the links; and without the real name of the share each server
 * counts. By the time alone nobody knows that the share was lost for short.
 */
const NO_JUDGE = [
  "how many looks hang",
  "uptime",
  "the freeze on the share",
  "the noted freeze",
  "where a link leads",
  "the share itself",
];
/** Where nothing is what they say of nobody. */
const EMPTY = ["mounts", "processes of a control group"];

/** Each of a situation's looks unable to tell, in turn. */
export function eachLookUnable(situation: Situation) {
  const [, epochs, expected, runs = true, frozen] = situation;
  const folder = mkdtempSync(join(tmpdir(), "xcat-ha-beat-"));
  for (const name of ["run", "records", "etc", "cgroup/xcatd.service"])
    mkdirSync(join(folder, name), { recursive: true });
  if (epochs) mkdirSync(join(folder, "share/.xcat-ha/epoch"), { recursive: true });
  for (const [name, text] of Object.entries(epochs ?? {}))
    if (text) writeFileSync(join(folder, "share/.xcat-ha/epoch", name), text);
    else mkdirSync(join(folder, "share/.xcat-ha/epoch", name));
  if (epochs) writeFileSync(join(folder, "share/.xcat-ha/id"), "one\n");
  writeFileSync(join(folder, "records/share-id"), "one\n");
  if (frozen) writeFileSync(join(folder, "records/frozen"), frozen);
  if (frozen && epochs) writeFileSync(join(folder, "share/.xcat-ha/frozen"), frozen);
  writeFileSync(join(folder, "cgroup/xcatd.service/cgroup.procs"), runs ? `${process.pid}\n` : "");
  symlinkSync(join(folder, "share/xcat"), join(folder, "etc/xcat"));
  const { code, stdout, stderr } = bash(
    [
      ...LEASE_LIBRARIES,
      "files",
      "observe",
      "platform",
      "units",
      "processes",
      "freeze",
      "plan",
      "become",
      "databaseLogin",
      ...LINKS_LIBRARIES,
      ...SERVICES_LIBRARIES,
      "addresses",
      "virtualIp",
      "beat",
    ],
    `T='${folder}' RUNS=${runs ? "yes" : ""} ADDRESS=${runs ? "10.5.106.7" : "10.5.106.70"} LOOK='' MODE=''
       ${WORLD}
       said=$(beats)
       printf '%s\n' "$said"
       IFS=, read -ra looks <<<"\${said##*$'\t'}"
       # In turn, each situation from another one on.
       modes=(fails deadline nothing) turn=${LOOKED.indexOf(situation)}
       for LOOK in "\${looks[@]}"; do
         MODE=\${modes[turn++ % 3]}
         # What has no deadline of its own, and what proves that it says something.
         if [[ $MODE/$LOOK == nothing/uptime || ( $MODE == deadline && $LOOK != *share* && $LOOK != @(lease|command lines) ) ]]; then MODE=fails; fi
         beats
       done`,
  );
  rmSync(folder, { recursive: true });
  assert.equal(code, 0, stderr);
  const [[, , base], ...rows] = stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t"));
  assert.equal(base, expected);
  assert.ok(rows.length > 5, stdout);
  const judges = (look: string, mode: string) =>
    !(mode === "nothing" && EMPTY.includes(look)) &&
    !NO_JUDGE.includes(look) &&
    !(expected === "lives" && look === "control groups");
  const safe = (look: string, mode: string, outcomes: string) =>
    outcomes === COUNTS_DOWN ||
    // Nobody steps down at the first look that fails, but where the lease was read and is not ours.
    (outcomes === "down" && (["down", "nothing"].includes(expected) || look === "uptime")) ||
    // Nothing runs here, which was told.
    ((outcomes === "counts, nothing" || (outcomes === "nothing" && look === "uptime")) && !runs) ||
    (outcomes === "frozen" && frozen !== undefined) ||
    (outcomes === expected && (!["lives", "nothing"].includes(expected) || !judges(look, mode)));
  const wrong = rows.filter(([look, mode, outcomes]) => !safe(look, mode, outcomes));
  assert.deepEqual(
    wrong.map(([look, mode, outcomes]) => `${look} ${mode}: ${outcomes}`),
    [],
  );
}
