import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { decodeDocument, encodeDocument } from "../../components/remote/document";
import { bash } from "./bash";

const VALUES: Record<string, string> = {
  plain: "10.5.106.7/8",
  blanks: "  two  blanks ",
  quotes: `'single' "double" \\ back`,
  command: "$(touch /tmp/xcat-ha-was-here) `touch /tmp/xcat-ha-was-here`",
  newlines: "one\ntwo\n\n",
  empty: "",
  dash: "-n",
  unicode: "Köln ✓",
  "/etc/xcat": "-> /HA/xcat",
  "10.5.106.7/32": "host all all 10.5.106.7/32 md5",
};

test("a document read and written by the node program is the same document", () => {
  const document = encodeDocument(VALUES);
  const { code, stdout, stderr } = bash(
    ["node/lib/document.sh"],
    "declare -A D=(); document_read D; document_write D",
    document,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(decodeDocument(stdout), VALUES);
  assert.equal(existsSync("/tmp/xcat-ha-was-here"), false);
});

test("what is no line of a document is refused", () => {
  assert.throws(() => decodeDocument("key not base64!\n"), /not a line of a document/);
  assert.throws(() => encodeDocument({ "a b": "c" }), /cannot hold blanks/);
});
