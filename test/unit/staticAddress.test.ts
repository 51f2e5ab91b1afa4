// Who answers for an address, by what arping says; and what is left on an interface when one address goes, by the kernel.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { installedProgram, programFiles } from "../../components/remote/program";
import { bash, sourced } from "../helpers/bash";

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
      ["addresses", "staticAddress"],
      'said=$(cat); arping() { printf %s "$said"; }; address_answer 10.5.106.7 eth0',
      said,
    );
    assert.equal(stdout, `${answer}\n`);
  });

/** What is there after `script` on an interface eth0 of a network namespace of its own, where the kernel promotes nothing. */
function addressesAfter(addresses: string[], script: string, program = "") {
  const setUp = [
    "set -euo pipefail",
    "declare -A BEFORE=() WANT=(); NODE=xcatmn1",
    "fail() { printf '%s\\n' \"$2\" >&2; exit 13; }; networkmanager_forget() { :; }; say() { :; }",
    "ip link add eth0 type veth peer name other; ip link set eth0 up",
    "for key in all default eth0; do sysctl -qw net.ipv4.conf.$key.promote_secondaries=0; done",
    ...addresses.map((address) => `ip addr add ${address} broadcast + dev eth0`),
    sourced("staticAddress", "addresses", "virtualIp"),
  ];
  const done = spawnSync(
    "unshare",
    [
      ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
      "--net",
      "bash",
      "-c",
      [...setUp, script, "ip -o -4 addr show dev eth0 | awk '{ print $4 }'"].join("\n"),
    ],
    { encoding: "utf8", cwd: join(__dirname, "../.."), input: program },
  );
  return { code: done.status, left: done.stdout.trim().split("\n"), said: done.stderr };
}

const DROPS: [title: string, addresses: string[], script: string, left: string[]][] = [
  [
    "the first of its subnet: the others stay",
    ["10.5.106.5/8", "10.5.106.6/8", "10.5.106.7/8"],
    "address_drop 10.5.106.5/8 eth0",
    ["10.5.106.6/8", "10.5.106.7/8"],
  ],
  ["one of the others", ["10.5.106.5/8", "10.5.106.6/8"], "address_drop 10.5.106.6/8 eth0", ["10.5.106.5/8"]],
  ["one that is gone already", ["10.5.106.5/8"], "address_drop 10.5.106.6/8 eth0", ["10.5.106.5/8"]],
  [
    "a changed static address drops the former one only",
    ["10.5.106.5/8"],
    `persist() { :; }; address_answer() { echo free; }
     WANT=([address]=10.5.106.6/8 [interface]=eth0) BEFORE=([address]=10.5.106.5/8 [interface]=eth0)
     staticAddress_apply`,
    ["10.5.106.6/8"],
  ],
  [
    "the VIP was the first of its subnet: the static address stays",
    ["10.5.106.7/8", "10.5.106.70/8"],
    "virtualIp_drop 10.5.106.7",
    ["10.5.106.70/8"],
  ],
];

for (const [title, addresses, script, left] of DROPS)
  test(`an address goes: ${title}`, () => {
    const after = addressesAfter(addresses, script);
    assert.deepEqual(after, { code: 0, left, said: "" });
  });

test("an address that bootstrap added is taken back by itself: it and no other", () => {
  // systemd-run's command, at once; the program as it is delivered.
  const { code, left, said } = addressesAfter(
    ["10.5.106.70/8"],
    `RUN=$(mktemp -d); trap 'rm -rf "$RUN"' EXIT; WANT=([address]=10.5.106.71/8 [interface]=eth0 [program.text]=$(cat))
     ${sourced("files")} address_answer() { echo free; }; systemctl() { :; }
     systemd-run() { while [[ $1 == --* ]]; do shift; done; "$@"; }
     staticAddress_try; ip -o -4 addr show dev eth0 | wc -l >&2
     ip addr del 10.5.106.70/8 dev eth0; ip addr add 10.5.106.71/8 dev eth0; ip addr add 10.5.106.70/8 dev eth0
     sysctl -qw net.ipv4.conf.eth0.promote_secondaries=0
     bash "$RUN/bootstrap" address-back 10.5.106.71/8 eth0`,
    installedProgram(),
  );
  assert.equal(code, 0, said);
  assert.deepEqual(left, ["10.5.106.70/8"]);
});

test("one function deletes addresses: the kernel takes others along", () => {
  const deleting = programFiles().flatMap((file) =>
    readFileSync(join(__dirname, "../../node", file), "utf8")
      .replace(/\\\n/g, "")
      .split("\n")
      // Not what a person is told to type.
      .map((line) => line.replace(/"[^"]*\bip addr del[^"]*"/g, ""))
      .filter((line) => /\bip (-\S+ )*a\w* (del|flush)/.test(line)),
  );
  assert.deepEqual(deleting.length, 1, deleting.join("\n"));
});

for (const [what, ip, code, error] of [
  ["absent, where its interface does not exist", `echo 'Device "eth9" does not exist.' >&2; return 1`, 1, /^$/],
  [
    "unknown, where ip fails",
    "echo 'Cannot open netlink socket' >&2; return 1",
    40,
    /^error: the addresses of eth9 on xcatmn1 cannot be told; .*\nevidence: ip -o -4 addr show dev eth9: Cannot open netlink/,
  ],
] as const)
  test(`an address is ${what}`, () => {
    const done = bash(
      ["report", "addresses", "staticAddress"],
      `NODE=xcatmn1; ip() { ${ip}; }; if has_address 10.5.106.70/8 eth9; then exit 0; else exit 1; fi`,
    );
    assert.equal(done.code, code);
    assert.match(done.stderr, error);
  });

test("an address goes: where the kernel cannot be told to leave the others, nothing is dropped", () => {
  const { code, said } = addressesAfter(
    ["10.5.106.5/8", "10.5.106.6/8"],
    "sysctl() { echo 'permission denied' >&2; return 1; }; trap 'ip -o -4 addr show dev eth0 | wc -l >&2' EXIT; address_drop 10.5.106.5/8 eth0",
  );
  assert.equal(code, 13);
  assert.match(
    said,
    /promote_secondaries on xcatmn1 cannot be set to 1; expected it before 10\.5\.106\.5\/8 goes[\s\S]*\n2\n$/,
  );
});
