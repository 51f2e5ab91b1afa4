// Asks the nodes: one SSH session to each, all at the same time.
import { setTimeout as sleep } from "node:timers/promises";
import { PARTS } from "../components/manifest";
import { decodeDocument } from "../components/remote/document";
import { differences } from "../components/remote/observation";
import { openSession } from "../components/remote/session";
import { settingsOf } from "../components/settings";
import type { LoadedCluster } from "./context";
import { asOpsError, OpsError } from "./ending";
import { answerOf, type NodeLook, type PartLook, roleOf, text } from "./pair";

export type Session = Awaited<ReturnType<typeof openSession>>;
export type Reached = { node: string; session: Session } | { node: string; error: OpsError };

/** For how long the first address is asked alone, where a node has a second one. */
const ALONE_MS = 1000;
/** Until SSH answers at all. A person waits: of a dead node ssh says so, and the other one what it has to say, in five seconds. */
const CONNECT_SECONDS = 3;
/** The same where a node that is missed ends an order that somebody wants. */
export const ORDER_CONNECT_SECONDS = 10;
/** Until a session is there, once SSH has answered: a node that is busy is not dead. */
const SESSION_SECONDS = 30;
const LOOK_SECONDS = 20;
const PART_SECONDS = 60;
const PLAN_SECONDS = 120;

/** A session to each node, or why there is none; a node that is silent keeps nobody waiting for longer than ssh does. */
export function reachAll(cluster: LoadedCluster, seconds?: number): Promise<Reached[]> {
  return Promise.all(Object.keys(cluster.nodes).map((node) => reach(cluster, node, seconds)));
}

/** `seconds`: for how long SSH may be silent; `within`: in how many there must be a session. */
export async function reach(
  cluster: LoadedCluster,
  node: string,
  seconds = CONNECT_SECONDS,
  within = SESSION_SECONDS,
): Promise<Reached> {
  const over = new AbortController();
  const said: { first?: OpsError } = {};
  const late = sleep(within * 1000, undefined, { signal: over.signal }).then(() => {
    throw (
      said.first ??
      new OpsError(
        "unknown",
        `${node} at ${cluster.nodes[node].address}:${cluster.ssh.port} gave no session within ${within} s`,
        `SSH was answered there within ${seconds} s, and has not ended by then`,
        `look what ${node} does, on its console (uptime); then the same command again`,
      )
    );
  });
  late.catch(() => {});
  const opening = openAt(cluster, node, seconds, within, said);
  try {
    return { node, session: await Promise.race([opening, late]) };
  } catch (error) {
    opening.then((session) => session.close()).catch(() => {});
    return { node, error: asOpsError(error) };
  } finally {
    over.abort();
  }
}

/** At the static address; and, where that does not answer at once, beside it where the node was found before it had one. */
async function openAt(
  cluster: LoadedCluster,
  node: string,
  seconds: number,
  within: number,
  said: { first?: OpsError },
): Promise<Session> {
  const { bootstrapAddress, ...own } = cluster.nodes[node];
  const settings = settingsOf(cluster, node);
  const open = (address: string) =>
    openSession(
      { ...cluster, nodes: { ...cluster.nodes, [node]: { ...own, address } } },
      node,
      settings,
      seconds,
      // `reach` ends first, with words of its own.
      within + 1,
    );
  const first = open(own.address);
  if (!bootstrapAddress) return first;
  const opened = first.then(
    () => true,
    (error) => {
      said.first = asOpsError(error);
      return false;
    },
  );
  if (await Promise.race([opened, sleep(ALONE_MS, false, { ref: false })])) return first;
  const second = open(bootstrapAddress);
  second.catch(() => {});
  try {
    const session = await first;
    second.then((unneeded) => unneeded.close()).catch(() => {});
    return session;
  } catch (error) {
    try {
      return await second;
    } catch (other) {
      const { ending, seen, evidence, next } = asOpsError(error);
      throw new OpsError(ending, seen, `${evidence}; also tried: ${asOpsError(other).seen}`, next);
    }
  }
}

/** What a node is, without its parts. */
export async function look(reached: Reached): Promise<NodeLook> {
  const { node } = reached;
  if ("error" in reached) return { node, reached: false, error: reached.error };
  try {
    const told = decodeDocument(await reached.session.ask("look", "", {}, LOOK_SECONDS));
    const values = Object.fromEntries(Object.entries(told).map(([key, value]) => [key, answerOf(value)]));
    return { node, reached: true, address: reached.session.address, values };
  } catch (error) {
    return { node, reached: false, error: asOpsError(error) };
  }
}

/** The same with each part beside what the node's role wants. All are asked for at once: the node answers one after the other. */
export async function lookWhole(cluster: LoadedCluster, reached: Reached): Promise<NodeLook> {
  const seen = await look(reached);
  const role = roleOf(seen);
  if ("error" in reached || !seen.reached || !role || text(seen.values.stack) === undefined) return seen;
  // With Pulumi behind it, which takes a moment to load: the node has been asked by now.
  const { wantedOf } = require("./wanted") as typeof import("./wanted");
  const wanted = wantedOf(cluster, seen.node, role);
  const parts = await Promise.all(PARTS.map((part) => lookAtPart(reached.session, seen.node, part, wanted[part])));
  return { ...seen, parts };
}

export async function lookAtPart(
  session: Pick<Session, "request">,
  node: string,
  part: string,
  wanted: Record<string, string>,
): Promise<PartLook> {
  try {
    const { code, stdout, stderr } = await session.request("observe", part, wanted, PART_SECONDS);
    if (code === 0) return { part, wrong: differences(node, part, wanted, decodeDocument(stdout)) };
    return { part, unknown: stderr.split("\n")[0].replace(/^error: /, "") || `it ended with ${code} and said nothing` };
  } catch (error) {
    return { part, unknown: asOpsError(error).seen };
  }
}

/** What a node would do to get a role, as its steps; `order`: the stack that asks, and what it orders beside. */
export const askPlan = (session: Pick<Session, "request">, role: string, order: Record<string, string>) =>
  session.request("plan", role, order, PLAN_SECONDS);

export function closeAll(all: Reached[]) {
  for (const reached of all) if ("session" in reached) reached.session.close();
}
