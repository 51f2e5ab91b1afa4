// The sampler beside the tests of one file: each test ends with what was seen during it. No second try excuses what was seen once.
import { after, afterEach, beforeEach } from "node:test";
import { BrokenInvariant } from "./brokenInvariant";
import { inWords, lookedInWords, type Sample, unexpected, violationsOf } from "./invariants";
import type { Lab } from "./lab";
import { Sampler } from "./sampler";

let sampler: Sampler;
let expected: RegExp[] = [];
let judged = 0;

function judge(samples: Sample[], when: string) {
  const found = unexpected(violationsOf(samples, judged), expected);
  judged = samples.at(-1)?.lease.at ?? judged;
  if (found.length === 0) return;
  const broken = new BrokenInvariant(`the sampler, ${when}:\n${inWords(found)}`);
  // Of a test that fails by itself too, what a hook throws is not shown: test/reporter.js reads it here.
  console.error(String(broken));
  throw broken;
}

/** Called after a file's own hooks and before its tests: a hook that throws keeps those behind it from running. */
export function sampled(lab: Lab) {
  sampler = new Sampler(lab);
  beforeEach(() => {
    expected = [];
  });
  afterEach(async (context) => {
    await sampler.looksAgain();
    judge(sampler.samples(), `during the test '${context?.name}'`);
  });
  after(async () => {
    expected = [];
    const samples = await sampler.stop();
    judge(samples, "after the last test");
    console.log(`sampler: ${lookedInWords(samples)}`);
  });
}

/** What the running test plants: it must be found, each pattern, and nothing else may be; the next test expects nothing. */
export function expectViolations(...patterns: RegExp[]) {
  expected.push(...patterns);
}

/** What a part of the running test lets happen: in it the same holds as of what is planted, and before and behind it nothing may be. */
export async function violating(patterns: RegExp[], part: () => Promise<void>) {
  await sampler.looksAgain();
  judge(sampler.samples(), "before the violations that the test expects");
  expectViolations(...patterns);
  await part();
  await sampler.looksAgain();
  judge(sampler.samples(), "in the part of the test that expects violations");
  expected = [];
}

/** Waits until what is planted now was looked at. */
export const seen = () => sampler.looksAgain();
