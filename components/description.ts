import { beatValues } from "./beat";
import { clockSourceValues } from "./clockSource";
import { hostsEntryValues } from "./hostsEntry";
import { hostsSyncCronValues } from "./hostsSyncCron";
import { listenAddressesValues } from "./listenAddresses";
import type { PartFacts } from "./managementNode";
import type { Part } from "./manifest";
import { networksMgtIfValues } from "./networksMgtIf";
import { ownerLeaseValues } from "./ownerLease";
import { pgHbaEntryValues } from "./pgHbaEntry";
import { encodeDocument } from "./remote/document";
import { serviceSetValues } from "./serviceSet";
import { sharedDataLinksValues } from "./sharedDataLinks";
import { startGuardValues } from "./startGuard";
import { staticAddressValues } from "./staticAddress";
import type { RoleValues, Values } from "./values";
import { virtualIpValues } from "./virtualIp";

/** Every part's values for both roles. A part without an entry does not compile. */
export function roleValues(facts: PartFacts): Record<Exclude<Part, "nodeProgram">, RoleValues> {
  return {
    staticAddress: staticAddressValues(facts.staticAddress),
    hostsEntry: hostsEntryValues(facts.hostsEntry),
    clockSource: clockSourceValues(facts.clockSource),
    ownerLease: ownerLeaseValues(facts.ownerLease),
    sharedDataLinks: sharedDataLinksValues(facts.sharedDataLinks),
    startGuard: startGuardValues(facts.startGuard),
    virtualIp: virtualIpValues(facts.virtualIp),
    pgHbaEntry: pgHbaEntryValues(facts.pgHbaEntry),
    listenAddresses: listenAddressesValues(facts.listenAddresses),
    database: serviceSetValues(facts.database),
    networksMgtIf: networksMgtIfValues(facts.networksMgtIf),
    network: serviceSetValues(facts.network),
    hostsSyncCron: hostsSyncCronValues(facts.hostsSyncCron),
    beat: beatValues(facts.beat),
  };
}

/** The description of a node, as a document: its settings, and ROLE.PART.KEY for every value. No secrets. */
export function describeNode(settings: Values, facts: PartFacts): string {
  const document: Values = { ...settings };
  for (const [part, values] of Object.entries(roleValues(facts)))
    for (const role of ["active", "standby"] as const)
      for (const [key, value] of Object.entries(values[role])) document[`${role}.${part}.${key}`] = value;
  return encodeDocument(document);
}
