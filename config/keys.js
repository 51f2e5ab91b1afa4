// The files of keys that cluster.yaml names: the private key of this program, and the host keys of the nodes.
const fs = require("node:fs");
const { readText } = require("./file");
const { seen } = require("./findings");

/** @typedef {import("./schema").Cluster} Cluster */

const BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----";
const SHOW_KEY = "cat /etc/ssh/ssh_host_ed25519_key.pub";

/**
 * Whether a private key wants a passphrase: by PEM's headers, or by OpenSSH's name of the cipher behind its magic.
 * @param {string} text
 */
function hasPassphrase(text) {
  if (/^(Proc-Type: 4,ENCRYPTED|-----BEGIN ENCRYPTED PRIVATE KEY-----)/m.test(text)) return true;
  const [, body] = /^-----BEGIN OPENSSH PRIVATE KEY-----\s([^-]*)/m.exec(text) ?? [];
  const key = Buffer.from(body ?? "", "base64");
  const magic = "openssh-key-v1\0";
  if (!key.toString("latin1").startsWith(magic)) return false;
  const length = key.readUInt32BE(magic.length);
  return key.toString("latin1", magic.length + 4, magic.length + 4 + length) !== "none";
}

/**
 * What ssh's reader of OpenSSH's format would stumble over, and what helps. It wants the first and the last line to the
 * letter, and skips blanks between them.
 * @param {string} text @param {string} file
 */
function malformed(text, file) {
  if (!text.includes(BEGIN)) return undefined;
  const marks = text.match(/^.*-----(BEGIN|END) OPENSSH PRIVATE KEY-----.*\r?$/gm) ?? [];
  if (marks.some((line) => /\r/.test(line)))
    return `with carriage returns, as from Windows; expected none. sed -i 's/\\r$//' ${file}`;
  if (marks.some((line) => /^[ \t]|[ \t]$/.test(line)))
    return `with blanks around its lines; expected none. sed -i 's/^[[:blank:]]*//; s/[[:blank:]]*$//' ${file}`;
  if (!text.startsWith("-----BEGIN"))
    return `with something before its first line; expected ${BEGIN} there. sed -i '1,/BEGIN/{/BEGIN/!d}' ${file}`;
  if (!/^-----END OPENSSH PRIVATE KEY-----$/m.test(text))
    return "without its last line; expected -----END OPENSSH PRIVATE KEY----- there. Copy the whole file again";
  if (!/^-----END OPENSSH PRIVATE KEY-----\n/m.test(text))
    return `without a newline behind its last line, as after a paste; expected one. echo >>${file}`;
  return undefined;
}

/** @param {string} file */
const withoutPassphrase = (file) =>
  `ssh-keygen -p -N '' -f ${file}, or a key of its own: ssh-keygen -t ed25519 -N '' -f FILE`;

/** Why ssh could not use a private key. @param {string} file @param {Cluster["ssh"]} ssh @returns {string[]} */
function privateKeyFindings(file, { privateKey: key, user }) {
  const { text, why } = readText(file);
  const saw = `ssh.privateKey: seen ${seen(key)}`;
  if (why === "no such file")
    return [
      `${saw}; no such file. ssh-keygen -t ed25519 -f ${file}, then ssh-copy-id -i ${file} ${user}@NODE for both nodes`,
    ];
  if (text === undefined) return [`${saw}, ${why}; expected the file of a private key`];
  if (/^(ssh|ecdsa|sk)-/.test(text)) return [`${saw}, a public key; expected the private one, without .pub`];
  const fault = malformed(text, file);
  if (fault) return [`${saw}, a key that ssh cannot read: ${fault}`];
  if (!/^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----$/m.test(text))
    return [`${saw}, which holds no private key; expected ${BEGIN} as its first line`];
  if (hasPassphrase(text))
    return [
      `${saw}, a key with a passphrase, which nobody could type; expected one without. ${withoutPassphrase(file)}`,
    ];
  const { mode, uid } = fs.statSync(file);
  if (uid === process.getuid?.() && mode & 0o077)
    return [`${saw}, which others may read (mode ${(mode & 0o777).toString(8)}): ssh ignores it. chmod 600 ${file}`];
  return [];
}

/**
 * The pinned key of each node, and what is wrong with them.
 * @param {string} file @param {Cluster} cluster
 */
function pinnedKeys(file, { nodes, ssh }) {
  /** @type {Record<string, string>} */
  const hostKeys = {};
  const { text, why } = readText(file);
  if (text === undefined) {
    const line = `a line a node: its name, then what ${SHOW_KEY} prints on it`;
    return { hostKeys, found: [`ssh.knownHosts: seen ${seen(ssh.knownHosts)}, ${why}; expected ${file} with ${line}`] };
  }
  const found = [];
  for (const [node, { address }] of Object.entries(nodes)) {
    const key = hostKeyOf(text, node);
    const [twin] = Object.entries(hostKeys).find(([, other]) => other === key) ?? [];
    if (!key) {
      const next = `On ${node} (${address}): ${SHOW_KEY}; put that behind the name ${node}`;
      found.push(`ssh.knownHosts: ${file} has no ed25519 or ecdsa key of ${node}. ${next}`);
    } else if (twin) {
      const next = `Where one was cloned from the other: rm /etc/ssh/ssh_host_*; ssh-keygen -A on ${node}`;
      found.push(`ssh.knownHosts: ${twin} and ${node} have the same key; expected two machines. ${next}`);
    } else hostKeys[node] = key;
  }
  return { hostKeys, found };
}

/**
 * The key line of a node ("ssh-ed25519 AAAA..."), by its name, out of a file in the format of sshd(8), SSH_KNOWN_HOSTS.
 * @param {string} content @param {string} node @returns {string | undefined}
 */
function hostKeyOf(content, node) {
  const lines = content.split("\n").map((line) => line.trim().split(/\s+/));
  const keys = lines.filter(([names, type, key]) => names?.split(",").includes(node) && type && key);
  // With an RSA key pinned the command plugin would ask for a signature by SHA-1, which sshd refuses.
  const [, type, key] =
    keys.find(([, type]) => type === "ssh-ed25519") ?? keys.find(([, type]) => type.startsWith("ecdsa-")) ?? [];
  return type && `${type} ${key}`;
}

module.exports = { privateKeyFindings, pinnedKeys, hostKeyOf };
