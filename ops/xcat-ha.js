#!/usr/bin/env node
// The operator's one executable: `npx xcat-ha`, or `npm run -s xcat-ha --`. Plain JavaScript, which loads the rest as TypeScript.
// @ts-expect-error: tsc resolves no `exports`
require("tsx/cjs");
require("./cli").main();
