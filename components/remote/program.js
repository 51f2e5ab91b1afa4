// The node program as one text, out of the checkout's node/: the same for an observation, which sends it and leaves nothing behind,
// and for the node, where NodeProgram installs it.
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const NODE_FOLDER = path.join(__dirname, "..", "..", "node");

/** @param {string} folder below node/ @returns {string[]} its shell files, below node/ */
function shellFiles(folder) {
  const entries = fs.readdirSync(path.join(NODE_FOLDER, folder), { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const file = `${folder}/${entry.name}`;
      return entry.isDirectory() ? shellFiles(file) : file.endsWith(".sh") ? [file] : [];
    })
    .sort();
}

/** @returns {string[]} every library and every part, below node/. Their order means nothing: each defines, and calls nothing when it is read. */
const programFiles = () => [...shellFiles("lib"), ...shellFiles("parts")];

/** Programs in other languages, by folder below node/. */
const OTHER_LANGUAGES = ["awk", "perl"];

/**
 * Each as a variable of the shell, because a node gets one file: node/awk/countsDns.awk is COUNTS_DNS_AWK.
 * @returns {string}
 */
function otherPrograms() {
  const lines = OTHER_LANGUAGES.flatMap((language) =>
    fs.readdirSync(path.join(NODE_FOLDER, language)).map((file) => {
      const name = `${path.parse(file).name.replace(/[A-Z]/g, "_$&")}_${language}`.toUpperCase();
      const text = fs.readFileSync(path.join(NODE_FOLDER, language, file), "utf8");
      return `${name}='${text.replaceAll("'", "'\\''")}'\n`;
    }),
  );
  return lines.sort().join("");
}

/** @returns {string} every function of the node program, and no call */
function programFunctions() {
  const files = ["header.sh", ...programFiles()];
  const [header, ...texts] = files.map((file) => fs.readFileSync(path.join(NODE_FOLDER, file), "utf8"));
  return [header, otherPrograms(), ...texts].join("\n");
}

/** @returns {string} the file that is installed on a node */
const installedProgram = () => `${programFunctions()}\nmain "$@"\n`;

/** @returns {string} what `bash -s` reads to serve the requests of an observing session */
const servingProgram = () => `${programFunctions()}\nmain serve\n`;

/** @param {string} content @returns {string} */
const sha256 = (content) => crypto.createHash("sha256").update(content).digest("hex");

module.exports = { programFiles, otherPrograms, installedProgram, servingProgram, sha256 };
