// What the demo tells of a command's output.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lastLines, told } from "../../demo/story";

const UP = `Previewing update (primary):
Resources:
    ~ 1 to update
    30 unchanged

Updating (primary):
 ~  command:remote:Command ownerLease updating (0s) xcatmn1: owner lease: epoch 2 is released
 ~  command:remote:Command ownerLease updated (9s)
Diagnostics:
  command:remote:Command (ownerLease):
    xcatmn1: conserver stopped (120 ms)
    xcatmn1: VIP 10.5.106.7 dropped
    xcatmn1: owner lease: epoch 2 is released

Outputs:
    role: "standby"

Resources:
    ~ 1 updated
    30 unchanged

Duration: 12s
`;
const REFRESH = `Previewing refresh (primary):
 ~  pulumi-nodejs:dynamic:Resource virtualIp update xcatmn1 virtualIp: address is 'absent', wanted '10.5.106.7/8 dev eth0'
Diagnostics:
    xcatmn1 virtualIp: address is 'absent', wanted '10.5.106.7/8 dev eth0'

Resources:
    ~ 1 to update
    30 unchanged
`;

const STORIES: [what: string, command: string, output: string, ...lines: string[]][] = [
  ["a key that is set says nothing", "pulumi config set activeNode xcatmn2", "", "done (1.0 s)"],
  [
    "a step down: what changed, not what was foreseen, and where the lease and the VIP went",
    "pulumi up --yes -s primary",
    UP,
    "1 updated, 30 unchanged (1.0 s)",
    "xcatmn1: owner lease: epoch 2 is released; xcatmn1: VIP 10.5.106.7 dropped",
  ],
  [
    "a drift: each value, once",
    "pulumi refresh -s primary",
    REFRESH,
    "1 to update, 30 unchanged (1.0 s)",
    "virtualIp: address is 'absent', wanted '10.5.106.7/8 dev eth0'",
  ],
  [
    "a first setup: too many differences to read, by their parts",
    "pulumi up --yes -s primary",
    ["a", "b", "c", "d"].map((key) => `xcatmn1 startGuard: ${key} is 'not guarded', wanted 'guarded'\n`).join(""),
    "done (1.0 s)",
    "4 differences, of startGuard",
  ],
];
for (const [what, command, output, ...lines] of STORIES)
  test(`the demo tells: ${what}`, () => assert.deepEqual(told(command, output, 1), [`$ ${command}`, ...lines]));

test("of a failed command the end is shown", () => {
  assert.equal(lastLines("one\ntwo\nthree\n\n", 2), "two\nthree");
});
