import assert from "node:assert/strict";
import { test } from "node:test";
import { bash, LEASE_LIBRARIES } from "../helpers/bash";

const BY_HAND = "on xcatmn1, in a login shell: xcatprobe -w -V xcatmn -i eth0:0";
const STATIC = "[warning]:[mn]: Checking xCAT management node IP: <10.5.106.7> is configured to static...";
const PACKAGES =
  "[failed] :[mn]: Checking DB packages installation...\n[debug]  :[mn]: perl-DBD-Pg is not installed.\n[debug]  :==== SUMMARY ====\n[failed]:[MN]: Checking on MN...\n[failed] :    Checking DB packages installation...\n[debug]  :        perl-DBD-Pg is not installed.";
const INSTALL = "install the PostgreSQL driver of perl (perl-DBD-Pg; libdbd-pg-perl on Debian and Ubuntu)";

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
    "the same in the words of today",
    `${STATIC}\n[debug]  :[mn]: The value '10.5.106.7' of 'master' in 'site' table isn't a static ip\n[ok]:[MN]: Checking on MN...`,
    0,
    "harmless|Checking xCAT management node IP: <10.5.106.7> is configured to static... (the VIP is not persistent, on purpose)",
  ],
  [
    "another address than the VIP should be static",
    `${STATIC.replace("106.7>", "106.70>")}\n[ok]:[MN]: Checking on MN...`,
    0,
    "warning|Checking xCAT management node IP: <10.5.106.70> is configured to static...",
  ],
  [
    "the reasons of a failed check are its own, and what to type",
    "[failed] :[mn]: Checking NTP service is configured...\n[debug]  :[mn]: ntpd did not synchronize.\n[failed] :[mn]: Checking DHCP service is configured...\n[debug]  :[mn]: makedhcp xcatmntest failed\n[debug]  :[mn]: Run 'makedhcp -n' if it has not been ran before.\n[debug]  :==== SUMMARY ====\n[failed]:[MN]: Checking on MN...\n[failed] :    Checking NTP service is configured...\n[debug]  :        ntpd did not synchronize.",
    0,
    "failed|Checking NTP service is configured... ntpd did not synchronize.|ntpq -pn (with chrony: chronyc sources) says which time servers answer",
    "failed|Checking DHCP service is configured... makedhcp xcatmntest failed; Run 'makedhcp -n' if it has not been ran before.|systemctl status unit-of-dhcpd; makedhcp -n, then makedhcp -a",
  ],
  [
    "a finding that is known by its reason",
    "[failed] :[mn]: Checking provision network is configured...\n[debug]  :[mn]: The IP 10.5.106.70 of eth0 doesn't equal the value of 'master' in 'site' table\n[failed]:[MN]: Checking on MN...",
    0,
    "failed|Checking provision network is configured... The IP 10.5.106.70 of eth0 doesn't equal the value of 'master' in 'site' table|chdef -t site master=10.5.106.7",
  ],
  [
    "a failed check that nobody knows, with a tab in its reason: by hand",
    "[failed] :[mn]: Checking the moon...\n[debug]  :[mn]: it is\tnew\n[failed]:[MN]: Checking on MN...",
    0,
    `failed|Checking the moon... it is new|${BY_HAND}`,
  ],
  [
    "service nodes in between, each with its own reasons",
    "[failed] :[mn]: Checking the moon...\n[warning]:[sn1]: Checking firewall is disabled...\n[debug]  :[mn]: it is new\n[debug]  :[sn1]: Firewall is configured on current server\n[debug]  :==== SUMMARY ====\n[ok]:[SN:sn1]:  Checking on SN sn1...\n[failed]:[MN]: Checking on MN...",
    0,
    `failed|Checking the moon... it is new|${BY_HAND}`,
    "warning|sn1: Checking firewall is disabled... Firewall is configured on current server",
  ],
  [
    "a summary that failed although no check did",
    "[ok]     :[mn]: Checking all xCAT daemons are running...\n[failed]:[MN]: Checking on MN...",
    0,
    `failed|its summary says that a check failed, and none is named|${BY_HAND}`,
    "ok|Checking all xCAT daemons are running...",
  ],
  [
    "a failed check, which leaves the exit code at 0",
    "[failed] :[mn]: DNS service isn't ready on 10.5.106.7\n[failed]:[MN]: Checking on MN...",
    0,
    `failed|DNS service isn't ready on 10.5.106.7|${BY_HAND}`,
  ],
  [
    "a warning of another kind",
    "[warning]:[mn]: firewalld is running\n[ok]    :[MN]: Checking on MN...",
    0,
    "warning|firewalld is running",
  ],
  [
    "it dies with the database",
    "Unable to open servicenode table.",
    255,
    `failed|ended with 255 before its summary: Unable to open servicenode table. |${BY_HAND}`,
  ],
  ["it ends early and says nothing", "", 0, `failed|ended with 0 before its summary:  |${BY_HAND}`],
  [
    "details without a level of their own are nobody's row",
    "[debug]  :Daemon 'SSL listener' isn't running\n[info]   :[mn]: something\n[ok]    :[MN]: Checking on MN...",
    0,
  ],
];
/** The rows of that output without the second column, on a node of that system and with that perl. */
function probed(output: string, code = 0, system = "rhel", perl = "echo 'perl was asked' >&2; exit 1"): string[] {
  const done = bash(
    [...LEASE_LIBRARIES, "verify"],
    `RUN=$(mktemp -d); trap 'rm -rf "$RUN"' EXIT; VIP=10.5.106.7 NODE=xcatmn1
     mkdir "$RUN/bin"; printf '#!/bin/bash\\n[[ $* == "-MDBD::Pg -e1" ]] || exit 9\\n%s\\n' "${perl}" >"$RUN/bin/perl"; chmod +x "$RUN/bin/perl"; PATH=$RUN/bin:$PATH
     xcat() { printf '%s\\n' "$OUTPUT"; return ${code}; }
     unit_of() { echo "unit-of-$1"; }; system_column() { ${system ? `echo ${system}` : ":"}; }
     OUTPUT=$(cat)
     probe_output_rows eth0:0`,
    output,
  );
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.stderr, "");
  return done.stdout
    .split("\n")
    .filter(Boolean)
    .map((line) =>
      line
        .split("\t")
        .filter((_, column) => column !== 1)
        .join("|"),
    );
}

for (const [what, output, code, ...rows] of PROBES)
  test(`xcatprobe, ${what}`, () => assert.deepEqual(probed(output, code), rows));

const FAILED = "failed|Checking DB packages installation... perl-DBD-Pg is not installed.";
const SYSTEMS: [what: string, system: string, perl: string, row: string][] = [
  [
    "perl loads the driver",
    "debian",
    "exit 0",
    "harmless|Checking DB packages installation... (it asks rpm, which knows no package here; perl loads DBD::Pg)",
  ],
  [
    "perl loads the driver",
    "ubuntu",
    "exit 0",
    "harmless|Checking DB packages installation... (it asks rpm, which knows no package here; perl loads DBD::Pg)",
  ],
  [
    "perl has no driver",
    "debian",
    "echo 'no DBD/Pg.pm'; echo BEGIN failed; exit 2",
    `${FAILED}; perl -MDBD::Pg -e1: no DBD/Pg.pm|${INSTALL}`,
  ],
  ["perl ends without a word", "debian", "exit 124", `${FAILED}; perl -MDBD::Pg -e1: no answer|${INSTALL}`],
  ["rpm knows what is there", "rhel", "exit 0", `${FAILED}|${INSTALL}`],
  ["nobody knows this system", "", "exit 0", `${FAILED}|${INSTALL}`],
];
for (const [what, system, perl, row] of SYSTEMS)
  test(`xcatprobe's look for the database's package on ${system || "an unknown system"}, ${what}`, () =>
    assert.deepEqual(probed(PACKAGES, 0, system, perl), [row]));

test("a service node's database package is not for this node's perl to judge", () => {
  assert.deepEqual(
    probed(PACKAGES.replaceAll("[mn]", "[sn1]").replace("[failed]:[MN]", "[ok]:[MN]"), 0, "debian", "exit 0"),
    [`failed|sn1: Checking DB packages installation... perl-DBD-Pg is not installed.|${INSTALL}`],
  );
});

test("another reason of the look for the database's package is no matter of rpm", () => {
  const reason = "Can not find /etc/xcat/cfgloc or /etc/xcat, check xcat database installation.";
  assert.deepEqual(probed(PACKAGES.replaceAll("perl-DBD-Pg is not installed.", reason), 0, "debian", "exit 0"), [
    `failed|Checking DB packages installation... ${reason}|${INSTALL}`,
  ]);
});

// What a part's look does; the row before the probe's, and what the end of a change of role says.
const LOOKS: [what: string, observe: string, rows: string[], said: RegExp][] = [
  [
    "all is as wanted",
    "SEEN=([ip]=10.5.106.7 [label]=eth0:0)",
    ["ok|observed"],
    /^xcatmn1: verifying: [^\n]*\nxcatmn1: verified: 2 checks passed\n$/,
  ],
  [
    "two values differ, and one has lines",
    "SEEN=([ip]=10.5.106.8 [label]=$'eth0\\neth1')",
    ["failed|ip is '10.5.106.8', wanted '10.5.106.7'", "failed|label is 'eth0 eth1', wanted 'eth0:0'"],
    /^xcatmn1: verifying: [^\n]*\nxcatmn1: verification found what is not right; [^\n]*\n(failed +virtualIp +(ip|label) is [^\n]*\n){2}$/,
  ],
  [
    "one value is not answered",
    "SEEN=([ip]=10.5.106.7)",
    [
      "failed|cannot be observed: virtualIp on xcatmn1 does not say what these are: label; expected an answer for each that is wanted",
    ],
    /^xcatmn1: verifying: [^\n]*\nxcatmn1: verification found what is not right; [^\n]*\nfailed +virtualIp +cannot be observed: /,
  ],
  [
    "a command in the middle fails",
    "ls /nowhere/at-all; SEEN=([ip]=10.5.106.7 [label]=eth0:0)",
    ["failed|cannot be observed: ls: cannot access '/nowhere/at-all': No such file or directory"],
    /^xcatmn1: verifying: [^\n]*\nxcatmn1: verification found what is not right; [^\n]*\nfailed +virtualIp +cannot be observed: /,
  ],
  [
    "it ends without a word",
    "exit 3",
    ["failed|cannot be observed: it said nothing"],
    /^xcatmn1: verifying: [^\n]*\nxcatmn1: verification found what is not right; /,
  ],
];
const PART = `NODE=xcatmn1 MANIFEST=('virtualIp take back'); load_values() { declare -gA WANT=([ip]=10.5.106.7 [label]=eth0:0); }
  hosts_row() { :; }; counts_rows() { :; }; probe_rows() { :; }; compare_cluster_data() { echo same; }`;
const VERIFY = ["report", "observe", "verify"];
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

test("the end of a change of role: a warning keeps nobody from being well, and each finding has its next command beneath it", () => {
  const rows = (level: string) =>
    `probe_rows() { row ok xcatprobe fine; row ${level} xcatprobe "it is so" "type this" "type that"; row harmless xcatprobe "as it should be"; }`;
  const script = `${PART}; MANIFEST=(); ${rows("LEVEL")}; verify_after_activation`;
  const lines = (level: string) => {
    const { code, stdout, stderr } = bash(VERIFY, script.replace("LEVEL", level));
    assert.equal(code, 0, stderr);
    return stdout.split("\n").slice(1, -1);
  };
  const next = ["this", "that"].map((choice) => `                           next: type ${choice}`);
  assert.deepEqual(lines("warning"), [
    "xcatmn1: verified: 2 checks passed",
    "warning   xcatprobe        it is so",
    ...next,
  ]);
  assert.deepEqual(lines("failed"), [
    "xcatmn1: verification found what is not right; xcat-ha verify on xcatmn1 shows the whole table",
    "failed    xcatprobe        it is so",
    ...next,
  ]);
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
    assert.equal(stdout.trim().split("\n").length, rows + 2);
    assert.match(stdout, /\nok +DNS +of 2 nodes 2\n$/);
  });

const CHECKS: [what: string, script: string, code: number, stdout: string][] = [
  [
    "rows between tabs",
    "verify_rows() { row ok beat observed; row failed DNS lost makedns; }",
    0,
    "ok\tbeat\tobserved\nfailed\tDNS\tlost\tmakedns\n",
  ],
  [
    "no end is no pass",
    "verify_rows() { row ok beat observed; exit 1; }",
    0,
    "ok\tbeat\tobserved\nfailed\tthe checks\tdid not come to their end\n",
  ],
  [
    "not of a standby node",
    "lease_read() { LEASE=([is]=other [node]=xcatmn2); }; verify_rows() { echo never; }",
    12,
    "",
  ],
];
for (const [what, script, code, stdout] of CHECKS)
  test(`the checks for the workstation: ${what}`, () => {
    const done = bash(
      ["report", "verify", "main"],
      `NODE=xcatmn1 RUN=$(mktemp -d); trap 'rmdir "$RUN"' EXIT
       load_settings() { :; }; lease_sentence() { echo sentence; }; lease_read() { LEASE=([is]=mine); }
       ${script}; verb_checks -`,
    );
    assert.equal(done.code, code, done.stderr);
    assert.equal(done.stdout, stdout);
  });
