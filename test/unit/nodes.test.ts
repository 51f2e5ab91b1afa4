// How the workstation's xcat-ha asks the nodes: over a real sshd, beside one that does not answer.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { closeAll, look, lookAtPart, lookWhole, type Reached, reach, reachAll } from "../../ops/nodes";
import { judge, worst } from "../../ops/pair";
import { pairFacts } from "../../ops/status";
import { shippedPair } from "../helpers/shippedPair";
import { CANNOT_RUN, Sshd } from "../helpers/sshd";

const { cluster: shipped } = shippedPair();
type Cluster = typeof shipped;

describe("over a real sshd", { skip: CANNOT_RUN }, () => {
  const sshd = new Sshd();
  const opened: Reached[] = [];
  before(() => sshd.start());
  // Also behind a test that failed: a session that is open keeps this process.
  after(() => {
    closeAll(opened);
    sshd.stop();
  });
  const open = async (cluster: Cluster, node: string) => {
    const reached = await reach(cluster, node);
    opened.push(reached);
    return reached;
  };

  /** xcatmn1 is this machine, which was never set up; xcatmn2 does not answer at 127.0.0.2. */
  function pair(nodes: Partial<Cluster["nodes"]> = {}): Cluster {
    const knownHostsFile = sshd.file("known_hosts");
    writeFileSync(knownHostsFile, `xcatmn1 ${sshd.hostKey}\nxcatmn2 ${sshd.otherHostKey}\n`);
    return {
      ...shipped,
      nodes: { ...shipped.nodes, xcatmn1: { address: "127.0.0.1" }, xcatmn2: { address: "127.0.0.2" }, ...nodes },
      ssh: { ...shipped.ssh, port: sshd.port },
      privateKeyFile: sshd.file("user"),
      knownHostsFile,
    };
  }

  test("each node has its row: what it is, or what ssh said", async () => {
    const cluster = pair();
    const all = await reachAll(cluster);
    opened.push(...all);
    const looks = await Promise.all(all.map((reached) => lookWhole(cluster, reached)));
    const [here, dead] = looks;
    assert.ok(here.reached, JSON.stringify(here));
    assert.deepEqual(here.values.vip, { absent: true });
    assert.deepEqual(here.values["unit.postgresql"], { absent: true });
    assert.ok("unknown" in here.values.lease || "is" in here.values.lease);
    assert.ok(!dead.reached);
    assert.match(`${dead.error.seen} ${dead.error.evidence}`, /xcatmn2 at 127\.0\.0\.2:\d+ .*Connection refused/);
    const findings = judge(pairFacts(cluster), looks);
    assert.notEqual(worst(findings), "OK");
    assert.ok(findings.some(({ node, level }) => node === "xcatmn2" && level === "UNKNOWN"));
  });

  test("one that lets in and then hangs is no dead node: what it does is to be looked at", async () => {
    const hanging = new Sshd({ name: "admin", sudo: "exec /bin/sleep infinity" });
    await hanging.start();
    try {
      writeFileSync(hanging.file("known_hosts"), `xcatmn1 ${hanging.hostKey}\n`);
      const cluster: Cluster = {
        ...pair(),
        ssh: { ...shipped.ssh, port: hanging.port, user: "admin" },
        privateKeyFile: hanging.file("user"),
        knownHostsFile: hanging.file("known_hosts"),
        hostKeys: { ...shipped.hostKeys, xcatmn1: hanging.hostKey },
      };
      const reached = await reach(cluster, "xcatmn1", 60, 2);
      opened.push(reached);
      assert.ok("error" in reached, "it has a session");
      assert.equal(reached.error.ending, "unknown");
      assert.equal(reached.error.seen, `xcatmn1 at 127.0.0.1:${hanging.port} gave no session within 2 s`);
      assert.match(reached.error.next ?? "", /^look what xcatmn1 does/);
      assert.ok(hanging.sessions().length > 0, "nobody was let in: the check above would prove nothing");
    } finally {
      for (const pid of hanging.sessions()) process.kill(pid, "SIGKILL");
      hanging.stop();
    }
  });

  test("one that accepts and stays silent keeps nobody waiting, and the other one's answer neither", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(sshd.port, "127.0.0.2", resolve));
    try {
      const cluster = pair();
      const began = Date.now();
      const [here, dead] = await Promise.all(
        ["xcatmn1", "xcatmn2"].map(async (node) => ({ ...(await open(cluster, node)), after: Date.now() - began })),
      );
      assert.ok("session" in here && "error" in dead);
      assert.ok(dead.after < 25_000, `${dead.after} ms`);
      assert.match(dead.error.message, /^error: xcatmn2 at 127\.0\.0\.2:\d+ could not be reached/);
    } finally {
      silent.close();
    }
  });

  test("a node without its static address is found where it answers today", async () => {
    const cluster = pair({ xcatmn1: { address: "127.0.0.3", bootstrapAddress: "127.0.0.1" } });
    const reached = await open(cluster, "xcatmn1");
    assert.ok("session" in reached, JSON.stringify(reached));
    assert.equal(reached.session.address, "127.0.0.1");
    const seen = await look(reached);
    assert.equal(seen.reached && seen.address, "127.0.0.1");
  });

  test("of a part both values, or why it cannot be told", async () => {
    const reached = await open(pair(), "xcatmn1");
    assert.ok("session" in reached, JSON.stringify(reached));
    const wanted = { ip: "203.0.113.7", prefix: "24", interface: "lo", label: "lo:0", address: "there" };
    assert.deepEqual(await lookAtPart(reached.session, "xcatmn1", "virtualIp", wanted), {
      part: "virtualIp",
      wrong: ["xcatmn1 virtualIp: address is 'absent', wanted 'there'"],
    });
    const unknown = await lookAtPart(reached.session, "xcatmn1", "nothing", {});
    assert.deepEqual(unknown, { part: "nothing", unknown: "there is no part 'nothing'" });
  });
});
