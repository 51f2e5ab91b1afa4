import * as pulumi from "@pulumi/pulumi";
import { type NodeContext, observe } from "./converge";
import { describeNode, roleValues } from "./description";
import { Destroyable } from "./destroyable";
import { type Delivered, MANIFEST, PARTS, type Row } from "./manifest";
import { takeoverOrder } from "./ownerLease";
import { type Pair, pairFrom } from "./settings";
import { SiteCommands } from "./siteCommands";

/** One xCAT management node in its role: every part of the manifest, in its order. */
export class ManagementNode extends pulumi.ComponentResource {
  constructor(name: string, node: NodeContext, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:ManagementNode", name, {}, opts);
    const pair = pairFrom(node.cluster, node.name);
    const known = { ...pair, description: describeNode(pair), stack: node.stack };
    const parent = { parent: this };
    const wanted = roleValues(pair).ownerLease[node.role];
    const lease = observe(this, "ownerLease", wanted, node, [], takeoverOrder(node));
    let after: pulumi.Resource[] = [];
    for (const part of PARTS) {
      const { component, args } = MANIFEST[part] as Row<object, Pair & Delivered>;
      const Component = component();
      after = [new Component(part, { ...args(known), node, lease, after }, parent).converged];
    }
    after.push(new SiteCommands("siteCommands", { node, lease }, parent).observation);
    const { restoreFrom } = MANIFEST.sharedDataLinks.args(pair);
    new Destroyable("destroyable", { node, lease, after, restoreFrom }, parent);
    this.registerOutputs({});
  }
}
