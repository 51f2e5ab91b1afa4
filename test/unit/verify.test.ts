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
