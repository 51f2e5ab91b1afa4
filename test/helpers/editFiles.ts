// Runs the parts that edit files in place, many cases in one bash, with the lease and the reload recorded.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { decodeDocument } from "../../components/remote/document";
import { bash } from "./bash";

/** PostgreSQL says itself what it makes of its files. */
export const NO_POSTGRESQL =
  bash(["platform"], "database_tool postgres").code !== 0 && "PostgreSQL is not installed here";

export type Edited = {
  /** Each file after `apply`. */
  files: Record<string, string>;
  /** What `observe` saw before and after, by key. */
  seenBefore: Record<string, string>;
  seenAfter: Record<string, string>;
  /** What was done on the way, by both `apply`: "lease", "reload". */
  did: string[];
  /** Whether the second `apply` left every file as it was. */
  steady: boolean;
};

/**
 * For each case: its files (named *.conf), observe, apply, observe, apply. FOLDER in a file or a wanted value is the case's folder.
 * `each` runs before a case with its folder in $AT.
 */
export function edit(
  part: string,
  cases: { files: Record<string, string>; want: Record<string, string> }[],
  each = ":",
): Edited[] {
  const folder = mkdtempSync(join(tmpdir(), "xcat-ha-edit-"));
  try {
    const script = cases.map(({ files, want }, index) => {
      const at = join(folder, String(index));
      mkdirSync(at);
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(at, name)), { recursive: true });
        writeFileSync(join(at, name), content.replace("FOLDER", at), { mode: 0o640 });
      }
      const entries = Object.entries(want).map(([key, value]) => `[${key}]='${value.replace("FOLDER", at)}'`);
      return `edit ${at} "${entries.join(" ")}"`;
    });
    const { code, stderr } = bash(
      [
        "report",
        "document",
        "files",
        "observe",
        "platform",
        "deadline",
        "share",
        "lease",
        "databaseSettings",
        "traps",
        "databaseLogin",
        part,
      ],
      `lease_require() { echo lease >>"$AT/did"; }
       postgresql_reload() { echo reload >>"$AT/did"; }
       say() { :; }
       database_unit() { :; }
       cfgloc_read() { CFGLOC=([login]=xcatadm [dbname]=xcatdb); }
       path_of() { printf '%s\\n' "\${1/#\\/var\\/lib\\/pgsql\\/data/$AT}"; }
       sync() { :; }
       observe() { observe_part ${part}; document_write SEEN >"$AT/seen.$1"; }
       copies() { cat "$AT"/*.conf; stat -c %i "$AT"/*.conf; }
       edit() {
         AT=$1
         ${each}
         eval "declare -gA WANT=($2) SEEN=()"
         : >"$AT/did"
         copies >"$AT/before"
         observe before
         ${part}_apply
         cp "$AT/seen.before" "$AT/seen.after"
         if [[ -s $AT/did ]] || ! copies | cmp -s - "$AT/before"; then
           observe after
           copies >"$AT/once"
           ${part}_apply
           copies | cmp -s - "$AT/once" || return 0
         fi
         touch "$AT/steady"
       }
       ${script.join("\n")}`,
    );
    assert.equal(code, 0, stderr);
    return cases.map(({ files }, index) => {
      const read = (name: string) => readFileSync(join(folder, String(index), name), "utf8");
      const seen = (name: string) => decodeDocument(read(name));
      return {
        files: Object.fromEntries(Object.keys(files).map((name) => [name, read(name)])),
        seenBefore: seen("seen.before"),
        seenAfter: seen("seen.after"),
        did: read("did").split("\n").filter(Boolean),
        steady: existsSync(join(folder, String(index), "steady")),
      };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
