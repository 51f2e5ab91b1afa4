import { component } from "./converge";

export type StartGuardArgs = {
  /** The manual's names of the services. */
  services: string[];
};

/** A drop-in on every managed unit: it starts only where the owner lease is held by this node in this boot. */
export const StartGuard = component("StartGuard", ({ services }: StartGuardArgs) => {
  const values = Object.fromEntries(services.map((service) => [service, "guarded"]));
  return { active: values, standby: values };
});
