// A file's text, and the YAML in it.
const fs = require("node:fs");
const { isAlias, parseDocument, visit } = require("yaml");
const { seen } = require("./findings");

/**
 * A file's text, or why it cannot be read.
 * @param {string} file @returns {{ text: string, why?: undefined } | { text?: undefined, why: string }}
 */
function readText(file) {
  try {
    return { text: fs.readFileSync(file, "utf8") };
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    const known = { ENOENT: "no such file", EISDIR: "a directory", EACCES: "may not be read" };
    return { why: known[/** @type {keyof typeof known} */ (code)] ?? message };
  }
}

/**
 * What YAML itself finds wrong; the value only where that is nothing.
 * @param {string} content @returns {{ value: unknown, found: string[] }}
 */
function parseYaml(content) {
  const document = parseDocument(content);
  const lines = content.split("\n");
  const at = (/** @type {number} */ line) => `line ${line}, ${seen(lines[line - 1] ?? "")}:`;
  const twice = document.errors.filter(({ code }) => code === "DUPLICATE_KEY");
  // Of other errors the first alone: those behind it follow from it.
  const faults = twice.length > 0 ? twice : document.errors.slice(0, 1);
  if (faults.length > 0)
    return { value: undefined, found: faults.map((error) => `${at(error.linePos?.[0].line ?? 1)} ${faultOf(error)}`) };
  const references = anchorsAndAliases(document, content).map(({ text, offset }) => {
    const line = content.slice(0, offset).split("\n").length;
    return `${at(line)} ${text}; expected the value itself, written out at each place`;
  });
  return references.length > 0 ? { value: undefined, found: references } : { value: document.toJS(), found: [] };
}

/** What an error of the library says to who wrote the file. @param {import("yaml").YAMLError} error */
function faultOf({ code, message }) {
  if (code === "DUPLICATE_KEY") return "this key stands there twice; remove one of them";
  if (code === "TAB_AS_INDENT") return "a tab; expected blanks as indentation";
  if (code === "MULTIPLE_DOCS") return "a second document begins; expected one";
  const said = message.split("\n")[0].replace(/ at line \d+, column \d+:$/, "");
  const quotes = "with quotes around a value that holds a colon or begins with a bracket or *";
  return `${said}; expected YAML, key: value, ${quotes}`;
}

/**
 * A value that stands elsewhere is not seen by who reads or edits one line of the pair's description.
 * @param {import("yaml").Document} document @param {string} content @returns {{ text: string, offset: number }[]}
 */
function anchorsAndAliases(document, content) {
  /** @type {{ text: string, offset: number }[]} */
  const found = [];
  visit(document, {
    Node(_, node) {
      const offset = node.range?.[0] ?? 0;
      if (isAlias(node)) found.push({ text: `the alias *${node.source}`, offset });
      else if (node.anchor)
        found.push({ text: `the anchor &${node.anchor}`, offset: content.lastIndexOf(`&${node.anchor}`, offset) });
    },
  });
  return found;
}

module.exports = { readText, parseYaml };
