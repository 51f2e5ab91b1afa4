import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { asRoot, openSession, sshArguments } from "../../components/remote/session";
import { settingsOf } from "../../components/settings";
import { needsLoginShells, wordsOf } from "../helpers/loginShells";
import { shippedPair } from "../helpers/shippedPair";
import { CANNOT_RUN, Sshd } from "../helpers/sshd";

const { cluster: shipped, folder } = shippedPair();
type Cluster = typeof shipped;

/** The shipped pair, with xcatmn1 at a port of loopback. */
function onLoopback(port: number, changes: Partial<Cluster> = {}): Cluster {
  const { xcatmn1: _, ...others } = shipped.nodes;
  return {
    ...shipped,
    nodes: { xcatmn1: { address: "127.0.0.1" }, ...others },
    ssh: { ...shipped.ssh, port },
    ...changes,
  };
}

const open = (cluster: Cluster) => openSession(cluster, "xcatmn1", settingsOf(cluster, "xcatmn1"));

const OPTIONS: Record<string, string> = {
  BatchMode: "yes",
  ConnectTimeout: "5",
  StrictHostKeyChecking: "yes",
  UserKnownHostsFile: shipped.knownHostsFile,
  GlobalKnownHostsFile: "/dev/null",
  HostKeyAlias: "xcatmn1",
  IdentitiesOnly: "yes",
  IdentityAgent: "none",
};

test("ssh takes nothing from the user's own configuration, agent and known hosts", () => {
  const words = sshArguments(shipped, "xcatmn1", "10.5.106.70");
  assert.equal(words.at(-1), "10.5.106.70");
  const after = (word: string) => words[words.indexOf(word) + 1];
  assert.deepEqual(
    { config: after("-F"), key: after("-i"), user: after("-l"), port: after("-p") },
    { config: "none", key: shipped.privateKeyFile, user: "root", port: "22" },
  );
  for (const [option, value] of Object.entries(OPTIONS)) assert.ok(words.includes(`${option}=${value}`), option);
});

/** What a login shell runs for who asks as this user. */
const WRAPPED: [user: string, words: string[]][] = [
  ["root", ["bash", "-c"]],
  ["admin", ["sudo", "-n", "-H", "--", "bash", "-c"]],
];
for (const [user, words] of WRAPPED)
  for (const shell of ["sh", "bash", "csh", "tcsh", "fish"])
    test(`a remote command reaches bash whole, for ${user} whose login shell is ${shell}`, needsLoginShells, () => {
      const command = `set -eu; printf '%s|' "it's" '$HOME' "$(echo one)" && cat >"$folder/x" # ~ *`;
      assert.deepEqual(wordsOf(shell, asRoot({ user }, command)), [...words, command]);
    });

test("a remote command through sudo, as bash runs it: with its quotes and its standard input", () => {
  const command = `printf '%s|' "it's" '$HOME' && cat`;
  const sudo = 'sudo() { [[ $1$2$3 == -n-H-- ]] && shift 3 && "$@"; }; exec() { "$@"; };';
  for (const user of ["root", "admin"]) {
    const done = spawnSync("bash", ["-c", `${sudo} ${asRoot({ user }, command)}`], {
      input: "the document",
      encoding: "utf8",
    });
    assert.equal(done.stdout, "it's|$HOME|the document");
  }
});

const controlPath = (cluster: Cluster, address = "10.5.106.70") =>
  sshArguments(cluster, "xcatmn1", address)
    .find((word) => word.startsWith("ControlPath="))
    ?.replace("ControlPath=", "") ?? "";

test("the name of the shared connection fits into a socket's name", () => {
  // ssh adds 17 characters while it makes the socket.
  assert.ok(controlPath(shipped).length + 17 < 108, controlPath(shipped));
  assert.equal(controlPath(shipped), controlPath({ ...shipped }));
});

/** In a temporary folder of its own. */
function inTemporary<T>(prepare: (folder: string) => void, look: () => T): T {
  const former = process.env.TMPDIR;
  process.env.TMPDIR = mkdtempSync(join(folder, "tmp-"));
  try {
    prepare(join(process.env.TMPDIR, `xcat-ha-${userInfo().uid}`));
    return look();
  } finally {
    if (former === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = former;
  }
}

test("the shared connection lies where only its user can enter", () => {
  const made = inTemporary(
    () => {},
    () => dirname(controlPath(shipped)),
  );
  assert.equal(lstatSync(made).mode & 0o777, 0o700);
});

const ELSEWHERES: [what: string, prepare: (folder: string) => void, seen: RegExp][] = [
  [
    "is open to others",
    (at) => mkdirSync(at, { mode: 0o755 }),
    /is a folder of the user id \d+, mode 755; expected .*, mode 700/,
  ],
  ["is a link to somewhere else", (at) => symlinkSync("/root", at), /is no folder of the user id \d+, mode 777/],
  ...(userInfo().uid === 0
    ? [
        [
          "is another user's",
          (at: string) => {
            mkdirSync(at, { mode: 0o700 });
            chownSync(at, 12345, 12345);
          },
          /is a folder of the user id 12345, mode 700; expected a folder of 0/,
        ] as [string, (at: string) => void, RegExp],
      ]
    : []),
];
for (const [what, prepare, seen] of ELSEWHERES)
  test(`a folder of shared connections that ${what} is refused: what lies in it would answer as a node`, () => {
    assert.throws(() => inTemporary(prepare, () => controlPath(shipped)), seen);
  });

const rotatedKey = join(folder, "rotated");
writeFileSync(rotatedKey, "another private key\n");
const ROTATIONS: [what: string, cluster: Cluster, address?: string][] = [
  ["another address", shipped, "10.5.106.71"],
  ["another port", { ...shipped, ssh: { ...shipped.ssh, port: 2222 } }],
  ["another key", { ...shipped, privateKeyFile: rotatedKey }],
  ["another host key", { ...shipped, hostKeys: { ...shipped.hostKeys, xcatmn1: "ssh-ed25519 rotated" } }],
];
for (const [what, cluster, address] of ROTATIONS)
  test(`${what} is another connection`, () => assert.notEqual(controlPath(cluster, address), controlPath(shipped)));

describe("a real sshd", { skip: CANNOT_RUN, concurrency: true }, () => {
  const sshd = new Sshd();
  before(() => sshd.start());
  after(() => sshd.stop());

  /** xcatmn1 is this machine: with this key, this pinned host key. */
  function node(userKey: string, hostKey: string): Cluster {
    const knownHostsFile = sshd.file(`known_hosts_${userKey}_${hostKey.slice(-8).replaceAll("/", "")}`);
    writeFileSync(knownHostsFile, `xcatmn1 ${hostKey}\n`);
    return onLoopback(sshd.port, {
      privateKeyFile: sshd.file(userKey),
      knownHostsFile,
      hostKeys: { ...shipped.hostKeys, xcatmn1: hostKey },
    });
  }

  test("an observation reads the node, changes nothing, and nothing of it is left when its process has ended", async () => {
    const cluster = node("user", sshd.hostKey);
    const WANTED = { ip: "203.0.113.7", prefix: "24", interface: "lo", label: "lo:0", address: "203.0.113.7/24" };
    const PLACES = ["/run/xcat-ha", "/etc/xcat-ha", "/var/lib/xcat-ha", "/usr/local/sbin/xcat-ha"];
    const there = () => PLACES.map((place) => existsSync(place));
    const found = there();
    const addresses = readFileSync("/proc/net/fib_trie", "utf8");
    const { requests, alive } = await observeInAProcess(cluster, [
      ["observe", "virtualIp", WANTED],
      ["observe", "nodeProgram", { program: "sha", description: "sha" }],
      ["observe", "nothing", {}],
    ]);
    assert.ok(alive > 0, "no session ran on the node: the checks below would prove nothing");
    const [virtualIp, nodeProgram, nothing] = requests;
    assert.deepEqual(virtualIp, { code: 0, values: { ...WANTED, address: "absent" } });
    if (!existsSync("/usr/local/sbin/xcat-ha")) assert.equal(nodeProgram.values.program, "absent");
    assert.equal(nothing.code, 64, "a part that does not exist is an error, never absent");
    assert.deepEqual(there(), found);
    assert.equal(readFileSync("/proc/net/fib_trie", "utf8"), addresses);
    for (let waited = 0; waited < 80 && sshd.sessions().length > 0; waited++) await sleep(100);
    assert.deepEqual(sshd.sessions(), [], "a shell or the shared connection is still there");
    assert.equal(existsSync(controlPath(cluster, "127.0.0.1")), false);
  });

  /** Runs requests as Pulumi's provider process does: in a process that ends when it has nothing more to do. */
  async function observeInAProcess(cluster: Cluster, asked: [string, string, Record<string, string>][]) {
    const script = `
      const { openSession } = require("./components/remote/session");
      const { decodeDocument } = require("./components/remote/document");
      const { cluster, settings, asked } = JSON.parse(process.argv[1]);
      (async () => {
        const session = await openSession(cluster, "xcatmn1", settings);
        for (const words of asked) {
          const { code, stdout } = await session.request(...words);
          console.log(JSON.stringify({ code, values: code === 0 ? decodeDocument(stdout) : {} }));
        }
      })();`;
    const input = JSON.stringify({ cluster, settings: settingsOf(cluster, "xcatmn1"), asked });
    const child = spawn(process.execPath, ["-e", script, input], { cwd: join(__dirname, "../.."), stdio: "pipe" });
    let [output, errors, alive] = ["", "", 0];
    child.stdout.on("data", (chunk) => {
      output += chunk;
      alive = Math.max(alive, sshd.sessions().length);
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(code, 0, errors);
    const lines = output.split("\n").filter(Boolean);
    return {
      requests: lines.map((line) => JSON.parse(line) as { code: number; values: Record<string, string> }),
      alive,
    };
  }

  test("a user other than root observes by sudo, which asks for nothing", async () => {
    const sudo = 'PATH=$PATH:/usr/bin:/bin; [[ "$1 $2 $3" == "-n -H --" ]] && shift 3 && SUDO=yes exec "$@"';
    const own = new Sshd({ name: "admin", sudo });
    await own.start();
    try {
      writeFileSync(own.file("known_hosts"), `xcatmn1 ${own.hostKey}\n`);
      const cluster = onLoopback(own.port, {
        ssh: { ...shipped.ssh, port: own.port, user: "admin" },
        privateKeyFile: own.file("user"),
        knownHostsFile: own.file("known_hosts"),
        hostKeys: { ...shipped.hostKeys, xcatmn1: own.hostKey },
      });
      const session = await open(cluster);
      const wanted = { ip: "203.0.113.7", prefix: "24", interface: "lo", label: "lo:0", address: "absent" };
      const { code, stderr } = await session.request("observe", "virtualIp", wanted);
      session.close();
      assert.equal(code, 0, stderr);
    } finally {
      own.stop();
    }
  });

  test("what root's .bashrc prints without a newline is in nobody's way", async () => {
    const own = new Sshd({
      name: "admin",
      sudo: "PATH=$PATH:/usr/bin:/bin; printf 'Last backup: today. '; shift 3; exec \"$@\"",
    });
    await own.start();
    try {
      writeFileSync(own.file("known_hosts"), `xcatmn1 ${own.hostKey}\n`);
      const cluster = onLoopback(own.port, {
        ssh: { ...shipped.ssh, port: own.port, user: "admin" },
        privateKeyFile: own.file("user"),
        knownHostsFile: own.file("known_hosts"),
        hostKeys: { ...shipped.hostKeys, xcatmn1: own.hostKey },
      });
      const session = await open(cluster);
      session.close();
    } finally {
      own.stop();
    }
  });

  test("a node whose systemd does not answer is no node without services: an error that says so", async () => {
    const own = new Sshd();
    await own.start();
    try {
      writeFileSync(own.file("bin/no-systemd"), "");
      writeFileSync(own.file("known_hosts"), `xcatmn1 ${own.hostKey}\n`);
      const cluster = onLoopback(own.port, {
        privateKeyFile: own.file("user"),
        knownHostsFile: own.file("known_hosts"),
        hostKeys: { ...shipped.hostKeys, xcatmn1: own.hostKey },
      });
      await assert.rejects(open(cluster), {
        message:
          "systemd on xcatmn1 does not say which services there are; expected an answer for 21 units, seen 0\n" +
          "evidence: no answer: Failed to connect to bus: Connection refused\n" +
          "next: systemctl show named.service on xcatmn1; when it answers, run the same command again",
      });
    } finally {
      own.stop();
    }
  });

  test("a connection that is lost in the middle is an error that says so", async () => {
    const cluster = node("user", sshd.hostKey);
    // A connection of its own: the other tests share theirs.
    cluster.hostKeys = { ...cluster.hostKeys, xcatmn1: `${sshd.hostKey} lost` };
    const session = await open(cluster);
    // The process behind the connection has the session's pipes too, and goes on with what was asked: stopped first, it brings no answer.
    const master = spawnSync("ssh", ["-O", "check", ...sshArguments(cluster, "xcatmn1", "127.0.0.1")]);
    const pid = Number(/pid=(\d+)/.exec(String(master.stderr))?.[1]);
    process.kill(pid, "SIGSTOP");
    try {
      const asked = session.request("observe", "virtualIp", { ip: "203.0.113.7", address: "absent" });
      session.child.kill("SIGKILL");
      await assert.rejects(asked, {
        message:
          "the connection to xcatmn1 at 127.0.0.1 was lost while it was observed; expected an answer\n" +
          "evidence: closed by the other side\n" +
          "next: run the same pulumi command again",
      });
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });
});
