import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bash } from "../helpers/bash";

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-files-"));
after(() => rmSync(folder, { recursive: true }));

/** An empty folder of a test's own. */
function place(): string {
  return mkdtempSync(join(folder, "t-"));
}

function writeFile(file: string, mode: string, content: string) {
  const { code, stderr } = bash(["files"], `umask 022; write_file '${file}' ${mode}`, content);
  assert.equal(code, 0, stderr);
}

const permissions = (file: string) => (statSync(file).mode & 0o7777).toString(8);

for (const mode of ["600", "644", "755"])
  test(`a new file gets the mode that was asked for: ${mode}`, () => {
    const file = join(place(), "new");
    writeFile(file, `0${mode}`, "content\n");
    assert.equal(permissions(file), mode);
    assert.equal(readFileSync(file, "utf8"), "content\n");
  });

for (const [step, spoil] of [
  ["the copy of its mode", "cp() { return 1; }"],
  ["the write", "printf() { return 1; }"],
  ["the sync", "sync() { return 1; }"],
  ["the rename", "mv() { return 1; }"],
])
  test(`a file that cannot be written, also in a condition, stays as it was, and that is said: ${step}`, () => {
    const folder = place();
    writeFileSync(join(folder, "old"), "old\n");
    const { stdout, stderr } = bash(
      ["files"],
      `${spoil}; if write_file '${join(folder, "old")}' 0600; then echo written; else echo failed; fi`,
      "new\n",
    );
    assert.equal(stdout, "failed\n", stderr);
    assert.equal(readFileSync(join(folder, "old"), "utf8"), "old\n");
    assert.deepEqual(readdirSync(folder), ["old"]);
  });

test("a file that was there keeps its mode", () => {
  const file = join(place(), "old");
  writeFileSync(file, "old\n");
  chmodSync(file, 0o640);
  writeFile(file, "0600", "new\n");
  assert.equal(readFileSync(file, "utf8"), "new\n");
  assert.equal(permissions(file), "640");
});

test(
  "a file that was there keeps its owner and group",
  { skip: process.getuid?.() !== 0 && "only root can give files away" },
  () => {
    const file = join(place(), "old");
    writeFileSync(file, "old\n");
    chownSync(file, 1234, 2345);
    writeFile(file, "0600", "new\n");
    assert.deepEqual([statSync(file).uid, statSync(file).gid], [1234, 2345]);
  },
);

test("the same content again leaves the very same file, byte for byte and in place", () => {
  const file = join(place(), "same");
  writeFileSync(file, "same\n");
  const { ino, mtimeMs } = statSync(file);
  writeFile(file, "0600", "same\n");
  assert.deepEqual([statSync(file).ino, statSync(file).mtimeMs], [ino, mtimeMs]);
});

test("what a link points to is written, the link stays", () => {
  const at = place();
  writeFileSync(join(at, "target"), "old\n");
  symlinkSync("target", join(at, "link"));
  writeFile(join(at, "link"), "0600", "new\n");
  assert.equal(readlinkSync(join(at, "link")), "target");
  assert.equal(readFileSync(join(at, "target"), "utf8"), "new\n");
});

const CONTENTS: [what: string, content: string][] = [
  ["nothing", ""],
  ["no newline at the end", "one"],
  ["blank lines at the end", "one\n\n\n"],
  ["bytes like an option", "-n\n"],
];
for (const [what, content] of CONTENTS)
  test(`content is kept as it came: ${what}`, () => {
    const file = join(place(), "file");
    writeFile(file, "0600", content);
    assert.equal(readFileSync(file, "utf8"), content);
  });

test("who has the old file open goes on reading the old file, whole; no other name stays behind", () => {
  const at = place();
  const file = join(at, "file");
  writeFileSync(file, "old\n");
  linkSync(file, join(at, "opened before"));
  writeFile(file, "0600", "new\n");
  assert.equal(readFileSync(file, "utf8"), "new\n");
  assert.equal(readFileSync(join(at, "opened before"), "utf8"), "old\n");
  assert.deepEqual(readdirSync(at), ["file", "opened before"]);
});

// What is there; what a name for one more is.
const NAMES: [there: string[], fresh: string][] = [
  [[], "xcat.bak"],
  [["xcat.bak"], "xcat.bak.1"],
  [["xcat.bak", "xcat.bak.1", "xcat.bak.2"], "xcat.bak.3"],
  [["xcat.bak", "xcat.bak.2"], "xcat.bak.1"],
  [["xcat.bak.1"], "xcat.bak"],
  [["-> xcat.bak"], "xcat.bak.1"],
  [["xcat.bak/"], "xcat.bak.1"],
];
for (const [there, fresh] of NAMES)
  test(`beside ${there.join(", ") || "nothing"} a fresh name is ${fresh}`, () => {
    const at = place();
    for (const name of there) {
      if (name.startsWith("-> ")) symlinkSync("nowhere", join(at, name.slice(3)));
      else if (name.endsWith("/")) mkdirSync(join(at, name));
      else writeFileSync(join(at, name), "");
    }
    const { stdout } = bash(["files"], `fresh_name '${at}/xcat.bak'`);
    assert.equal(stdout, `${at}/${fresh}\n`);
  });

test("a digest is the sha256 of a file, or absent", () => {
  const file = join(place(), "file");
  writeFileSync(file, "abc");
  const { stdout } = bash(["files"], `digest '${file}'; digest '${file}.not'`);
  assert.equal(stdout, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\nabsent\n");
});
