import * as fs from "node:fs";
import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { loadCluster } from "../config/cluster";
import type { Role, Takeover } from "../config/stack";
import { encodeDocument } from "./remote/document";
import { counted } from "./remote/handover";
import { Observation } from "./remote/observationResource";
import { asRoot } from "./remote/session";
import type { RoleValues, Values } from "./values";

/** The node that a component works on. */
export type NodeContext = {
  /** Path of the cluster file, relative to the project folder: observations read it at call time. */
  clusterFile: string;
  /** The cluster file, read and checked. */
  cluster: ReturnType<typeof loadCluster>;
  /** The stack that manages the node, as PROJECT/STACK: recorded there, and another one is refused. */
  stack: string;
  /** Name of this node in the cluster file. */
  name: string;
  /** The role that the stack config gives it. */
  role: Role;
  /** What the stack config orders where the active node is dead. */
  takeover?: Takeover;
};

/** What every component of a management node takes. */
export type PartArgs = {
  /** The node. */
  node: NodeContext;
  /**
   * The observation of the owner lease, whose check refuses a role that cannot be: before it has passed nothing else is
   * observed or changed.
   */
  lease: Observation;
  /** What must have converged before this part's remote command runs. */
  after: pulumi.Resource[];
};

/** Where NodeProgram installs the node program. */
export const PROGRAM = "/usr/local/sbin/xcat-ha";

/** The observation of one part of a node. */
export function observe(
  parent: pulumi.ComponentResource,
  part: string,
  values: Values,
  node: Pick<NodeContext, "clusterFile" | "stack" | "name">,
  dependsOn: pulumi.Resource[] = [],
  takeover?: Values,
): Observation {
  return new Observation(
    part,
    {
      target: {
        clusterFile: node.clusterFile,
        stack: node.stack,
        node: node.name,
        part,
        ...(takeover && { takeover }),
      },
      values,
    },
    { parent, dependsOn },
  );
}

/** How every remote command of a node connects. Secret as a whole. */
export function connectionTo(node: NodeContext, host: pulumi.Input<string>) {
  const { ssh, hostKeys } = node.cluster;
  return {
    host,
    port: ssh.port,
    user: ssh.user,
    privateKey: pulumi.secret(fs.readFileSync(node.cluster.privateKeyFile, "utf8")),
    hostKey: hostKeys[node.name],
    // The observation's handshake has succeeded just before: what fails now fails for good.
    dialErrorLimit: 2,
    perDialTimeout: 5,
  };
}

/** How a part differs from the others in its command. */
type Differing = {
  /** More keys for the command's document that are no part of what is observed. */
  payload?: Values;
  /** Another way to run it than the installed program. */
  create?: string;
  /** A command that must have run before, made once the node was observed. */
  prelude?: (observation: Observation) => pulumi.Resource;
};

/**
 * Makes a part converge: an observation that reads it and a remote command that changes it, which runs when what is
 * wanted changed or the observation saw a difference, and at no other time (docs/developing.md, How a part converges).
 */
function converge(
  parent: pulumi.ComponentResource,
  part: string,
  wanted: Values,
  { node, lease, after }: PartArgs,
  differing: Differing = {},
): remote.Command {
  const observation = part === "ownerLease" ? lease : observe(parent, part, wanted, node, [lease]);
  const stdin = observation.counter.apply((counter) =>
    encodeDocument({ ...wanted, ...differing.payload, ...counted(counter) }),
  );
  const prelude = differing.prelude ? [differing.prelude(observation)] : [];
  return new remote.Command(
    part,
    {
      connection: connectionTo(node, node.cluster.nodes[node.name].address),
      create: asRoot(node.cluster.ssh, differing.create ?? `${PROGRAM} apply ${part}`),
      delete: asRoot(node.cluster.ssh, `if [ -x ${PROGRAM} ]; then exec ${PROGRAM} remove ${part}; fi`),
      // The only change signal: triggers would replace, and the old delete would run last (docs/developing.md, How a
      // part converges).
      stdin,
      addPreviousOutputInEnv: false,
    },
    { parent, dependsOn: [observation, ...prelude, ...after] },
  );
}

/**
 * The component of a part.
 * @param type its name in Pulumi: it stands in the URNs of every stack
 * @param values what the part should be, for each role
 * @param differing how its command differs from `xcat-ha apply PART`; asked ahead of the part's observation
 */
export function component<Args extends object>(
  type: string,
  values: (args: Args) => RoleValues,
  differing?: (parent: pulumi.ComponentResource, args: PartArgs & Args) => Differing,
) {
  return class extends pulumi.ComponentResource {
    static readonly values = values;
    /** What the next part waits for. */
    public readonly converged: pulumi.Resource;

    constructor(part: string, args: PartArgs & Args, opts?: pulumi.ComponentResourceOptions) {
      super(`xcat-ha:index:${type}`, part, {}, opts);
      this.converged = converge(this, part, values(args)[args.node.role], args, differing?.(this, args));
      this.registerOutputs({});
    }
  };
}

export type Component<Args extends object> = ReturnType<typeof component<Args>>;
