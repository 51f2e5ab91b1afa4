import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { servingProgram } from "../../components/remote/program";
import { NodeError, openSession } from "../../components/remote/session";
import { settingsOf } from "../../components/settings";
import { ConfigError, loadCluster } from "../../config/cluster";
import { readStack } from "../../config/stack";
import { CANNOT_RUN, freePort, listen, Sshd } from "../helpers/sshd";
import { edited, REFUSALS, type Refusal, type SessionFault } from "../refusals";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-refusals-"));
after(() => rmSync(folder, { recursive: true }));
const shipped = readFileSync(join(__dirname, "../../cluster.yaml"), "utf8");
const clusterFile = join(folder, "cluster.yaml");

mkdirSync(join(folder, "ssh"));
const FILES = {
  "id_ed25519.pub": "ssh-ed25519 AAAA root@workstation\n",
  known_hosts: "xcatmn1 ssh-ed25519 AAAA1\nxcatmn2 ssh-ed25519 AAAA2\n",
  one_node: "xcatmn1 ssh-ed25519 AAAA1\n",
  rsa_only: "xcatmn1 ssh-ed25519 AAAA1\nxcatmn2 ssh-rsa AAAA2\n",
  cloned: "xcatmn1 ssh-ed25519 AAAA1\nxcatmn2 ssh-ed25519 AAAA1\n",
};
const KEYS: [file: string, ...options: string[]][] = [
  ["id_ed25519", "-t", "ed25519", "-N", ""],
  ["readable", "-t", "ed25519", "-N", ""],
  ["locked", "-t", "ed25519", "-N", "a passphrase"],
  ["locked.pem", "-t", "ecdsa", "-m", "PEM", "-N", "a passphrase"],
];
for (const [name, ...options] of KEYS) execFileSync("ssh-keygen", ["-q", ...options, "-f", join(folder, "ssh", name)]);
for (const [name, content] of Object.entries(FILES)) writeFileSync(join(folder, "ssh", name), content);
chmodSync(join(folder, "ssh/readable"), 0o644);
const KEY = readFileSync(join(folder, "ssh/id_ed25519"), "utf8");
const BROKEN_KEYS = {
  no_newline: KEY.slice(0, -1),
  carriage_returns: KEY.replaceAll("\n", "\r\n"),
  indented: KEY.replaceAll(/^/gm, "  "),
  a_blank_line_first: `\n${KEY}`,
  cut: KEY.slice(0, 200),
};
for (const [name, text] of Object.entries(BROKEN_KEYS)) writeFileSync(join(folder, "ssh", name), text, { mode: 0o600 });

test("each key that is called unreadable is so to ssh too", () => {
  for (const name of Object.keys(BROKEN_KEYS))
    assert.notEqual(spawnSync("ssh-keygen", ["-y", "-P", "", "-f", join(folder, "ssh", name)]).status, 0, name);
});

const BODY = KEY.split("\n");
/** Line by line, but for the first and the last one. */
const inside = (change: (line: string) => string) =>
  BODY.map((line, at) => (at > 0 && at < BODY.length - 2 ? change(line) : line)).join("\n");
const READ_KEYS: [what: string, text: string][] = [
  ["as ssh-keygen made it", KEY],
  ["blanks at the ends of its lines", inside((line) => `${line}  `)],
  ["blanks at the beginnings of its lines", inside((line) => `  ${line}`)],
  ["carriage returns inside", inside((line) => `${line}\r`)],
  ["text behind its last line", `${KEY}my key  \n\n`],
  ["text with carriage returns behind its last line", `${KEY}\r\nmy key\r\n`],
  ["a blank line inside", inside((line) => `${line}\n`)],
  ["a carriage return behind its last line", KEY.replace(/\n$/, "\r\n")],
  ["a blank behind its first line", KEY.replace("\n", " \n")],
  ["a blank before its last line", KEY.replace("-----END", " -----END")],
  ["a carriage return behind its first line", KEY.replace("\n", "\r\n")],
];
for (const [what, text] of READ_KEYS)
  test(`a key is called unreadable where ssh cannot read it: ${what}`, () => {
    writeFileSync(join(folder, "ssh/tried"), text, { mode: 0o600 });
    const { status } = spawnSync("ssh-keygen", ["-y", "-P", "", "-f", join(folder, "ssh/tried")]);
    let said = "";
    try {
      load(shipped.replace("ssh/id_ed25519", "ssh/tried"));
    } catch (error) {
      said = String(error);
    }
    assert.equal(/cannot read/.test(said), status !== 0, said);
  });

function load(content: string) {
  writeFileSync(clusterFile, content);
  return loadCluster(clusterFile);
}

/** The lines of an error of the configuration, behind its first one. */
function configLines(file: string, run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.stack, error.message, "Pulumi prints the stack: it must be the message alone");
    const [first, ...lines] = error.message.replaceAll(folder, "FOLDER").split("\n  ");
    const count = lines.length === 1 ? "one thing is" : `${lines.length} things are`;
    assert.equal(first, `${file}: ${count} wrong; nothing was touched`);
    return lines;
  }
  return [];
}

const rows = <Kind extends string>(kind: Kind) =>
  REFUSALS.filter((row) => kind in row) as Extract<Refusal, Record<Kind, unknown>>[];

test("the table holds every group, and no row twice", () => {
  assert.ok(REFUSALS.length >= 40);
  assert.deepEqual([...new Set(REFUSALS.map(({ group }) => group))].sort(), [
    "cluster file",
    "config",
    "credentials",
    "network",
    "node state",
    "share state",
  ]);
  const names = REFUSALS.map(({ group, what }) => `${group}: ${what}`);
  assert.deepEqual(names, [...new Set(names)]);
});

describe("the cluster file is refused", () => {
  for (const { group, what, file, says } of rows("file"))
    test(`${group}: ${what}`, () =>
      assert.deepEqual(
        configLines("cluster.yaml", () => load(edited(shipped, file))),
        says,
      ));
});

describe("the config of a stack is refused", () => {
  const cluster = load(shipped);
  for (const { what, stack, says } of rows("stack"))
    test(what, () => {
      const get = (key: string) => stack[key as keyof typeof stack];
      assert.deepEqual(
        configLines("Pulumi.standby.yaml", () => readStack("standby", { get, getObject: get } as never, cluster)),
        says,
      );
    });
});

/** Opens a session that must fail: its message by lines, and how long it took. */
async function sessionFailure(fault: SessionFault): Promise<{ lines: string[]; seconds: number }> {
  const { user } = fault;
  const sshd = new Sshd(
    user && { name: user.name, sudo: user.sudo && `echo ${JSON.stringify(user.sudo)} >&2; exit 1` },
  );
  if (fault.answers === "sshd") await sshd.start();
  const server =
    fault.answers === "sshd" || fault.answers === "nothing"
      ? { port: sshd.port || (await freePort()), close: async () => {} }
      : await listen((socket) => {
          if (fault.answers === "another protocol") socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
          if (fault.answers === "a greeting and silence") socket.write("SSH-2.0-silent\r\n");
        });
  try {
    const good = load(shipped);
    const hostKey = fault.otherPin ? sshd.otherHostKey : sshd.hostKey;
    writeFileSync(sshd.file("known_hosts"), `xcatmn1 ${hostKey}\n`);
    const cluster = {
      ...good,
      nodes: { ...good.nodes, xcatmn1: { address: "127.0.0.1", bootstrapAddress: fault.bootstrapAddress } },
      ssh: { ...good.ssh, port: server.port, user: user?.name ?? "root" },
      privateKeyFile: sshd.file(fault.unknownKey ? "other_user" : "user"),
      knownHostsFile: sshd.file("known_hosts"),
      hostKeys: { ...good.hostKeys, xcatmn1: hostKey },
    };
    const started = Date.now();
    const error = await openSession(cluster, "xcatmn1", settingsOf(cluster, "xcatmn1")).then(
      () => assert.fail("the session opened"),
      (error) => error,
    );
    assert.ok(error instanceof NodeError, String(error));
    assert.equal(error.stack, error.message, "Pulumi prints the stack: it must be the message alone");
    const message = error.message
      .replaceAll(sshd.folder, "FOLDER")
      .replaceAll(String(server.port), "PORT")
      .replace(/SHA256:\S{43}/, "FINGERPRINT");
    return { lines: message.split("\n"), seconds: (Date.now() - started) / 1000 };
  } finally {
    await server.close();
    sshd.stop();
  }
}

describe("a session is refused", { concurrency: true }, () => {
  for (const { group, what, session, says } of rows("session"))
    test(`${group}: ${what}`, { skip: session.answers === "sshd" && CANNOT_RUN }, async () => {
      const { lines, seconds } = await sessionFailure(session);
      assert.deepEqual(lines, says);
      assert.ok(seconds < 100, `${seconds} s`);
    });
});

/** The plan of the real program on a node made of mounts: what it said, its exit code, and whether it touched anything. */
function planOn({ node, role, asking = "" }: Extract<Refusal, { node: string }>) {
  const settings = settingsOf(load(shipped), "xcatmn1");
  const at = join(folder, "node");
  settings["settings.share"] = `${at}/HA`;
  settings["settings.directories"] = ["xcat", "install", "pgsql"]
    .map((name) => `${at}/local/${name} ${at}/HA/${name}`)
    .join("\n");
  const entries = Object.entries(settings).map(([key, value]) => `[${key}]='${value}'`);
  const script = `
    set -euo pipefail
    export SHARE=${at}/HA LOCAL=${at}/local
    mkdir -p ${at}; mount -t tmpfs tmpfs ${at}; mkdir -p "$SHARE" "$LOCAL" ${at}/etc ${at}/work ${at}/root
    mount -t tmpfs -o size=40M tmpfs "$SHARE"
    mount -t overlay -o lowerdir=/etc,upperdir=${at}/etc,workdir=${at}/work overlay /etc
    printf '%032d\\n' 1 >/etc/machine-id
    # The unit tests' machine is no management node: what a row does not break is there.
    systemctl_lacks='' missing='' system=ok static=here owners=''
    lacks() { systemctl_lacks="$*"; }
    without() { missing="$*"; }
    system() { system="$*"; }
    ${node}
    digest_all() { find ${at} -xdev -printf '%p %y %m %s %T@ %l\\n' -type f -exec sha256sum {} +; [[ $(stat -f -c %T "$SHARE" 2>/dev/null) != tmpfs ]] || find "$SHARE" -printf '%p %y %m %s %T@\\n' -type f -exec sha256sum {} +; }
    before=$(digest_all)
    set +e
    (
      ${servingProgram().replace(/\nmain serve\n$/, "\n")}
      set -Eeuo pipefail
      system_state() { printf '%s\\n' "$system"; }
      missing_tools() { printf '%s' "$missing"; }
      cfgloc_state() { echo "Pg $VIP"; }
      own_name_state() { echo ok; }
      make_traps() { :; }
      mount_state() { echo ok; }
      login_facts() { FACT[login]=; }
      root_key_state() { :; }
      database_facts() { FACT[astray]='' FACT[unfit]=''; }
      clock_facts() { FACT[clock]=ok; }
      static_address_facts() { FACT[static]=$static FACT[owners]=$owners; }
      units_ask() {
        local unit
        for unit; do
          UNIT_STATE[$unit]=inactive UNIT_THERE[$unit]=yes
          [[ " $systemctl_lacks " != *" $unit "* ]] || UNIT_THERE[$unit]=no
        done
      }
      declare -A FROM=(${entries.join(" ")})
      use_settings FROM
      WANT[stack]='${asking}'
      verb_plan ${role}
    )
    code=$?
    set -e
    [[ $before == "$(digest_all)" ]] || code="$code and touched something"
    printf 'code %s\\n' "$code"`;
  // From a file: the program is longer than one argument may be.
  writeFileSync(join(folder, "plan.sh"), script);
  const done = spawnSync("unshare", ["--mount", "bash", join(folder, "plan.sh")], { encoding: "utf8" });
  return {
    code: done.stdout.trim(),
    lines: done.stderr
      .replaceAll(`${at}/HA`, "/HA")
      .replaceAll(`${at}/local`, "LOCAL")
      .replace(/\b0{31}1\b/, "MACHINE-ID")
      .replace(/^error: /, "")
      .split("\n")
      .slice(0, -1),
  };
}

describe("the plan on a node is a refusal", { skip: CANNOT_RUN }, () => {
  for (const row of rows("node"))
    test(`${row.group}: ${row.what}`, () => {
      const { code, lines } = planOn(row);
      assert.deepEqual(lines, row.says);
      assert.match(code, /^code [1-9]\d*$/);
    });
});
