import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PARTS } from "../../components/manifest";
import { installedProgram } from "../../components/remote/program";
import { managedUnits } from "../../components/settings";

const ROOT = join(__dirname, "../..");

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const file = join(folder, name);
    return statSync(join(ROOT, file)).isDirectory() ? sources(file) : /\.(ts|js)$/.test(name) ? [file] : [];
  });
}

test("every part has its component, and observe, apply and remove on the node", () => {
  const program = installedProgram();
  for (const part of PARTS) {
    const name = part === "database" || part === "network" ? "serviceSet" : part;
    assert.ok(statSync(join(ROOT, `components/${name}.ts`)).isFile());
    for (const verb of ["observe", "apply", "remove"])
      assert.match(program, new RegExp(`^${name}_${verb}\\(\\)`, "m"), `${name}_${verb}`);
  }
});

test("one place speaks SSH: nothing else makes remote commands or calls ssh", () => {
  const files = ["components", "config"].flatMap(sources).concat("index.ts");
  const holding = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(join(ROOT, file), "utf8")));
  assert.deepEqual(holding(/from "@pulumi\/command"/), ["components/converge.ts", "components/nodeProgram.ts"]);
  assert.deepEqual(holding(/spawn\("ssh"/), ["components/remote/session.js"]);
});

test("the time service is nobody's to stop", () => {
  const services = { database: ["postgresql", "xcatd"], network: ["named", "dhcpd", "ntpd", "conserver"] };
  assert.deepEqual(managedUnits({ services } as never), ["postgresql", "xcatd", "named", "dhcpd", "conserver"]);
});

test("no lock file names where packages were downloaded", () => {
  assert.doesNotMatch(readFileSync(join(ROOT, "package-lock.json"), "utf8"), /"resolved"/);
});
