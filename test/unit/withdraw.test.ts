// What the workstation asks of a node whose run waits for the owner lease and should wait no longer: an order to stay a standby node.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { encodeDocument } from "../../components/remote/document";
import { bash } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const at = scratch("withdraw");

const DOCUMENT = encodeDocument({});
const request = (id: number) => `request ${id} withdraw - ${DOCUMENT.split("\n").length - 1}\n${DOCUMENT}`;

/** Two requests of the workstation's session; `order` is what the node's program does with it, in shell. */
function withdraw(order: string) {
  const program = at("xcat-ha");
  writeFileSync(program, `#!/bin/bash\necho "$*" >>'${at("ordered")}'; cat >>'${at("read")}'\n${order}\n`);
  chmodSync(program, 0o755);
  const { code, stdout, stderr } = bash(
    ["report", "document", "main"],
    `PROGRAM=${program}; serve`,
    [1, 2].map(request).join(""),
  );
  assert.equal(code, 0, stderr);
  const replies = [...stdout.matchAll(/^reply\t(\d)\t(\d+)\t(.*)\t(.*)$/gm)].map(([, ...reply]) => reply);
  assert.deepEqual(
    replies.map(([id]) => id),
    ["1", "2"],
    stdout,
  );
  return replies[0].slice(1);
}
const ordered = () => readFileSync(at("ordered"), "utf8");

const ENDS: [what: string, order: string, code: string, said: RegExp][] = [
  ["it is a standby node still", "echo 'xcatmn2: standby'", "0", /^xcatmn2: standby\t$/],
  [
    "it is refused: the reason and the code come back",
    "echo 'error: xcatmn2 holds epoch 9' >&2; exit 10",
    "10",
    /\terror: xcatmn2 holds epoch 9/,
  ],
  ["a stop that fails", "exit 13", "13", /^\t$/],
  ["the node's program is killed", "kill -KILL $$", "137", /^\t/],
];
for (const [what, order, code, said] of ENDS)
  test(`a run that waits is withdrawn: ${what}`, () => {
    const [ended, ...words] = withdraw(order);
    assert.equal(ended, code);
    assert.match(words.join("\t"), said);
    assert.equal(ordered(), "become standby\nbecome standby\n");
    // What else is asked in the same session is no document of the order.
    assert.equal(readFileSync(at("read"), "utf8"), "");
  });

test("without a program on the node it is an error, and not withdrawn", () => {
  mkdirSync(at("none"));
  const { stdout } = bash(["report", "document", "main"], `PROGRAM=${at("none/xcat-ha")}; serve`, request(1));
  assert.match(stdout, /^reply\t1\t127\t\t.*No such file or directory/m);
  assert.ok(!existsSync(at("ordered")));
});
