import { component, PROGRAM } from "./converge";

export type HostsSyncCronArgs = {
  /** When, as in crontab(5). */
  schedule: string;
  /** The other node's name. */
  peer: string;
  /** The other node's static address. */
  peerAddress: string;
  /** The other node's host key, like "ssh-ed25519 AAAA...". */
  peerHostKey: string;
};

/**
 * /etc/hosts from the active to the standby node, by cron and rsync (the manual, "synchronize /etc/hosts"), with the
 * SSH trust that it needs.
 */
export const HostsSyncCron = component(
  "HostsSyncCron",
  ({ schedule, peer, peerAddress, peerHostKey }: HostsSyncCronArgs) => {
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
  },
);
