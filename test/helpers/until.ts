// The one way in which tests and the demo wait for something that they cannot be told of.
import { setTimeout as sleep } from "node:timers/promises";

const LIMIT_MINUTES = 10;

/** Asks every `every` milliseconds until it is so. The limit is there against hanging for ever only, and judges nothing. */
export async function until(what: string, is: () => boolean, every = 500) {
  const limit = Date.now() + LIMIT_MINUTES * 60_000;
  while (!is()) {
    if (Date.now() > limit) throw new Error(`waited ${LIMIT_MINUTES} minutes in vain for ${what}`);
    await sleep(every);
  }
}
