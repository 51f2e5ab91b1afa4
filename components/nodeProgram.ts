import { remote } from "@pulumi/command";
import { component, connectionTo, observe } from "./converge";
import { encodeDocument } from "./remote/document";
import { installedProgram, sha256 } from "./remote/program";
import { asRoot } from "./remote/session";

export type NodeProgramArgs = {
  /** The description of the node, as a document: every part's values for both roles. */
  description: string;
  /** The stack that manages the node, as PROJECT/STACK. */
  stack: string;
  /** The static address with its prefix, like 10.5.106.70/8. */
  staticAddress: string;
  /** The interface that carries it. */
  interface: string;
};

/** Runs `bash PROGRAM VERB` with a program that comes in the document on standard input, under the key program.text. */
const runDelivered = (verb: string) =>
  `set -eu; umask 077; folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cat >"$folder/document"; ` +
  `LC_ALL=C; printf %b "$(sed -n 's/^program\\.text\t//p' "$folder/document")" >"$folder/program"; ` +
  `bash "$folder/program" ${verb} <"$folder/document"`;

/**
 * The node program and the description of the node, delivered to it; before that, once, the static address at run time.
 */
export const NodeProgram = component(
  "NodeProgram",
  ({ description, stack }: NodeProgramArgs) => {
    const values = { program: sha256(installedProgram()), description: sha256(description), stack, login: "shown" };
    return { active: values, standby: values };
  },
  (parent, args) => {
    const { node, lease, after, staticAddress } = args;
    const program = installedProgram();
    // Where the node answers: not at its static address, and the bootstrap runs (again, where its address was lost
    // before it was persistent).
    const reached = observe(parent, "bootstrap", { address: node.cluster.nodes[node.name].address }, node, [lease]);
    return {
      payload: { "program.text": program, "description.text": args.description },
      create: runDelivered("install"),
      prelude: () =>
        new remote.Command(
          // Another address is another resource: its first creation uses the connection of today.
          `bootstrap ${staticAddress}`,
          {
            connection: connectionTo(node, reached.foundAt),
            create: asRoot(node.cluster.ssh, runDelivered("bootstrap")),
            stdin: encodeDocument({ "program.text": program, address: staticAddress, interface: args.interface }),
            triggers: [reached.counter],
            addPreviousOutputInEnv: false,
          },
          // From then on the node answers at its static address: today's connection and program are no reason to run
          // it.
          { parent, dependsOn: after, ignoreChanges: ["connection", "create", "stdin"] },
        ),
    };
  },
);
