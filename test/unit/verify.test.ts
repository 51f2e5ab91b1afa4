import assert from "node:assert/strict";
import { test } from "node:test";
import { bash } from "./bash";

// What xcatprobe's xcatmn prints and with which code it ends; the rows of the table.
const PROBES: [what: string, output: string, code: number, ...rows: string[]][] = [
  [
    "all well: the VIP is never static, and that is as it should be",
    "[ok]     :[mn]: Checking all xCAT daemons are running...\n[warning]:[mn]: 10.5.106.7 on eth0:0 is not a static IP\n[ok]    :[MN]: Checking on MN...",
    0,
    "ok|Checking all xCAT daemons are running...",
    "harmless|10.5.106.7 on eth0:0 is not a static IP (the VIP is not persistent, on purpose)",
  ],
  [
    "a failed check, which leaves the exit code at 0",
    "[failed] :[mn]: DNS service isn't ready on 10.5.106.7\n[failed]:[MN]: Checking on MN...",
    0,
    "failed|DNS service isn't ready on 10.5.106.7",
  ],
  [
    "a warning of another kind",
    "[warning]:[mn]: firewalld is running\n[ok]    :[MN]: Checking on MN...",
    0,
    "warning|firewalld is running",
  ],
  [
    "it dies with the database (C19)",
    "Unable to open servicenode table.",
    255,
    "failed|ended with 255 before its summary: Unable to open servicenode table. ",
  ],
  ["it ends early and says nothing", "", 0, "failed|ended with 0 before its summary:  "],
  [
    "details without a level of their own are nobody's row",
    "[debug]  :Daemon 'SSL listener' isn't running\n[info]   :[mn]: something\n[ok]    :[MN]: Checking on MN...",
    0,
  ],
];
for (const [what, output, code, ...rows] of PROBES)
  test(`xcatprobe, ${what}`, () => {
    const done = bash(
      ["node/lib/report.sh", "node/lib/verify.sh"],
      `RUN=$(mktemp -d); trap 'rm -rf "$RUN"' EXIT
       xcat() { printf '%s\\n' "$OUTPUT"; return ${code}; }
       OUTPUT=$(cat)
       probe_output_rows eth0:0`,
      output,
    );
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(
      done.stdout
        .split("\n")
        .filter(Boolean)
        .map((line) =>
          line
            .split("\t")
            .filter((_, column) => column !== 1)
            .join("|"),
        ),
      rows,
    );
  });

// What a part's look does; the row before the probe's, and what the end of a change of role says.
const LOOKS: [what: string, observe: string, rows: string[], said: RegExp][] = [
  [
    "all is as wanted",
    "SEEN=([ip]=10.5.106.7 [label]=eth0:0)",
    ["ok|observed"],
    /^xcatmn1: verified: 2 checks passed\n$/,
  ],
  [
    "two values differ, and one has lines",
    "SEEN=([ip]=10.5.106.8 [label]=$'eth0\\neth1')",
    ["failed|ip is '10.5.106.8', wanted '10.5.106.7'", "failed|label is 'eth0 eth1', wanted 'eth0:0'", "ok|observed"],
    /^xcatmn1: verification found what is not right; [^\n]*\n(failed +virtualIp +(ip|label) is [^\n]*\n){2}$/,
  ],
  [
    "one value is not answered",
    "SEEN=([ip]=10.5.106.7)",
    [
      "failed|cannot be observed: virtualIp on xcatmn1 does not say what these are: label; expected an answer for each that is wanted",
    ],
    /^xcatmn1: verification found what is not right; [^\n]*\nfailed +virtualIp +cannot be observed: /,
  ],
  [
    "a command in the middle fails",
    "ls /nowhere/at-all; SEEN=([ip]=10.5.106.7 [label]=eth0:0)",
    ["failed|cannot be observed: ls: cannot access '/nowhere/at-all': No such file or directory"],
    /^xcatmn1: verification found what is not right; [^\n]*\nfailed +virtualIp +cannot be observed: /,
  ],
  [
    "it ends without a word",
    "exit 3",
    ["failed|cannot be observed: it said nothing"],
    /^xcatmn1: verification found what is not right; /,
  ],
];
const PART = `NODE=xcatmn1 MANIFEST=('virtualIp take back'); load_values() { declare -gA WANT=([ip]=10.5.106.7 [label]=eth0:0); }
  hosts_row() { :; }; counts_rows() { :; }; probe_rows() { :; }; compare_cluster_data() { echo same; }`;
const VERIFY = ["report", "observe", "verify"].map((name) => `node/lib/${name}.sh`);
for (const [what, observe, rows, said] of LOOKS)
  test(`the rows of a part, where ${what}`, () => {
    const script = `${PART}; declare -gA SEEN; virtualIp_observe() { ${observe}; }`;
    const { code, stdout, stderr } = bash(VERIFY, `${script}; verify_rows`);
    assert.equal(code, 0, stderr);
    const found = stdout.trim().split("\n");
    assert.deepEqual(
      found
        .slice(0, -1)
        .map((line) =>
          line
            .split("\t")
            .filter((_, column) => column !== 1)
            .join("|"),
        )
        .sort(),
      rows.sort(),
    );
    const after = bash(VERIFY, `${script}; verify_after_activation`);
    assert.equal(after.code, 0, after.stderr);
    assert.match(after.stdout, said);
  });

test("checks that do not come to their end are no checks that passed", () => {
  const { code, stdout } = bash(VERIFY, `${PART}; load_values() { ls /nowhere; }; verify_after_activation`);
  assert.equal(code, 0);
  assert.match(stdout, /\nfailed +the checks +did not come to their end\n$/);
});

for (const [what, observe, rows] of [
  ["all is well", "SEEN=([ip]=10.5.106.7 [label]=eth0:0)", 1],
  ["a part is not as wanted", "SEEN=([ip]=10.5.106.8 [label]=eth0:0)", 2],
] as const)
  test(`a change of role ends with what DNS and DHCP have, where ${what}`, () => {
    const { code, stdout } = bash(
      VERIFY,
      `${PART}; declare -gA SEEN; virtualIp_observe() { ${observe}; }; counts_rows() { row ok DNS "of 2 nodes 2"; }; verify_after_activation`,
    );
    assert.equal(code, 0);
    assert.equal(stdout.trim().split("\n").length, rows + 1);
    assert.match(stdout, /\nok +DNS +of 2 nodes 2\n$/);
  });
