// A real sshd on loopback with keys of its own, in which root of this machine may log in, or a user who exists for this sshd alone.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** A free port of loopback. */
export async function freePort(): Promise<number> {
  const server = await listen(() => {});
  const { port } = server;
  await server.close();
  return port;
}

/** A TCP server on loopback that does what `accept` does with each connection. */
export async function listen(accept: (socket: Socket) => void): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    accept(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function makeKey(file: string): string {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file], { stdio: "ignore" });
  return readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
}

/** systemd as on a node without any of the services: this machine may have none that answers. `no-systemd` beside it: it does not answer. */
const SYSTEMCTL = `#!/bin/bash
[[ ! -e \${0%/*}/no-systemd ]] || { echo 'Failed to connect to bus: Connection refused' >&2; exit 1; }
for name; do
  [[ $name != *.service ]] || printf 'Id=%s\nLoadState=not-found\nActiveState=inactive\nType=\n\n' "$name"
done
`;

export class Sshd {
  readonly folder = mkdtempSync(join(tmpdir(), "xcat-ha-sshd-"));
  readonly file = (name: string) => join(this.folder, name);
  readonly hostKey = makeKey(this.file("host"));
  readonly otherHostKey = makeKey(this.file("other_host"));
  readonly userKey = makeKey(this.file("user"));
  readonly otherUserKey = makeKey(this.file("other_user"));
  port = 0;

  /** A client finds systemctl first; the user's PATH holds bash besides and, if there is one, his `sudo`: a line of shell. */
  constructor(private readonly user?: { name: string; sudo?: string }) {}

  private daemon?: ChildProcess;

  async start(): Promise<void> {
    // sshd's own, which a machine without a running one may lack.
    mkdirSync("/run/sshd", { recursive: true });
    mkdirSync(this.file("bin"));
    writeFileSync(this.file("bin/systemctl"), SYSTEMCTL, { mode: 0o755 });
    this.port = await freePort();
    writeFileSync(this.file("authorized_keys"), `${this.userKey}\n`, { mode: 0o600 });
    const settings = {
      Port: this.port,
      ListenAddress: "127.0.0.1",
      HostKey: this.file("host"),
      AuthorizedKeysFile: this.file("authorized_keys"),
      PidFile: "none",
      StrictModes: "no",
      PermitRootLogin: "prohibit-password",
      PasswordAuthentication: "no",
      KbdInteractiveAuthentication: "no",
      UsePAM: "no",
      SetEnv: `PATH=${this.file("bin")}${this.user ? "" : ":/usr/sbin:/usr/bin:/sbin:/bin"}`,
    };
    const text = Object.entries(settings).map(([key, value]) => `${key} ${value}\n`);
    writeFileSync(this.file("sshd_config"), text.join(""));
    const sshd = ["/usr/sbin/sshd", "-D", "-e", "-f", this.file("sshd_config")];
    const [command, ...words] = this.user ? this.withUser(this.user, sshd) : sshd;
    this.daemon = spawn(command, words, {
      stdio: ["ignore", "ignore", "pipe"],
    });
    await new Promise<void>((resolve, reject) => {
      let said = "";
      this.daemon?.stderr?.on("data", (chunk) => {
        said += chunk;
        if (/Server listening/.test(said)) resolve();
      });
      this.daemon?.on("exit", () => reject(new Error(`sshd ended: ${said}`)));
    });
  }

  /** The same command where the user exists: in a mount namespace with a passwd of its own. */
  private withUser({ name, sudo }: { name: string; sudo?: string }, command: string[]): string[] {
    // sshd looks for the keys, and the user for sudo, as that user.
    chmodSync(this.folder, 0o755);
    chmodSync(this.file("authorized_keys"), 0o644);
    symlinkSync("/bin/bash", this.file("bin/bash"));
    if (sudo) writeFileSync(this.file("bin/sudo"), `#!/bin/bash\n${sudo}\n`, { mode: 0o755 });
    const passwd = readFileSync("/etc/passwd", "utf8");
    writeFileSync(this.file("passwd"), `${passwd}${name}:*:29999:29999::${this.folder}:/bin/bash\n`);
    return [
      "unshare",
      "--mount",
      "bash",
      "-c",
      'mount --bind "$0" /etc/passwd; exec "$@"',
      this.file("passwd"),
      ...command,
    ];
  }

  /** Processes that sshd started for its clients and that still run. */
  sessions(): number[] {
    const parents = new Map<number, number[]>();
    for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const parent = Number(
          readFileSync(`/proc/${name}/stat`, "utf8")
            .replace(/^.*\) \S /, "")
            .split(" ")[0],
        );
        parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
      } catch {
        // It has just ended.
      }
    }
    const below = (pid: number): number[] => (parents.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
    return below(this.daemon?.pid ?? -1);
  }

  stop(): void {
    this.daemon?.kill();
    rmSync(this.folder, { recursive: true });
  }
}

export const CANNOT_RUN = userInfo().uid !== 0 && "only root can run a sshd into which root logs in";
