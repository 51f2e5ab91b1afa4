// A step of the change of role: what it needs it has whole, or it ends with an error.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { encodeDocument } from "../../components/remote/document";
import { bash } from "./bash";

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
    ["report", "document", "files", "observe", "lease", "units", "become"].map((name) => `node/lib/${name}.sh`),
    `source node/lib/main.sh
     NODE=xcatmn1 ROLE=active CONFIGURATION=${folder}; use_settings() { :; }; resolve_units() { :; }
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
       source <(sed -e '/^readonly/d' node/parts/nodeProgram.sh); found_record() { :; }
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
