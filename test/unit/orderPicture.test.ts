import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { graphSvg } from "../../docs/graph";

test("docs/order.svg shows what the node program plans today: npm run graph draws it anew", async () => {
  assert.equal(await graphSvg(), readFileSync(join(__dirname, "../../docs/order.svg"), "utf8"));
});
