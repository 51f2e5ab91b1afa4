// The resources of a stack, without an engine.
import * as pulumi from "@pulumi/pulumi";
import type { NodeContext } from "../../components/converge";
import type { Role } from "../../config/stack";

export const COMMAND = "command:remote:Command";
export const OBSERVATION = "pulumi-nodejs:dynamic/xcat-ha:Observation";
/** How Pulumi marks a secret on the wire. */
export const SECRET = "4dabf18193072939515e22adb298388d";

type Connection = { host: string; hostKey: string };
type Inputs = {
  connection: { [SECRET]: string; value: Connection };
  stdin: string;
  create: string;
  delete?: string;
  addPreviousOutputInEnv: boolean;
  triggers?: unknown[];
  target: { part: string };
  __provider: string;
};

/** What the program sends to the engine for one resource. */
type Request = {
  getType(): string;
  getName(): string;
  getParent(): string;
  getObject(): { toJavaScript(): Inputs };
  getDependenciesList(): string[];
  getIgnorechangesList(): string[];
};

/** One resource as the program asked the engine to register it. */
export type Registered = {
  type: string;
  name: string;
  /** Name of the resource above it. */
  parent: string;
  /** Inputs as they go to the engine. */
  inputs: Inputs;
  /** Names of the resources that it waits for, components left out. */
  dependsOn: string[];
  ignoreChanges: string[];
};

/** What was registered, in order: `pulumi up` of a stack on a node with this role, with Pulumi's engine replaced. */
export async function graphOf(
  of: Pick<NodeContext, "cluster" | "clusterFile" | "stack">,
  name: string,
  role: Role,
): Promise<Registered[]> {
  const registered: Registered[] = [];
  const newResource = ({ name, inputs }: pulumi.runtime.MockResourceArgs) => ({
    id: `id of ${name}`,
    // What the observation's provider returns: the node was found at its bootstrap address.
    state: { ...inputs, counter: 3, foundAt: "10.5.106.7" },
  });
  await pulumi.runtime.setMocks({ newResource, call: ({ inputs }) => inputs }, "xcat-ha", "any", false);
  const monitor = pulumi.runtime.getMonitor() as unknown as { registerResource(...words: [Request, unknown]): unknown };
  const register = monitor.registerResource.bind(monitor);
  const nameOf = (urn: string) => urn.split("::").at(-1) ?? "";
  monitor.registerResource = (request, callback) => {
    registered.push({
      type: request.getType(),
      name: request.getName(),
      parent: nameOf(request.getParent()),
      inputs: request.getObject().toJavaScript(),
      dependsOn: request
        .getDependenciesList()
        .filter((urn) => urn.includes(COMMAND) || urn.includes(OBSERVATION))
        .map((urn) => `${urn.includes(COMMAND) ? "command" : "observation"} ${nameOf(urn)}`)
        .sort(),
      ignoreChanges: request.getIgnorechangesList(),
    });
    return register(request, callback);
  };
  // After the mocks are set, or its first resource would ask for an engine.
  const { ManagementNode } =
    require("../../components/managementNode") as typeof import("../../components/managementNode");
  new ManagementNode(name, { ...of, name, role });
  await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
  return registered;
}
