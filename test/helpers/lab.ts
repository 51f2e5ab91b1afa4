// The lab as tests and the demo use it: through its front door, as a user types it.
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseDocument } from "yaml";
import type { Commit } from "./client";
import { until } from "./until";

const ROOT = join(__dirname, "../..");

export type Result = { code: number; output: string };

/** One lab by its name (XCAT_HA_LAB). */
export class Lab {
  constructor(readonly name: string) {}

  private get env() {
    return { ...process.env, XCAT_HA_LAB: this.name };
  }

  /** `lab/lab ARGUMENTS`, waited for; output holds both streams. */
  run(args: string[], input?: string): Result {
    const done = spawnSync(join(ROOT, "lab/lab"), args, {
      env: this.env,
      encoding: "utf8",
      input: input ?? "",
      maxBuffer: 1 << 28,
    });
    if (done.error) throw done.error;
    return { code: done.status ?? 255, output: `${done.stdout}${done.stderr}` };
  }

  /** `lab/lab ARGUMENTS`, which goes on meanwhile; `hear` gets both streams as they come. */
  start(args: string[], hear: (text: string) => void = () => {}): Promise<Result> {
    const child = spawn(join(ROOT, "lab/lab"), args, { env: this.env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        hear(text);
      });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? 255, output }));
    });
  }

  /** As `run`, and it must succeed. */
  must(...args: string[]): string {
    const { code, output } = this.run(args);
    if (code !== 0) throw new Error(`lab ${args.join(" ")} ended with ${code}:\n${output}`);
    return output;
  }

  /** A shell command on a node; its standard output. */
  on(node: string, command: string): string {
    return this.must("ssh", node, command).trim();
  }

  /** A stock Pulumi command in the lab's project folder. */
  pulumi(...args: string[]): Result {
    return this.run(["exec", "pulumi", ...args]);
  }

  /** Where the lab keeps what is its own. */
  get folder(): string {
    return join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "xcat-ha/labs", this.name);
  }

  /** The shared data as this host sees it, whatever a node's way to it does. */
  get share(): string {
    return join(this.folder, "share");
  }

  /** A file of the lab's project folder. */
  projectFile(name: string): string {
    return join(this.folder, "project", name);
  }

  /** What `pulumi config set KEY VALUE -s STACK` writes. */
  config(stack: string, key: string, value: string | Record<string, unknown>) {
    const file = this.projectFile(`Pulumi.${stack}.yaml`);
    const document = parseDocument(readFileSync(file, "utf8"));
    document.setIn(["config", `xcat-ha:${key}`], value);
    writeFileSync(file, String(document));
  }

  /** Without the preview, which runs the program once more: check refuses in an update as well. */
  up(stack: string): Result {
    return this.pulumi("up", "--yes", "--skip-preview", "-s", stack);
  }

  /** Rows written through the VIP until `stop`. */
  startClient(table: string): RowClient {
    return new RowClient(this, table);
  }

  /** How the client logs in: as xcatd does. */
  clientEnvironment(): string[] {
    const owner = ["xcatmn1", "xcatmn2"].find(
      (node) => this.run(["ssh", node, "ip -o addr show | grep -q 'inet 10.5.106.7/'"]).code === 0,
    );
    const line = this.on(owner ?? "xcatmn1", "cat /etc/xcat/cfgloc");
    const [, database, host, user, password] = /^Pg:dbname=(.*);host=(.*)\|(.*)\|(.*)$/.exec(line) ?? [];
    return [`PGDATABASE=${database}`, `PGHOST=${host}`, `PGUSER=${user}`, `PGPASSWORD=${password}`];
  }
}

/** A client process in the lab's namespace, and every commit that it was told of. */
export class RowClient {
  private readonly folder = mkdtempSync(join(tmpdir(), "xcat-ha-client-"));
  private readonly log = join(this.folder, "commits");
  private readonly child: ChildProcess;
  private readonly environment: string[];

  constructor(
    private readonly lab: Lab,
    private readonly table: string,
  ) {
    this.environment = lab.clientEnvironment();
    this.child = spawn(join(ROOT, "lab/lab"), ["exec", ...this.command("write", table, this.log)], {
      env: this.childEnvironment(),
      stdio: ["ignore", "ignore", "inherit"],
    });
    // A test that failed with its client running must not keep the whole file from its end, and that file's end nobody's: who runs it reads
    // what the client, too, has as its standard error.
    this.child.unref();
    process.once("exit", () => this.child.kill("SIGKILL"));
  }

  private command(...args: string[]) {
    return [process.execPath, "--require", require.resolve("tsx/cjs"), join(ROOT, "test/helpers/client.ts"), ...args];
  }

  /** The password travels in the environment, never in the arguments. */
  private childEnvironment() {
    const entries = this.environment.map((line) => [
      line.slice(0, line.indexOf("=")),
      line.slice(line.indexOf("=") + 1),
    ]);
    return { ...process.env, XCAT_HA_LAB: this.lab.name, ...Object.fromEntries(entries) };
  }

  commits(): Commit[] {
    try {
      return readFileSync(this.log, "utf8")
        .split("\n")
        .filter((line) => line.endsWith("}"))
        .map((line) => JSON.parse(line) as Commit);
    } catch {
      return [];
    }
  }

  /** Not with closed eyes: who waits may say so. */
  private async read(): Promise<string> {
    const reading = promisify(execFile)(join(ROOT, "lab/lab"), ["exec", ...this.command("read", this.table)], {
      env: this.childEnvironment(),
      maxBuffer: 1 << 28,
    });
    reading.child.stdin?.end();
    try {
      return (await reading).stdout;
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string };
      throw new Error(
        `the rows of ${this.table} could not be read: ${stderr?.trim() || message}; what it was told of: ${this.log}`,
      );
    }
  }

  private get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits until rows are committed after now. */
  committing(): Promise<void> {
    const since = Date.now();
    const committed = () => {
      if (this.commits().some(({ at }) => at > since)) return true;
      const { exitCode, signalCode } = this.child;
      if (this.ended) throw new Error(`the client ended by itself, by ${signalCode ?? exitCode}`);
      return false;
    };
    return until("the client to commit", committed, 100);
  }

  /** Stops writing; the commits it was told of, and the rows that are there. */
  async stop(): Promise<{ commits: Commit[]; found: number[] }> {
    this.child.ref();
    const exited = new Promise((resolve) => this.child.once("exit", resolve));
    // The process in the namespace is the one that the lab's front door became or waits for: ask it by its log file.
    spawnSync("pkill", ["-TERM", "-f", this.log]);
    if (!this.ended) await exited;
    const commits = this.commits();
    const found = JSON.parse(await this.read()) as number[];
    rmSync(this.folder, { recursive: true });
    return { commits, found };
  }
}
