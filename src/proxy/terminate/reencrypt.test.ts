import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { before, type TestContext } from "node:test";
import tls from "node:tls";
import { type CertificateWish, type TestAuthority, testAuthority } from "../../../test/wire/authority.ts";
import { backend, route, service, terminating } from "../../../test/wire/config.ts";
import { startGateway, testEngines } from "../../../test/wire/gateway.ts";
import { connectTo, freePorts, LOOPBACK, readAll, startBackend } from "../../../test/wire/sockets.ts";
import { connectTls, endOf } from "../../../test/wire/tls-client.ts";
import type { BackendTls, Resource, TerminateTls } from "../../model/proxy-config.ts";
import type { ProxyOptions } from "../proxy.ts";
import type { ProxyHeader } from "../proxy-protocol/header.ts";
import { readProxyHeader } from "../proxy-protocol/read.ts";
import { writeProxyHeader } from "../proxy-protocol/write.ts";

type VerifiedTls = Extract<BackendTls, { type: "verified" }>;

let own: TestAuthority;
let other: TestAuthority;
before(async () => {
  [own, other] = await Promise.all([testAuthority("own"), testAuthority("other")]);
});

/** Answers what it was asked for by SNI, and who the client is, then echoes. */
async function tlsEcho(t: TestContext, wish: CertificateWish, options: tls.TlsOptions = {}, issuer = own) {
  const server = tls.createServer({ ...(await issuer.issue(wish)), allowHalfOpen: true, ...options }, (socket) => {
    socket.on("error", () => {});
    const client = socket.getPeerCertificate().subject?.CN ?? "nobody";
    if (options.requestCert === true) socket.write(`${String(socket.servername)} ${String(client)} `);
    socket.pipe(socket);
  });
  const running = await startBackend(() => {}, server);
  t.after(() => running.close());
  return running;
}

interface Wish {
  readonly addresses: readonly string[];
  readonly tls?: Partial<VerifiedTls>;
  readonly listener?: Pick<TerminateTls, "backendCertificate">;
  readonly more?: readonly Resource[];
  readonly options?: Partial<ProxyOptions>;
}

async function startEncrypting(
  t: TestContext,
  { addresses, tls: asked = {}, listener = {}, more = [], options }: Wish,
) {
  const gateway = startGateway(t, { random: () => 0, ...options });
  const [port = 0] = await freePorts(1);
  const [, endpoints] = service("s", ...addresses);
  const verified = { type: "verified", serverName: "b.example", subjectAltNames: [], authorities: ["own"] } as const;
  await gateway.set(
    ...[terminating("l", port, ["cert"], listener), await own.certificate("cert", { dns: ["a.example"] })],
    ...[route("r", "l", ["*"], { s: 1 }), own.authorities("own"), endpoints, ...more],
    { ...backend("s", { type: "endpoints", endpoints: "s" }), tls: { ...verified, ...asked } },
  );
  const say = async (words: string | Buffer): Promise<Buffer> => {
    const client = await connectTls(port, "a.example", { ca: own.ca });
    client.end(words);
    return readAll(client);
  };
  /** Sends bytes that no backend may receive. Returns the error code that the client receives. */
  const sayInVain = async (words: string): Promise<string> => {
    const client = await connectTls(port, "a.example", { ca: own.ca });
    const end = endOf(client);
    client.write(words);
    return end;
  };
  return { ...gateway, port, say, sayInVain };
}

testEngines("what was decrypted is encrypted anew, for the server name of the policy", async (t) => {
  const client = await own.certificate("client", { usage: "client", subject: "CN=gateway" });
  const policy = await own.certificate("policy", { usage: "client", subject: "CN=policy" });
  const echo = await tlsEcho(t, { dns: ["b.example"] }, { requestCert: true, ca: own.ca });
  const wishes = { addresses: [echo.address], listener: { backendCertificate: "client" }, more: [client, policy] };
  const byListener = await startEncrypting(t, wishes);
  assert.equal(String(await byListener.say("hello")), "b.example gateway hello");
  const byPolicy = await startEncrypting(t, { ...wishes, tls: { certificate: "policy" } });
  assert.equal(String(await byPolicy.say("hello")), "b.example policy hello");
  const [line] = await byPolicy.connections(1);
  assert.deepEqual([line?.reason, line?.backendTlsVersion, line?.tlsVersion], ["completed", "TLSv1.3", "TLSv1.3"]);
});

testEngines("20 MB there and back through both layers, whole", async (t) => {
  const echo = await tlsEcho(t, { dns: ["b.example"] });
  const gateway = await startEncrypting(t, { addresses: [echo.address] });
  const bytes = randomBytes(20_000_000);
  const digest = (of: Buffer) => createHash("sha256").update(of).digest("hex");
  assert.equal(digest(await gateway.say(bytes)), digest(bytes));
  const [line] = await gateway.connections(1);
  assert.deepEqual([line?.reason, line?.bytesIn, line?.bytesOut], ["completed", bytes.length, bytes.length]);
});

testEngines("PROXY headers stand before TLS on both sides, and are none of its bytes", async (t) => {
  const headers: ProxyHeader[] = [];
  const inner = tls.createServer(await own.issue({ dns: ["b.example"] }), (socket) => socket.end("hello"));
  const server = await startBackend((socket) => {
    socket.once("data", (bytes: Buffer) => {
      const reading = readProxyHeader(bytes);
      assert.equal(reading.state, "header");
      if (reading.state !== "header") return;
      headers.push(reading.header);
      socket.pause();
      socket.unshift(bytes.subarray(reading.consumed));
      inner.emit("connection", socket);
    });
  });
  t.after(() => server.close());
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  const client = { proxyProtocol: { mode: "required", trusted: [LOOPBACK] } } as const;
  const encrypt = { type: "verified", serverName: "b.example", subjectAltNames: [], authorities: ["own"] } as const;
  const [shop, endpoints] = service("s", server.address);
  await gateway.set(
    ...[{ ...terminating("l", port, ["cert"]), client }, await own.certificate("cert", { dns: ["a.example"] })],
    ...[route("r", "l", ["*"], { s: 1 }), own.authorities("own"), endpoints],
    { ...shop, tls: encrypt, traffic: { proxyProtocol: { version: 2, authority: true, uniqueId: false } } },
  );
  const ends = { source: { address: "192.0.2.7", port: 7 }, destination: { address: "192.0.2.8", port: 443 } };
  const tcp = await connectTo(port);
  tcp.write(writeProxyHeader({ version: 2, ends }));
  const secure = tls.connect({ socket: tcp, servername: "a.example", ca: own.ca });
  assert.equal(String(await readAll(secure)), "hello");
  secure.end();
  assert.deepEqual(headers, [{ command: "proxy", ...ends, fields: { authority: "a.example" } }]);
  const [line] = await gateway.connections(1);
  assert.deepEqual([line?.reason, line?.clientAddress, line?.bytesOut], ["completed", "192.0.2.7:7", 5]);
});

const uri = (value: string) => ({ type: "URI", value }) as const;
const hostname = (value: string) => ({ type: "Hostname", value }) as const;
const SPIFFE = "spiffe://cluster/ns/shop";

const identities: readonly [string, CertificateWish, Partial<VerifiedTls>, boolean][] = [
  ["the server name", { dns: ["b.example"] }, {}, true],
  ["a wildcard for the server name", { dns: ["*.inner.example"] }, { serverName: "b.inner.example" }, true],
  ["another name", { dns: ["c.example"] }, {}, false],
  ["a common name alone", { subject: "CN=b.example" }, {}, false],
  ["an expired certificate", { dns: ["b.example"], days: -1 }, {}, false],
  [
    "one of several names",
    { dns: ["c.example"] },
    { subjectAltNames: [hostname("d.example"), hostname("c.example")] },
    true,
  ],
  ["a wildcard for one of the names", { dns: ["*.c.example"] }, { subjectAltNames: [hostname("x.c.example")] }, true],
  [
    "the server name, which is not among the names",
    { dns: ["b.example"] },
    { subjectAltNames: [hostname("c.example")] },
    false,
  ],
  ["a URI", { uris: ["https://x.example/", SPIFFE] }, { subjectAltNames: [uri(SPIFFE)] }, true],
  ["a longer URI", { uris: [`${SPIFFE}/more`] }, { subjectAltNames: [uri(SPIFFE)] }, false],
  [
    "a URI within another by a comma",
    { uris: [`https://x.example/, URI:${SPIFFE}`] },
    { subjectAltNames: [uri(SPIFFE)] },
    false,
  ],
  ["a URI where a host name is asked for", { uris: [SPIFFE] }, { subjectAltNames: [hostname("b.example")] }, false],
];
for (const [what, wish, asked, isRight] of identities) {
  testEngines(`a backend that shows ${what} is ${isRight ? "taken" : "refused"}`, async (t) => {
    const echo = await tlsEcho(t, wish);
    const gateway = await startEncrypting(t, { addresses: [echo.address], tls: asked });
    if (isRight) assert.equal(String(await gateway.say("secret")), "secret");
    else assert.equal(await gateway.sayInVain("secret"), "ECONNRESET");
    const [line] = await gateway.connections(1);
    assert.equal(line?.reason, isRight ? "completed" : "backend_certificate_invalid", String(line?.detail));
    assert.equal(line?.endpoint, echo.address);
  });
}

testEngines("an unknown authority is refused, and so is a private one where the system's are asked for", async (t) => {
  const foreign = await tlsEcho(t, { dns: ["b.example"] }, {}, other);
  const byList = await startEncrypting(t, { addresses: [foreign.address] });
  assert.equal(await byList.sayInVain("secret"), "ECONNRESET");
  assert.equal((await byList.connections(1))[0]?.reason, "backend_certificate_invalid");
  const bySystem = await startEncrypting(t, { addresses: [foreign.address], tls: { authorities: "system" } });
  assert.equal(await bySystem.sayInVain("secret"), "ECONNRESET");
  assert.equal((await bySystem.connections(1))[0]?.reason, "backend_certificate_invalid");
});

testEngines("the system's authorities are those of Node, with what the administrator has added", async (t) => {
  const before = tls.getCACertificates("default");
  tls.setDefaultCACertificates([...before, other.ca]);
  t.after(() => tls.setDefaultCACertificates(before));
  const echo = await tlsEcho(t, { dns: ["b.example"] }, {}, other);
  const gateway = await startEncrypting(t, { addresses: [echo.address], tls: { authorities: "system" } });
  assert.equal(String(await gateway.say("hello")), "hello");
  await gateway.connections(1);
});

testEngines(
  "a backend that wants a certificate and gets none, or speaks no TLS, or nothing: backend_handshake_failed, and no other is tried",
  async (t) => {
    const good = await tlsEcho(t, { dns: ["b.example"] });
    const strict = await tlsEcho(
      t,
      { dns: ["b.example"] },
      { requestCert: true, rejectUnauthorized: true, ca: own.ca },
    );
    const plain = await startBackend((socket) => socket.end("220 no TLS here\r\n"));
    const silent = await startBackend((socket) => socket.resume());
    t.after(() => Promise.all([plain.close(), silent.close()]));
    for (const bad of [strict, plain, silent]) {
      const options = { timeOuts: { connectMs: 300 } };
      const gateway = await startEncrypting(t, { addresses: [bad.address, good.address], options });
      await gateway.say("secret").catch(() => {});
      const [line] = await gateway.connections(1);
      assert.deepEqual([line?.reason, line?.endpoint], ["backend_handshake_failed", bad.address], String(line?.detail));
    }
    assert.equal(good.sockets.length, 0);
  },
);

testEngines("the next endpoint is tried when one cannot be connected to", async (t) => {
  const good = await tlsEcho(t, { dns: ["b.example"] });
  const [closed] = await freePorts(1);
  const gateway = await startEncrypting(t, { addresses: [`${LOOPBACK}:${closed}`, good.address] });
  assert.equal(String(await gateway.say("hello")), "hello");
  assert.equal((await gateway.connections(1))[0]?.endpoint, good.address);
});
