// The owner lease under claims from many processes at once, on one directory: one winner a round, no epoch left out, no epoch twice.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bash, LEASE_LIBRARIES, LINKS_LIBRARIES, SERVICES_LIBRARIES } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-lease-"));
after(() => rmSync(folder, { recursive: true }));

/** Runs functions of the lease on a share of its own. */
function onShare(script: string) {
  const at = mkdtempSync(join(folder, "at-"));
  mkdirSync(join(at, "share/.xcat-ha"), { recursive: true });
  mkdirSync(join(at, "here"));
  const done = bash(
    LEASE_LIBRARIES,
    `cd '${at}/here'; SHARE='${at}/share' NODE=xcatmn1; declare -A LEASE=(); share_state() { echo ok; }\n${script}`,
  );
  return { ...done, here: readdirSync(join(at, "here")), share: readdirSync(join(at, "share/.xcat-ha")) };
}

test("an epoch whose directory cannot be made is nowhere, and not below the working directory", () => {
  const { code, here, share } = onShare(
    `mkdir() { return 1; }; export -f mkdir; if lease_publish 000001.owner <<<'node xcatmn1'; then exit 0; else exit 1; fi`,
  );
  assert.deepEqual([code, here, share], [1, [], []]);
});

for (const [what, spoil, error] of [
  ["the machine's id cannot be read", "machine_id() { cat /nowhere; }", /which machine xcatmn1 is cannot be told; /],
  ["the machine's id is empty, as before the first boot", "machine_id() { :; }", /evidence: \/etc\/machine-id: empty/],
  [
    "the boot's id cannot be read",
    "boot_id() { cat /nowhere; }",
    /which machine xcatmn1 is cannot be told; .*\n.*boot: unknown/,
  ],
] as const)
  test(`the lease, where ${what}: unknown`, () => {
    const { code, stderr } = onShare(
      `lease_publish 000001.owner <<<"node xcatmn1"$'\\n'"machine $(machine_id)"$'\\n'boot; ${spoil}; lease_read`,
    );
    assert.equal(code, 40, stderr);
    assert.match(stderr, error);
  });

const HELD = "epoch 7 is held by xcatmn1 since noon";
const SENTENCES: [is: string, more: string, says: string][] = [
  ["none", "", "no epoch exists yet"],
  ["released", "", "epoch 7 was released by xcatmn1"],
  ["mine", "", HELD],
  ["other", "", HELD],
  ["mine-rebooted", "", `${HELD}, before its last boot`],
  ["mine-releasing", "", `${HELD}, and being released`],
  ["other-releasing", "", `${HELD}, and being released`],
  ["other-releasing", "[dissolving]=yes", `${HELD}, which dissolves the pair and takes the data home`],
];
for (const [is, more, says] of SENTENCES)
  test(`who holds the lease, in words: ${is} ${more}`, () => {
    const { stdout } = onShare(`LEASE=([is]=${is} [epoch]=000007 [node]=xcatmn1 [time]=noon ${more}); lease_sentence`);
    assert.equal(stdout, says);
  });

for (const [format, code] of [
  ["format 1", 0],
  ["by an older program", 0],
  ["format 2", 30],
  ["format soon", 30],
] as const)
  test(`an epoch that says "${format}" is ${code ? "refused: what it means is not known" : "read"}`, () => {
    const { code: ended, stderr } = onShare(
      `printf 'node xcatmn2\\nmachine x\\nboot y\\n${format}\\n' | lease_publish 000001.owner; lease_read; [[ \${LEASE[is]} == other ]]`,
    );
    assert.equal(ended, code, stderr);
    if (code)
      assert.match(
        stderr,
        /^error: epoch 000001 is written in format \S+, which xcat-ha on xcatmn1 does not understand; expected 1/,
      );
  });

const PROCESSES = 20;
const ROUNDS = 6;

/** Every node claims when the gate opens; who won releases. Each round leaves a line "EPOCH NODE CODE CLAIMED" of every node. */
const ROUND = `
  node() { NODE=$1; machine_id() { printf '%032d\\n' "\${NODE#n}"; }; }
  for ((round = 1; round <= ${ROUNDS}; round++)); do
    lose=; ((round % 2)) || lose=yes
    export lose
    exec 9>"$SHARE/gate"
    flock -x 9
    for ((index = 1; index <= ${PROCESSES}; index++)); do
      (
        node "n$index"
        exec 9>&- 8<"$SHARE/gate"
        flock -s 8
        set +e
        said=$(set -e; lease_claim 0 2>&1)
        code=$?
        printf '%s %s %s %s\\n' "$round" "$NODE" "$code" "$([[ $said == *"epoch $round is ours"* ]] && echo claimed)" >>"$SHARE/rounds"
      ) &
    done
    # All of them are at the gate.
    sleep 0.2
    exec 9>&-
    wait
    node "$(awk -v round="$round" '$1 == round && $3 == 0 { print $2; exit }' "$SHARE/rounds")"
    lease_finish_release down >/dev/null
  done`;

test(`${PROCESSES} processes claim at once, ${ROUNDS} times, and in every other round half of the answers of link(2) are lost`, () => {
  const share = join(folder, "share");
  mkdirSync(join(share, ".xcat-ha"), { recursive: true });
  const { code, stderr } = bash(
    [...LEASE_LIBRARIES, ...LINKS_LIBRARIES],
    `SHARE='${share}'; declare -A LEASE=(); share_state() { echo ok; }
     ln() { command ln "$@" || return; [[ -z $lose ]] || ((RANDOM % 2)); }
     export -f ln
     ${ROUND}`,
  );
  assert.equal(code, 0, stderr);
  const lines = readFileSync(join(share, "rounds"), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  const epochs = readdirSync(join(share, ".xcat-ha/epoch")).filter((name) => name.endsWith(".owner"));
  assert.deepEqual(
    epochs.sort(),
    Array.from({ length: ROUNDS }, (_, index) => `${String(index + 1).padStart(6, "0")}.owner`),
  );
  for (const epoch of epochs) {
    const round = String(Number(epoch.slice(0, 6)));
    const claims = lines.filter((line) => line[0] === round);
    const owner = /^node (\S+)$/m.exec(readFileSync(join(share, ".xcat-ha/epoch", epoch), "utf8"))?.[1];
    assert.equal(claims.length, PROCESSES);
    // The owner knows that it is the one, also where the answer to its link was lost; all others were refused, and say who holds it.
    assert.deepEqual(
      claims.filter((line) => line[2] !== "12"),
      [[round, owner, "0", "claimed"]],
    );
    assert.ok(claims.every((line) => line[1] === owner || !line[3]));
  }
  assert.deepEqual(
    readdirSync(join(share, ".xcat-ha/epoch")).filter((name) => name.startsWith(".")),
    [],
    "nothing is left of the claims",
  );
});

/** What a part does to the share, the network or a service of the owner; nothing of that without the lease. */
const ACTS: [what: string, files: string[], act: string][] = [
  [
    "the VIP",
    ["staticAddress", "addresses", "virtualIp"],
    "WANT=([ip]=10.5.106.7 [address]=10.5.106.7/8); virtualIp_observe() { SEEN=([address]=absent); }; virtualIp_apply",
  ],
  [
    "the networks row",
    ["xcat", "networksMgtIf"],
    "WANT=([network]=n [mgtifname]=eth0:0); networksMgtIf_observe() { SEEN=([mgtifname]=eth0); }; networksMgtIf_apply",
  ],
  ...["postgresql", "xcatd", "named", "dhcpd", "conserver", "goconserver"].map((unit): [string, string[], string] => [
    unit,
    SERVICES_LIBRARIES,
    `service_start ${unit}`,
  ]),
];
for (const [what, parts, act] of ACTS)
  test(`without the lease nothing acts: ${what}`, () => {
    const { code, stdout, stderr } = bash(
      ["report", "files", "observe", "units", "deadline", "share", "lease", ...parts],
      `declare -A LEASE=() WANT=() SEEN=() FACT=(); NODE=xcatmn1 SHARE=/nowhere RECORDS=/nowhere RUN=/nowhere LABEL=eth0:0 INTERFACE=eth0 VIP=10.5.106.7
       lease_read() { LEASE=([is]=other [node]=xcatmn2 [epoch]=000004); }; lease_sentence() { echo "epoch 4 is held by xcatmn2"; }
       for tool in ip systemctl xcat rm chdef arping systemd-run unit_start make_step write_file install; do eval "$tool() { echo "$tool $*"; }"; done
       ${act}`,
    );
    assert.equal(code, 12, stderr);
    assert.match(stderr, /^error: xcatmn1 does not hold the owner lease; expected it for /);
    assert.equal(stdout, "");
  });
