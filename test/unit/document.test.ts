import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decodeDocument, encodeDocument } from "../../components/remote/document";
import { bash, LEASE_LIBRARIES } from "../helpers/bash";

const trap = join(tmpdir(), `xcat-ha-trap-${process.pid}`);

const VALUES: [what: string, value: string][] = [
  ["a word", "10.5.106.7/8"],
  ["nothing", ""],
  ["blanks around and between", "  two  blanks "],
  ["a tab", "\tone\ttab"],
  ["single and double quotes", `'single' "double" '\\''`],
  ["backslashes", String.raw`\ \\ \n \0 end\ `.trimEnd()],
  ["a command in $()", `$(touch ${trap})`],
  ["a command in backticks", `\`touch ${trap}\``],
  ["a command behind a quote", `'; touch ${trap}; '`],
  ["a variable and a history sign", "$HOME $PATH !!"],
  ["arithmetic that runs a command", `a[$(touch ${trap})]`],
  ["lines", "one\ntwo"],
  ["trailing newlines", "one\n\n\n"],
  ["nothing but newlines", "\n\n"],
  ["a carriage return", "one\r\ntwo\r\n"],
  ["a leading dash", "-n"],
  ["an option of printf", "-v document_into"],
  ["a pattern", "* ? [a-z] {1,2} ~"],
  ["letters beyond ASCII", "Köln 東京 ✓ 🙂"],
  ["percent signs", "%s %d %%"],
  ["what looks like a line of a document", "key\tvalue\n"],
  ["what looks like an escape", String.raw`a\nb\tc\\d\x41\101`],
  ["a long text", "0123456789abcdef".repeat(20_000)],
];

/** Keys as the parts use them: paths, addresses, dots and colons. */
const KEYS = ["/var/lib/pgsql:owner", "10.5.106.7/32", "active.virtualIp.address", "settings.units", "program.text"];

const END = "end of document\n";

/** What the node program reads and writes again. */
function throughBash(document: string): string {
  const { code, stdout, stderr } = bash(["document"], "declare -A D=(); document_read D; document_write D", document);
  assert.equal(code, 0, stderr);
  return stdout;
}

const sent: Record<string, string> = Object.fromEntries([
  ...VALUES.map(([, value], index) => [`value${index}`, value]),
  ...KEYS.map((key) => [key, `the value of ${key}`]),
]);
rmSync(trap, { force: true });
const returned = throughBash(encodeDocument(sent));
const received = decodeDocument(returned);

VALUES.forEach(([what, value], index) => {
  test(`a value comes back from the node as it went: ${what}`, () => assert.equal(received[`value${index}`], value));
});

for (const key of KEYS)
  test(`a key comes back from the node as it went: ${key}`, () => assert.equal(received[key], sent[key]));

test("no value was run as a command on its way", () => assert.equal(existsSync(trap), false));

test("both ends write the same text: keys in order, one line each", () => {
  assert.equal(returned, encodeDocument(sent));
  assert.equal(encodeDocument({ b: "2\n", a: "" }), `a\t\nb\t2\\n\n${END}`);
  assert.equal(throughBash(`\na\t\n\nb\t2\\n\n${END}`), `a\t\nb\t2\\n\n${END}`);
  assert.equal(encodeDocument({}), END);
  assert.equal(throughBash(END), END);
});

const NO_DOCUMENT: [what: string, document: string][] = [
  ["a sentence", "ssh: connect to host\n"],
  ["a key alone", "key\n"],
  ["a key with a blank", "a key\tvalue\n"],
  ["a value without a key", "\tvalue\n"],
  ["two values", "key\tone\ttwo\n"],
  ["a backslash that stands for nothing", "key\tone\\who\n"],
  ["a backslash at the end", "key\tone\\\\\\\n"],
  ["an escape of printf that is none of a document", "key\t\\x41\n"],
];

for (const [what, document] of NO_DOCUMENT) {
  test(`${what} is no line of a document`, () =>
    assert.throws(() => decodeDocument(document + END), /^Error: not a line of a document: "/));

  test(`the node refuses ${what}`, () => {
    const { code } = bash(["document"], "declare -A D=(); document_read D", document + END);
    assert.equal(code, 1);
  });
}

test("a value cannot hold a NUL, which bash would lose", () =>
  assert.throws(() => encodeDocument({ key: "a\0b" }), /^Error: a value of a document cannot hold a NUL: key/));

for (const key of ["a b", "", "a\nb"])
  test(`a key cannot be ${JSON.stringify(key)}`, () =>
    assert.throws(() => encodeDocument({ [key]: "value" }), /^Error: a key of a document cannot hold blanks/));

/** Keys and values that look like the mark, and one behind it. */
const WHOLE = encodeDocument({
  end: "of document",
  "end-of": "\nend of document",
  program: "a\\b\tc",
  zone: "end of document",
});
const CUT = [...WHOLE.slice(0, -1)].map((_, length) => WHOLE.slice(0, length));

test("a document that was cut, wherever that was, is none: neither end takes it", () => {
  for (const document of CUT)
    assert.throws(() => decodeDocument(document), /^Error: a document ended early: \d+ characters/);
  const files = ["report", "document"];
  const { stdout } = bash(
    files,
    `NODE=xcatmn1
     while IFS= read -r -d '' cut; do
       code=0; said=$(document_receive D "apply virtualIp" <<<"$cut" 2>&1) || code=$?
       echo "$code \${said%%;*}"
       code=0; (declare -A D=(); document_read D <<<"$cut") || code=$?
       ((code)) || echo "read: $cut"
     done`,
    CUT.map((document) => `${document}\0`).join(""),
  );
  assert.deepEqual(
    stdout.trimEnd().split("\n"),
    CUT.map(() => "10 error: the document of apply virtualIp ended early"),
  );
  const whole = bash(files, "declare -A D=(); NODE=xcatmn1; document_receive D apply; document_write D", WHOLE);
  assert.equal(whole.stdout, WHOLE, whole.stderr);
});

test("what stands behind the end is no document", () =>
  assert.equal(bash(["document"], "declare -A D=(); document_read D", `${END}key\tvalue\n`).code, 1));

test("what an earlier version wrote on the node, which has no end, is read; what is written now has one", () => {
  const folder = mkdtempSync(join(tmpdir(), "xcat-ha-document-"));
  writeFileSync(join(folder, "description"), "active.virtualIp.ip\t10.5.106.7\n");
  writeFileSync(join(folder, "values.virtualIp"), "ip\t10.5.106.9\n");
  const { code, stdout, stderr } = bash(
    [...LEASE_LIBRARIES, "document", "files", "observe", "main"],
    `NODE=xcatmn1 CONFIGURATION=${folder} RECORDS=${folder}; use_settings() { :; }; resolve_units() { :; }
     virtualIp_apply() { echo "was \${BEFORE[ip]}, wanted \${WANT[ip]}"; }
     load_settings; load_values active virtualIp; apply_part virtualIp; cat ${folder}/values.virtualIp`,
  );
  rmSync(folder, { recursive: true });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `was 10.5.106.9, wanted 10.5.106.7\nip\t10.5.106.7\n${END}`);
});
