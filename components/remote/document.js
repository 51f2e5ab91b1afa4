// Documents: how values travel to and from a node. Lines of a key, a tab and a value in which \\, \n and \t stand for a backslash, a newline
// and a tab, and the mark of its end; node/lib/document.sh is the other end.

/** The last line: half a document is none. */
const END = "end of document";

/** @typedef {Record<string, string>} Values */

/** @type {Record<string, string>} */
const ESCAPES = { "\\": "\\\\", "\n": "\\n", "\t": "\\t" };
/** @type {Record<string, string>} */
const UNESCAPED = Object.fromEntries(Object.entries(ESCAPES).map(([character, escaped]) => [escaped, character]));

/** @param {string} text @returns {string} as it stands in a document: on one line, without a tab */
const escapeText = (text) => text.replaceAll(/[\\\n\t]/g, (character) => ESCAPES[character]);

/** @param {string} text @returns {string} */
const unescapeText = (text) => text.replaceAll(/\\[\\nt]/g, (escaped) => UNESCAPED[escaped]);

/** @param {Values} values @returns {string} @throws where bash cannot hold a key or a value */
function encodeDocument(values) {
  const lines = Object.keys(values)
    .sort()
    .map((key) => {
      if (!/^\S+$/.test(key)) throw new Error(`a key of a document cannot hold blanks: ${JSON.stringify(key)}`);
      if (values[key].includes("\0")) throw new Error(`a value of a document cannot hold a NUL: ${key}`);
      return `${key}\t${escapeText(values[key])}\n`;
    });
  return `${lines.join("")}${END}\n`;
}

/** @param {string} text @returns {Values} @throws when a line is none of a document, or the end is missing */
function decodeDocument(text) {
  /** @type {Values} */
  const values = {};
  const lines = text.split("\n").filter((line) => line !== "");
  if (lines.pop() !== END) throw new Error(`a document ended early: ${text.length} characters`);
  for (const line of lines) {
    const match = /^(\S+)\t([^\\\t]*(?:\\[\\nt][^\\\t]*)*)$/.exec(line);
    if (!match) throw new Error(`not a line of a document: ${JSON.stringify(line.slice(0, 200))}`);
    values[match[1]] = unescapeText(match[2]);
  }
  return values;
}

module.exports = { encodeDocument, decodeDocument, unescapeText };
