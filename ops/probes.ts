// How a client sees the services while they move: each is asked at the VIP several times a second, from this process alone. No SSH, no
// command on a node: what is measured is not made longer by it.
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import type { Cluster } from "../config/cluster";

export const EVERY_MS = 200;
/** Below the second after which the kernel tries again. */
const LIMIT_MS = 950;
const SLOW_MS = 2 * EVERY_MS;

export type Probe = { service: string; how: "tcp" | "tftp"; port: number };
/** One question: `answered`, when; `refused`: nobody listens, and the address is there. Milliseconds since 1970. */
export type Sample = { asked: number; answered?: number; refused?: number };
/** Between two answers; without `from` there was none before, without `to` none came any more. */
export type Gap = { from?: number; to?: number };
export type Watched = { service: string; asked: number; answered: number; since: number; until: number; gaps: Gap[] };

export const VIP = "VIP";

/** What can be asked from another network, by the ports that the services have if nobody changes them. DHCP cannot. */
export function probesOf({ services }: Pick<Cluster, "services">): Probe[] {
  const known: Record<string, Probe> = {
    postgresql: { service: "PostgreSQL", how: "tcp", port: 5432 },
    xcatd: { service: "xcatd", how: "tcp", port: 3001 },
    named: { service: "DNS", how: "tcp", port: 53 },
    conserver: { service: "console", how: "tcp", port: 782 },
    goconserver: { service: "console", how: "tcp", port: 12430 },
  };
  const managed = [...services.database, ...services.network].flatMap((name) => known[name] ?? []);
  return [...managed, { service: "TFTP", how: "tftp", port: 69 }];
}

/** A file that nobody has: any answer is one. Opcode 1, the name, the mode. */
const READ_REQUEST = Buffer.from("\0\x01xcat-ha-report\0octet\0", "latin1");

/** `over` ends the question; the answer is told by `told`. */
type Question = (told: (how: "answered" | "refused") => void) => () => void;

function question({ how, port }: Probe, address: string): Question {
  if (how === "tcp")
    return (told) => {
      const socket = connect({ host: address, port });
      socket.on("connect", () => told("answered"));
      socket.on("error", ({ code }: NodeJS.ErrnoException) => code === "ECONNREFUSED" && told("refused"));
      return () => socket.destroy();
    };
  return (told) => {
    const socket = createSocket("udp4");
    // The answer comes from a port of its own.
    socket.on("message", (_, from) => from.address === address && told("answered"));
    socket.on("error", () => {});
    socket.send(READ_REQUEST, port, address, () => {});
    return () => socket.close();
  };
}

/** Asks until `end` is called, which tells what was seen. */
export function watchServices(address: string, probes: Probe[]): { end(): Watched[] } {
  const seen = probes.map((probe) => ({ probe, samples: [] as Sample[] }));
  const open = new Set<() => void>();
  const ask = ({ probe, samples }: (typeof seen)[number]) => {
    const sample: Sample = { asked: Date.now() };
    samples.push(sample);
    const over = () => {
      if (!open.delete(over)) return;
      clearTimeout(limit);
      close();
    };
    // Where this process stood still an answer may have come meanwhile: it is heard first.
    const limit = setTimeout(() => setImmediate(over), LIMIT_MS).unref();
    open.add(over);
    const close = question(
      probe,
      address,
    )((how) => {
      if (open.has(over)) sample[how] = Date.now();
      over();
    });
  };
  const ticker = setInterval(() => {
    for (const one of seen) ask(one);
  }, EVERY_MS).unref();
  return {
    end() {
      clearInterval(ticker);
      for (const over of open) over();
      const until = Date.now();
      // What has just been asked says nothing yet.
      const told = ({ asked, answered, refused }: Sample) => answered ?? refused ?? until - asked >= LIMIT_MS;
      return [
        watched(VIP, ofAddress(seen.map(({ samples }) => samples)).filter(told)),
        ...seen.map(({ probe, samples }) => watched(probe.service, samples.filter(told))),
      ].filter(({ asked }) => asked > 0);
    },
  };
}

/** The address itself: of the questions that were asked together any answer, also a refusal. */
export function ofAddress(services: Sample[][]): Sample[] {
  return services[0].map(({ asked }, index) => {
    const answers = services.flatMap((samples) => samples[index]?.answered ?? samples[index]?.refused ?? []);
    return { asked, ...(answers.length > 0 && { answered: Math.min(...answers) }) };
  });
}

export function watched(service: string, samples: Sample[]): Watched {
  const times = samples.map(({ asked }) => asked);
  return {
    service,
    asked: samples.length,
    answered: samples.filter(({ answered }) => answered !== undefined).length,
    since: Math.min(...times),
    until: Math.max(...times),
    gaps: gapsOf(samples),
  };
}

/**
 * Where a question between two answers got none, or a late one: it waited for the address. A stretch in which this process stood still, and asked
 * nothing, is none.
 */
export function gapsOf(samples: Sample[]): Gap[] {
  const answers = samples.flatMap(({ answered }) => answered ?? []).sort((a, b) => a - b);
  const stood = (from: number, to: number) => !samples.some(({ asked }) => asked > from && asked < to - EVERY_MS / 2);
  const unanswered = samples
    .filter(
      ({ asked, answered = Number.POSITIVE_INFINITY }) =>
        answered - asked > SLOW_MS && !(Number.isFinite(answered) && stood(asked, answered)),
    )
    .map(({ asked }) => asked);
  const between = (from: number, to: number) => unanswered.some((asked) => asked > from && asked < to);
  const gaps: Gap[] = [];
  if (answers.length === 0) return gaps;
  if (between(Number.NEGATIVE_INFINITY, answers[0])) gaps.push({ to: answers[0] });
  for (const [index, to] of answers.slice(1).entries())
    if (between(answers[index], to)) gaps.push({ from: answers[index], to });
  if (between(answers.at(-1) as number, Number.POSITIVE_INFINITY)) gaps.push({ from: answers.at(-1) });
  return gaps;
}
