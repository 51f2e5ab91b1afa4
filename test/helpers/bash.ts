// Runs functions of the node program and other shell libraries in a real bash.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(__dirname, "../..");

/** Before a command that must see no process but its own: of the services' programs any that runs on a machine counts. */
const ALONE = ["unshare", ...(process.getuid?.() ? ["--map-root-user"] : []), "--pid", "--fork", "--mount-proc"];

/** Sources files of the repo, then runs `script`; `alone`: with no other processes on its machine. */
export function bash(
  files: string[],
  script: string,
  input = "",
  { alone = false } = {},
): { code: number; stdout: string; stderr: string } {
  const source = files.map((file) => `source '${join(ROOT, file)}'`).join("\n");
  const [command, ...words] = [...(alone ? ALONE : []), "bash"];
  const done = spawnSync(
    command,
    [...words, "-c", `set -euo pipefail\nshopt -s inherit_errexit\ndeclare -A BEFORE=()\n${source}\n${script}`],
    {
      input,
      encoding: "utf8",
      cwd: ROOT,
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return { code: done.status ?? 255, stdout: done.stdout, stderr: done.stderr };
}
