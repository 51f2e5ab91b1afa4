import { component } from "./converge";

export type SharedDataLinksArgs = {
  /** Where xCAT expects each directory, like /install, to where it lies on the shared data, like /HA/install. */
  directories: Record<string, string>;
  /** What a destroy puts in place of the links: the directories that stepped aside, or a copy of the shared data. */
  restoreFrom: "aside" | "shared";
};

/** The five directories on shared data, linked from where xCAT expects them (the manual, "Configure Shared Data"). */
export const SharedDataLinks = component("SharedDataLinks", ({ directories, restoreFrom }: SharedDataLinksArgs) => {
  const links = Object.entries(directories).map(([directory, place]) => [directory, `-> ${place}`]);
  const values = { ...Object.fromEntries(links), "/var/lib/pgsql:owner": "postgres:postgres 700", restoreFrom };
  return { active: values, standby: values };
});
