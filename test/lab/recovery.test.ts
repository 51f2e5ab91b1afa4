// A crash recovery that takes longer than any limit of a start.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { assertNoRowLost } from "../helpers/client";
import { assertPair, become, lab, pairWith } from "../helpers/labPair";
import { sampled } from "../helpers/sampled";

const STANDS_SECONDS = 130;

before(() => pairWith("xcatmn1"));
sampled(lab);

test("a recovery of more than two minutes after a power cut: the order waits and says how far it is, and every committed row is there", async () => {
  const client = lab.startClient("recovered_rows");
  await client.committing();
  // So much that the process which recovers it is there for a while.
  lab.on(
    "xcatmn1",
    `cd / && setpriv --reuid=postgres --regid=postgres --init-groups psql -Xqc 'create table bulk as select generate_series(1, 3000000)'`,
  );
  await client.committing();
  lab.must("cut", "xcatmn1");
  lab.must("boot", "xcatmn1");
  lab.on(
    "xcatmn1",
    `systemd-run --quiet sh -c 'until pid=$(pgrep -f "^postgres: startup recovering"); do :; done; kill -STOP $pid; sleep ${STANDS_SECONDS}; kill -CONT $pid'`,
  );
  const output = become("xcatmn1", "active");
  const told = [...output.matchAll(/postgresql recovers: startup recovering [0-9A-F]{24}, for (\d+) s/g)];
  assert.ok(Math.max(...told.map(([, seconds]) => Number(seconds))) > 120, output);
  await client.committing();
  const { commits, found } = await client.stop();
  assertNoRowLost(commits, found);
  assertPair("xcatmn1");
});
