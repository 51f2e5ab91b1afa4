import * as pulumi from "@pulumi/pulumi";
import { isTimeService } from "../config/cluster";
import { Beat, type BeatFacts } from "./beat";
import { ClockSource, type ClockSourceFacts } from "./clockSource";
import { type NodeContext, observe, type PartArgs } from "./converge";
import { describeNode } from "./description";
import { Destroyable } from "./destroyable";
import { HostsEntry, type HostsEntryFacts } from "./hostsEntry";
import { HostsSyncCron, type HostsSyncCronFacts } from "./hostsSyncCron";
import { ListenAddresses, type ListenAddressesFacts } from "./listenAddresses";
import { PARTS, type Part } from "./manifest";
import { NetworksMgtIf, type NetworksMgtIfFacts } from "./networksMgtIf";
import { NodeProgram } from "./nodeProgram";
import { OwnerLease, type OwnerLeaseFacts, ownerLeaseValues, takeoverOrder } from "./ownerLease";
import { PgHbaEntry, type PgHbaEntryFacts } from "./pgHbaEntry";
import { ServiceSet, type ServiceSetFacts } from "./serviceSet";
import { managedUnits, peerOf, settingsOf } from "./settings";
import { SharedDataLinks, type SharedDataLinksFacts } from "./sharedDataLinks";
import { SiteCommands } from "./siteCommands";
import { StartGuard, type StartGuardFacts } from "./startGuard";
import { StaticAddress, type StaticAddressFacts } from "./staticAddress";
import { VirtualIp, type VirtualIpFacts } from "./virtualIp";

/** What the cluster file says about each part of one node. */
export type PartFacts = {
  staticAddress: StaticAddressFacts;
  hostsEntry: HostsEntryFacts;
  clockSource: ClockSourceFacts;
  ownerLease: OwnerLeaseFacts;
  sharedDataLinks: SharedDataLinksFacts;
  startGuard: StartGuardFacts;
  virtualIp: VirtualIpFacts;
  pgHbaEntry: PgHbaEntryFacts;
  listenAddresses: ListenAddressesFacts;
  database: ServiceSetFacts;
  networksMgtIf: NetworksMgtIfFacts;
  network: ServiceSetFacts;
  hostsSyncCron: HostsSyncCronFacts;
  beat: BeatFacts;
};

/** The facts of a node's parts, out of the cluster file. */
export function partFacts({ cluster, name }: Pick<NodeContext, "cluster" | "name">): PartFacts {
  const { virtualIp: vip, nodes, services } = cluster;
  const peer = peerOf(cluster, name);
  const staticAddress = `${nodes[name].address}/${vip.prefix}`;
  // The same list on both nodes, so that a failover changes neither file.
  const addresses = [vip.address, ...Object.values(nodes).map(({ address }) => address)];
  return {
    staticAddress: { address: staticAddress, interface: vip.interface },
    hostsEntry: {
      names: Object.fromEntries([
        [vip.address, vip.names],
        ...Object.entries(nodes).map(([node, { address, names }]) => [address, names ?? [node]]),
      ]),
    },
    clockSource: { service: services.network.find(isTimeService), servers: cluster.ntpServers ?? [] },
    ownerLease: { owner: name },
    sharedDataLinks: { share: cluster.share, restoreFrom: cluster.restoreFrom ?? "aside" },
    startGuard: { services: managedUnits(cluster) },
    virtualIp: { ...vip, staticAddress },
    pgHbaEntry: { addresses },
    listenAddresses: { addresses: ["localhost", ...addresses] },
    database: { services: services.database, virtualIp: vip.address },
    networksMgtIf: { network: cluster.network, mgtifname: vip.label },
    network: { services: services.network.filter((service) => !isTimeService(service)), virtualIp: vip.address },
    hostsSyncCron: {
      schedule: cluster.hostsSync,
      peer,
      peerAddress: nodes[peer].address,
      peerHostKey: cluster.hostKeys[peer],
    },
    beat: { onShareLoss: cluster.onShareLoss ?? "demote", shareLossSeconds: cluster.shareLossSeconds ?? 60 },
  };
}

/** One xCAT management node in its role: every part of the manifest, in its order. */
export class ManagementNode extends pulumi.ComponentResource {
  constructor(name: string, node: NodeContext, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:ManagementNode", name, {}, opts);
    const facts = partFacts(node);
    const description = describeNode(settingsOf(node.cluster, node.name), facts);
    const parent = { parent: this };
    const { address: staticAddress, interface: device } = facts.staticAddress;
    const make: Record<Part, (args: PartArgs) => { converged: pulumi.Resource }> = {
      nodeProgram: (args) =>
        new NodeProgram("nodeProgram", { ...args, description, staticAddress, interface: device }, parent),
      staticAddress: (args) => new StaticAddress("staticAddress", { ...args, ...facts.staticAddress }, parent),
      hostsEntry: (args) => new HostsEntry("hostsEntry", { ...args, ...facts.hostsEntry }, parent),
      clockSource: (args) => new ClockSource("clockSource", { ...args, ...facts.clockSource }, parent),
      ownerLease: (args) => new OwnerLease("ownerLease", { ...args, ...facts.ownerLease }, parent),
      sharedDataLinks: (args) => new SharedDataLinks("sharedDataLinks", { ...args, ...facts.sharedDataLinks }, parent),
      startGuard: (args) => new StartGuard("startGuard", { ...args, ...facts.startGuard }, parent),
      virtualIp: (args) => new VirtualIp("virtualIp", { ...args, ...facts.virtualIp }, parent),
      pgHbaEntry: (args) => new PgHbaEntry("pgHbaEntry", { ...args, ...facts.pgHbaEntry }, parent),
      listenAddresses: (args) => new ListenAddresses("listenAddresses", { ...args, ...facts.listenAddresses }, parent),
      database: (args) => new ServiceSet("database", { ...args, ...facts.database, part: "database" }, parent),
      networksMgtIf: (args) => new NetworksMgtIf("networksMgtIf", { ...args, ...facts.networksMgtIf }, parent),
      network: (args) => new ServiceSet("network", { ...args, ...facts.network, part: "network" }, parent),
      beat: (args) => new Beat("beat", { ...args, ...facts.beat }, parent),
      hostsSyncCron: (args) => new HostsSyncCron("hostsSyncCron", { ...args, ...facts.hostsSyncCron }, parent),
    };
    const lease = observe(
      this,
      "ownerLease",
      ownerLeaseValues(facts.ownerLease)[node.role],
      node,
      [],
      takeoverOrder(node),
    );
    let after: pulumi.Resource[] = [];
    for (const part of PARTS) after = [make[part]({ node, lease, after }).converged];
    after.push(new SiteCommands("siteCommands", { node, lease }, parent).observation);
    new Destroyable("destroyable", { node, lease, after, restoreFrom: facts.sharedDataLinks.restoreFrom }, parent);
    this.registerOutputs({});
  }
}
