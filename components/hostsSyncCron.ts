import * as pulumi from "@pulumi/pulumi";
import { converge, type PartArgs, PROGRAM } from "./converge";
import type { RoleValues } from "./values";

export type HostsSyncCronArgs = PartArgs & HostsSyncCronFacts;

export type HostsSyncCronFacts = {
  /** When, as in crontab(5). */
  schedule: string;
  /** The other node's name. */
  peer: string;
  /** The other node's static address. */
  peerAddress: string;
  /** The other node's host key, like "ssh-ed25519 AAAA...". */
  peerHostKey: string;
};

export function hostsSyncCronValues({ schedule, peer, peerAddress, peerHostKey }: HostsSyncCronFacts): RoleValues {
  const both = {
    schedule,
    peer,
    peerAddress,
    peerHostKey: `${peer} ${peerHostKey}`,
    crontab: "no rsync of /etc/hosts",
  };
  return {
    active: { ...both, cron: `${schedule} root ${PROGRAM} sync-hosts`, key: "present" },
    standby: { ...both, cron: "absent", trust: `${peer} (${peerAddress}) may deliver /etc/hosts` },
  };
}

/** /etc/hosts from the active to the standby node, by cron and rsync (the manual, "synchronize /etc/hosts"), with the SSH trust that it needs. */
export class HostsSyncCron extends pulumi.ComponentResource {
  public readonly converged: pulumi.Resource;

  constructor(name: string, args: HostsSyncCronArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xcat-ha:index:HostsSyncCron", name, {}, opts);
    this.converged = converge(this, "hostsSyncCron", hostsSyncCronValues(args), args).command;
    this.registerOutputs({});
  }
}
