// Every wanted value is answered, by every part in both roles, on a node where all is as wanted; and what a look calls fails: then nothing is
// as wanted.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { roleValues } from "../../components/description";
import { functionsOf, manifestText, PARTS } from "../../components/manifest";
import { encodeDocument } from "../../components/remote/document";
import { programFiles } from "../../components/remote/program";
import { pairFrom } from "../../components/settings";
import { bash } from "../helpers/bash";
import { shippedPair } from "../helpers/shippedPair";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-answers-"));
after(() => rmSync(folder, { recursive: true }));
const at = (...names: string[]) => join(folder, ...names);
function put(name: string, content: string) {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), content);
}

const { cluster } = shippedPair();
const pair = { ...cluster, share: at("share"), ntpServers: ["10.0.0.103"] };
const { address } = pair.nodes.xcatmn1;
const VALUES = roleValues(pairFrom(pair, "xcatmn1"));
const OBSERVED = PARTS.filter((part) => part !== "nodeProgram");
const ROLES = ["active", "standby"] as const;

/** The node as both roles want it; what differs between them are the services, the VIP, the timer and the lease. */
function world() {
  const [boot, machine] = [readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), "1".repeat(32)];
  put("share/.xcat-ha/epoch/000003.owner", `node xcatmn1\nmachine ${machine}\nboot ${boot}\ntime noon\n`);
  put("share/.xcat-ha/hosts-sync/id_ed25519", "PRIVATE\n");
  put("share/.xcat-ha/hosts-sync/id_ed25519.pub", "ssh-ed25519 AAAA comment\n");
  for (const name of ["xcat", "install", ".xcat", "pgsql", "tftpboot"]) mkdirSync(at("share", name));
  chmodSync(at("share/pgsql"), 0o700);
  for (const [directory, link] of Object.entries(VALUES.sharedDataLinks.active)) {
    if (!link.startsWith("-> ")) continue;
    mkdirSync(dirname(at("root", directory)), { recursive: true });
    symlinkSync(link.slice(3), at("root", directory));
  }
  VALUES.sharedDataLinks.active["/var/lib/pgsql:owner"] = "root:root 700";
  const { file: hba, ...rules } = VALUES.pgHbaEntry.active;
  put(join("root", hba), `${Object.values(rules).join("\n")}\n`);
  const { file: conf, ...listened } = VALUES.listenAddresses.active;
  put(join("root", conf), `listen_addresses = '${Object.keys(listened).join(",")}'\n`);
  put(
    "hosts",
    Object.entries(VALUES.hostsEntry.active)
      .map((line) => `${line.join(" ")}\n`)
      .join(""),
  );
  put("time.conf", "server 10.0.0.103 iburst\n");
  put("interfaces", `iface eth0 inet static\n    address ${VALUES.staticAddress.active.address}\n`);
  put("configuration/known_hosts", `${VALUES.hostsSyncCron.active.peerHostKey}\n`);
  put("cron.active", `# ours\n${VALUES.hostsSyncCron.active.cron}\n`);
  put(
    "authorized_keys",
    `restrict,from="${pair.nodes.xcatmn2.address}",command="/usr/local/sbin/xcat-ha receive-hosts" ssh-ed25519 AAAA xcat-ha hosts-sync\n`,
  );
  for (const part of OBSERVED)
    for (const role of ROLES) put(`documents/${role}.${part}`, encodeDocument(VALUES[part][role]));
}
world();

const sources = programFiles().map((file) => `node/${file}`);

/** Runs `script` for each part and role; `$PART`, `$ROLE` and the values on standard input. */
function onNode(script: string, before = "") {
  return bash(
    [],
    `F='${folder}'
     for file in ${sources.join(" ")}; do source <(sed -e "s,=/etc/xcat-ha$,=$F/configuration," -e "s,=/var/lib/xcat-ha$,=$F/records," "$file"); done
     NODE=xcatmn1 PEER=xcatmn2 VIP=${pair.virtualIp.address} SHARE=$F/share HOSTS_FILE=$F/hosts NETWORK_INTERFACES=$F/interfaces AUTHORIZED_KEYS=$F/authorized_keys NETPLAN_FILES=$F/none
     mapfile -t MANIFEST <<'M'
${manifestText()}
M
     FUNCTIONS=(${PARTS.map((part) => `[${part}]=${functionsOf(part)}`).join(" ")})
     share_do() { "$@" </dev/null; }; share_state() { echo ok; }; machine_id() { echo ${"1".repeat(32)}; }
     path_of() { echo "$F/root$1"; }; manual_path() { echo "\${1#$F/root}"; }
     guard_file() { echo "$F/guards/$1"; }; time_configuration() { echo "$F/time.conf"; }
     unit_ready() { :; }; clock_offset() { :; }; command() { [[ \${2:-} != @(netplan|nmcli) ]] && builtin command "$@"; }; ifquery() { if [[ $1 == --version ]]; then echo ifupdown2; else printf 'info: network\\n%s\\n' "$(<"$F/interfaces")"; fi; }
     ifquery_says() { ifquery "$@" || ifquery_unfit "it failed"; }
     mkdir -p "$F/guards"
     for service in ${Object.keys(VALUES.startGuard.active).join(" ")}; do guard_text >"$F/guards/$service"; done
     mkdir -p "$F/units.active" "$F/units.standby"
     for kind in service timer; do watch_text "$kind" >"$F/units.standby/xcat-ha-watch.$kind"; done
     systemctl() {
       local state=inactive arguments="$*" unit
       [[ $ROLE != active && $* != *ntpd* ]] || state=active
       case $1/$* in
         show*LoadState*) for unit in \${arguments##* -- }; do printf 'LoadState=loaded\\nActiveState=%s\\n\\n' "$state"; done ;;
         show*UnitFileState*)
           if [[ $ROLE == active ]]; then set -- active '' inactive '' inactive ''; else set -- inactive '' active enabled inactive static; fi
           printf 'ActiveState=%s\\nUnitFileState=%s\\n\\n' "$@"
           ;;
         show*networkd*) echo inactive ;;
         show*ActiveState*) echo "$state" ;;
         show*ExecStartPre*) for unit in \${arguments##* -- }; do printf 'Id=%s\\nExecStartPre=%s\\n\\n' "$unit" "$PROGRAM guard"; done ;;
         is-enabled*ntpd*) echo enabled ;;
         is-enabled*) for unit in \${arguments##* -- }; do echo disabled; done; return 1 ;;
       esac
     }
     ip() {
       echo '2: eth0    inet ${address}/${pair.virtualIp.prefix} brd 10.255.255.255 scope global eth0\\       valid_lft forever preferred_lft forever'
       [[ $ROLE != active ]] || echo '2: eth0    inet ${pair.virtualIp.address}/${pair.virtualIp.prefix} brd 10.255.255.255 scope global secondary ${pair.virtualIp.label}\\       valid_lft forever preferred_lft forever'
     }
     ss() { echo 'LISTEN 0 244 0.0.0.0:5432 0.0.0.0:* '; }
     xcat() { echo '${VALUES.networksMgtIf.active.network}: mgtifname=${VALUES.networksMgtIf.active.mgtifname}'; }
     crontab() { echo 'no crontab for root' >&2; return 1; }
     mkdir -p "$F/records"
     ${before}
     for ROLE in ${ROLES.join(" ")}; do
       CRON_FILE=$F/cron.$ROLE UNIT_FOLDER=$F/units.$ROLE
       for PART in ${OBSERVED.join(" ")}; do
         [[ $PART/$ROLE != ownerLease/standby ]] || continue
         cp "$F/documents/$ROLE.$PART" "$F/records/values.$PART"
         ${script}
       done
     done`,
  );
}

test("where all is as wanted, each part answers each wanted value, and every answer is the wanted one", () => {
  const { code, stdout, stderr } = onNode(
    `WANT=(); document_read WANT <"$F/documents/$ROLE.$PART"; verb_observe "$PART" | cmp - "$F/documents/$ROLE.$PART" && echo "$ROLE.$PART"`,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    stdout.trim().split("\n"),
    ROLES.flatMap((role) => OBSERVED.map((part) => `${role}.${part}`)).filter((name) => name !== "standby.ownerLease"),
  );
});

/** What the looks call. */
const TOOLS = "awk cat crontab cut grep head ifquery ip readlink sed sort ss stat systemctl tail tr xcat".split(" ");
/** A standby node has no rules and no addresses to list. */
const HARMLESS = /^standby\.(pgHbaEntry|listenAddresses), where (grep|sort) fails$/;

/** Their keys are what they look for: an address, a service. It is answered, and not as wanted. */
const ANY_KEY = /\.(hostsEntry|startGuard|listenAddresses)$/;

test("a wanted value that its part does not answer is an error, and not as wanted", () => {
  const { code, stdout, stderr } = onNode(
    `WANT=(); document_read WANT <"$F/documents/$ROLE.$PART"; WANT[nobodys]=answer
     document_write WANT >"$F/document"; cp "$F/document" "$F/records/applied.$PART"
     code=0; (verb_observe "$PART" >/dev/null 2>"$F/said") || code=$?
     echo "$ROLE.$PART $code $(sed -n 's/; expected.*//; 1p' "$F/said")"
     [[ $PART == ownerLease ]] || (apply_or_pass "$PART" <"$F/document")`,
    "run() { echo to be applied; }",
  );
  assert.equal(code, 0, stderr);
  const lines = stdout.trim().split("\n");
  assert.deepEqual(
    lines.filter((line) => line !== "to be applied"),
    ROLES.flatMap((role) => OBSERVED.map((part) => `${role}.${part}`))
      .filter((name) => name !== "standby.ownerLease")
      .map((name) =>
        ANY_KEY.test(name)
          ? `${name} 0 `
          : `${name} 40 error: ${name.split(".")[1]} on xcatmn1 does not say what these are: nobodys`,
      ),
  );
  assert.equal(lines.filter((line) => line === "to be applied").length, 2 * OBSERVED.length - 2);
});

test("where what a look calls fails, nothing is as wanted", () => {
  const { code, stdout, stderr } = onNode(
    `[[ $PART != ownerLease ]] || continue
     set +e
     : >"$F/called"
     said=$(ask none)
     [[ $said == *'is as wanted' ]] || echo "$ROLE.$PART is not as wanted"
     mapfile -t called < <(env sort -u "$F/called")
     for broken in "\${called[@]}"; do
       said=$(ask "$broken")
       [[ $said != *'is as wanted' ]] || echo "$ROLE.$PART, where $broken fails"
     done
     set -e`,
    `run() { echo 'to be applied'; }
     # watched TOOL: its calls are noted, and fail where it is the broken one.
     watched() {
       local whole="env $1"
       [[ $(type -t "$1") != function ]] || { whole=whole_$1; eval "$(declare -f "$1" | command sed "1s/.*/whole_$1()/")"; }
       eval "$1() { echo $1 >>'$F/called'; if [[ \\$BROKEN == $1 ]]; then echo 'Input/output error' >&2; return 9; else $whole \\"\\$@\\"; fi; }"
     }
     for tool in ${TOOLS.join(" ")}; do watched "$tool"; done
     BROKEN=none
     # ask BROKEN: no condition around what it calls.
     ask() { (BROKEN=$1; set -e; apply_or_pass "$PART" <"$F/documents/$ROLE.$PART" 2>/dev/null); }`,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    stdout.split("\n").filter((line) => line && !HARMLESS.test(line)),
    [],
  );
});
