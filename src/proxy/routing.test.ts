import assert from "node:assert/strict";
import { once } from "node:events";
import { before } from "node:test";
import tls from "node:tls";
import { certificateFor } from "../../test/wire/certificate.ts";
import { backend, listener, route, service } from "../../test/wire/config.ts";
import { startGateway, startSimple, testEngines } from "../../test/wire/gateway.ts";
import { bytes, helloFor, helloMessage, record, records, serverName } from "../../test/wire/hello-bytes.ts";
import { connectTo, freePorts, LOOPBACK, readAll, readSome, startBackend, startEcho } from "../../test/wire/sockets.ts";

let certificate: Awaited<ReturnType<typeof certificateFor>>;
before(async () => {
  certificate = await certificateFor("one.example", "two.example", "*.wild.example");
});

/** A TLS server that says its name and which server name it was asked for. */
function tlsBackend(name: string) {
  const server = tls.createServer({ ...certificate, ALPNProtocols: ["h2", "http/1.1"] });
  server.on("tlsClientError", () => {});
  server.on("secureConnection", (socket) => socket.end(`${name} ${String(socket.servername)}`));
  return startBackend(() => {}, server);
}

async function ask(port: number, servername: string, options: tls.ConnectionOptions = {}): Promise<string> {
  const socket = tls.connect({ host: LOOPBACK, port, servername, ca: certificate.ca, ...options });
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

testEngines("real TLS goes to the backend of its server name, end to end", async (t) => {
  const [one, two] = await Promise.all([tlsBackend("one"), tlsBackend("two")]);
  t.after(() => Promise.all([one.close(), two.close()]));
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  await gateway.set(
    listener("ns/gw/l", port),
    route("ns/one", "ns/gw/l", ["one.example"], { one: 1 }),
    route("ns/two", "ns/gw/l", ["two.example", "*.wild.example"], { two: 1 }),
    ...service("one", one.address),
    ...service("two", two.address),
  );
  assert.equal(await ask(port, "one.example"), "one one.example");
  assert.equal(await ask(port, "two.example", { maxVersion: "TLSv1.2", ALPNProtocols: ["h2"] }), "two two.example");
  assert.equal(await ask(port, "a.wild.example"), "two a.wild.example");
  const lines = await gateway.connections(3);
  assert.deepEqual(
    lines.map(({ reason, serverName: name, route: routeName, endpoint }) => [reason, name, routeName, endpoint]),
    [
      ["completed", "one.example", "ns/one", one.address],
      ["completed", "two.example", "ns/two", two.address],
      ["completed", "a.wild.example", "ns/two", two.address],
    ],
  );
  const line = lines[1]!;
  assert.deepEqual(Object.keys(line).sort(), [
    "alpn",
    "backend",
    "bytesIn",
    "bytesOut",
    "clientAddress",
    "connectMs",
    "durationMs",
    "endpoint",
    "helloMs",
    "ja4",
    "listener",
    "port",
    "reason",
    "route",
    "serverName",
  ]);
  assert.deepEqual([line.listener, line.backend, line.alpn], ["ns/gw/l", "two", ["h2"]]);
  assert.match(String(line.clientAddress), /^127\.0\.0\.1:\d+$/);
  assert.ok(Number(line.bytesIn) > 200 && Number(line.bytesOut) > 500, "a handshake went both ways");
});

const message = helloMessage({ extensions: [serverName("a.example")] });
const shapes: Record<string, Buffer> = {
  "a hello and what follows in one write": bytes(record(message), record(bytes("early"), 23), "not even TLS"),
  "a hello in records of one byte": bytes(records(message, 1), "more"),
  "a hello of 16 KiB in records of 100": records(
    helloMessage({ extensions: [bytes(0x7a, 0x7a, 0x3e, 0x80, Buffer.alloc(16_000)), serverName("a.example")] }),
    100,
  ),
};

for (const [what, sent] of Object.entries(shapes)) {
  testEngines(`${what} arrives once and unchanged`, async (t) => {
    const echo = await startEcho();
    t.after(() => echo.close());
    const { port, connections } = await startSimple(t, [echo.address]);
    const client = await connectTo(port);
    client.end(sent);
    assert.deepEqual(await readAll(client), sent);
    const [line] = await connections(1);
    assert.deepEqual([line?.reason, line?.bytesIn, line?.bytesOut], ["completed", sent.length, sent.length]);
  });
}

testEngines("a hello written byte by byte arrives unchanged", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const { port, connections } = await startSimple(t, [echo.address]);
  const client = await connectTo(port);
  const sent = records(message, 7);
  for (const byte of sent) {
    client.write(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await readSome(client, sent.length), sent);
  client.end();
  await once(client, "close");
  assert.equal((await connections(1))[0]?.reason, "completed");
});

testEngines("every refusal is a clean end for the client and one line with its reason", async (t) => {
  const gateway = startGateway(t, {
    resolver: {
      resolve4: async () => [{ address: "169.254.169.254", ttl: 60 }],
      resolve6: async () => [],
    },
  });
  const [any = 0, named = 0, unused = 0] = await freePorts(3);
  const at = (host: string) => route(host, "any", [host], { [host]: 1 });
  await gateway.set(
    listener("any", any),
    listener("named", named, "*.example"),
    route("none", "any", ["none.example"], {}),
    at("invalid.example"),
    at("empty.example"),
    at("refused.example"),
    at("guarded.example"),
    route("zero", "any", ["zero.example"], { "refused.example": 0 }),
    backend("invalid.example", { type: "invalid", reason: "RefNotPermitted" }),
    backend("guarded.example", { type: "external", host: "metadata.example", port: 80 }),
    ...service("empty.example"),
    ...service("refused.example", `${LOOPBACK}:${unused}`),
  );
  const cases: [string, number, Buffer][] = [
    ["no_matching_route", any, helloFor("other.example")],
    ["no_matching_listener", named, helloFor("other.test")],
    ["no_server_name", any, record(helloMessage({ extensions: [] }))],
    ["no_server_name", named, record(helloMessage({ extensions: [] }))],
    ["no_backend", any, helloFor("none.example")],
    ["no_backend", any, helloFor("zero.example")],
    ["invalid_backend", any, helloFor("invalid.example")],
    ["no_ready_endpoint", any, helloFor("empty.example")],
    ["backend_refused", any, helloFor("refused.example")],
    ["backend_forbidden", any, helloFor("guarded.example")],
    ["invalid_sni", any, helloFor("a\r\nb.example")],
    ["malformed_client_hello", any, record(bytes(2, 0, 0, 0))],
    ["client_hello_too_large", any, record(bytes(1, 0xff, 0xff, 0xff))],
    ["not_tls", any, bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n")],
  ];
  for (const [index, [reason, port, sent]] of cases.entries()) {
    const client = await connectTo(port);
    client.write(sent);
    // Bytes that nobody will read must not turn the end into a reset.
    client.write(Buffer.alloc(10_000, 1));
    assert.equal((await readAll(client)).length, 0, reason);
    client.end();
    const lines = await gateway.connections(index + 1);
    assert.equal(lines[index]?.reason, reason);
    assert.equal(lines[index]?.bytesIn, 0);
    assert.equal("serverName" in lines[index]!, !/sni|tls|hello|no_server/.test(reason), reason);
  }
});
