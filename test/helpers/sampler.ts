// Looks at both machines of a lab twice a second, from the host: their processes in its /proc, their addresses, the lease in the folder
// that is their share. Nothing runs on the machines for it, so it goes on while SSH is cut, a share hangs or a machine is off. Its own
// process: the tests wait for their commands without looking up.
import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BrokenInvariant } from "./brokenInvariant";
import { type Lease, type Look, looksAtMachines, type Process, type Sample } from "./invariants";
import { Lab } from "./lab";
import { until } from "./until";

const EVERY_MS = 500;
const VIP = "10.5.106.7";
/** Units that only an active node runs. */
const ACTIVE_UNITS = ["postgresql", "xcatd", "named", "dhcpd", "conserver", "goconserver"];
const LINKED = ["/etc/xcat", "/install", "/root/.xcat", "/tftpboot", "/var/lib/pgsql"];
/** Each tree that the lab makes a machine's group in: its systemd uses one of them for its units. */
const CONTROL_GROUPS = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"];
/** An init that runs, and the same while it shuts down. Before that it is nspawn, which sees the host's files. */
const INIT = ["systemd", "systemd-shutdow"];
const POSTGRES = ["postgres", "postmaster"];
const WRITE_FLAGS = 0o3;

/** What a read of a process, a machine or a control group that has ended answers. */
const GONE = ["ENOENT", "ESRCH", "ENODEV"];
const NO_LINK = ["EINVAL", "ENOTDIR"];
/** A process whose way to the share died: it writes nothing there. */
const NO_MOUNT = ["ENOTCONN"];

/** Of the kernel's process flags: it ends, has left its control groups, and is no zombie yet. */
const EXITING = 0x4;

type Status = { command: string; parent: number; ticks: number; exiting: boolean };

/** The name stands in brackets and may hold blanks. */
function parseStatus(text: string): Status | undefined {
  const [, command, rest] = /^\d+ \((.*)\) (.*)$/s.exec(text) ?? [];
  if (command === undefined) return undefined;
  const fields = rest.split(" ");
  if (["Z", "X"].includes(fields[0])) return undefined;
  return {
    command,
    parent: Number(fields[1]),
    ticks: Number(fields[19]),
    exiting: (Number(fields[6]) & EXITING) !== 0,
  };
}

const isBelow = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

/** One who looks. What cannot be read, and is not gone, becomes a problem of the sample. */
export class Watcher {
  private readonly booted = Date.now() - Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  private problems: string[] = [];

  constructor(private readonly lab: Lab) {}

  sample(): Sample {
    this.problems = [];
    const cluster = this.text(join(this.lab.folder, "cluster")) ?? "";
    const share = /^share (.*)$/m.exec(cluster)?.[1] ?? "";
    const nodes = [...cluster.matchAll(/^node (\S+) /gm)].map(([, node]) => node);
    const lease = this.lease();
    const looks = nodes.map((node) => this.look(node, share));
    const holders = looks.filter(({ vip }) => vip > 0);
    if (holders.length > 1) looks.push(this.look(holders[0].node, share));
    return { lease, looks, problems: this.problems };
  }

  private attempt<T>(read: () => T, { pid, gone = [] }: { pid?: string | number; gone?: string[] } = {}) {
    try {
      return read();
    } catch (error) {
      const { code = "", message } = error as NodeJS.ErrnoException;
      // A process that is just ending answers in many ways.
      const ended = pid !== undefined && this.status(pid) === undefined;
      if (![...GONE, ...gone].includes(code) && !ended) this.problems.push(message);
      return undefined;
    }
  }

  private text(file: string, pid?: string | number) {
    return this.attempt(() => readFileSync(file, "utf8"), { pid });
  }

  private list(folder: string, pid?: string | number) {
    return this.attempt(() => readdirSync(folder), { pid }) ?? [];
  }

  /** Where it leads; nothing where it is no link. */
  private link(file: string, pid: string | number) {
    return this.attempt(() => readlinkSync(file), { pid, gone: NO_LINK }) ?? "";
  }

  private status(pid: string | number): Status | undefined {
    return parseStatus(this.text(`/proc/${pid}/stat`) ?? "");
  }

  private lease(): Lease {
    const at = Date.now();
    const folder = join(this.lab.share, ".xcat-ha/epoch");
    const dissolved = this.text(join(this.lab.share, ".xcat-ha/dissolved"))?.split(" ")[0] ?? "";
    const names = this.list(folder).sort();
    const epoch = names.findLast((name) => /^\d{6}\.owner$/.test(name))?.slice(0, 6);
    const owner = epoch && this.text(join(folder, `${epoch}.owner`));
    // The file is gone only where the whole share is: no epoch is ever deleted.
    if (epoch === undefined || owner === undefined)
      return { at, epoch: 0, node: "", boot: "", released: false, dissolved };
    const value = (key: string) => new RegExp(`^${key} (.+)$`, "m").exec(owner)?.[1] ?? "";
    const [node, boot] = [value("node"), value("boot")];
    if (node === "" || boot === "") this.problems.push(`${epoch}.owner does not say its node and boot: '${owner}'`);
    return { at, epoch: Number(epoch), node, boot, released: names.includes(`${epoch}.released`), dissolved };
  }

  private look(node: string, share: string): Look {
    const at = Date.now();
    const off: Look = { at, node, on: false, machine: "", boot: "", linked: false, processes: [], vip: 0 };
    const leader = this.text(join(this.lab.folder, "machines", node, "leader"))?.trim() ?? "";
    if (!this.isInit(leader)) return off;
    const known = this.problems.length;
    const root = `/proc/${leader}/root`;
    const found: Look = {
      at,
      node,
      on: true,
      machine: this.text(`${root}/etc/machine-id`, leader)?.trim() ?? "",
      boot: this.text(`${root}/proc/sys/kernel/random/boot_id`, leader)?.trim() ?? "",
      linked: LINKED.some((path) => this.link(`${root}${path}`, leader) !== ""),
      processes: this.processes(node, leader, share),
      vip: this.virtualIp(leader),
    };
    if (this.isInit(leader)) return found;
    // It went off while it was looked at.
    this.problems.length = known;
    return off;
  }

  private isInit(leader: string): boolean {
    const status = leader === "" ? undefined : this.status(leader);
    return status !== undefined && !status.exiting && INIT.includes(status.command);
  }

  /** What the kernel takes for its own: an address on two interfaces stands there twice. */
  private virtualIp(leader: string): number {
    const local = this.text(`/proc/${leader}/net/fib_trie`, leader)?.split("Local:").at(-1) ?? "";
    const [, entries] = new RegExp(`-- ${VIP}\n((?: +/32.*\n)+)`).exec(local) ?? ["", ""];
    return entries.match(/host LOCAL/g)?.length ?? 0;
  }

  /** PID to its control groups, of everything in a machine's groups. */
  private groups(folder: string, found = new Map<number, string>(), group = ""): Map<number, string> {
    for (const pid of (this.text(join(folder, "cgroup.procs")) ?? "").split("\n").filter(Boolean).map(Number))
      found.set(pid, `${found.get(pid) ?? ""} ${group}/`);
    const below = this.attempt(() => readdirSync(folder, { withFileTypes: true })) ?? [];
    for (const entry of below.filter((entry) => entry.isDirectory()))
      this.groups(join(folder, entry.name), found, `${group}/${entry.name}`);
    return found;
  }

  private processes(node: string, leader: string, share: string): Process[] {
    const groups = new Map<number, string>();
    for (const tree of CONTROL_GROUPS) this.groups(join(tree, `xcat-ha.${this.lab.name}.${node}`), groups);
    if (!groups.has(Number(leader))) this.problems.push(`the processes of ${node} are not in its control groups`);
    const all = new Map<number, Status>();
    for (const pid of groups.keys()) {
      const status = this.status(pid);
      if (status) all.set(pid, status);
    }
    // The start guard runs in the control group of the unit that it keeps from starting. In brackets: systemd's, before it runs anything.
    const isGuard = ({ command, parent }: Status): boolean => {
      const above = all.get(parent);
      return command === "xcat-ha" || /^\(.*\)$/.test(command) || (above !== undefined && isGuard(above));
    };
    const data = `${share}/pgsql/data`;
    return [...all].flatMap(([pid, status]) => {
      const { command, parent, ticks } = status;
      const unit = ACTIVE_UNITS.find((name) => groups.get(pid)?.includes(`/${name}.service/`));
      const cwd = this.link(`/proc/${pid}/cwd`, pid);
      const isPostgres = POSTGRES.includes(command);
      const isPostmaster = isPostgres && !POSTGRES.includes(all.get(parent)?.command ?? "");
      const process: Process = { pid, command, since: Math.round(this.booted + ticks * 10) };
      if (unit !== undefined && !isGuard(status)) process.unit = unit;
      if ((isPostgres && isBelow(cwd, data)) || this.writesTo(pid, data)) process.writes = true;
      if (isPostmaster && cwd !== "") process.directory = this.directory(pid, cwd, share);
      return process.unit || process.writes || process.directory ? [process] : [];
    });
  }

  private writesTo(pid: number, data: string): boolean {
    return this.list(`/proc/${pid}/fd`, pid).some((fd) => {
      if (!isBelow(this.link(`/proc/${pid}/fd/${fd}`, pid), data)) return false;
      const flags = /^flags:\s*(\d+)/m.exec(this.text(`/proc/${pid}/fdinfo/${fd}`, pid) ?? "")?.[1] ?? "0";
      return (Number.parseInt(flags, 8) & WRITE_FLAGS) !== 0;
    });
  }

  /** DEVICE:INODE of the host. Each machine has its own way to the share, with a device of its own, which may hang: on the share it is the
   * folder behind it that is asked. */
  private directory(pid: number, cwd: string, share: string): string | undefined {
    const path = cwd.replace(/ \(deleted\)$/, "");
    const status = isBelow(path, share)
      ? this.attempt(() => lstatSync(join(this.lab.share, path.slice(share.length)), { bigint: true }))
      : this.attempt(() => statSync(`/proc/${pid}/cwd`, { bigint: true }), { pid, gone: NO_MOUNT });
    return status && `${status.dev}:${status.ino}`;
  }
}

/** Samples of a lab, from its making, or before it, to `stop`. */
export class Sampler {
  private readonly folder = mkdtempSync(join(tmpdir(), "xcat-ha-samples-"));
  private readonly file = join(this.folder, "samples");
  private readonly errors = join(this.folder, "errors");
  private readonly child: ChildProcess;
  private readonly read: Sample[] = [];
  private offset = 0;

  constructor(lab: Lab) {
    writeFileSync(this.file, "");
    const loader = require.resolve("tsx/cjs");
    const errors = openSync(this.errors, "w");
    this.child = spawn(process.execPath, ["--require", loader, __filename, lab.name, this.file], {
      stdio: ["ignore", "ignore", errors],
    });
    closeSync(errors);
    // It ends with its parent, and must not keep it from ending.
    this.child.unref();
  }

  /** Read on from where it was read to: a long run has thousands. */
  samples(): Sample[] {
    const added = Buffer.alloc(statSync(this.file).size - this.offset);
    const file = openSync(this.file, "r");
    readSync(file, added, 0, added.length, this.offset);
    closeSync(file);
    const whole = added.subarray(0, added.lastIndexOf("\n") + 1);
    this.offset += whole.length;
    for (const line of whole.toString().split("\n").slice(0, -1)) this.read.push(JSON.parse(line) as Sample);
    return this.read;
  }

  private get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private requireAlive() {
    if (!this.ended) return;
    const { exitCode, signalCode } = this.child;
    // Nobody looked: what it would have seen cannot be told.
    throw new BrokenInvariant(
      `the sampler ended by itself, by ${signalCode ?? exitCode}: ${readFileSync(this.errors, "utf8")}`,
    );
  }

  /** Waits until it has looked at everything once more, beginning now. */
  looksAgain(): Promise<void> {
    const since = Date.now();
    const looked = () => {
      if ((this.samples().at(-1)?.lease.at ?? 0) > since) return true;
      this.requireAlive();
      return false;
    };
    return until("the sampler to look again", looked, 100);
  }

  /** Ends it. A check that saw nothing is none: fails where it died, or never saw one of the machines on. */
  async stop(): Promise<Sample[]> {
    // How it ended is only known after a turn of the event loop.
    await sleep(20);
    this.requireAlive();
    this.child.kill();
    while (!this.ended) await sleep(20);
    const samples = this.samples();
    rmSync(this.folder, { recursive: true });
    const on = looksAtMachines(samples);
    const never = Object.keys(on).filter((node) => on[node] === 0);
    if (Object.keys(on).length === 0 || never.length > 0)
      throw new Error(`the sampler took no sample of ${never.join(" and ") || "a machine"} that was on`);
    return samples;
  }
}

if (require.main === module) {
  const [name, file] = process.argv.slice(2);
  const parent = process.ppid;
  const watcher = new Watcher(new Lab(name));
  setInterval(() => {
    if (process.ppid !== parent) process.exit();
    appendFileSync(file, `${JSON.stringify(watcher.sample())}\n`);
  }, EVERY_MS);
}
