// The pair that the lab tests work on, and what must hold after each of them.
import assert from "node:assert/strict";
import { BrokenInvariant } from "./brokenInvariant";
import { Lab, type Result } from "./lab";
import { Watcher } from "./sampler";

export const lab = new Lab(process.env.XCAT_HA_LAB ?? "test");
export const NODES = ["xcatmn1", "xcatmn2"] as const;
export type NodeName = (typeof NODES)[number];
export const STACK: Record<NodeName, string> = { xcatmn1: "primary", xcatmn2: "standby" };
export const peerOf = (node: NodeName): NodeName => (node === "xcatmn1" ? "xcatmn2" : "xcatmn1");
/** Units that only an active node runs, in start order. */
export const UNITS = ["postgresql", "xcatd", "named", "dhcpd", "conserver"];

export function expectUp(node: NodeName): Result {
  const result = lab.up(STACK[node]);
  assert.equal(result.code, 0, `pulumi up -s ${STACK[node]}:\n${result.output}`);
  return result;
}

/** Who holds the newest epoch, as the share says; whether since the node's last boot. Asked of the host: no node is needed for it. */
function holder(): { node: NodeName; rebooted: boolean } | undefined {
  const { lease, looks, problems } = new Watcher(lab).sample();
  assert.deepEqual(problems, []);
  const node = NODES.find((name) => name === lease.node);
  if (node === undefined || lease.released) return undefined;
  return { node, rebooted: looks.find((look) => look.node === node)?.boot !== lease.boot };
}

/** The node that holds the newest epoch, in this boot, or nothing. */
export function owner(): NodeName | undefined {
  const held = holder();
  return held && !held.rebooted ? held.node : undefined;
}

/** The newest epoch, as its files are called: 000007. */
export const newestEpoch = (node: NodeName, of = lab): string =>
  of.on(node, "ls /HA/.xcat-ha/epoch | sed -n 's/[.]owner$//p' | tail -n 1");

/** `xcat-ha become ROLE` as it is typed at the console; what it printed. */
export function become(node: NodeName, role: "active" | "standby", of = lab): string {
  const { code, output } = of.run(["ssh", node, `xcat-ha become ${role} </dev/null`]);
  assert.equal(code, 0, output);
  return output;
}

/** A pair that was saved has been switched off: the node that was active takes up again where it was. */
function takesUpAgain() {
  const held = holder();
  if (held?.rebooted) become(held.node, "active");
}

/** The pair after a failover that is not what the test is about: by the node program, and both stacks are told. */
export function failOver(to: NodeName, of = lab) {
  become(peerOf(to), "standby", of);
  become(to, "active", of);
  for (const node of NODES) of.config(STACK[node], "activeNode", to);
  // As the next `up` of its stack would note: this failover is no stale config's business.
  of.on(to, `touch /HA/.xcat-ha/epoch/${newestEpoch(to, of)}.named`);
}

/** Brings the pair, whatever it is, to `active` by the stock commands: the node that steps down first. Nothing to do where it is that. */
export function pairWith(active: NodeName) {
  const standby = peerOf(active);
  takesUpAgain();
  for (const node of NODES) lab.config(STACK[node], "activeNode", active);
  try {
    assertPair(active);
    return;
  } catch (error) {
    if (error instanceof BrokenInvariant) throw error;
    // Else by the commands.
  }
  const order = owner() === standby ? [standby, active] : [active, standby];
  for (const node of order) expectUp(node);
}

/** From here on a service does not start on a node; what is returned lets it again. */
export function startFails(node: NodeName, service: string): () => void {
  const broken = `/run/systemd/system/${service}.service.d/broken.conf`;
  lab.on(
    node,
    `mkdir -p $(dirname ${broken}) && printf '[Service]\\nExecStartPre=/bin/false\\n' >${broken} && systemctl daemon-reload`,
  );
  // Whether systemd was to try again when it was stopped, or had given up, is left to chance.
  return () => lab.on(node, `rm ${broken} && systemctl daemon-reload; systemctl reset-failed ${service} || true`);
}

/** What of the owner's is still on a node: units that run, processes of PostgreSQL, the VIP, the timer. */
export const remains = (node: NodeName) =>
  lab.on(
    node,
    `for u in ${UNITS.join(" ")}; do [ $(systemctl is-active $u) = active ] && echo $u; done; pgrep -f '^[^ ]*/postgres -D '; ip -o addr show | grep -o 'inet 10.5.106.7/'; systemctl is-active --quiet xcat-ha-beat.timer && echo timer; true`,
  );

/** Whether a node runs anything of the owner's or has the VIP, asked of the host: for a node that cannot be reached. */
export function serves(node: NodeName): boolean {
  const { looks, problems } = new Watcher(lab).sample();
  assert.deepEqual(problems, []);
  return looks.some((look) => look.node === node && (look.processes.length > 0 || look.vip > 0));
}

/** The share's loss after which an owner steps down; a test takes the least that a site may choose. */
export function shareLossSeconds(node: NodeName, seconds: number) {
  lab.on(node, `sed -i 's/^\\(active\\.beat\\.shareLossSeconds\t\\).*/\\1${seconds}/' /etc/xcat-ha/description`);
  assert.match(lab.on(node, "cat /etc/xcat-ha/description"), new RegExp(`beat\\.shareLossSeconds\t${seconds}$`, "m"));
}

/** A shell command: each of these units, its state now and at boot, a line each. */
export const statesOf = (units: string[]) =>
  `for u in ${units.join(" ")}; do echo $u $(systemctl is-active $u) $(systemctl is-enabled $u); done`;

/** What a node runs, has and keeps, a line each. Not each postgres is a server: with -C it says what one would do. */
const served = (node: NodeName) =>
  lab
    .on(
      node,
      `${statesOf([...UNITS, "ntpd"])}
       echo postmasters $(pgrep -cf '^[^ ]*/postgres -D ')
       echo VIP $(ip -o addr show | grep -c 'inet 10.5.106.7/')
       echo cron $(ls /etc/cron.d/xcat-ha-hosts 2>/dev/null)`,
    )
    .split("\n");

/** One at most, and that one whole: the property that every lab test ends with. */
export function assertPair(active: NodeName) {
  const standby = peerOf(active);
  assert.equal(owner(), active);
  const idle = served(standby);
  if (!idle.includes("postmasters 0") || !idle.includes("VIP 0"))
    throw new BrokenInvariant(`${standby} serves while ${active} is the owner:\n${idle.join("\n")}`);
  const units = (state: string) => [...UNITS.map((unit) => `${unit} ${state} disabled`), "ntpd active enabled"];
  assert.deepEqual(idle, [...units("inactive"), "postmasters 0", "VIP 0", "cron"], standby);
  const found = served(active);
  assert.deepEqual(found, [...units("active"), "postmasters 1", "VIP 1", "cron /etc/cron.d/xcat-ha-hosts"], active);
}

export function assertNoChanges(node: NodeName) {
  const { code, output } = lab.pulumi("preview", "-s", STACK[node], "--expect-no-changes");
  assert.equal(code, 0, output);
}

/** The same of the node alone, whose program is not asked: in less than half the time. */
export function assertNoDrift(node: NodeName, of = lab) {
  const { code, output } = of.pulumi("refresh", "-s", STACK[node], "--preview-only", "--expect-no-changes");
  assert.equal(code, 0, output);
}

/** No time server is in the lab: what the time service says is a stand-in from here on, until what is returned takes it away. */
export function timeSource(of = lab): () => void {
  for (const node of NODES)
    of.run(
      ["ssh", node, "install -m 0755 /dev/stdin /usr/local/bin/ntpq"],
      "#!/bin/sh\nprintf ' header\\n=\\n*10.0.0.1 10.0.0.2 3 u 5 64 377 0.4 2 0.1\\n'\n",
    );
  return () => {
    for (const node of NODES) of.on(node, "rm -f /usr/local/bin/ntpq");
  };
}

/** A notify of the site that writes down what it is told; gives what it was told on the node so far. */
export function notified(node: NodeName) {
  lab.run(
    ["ssh", node, "rm -f /root/told; install -m 0700 /dev/stdin /etc/xcat-ha.notify"],
    '#!/bin/sh\n{ echo "$1 $2"; cat; } >>/root/told\n',
  );
  return () => lab.on(node, "cat /root/told 2>/dev/null || true");
}
