// What was seen of the pair, and what follows from it. Pure: asks nobody (see nodes.ts).
import { nextLines, type OpsError } from "./ending";

/** What a look came to. That it cannot be told is never "absent", and never "as wanted". */
export type Value = { is: string } | { absent: true } | { unknown: string };

export function answerOf(text: string | undefined): Value {
  if (text === "absent") return { absent: true };
  if (text?.startsWith("is ")) return { is: text.slice(3) };
  return { unknown: text?.replace(/^unknown /, "") ?? "the node does not say it" };
}

/** One part beside what its role wants: the differences in words, or why they cannot be told. */
export type PartLook = { part: string; wrong: string[] } | { part: string; unknown: string };

/** A node that answered, or why it did not. */
export type NodeLook =
  | { node: string; reached: true; address: string; values: Record<string, Value>; parts?: PartLook[] }
  | { node: string; reached: false; error: Pick<OpsError, "seen" | "evidence" | "next"> };

/** As monitoring counts, by its exit code. */
export const LEVELS = ["OK", "WARNING", "CRITICAL", "UNKNOWN"] as const;
export type Level = (typeof LEVELS)[number];
const WORST_FIRST: Level[] = ["CRITICAL", "WARNING", "UNKNOWN", "OK"];

export type Finding = { node: string; level: Exclude<Level, "OK">; what: string; next: string };

export type PairFacts = {
  /** Services that only an active node runs. */
  units: string[];
  timeService?: string;
  /** The stack of each node, as the config of the stacks says it. */
  stacks?: Record<string, string>;
};

/** Seconds: a beat comes every ten. */
const BEAT_LATE = 45;
/** As node/lib/clock.sh has it. */
export const CLOCK_LIMIT = 10;

const DEAD = "docs/failover.md, The active node is dead";

export const worst = (findings: Finding[]): Level =>
  WORST_FIRST.find((level) => findings.some((finding) => finding.level === level)) ?? "OK";

export const at = (look: NodeLook, key: string): Value =>
  look.reached ? valueIn(look.values, key) : { unknown: look.error.seen };
const valueIn = (values: Record<string, Value>, key: string): Value => values[key] ?? answerOf(undefined);
export const text = (value: Value): string | undefined => ("is" in value ? value.is : undefined);

/** The role that a node's lease gives it; which of the parts' values are wanted there. */
export function roleOf(look: NodeLook): "active" | "standby" | undefined {
  const lease = text(at(look, "lease"));
  if (lease === "mine") return "active";
  return lease !== undefined && /^(other|other-releasing|released|none)$/.test(lease) ? "standby" : undefined;
}

/** What ssh said of a node that cannot be asked; that nobody touched anything is no news here. */
function silence({ node, error: { seen, evidence } }: NodeLook & { reached: false }): string {
  const words = seen.replace(/; (expected|nothing was touched).*$/, "");
  return `${words.startsWith(node) ? words : `${node}: ${words}`}: ${evidence}`;
}

/** The command that makes a node what its stack says: the one that the node names, else the one that names the node. */
function upOf({ stacks }: PairFacts, look: NodeLook): string {
  const managing = text(at(look, "stack"));
  const stack = managing === undefined || managing === "no stack" ? stacks?.[look.node] : managing.replace(/^.*\//, "");
  return stack === undefined ? `pulumi up on the stack of ${look.node}` : `pulumi up -s ${stack}`;
}

const neverSetUp = (look: NodeLook) => "absent" in at(look, "stack");

/** Everything that is not as it should be, the worst first. */
export function judge(facts: PairFacts, looks: NodeLook[]): Finding[] {
  const findings = [...looks.flatMap((look) => judgeNode(facts, look, looks)), ...judgePair(looks)];
  return findings.sort((a, b) => WORST_FIRST.indexOf(a.level) - WORST_FIRST.indexOf(b.level));
}

function judgePair(looks: NodeLook[]): Finding[] {
  const [first] = looks;
  const active = looks.filter((look) => text(at(look, "lease")) === "mine");
  if (active.length > 1)
    return [
      {
        node: first.node,
        level: "CRITICAL",
        what: "both nodes say that they hold the owner lease: they see two different shares",
        next: "findmnt on both nodes; stop the one whose share is not the pair's",
      },
    ];
  const epochs = new Set(looks.map((look) => text(at(look, "lease.epoch"))).filter((epoch) => epoch !== undefined));
  if (epochs.size > 1)
    return [
      {
        node: first.node,
        level: "WARNING",
        what: `the nodes see different epochs: ${[...epochs].map(Number).join(" and ")}`,
        next: "xcat-ha status once more; if it stays, findmnt on both nodes: they see two different shares",
      },
    ];
  const owner = looks.map((look) => text(at(look, "lease"))).find((lease) => lease !== undefined);
  if (owner !== "none" && owner !== "released") return [];
  return [
    {
      node: first.node,
      level: "CRITICAL",
      what:
        owner === "none" ? "no node is active: no epoch exists yet" : "no node is active: the last epoch was released",
      next: "pulumi up on the stack of the node that should be active",
    },
  ];
}

function judgeNode(facts: PairFacts, look: NodeLook, looks: NodeLook[]): Finding[] {
  const { units, timeService } = facts;
  const { node } = look;
  const up = (of: NodeLook) => upOf(facts, of);
  const found: Finding[] = [];
  const add = (level: Finding["level"], what: string, next: string) => found.push({ node, level, what, next });
  const peer = looks.find((other) => other.node !== node);
  if (!look.reached) {
    const owns = peer && text(at(peer, "lease.node")) === node && /^other/.test(text(at(peer, "lease")) ?? "");
    add("UNKNOWN", silence(look), owns ? `${look.error.next}\nwhere it is dead: ${DEAD}` : look.error.next);
    return found;
  }
  /** What cannot be told is a finding by itself. */
  const known = (key: string, what: string, next = `xcat-ha status on ${node}`): Value => {
    const value = at(look, key);
    if ("unknown" in value) add("UNKNOWN", `${what} cannot be told on ${node}: ${value.unknown}`, next);
    return value;
  };
  const stack = known("stack", "whether it was set up");
  if ("absent" in stack) {
    add("WARNING", `${node} was never set up`, up(look));
    return found;
  }
  const role = roleOf(look);
  const lease = text(known("lease", "who is active"));
  if (lease === "mine-rebooted")
    add(
      "CRITICAL",
      `${node} was active before its last boot, and nothing has started since`,
      `${up(look)}\non ${node}: xcat-ha resume`,
    );
  if (lease === "mine-releasing")
    add("WARNING", `${node} steps down, or was cut while it did`, `${up(look)}, where nobody does it`);
  const demoted = known("demoted", "whether it stepped down by itself");
  if ("is" in demoted) {
    if (demoted.is.startsWith("whether ")) add("UNKNOWN", demoted.is, `xcat-ha role on ${node}`);
    else add(lease === "mine" ? "CRITICAL" : "WARNING", demoted.is, up(look));
  }
  const share = at(look, "share");
  if ("unknown" in share)
    add("UNKNOWN", `the shared data on ${node} cannot be told: ${share.unknown}`, `findmnt on ${node}`);
  else if (text(share) !== "ok")
    add(role === "active" ? "CRITICAL" : "WARNING", `the shared data on ${node} ${text(share)}`, `mount it on ${node}`);

  const vip = known("vip", "whether the VIP is here");
  if (role === "active" && "absent" in vip) add("CRITICAL", `${node} is active without the VIP`, up(look));
  if (role === "standby" && "is" in vip) add("CRITICAL", `${node} has the VIP and is not active: ${vip.is}`, up(look));
  const links = text(known("links", "where the shared directories lead"));
  if (role && links !== undefined && links !== "all")
    add(
      role === "active" ? "CRITICAL" : "WARNING",
      `of the shared directories on ${node} ${links} are linked`,
      up(look),
    );

  for (const unit of [...units, ...(timeService ? [timeService] : [])]) {
    const value = known(`unit.${unit}`, `whether ${unit} runs`);
    if ("unknown" in value || role === undefined) continue;
    const state = "is" in value ? value.is.split(",")[0] : "not installed";
    if (unit === timeService) {
      if (state !== "active") add("WARNING", `${unit} is ${state} on ${node}`, up(look));
    } else if (role === "active") {
      if (/^(activating|reloading|refreshing)$/.test(state))
        add("WARNING", `${unit} is ${state} on ${node}`, "wait; then again");
      else if (state !== "active")
        add("CRITICAL", `${unit} is ${state} on ${node}`, `${up(look)}; journalctl -u ${unit} on ${node}`);
    } else if (!/^(inactive|failed|not installed)$/.test(state))
      add("CRITICAL", `${unit} is ${state} on ${node}, which is not active`, up(look));
  }

  if (timeService) {
    const clock = known(
      "clock",
      "how far its clock is off",
      `${timeService === "chronyd" ? "chronyc sources" : "ntpq -p"} on ${node}; ntpServers in cluster.yaml`,
    );
    if ("is" in clock && !(Number(clock.is) <= CLOCK_LIMIT))
      add(
        "WARNING",
        `the clock of ${node} is off by ${Number(clock.is).toFixed(1)} s`,
        `${up(look)}: it steps the clock`,
      );
  }
  if (role === "active") {
    const beat = known("beat", "when it beat last");
    if ("absent" in beat) add("WARNING", `${node} is active and has not beaten since its boot`, up(look));
    else if ("is" in beat && !(Number(beat.is) <= BEAT_LATE))
      add(
        "WARNING",
        `the last beat of ${node} was ${beat.is} s ago; expected one every 10 s`,
        `journalctl -u xcat-ha-beat on ${node}`,
      );
  } else if (role === "standby") {
    const silent = known("silent", "whether it sees the owner live");
    const said = text(known("watch", "when the owner showed life last")) ?? "";
    if ("is" in silent && silent.is === "silent") add("CRITICAL", `${node} says: ${said}`, DEAD);
    else if ("is" in silent) add("UNKNOWN", `${node} says: ${said}`, `xcat-ha status on ${node}`);
    else if (said.startsWith("nobody ")) add("WARNING", `${node} says: ${said}`, up(look));
  }
  const frozen = known("frozen", "whether the pair is frozen");
  if ("is" in frozen && role === "active")
    add("WARNING", `no role changes ${frozen.is}`, "xcat-ha thaw on either node, where nobody works");
  const order = known("order", "whether an order runs");
  if ("is" in order) add("WARNING", `an order runs on ${node}: ${order.is}`, "wait for its end");

  for (const one of look.parts ?? [])
    if ("unknown" in one)
      add("UNKNOWN", `${one.part} on ${node} cannot be told: ${one.unknown}`, "xcat-ha status once more");
    else if (one.wrong.length > 0) add("WARNING", one.wrong.join("; "), up(look));
  return found;
}

export type Row = { what: string; cells: string[] };

const say = (value: Value, absent = "no"): string =>
  "is" in value ? value.is : "absent" in value ? absent : `cannot be told: ${value.unknown}`;

const ROLES: Record<string, string> = {
  mine: "active",
  "mine-releasing": "steps down",
  "mine-rebooted": "was active before its boot",
};

/** What a person reads: both nodes side by side. */
export function rowsOf({ units, timeService }: PairFacts, looks: NodeLook[], findings: Finding[]): Row[] {
  const row = (what: string, cell: (look: NodeLook & { reached: true }) => string): Row => ({
    what,
    cells: looks.map((look) => (look.reached ? (neverSetUp(look) && what !== "role" ? "" : cell(look)) : "?")),
  });
  const value = (key: string, absent?: string, words = (told: string) => told) =>
    row(key.replace(/^unit\./, ""), (look) => {
      const seen = at(look, key);
      return "is" in seen ? words(seen.is) : say(seen, absent);
    });
  return [
    row("role", (look) => {
      if (neverSetUp(look)) return "never set up";
      const lease = at(look, "lease");
      return "is" in lease ? (ROLES[lease.is] ?? "standby") : say(lease);
    }),
    row("epoch", (look) => {
      const lease = at(look, "lease");
      if (text(lease) === "none") return "none yet";
      const owner = `${Number(text(at(look, "lease.epoch")))}: ${text(at(look, "lease.node"))} since ${text(at(look, "lease.time"))}`;
      return "is" in lease ? `${owner}${lease.is === "released" ? ", released" : ""}` : say(lease);
    }),
    { ...value("vip"), what: "VIP" },
    value("links"),
    { ...value("share", "no"), what: "share" },
    ...[...units, ...(timeService ? [timeService] : [])].map((unit) => value(`unit.${unit}`, "not installed")),
    value("clock", "no", (seconds) => `off by ${Number(seconds).toFixed(3)} s`),
    row("last beat", (look) => {
      if (roleOf(look) !== "active") return say(at(look, "watch"), "its watch has seen no owner yet");
      const beat = at(look, "beat");
      return "is" in beat ? `${beat.is} s ago` : say(beat, "none since its boot");
    }),
    value("frozen"),
    value("order"),
    row("drift", ({ parts }) => {
      if (!parts) return "not compared";
      const wrong = parts.filter((one) => "wrong" in one && one.wrong.length > 0).map(({ part }) => part);
      const unknown = parts.filter((one) => "unknown" in one).map(({ part }) => `${part} cannot be told`);
      return [...wrong, ...unknown].join(", ") || "none";
    }),
    {
      what: "wrong",
      cells: looks.map(({ node }) => {
        const [first, ...more] = findings.filter((finding) => finding.node === node);
        return first ? `${first.what}${more.length > 0 ? `; and ${more.length} more` : ""}` : "nothing";
      }),
    },
  ];
}

/** For monitoring: one line. */
export function checkLine(looks: NodeLook[], findings: Finding[]): string {
  const level = worst(findings);
  const [first, ...more] = findings;
  if (!first) {
    const active = looks.find((look) => roleOf(look) === "active");
    return `${level}: ${active?.node} is active (epoch ${active && Number(text(at(active, "lease.epoch")))}), ${looks
      .filter((look) => look !== active)
      .map(({ node }) => `${node} is a standby node`)
      .join(", ")}`;
  }
  const rest = more.length > 0 ? ` (and ${more.length} more)` : "";
  return `${[`${level}: ${first.what}`, ...nextLines(first.next)].join("; ")}${rest}`
    .replaceAll(/\s*\n\s*/g, "; ")
    .replaceAll("|", "/");
}

/** Between two looks, a line for each cell that changed. */
export function changes(before: Row[], after: Row[], nodes: string[]): string[] {
  return after.flatMap(({ what, cells }) => {
    // What moves by itself.
    if (what === "last beat" || what === "clock") return [];
    const former = before.find((row) => row.what === what)?.cells ?? [];
    return cells.flatMap((cell, index) =>
      cell === former[index] ? [] : [`${nodes[index]} ${what}: ${former[index] ?? "?"} -> ${cell}`],
    );
  });
}
