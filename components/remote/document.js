// Documents: how values travel to and from a node. Lines of a key, a blank and a base64 value; node/lib/document.sh is the other end.

/** @typedef {Record<string, string>} Values */

/** @param {Values} values @returns {string} */
function encodeDocument(values) {
  return Object.keys(values)
    .sort()
    .map((key) => {
      if (!/^\S+$/.test(key)) throw new Error(`a key of a document cannot hold blanks: ${JSON.stringify(key)}`);
      return `${key} ${Buffer.from(values[key], "utf8").toString("base64")}\n`;
    })
    .join("");
}

/** @param {string} text @returns {Values} @throws when a line is none of a document */
function decodeDocument(text) {
  /** @type {Values} */
  const values = {};
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const match = /^(\S+) ([A-Za-z0-9+/=]*)$/.exec(line);
    if (!match) throw new Error(`not a line of a document: ${JSON.stringify(line.slice(0, 200))}`);
    values[match[1]] = Buffer.from(match[2], "base64").toString("utf8");
  }
  return values;
}

module.exports = { encodeDocument, decodeDocument };
