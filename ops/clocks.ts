// How far a node's clock is off from this workstation's.
import { decodeDocument } from "../components/remote/document";
import { asOpsError } from "./ending";
import type { Reached } from "./nodes";

/** `offset`: what the node's clock shows more than ours; wrong by `uncertainty` at most. Milliseconds. */
export type Clock = { node: string; offset: number; uncertainty: number };
/** `share`: the id of the share that the node was set up with. */
export type ClockAnswer = (Clock & { share: string }) | { node: string; unknown: string };

const NOW_SECONDS = 10;
const TRIES = 3;

/** By the quickest of a few answers: the node looked at its clock at some moment of the way there and back. */
export async function clockOf(reached: Reached): Promise<ClockAnswer> {
  const { node } = reached;
  if ("error" in reached) return { node, unknown: reached.error.seen };
  const answers: (Clock & { share: string })[] = [];
  try {
    for (let count = 0; count < TRIES; count++) {
      const asked = Date.now();
      const { now, share } = decodeDocument(await reached.session.ask("now", "", {}, NOW_SECONDS));
      answers.push({ node, share, ...offsetOf(asked, Number(now), Date.now()) });
    }
  } catch (error) {
    return { node, unknown: asOpsError(error).seen };
  }
  return answers.reduce((best, one) => (one.uncertainty < best.uncertainty ? one : best));
}

export function offsetOf(asked: number, told: number, answered: number): Pick<Clock, "offset" | "uncertainty"> {
  if (!Number.isFinite(told)) throw new Error(`a clock said ${told}; expected milliseconds`);
  return { offset: Math.round(told - (asked + answered) / 2), uncertainty: Math.ceil((answered - asked) / 2) + 1 };
}
