import { component } from "./converge";

export type BeatArgs = {
  /**
   * What the owner does once the shared data has not answered for `shareLossSeconds`: step down, or go on and say so.
   */
  onShareLoss: "demote" | "keep";
  shareLossSeconds: number;
};

/**
 * A timer on the active node: it shows that its owner lives, and steps down by itself when a newer epoch names another
 * one. And one on the standby node, which tells the site when the owner shows no life.
 */
export const Beat = component("Beat", ({ onShareLoss, shareLossSeconds }: BeatArgs) => ({
  active: { timer: "running", watch: "absent", onShareLoss, shareLossSeconds: String(shareLossSeconds) },
  standby: { timer: "absent", watch: "running" },
}));
