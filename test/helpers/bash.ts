// Runs functions of the node program and other shell libraries in a real bash.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { otherPrograms, programFiles } from "../../components/remote/program";

const ROOT = join(__dirname, "../..");
const FILES = programFiles();
const OTHER_PROGRAMS = otherPrograms();

// Libraries and parts that call each other: whoever wants one of a set wants all of it.
export const LEASE_LIBRARIES = ["report", "deadline", "share", "lease"];
export const BECOME_LIBRARIES = ["become", "directories", "databaseLogin"];
export const LINKS_LIBRARIES = ["directories", "copy", "dissolved", "letGo", "sharedDataLinks"];
export const SERVICES_LIBRARIES = ["services", "databaseStop", "databaseProcesses", "serviceSet"];

/** Before a command that must see no process but its own: of the services' programs any that runs on a machine counts. */
const ALONE = ["unshare", ...(process.getuid?.() ? ["--map-root-user"] : []), "--pid", "--fork", "--mount-proc"];

/**
 * The files, below the checkout, of libraries and parts of the node program: `lease` is lib/lease.sh or all of lib/lease/, and
 * parts/lease.sh. A file with its folder is itself.
 */
export function nodeFiles(...names: string[]): string[] {
  const found = names.flatMap((name) => {
    if (name.includes("/")) return [name];
    const files = FILES.filter((file) => new RegExp(`^(lib|parts)/${name}(/|\\.sh$)`).test(file));
    if (!files.length) throw new Error(`the node program has no library and no part ${name}`);
    return files.map((file) => `node/${file}`);
  });
  return [...new Set(found)];
}

/** Shell text that brings these in. */
export const sourced = (...names: string[]) =>
  nodeFiles(...names)
    .map((file) => `source '${join(ROOT, file)}'\n`)
    .join("");

/** Shell text that brings in one function of the node program alone. */
export const defined = (name: string) =>
  `source <(sed -n '/^${name}()/,/^}/p' ${FILES.map((file) => `node/${file}`).join(" ")})\n`;

/** Sources what nodeFiles makes of `files`, then runs `script`; `alone`: with no other processes on its machine. */
export function bash(
  files: string[],
  script: string,
  input = "",
  { alone = false } = {},
): { code: number; stdout: string; stderr: string } {
  const [command, ...words] = [...(alone ? ALONE : []), "bash"];
  const done = spawnSync(
    command,
    [
      ...words,
      "-c",
      `set -euo pipefail\nshopt -s inherit_errexit\ndeclare -A BEFORE=()\n${OTHER_PROGRAMS}${sourced(...files)}${script}`,
    ],
    {
      input,
      encoding: "utf8",
      cwd: ROOT,
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return { code: done.status ?? 255, stdout: done.stdout, stderr: done.stderr };
}
