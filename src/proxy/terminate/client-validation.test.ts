import assert from "node:assert/strict";
import { once } from "node:events";
import { before, type TestContext } from "node:test";
import type tls from "node:tls";
import { type Pem, type TestAuthority, testAuthority } from "../../../test/wire/authority.ts";
import { route, service, terminating } from "../../../test/wire/config.ts";
import { startGateway, testEngines } from "../../../test/wire/gateway.ts";
import { freePorts, readAll, startEcho } from "../../../test/wire/sockets.ts";
import { dialTls } from "../../../test/wire/tls-client.ts";
import type { ClientValidation } from "../../model/proxy-config.ts";

let own: TestAuthority;
let other: TestAuthority;
let valid: Pem;
let foreign: Pem;
let expired: Pem;
let forServers: Pem;
before(async () => {
  [own, other] = await Promise.all([testAuthority("own"), testAuthority("other")]);
  [valid, foreign, expired, forServers] = await Promise.all([
    own.issue({ usage: "client", subject: "CN=alice, O=example" }),
    other.issue({ usage: "client", subject: "CN=mallory" }),
    own.issue({ usage: "client", subject: "CN=late", days: -1 }),
    own.issue({ usage: "server", subject: "CN=server" }),
  ]);
});

/** A listener that validates clients for `one.example` by `own`, and one for `two.example` by `other`. */
async function startValidating(t: TestContext, mode: ClientValidation["mode"]) {
  const echo = await startEcho();
  t.after(() => echo.close());
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  const listenerFor = (name: string, authorities: string) =>
    terminating(name, port, ["cert"], {
      hostname: `${name}.example`,
      clientValidation: { mode, authorities: [authorities] },
    });
  await gateway.set(
    ...[listenerFor("one", "own"), listenerFor("two", "other"), own.authorities("own"), other.authorities("other")],
    await own.certificate("cert", { dns: ["*.example"] }),
    ...[route("r1", "one", ["*"], { s: 1 }), route("r2", "two", ["*"], { s: 1 }), ...service("s", echo.address)],
  );
  return { ...gateway, port, echo };
}

/** What comes back from the echo; "" if the connection is refused, however the client gets to know. */
async function say(port: number, servername: string, options: tls.ConnectionOptions): Promise<string> {
  const socket = dialTls(port, servername, { rejectUnauthorized: false, ...options });
  socket.end("hello");
  return readAll(socket).then(String, () => "");
}

for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
  testEngines(
    `AllowValidOnly, ${maxVersion}: only clients of the authority pass, and for no other is anything dialled`,
    async (t) => {
      const { port, echo, connections } = await startValidating(t, "AllowValidOnly");
      for (const refused of [{}, foreign, expired, forServers]) {
        assert.equal(await say(port, "one.example", { maxVersion, ...refused }), "");
      }
      assert.equal(echo.sockets.length, 0);
      assert.equal(await say(port, "one.example", { maxVersion, ...valid }), "hello");
      assert.deepEqual(
        (await connections(5)).map(({ reason, clientCertificate }) => [reason, clientCertificate]),
        [...Array(4).fill(["client_certificate_invalid", undefined]), ["completed", "CN=alice, O=example"]],
      );
    },
  );
}

testEngines("AllowInsecureFallback: everybody passes, and only a valid certificate is named", async (t) => {
  const { port, connections } = await startValidating(t, "AllowInsecureFallback");
  for (const client of [{}, foreign, expired, valid]) assert.equal(await say(port, "one.example", client), "hello");
  assert.deepEqual(
    (await connections(4)).map(({ reason, clientCertificate }) => [reason, clientCertificate]),
    [...Array(3).fill(["completed", undefined]), ["completed", "CN=alice, O=example"]],
  );
});

for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
  testEngines(
    `${maxVersion}: a session of one listener opens no other, and none is resumed where clients are validated`,
    async (t) => {
      const { port, echo, connections } = await startValidating(t, "AllowValidOnly");
      const first = dialTls(port, "one.example", { rejectUnauthorized: false, maxVersion, ...valid });
      let session: Buffer | undefined;
      first.on("session", (given: Buffer) => {
        session = given;
      });
      await once(first, "secureConnect");
      first.end("hello");
      assert.equal(String(await readAll(first)), "hello");
      // A client of TLS 1.2 has a session even when the server has kept none.
      session ??= first.getSession();
      const resuming = { maxVersion, ...(session === undefined ? {} : { session }) };
      // Without a certificate: only the session could speak for it.
      assert.equal(await say(port, "one.example", resuming), "");
      assert.equal(await say(port, "two.example", resuming), "");
      assert.equal(await say(port, "two.example", { ...resuming, ...valid }), "");
      assert.equal(echo.sockets.length, 1);
      assert.deepEqual(
        (await connections(4)).map(({ reason }) => reason),
        ["completed", ...Array(3).fill("client_certificate_invalid")],
      );
    },
  );
}

testEngines("authorities without a certificate trust nobody, least of all the authorities of the web", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  const clientValidation = { mode: "AllowInsecureFallback", authorities: ["empty"] } as const;
  await gateway.set(
    ...[terminating("l", port, ["cert"], { clientValidation }), await own.certificate("cert", { dns: ["a.example"] })],
    { kind: "authorities", name: "empty", certificates: "no PEM" },
    ...[route("r", "l", ["*"], { s: 1 }), ...service("s", echo.address)],
  );
  assert.equal(await say(port, "a.example", valid), "");
  const [line] = await gateway.connections(1);
  assert.deepEqual([line?.reason, line?.detail], ["client_handshake_failed", "authorities empty hold no certificate"]);
});
