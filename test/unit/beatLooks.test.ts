// Of each kind of answer about the lease one; the others: test/sweeps/beatLooks.test.ts.
import { test } from "node:test";
import { eachLookUnable, IN_THE_GATE, LOOKED } from "../helpers/beatLooks";

for (const situation of LOOKED)
  if (IN_THE_GATE.includes(situation[0]))
    test(`beat, with each of its looks unable to tell, where the lease is: ${situation[0]}`, () =>
      eachLookUnable(situation));
