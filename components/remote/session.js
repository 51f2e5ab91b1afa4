// One SSH connection to one node, for all observations of one Pulumi operation. It carries requests to the serving node program,
// one after another, and ends by itself when nobody asks any more.
const { spawn } = require("node:child_process");
const crypto = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { loadCluster } = require("../../config/cluster");
const { encodeDocument, unescapeText } = require("./document");
const { servingProgram } = require("./program");

const CONNECT_SECONDS = 5;
/** How long one request may take; a hung share has its own, shorter limit on the node. */
const REQUEST_SECONDS = 120;

/** @typedef {{ code: number, stdout: string, stderr: string }} Reply */
/** @typedef {ReturnType<typeof loadCluster>} LoadedCluster */

class NodeError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    // Pulumi prints the stack of an error, twice: here it would only hide the message.
    this.stack = message;
  }
}

/** Nobody answered as SSH does at that address: the node may be at another one. Every other failure is an answer of it. */
class UnreachedError extends NodeError {}

/**
 * The arguments of ssh(1) for a node at an address. The host key is pinned under the node's name, whatever its address is.
 * @param {LoadedCluster} cluster @param {string} node @param {string} address @param {number} [seconds] for how long it may connect
 */
function sshArguments(cluster, node, address, seconds = CONNECT_SECONDS) {
  const options = {
    BatchMode: "yes",
    ConnectTimeout: String(seconds),
    ServerAliveInterval: "5",
    ServerAliveCountMax: "3",
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: cluster.knownHostsFile,
    GlobalKnownHostsFile: "/dev/null",
    HostKeyAlias: node,
    CheckHostIP: "no",
    IdentitiesOnly: "yes",
    IdentityAgent: "none",
    ControlMaster: "auto",
    // The two provider processes of one `up` share the connection; a changed key or address opens another.
    ControlPath: path.join(controlFolder(), controlName(cluster, node, address)),
    ControlPersist: "3",
    LogLevel: "ERROR",
  };
  return [
    "-F",
    "none",
    "-T",
    "-i",
    cluster.privateKeyFile,
    "-l",
    cluster.ssh.user,
    "-p",
    String(cluster.ssh.port),
    ...Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]),
    address,
  ];
}

/**
 * Where the sockets of shared connections lie: a folder that only this user can enter. A socket under a name that can be guessed, where
 * everybody may write, can be another user's, who then answers as the node.
 */
function controlFolder() {
  const own = process.getuid?.() ?? -1;
  const folder = path.join(os.tmpdir(), `xcat-ha-${own}`);
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST")
      throw new NodeError(
        `${folder} could not be made; expected a folder for the sockets of shared connections; nothing was touched\nevidence: ${error}\nnext: set TMPDIR to a folder where you may write`,
      );
  }
  const seen = fs.lstatSync(folder);
  if (seen.isDirectory() && seen.uid === own && (seen.mode & 0o077) === 0) return folder;
  const kind = seen.isDirectory() ? "a folder" : "no folder";
  throw new NodeError(
    `${folder} is ${kind} of the user id ${seen.uid}, mode ${(seen.mode & 0o777).toString(8)}; expected a folder of ${own}, mode 700: what lies in it answers as a node; nothing was touched\nevidence: ls -ld ${folder}\nnext: rm -r ${folder}\nnext: where it is another user's: ask why, and set TMPDIR to a folder of your own`,
  );
}

/** @param {LoadedCluster} cluster @param {string} node @param {string} address */
function controlName(cluster, node, address) {
  const network = fsSafe(() => fs.readlinkSync("/proc/self/ns/net"));
  const key = fsSafe(() => fs.readFileSync(cluster.privateKeyFile, "utf8"));
  return crypto
    .createHash("sha256")
    .update(JSON.stringify([process.getuid?.(), network, address, cluster.ssh, cluster.hostKeys[node], key]))
    .digest("hex")
    .slice(0, 16);
}

/** @param {() => string} read */
function fsSafe(read) {
  try {
    return read();
  } catch {
    return "";
  }
}

/**
 * Why a connection failed, in the lines of every error.
 * @param {LoadedCluster} cluster @param {string} node @param {string} address @param {string} evidence what ssh said
 * @param {number} seconds
 */
function connectionError(cluster, node, address, evidence, seconds) {
  const said = evidence
    .trim()
    .split(/[\r\n]+/)
    // Not ssh's advice to drop the pin: ours says what to compare first.
    .filter((line) => !/^@|^\s*$|remove with:|ssh-keygen -f|Offending|Please contact|Add correct host key/.test(line))
    .slice(-4)
    .join(" ");
  const where = `${node} at ${address}:${cluster.ssh.port}`;
  if (cluster.ssh.user !== "root" && /sudo|not allowed to execute/.test(said))
    return sudoError(cluster, node, address, said);
  if (/REMOTE HOST IDENTIFICATION|host key.*changed|Host key verification failed/i.test(evidence))
    return new NodeError(
      `${where} shows another host key than the one pinned for ${node}; nothing was touched\nevidence: ${said}\nnext: if ${node} was installed anew, compare /etc/ssh/ssh_host_ed25519_key.pub on its console and correct the line ${node} in ${cluster.knownHostsFile}`,
    );
  if (/Permission denied/i.test(evidence))
    return new NodeError(
      `${where} refused the key ${cluster.privateKeyFile}; nothing was touched\nevidence: ${said}\nnext: ssh-copy-id -i ${cluster.privateKeyFile} ${cluster.ssh.user}@${address}`,
    );
  return new UnreachedError(
    `${where} could not be reached by SSH within ${seconds} s; expected an answer; nothing was touched\nevidence: ${said || "it accepts and stays silent"}\nnext: ssh -p ${cluster.ssh.port} ${cluster.ssh.user}@${address}; check nodes.${node}.address in cluster.yaml, and that the node is up`,
  );
}

/**
 * A command of bash as root runs it: any other user asks sudo, which may not ask for a password, because nobody is there to type it. One line
 * of quoted words, because the login shell that reads it may be any: csh, tcsh and fish take them as sh does.
 * @param {{ user: string }} ssh @param {string} command
 */
const asRoot = ({ user }, command) =>
  `exec ${user === "root" ? "" : "sudo -n -H -- "}bash -c '${command.replaceAll("'", "'\\''")}'`;

/**
 * What sudo said instead of what was asked for.
 * @param {LoadedCluster} cluster @param {string} node @param {string} address @param {string} said
 */
function sudoError({ ssh: { user } }, node, address, said) {
  const missing = /sudo: (command )?not found/.test(said);
  if (/must have a tty/.test(said))
    return new NodeError(
      `${user} on ${node} (${address}) may become root by sudo at a terminal only (requiretty); expected that without one, or ssh.user root in cluster.yaml; nothing was touched\nevidence: ${said}\nnext: as root on ${node}: echo 'Defaults:${user} !requiretty' >/etc/sudoers.d/xcat-ha-tty; chmod 440 /etc/sudoers.d/xcat-ha-tty`,
    );
  const allow = `echo '${user} ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/xcat-ha; chmod 440 /etc/sudoers.d/xcat-ha`;
  return new NodeError(
    `${user} on ${node} (${address}) may not become root by sudo without a password; expected that, or ssh.user root in cluster.yaml; nothing was touched\nevidence: ${said}\nnext: as root on ${node}: ${missing ? "install the package sudo; " : ""}${allow}`,
  );
}

class Session {
  /** @param {LoadedCluster} cluster @param {string} node @param {string} address @param {number} seconds */
  constructor(cluster, node, address, seconds) {
    this.seconds = seconds;
    this.cluster = cluster;
    this.node = node;
    this.address = address;
    this.count = 0;
    this.errors = "";
    this.buffer = "";
    /** @type {Map<string, { resolve: (reply: Reply) => void, reject: (error: Error) => void }>} */
    this.waiting = new Map();
    this.answered = false;
    this.child = spawn("ssh", [...sshArguments(cluster, node, address, seconds), asRoot(cluster.ssh, "exec bash -s")], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.child.stderr.on("data", (chunk) => {
      this.errors += chunk;
    });
    // A letter of several bytes can come in two chunks.
    this.child.stdout.setEncoding("utf8").on("data", (chunk) => this.receive(chunk));
    this.child.on("error", (error) =>
      this.fail(new NodeError(`ssh could not be started: ${error.message}\nnext: install the OpenSSH client`)),
    );
    this.child.on("exit", () => {
      // What ssh said can come in after its end, and its evidence decides the message. Not for ever: a shared connection may hold the pipe.
      const end = () => this.failed ?? this.fail(this.ended());
      this.child.stderr.once("close", end);
      setTimeout(end, 500);
    });
    this.child.stdin.on("error", () => {});
    this.child.stdin.write(servingProgram());
    // An open session must not keep Pulumi's provider process alive.
    /** @type {any[]} */
    const handles = [this.child, this.child.stdin, this.child.stdout, this.child.stderr];
    for (const handle of handles) handle.unref?.();
  }

  unreached() {
    return connectionError(this.cluster, this.node, this.address, this.errors, this.seconds);
  }

  ended() {
    if (!this.answered) return this.unreached();
    return new NodeError(
      `the connection to ${this.node} at ${this.address} was lost while it was observed; expected an answer\nevidence: ${this.errors.trim() || "closed by the other side"}\nnext: run the same pulumi command again`,
    );
  }

  /** @param {Error} error */
  fail(error) {
    this.failed = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  /** @param {string} chunk */
  receive(chunk) {
    this.buffer += chunk;
    const lines = this.buffer.split("\n");
    this.buffer = lines.pop() ?? "";
    for (const line of lines) {
      const [word, id, code, stdout = "", stderr = ""] = line.split("\t");
      const waiting = word === "reply" ? this.waiting.get(id) : undefined;
      if (!waiting) continue;
      this.answered = true;
      this.waiting.delete(id);
      waiting.resolve({ code: Number(code), stdout: unescapeText(stdout), stderr: unescapeText(stderr).trim() });
    }
  }

  /**
   * @param {string} verb @param {string} argument @param {Record<string, string>} values
   * @param {number} [seconds] @returns {Promise<Reply>}
   */
  request(verb, argument, values, seconds = REQUEST_SECONDS) {
    if (this.failed) return Promise.reject(this.failed);
    const id = String(++this.count);
    const document = encodeDocument(values);
    const lines = document.split("\n").length - 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.child.kill("SIGKILL");
        this.fail(this.ended());
      }, seconds * 1000);
      this.waiting.set(id, {
        resolve: (reply) => {
          clearTimeout(timer);
          resolve(reply);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.child.stdin.write(`request ${id} ${verb} ${argument || "-"} ${lines}\n${document}`);
    });
  }

  /**
   * As `request`, and what the node calls an error is one; its standard output.
   * @param {string} verb @param {string} argument @param {Record<string, string>} values @param {number} [seconds] @returns {Promise<string>}
   */
  async ask(verb, argument, values, seconds) {
    const reply = await this.request(verb, argument, values, seconds);
    if (reply.code === 0) return reply.stdout;
    throw new NodeError(
      reply.stderr.replace(/^error: /, "") ||
        `${verb} ${argument} on ${this.node} ended with ${reply.code} and said nothing`,
    );
  }

  close() {
    this.child.stdin.end();
  }
}

/**
 * A session that has answered: at the node's static address, or, before it has that, where it was found first.
 * @param {LoadedCluster} cluster @param {string} node @param {Record<string, string>} settings
 * @param {number} [seconds] for how long it may connect @param {number} [first] for how long its first answer may take, with that
 * @returns {Promise<Session>}
 */
async function openSession(cluster, node, settings, seconds = CONNECT_SECONDS, first = seconds * 2) {
  const { address, bootstrapAddress } = cluster.nodes[node];
  const open = async (/** @type {string} */ at) => {
    const session = new Session(cluster, node, at, seconds);
    try {
      await session.ask("settings", "", settings, first);
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  };
  try {
    return await open(address);
  } catch (error) {
    if (!bootstrapAddress || !(error instanceof UnreachedError)) throw error;
    try {
      return await open(bootstrapAddress);
    } catch (second) {
      throw new NodeError(
        `${/** @type {Error} */ (error).message}\nalso tried: ${String(/** @type {Error} */ (second).message).split("\n")[0]}`,
      );
    }
  }
}

module.exports = { openSession, NodeError, loadCluster, sshArguments, asRoot };
