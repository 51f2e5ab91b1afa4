import { component } from "./converge";
import type { Values } from "./values";

export type ClockSourceArgs = {
  /** The time service as the cluster file names it; the node takes the one that it has. None: nobody's business. */
  service?: string;
  /** Time servers that it must have beside those that it has. */
  servers: string[];
};

/**
 * The time service, with the same source on both nodes and running on both: a clock left alone for months fails on the
 * night it counts.
 */
export const ClockSource = component("ClockSource", ({ service, servers }: ClockSourceArgs) => {
  const values: Values = { clock: "within the limit, or not known" };
  if (service) {
    values.service = service;
    values.state = "running, enabled";
    for (const server of servers) values[`server.${server}`] = "listed";
  }
  return { active: values, standby: values };
});
