import { component } from "./converge";
import type { Values } from "./values";

export type ServiceSetArgs = {
  /** The manual's names of the services, in the order of their start. */
  services: string[];
  /** The VIP: what they listen on, and what the make* steps write. */
  virtualIp: string;
};

/**
 * Services in their order, each ready before the next; disabled at boot. A standby node has them stopped, and the stop
 * proven.
 */
export const ServiceSet = component("ServiceSet", ({ services, virtualIp }: ServiceSetArgs) => {
  const states = (managed: string): Values => Object.fromEntries(services.map((service) => [service, managed]));
  const order = services.join(" ");
  return {
    active: { order, virtualIp, ...states("running, not enabled") },
    standby: { order, ...states("stopped, not enabled") },
  };
});
