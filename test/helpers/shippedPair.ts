// The shipped pair with key files of the test's own.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { loadCluster } from "../../config/cluster";

export const PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nthe private key\n-----END OPENSSH PRIVATE KEY-----\n";

/** A project folder with the shipped cluster file, gone after the tests. */
export function shippedPair(): { folder: string; clusterFile: string; cluster: ReturnType<typeof loadCluster> } {
  const folder = mkdtempSync(join(tmpdir(), "xcat-ha-pair-"));
  after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "ssh"));
  writeFileSync(join(folder, "ssh/id_ed25519"), PRIVATE_KEY, { mode: 0o600 });
  writeFileSync(
    join(folder, "ssh/known_hosts"),
    "xcatmn1 ssh-ed25519 hostkey-of-xcatmn1\nxcatmn2 ssh-ed25519 hostkey-of-xcatmn2\n",
  );
  const clusterFile = join(folder, "cluster.yaml");
  writeFileSync(clusterFile, readFileSync(join(__dirname, "../../cluster.yaml")));
  return { folder, clusterFile, cluster: loadCluster(clusterFile) };
}
