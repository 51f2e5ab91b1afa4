// Looks at units: each has three answers, and "cannot tell" is neither "not there" nor "stopped".
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BECOME_LIBRARIES, bash, LEASE_LIBRARIES, SERVICES_LIBRARIES } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-units-"));
after(() => rmSync(folder, { recursive: true }));

/** The control group of dhcpd's unit; its own process, and one in a group that the service has made below it. */
mkdirSync(join(folder, "system/dhcpd.service/worker"), { recursive: true });
writeFileSync(join(folder, "system/dhcpd.service/cgroup.procs"), "");
const worker = join(folder, "system/dhcpd.service/worker/cgroup.procs");

/** What systemd says of dhcpd's unit; `undefined`: it does not answer. */
type Unit = { load: string; active: string; processes?: string };

function on(unit: Unit | undefined, script: string) {
  writeFileSync(worker, unit?.processes ?? "");
  return bash(
    [...LEASE_LIBRARIES, ...BECOME_LIBRARIES, "platform", "units", "processes"],
    `NODE=xcatmn1 CONTROL_GROUPS=${folder} UNITS=(dhcpd) UNIT=([dhcpd]=dhcpd)
     systemctl() {
       case "$1 $*" in
         stop*) echo "stop $*" >&2 ;;
         ${unit ? "" : "show*) echo 'Failed to connect to bus: Connection refused' >&2; return 1 ;;"}
         *LoadState*) printf 'LoadState=%s\\nActiveState=%s\\n' '${unit?.load}' '${unit?.active}' ;;
         *ActiveState*) echo '${unit?.active}' ;;
         *ControlGroup*)
           printf 'Id=dhcpd.service\\nControlGroup=%s\\n\\n' '${unit?.active === "active" || unit?.processes ? "/system/dhcpd.service" : ""}'
           [[ $* != *kea-ctrl-agent* ]] || printf 'Id=kea-ctrl-agent.service\\n\\n' ;;
       esac
     }
     timeout() { shift; "$@"; }; unit_evidence() { echo "the journal"; }; database_processes() { :; }
     ${script}`,
  );
}

const LOADED = { load: "loaded", active: "active", processes: "42\n" };
const MASKED = { load: "masked", active: "active", processes: "42\n" };
const REMOVED = { load: "not-found", active: "active", processes: "42\n" };

const EXISTS: [what: string, unit: Unit | undefined, code: number][] = [
  ["loaded", LOADED, 0],
  ["loaded, and stopped", { load: "loaded", active: "inactive" }, 0],
  ["masked while it runs", MASKED, 0],
  ["its package was removed while it runs", REMOVED, 0],
  ["masked, and failed", { load: "masked", active: "failed" }, 1],
  ["not installed", { load: "not-found", active: "inactive" }, 1],
  ["systemd does not answer", undefined, 40],
  ["systemd answers with nothing", { load: "", active: "" }, 40],
];
for (const [what, unit, code] of EXISTS)
  test(`is the unit there? ${what}: ${{ 0: "yes", 1: "no" }[code] ?? "cannot tell"}`, () => {
    // As its callers ask: in a condition.
    const asked = on(unit, "if unit_exists dhcpd; then exit 0; else exit 1; fi");
    assert.equal(asked.code, code, asked.stderr);
    if (code === 40)
      assert.match(
        asked.stderr,
        /^error: whether these run on xcatmn1, or are there at all, cannot be told: dhcpd; [\s\S]*\nnext: systemctl show dhcpd\.service on xcatmn1/,
      );
  });

for (const [what, unit] of [
  ["masked while it runs", MASKED],
  ["its package was removed while it runs", REMOVED],
] as const)
  test(`a stop of a unit that ${what} is no "nothing to stop"`, () => {
    const { code, stderr } = on(unit, "unit_stop dhcpd 90");
    assert.equal(code, 13);
    assert.match(stderr, /error: dhcpd did not stop within 90 s: active; expected inactive\nevidence: processes 42; /);
  });

const PROOF: [what: string, unit: Unit | undefined, error?: RegExp][] = [
  ["stopped", { load: "loaded", active: "inactive" }],
  ["not installed", { load: "not-found", active: "inactive" }],
  [
    "inactive, with a process in a group below its own",
    { load: "loaded", active: "inactive", processes: `${process.pid}\n` },
    new RegExp(
      `dhcpd is not proven to be stopped on xcatmn1; expected it inactive, without processes: ${process.pid}\n`,
    ),
  ],
  ["still stopping", { load: "loaded", active: "deactivating" }, /dhcpd is not proven to be stopped/],
  [
    "systemd does not answer",
    undefined,
    /whether processes of dhcpd run on xcatmn1 cannot be told;[^\n]*\nevidence: no answer: Failed to connect/,
  ],
];
for (const [what, unit, error] of PROOF)
  test(`the proof that nothing runs: ${what}: ${error ? "blocked" : "proven"}`, () => {
    const { code, stderr } = on(unit, "prove_stopped");
    assert.equal(code, error ? 13 : 0, stderr);
    if (error) assert.match(stderr, error);
  });

test("what belongs to a unit is not stopped because systemd does not say whether it runs", () => {
  const script = `COMPANIONS=([dhcpd]=' kea-ctrl-agent'); unit_state() { echo inactive; }; if unit_stopped dhcpd; then exit 0; else exit 1; fi`;
  assert.equal(on({ load: "loaded", active: "inactive" }, script).code, 0);
  assert.equal(on({ load: "loaded", active: "inactive", processes: "42\n" }, script).code, 1);
  assert.equal(on(undefined, script).code, 13);
});

/** What is-enabled says of each unit when all are asked at once, and when one is. */
const BOOT: [what: string, together: string, alone: Record<string, string>, seen: string][] = [
  ["each says it", "enabled\ndisabled\nstatic\nmasked", {}, "a enabled, b not enabled, c not enabled, d not enabled"],
  [
    "enabled for this boot alone",
    "disabled\ndisabled\ndisabled\nenabled-runtime",
    {},
    "a not enabled, b not enabled, c not enabled, d enabled",
  ],
  [
    "a script of System V is asked about alone",
    "b.service is not a native service, redirecting to systemd-sysv-install.\nenabled\nenabled\ndisabled\nstatic",
    {
      a: "enabled",
      b: "b.service is not a native service, redirecting to systemd-sysv-install.\nExecuting: is-enabled b\ndisabled",
      c: "static",
      d: "alias",
    },
    "a enabled, b not enabled, c not enabled, d not enabled",
  ],
  [
    "one cannot be told",
    "Failed to get unit file state",
    { a: "enabled", b: "Failed to get unit file state for b.service: Connection timed out" },
    "whether b starts at boot on xcatmn1 cannot be told",
  ],
];
for (const [what, together, alone, seen] of BOOT)
  test(`does it start at boot? ${what}`, () => {
    const { stdout, stderr } = bash(
      ["report", "platform", "units"],
      `NODE=xcatmn1 COMPANIONS=([d]=' helper')
       systemctl() {
         local arguments="$*" names unit load
         names=\${arguments##* -- }
         case $1 in
           show) for unit in $names; do [[ $unit != helper.service ]] && load=loaded || load=not-found; printf 'LoadState=%s\\nActiveState=active\\n\\n' $load; done ;;
           is-enabled)
             case $names in
               *' '*) cat <<<'${together}' ;;
               ${Object.entries(alone)
                 .map(([unit, says]) => `${unit}.service) cat <<<'${says}' ;;`)
                 .join("\n")}
             esac
             return 1 ;;
         esac
       }
       units_look_whole a b c d
       for unit in a b c d; do echo "$unit \${UNIT_ENABLED[$unit]}"; done`,
    );
    assert.ok(stderr.includes(seen) || stdout.trim().replaceAll("\n", ", ") === seen, `${stdout}${stderr}`);
  });

/** What systemd says of two units. */
const GUARDED: [what: string, systemd: string, seen: string | RegExp][] = [
  [
    "of both, of one with two commands",
    "printf 'Id=a.service\\nExecStartPre={ path=/bin/true }\\nExecStartPre={ argv[]=xcat-ha guard a }\\n\\nId=b.service\\n'",
    "a guarded, b guarded, but systemd has not read it",
  ],
  [
    "of one only",
    "printf 'Id=b.service\\nExecStartPre={ argv[]=xcat-ha guard b }\\n'",
    /cannot be told[^\n]*\nevidence: Id=b/,
  ],
  ["nothing", ":", /cannot be told[^\n]*\nevidence: it said nothing/],
  [
    "that it does not answer",
    "echo 'Connection timed out' >&2; return 1",
    /\nevidence: no answer: Connection timed out/,
  ],
];
for (const [what, systemd, seen] of GUARDED)
  test(`are the services guarded? systemd says ${what}: ${typeof seen === "string" ? seen : "cannot tell"}`, () => {
    const { code, stdout, stderr } = bash(
      ["report", "platform", "units", "guard", "startGuard"],
      `NODE=xcatmn1 PROGRAM=xcat-ha; guard_file() { echo ${worker}; }; guard_text() { echo text; }; guard_in() { REPLY=text; }; systemctl() { ${systemd}; }
       guard_states a b; echo "a \${GUARD[a]}, b \${GUARD[b]}"`,
    );
    assert.equal(code, typeof seen === "string" ? 0 : 40, stderr);
    if (typeof seen === "string") assert.equal(stdout, `${seen}\n`);
    else assert.match(stderr, seen);
  });

for (const [what, systemd, code, told] of [
  ["it runs", "echo 42", 0, "HUP 42"],
  ["it does not run", "echo 0", 0, ""],
  ["systemd says nothing", ":", 40, ""],
  ["systemd does not answer", "echo 'Connection timed out' >&2; return 1", 40, ""],
] as const)
  test(`PostgreSQL is to read its configuration again, and ${what}: ${told || (code ? "cannot tell" : "nothing to do")}`, () => {
    const done = bash(
      ["report", "platform", "units", "databaseLogin", "pgHbaEntry"],
      `NODE=xcatmn1; systemctl() { ${systemd}; }; kill() { echo "\${*#-}"; }; if postgresql_reload; then :; fi`,
    );
    assert.equal(done.code, code, done.stderr);
    assert.equal(done.stdout.trim(), told);
  });

const LISTENS: [what: string, ss: string, code: number][] = [
  ["on the VIP", "echo 'LISTEN 0 244 10.5.106.7:5432 0.0.0.0:* '", 1],
  ["on every address", "echo 'LISTEN 0 244 0.0.0.0:5432 0.0.0.0:* '", 1],
  ["on another address only", "echo 'LISTEN 0 244 110.5.106.7:5432 0.0.0.0:* '", 0],
  ["nowhere", ":", 0],
  ["where ss does not say: PostgreSQL is not stopped for that", "echo 'Cannot open netlink socket'; return 1", 40],
];
for (const [what, ss, code] of LISTENS)
  test(`PostgreSQL listens ${what}: ${code ? "it does not miss the VIP, or that cannot be told" : "it misses the VIP"}`, () => {
    const done = bash(
      [...SERVICES_LIBRARIES, "report"],
      `NODE=xcatmn1 VIP=10.5.106.7; unit_state() { echo active; }; virtualIp_is_here() { :; }; ss() { ${ss}; }
       if postgresql_misses_the_vip; then exit 0; else exit 1; fi`,
    );
    assert.equal(done.code, code, done.stderr);
  });
