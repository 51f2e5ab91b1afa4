// A step of the change of role: what it needs it has whole, or it ends with an error.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { encodeDocument } from "../../components/remote/document";
import { BECOME_LIBRARIES, bash, LEASE_LIBRARIES, nodeFiles, sourced } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-become-"));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(
  join(folder, "description"),
  encodeDocument({
    "active.virtualIp.ip": "10.5.106.7",
    "active.virtualIp.label": "eth0:0",
    "active.virtualIpNot.ip": "x",
  }),
);

function onNode(script: string) {
  return bash(
    [...LEASE_LIBRARIES, ...BECOME_LIBRARIES, "document", "files", "observe", "units", "traps"],
    `${sourced("main")}     NODE=xcatmn1 ROLE=active CONFIGURATION=${folder}; use_settings() { :; }; resolve_units() { :; }
     apply_part() { local key; for key in "\${!WANT[@]}"; do echo "$key=\${WANT[$key]}"; done | sort; }; virtualIp_prepare() { apply_part; }
     ${script}`,
  );
}

test("a step gets the values of its part, and no others", () => {
  const { code, stdout, stderr } = onNode("load_settings; take_step apply virtualIp");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "ip=10.5.106.7\nlabel=eth0:0\n");
});

const BROKEN: [what: string, spoil: string, said: RegExp, step?: string][] = [
  [
    "whose description has a broken line",
    `document_read() { local -n into=$1; into[active.virtualIp.ip]=10.5.106.7; return 1; }`,
    /^error: \S+\/description is no document of this program; expected the description of this node\n/,
  ],
  [
    "whose description is of a newer format",
    "document_read() { local -n into=$1; into[settings.format]=2; }",
    /^error: \S+\/description is written in format 2, which this xcat-ha does not understand; expected 1\n/,
  ],
  ["whose description is not there", "CONFIGURATION=/nowhere", /^error: \/nowhere\/description is not there; /],
  [
    "of which the description says nothing",
    ":",
    /^error: the description of xcatmn1 has no values of beat for the role active; /,
    "beat",
  ],
];
for (const [what, spoil, said, part = "virtualIp"] of BROKEN)
  for (const verb of ["apply", "prepare"])
    test(`${verb}: a part ${what} is not touched with half of its values`, () => {
      const { code, stdout, stderr } = onNode(
        `${spoil}\nbeat_prepare() { apply_part; }; load_settings; take_step ${verb} ${part}`,
      );
      assert.equal(stdout, "");
      assert.equal(code, 30, stderr);
      assert.match(stderr, said);
    });

const RECORDED: [what: string, systemctl: string, record: string | undefined][] = [
  ["runs", "case $* in show*) echo active ;; *) echo enabled ;; esac", "named active enabled\n"],
  [
    "does not start at boot",
    "case $* in show*) echo inactive ;; *) echo disabled; return 1 ;; esac",
    "named inactive disabled\n",
  ],
  ["cannot be told", "case $* in show*) echo 'Failed to connect to bus' >&2 ;; esac; return 1", undefined],
];
for (const [what, systemctl, record] of RECORDED)
  test(`how a service was found, where it ${what}: ${record ? "noted once" : "an error, and no record that would stay"}`, () => {
    const { code, stdout, stderr } = onNode(
      `RECORDS=$(mktemp -d ${folder}/records.XXXXXX); UNITS=(named); units_of() { echo "$1"; }; systemctl() { ${systemctl}; }
       source <(sed -s -e '/^readonly/d' ${nodeFiles("records", "nodeProgram").join(" ")}); found_record() { :; }
       trap 'cat "$RECORDS/units" 2>/dev/null || true' EXIT; units_record`,
    );
    assert.equal(code, record ? 0 : 40, stderr);
    assert.equal(stdout, record ?? "");
  });

test("a first setup that is rolled back: what the services serve out of is found anew by the next one", () => {
  const { code, stdout, stderr } = onNode(
    `RECORDS=$(mktemp -d ${folder}/records.XXXXXX); mkdir "$RECORDS/found"; touch "$RECORDS/units"
     declare -A FACT=([shared]=absent [lease]=mine)
     directories_wanted() { WANT=(); }; links_state() { echo none; }; links_to_share() { :; }
     beat_stop() { :; }; guards_remove() { echo "no guards"; }; units_restore() { echo "started, $(ls "$RECORDS")"; }
     lease_begin_release() { :; }; lease_finish_release() { :; }
     roll_back_first_setup; ls "$RECORDS"`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /no guards\nstarted, found\nunits\nunits\n$/);
});

const RESUMED: [lease: string, told: string, code: number][] = [
  ["mine", "become active", 0],
  ["mine-rebooted", "become active", 0],
  ["mine-releasing", "become standby", 0],
  ["other", "", 12],
  ["released", "", 12],
  ["none", "", 12],
];
for (const [lease, told, code] of RESUMED)
  test(`xcat-ha resume, the newest epoch is ${lease}: ${told || "refused, with what this node can become"}`, () => {
    const done = onNode(
      `lease_read() { declare -gA LEASE=([is]=${lease}); }; lease_sentence() { echo "as it is"; }; run() { echo "$*"; }; resume_at_console`,
    );
    assert.equal(done.code, code, done.stderr);
    assert.equal(done.stdout.trim(), told);
    if (code !== 0)
      assert.match(done.stderr, /^error: xcatmn1 does not hold the newest epoch;[\s\S]*^next: xcat-ha plan active/m);
  });

test("services stop one by one: a console server that takes seconds for it has ended before the first that serves the VIP stops, the database last", () => {
  const { code, stdout, stderr } = onNode(
    `UNITS=(postgresql xcatd named dhcpd conserver); units_record() { :; }; units_disable() { :; }; unit_stopped() { false; }
     units_look() { local unit; for unit; do UNIT_THERE[$unit]=yes; done; }
     service_stop() { echo "$1 stops"; [[ $1 != conserver ]] || sleep 0.3; echo "$1 has ended"; }
     take_step quiesce -`,
  );
  assert.equal(code, 0, stderr);
  const one = (service: string) => `${service} stops\n${service} has ended\n`;
  assert.equal(stdout, ["conserver", "dhcpd", "named", "xcatd", "postgresql"].map(one).join(""));
});

// What root has, by ssh-keygen; the list on the share; what is said.
const ROOT_KEYS: [
  what: string,
  has: string[],
  list: (keys: Record<string, string>) => string | undefined,
  said: RegExp,
][] = [
  ["is in the list", ["id_rsa"], ({ id_rsa }) => `ssh-rsa AAAAother root@xcatmn1\n${id_rsa}\n`, /^$/],
  ["is one of two that are tried", ["id_rsa", "id_ed25519"], ({ id_ed25519 }) => id_ed25519, /^$/],
  ["stands there with options", ["id_ed25519"], ({ id_ed25519 }) => `restrict,pty ${id_ed25519}`, /^$/],
  ["is not there, and the list is not: xCAT gives none", [], () => undefined, /^$/],
  [
    "is not in the list",
    ["id_ed25519"],
    () => "ssh-rsa AAAAother root@xcatmn1\n",
    /^the compute nodes would not let root of xcatmn1 in: its key (\S+\/id_ed25519) is not in (SHARE\/install\/postscripts\/_ssh\/authorized_keys)\. To put it there: ssh-keygen -y -f \1 >>\2 on xcatmn1, then updatenode NODERANGE -P remoteshell on the active node\n$/,
  ],
  [
    "is in a note of the list",
    ["id_ed25519"],
    ({ id_ed25519 }) => `# ${id_ed25519}`,
    /would not let root of xcatmn1 in: its key/,
  ],
  [
    "is another one than the file beside it says",
    ["id_ed25519", "lies"],
    ({ lies }) => lies,
    /would not let root of xcatmn1 in: its key/,
  ],
  ["is not there", [], () => "ssh-rsa AAAAother\n", /would not let root of xcatmn1 in: it has no key, \S+\/id_\*\./],
  [
    "cannot be read",
    ["id_broken"],
    () => "ssh-rsa AAAAother\n",
    /^whether the compute nodes let root of xcatmn1 in cannot be told: ssh-keygen does not say its key: \S+\/id_broken: .+\n$/,
  ],
  [
    "stands in a list that cannot be read",
    ["id_ed25519"],
    () => "a folder",
    /^whether the compute nodes let root of xcatmn1 in cannot be told: SHARE\S+ cannot be read: cat: .*Is a directory\n$/,
  ],
];
for (const [what, has, list, said] of ROOT_KEYS)
  test(`root's key ${what}: ${said.source === "^$" ? "nothing is said" : "said"}`, () => {
    const at = mkdtempSync(join(folder, "keys-"));
    const keys: Record<string, string> = {};
    for (const name of has) {
      if (name === "id_broken") writeFileSync(join(at, name), "no key\n", { mode: 0o600 });
      else
        execFileSync("ssh-keygen", [
          "-q",
          "-N",
          "",
          "-t",
          name === "id_rsa" ? "rsa" : "ed25519",
          "-b",
          "1024",
          "-f",
          join(at, name),
        ]);
      keys[name] = name === "id_broken" ? "" : readFileSync(join(at, `${name}.pub`), "utf8");
    }
    if (keys.lies) writeFileSync(join(at, "id_ed25519.pub"), keys.lies);
    const ssh = join(at, "HA/install/postscripts/_ssh");
    mkdirSync(ssh, { recursive: true });
    const text = list(keys);
    if (text === "a folder") mkdirSync(join(ssh, "authorized_keys"));
    else if (text) writeFileSync(join(ssh, "authorized_keys"), text);
    const { code, stdout, stderr } = onNode(
      `ROOT_SSH=${at} SHARE_DEADLINE=5; shared_of() { echo "${at}/HA$1"; }; root_key_state`,
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout.replaceAll(`${at}/HA`, "SHARE"), said);
  });

const CHOICES: [what: string, choices: string[]][] = [
  ["one thing to do", ["the same command again"]],
  ["a choice", ["install named", "take named out of services"]],
];
for (const [what, choices] of CHOICES)
  test(`a refusal becomes an error with a line for each choice: ${what}`, () => {
    const { code, stdout, stderr } = onNode(
      `${sourced("plan")} plan_role() { refuse refused "it is so" "as seen" ${choices.map((one) => `'${one}'`).join(" ")}; refuse held a b c; }
       steps=$(plan); refuse_or_pass "$steps"; echo passed`,
    );
    assert.equal(
      stderr,
      ["error: it is so", "evidence: as seen", ...choices.map((one) => `next: ${one}`), ""].join("\n"),
    );
    assert.deepEqual([code, stdout], [10, ""]);
  });
