// The order to wait for the other node: it reaches the node in one `up`, and no later run finds anything changed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { counted, handoverSeconds, nextCounter, VARIABLE } from "../../components/remote/handover";

test("the order is a number of seconds in the environment; none is none, and anything else an error that names it", () => {
  assert.equal(handoverSeconds({}), undefined);
  assert.equal(handoverSeconds({ [VARIABLE]: "" }), undefined);
  assert.equal(handoverSeconds({ [VARIABLE]: "600" }), "600");
  for (const wrong of ["0", "-1", "soon", "12345", "6 00", "600s"])
    assert.throws(() => handoverSeconds({ [VARIABLE]: wrong }), {
      message: new RegExp(`^${VARIABLE}: seen "${wrong}"; expected seconds.*\\nevidence: .*\\nnext: `),
    });
});

test("the counter carries the order into the command's document; the next run, which has none, makes the same document of it", () => {
  const ordered = nextCounter(7, "600");
  assert.deepEqual(counted(ordered), { counter: "8", handover: "600" });
  // As the state keeps it.
  assert.deepEqual(counted(JSON.parse(JSON.stringify(ordered))), counted(ordered));
  assert.deepEqual(counted(nextCounter(ordered, undefined)), { counter: "9" });
  assert.deepEqual(counted(nextCounter(ordered, "60")), { counter: "9", handover: "60" });
  assert.deepEqual(counted(nextCounter(undefined, undefined)), { counter: "1" });
});
