import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import { createAuthority, issueServing, type KeyedCertificate } from "./issue.ts";

/** One real handshake on loopback; the error's code when the client refuses. */
async function handshake(serving: KeyedCertificate, ca: string, servername: string): Promise<string> {
  const server = tls.createServer({ cert: serving.certificate, key: serving.key }, (socket) => socket.end());
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = tls.connect({ host: "127.0.0.1", port, ca, servername });
  try {
    await once(client, "secureConnect");
    return client.authorized ? "authorized" : String(client.authorizationError);
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  } finally {
    client.destroy();
    server.close();
  }
}

test("a client that trusts the authority accepts its server by each of its names, and nobody else's", async () => {
  const now = new Date();
  const names = ["fsm-gateway.ns.svc", "fsm-gateway.ns.svc.cluster.local"];
  const authority = await createAuthority(now);
  const serving = await issueServing(authority, names, now);
  for (const name of names) assert.equal(await handshake(serving, authority.certificate, name), "authorized");
  assert.equal(await handshake(serving, authority.certificate, "other.svc"), "ERR_TLS_CERT_ALTNAME_INVALID");
  const stranger = await createAuthority(now);
  assert.notEqual(await handshake(serving, stranger.certificate, "fsm-gateway.ns.svc"), "authorized");
  const both = stranger.certificate + authority.certificate;
  assert.equal(await handshake(serving, both, "fsm-gateway.ns.svc"), "authorized");
});

test("an ended certificate is refused", async () => {
  const past = new Date(Date.now() - 100 * 86_400_000);
  const authority = await createAuthority(past);
  const serving = await issueServing(authority, ["a.svc"], past);
  assert.equal(await handshake(serving, authority.certificate, "a.svc"), "CERT_HAS_EXPIRED");
});

test("the authority may sign servers but no further authority, and a server signs nothing", async () => {
  const authority = await createAuthority(new Date());
  const serving = await issueServing(authority, ["a.svc"], new Date());
  const fake = await issueServing(serving, ["b.svc"], new Date());
  assert.equal(new X509Certificate(authority.certificate).ca, true);
  assert.equal(new X509Certificate(serving.certificate).ca, false);
  const chain = { certificate: fake.certificate + serving.certificate, key: fake.key };
  assert.notEqual(await handshake(chain, authority.certificate, "b.svc"), "authorized");
});
