// What real login shells make of a command line as sshd gives it to them. Debian's csh, tcsh and fish are unpacked by test/run, not installed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

const PACKAGES = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "xcat-ha/packages");
const shipped = (program: string, ...places: string[]) => places.find((place) => existsSync(join(place, program)));

/** By name, those that are here. */
export const LOGIN_SHELLS: Record<string, string> = Object.fromEntries(
  Object.entries({
    sh: shipped("sh", "/bin"),
    bash: shipped("bash", "/bin"),
    csh: shipped("bsd-csh", `${PACKAGES}/csh/bin`, "/bin"),
    tcsh: shipped("tcsh", `${PACKAGES}/tcsh/bin`, "/bin"),
    fish: shipped("fish", `${PACKAGES}/fish/usr/bin`, "/usr/bin"),
  }).flatMap(([name, place]) => (place === undefined ? [] : [[name, join(place, name === "csh" ? "bsd-csh" : name)]])),
);

export const needsLoginShells = {
  skip: Object.keys(LOGIN_SHELLS).length < 5 && "needs csh, tcsh and fish: test/run unit brings them",
};

const folder = mkdtempSync(join(tmpdir(), "xcat-ha-login-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const programs = join(folder, "programs");
mkdirSync(programs);
for (const name of ["bash", "sudo"])
  writeFileSync(join(programs, name), `#!/bin/sh\nprintf '%s\\0' "$$" ${name} "$@"\n`, { mode: 0o755 });

const known = new Map<string, string[]>();

/** The program that `line` runs in that shell's place, and its arguments. What that shell runs as anything else, or not at all, throws. */
export function wordsOf(shell: string, line: string): string[] {
  const key = `${shell} ${line}`;
  const words = known.get(key) ?? askedWordsOf(shell, line);
  known.set(key, words);
  return words;
}

function askedWordsOf(shell: string, line: string): string[] {
  const { pid, stdout, stderr, status, error } = spawnSync(LOGIN_SHELLS[shell], ["-c", line], {
    encoding: "utf8",
    env: {
      HOME: folder,
      PATH: `${programs}:/usr/bin:/bin`,
      LD_LIBRARY_PATH: `${PACKAGES}/libpcre2-32-0/usr/lib/x86_64-linux-gnu`,
    },
  });
  const [ran, ...words] = stdout?.split("\0").slice(0, -1) ?? [];
  if (error || status !== 0 || stderr !== "" || ran !== String(pid))
    throw new Error(`${shell} ends with ${status}: ${error ?? stderr}${stdout} of ${line}`);
  return words;
}
