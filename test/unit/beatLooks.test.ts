// Of each kind of answer about the lease one; the others: test/sweeps/beatLooks.test.ts.
import { IN_THE_GATE, testLooks } from "../helpers/beatLooks";

testLooks((what) => IN_THE_GATE.includes(what));
