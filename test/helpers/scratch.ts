// A folder of its own for the tests of a file.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach } from "node:test";

/** Empty before each test but for `folders`, and gone behind the last one. What is returned joins names to its path. */
export function scratch(name: string, ...folders: string[]): (...names: string[]) => string {
  const folder = mkdtempSync(join(tmpdir(), `xcat-ha-${name}-`));
  const at = (...names: string[]) => join(folder, ...names);
  beforeEach(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { mode: 0o700 });
    for (const path of folders) mkdirSync(at(path), { recursive: true });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  return at;
}
