// A lab of the test's own, and commands on its machines with their streams apart.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Lab } from "./lab";

export type Streams = { code: number; out: string; err: string };

const FRONT_DOOR = join(__dirname, "../../lab/lab");

export class MachineLab extends Lab {
  /** The name holds the checkout: the same tests in two checkouts at once must not take each other's labs away. */
  constructor(what: string) {
    const checkout = createHash("sha256").update(__dirname).digest("hex").slice(0, 6);
    super(`${process.env.XCAT_HA_LAB ?? "test"}-${checkout}-${what}`);
  }

  /** Makes it anew. */
  make(...args: string[]) {
    this.must("down");
    this.must("up", ...args);
  }

  /** `lab/lab ARGUMENTS` with its streams apart. */
  streams(...args: string[]): Streams {
    return this.fed("", ...args);
  }

  private fed(input: string, ...args: string[]): Streams {
    const env = { ...process.env, XCAT_HA_LAB: this.name };
    const done = spawnSync(FRONT_DOOR, args, { env, encoding: "utf8", input, timeout: 900_000 });
    if (done.error) throw done.error;
    return { code: done.status ?? 255, out: done.stdout, err: done.stderr };
  }

  /**
   * What `run` prints on a node, over one ssh, after `given` and before `undo`, which are silent. With xCAT's PATH and without TERM, as over a
   * plain ssh. The texts travel on standard input: xCAT's commands look at the command lines of others.
   */
  shell(node: string, run: string, { given = ":", undo = ":" } = {}): Streams {
    const steps = { given, run, undo };
    const files = Object.entries(steps).map(
      ([name, text]) => `base64 -d >/tmp/${name} <<'END'\n${encoded(text)}\nEND\n`,
    );
    const script = `${files.join("")}. /etc/profile.d/xcat.sh; unset TERM
(. /tmp/given) </dev/null >/dev/null 2>&1
bash -c "$(cat /tmp/run)" </dev/null; code=$?
(. /tmp/undo) </dev/null >/dev/null 2>&1
exit $code\n`;
    return this.fed(script, "ssh", node, "cat >/tmp/script; exec bash /tmp/script");
  }

  /** What a lab can leave behind on the host, a line each. */
  leftovers(): string[] {
    const needle = [`labs/${this.name}/`, `labs/${this.name} `, `xcat-ha.${this.name}.`];
    const mine = (text: string) => needle.some((word) => text.includes(word));
    const processes = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && mine(commandLine(pid)));
    const mounts = readFileSync("/proc/mounts", "utf8").split("\n").filter(mine);
    const groups = ["/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"]
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => readdirSync(folder).filter((entry) => mine(entry)));
    const files = [this.folder, `/run/netns/xcat-ha-${this.name}`].filter((path) => existsSync(path));
    return [...processes.map((pid) => `process ${pid}: ${commandLine(pid)}`), ...mounts, ...groups, ...files];
  }
}

const encoded = (text: string) => Buffer.from(text).toString("base64");

function commandLine(pid: string): string {
  try {
    return `${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")} `;
  } catch {
    return "";
  }
}
