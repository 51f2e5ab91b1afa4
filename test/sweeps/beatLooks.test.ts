import { IN_THE_GATE, testLooks } from "../helpers/beatLooks";

testLooks((what) => !IN_THE_GATE.includes(what));
