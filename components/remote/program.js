// The node program as one text, out of the checkout's node/: the same for an observation, which sends it and leaves nothing behind,
// and for the node, where NodeProgram installs it.
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const NODE_FOLDER = path.join(__dirname, "..", "..", "node");

/** Libraries first, in the order in which they need each other; then the parts. */
const LIBRARIES = [
  "report",
  "document",
  "steps",
  "files",
  "observe",
  "platform",
  "interfaceOwner",
  "units",
  "processes",
  "lease",
  "databaseSettings",
  "nodeFacts",
];
const LAST = [
  "clusterData",
  "hostsFile",
  "counts",
  "localFiles",
  "handBuilt",
  "freeze",
  "notify",
  "takeover",
  "databaseCopy",
  "watch",
  "traps",
  "verify",
  "plan",
  "become",
  "run",
  "role",
  "look",
  "main",
];

/** @returns {string} every function of the node program, and no call */
function programFunctions() {
  const parts = fs.readdirSync(path.join(NODE_FOLDER, "parts")).sort();
  const files = [
    "header.sh",
    ...LIBRARIES.map((name) => `lib/${name}.sh`),
    ...parts.map((name) => `parts/${name}`),
    ...LAST.map((name) => `lib/${name}.sh`),
  ];
  return files.map((file) => fs.readFileSync(path.join(NODE_FOLDER, file), "utf8")).join("\n");
}

/** @returns {string} the file that is installed on a node */
const installedProgram = () => `${programFunctions()}\nmain "$@"\n`;

/** @returns {string} what `bash -s` reads to serve the requests of an observing session */
const servingProgram = () => `${programFunctions()}\nmain serve\n`;

/** @param {string} content @returns {string} */
const sha256 = (content) => crypto.createHash("sha256").update(content).digest("hex");

module.exports = { installedProgram, servingProgram, sha256 };
