import * as pulumi from "@pulumi/pulumi";
import type { Values } from "../values";

/** Where an observation looks, and for what; `takeover`: the order of one, for the plan of a check. */
export type Target = { clusterFile: string; stack: string; node: string; part: string; takeover?: Values };

/**
 * A thin shim: each method loads the implementation when it is called, so the state holds no program text
 * and refresh and destroy run the checkout's code of today (docs/developing.md, How a part converges).
 */
const shim: pulumi.dynamic.ResourceProvider = {
  check: async (olds, news) => require(`${process.cwd()}/components/remote/observation.js`).check(olds, news),
  create: async (inputs) => require(`${process.cwd()}/components/remote/observation.js`).create(inputs),
  read: async (id, properties) => require(`${process.cwd()}/components/remote/observation.js`).read(id, properties),
  update: async (id, olds, news) => require(`${process.cwd()}/components/remote/observation.js`).update(id, olds, news),
  delete: async (id, properties) => require(`${process.cwd()}/components/remote/observation.js`).remove(id, properties),
};

/** Reads a part on a node; `pulumi refresh` works through it. Its counter rises when the node was not as wanted. */
export class Observation extends pulumi.dynamic.Resource {
  public declare readonly counter: pulumi.Output<number | string>;
  /** The address at which the node answered when it was observed last. */
  public declare readonly foundAt: pulumi.Output<string>;

  constructor(name: string, args: { target: Target; values: Values }, opts: pulumi.CustomResourceOptions) {
    const properties = { ...args.values, target: args.target, counter: undefined, foundAt: undefined };
    super(shim, name, properties, opts, "xcat-ha", "Observation");
  }
}
