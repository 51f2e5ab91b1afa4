// What must hold whatever happens: no second writer, no lost row, no doubled VIP, no secret in the open, nothing touched that had to stay.
// A test that fails by it is red and gets no second try; test/reporter.js knows it by its name.
import { isDeepStrictEqual } from "node:util";

export class BrokenInvariant extends Error {
  override name = "BrokenInvariant";
}

/** What had to stay as it was. */
export function assertUntouched(now: unknown, before: unknown) {
  if (isDeepStrictEqual(now, before)) return;
  const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  throw new BrokenInvariant(`touched, and it had to stay: now\n${shown(now)}\nbefore\n${shown(before)}`);
}

/** A node's addresses, for assertUntouched. An IPv6 address is tentative for a second or two after the boot. */
export const ADDRESSES = "ip -o addr show | sed 's/valid_lft.*//; s/ tentative//'";
