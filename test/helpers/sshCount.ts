// How often SSH is gone to a node for something: as sshd says itself.
import { lab, NODES, type NodeName } from "./labPair";

const SAYS = "/etc/ssh/sshd_config.d/00-says.conf";

/** From here on sshd says of each connection what is run over it. */
export function sshdSays() {
  for (const node of NODES)
    lab.on(node, `echo 'LogLevel VERBOSE' >${SAYS} && sshd -T | grep -qix 'loglevel verbose' && systemctl reload ssh`);
}

/** Logins and what was run on these nodes in a stretch of time; in milliseconds since the epoch. Machines of the lab have the host's clock. */
export function sshWithin({ from, to }: { from: number; to: number }, ...nodes: NodeName[]) {
  const count = (text: string) =>
    nodes
      .map((node) =>
        lab.on(
          node,
          `journalctl -q -t sshd -o cat --since @${from / 1000} --until @${to / 1000} | grep -c '^${text} ' || [ $? = 1 ]`,
        ),
      )
      .reduce((sum, counted) => sum + Number(counted), 0);
  return { connections: count("Accepted publickey"), commands: count("Starting session:") };
}
