// Who runs here: real processes, with real bind mounts where a test may make them. A process counts by what it holds, by whatever name.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { bash, LEASE_LIBRARIES } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-processes-"));
const at = (...names: string[]) => join(folder, ...names);
for (const name of ["share/pgsql/data/base", "elsewhere", "bin"]) mkdirSync(at(name), { recursive: true });
writeFileSync(at("share/pgsql/data/base/1"), "rows");
symlinkSync(at("share/pgsql"), at("pgsql"));

const mounts: string[] = [];
/** A mount of this machine's own namespace; false where none may be made. */
function mount(...words: string[]): boolean {
  const place = words[words.length - 1];
  mkdirSync(place, { recursive: true });
  const made = spawnSync("mount", words).status === 0;
  if (made) mounts.push(place);
  return made;
}
const root = mount("-t", "tmpfs", "tmpfs", at("share/mounted"));

let running: ChildProcess[] = [];
/** A process with that working directory, which runs until the test ends. */
async function start(command: string[], cwd: string, fd?: string) {
  const open = fd ? [openSync(fd, "r")] : [];
  const child = spawn(command[0], command.slice(1), { cwd, stdio: ["pipe", "pipe", "ignore", ...open] });
  running.push(child);
  open.forEach(closeSync);
  await new Promise((started) => child.stdout?.once("data", started));
  return String(child.pid);
}
const WAITS = ["bash", "-c", "echo; read -r"];
/** The program of a service, started by hand: a copy of one that waits. */
function program(name: string) {
  if (!existsSync(at("bin", name))) copyFileSync("/bin/bash", at("bin", name));
  return [at("bin", name), "-c", "echo; read -r"];
}
afterEach(async () => {
  for (const child of running) {
    const ended =
      child.exitCode !== null || child.signalCode !== null || new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
  }
  running = [];
});
after(() => {
  for (const place of mounts.reverse()) spawnSync("umount", ["-l", place]);
  rmSync(folder, { recursive: true, force: true });
});

const FILES = [...LEASE_LIBRARIES, "platform", "units", "processes"];
/** On a node whose units are all stopped, as systemd says, but for what STATE and GROUP name. */
function onNode(script: string, share = at("share"), alone = false) {
  return bash(
    [
      ...FILES,
      "become",
      "directories",
      "databaseLogin",
      "services",
      "databaseStop",
      "databaseProcesses",
      "serviceSet",
      "beat",
    ],
    `NODE=xcatmn1 SHARE='${share}' UNITS=(postgresql xcatd named dhcpd conserver)
     path_of() { echo "\${1/#\\/var\\/lib/${folder}}"; }; unit_evidence() { echo journal; }; share_state() { echo ok; }
     declare -A STATE=() GROUP=(); CONTROL_GROUPS=${folder}
     systemctl() {
       local arguments="$*" unit
       [[ $1 == show ]] || return 0
       for unit in \${arguments##* -- }; do
         unit=\${unit%.service}
         [[ $* != *LoadState* ]] || printf 'LoadState=loaded\\nActiveState=%s\\n\\n' "\${STATE[$unit]-inactive}"
         [[ $* != *ControlGroup* ]] || printf 'Id=%s.service\\nControlGroup=%s\\n\\n' "$unit" "\${GROUP[$unit]:-}"
       done
     }
     ${script}`,
    "",
    { alone },
  );
}
const blocked = (done: { code: number; stderr: string }, pid: string) => {
  assert.equal(done.code, 13, done.stderr);
  assert.match(done.stderr, new RegExp(`\\b${pid} `));
};

test("nobody has the data directory: proven", () => {
  const { code, stdout, stderr } = onNode("prove_stopped; services_left; services_left apart");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
});

test("a working directory there, by the share's name and by the link's", async () => {
  const pid = await start(WAITS, at("share/pgsql/data"));
  blocked(onNode("prove_stopped"), pid);
  const { stdout } = onNode("services_left apart", "/gone");
  assert.match(stdout, new RegExp(`^postgresql\tdata\t${pid} bash .*\n$`));
});

test("a process that keeps its words to itself is one all the same, with the name that the kernel has of it", async () => {
  const pid = await start(WAITS, at("share/pgsql/data"));
  // Not of Perl that happens to run on this machine.
  const hangs = `timeout() { [[ " $* " != *' words '*' ${pid} '* ]] || return 137; command timeout "$@"; };`;
  const words = `${pid} \\(bash: its words cannot be told\\)`;
  const done = onNode(`${hangs} prove_stopped`);
  blocked(done, pid);
  assert.match(done.stderr, new RegExp(words));
  assert.match(onNode(`${hangs} services_left apart`, "/gone").stdout, new RegExp(`^postgresql\tdata\t${words}\n$`));
});

/** `inside FOLDER COMMAND...`: PID works there, on a machine of its own: no PostgreSQL that happens to run on this one counts, or is killed. */
const INSIDE = `
  inside() {
    local never
    exec {never}<> <(:)
    (cd "$1" && exec "\${@:2}" <&"$never" >/dev/null) & PID=$!
    until [[ $(tr '\\0' ' ' <"/proc/$PID/cmdline") == "\${*:2} " ]]; do :; done
  }`;

/** A process in the control group of a unit. */
function inGroup(unit: string, ...pids: string[]) {
  mkdirSync(at("groups", unit), { recursive: true });
  writeFileSync(at("groups", unit, "cgroup.procs"), `${pids.join("\n")}\n`);
  return `GROUP[${unit}]=/groups/${unit};`;
}

test("a unit that is not stopped, and one with a process in its control group", async () => {
  const pid = await start(WAITS, "/");
  const group = inGroup("postgresql", pid);
  const { stdout } = onNode(`${group} STATE[xcatd]=deactivating; services_left`);
  assert.match(stdout, new RegExp(`^postgresql\tgroup\t${pid} bash .*\nxcatd\tstate\tdeactivating\n$`));
  const gone = onNode(`${group} STATE[xcatd]=deactivating; left_words "$(services_left apart)"`);
  assert.match(gone.stdout, new RegExp(`^postgresql \\(${pid} bash .*\\); xcatd\n$`));
});

test("the proof tells of a unit all that is left of it, and a process in its control group once", async () => {
  const pids = [await start(program("named"), "/"), await start(program("named"), "/")];
  const group = inGroup("named", ...pids);
  const { code, stderr } = onNode(`${group} STATE[named]=active; prove_stopped`);
  assert.equal(code, 13);
  assert.match(
    stderr,
    new RegExp(
      `^error: named is not proven to be stopped on xcatmn1; expected it inactive, without processes: ${pids.join(" ")}\n`,
    ),
  );
  assert.equal(onNode(`${group} services_left`).stdout.match(/^named\tgroup\t/gm)?.length, 2);
  assert.doesNotMatch(onNode(`${group} services_left`).stdout, /program/);
});

test("an open file there", async () => {
  const pid = await start(WAITS, "/", at("share/pgsql/data/base/1"));
  blocked(onNode("prove_stopped"), pid);
});

test("one beside it is nobody's business", async () => {
  await start(WAITS, at("elsewhere"), at("share/pgsql"));
  const { code, stderr } = onNode("prove_stopped");
  assert.equal(code, 0, stderr);
});

for (const [what, source, below] of [
  ["the directory itself", "share/pgsql/data", ""],
  ["a directory above it", "share/pgsql", "data"],
  ["a directory below it", "share/pgsql/data/base", ""],
] as const)
  for (const holds of ["works", "has a file open"])
    test(`a process ${holds} in a bind mount of ${what}`, { skip: !root && "no mounts" }, async () => {
      const place = at(`bound ${what} ${holds}`);
      assert.ok(mount("--bind", at(source), place));
      const inside = join(place, below);
      const pid =
        holds === "works"
          ? await start(WAITS, inside)
          : await start(WAITS, "/", source.endsWith("base") ? join(inside, "1") : join(inside, "base/1"));
      blocked(onNode("prove_stopped"), pid);
    });

/** The owner's data on a file system of its own, as a share is; what it is called stays with the test. */
test(
  "PostgreSQL's program on the share's file system, in another directory than the one that is known",
  { skip: !root && "no mounts" },
  async () => {
    const share = at("share/mounted");
    mkdirSync(join(share, "another"), { recursive: true });
    const pid = await start(program("postgres"), join(share, "another"));
    blocked(onNode("prove_stopped", share), pid);
    assert.match(onNode("services_left apart", share).stdout, new RegExp(`^postgresql\tdata\t${pid} `));
    // Killed in a demotion, whoever started it.
    assert.equal(onNode("kill_services; sleep 0.2; services_left apart", share).stdout, "");
  },
);

test("PostgreSQL's program in a share that was taken away under it", { skip: !root && "no mounts" }, async () => {
  const share = at("share/taken away");
  assert.ok(mount("-t", "tmpfs", "tmpfs", share));
  mkdirSync(join(share, "pgsql/data"), { recursive: true });
  const pid = await start(program("postgres"), join(share, "pgsql/data"));
  spawnSync("umount", ["-l", share]);
  blocked(onNode("prove_stopped", share), pid);
  assert.match(onNode("services_left apart", share).stdout, new RegExp(`^postgresql\tdata\t${pid} `));
});

test("PostgreSQL's program that works elsewhere: proven, and not killed", { skip: !root && "no mounts" }, () => {
  const [name, ...words] = program("postgres");
  const { code, stdout, stderr } = onNode(
    `${INSIDE}; inside '${at("elsewhere")}' '${name}' ${words.map((word) => `'${word}'`).join(" ")}
     prove_stopped; services_left apart; kill_services; sleep 0.2; program_processes postgresql; echo "$PID"`,
    at("share/mounted"),
    true,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^postgresql (\d+)\n\1\n$/);
});

for (const [service, name] of [
  ["named", "named"],
  ["dhcpd", "dhcpd"],
  ["dhcpd", "kea-dhcp4"],
  ["conserver", "conserver"],
] as const)
  test(`${name}, started by hand`, async () => {
    const pid = await start(program(name), "/");
    const done = onNode("prove_stopped");
    blocked(done, pid);
    assert.match(done.stderr, new RegExp(`^error: ${service} runs on xcatmn1 outside of its unit`));
    assert.match(onNode("services_left apart").stdout, new RegExp(`^${service}\tprogram\t${pid} .*\n$`));
  });

for (const [what, code] of [
  ["by its title", '$0 = "xcatd: SSL listener"; $| = 1; print "\\n"; <STDIN>'],
  ["by its file", '$| = 1; print "\\n"; <STDIN>'],
] as const)
  test(`xcatd, known ${what}, started by hand`, async () => {
    mkdirSync(at("sbin"), { recursive: true });
    writeFileSync(at("sbin/xcatd"), `${code}\n`);
    const pid = await start(["perl", at("sbin/xcatd"), "-p", "pid"], "/");
    blocked(onNode("prove_stopped"), pid);
  });

/** `hung NAME COMMAND...`: in PID a process whose command line is a pipe in which nothing comes, as that of one that holds its own lock. */
const HUNG = `
  hung() {
    local never
    "\${@:2}" </dev/null >/dev/null 2>&1 & PID=$!
    until [[ $(readlink /proc/$PID/exe) == */$1* ]]; do :; done
    mkfifo ${folder}/cmdline.$PID
    exec {never}<>${folder}/cmdline.$PID
    sleep 15 >/dev/null 2>&1 &
    exec {never}<&-
    mount --bind ${folder}/cmdline.$PID /proc/$PID/cmdline
    rm ${folder}/cmdline.$PID
  }
  PROC_DEADLINE=1`;

for (const proof of ["prove_stopped", "services_gone"])
  test(`Perl that keeps its command line to itself: whether it is xcatd's cannot be told, by ${proof}`, () => {
    const { code, stdout, stderr } = onNode(
      `${HUNG}; beat_tell_blocked() { :; }; hung perl perl -e 'sleep 30'; echo $PID; ${proof}`,
      undefined,
      true,
    );
    assert.equal(code, 40, stderr);
    assert.match(stderr, new RegExp(`^error: whether process ${stdout.trim()} on xcatmn1 is xcatd's cannot be told; `));
  });

test("PostgreSQL's servers are known without anybody's command line", () => {
  const { code, stdout, stderr } = onNode(
    `${HUNG}; hung perl perl -e 'sleep 30'; program_processes postgresql`,
    undefined,
    true,
  );
  assert.deepEqual([code, stdout], [0, ""], stderr);
});

test("behind one that keeps its command line to itself the others' are read", () => {
  const { stdout } = onNode(
    `${HUNG}; sleep 31 >/dev/null & first=$!; hung sleep sleep 32; sleep 33 >/dev/null & last=$!
     until [[ $(</proc/$last/comm) == sleep ]]; do :; done
     printf '%s\\n' $first $PID $last | commands_of | sed 's/^[0-9]* //'`,
    undefined,
    true,
  );
  assert.equal(stdout, "sleep 31\n(sleep: its words cannot be told)\nsleep 33\n");
});

test("the program of another service, and one of a service that is not managed, are nobody's business", async () => {
  await start(program("goconserver"), "/");
  await start(program("named-checkzone"), "/");
  const { code, stderr } = onNode("prove_stopped");
  assert.equal(code, 0, stderr);
});

const CANNOT_TELL: [what: string, spoil: string, error: RegExp][] = [
  [
    "find is cut",
    'find() { command find "$@" | head -n 3; return 137; }',
    /which processes use .* cannot be told on xcatmn1|which programs run cannot be told/,
  ],
  [
    "find finds nothing",
    "find() { :; }",
    /which programs run cannot be told on xcatmn1; expected \/proc to show every process/,
  ],
  ["awk fails", "awk() { return 2; }", /.*/],
  [
    "the unit's control group is not known",
    "systemctl() { [[ $* != *ControlGroup* ]] || { echo 'Connection timed out' >&2; return 1; }; }",
    /whether processes of postgresql xcatd named dhcpd conserver run on xcatmn1 cannot be told/,
  ],
  [
    "the unit's state is not known",
    "STATE[dhcpd]=",
    /whether these run on xcatmn1, or are there at all, cannot be told/,
  ],
  [
    "a control group's processes cannot be read",
    `mkdir -p "$CONTROL_GROUPS/groups/named/below"; GROUP[named]=/groups/named; echo 4711 >"$CONTROL_GROUPS/groups/named/cgroup.procs"
     cat() { [[ $* != *below/cgroup.procs* ]] || { echo 'cat: Input/output error' >&2; return 1; }; command cat "$@"; }`,
    /which processes \S+\/groups\/named\/below has on xcatmn1 cannot be told; .*\nevidence: cat: Input\/output error/,
  ],
  [
    "what a process is cannot be told",
    `mkdir -p "$CONTROL_GROUPS/groups/dhcpd"; GROUP[dhcpd]=/groups/dhcpd; echo $$ >"$CONTROL_GROUPS/groups/dhcpd/cgroup.procs"; commands_of() { return 1; }`,
    /what processes of dhcpd on xcatmn1 are cannot be told/,
  ],
  [
    "what uses the database cannot be told",
    "commands_of() { return 1; }",
    /what uses the database on xcatmn1 cannot be told/,
  ],
];
for (const [what, spoil, error] of CANNOT_TELL)
  test(`the proof, where ${what}: not proven, not gone`, () => {
    for (const proof of ["prove_stopped", "services_gone"]) {
      const { code, stderr } = onNode(`beat_tell_blocked() { :; }; ${spoil}\n${proof}`);
      assert.notEqual(code, 0, proof);
      assert.match(stderr, error);
    }
  });

test(
  "another mount of the share that does not answer: what is in use there cannot be told",
  { skip: !root && "no mounts" },
  async () => {
    const place = at("bound and hung");
    assert.ok(mount("--bind", at("share/pgsql/data"), place));
    await start(WAITS, place);
    const { code, stderr } = onNode(`share_do() { [[ $1 != stat ]] || return 124; "$@" </dev/null; }; prove_stopped`);
    assert.equal(code, 13);
    assert.match(
      stderr,
      /which processes use .*\/share\/pgsql\/data on xcatmn1 cannot be told; .*\nevidence: no answer within 10 s/,
    );
  },
);

test("a demotion asks nothing of the share", () => {
  const { stdout, stderr } = onNode(
    `${INSIDE}; inside '${at("share/pgsql/data")}' ${WAITS.map((word) => `'${word}'`).join(" ")}
     share_do() { echo "asked: $*" >&2; return 124; }; echo "$PID"; services_left apart`,
    at("share/mounted"),
    true,
  );
  assert.equal(stderr, "");
  assert.match(stdout, /^(\d+)\npostgresql\tdata\t\1 bash -c echo; read -r\n$/);
});
