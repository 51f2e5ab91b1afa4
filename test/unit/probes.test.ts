// What a client sees of the services: its questions as a table, and the questions themselves against servers of the test's own.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { gapsOf, ofAddress, type Probe, probesOf, type Sample, watchServices } from "../../ops/probes";
import { until } from "../helpers/until";

/** A question each 200 ms: "+" is answered at once, "-" never, "r" refused, "l" 600 ms later; a blank: nobody asked. */
const asked = (marks: string): Sample[] =>
  [...marks].flatMap((mark, index) => {
    const at = index * 200;
    if (mark === " ") return [];
    if (mark === "+") return { asked: at, answered: at + 1 };
    if (mark === "l") return { asked: at, answered: at + 600 };
    return mark === "r" ? { asked: at, refused: at + 1 } : { asked: at };
  });

const GAPS: [marks: string, gaps: [from: number | undefined, to: number | undefined][]][] = [
  ["++++", []],
  ["++--++", [[201, 801]]],
  ["++rr++", [[201, 801]]],
  [
    "+-+-+",
    [
      [1, 401],
      [401, 801],
    ],
  ],
  // Sent when the address was there again.
  ["+l--+", [[1, 800]]],
  ["+lll+++", [[1, 800]]],
  // The process stood still: nobody asked, and an answer was heard late.
  ["+l  ++", []],
  ["--++", [[undefined, 401]]],
  ["++--", [[201, undefined]]],
  ["++   ++", []],
  ["----", []],
  ["", []],
];
for (const [marks, gaps] of GAPS)
  test(`questions "${marks}": ${gaps.length} gaps`, () =>
    assert.deepEqual(
      gapsOf(asked(marks)).map(({ from, to }) => [from, to]),
      gaps,
    ));

test("the address answers where any port of it does, and where one refuses", () => {
  const seen = ofAddress([asked("+--r"), asked("--+-")]);
  assert.deepEqual(
    seen.map(({ answered }) => answered),
    [1, undefined, 401, 601],
  );
});

test("which services are asked, by the cluster file", () => {
  const ports = (network: string[]) =>
    probesOf({ services: { database: ["postgresql", "xcatd"], network } }).map(
      ({ service, port }) => `${service} ${port}`,
    );
  assert.deepEqual(ports(["named", "dhcpd", "ntpd", "conserver"]), [
    "PostgreSQL 5432",
    "xcatd 3001",
    "DNS 53",
    "console 782",
    "TFTP 69",
  ]);
  assert.deepEqual(ports(["goconserver"]), ["PostgreSQL 5432", "xcatd 3001", "console 12430", "TFTP 69"]);
});

test("a server that answers, goes and comes again; one that never was; and a file that nobody has", async (context) => {
  const server = createServer((socket) => socket.on("error", () => {}));
  const listens = async (port: number) => once(server.listen(port, "127.0.0.1"), "listening");
  await listens(0);
  const { port } = server.address() as AddressInfo;
  const files = createSocket("udp4", (request, from) => {
    const [opcode, name, mode] = [request.readUInt16BE(), ...request.subarray(2).toString("latin1").split("\0")];
    requests.push(`${opcode} ${name} ${mode}`);
    const answer = createSocket("udp4");
    const error = Buffer.from([0, 5, 0, 1, 0]);
    answer.send(error, from.port, from.address, () => answer.close());
  });
  const requests: string[] = [];
  files.bind(0, "127.0.0.1");
  await once(files, "listening");
  const probes: Probe[] = [
    { service: "moves", how: "tcp", port },
    { service: "TFTP", how: "tftp", port: files.address().port },
  ];
  const watching = watchServices("127.0.0.1", probes);
  context.after(() => watching.end());
  context.after(() => files.close());
  context.after(() => server.close());
  const taken = async () => once(server, "connection");
  await taken();
  server.close();
  await once(server, "close");
  // All are asked at the same time. A refusal is no answer of the service, and one of the address.
  const former = requests.length;
  await until("some questions to be refused", () => requests.length > former + 2, 10);
  await listens(port);
  await taken();
  await taken();
  const seen = watching.end();
  const of = (name: string) => seen.find(({ service }) => service === name);
  assert.deepEqual(
    seen.map(({ service }) => service),
    ["VIP", "moves", "TFTP"],
  );
  const [gap, ...more] = of("moves")?.gaps ?? [];
  assert.deepEqual(more, []);
  assert.ok(gap?.from !== undefined && gap.to !== undefined && gap.to > gap.from, JSON.stringify(gap));
  assert.deepEqual([of("VIP")?.gaps, of("TFTP")?.gaps], [[], []]);
  assert.ok((of("TFTP")?.answered ?? 0) > 0);
  assert.deepEqual([...new Set(requests)], ["1 xcat-ha-report octet"]);
});
