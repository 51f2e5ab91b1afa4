// What is wrong with a file of the configuration, as its reader gets it.

/** One file, and all that is wrong with it. */
class ConfigError extends Error {
  /** @param {string} file its name @param {string[]} findings a line each: the key, what was seen, what was expected */
  constructor(file, findings) {
    const count = findings.length === 1 ? "one thing is" : `${findings.length} things are`;
    super(`${file}: ${count} wrong; nothing was touched\n${findings.map((finding) => `  ${finding}`).join("\n")}`);
    // Pulumi prints the stack of an error, twice: here it would only hide the message.
    this.stack = this.message;
    this.findings = findings;
  }
}

/** A value as a finding shows it, on one line. @param {unknown} value */
function seen(value) {
  const text = value === undefined || value === null ? "nothing" : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

module.exports = { ConfigError, seen };
