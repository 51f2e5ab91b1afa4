// What a node says of itself to the workstation's xcat-ha: each value apart, in its three answers.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { decodeDocument } from "../../components/remote/document";
import { bash, LEASE_LIBRARIES, LINKS_LIBRARIES, nodeFiles } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const BOOT = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const MACHINE = "1".repeat(32);
const EPOCHS = "share/.xcat-ha/epoch";

const at = scratch("look", EPOCHS, "records", "run", "etc");

const FILES = [
  ...LEASE_LIBRARIES,
  "document",
  "files",
  "observe",
  "platform",
  "units",
  "databaseSettings",
  "nodeFacts",
  "freeze",
  "watch",
  "run",
  "become",
  "databaseLogin",
  "role",
  "look",
  "main",
  ...LINKS_LIBRARIES,
  "beat",
  "clock",
  "clockSource",
  "records",
  "nodeProgram",
  "addresses",
  "virtualIp",
];

/** A set up node, xcatmn1, that is the owner; `script` breaks what it runs on. */
function look(script = "", verb = "verb_look") {
  mkdirSync(at(EPOCHS), { recursive: true });
  writeFileSync(
    at(EPOCHS, "000007.owner"),
    `node xcatmn1\nmachine ${MACHINE}\nboot ${BOOT}\ntime noon\norigin program\nformat 1\n`,
  );
  writeFileSync(at("run/beat"), "5\n");
  for (const [file, text] of [
    ["description", ""],
    ["stack", "xcat-ha/primary\n"],
  ])
    writeFileSync(at("etc", file), text);
  const { code, stdout, stderr } = bash(
    [],
    `F='${at()}'
     for file in ${nodeFiles(...FILES).join(" ")}; do source <(sed "s,=/var/lib/xcat-ha$,=$F/records,; s,=/etc/xcat-ha$,=$F/etc,; s,=/run/xcat-ha$,=$F/run," "$file"); done
     declare -A WANT=() SEEN=() UNIT=([postgresql]=postgresql [xcatd]=xcatd [ntpd]=ntpd) COMPANIONS=() SHOWN=()
     NODE=xcatmn1 PEER=xcatmn2 SHARE=$F/share VIP=10.5.106.7 UNITS=(postgresql xcatd) SERVICES=(postgresql xcatd ntpd) DIRECTORIES="$F/install $F/share/install"
     ln -sfn "$F/share/install" "$F/install"
     machine_id() { echo ${MACHINE}; }
     path_of() { printf '%s\\n' "$1"; }
     share_state() { echo ok; }
     ip() { printf '1: lo    inet 127.0.0.1/8 scope host lo\\\\  x\\n2: eth0    inet 10.5.106.7/8 brd 10.255.255.255 scope global secondary eth0:0\\\\  x\\n'; }
     ntpq() { printf ' header\\n=\\n*10.0.0.1 10.0.0.2 3 u 5 64 377 0.4 1500 0.1\\n'; }
     timeout() { while [[ $1 == -* ]]; do shift 2; done; shift; "$@"; }
     systemctl() {
       local unit
       case $* in
         is-enabled*) shift 2; for unit; do echo disabled; done ;;
         *--value*) echo inactive ;;
         *) for unit; do [[ $unit != *.service ]] || printf 'Id=%s\\nLoadState=loaded\\nActiveState=active\\n\\n' "$unit"; done ;;
       esac
     }
     ${script}
     set -Eeuo pipefail
     ${verb} -`,
  );
  assert.equal(code, 0, stderr);
  return decodeDocument(stdout) as Record<string, string>;
}

test("a node that is set up and active", () => {
  const { now, beat, ...seen } = look();
  assert.match(now, /^is \d+$/);
  assert.match(beat, /^is \d$/);
  assert.deepEqual(seen, {
    stack: "is xcat-ha/primary",
    order: "absent",
    demoted: "absent",
    watch: "absent",
    silent: "absent",
    vip: "is 10.5.106.7/8 brd 10.255.255.255 dev eth0 label eth0:0",
    links: "is all",
    clock: "is 1.500000",
    "unit.postgresql": "is active, not enabled",
    "unit.xcatd": "is active, not enabled",
    "unit.ntpd": "is active, not enabled",
    share: "is ok",
    lease: "is mine",
    "lease.epoch": "is 000007",
    "lease.node": "is xcatmn1",
    "lease.time": "is noon",
    "lease.origin": "is program",
    "lease.from": "absent",
    "lease.evidence": "absent",
    "lease.reason": "absent",
    "lease.dissolving": "absent",
    frozen: "absent",
    role: "is xcatmn1 is the active node (epoch 7, since noon)",
  });
});

test("the epochs of a share, each file with its time and its lines", () => {
  const { epochs, now } = look(
    "date -d @1000 >/dev/null; printf 'by xcatmn1\\ndatabase shut down\\n' >$F/share/.xcat-ha/epoch/000007.released; touch -d @2000 $F/share/.xcat-ha/epoch/*; : >$F/share/.xcat-ha/epoch/.try.xcatmn1",
    "share_require() { :; }; verb_history",
  );
  assert.ok(Number(now) > 1_700_000_000);
  assert.deepEqual(epochs.split("\n"), [
    "at 000007.owner 2000",
    "at 000007.released 2000",
    "000007.owner:node xcatmn1",
    `000007.owner:machine ${MACHINE}`,
    `000007.owner:boot ${BOOT}`,
    "000007.owner:time noon",
    "000007.owner:origin program",
    "000007.owner:format 1",
    "000007.released:by xcatmn1",
    "000007.released:database shut down",
  ]);
});

test("no epochs are none; what cannot be read is an error", () => {
  const verb = "share_require() { :; }; verb_history";
  assert.equal(look("rm -r $F/share/.xcat-ha", verb).epochs, "");
  assert.equal(look("rm $F/share/.xcat-ha/epoch/*", verb).epochs, "");
  for (const script of [
    "mkdir $F/share/.xcat-ha/epoch/000008.owner",
    "rm -r $F/share/.xcat-ha/epoch; : >$F/share/.xcat-ha/epoch",
  ])
    assert.throws(() => look(script, verb), /error: the epochs in .* cannot be read on xcatmn1; expected/);
});

const GONE = `systemctl() { [[ $* != *--value* ]] || { echo inactive; return; }; local unit; for unit; do [[ $unit != *.service ]] || printf 'Id=%s\\nLoadState=not-found\\nActiveState=inactive\\n\\n' "$unit"; done; }`;
const LOOKS: [what: string, script: string, told: Record<string, string>][] = [
  ["never set up", "rm $F/etc/*", { stack: "absent", lease: "is mine" }],
  [
    "whose stack cannot be read",
    "rm $F/etc/stack; mkdir $F/etc/stack",
    { stack: "unknown $F/etc/stack cannot be read on xcatmn1; .*", vip: "is 10.*" },
  ],
  ["without the VIP", "ip() { echo '1: lo    inet 127.0.0.1/8 scope host lo'; }", { vip: "absent" }],
  [
    "whose ip does not answer",
    "ip() { echo Cannot open netlink; return 1; }",
    { vip: "unknown the addresses of xcatmn1 cannot be told; .*", links: "is all" },
  ],
  ["with a local directory", "rm $F/install; mkdir $F/install", { links: "is none" }],
  [
    "whose links cannot be told",
    "readlink() { return 1; }",
    { links: "unknown where .* cannot be told.*", vip: "is 10.*" },
  ],
  ["without services", GONE, { "unit.postgresql": "absent", "unit.ntpd": "absent" }],
  [
    "whose systemd does not answer",
    "systemctl() { echo Failed to connect to bus >&2; return 1; }",
    {
      "unit.postgresql": "unknown whether these run .*",
      "unit.ntpd": "unknown whether .*",
      order: "unknown whether an order runs .*",
      lease: "is mine",
    },
  ],
  ["without a time source", "ntpq() { return 1; }", { clock: "unknown no time source answers" }],
  ["that never beat", "rm $F/run/beat", { beat: "absent" }],
  [
    "whose beat cannot be told",
    "stat() { echo stat: Input/output error >&2; return 1; }",
    { beat: "unknown when xcatmn1 beat last cannot be told; .*" },
  ],
  [
    "whose share hangs",
    "share_state() { echo 'hangs: no answer within 2 s'; }",
    {
      share: "unknown hangs: no answer within 2 s",
      lease: "unknown .*/share hangs: .*",
      frozen: "unknown .*",
      role: "unknown .*",
      vip: "is 10.*",
      "unit.xcatd": "is active, not enabled",
    },
  ],
  [
    "whose share is not mounted",
    "share_state() { echo 'is not mounted: it is a directory'; }",
    { share: "is not mounted: it is a directory" },
  ],
  ["whose share is not told", "share_state() { :; }", { share: "unknown it said nothing", lease: "unknown .*" }],
  [
    "whose epochs cannot be read",
    "lease_listing() { return 1; }",
    { share: "is ok", lease: "unknown the owner lease .* cannot be read", role: "unknown .*", frozen: "absent" },
  ],
  [
    "that is frozen",
    "mkdir -p $SHARE/.xcat-ha; echo 99999999999 xcatmn1 kernel >$SHARE/.xcat-ha/frozen",
    { frozen: "is until .* by xcatmn1: kernel" },
  ],
  [
    "whose freeze cannot be told",
    "echo nonsense >$SHARE/.xcat-ha/frozen",
    { frozen: "unknown whether the pair is frozen cannot be told; .*", lease: "is mine" },
  ],
  [
    "that stepped down by itself",
    "echo 'noon epoch 7 is held' >$F/records/demoted",
    { demoted: "is xcatmn1 stepped down by itself at noon: epoch 7 is held" },
  ],
  [
    "that stepped down by itself and is a standby node again",
    "echo 'noon epoch 7 is held' >$F/records/demoted; printf 'timer\\tabsent\\n' >$F/records/values.beat",
    { demoted: "absent" },
  ],
  [
    "that says the owner is silent",
    "printf 'told\\tsilent\\nsign\\tx\\nsince\\t1\\n' >$F/run/watch",
    { silent: "is silent", watch: "is the owner is silent; .*" },
  ],
  [
    "on which an order runs",
    `systemctl() { [[ $* == *--value* ]] || return 1; echo active; }; mkdir $F/run/run.1; echo 1 >$F/run/current; echo become standby >$F/run/run.1/verb; echo xcatmn1: one >$F/run/run.1/log; : >$F/run/run.1/exit`,
    { order: "is become standby, since [0-9:]+: xcatmn1: one" },
  ],
];
for (const [what, script, told] of LOOKS)
  test(`a node ${what}`, () => {
    const seen = look(script);
    for (const [key, value] of Object.entries(told))
      assert.match(seen[key] ?? "(none)", new RegExp(`^${value.replaceAll("$F", at())}$`), key);
  });
