import assert from "node:assert/strict";
import type net from "node:net";
import type { TestContext } from "node:test";
import { listener, route, service } from "../../../test/wire/config.ts";
import { startGateway, testEngines } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { connectTo, freePorts, LOOPBACK, readAll, readSome, startBackend } from "../../../test/wire/sockets.ts";
import type { ListenerResource } from "../../model/proxy-config.ts";
import type { AcceptedProxyProtocol, BackendTraffic, SentProxyProtocol } from "../../model/traffic.ts";
import type { ProxyOptions } from "../proxy.ts";
import { readProxyHeader } from "../proxy-protocol/read.ts";
import { writeProxyHeader } from "../proxy-protocol/write.ts";

const hello = helloFor("a.example");
const ENDS = { source: { address: "192.0.2.7", port: 4711 }, destination: { address: "198.51.100.1", port: 443 } };
const HEADER_V1 = writeProxyHeader({ version: 1, ends: ENDS });
const HEADER_V2 = writeProxyHeader({ version: 2, ends: ENDS, fields: { uniqueId: Buffer.from("balancer-17") } });
const REQUIRED: AcceptedProxyProtocol = { mode: "required", trusted: ["127.0.0.0/8"] };

interface Setup {
  readonly accepted?: AcceptedProxyProtocol;
  readonly sent?: SentProxyProtocol;
  readonly client?: ListenerResource["client"];
  readonly isTcp?: boolean;
  readonly serve?: (socket: net.Socket) => void;
  readonly timeOuts?: ProxyOptions["timeOuts"];
}

/** A gateway before a server that sends back what it gets, as its only backend. */
async function start(t: TestContext, { accepted, sent, client, isTcp, serve, timeOuts }: Setup) {
  const server = await startBackend(serve ?? ((socket) => socket.pipe(socket)));
  t.after(() => server.close());
  const gateway = startGateway(t, timeOuts === undefined ? {} : { timeOuts });
  const [port = 0] = await freePorts(1);
  const rules = { ...client, ...(accepted && { proxyProtocol: accepted }) };
  const taker: ListenerResource = isTcp
    ? { kind: "listener", name: "l", port, protocol: "TCP", client: rules }
    : { ...listener("l", port), client: rules };
  const traffic: BackendTraffic = sent === undefined ? {} : { proxyProtocol: sent };
  const [backend, endpoints] = service("s", server.address);
  await gateway.set(taker, route("r", "l", ["*"], { s: 1 }), { ...backend, traffic }, endpoints);
  return { ...gateway, port };
}

/** What comes back for these bytes. */
async function send(port: number, ...parts: Uint8Array[]): Promise<Buffer> {
  const client = await connectTo(port);
  for (const part of parts) {
    client.write(part);
    if (parts.length > 1) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  client.end();
  return readAll(client);
}

for (const [what, header] of [
  ["version 1", HEADER_V1],
  ["version 2", HEADER_V2],
] as const) {
  testEngines(
    `a header of ${what} names the client, and is not passed on; in one segment with the hello, or in many`,
    async (t) => {
      const { port, connections } = await start(t, { accepted: REQUIRED });
      assert.deepEqual(await send(port, Buffer.concat([header, hello])), hello);
      const pieces = [header.subarray(0, 3), header.subarray(3, 20), header.subarray(20), hello.subarray(0, 9)];
      assert.deepEqual(await send(port, ...pieces, hello.subarray(9)), hello);
      for (const line of await connections(2)) {
        assert.equal(line.reason, "completed");
        assert.equal(line.clientAddress, "192.0.2.7:4711");
        assert.match(String(line.peerAddress), /^127\.0\.0\.1:\d+$/);
        assert.equal(line.bytesIn, hello.length);
      }
    },
  );
}

for (const [what, bytes, accepted, reason] of [
  ["no header where one is required", hello, REQUIRED, "proxy_header_missing"],
  ["a header with a wrong checksum", HEADER_V2.with(20, 9), REQUIRED, "malformed_proxy_header"],
  ["a line that is none", Buffer.from("PROXY TCP4 a b 1 2\r\n"), REQUIRED, "malformed_proxy_header"],
  ["half a header", HEADER_V1.subarray(0, 20), REQUIRED, "client_closed_early"],
  ["a header and no more", HEADER_V1, REQUIRED, "client_closed_early"],
  [
    "a header from a peer that is not trusted",
    HEADER_V1,
    { mode: "required", trusted: ["10.0.0.0/8"] },
    "proxy_header_untrusted",
  ],
  [
    "a header where one may come, from a stranger",
    HEADER_V1,
    { mode: "optional", trusted: ["10.0.0.0/8"] },
    "proxy_header_unexpected",
  ],
  ["a header where none is taken", HEADER_V1, undefined, "proxy_header_unexpected"],
] as const) {
  testEngines(`${what}: ${reason}, and nothing is dialled`, async (t) => {
    let dialled = 0;
    const { port, connections } = await start(t, { ...(accepted && { accepted }), serve: () => dialled++ });
    assert.equal((await send(port, bytes)).length, 0);
    const [line] = await connections(1);
    assert.equal(line?.reason, reason);
    assert.match(String(line?.clientAddress), reason === "client_closed_early" ? /./ : /^127\.0\.0\.1:/);
    assert.equal(dialled, 0);
  });
}

testEngines(
  "a header that drips past the deadline: proxy_header_timeout; a hello after it: client_hello_timeout",
  async (t) => {
    const { port, connections } = await start(t, { accepted: REQUIRED, timeOuts: { clientHelloMs: 100 } });
    for (const [bytes, reason] of [
      [HEADER_V1.subarray(0, 20), "proxy_header_timeout"],
      [Buffer.concat([HEADER_V1, hello.subarray(0, 20)]), "client_hello_timeout"],
    ] as const) {
      const client = await connectTo(port);
      client.write(bytes);
      assert.equal((await readAll(client)).length, 0);
      client.end();
      const lines = await connections(reason === "proxy_header_timeout" ? 1 : 2);
      assert.equal(lines.at(-1)?.reason, reason);
    }
  },
);

testEngines("where a header is optional, a trusted peer may send one or none", async (t) => {
  const { port, connections } = await start(t, { accepted: { ...REQUIRED, mode: "optional" } });
  assert.deepEqual(await send(port, hello), hello);
  assert.deepEqual(await send(port, Buffer.concat([HEADER_V2, hello])), hello);
  const [own, named] = await connections(2);
  assert.match(String(own?.clientAddress), /^127\.0\.0\.1:/);
  assert.equal(own?.peerAddress, undefined);
  assert.equal(named?.clientAddress, "192.0.2.7:4711");
});

testEngines("LOCAL and UNKNOWN leave the client as it is", async (t) => {
  const { port, connections } = await start(t, { accepted: REQUIRED });
  for (const version of [1, 2] as const) {
    assert.deepEqual(await send(port, Buffer.concat([writeProxyHeader({ version }), hello])), hello);
  }
  for (const line of await connections(2)) assert.match(String(line.clientAddress), /^127\.0\.0\.1:/);
});

testEngines("a TCP port takes a header too, and a server that speaks first is heard after it", async (t) => {
  const serve = (socket: net.Socket) => {
    socket.write("220 ready\r\n");
    socket.pipe(socket);
  };
  const { port, connections } = await start(t, { accepted: REQUIRED, isTcp: true, serve });
  const client = await connectTo(port);
  client.write(HEADER_V1);
  assert.equal(String(await readSome(client, 11)), "220 ready\r\n");
  client.end("QUIT");
  assert.equal(String(await readAll(client)), "QUIT");
  assert.equal((await connections(1))[0]?.clientAddress, "192.0.2.7:4711");
});

testEngines("rules are for the client that the header names, not for the peer", async (t) => {
  const { port, connections } = await start(t, { accepted: REQUIRED, client: { deny: ["192.0.2.0/24"] } });
  assert.equal((await send(port, Buffer.concat([HEADER_V1, hello]))).length, 0);
  const other = writeProxyHeader({ version: 2, ends: { ...ENDS, source: { address: "203.0.113.1", port: 1 } } });
  assert.deepEqual(await send(port, Buffer.concat([other, hello])), hello);
  const lines = await connections(2);
  assert.deepEqual(
    lines.map(({ reason, listener: name }) => [reason, name]),
    [
      ["client_denied", "l"],
      ["completed", "l"],
    ],
  );
});

/** What the backend gets for one connection. */
async function received(t: TestContext, setup: Setup, bytes: Uint8Array) {
  const got = Promise.withResolvers<Buffer>();
  const gateway = await start(t, {
    ...setup,
    serve: (socket) => void readAll(socket).then((all) => socket.end(() => got.resolve(all)), got.reject),
  });
  const client = await connectTo(gateway.port);
  client.resume().end(bytes);
  const all = await got.promise;
  const reading = readProxyHeader(all);
  assert.equal(reading.state, "header");
  if (reading.state !== "header") throw new Error("no header");
  return { ...reading, rest: all.subarray(reading.consumed), gateway };
}

testEngines("a backend is told the client by version 1, and the hello follows", async (t) => {
  const { header, rest, gateway } = await received(t, { sent: { version: 1 } }, hello);
  assert.equal(header.command, "proxy");
  if (header.command !== "proxy") return;
  assert.deepEqual([header.source.address, header.destination], [LOOPBACK, { address: LOOPBACK, port: gateway.port }]);
  assert.deepEqual(rest, hello);
  const [line] = await gateway.connections(1);
  assert.equal(line?.clientAddress, `${LOOPBACK}:${header.source.port}`);
  assert.equal(line?.bytesIn, hello.length);
});

testEngines("by version 2 with the server name and a new unique id, which is in the log", async (t) => {
  const sent = { version: 2, authority: true, uniqueId: true } as const;
  const { header, gateway } = await received(t, { sent }, hello);
  assert.equal(header.command, "proxy");
  if (header.command !== "proxy") return;
  assert.equal(header.fields.authority, "a.example");
  const [line] = await gateway.connections(1);
  assert.match(String(line?.uniqueId), /^[0-9a-f-]{36}$/);
  assert.equal(Buffer.from(header.fields.uniqueId ?? []).toString(), line?.uniqueId);
});

testEngines("a chain: the header that came in leads to the one that goes out, unique id included", async (t) => {
  const sent = { version: 2, authority: false, uniqueId: true } as const;
  const { header, gateway } = await received(t, { accepted: REQUIRED, sent }, Buffer.concat([HEADER_V2, hello]));
  assert.deepEqual(header, {
    command: "proxy",
    ...ENDS,
    fields: { uniqueId: Uint8Array.from(Buffer.from("balancer-17")) },
  });
  assert.equal((await gateway.connections(1))[0]?.uniqueId, "balancer-17");
});

testEngines("on a TCP port the authority of the header that came in is passed on", async (t) => {
  const fields = { authority: "b.example" };
  const setup = { accepted: REQUIRED, sent: { version: 2, authority: true, uniqueId: false }, isTcp: true } as const;
  const { header, rest } = await received(
    t,
    setup,
    Buffer.concat([writeProxyHeader({ version: 2, ends: ENDS, fields }), Buffer.from("x")]),
  );
  assert.deepEqual(header, { command: "proxy", ...ENDS, fields });
  assert.equal(String(rest), "x");
});

testEngines("a port for HTTP takes a header, and rules for clients hold there", async (t) => {
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  const client = { proxyProtocol: REQUIRED, deny: ["203.0.113.0/24"] };
  await gateway.set({ kind: "listener", name: "l", port, protocol: "HTTP", client });
  const request = Buffer.from("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n");
  assert.match(String(await send(port, Buffer.concat([HEADER_V2, request]))), /^HTTP\/1\.1 503 /);
  const denied = { ...ENDS, source: { address: "203.0.113.9", port: 1 } };
  assert.equal((await send(port, Buffer.concat([writeProxyHeader({ version: 1, ends: denied }), request]))).length, 0);
  const lines = await gateway.connections(2);
  assert.deepEqual(
    lines.map(({ reason, clientAddress }) => [reason, clientAddress]),
    [
      ["http_not_served", "192.0.2.7:4711"],
      ["client_denied", "203.0.113.9:1"],
    ],
  );
});
