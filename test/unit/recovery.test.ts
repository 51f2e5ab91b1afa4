// PostgreSQL that recovers: its start has no limit as long as the server is there, and it is said every two seconds how far it is. With
// stand-ins for systemd and pg_isready; the server's processes are real ones, by their titles.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { bash, LEASE_LIBRARIES, nodeFiles, SERVICES_LIBRARIES } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const at = scratch("recovery", "bin", "group", "run");

beforeEach(() => {
  writeFileSync(at("state"), "activating\n");
  writeFileSync(at("result"), "success\n");
  writeFileSync(at("group/cgroup.procs"), "");
  // A start comes back when the unit is no longer on its way.
  writeFileSync(
    at("bin/systemctl"),
    `#!/bin/bash
     cd ${at()}
     case "$*" in
       start*) while [[ $(<state) == activating ]]; do sleep 0.05; done; [[ $(<state) == active ]] ;;
       stop*) echo "$*" >>told ;;
       *Result*) printf 'Result=%s\\nTimeoutStartUSec=5min\\n' "$(<result)" ;;
       *ControlGroup*) if [[ -e mute ]]; then echo 'Connection timed out' >&2; exit 1; fi; printf 'Id=postgresql.service\\nControlGroup=/group\\n' ;;
       *LoadState*) printf 'LoadState=loaded\\nActiveState=%s\\n' "$(<state)" ;;
     esac`,
    { mode: 0o755 },
  );
  writeFileSync(at("bin/pg_isready"), `#!/bin/bash\nexit "$(cat ${at()}/ready 2>/dev/null || echo 2)"\n`, {
    mode: 0o755,
  });
  writeFileSync(at("told"), "");
});

/** Whole at once: a start that reads it half written is no start. */
const becomes = (state: string) => `echo ${state} >next && mv next state`;

/** For three seconds at most a unit may start; \`ends\` after five seconds. */
function started(script: string, { title = "", ends = becomes("active") } = {}) {
  const files = [...LEASE_LIBRARIES, ...SERVICES_LIBRARIES, "platform", "units", "processes"];
  const done = bash(
    [],
    `for file in ${nodeFiles(...files).join(" ")}; do source <(sed 's/^readonly START_SECONDS=.*/START_SECONDS=3/' "$file"); done
     PATH=${at()}/bin:$PATH NODE=xcatmn1 RUN=${at()}/run CONTROL_GROUPS=${at()} SHARE=/nowhere; cd ${at()}
     unit_of() { echo "$1"; }; units_of() { echo "$1"; }; unit_evidence() { echo "the journal"; }
     server=; trap '[[ -z $server ]] || kill $server' EXIT
     if [[ -n '${title}' ]]; then (exec -a '${title}' sleep 30) & server=$!; echo "$server" >group/cgroup.procs; fi
     (sleep 5; ${ends}) >/dev/null 2>&1 &
     ${script}`,
  );
  return { ...done, told: readFileSync(at("told"), "utf8") };
}

const RECOVERS = "postgres: 15/main: startup recovering 000000010000000000000012";
// Its one argument stands behind the title.
const SAID =
  /^(xcatmn1: postgresql recovers: 15\/main: startup recovering 000000010000000000000012 30, for \d s\n){2,3}$/;

test("a recovery longer than a start may take goes on, is told, and ends in a database that is there", () => {
  const { code, stdout, stderr, told } = started("unit_start postgresql 3", { title: RECOVERS });
  assert.equal(code, 0, stderr);
  assert.match(stdout, SAID);
  assert.equal(told, "");
});

test("a server whose title is not to be read, and which turns a login away: the same", () => {
  writeFileSync(at("ready"), "1");
  const { code, stdout, told } = started("unit_start postgresql 3", { title: "postmaster" });
  assert.equal(code, 0);
  assert.match(stdout, /^(xcatmn1: postgresql recovers: it takes no login yet, for \d s\n){2,3}$/);
  assert.equal(told, "");
});

for (const [what, service, title] of [
  ["no server is there", "postgresql", ""],
  ["a server is there that neither recovers nor answers", "postgresql", "postmaster"],
  ["it is another service", "xcatd", RECOVERS],
])
  test(`a start that takes too long, and ${what}: stopped`, () => {
    const { code, stdout, stderr, told } = started(`unit_start ${service} 3`, { title });
    assert.equal(code, 20);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      new RegExp(`^error: ${service} did not start within 3 s; expected it active\nevidence: the journal\n`),
    );
    assert.equal(told, `stop -- ${service}.service\n`);
  });

test("systemd that does not say whether a server is there: nothing is stopped", () => {
  writeFileSync(at("mute"), "");
  const { code, stderr, told } = started("unit_start postgresql 3", { title: RECOVERS });
  assert.equal(code, 13);
  assert.match(stderr, /whether processes of postgresql run on xcatmn1 cannot be told/);
  assert.equal(told, "");
});

test("another order need not wait for the end of a recovery, which goes on", () => {
  writeFileSync(at("run/supersede"), "");
  const { code, stderr, told } = started("unit_start postgresql 30", { title: RECOVERS });
  assert.equal(code, 21);
  assert.match(stderr, /this run ended while postgresql recovers, which goes on/);
  assert.equal(told, "");
});

test("a recovery that systemd itself has ended: it is said by which limit, and how to lift it", () => {
  writeFileSync(at("result"), "timeout\n");
  const { code, stderr } = started("unit_start postgresql 3", { title: RECOVERS, ends: becomes("failed") });
  assert.equal(code, 20);
  assert.match(
    stderr,
    /^error: postgresql did not start within the 5min that systemd gives it; [\s\S]*\nnext: systemctl edit postgresql on xcatmn1: \[Service\], TimeoutStartSec=infinity; /,
  );
});

const LOGIN = `echo active >state; unit_ready() { [[ -e login ]]; }`;

test("a unit that is active while its server recovers, as Debian's: the first login is waited for without limit", () => {
  const { code, stdout, stderr } = started(`${LOGIN}; wait_ready postgresql`, { title: RECOVERS, ends: "touch login" });
  assert.equal(code, 0, stderr);
  assert.match(stdout, SAID);
});

test("a database that is there, does not recover and takes no login: no wait without end", () => {
  const { code, stderr } = started(`${LOGIN}; wait_ready postgresql`, { title: "postmaster", ends: "touch login" });
  assert.equal(code, 20);
  assert.match(stderr, /error: postgresql is active but does not answer\n/);
});
