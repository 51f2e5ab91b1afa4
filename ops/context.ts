// What each command gets: the pair, and how to speak to whoever reads.
import { type Cluster, loadCluster } from "../config/cluster";
import { DEFAULT_CLUSTER } from "../config/stack";
import { clusterPath, projectOf } from "./stackFiles";

export type LoadedCluster = Cluster & ReturnType<typeof loadCluster>;
export type Style = "red" | "yellow" | "green" | "bold" | "dim";

const CODES: Record<Style, number> = { red: 31, yellow: 33, green: 32, bold: 1, dim: 2 };

/** Before a command that is typed at the workstation. A node's xcat-ha has a status and a takeover too, in other sentences. */
export const WORKSTATION_COMMAND =
  /\bxcat-ha (?=(failover|history|doctor|takeover --from|report (?:--output|[0-9])|status (once more|says what|says who serves|names the))\b|status(?=$|[;,"]))/gm;

export class Context {
  constructor(
    readonly clusterFile: string,
    readonly json: boolean,
    private readonly streams: { out: NodeJS.WriteStream; errors: NodeJS.WriteStream } = {
      out: process.stdout,
      errors: process.stderr,
    },
  ) {}

  /** Read and checked; what is wrong in it is an error that names the key. */
  cluster(): LoadedCluster {
    return loadCluster(this.clusterFile);
  }

  /** The folder of the Pulumi project, and the cluster file as the config of its stacks names it. */
  get place(): { project: string; cluster: string } {
    const project = projectOf(process.cwd());
    return { project, cluster: clusterPath(project, this.clusterFile) };
  }

  /** What is to be typed here names the cluster file, where that is not the default. */
  typed(text: string): string {
    if (this.clusterFile === DEFAULT_CLUSTER) return text;
    const file = /^[\w./-]+$/.test(this.clusterFile) ? this.clusterFile : `'${this.clusterFile}'`;
    return text.replace(WORKSTATION_COMMAND, `xcat-ha --cluster ${file} `);
  }

  /** Whether a person looks at what is printed. */
  get terminal(): boolean {
    return !this.json && this.streams.out.isTTY === true;
  }

  get columns(): number {
    return this.streams.out.columns || 120;
  }

  /** In colour on a terminal that has them (and where NO_COLOR is not set), else as it is. */
  paint(style: Style, text: string): string {
    if (!this.terminal || !this.streams.out.hasColors?.()) return text;
    return `\x1b[${CODES[style]}m${text}\x1b[0m`;
  }

  /** A result for people; `data` is the same for a program, which alone is printed with --json. */
  result(text: string, data: unknown) {
    this.print(this.json ? JSON.stringify(data, null, 2) : text);
  }

  print(text: string) {
    this.streams.out.write(`${this.typed(text)}\n`);
  }

  /** Beside the result: what is being done. */
  say(text: string) {
    if (!this.json) this.streams.errors.write(`${this.typed(text)}\n`);
  }

  /** On a terminal one line that counts its seconds until `waited` has ended; nothing elsewhere. */
  async waiting<T>(what: string, waited: Promise<T>): Promise<T> {
    const { errors } = this.streams;
    if (this.json || !errors.isTTY) return waited;
    const began = Date.now();
    const ticker = setInterval(() => {
      const seconds = Math.round((Date.now() - began) / 1000);
      errors.write(`\r\x1b[K${`${what}, ${seconds} s`.slice(0, (errors.columns || 80) - 1)}`);
    }, 1000);
    try {
      return await waited;
    } finally {
      clearInterval(ticker);
      errors.write("\r\x1b[K");
    }
  }
}
