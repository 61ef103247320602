import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type net from "node:net";
import { before, type TestContext } from "node:test";
import tls from "node:tls";
import { type TestAuthority, testAuthority } from "../../../test/wire/authority.ts";
import { listener, route, service, terminating } from "../../../test/wire/config.ts";
import { startGateway, testEngines } from "../../../test/wire/gateway.ts";
import { endByBackendFirst, endByClientFirst } from "../../../test/wire/half-close.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import {
  type Backend,
  connectTo,
  eventually,
  freePorts,
  LOOPBACK,
  readAll,
  readSome,
  startBackend,
  startEcho,
} from "../../../test/wire/sockets.ts";
import { connectTls, dialTls, endOf } from "../../../test/wire/tls-client.ts";
import type { CertificateResource } from "../../model/proxy-config.ts";
import type { ProxyOptions } from "../proxy.ts";

let authority: TestAuthority;
let certificate: CertificateResource;
before(async () => {
  authority = await testAuthority();
  certificate = await authority.certificate("ns/cert", { dns: ["a.example", "*.wild.example"] });
});

/** A gateway that ends TLS for every name and passes it to this backend. */
async function startTerminating(t: TestContext, backend: Backend, options: Partial<ProxyOptions> = {}) {
  t.after(() => backend.close());
  const gateway = startGateway(t, options);
  const [port = 0] = await freePorts(1);
  const rest = [route("r", "l", ["*"], { s: 1 }), ...service("s", backend.address)] as const;
  await gateway.set(terminating("l", port, ["ns/cert"]), certificate, ...rest);
  return { ...gateway, port, rest };
}

/** A client through the gateway, and the plain socket that its backend has. */
async function openPair(t: TestContext, options: Partial<ProxyOptions> = {}) {
  const accepted = Promise.withResolvers<net.Socket>();
  const server = await startBackend(accepted.resolve);
  const gateway = await startTerminating(t, server, options);
  const client = await connectTls(gateway.port, "a.example", { ca: authority.ca });
  t.after(() => client.destroy());
  return { ...gateway, client, server, backend: await accepted.promise };
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  testEngines(`${version} is ended, and its plaintext goes to the backend and back`, async (t) => {
    const gateway = await startTerminating(t, await startEcho());
    const client = await connectTls(gateway.port, "a.example", {
      ca: authority.ca,
      minVersion: version,
      maxVersion: version,
      ALPNProtocols: ["h2"],
    });
    assert.equal(client.alpnProtocol, false, "nothing is chosen for a protocol that is not ours");
    client.end("hello");
    assert.equal(String(await readAll(client)), "hello");
    const [line] = await gateway.connections(1);
    const { reason, decrypted, tlsVersion, serverName, bytesIn, bytesOut, clientCertificate } = line ?? {};
    assert.deepEqual([reason, decrypted, tlsVersion, serverName], ["completed", true, version, "a.example"]);
    assert.deepEqual([bytesIn, bytesOut, clientCertificate], [5, 5, undefined]);
  });
}

testEngines("TLS 1.1 is refused by an alert, and nothing is dialled", async (t) => {
  const echo = await startEcho();
  const gateway = await startTerminating(t, echo);
  const client = dialTls(gateway.port, "a.example", {
    minVersion: "TLSv1.1",
    maxVersion: "TLSv1.1",
    ciphers: "DEFAULT@SECLEVEL=0",
  });
  assert.equal(await endOf(client), "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
  const [line] = await gateway.connections(1);
  assert.deepEqual([line?.reason, line?.detail], ["client_handshake_failed", "unsupported protocol"]);
  assert.equal(echo.sockets.length, 0);
});

testEngines(
  "the certificate is the first that fits the server name, of the key type that the client can use, else the first",
  async (t) => {
    const echo = await startEcho();
    t.after(() => echo.close());
    const certificates = await Promise.all([
      authority.certificate("ns/first", { dns: ["first.example"], subject: "CN=first" }),
      authority.certificate("ns/b", { dns: ["b.example"], subject: "CN=b" }),
      authority.certificate("ns/b-rsa", { dns: ["b.example"], subject: "CN=b-rsa", keyType: "rsa" }),
      authority.certificate("ns/wild", { dns: ["*.wild.example"], subject: "CN=wild" }),
      authority.certificate("ns/b-late", { dns: ["b.example"], subject: "CN=b-late" }),
    ]);
    const gateway = startGateway(t);
    const [port = 0] = await freePorts(1);
    const shown = terminating(
      "l",
      port,
      certificates.map(({ name }) => name),
    );
    await gateway.set(shown, ...certificates, route("r", "l", ["*"], { s: 1 }), ...service("s", echo.address));
    const subject = async (servername: string | undefined, options: tls.ConnectionOptions = {}) => {
      const client = dialTls(port, servername, { ca: authority.ca, checkServerIdentity: () => undefined, ...options });
      await once(client, "secureConnect");
      const { CN } = client.getPeerCertificate().subject;
      client.end();
      await readAll(client);
      return CN;
    };
    const onlyRsa = { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-GCM-SHA256" } as const;
    assert.equal(await subject("b.example"), "b");
    assert.equal(await subject("b.example", onlyRsa), "b-rsa");
    assert.equal(await subject("x.wild.example"), "wild");
    assert.equal(await subject("first.example"), "first");
    assert.equal(await subject("other.example"), "first");
    assert.equal(await subject(undefined), "first");
  },
);

testEngines("a rotated certificate serves from the next connection on, and 50 open ones go on", async (t) => {
  const gateway = await startTerminating(t, await startEcho());
  const clients = await Promise.all(
    Array.from({ length: 50 }, () => connectTls(gateway.port, "a.example", { ca: authority.ca })),
  );
  const before = clients[0]?.getPeerX509Certificate()?.serialNumber;
  const rotated = await authority.certificate("ns/cert", { dns: ["a.example"] });
  await gateway.set(terminating("l", gateway.port, ["ns/cert"]), rotated, ...gateway.rest);
  const late = await connectTls(gateway.port, "a.example", { ca: authority.ca });
  assert.notEqual(late.getPeerX509Certificate()?.serialNumber, before);
  const words = await Promise.all(
    [...clients, late].map(async (client, index) => {
      client.end(`word ${index}`);
      return String(await readAll(client));
    }),
  );
  assert.deepEqual(
    words,
    [...words.keys()].map((index) => `word ${index}`),
  );
  assert.deepEqual(new Set((await gateway.connections(51)).map(({ reason }) => reason)), new Set(["completed"]));
});

testEngines(
  "a certificate that cannot be used fails its own connections, with a word in the log, and no key",
  async (t) => {
    const gateway = await startTerminating(t, await startEcho());
    const [port = 0] = await freePorts(1);
    const broken = {
      ...certificate,
      name: "ns/broken",
      certificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    };
    const swapped = {
      ...(await authority.certificate("ns/swapped", { dns: ["s.example"] })),
      privateKey: certificate.privateKey,
    };
    await gateway.set(
      ...[terminating("l", gateway.port, ["ns/broken", "ns/cert"]), certificate, ...gateway.rest],
      ...[terminating("bad", port, ["ns/broken", "ns/swapped"]), broken, swapped, route("b", "bad", ["*"], { s: 1 })],
    );
    for (let turn = 1; turn <= 2; turn++) {
      assert.equal(await endOf(dialTls(port, "a.example")), "ECONNRESET");
      const [line] = (await gateway.connections(turn)).slice(-1);
      assert.equal(line?.reason, "client_handshake_failed");
      assert.match(String(line?.detail), /^certificate ns\/broken cannot be used: /);
    }
    const client = await connectTls(gateway.port, "a.example", { ca: authority.ca });
    client.end("x");
    assert.equal(String(await readAll(client)), "x");
    await gateway.connections(3);
    const errors = gateway.lines.filter(({ level }) => level === "error").map(({ fields }) => String(fields.problem));
    assert.equal(errors.length, 2, errors.join("; "));
    assert.ok(errors.includes("certificate ns/swapped: the private key is another certificate's"));
    const secret = certificate.privateKey.split("\n")[1] ?? "?";
    assert.equal(JSON.stringify([gateway.lines, gateway.proxy.report()]).includes(secret), false);
  },
);

testEngines("a backend may speak first, and the client's end is passed on while the answer goes on", async (t) => {
  const { client, backend, connections } = await openPair(t);
  backend.write("220 ready\r\n");
  assert.equal(String(await readSome(client, 11)), "220 ready\r\n");
  await endByClientFirst({ client, backend });
  assert.equal((await connections(1))[0]?.reason, "completed");
});

testEngines("the backend's end is passed on as close_notify, and the client may go on sending", async (t) => {
  const { client, backend, connections } = await openPair(t);
  await endByBackendFirst({ client, backend });
  assert.equal((await connections(1))[0]?.reason, "completed");
});

testEngines("resets are passed on, both ways", async (t) => {
  const down = await openPair(t);
  down.client.write("x");
  await readSome(down.backend, 1);
  const seen = endOf(down.client);
  down.backend.resetAndDestroy();
  assert.equal(await seen, "ECONNRESET");
  assert.equal((await down.connections(1))[0]?.reason, "backend_reset");

  const tcp = await connectTo(down.port);
  const client = tls.connect({ socket: tcp, servername: "a.example", ca: authority.ca });
  client.on("error", () => {});
  await once(client, "secureConnect");
  await eventually(
    () => down.server.sockets.length === 2,
    () => "the connection to the backend",
  );
  tcp.resetAndDestroy();
  assert.equal((await down.connections(2))[1]?.reason, "client_reset");
});

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  testEngines(
    `${version}: a client gets a reset, and no empty response, if no backend can be connected to`,
    async (t) => {
      const gateway = startGateway(t);
      const [port = 0, unused = 0] = await freePorts(2);
      const rest = [certificate, route("r", "l", ["*"], { s: 1 }), ...service("s", `${LOOPBACK}:${unused}`)] as const;
      await gateway.set(terminating("l", port, ["ns/cert"]), ...rest);
      const client = dialTls(port, "a.example", { ca: authority.ca, minVersion: version, maxVersion: version });
      const secured = once(client, "secureConnect");
      const end = endOf(client);
      await secured;
      assert.equal(await end, "ECONNRESET");
      assert.equal((await gateway.connections(1))[0]?.reason, "backend_refused");
    },
  );
}

testEngines("a client gets a reset if its backend has reached its limit of connections", async (t) => {
  // One backend may have three quarters of them.
  const { client, port, server, connections } = await openPair(t, { maxConnections: 4 });
  const held = [client];
  for (const count of [2, 3]) {
    held.push(await connectTls(port, "a.example", { ca: authority.ca }));
    await eventually(
      () => server.sockets.length === count,
      () => "the connection to the backend",
    );
  }
  assert.equal(await endOf(await connectTls(port, "a.example", { ca: authority.ca })), "ECONNRESET");
  for (const open of [...held, ...server.sockets]) open.destroy();
  assert.equal((await connections(4))[0]?.reason, "backend_connection_limit");
});

const TOTAL_BYTES = 20_000_000;

/** Sends 20 MB to who does not read at first. Answers how much was sent when the sender was held up. */
async function throughSlowReader(from: net.Socket, to: net.Socket): Promise<number> {
  to.pause();
  const chunk = randomBytes(50_000);
  const sent = createHash("sha256");
  let count = 0;
  const sending = (async () => {
    for (; count < TOTAL_BYTES; count += chunk.length) {
      sent.update(chunk);
      if (!from.write(Buffer.from(chunk))) await once(from, "drain");
    }
    from.end();
  })();
  let heldAt = -1;
  while (heldAt !== count) {
    heldAt = count;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const received = await readAll(to);
  await sending;
  assert.equal(createHash("sha256").update(received).digest("hex"), sent.digest("hex"));
  return heldAt;
}

testEngines("20 MB each way with a slow reader: held up, then whole", async (t) => {
  const { client, backend, connections } = await openPair(t);
  assert.ok((await throughSlowReader(client, backend)) < TOTAL_BYTES, "the client is held up");
  assert.ok((await throughSlowReader(backend, client)) < TOTAL_BYTES, "the backend is held up");
  const [line] = await connections(1);
  assert.deepEqual([line?.reason, line?.bytesIn, line?.bytesOut], ["completed", TOTAL_BYTES, TOTAL_BYTES]);
});

/** The ClientHello of a real client for this name. */
async function realHello(servername: string): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const server = await startBackend((socket) => socket.once("data", resolve));
  const client = dialTls(server.port, servername);
  const bytes = await promise;
  client.destroy();
  await server.close();
  return bytes;
}

testEngines(
  "a handshake that is not finished in time fails, one that is given up at once too; nothing is dialled",
  async (t) => {
    const echo = await startEcho();
    const gateway = await startTerminating(t, echo, { timeOuts: { clientHelloMs: 300 } });
    const silent = await connectTo(gateway.port);
    silent.write(await realHello("a.example"));
    await once(silent.on("end", () => silent.end()).resume(), "close");
    const distrustful = dialTls(gateway.port, "a.example", { ca: [] });
    assert.match(await endOf(distrustful), /UNABLE_TO|SELF_SIGNED/);
    const closing = await connectTo(gateway.port);
    closing.end(helloFor("a.example"));
    closing.resume();
    await once(closing, "close");
    const lines = await gateway.connections(3);
    assert.deepEqual(new Set(lines.map(({ reason }) => reason)), new Set(["client_handshake_failed"]));
    assert.equal(lines[0]?.detail, "not complete in time");
    assert.equal(echo.sockets.length, 0);
  },
);

testEngines("Passthrough and Terminate share a port", async (t) => {
  const echo = await startEcho();
  const inner = await authority.issue({ dns: ["pass.example"] });
  const secure = await startBackend(
    () => {},
    tls.createServer(inner, (socket) => socket.end("end to end")),
  );
  t.after(() => Promise.all([echo.close(), secure.close()]));
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  await gateway.set(
    ...[listener("pass", port, "pass.example"), route("p", "pass", ["pass.example"], { secure: 1 })],
    ...[
      terminating("term", port, ["ns/cert"], { hostname: "a.example" }),
      certificate,
      route("t", "term", ["a.example"], { echo: 1 }),
    ],
    ...service("secure", secure.address),
    ...service("echo", echo.address),
  );
  const passed = await connectTls(port, "pass.example", { ca: authority.ca });
  assert.equal(String(await readAll(passed)), "end to end");
  passed.end();
  const ended = await connectTls(port, "a.example", { ca: authority.ca });
  ended.end("plain");
  assert.equal(String(await readAll(ended)), "plain");
  const lines = await gateway.connections(2);
  assert.deepEqual(lines.map(({ reason, listener: name, decrypted }) => [reason, name, decrypted]).sort(), [
    ["completed", "pass", undefined],
    ["completed", "term", true],
  ]);
});
