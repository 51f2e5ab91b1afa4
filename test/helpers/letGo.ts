// What is left of the pair on a node that was let go.
import { lab, type NodeName, STACK, statesOf, UNITS } from "./labPair";

/** Without the preview, which reads the node once more. */
export const destroy = (node: NodeName, options: string[] = [], of = lab) =>
  of.pulumi("destroy", "--yes", "--skip-preview", "-s", STACK[node], ...options);

/** Each managed unit, its state now and at boot. */
export const units = (node: NodeName) => lab.on(node, statesOf(UNITS)).split("\n");
export const STOPPED = UNITS.map((unit) => `${unit} inactive disabled`);
const DIRECTORIES = "/etc/xcat /install /root/.xcat /tftpboot /var/lib/pgsql";
export const localDirectories = (node: NodeName, of = lab) =>
  Number(of.on(node, `find ${DIRECTORIES} -maxdepth 0 -type d | wc -l`));
/** What xcat-ha has put on a node. */
export const ours = (node: NodeName) =>
  lab.on(
    node,
    "ls -d /usr/local/sbin/xcat-ha /etc/xcat-ha /var/lib/xcat-ha /run/xcat-ha /etc/systemd/system/*.d/xcat-ha.conf /etc/systemd/system/xcat-ha-* /etc/systemd/system/timers.target.wants/xcat-ha-* 2>/dev/null; grep -h hosts-sync /root/.ssh/authorized_keys; true",
  );
