// Who answers for an address, by what arping says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bash } from "./bash";

const ANSWERS: [title: string, said: string, answer: string][] = [
  [
    "another machine",
    "ARPING 10.5.106.7 from 0.0.0.0 eth0\nUnicast reply from 10.5.106.7 [02:00:00:00:00:09]  0.6ms\nSent 1 probes (1 broadcast(s))\nReceived 1 response(s)",
    "Unicast reply from 10.5.106.7 [02:00:00:00:00:09] 0.6ms",
  ],
  ["nobody", "ARPING 10.5.106.7 from 0.0.0.0 eth0\nSent 2 probes (2 broadcast(s))\nReceived 0 response(s)", "free"],
  [
    "an interface that is down",
    'arping: Interface "eth0" is down',
    'arping on eth0 failed: arping: Interface "eth0" is down',
  ],
  ["arping that says nothing", "", "arping on eth0 failed: "],
];

for (const [title, said, answer] of ANSWERS)
  test(`who answers for an address: ${title}`, () => {
    const { stdout } = bash(
      ["node/parts/staticAddress.sh"],
      'said=$(cat); arping() { printf %s "$said"; }; address_answer 10.5.106.7 eth0',
      said,
    );
    assert.equal(stdout, `${answer}\n`);
  });
