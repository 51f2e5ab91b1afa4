// What each test came to, a JSON line each, for test/run and test/verdict.ts. The last line says whether every file came to its end: one that
// was killed, or that left without a word on what it began, did not, and is red whatever its exit code says.
const { relative, resolve } = require("node:path");

/** Of a test that fails by itself too, what a hook throws is told nowhere but on standard error. */
const BESIDE_A_TEST = /^BrokenInvariant: (.*)/;

const WHOLE_FILE = "the file itself";
/** @param {object} found */
const line = (found) => `${JSON.stringify(found)}\n`;

/** @param {AsyncIterable<{ type: string, data: any }>} events */
module.exports = async function* reporter(events) {
  /** Files that did not come to their end. @type {Set<string>} */
  const cut = new Set();
  /** What began in each file and has not ended; -1 stands for: nothing began. @type {Map<string, number>} */
  const open = new Map();
  for await (const { type, data } of events) {
    if (!data.file) continue;
    const file = relative(process.cwd(), data.file);
    const wholeFile = data.name !== undefined && resolve(data.name) === data.file;
    if (type === "test:enqueue") {
      const began = Math.max(0, open.get(file) ?? 0);
      open.set(file, wholeFile ? -1 : began + 1);
    }
    const broken = type === "test:stderr" && BESIDE_A_TEST.exec(data.message);
    if (broken) yield line({ file, invariant: true, message: broken[1] });
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (!wholeFile) open.set(file, (open.get(file) ?? 0) - 1);
    const error = data.details.error;
    // Killed, or not even loaded.
    if (error?.signal || (wholeFile && error && open.get(file) === -1)) cut.add(file);
    if (data.details.type === "suite" || data.skip !== undefined || (wholeFile && !error)) continue;
    yield line({
      file,
      name: wholeFile ? WHOLE_FILE : data.name,
      seconds: data.details.duration_ms / 1000,
      passed: !error,
      invariant: error?.cause?.name === "BrokenInvariant",
      message: error && (error.signal ? `killed by ${error.signal}` : String(error.cause?.message ?? error.message)),
    });
  }
  for (const [file, began] of open) {
    if (began === 0 || cut.has(file)) continue;
    cut.add(file);
    const message =
      began < 0 ? "it ended, and no test of it was reported" : `${began} of its tests began and did not end`;
    yield line({ file, name: WHOLE_FILE, seconds: 0, passed: false, invariant: false, message });
  }
  if (cut.size > 0) process.exitCode = 1;
  yield line({ end: cut.size === 0 });
};
