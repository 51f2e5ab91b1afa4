// A stop of PostgreSQL that does not end: what holds it is told, an immediate shutdown follows, and nobody is ever killed. With a stand-in for
// systemd; the server and its backend are real processes, of programs of PostgreSQL's name.
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { bash, LEASE_LIBRARIES, SERVICES_LIBRARIES } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const at = scratch("ladder", "bin", "group", "server", "backend");

beforeEach(() => {
  copyFileSync("/bin/bash", at("server/postgres"));
  copyFileSync("/bin/sleep", at("backend/postgres"));
  writeFileSync(at("group/cgroup.procs"), "");
  writeFileSync(at("told"), "");
  // A stop comes back when the unit is no longer on its way.
  writeFileSync(
    at("bin/systemctl"),
    `#!/bin/bash
     cd ${at()}
     case "$*" in
       stop*) echo "$*" >>told; if [[ -e fails ]]; then exit 1; fi; while [[ $(<state) == deactivating ]]; do sleep 0.05; done ;;
       *ControlGroup*) if [[ -e mute ]]; then echo 'Connection timed out' >&2; exit 1; fi; printf 'Id=postgresql.service\\nControlGroup=/group\\n' ;;
       *MainPID*) if [[ -e mute-main ]]; then echo 'Connection timed out' >&2; exit 1; fi; cat main ;;
       *LoadState*) printf 'LoadState=loaded\\nActiveState=%s\\n' "$(<state)" ;;
     esac`,
    { mode: 0o755 },
  );
});

const TITLE = "postgres: 15/main: xcatadm xcatdb 10.5.106.7(52100) idle in transaction";
/** The backend's one argument stands behind its title. */
const HELD = "\\d+ 15/main: xcatadm xcatdb 10\\.5\\.106\\.7\\(52100\\) idle in transaction 60";

type Stop = {
  /** What the server does about SIGQUIT: ends with its backend, as PostgreSQL's does, or nothing. */
  quits?: boolean;
  /** What systemd takes for the main process: the server, or none. */
  main?: "server" | "none";
  /** How many servers are in the unit; none: it has stopped at once. */
  servers?: number;
  /** What happens meanwhile. */
  meanwhile?: string;
};

/** Four seconds for a stop, the last two of them for an immediate shutdown. */
function stopped(
  { quits = true, main = "server", servers = 1, meanwhile = ":" }: Stop,
  script = "unit_stop postgresql 4",
) {
  const files = [...LEASE_LIBRARIES, ...SERVICES_LIBRARIES, "platform", "units", "processes"];
  const done = bash(
    files,
    `cat >${at()}/server.sh <<'SERVER'
(exec -a "${TITLE}" backend/postgres 60) & backend=$!
trap 'echo QUIT >>told; ${quits ? "kill $backend; : >group/cgroup.procs; echo failed >state; exit 2" : ":"}' QUIT
echo $backend >backend.pid
# The trap is run where a wait ends.
while [[ -e /proc/$backend ]]; do wait $backend; done
SERVER
     PATH=${at()}/bin:$PATH NODE=xcatmn1 CONTROL_GROUPS=${at()} SHARE=/nowhere UNITS=(postgresql) DATABASE_IMMEDIATE_SECONDS=2; cd ${at()}
     unit_of() { echo "$1"; }; units_of() { echo "$1"; }; unit_evidence() { echo "the journal"; }
     made=()
     trap 'for one in "\${made[@]}"; do if [[ -e /proc/$one ]]; then kill -KILL $one; else echo "$one is gone" >>told; fi; done' EXIT
     gone() { : >group/cgroup.procs; echo \${1:-inactive} >state; }
     server() {
       local pid
       (exec -a postgres server/postgres server.sh) >/dev/null 2>&1 &
       pid=$!
       until [[ -s backend.pid ]]; do sleep 0.05; done
       printf '%s\\n' "$pid" "$(<backend.pid)" >>group/cgroup.procs
       made+=("$pid" "$(<backend.pid)")
       rm backend.pid
     }
     echo deactivating >state
     for ((index = 0; index < ${servers}; index++)); do server; done
     if [[ ${main} == server ]]; then echo "\${made[0]:-0}" >main; else echo 0 >main; fi
     ((${servers})) || gone
     (${meanwhile}) >/dev/null 2>&1 &
     echo "\${made[*]:-}" >started
     ${script}`,
    "",
    { alone: true },
  );
  const [server, backend] = readFileSync(at("started"), "utf8").trim().split(" ");
  return { ...done, server, backend, told: readFileSync(at("told"), "utf8") };
}

test("stops at once: nothing is told, one order", () => {
  const { code, stdout, stderr, told } = stopped({ servers: 0 });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  assert.equal(told, "stop -- postgresql.service\n");
});

test("stops after a while by the shutdown that was ordered: whom it waits for is told, and nothing else happens", () => {
  const { code, stdout, stderr, told } = stopped(
    { meanwhile: "until [[ $(wc -l <told) -ge 2 ]]; do sleep 0.05; done; gone" },
    "unit_stop postgresql 30",
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, new RegExp(`^xcatmn1: postgresql stops, for \\d s: waiting for ${HELD}\n$`));
  assert.doesNotMatch(told, /QUIT/);
});

const IMMEDIATE = (server: string) =>
  new RegExp(
    `^(xcatmn1: postgresql stops, for \\d s: waiting for ${HELD}\n)*` +
      `xcatmn1: postgresql did not stop within 2 s, because of ${HELD}\n` +
      `xcatmn1: immediate shutdown of postgresql: SIGQUIT to its server, process ${server}\n` +
      `(xcatmn1: postgresql stops, for \\d s: waiting for [^\n]*\n)*` +
      "xcatmn1: postgresql needed an immediate shutdown: its next start recovers, which loses nothing that was committed\n$",
  );

for (const [what, main] of [
  ["by the main process of its unit", "server"],
  ["by who is nobody's child, where the unit has no main process", "none"],
] as const)
  test(`needs an immediate shutdown, and its server is found ${what}: told, and what the next start does`, () => {
    const { code, stdout, stderr, told, server } = stopped({ main });
    assert.equal(code, 0, stderr);
    assert.match(stdout, IMMEDIATE(server));
    assert.equal(told.match(/QUIT/g)?.length, 1);
  });

test("a stop that systemd gives up while the server is there is none: an immediate shutdown follows", () => {
  writeFileSync(at("fails"), "");
  const { code, stdout, stderr, server } = stopped({});
  assert.equal(code, 0, stderr);
  assert.match(stdout, IMMEDIATE(server));
});

test("never stops: blocked, with who is left and the command that shows why, and nobody is killed", () => {
  const { code, stderr, told, server, backend } = stopped({ quits: false });
  assert.equal(code, 13);
  const [error, evidence, next] = stderr.split("\n");
  assert.equal(
    error,
    "error: postgresql did not stop on xcatmn1: not within 2 s, nor within 2 s of an immediate shutdown; expected no process of it",
  );
  assert.match(evidence, new RegExp(`^evidence: processes ${server} ${backend}: ${HELD}; the journal$`));
  assert.equal(
    next,
    `next: ps -o pid,stat,wchan:32,args -p ${server},${backend}; systemctl status postgresql on xcatmn1: end what they show, then run the same command again. Until then nothing starts on the other node`,
  );
  assert.match(told, /^QUIT$/m);
  assert.doesNotMatch(told, /is gone/);
});

test("no server is left, and systemd does not call it stopped: blocked, and nobody gets a signal", () => {
  const { code, stdout, stderr, told } = stopped({ meanwhile: "gone deactivating" });
  assert.equal(code, 13);
  assert.match(stdout, /because of systemd, which calls it deactivating without a process\n/);
  assert.match(stderr, /\nnext: systemctl status postgresql on xcatmn1: /);
  assert.doesNotMatch(told, /QUIT/);
});

const UNKNOWN: [what: string, stop: Stop, mark: string | undefined, error: RegExp][] = [
  ["who is in its unit", {}, "mute", /whether processes of postgresql run on xcatmn1 cannot be told/],
  [
    "its main process",
    {},
    "mute-main",
    /which process is the server of postgresql on xcatmn1 cannot be told; expected systemd to know[^\n]*\nevidence: no answer: Connection timed out/,
  ],
  [
    "which of two servers it is",
    { main: "none", servers: 2 },
    undefined,
    /which process is the server of postgresql on xcatmn1 cannot be told; expected one that is nobody's child/,
  ],
];
for (const [what, stop, mark, error] of UNKNOWN)
  test(`not to know ${what}: blocked, and nobody gets a signal`, () => {
    if (mark) writeFileSync(at(mark), "");
    const { code, stderr, told } = stopped(stop);
    assert.equal(code, 13);
    assert.match(stderr, error);
    assert.doesNotMatch(told, /QUIT|is gone/);
  });
