/** Tests that a TLS stream without close_notify does not look complete to the other side. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type net from "node:net";
import { before, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { type TestAuthority, testAuthority } from "../../../test/wire/authority.ts";
import { backend, route, service, terminating } from "../../../test/wire/config.ts";
import { startGateway, testEngines } from "../../../test/wire/gateway.ts";
import { connectTo, freePorts, readSome, startBackend } from "../../../test/wire/sockets.ts";
import type { BackendResource, Resource } from "../../model/proxy-config.ts";
import { carriedBy } from "../relay/socket-options.ts";
import { TlsEnding } from "../relay/tls-ending.ts";

let own: TestAuthority;
before(async () => {
  own = await testAuthority("own");
});

/** Longer than an iteration of the event loop, so that an end arrives apart from the data before it. */
const APART_MS = 50;
const DETAIL = "the TLS stream ended without close_notify";

async function start(
  t: TestContext,
  address: string,
  tlsOfBackend: Pick<BackendResource, "tls"> = {},
  more: Resource[] = [],
) {
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  const [, endpoints] = service("s", address);
  await gateway.set(
    ...[terminating("l", port, ["cert"]), await own.certificate("cert", { dns: ["a.example"] })],
    ...[route("r", "l", ["*"], { s: 1 }), endpoints, ...more],
    { ...backend("s", { type: "endpoints", endpoints: "s" }), ...tlsOfBackend },
  );
  const tcp = await connectTo(port);
  const client = tls.connect({ socket: tcp, servername: "a.example", ca: own.ca });
  client.on("error", () => {});
  t.after(() => client.destroy());
  await once(client, "secureConnect");
  return { ...gateway, client, tcp };
}

for (const way of ["cut", "ended"] as const) {
  testEngines(`a client whose TLS is ${way}: a plaintext backend sees ${way === "cut" ? "RST" : "FIN"}`, async (t) => {
    const accepted = Promise.withResolvers<net.Socket>();
    const server = await startBackend(accepted.resolve);
    t.after(() => server.close());
    const { client, connections } = await start(t, server.address);
    client.write("half of it");
    const socket = await accepted.promise;
    await readSome(socket, 10);
    await sleep(APART_MS);
    const seen = new Promise<string>((resolve) => {
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(String(error.code)));
      socket.on("end", () => {
        socket.end();
        resolve("FIN");
      });
      socket.resume();
    });
    // destroy() closes the connection without close_notify.
    if (way === "cut") client.destroy();
    else client.resume().end();
    assert.equal(await seen, way === "cut" ? "ECONNRESET" : "FIN");
    const [line] = await connections(1);
    assert.deepEqual([line?.reason, line?.detail], way === "cut" ? ["client_reset", DETAIL] : ["completed", undefined]);
  });

  testEngines(`a backend whose TLS is ${way}: the client gets all bytes, and TLS ends the same way`, async (t) => {
    const bytes = Buffer.alloc(300_000, 1);
    const server = tls.createServer({ ...(await own.issue({ dns: ["b.example"] })), allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {}).resume();
      socket.write(bytes, async () => {
        await sleep(4 * APART_MS);
        if (way === "cut") socket.destroy();
        else socket.end();
      });
    });
    const running = await startBackend(() => {}, server);
    t.after(() => running.close());
    const verified = { type: "verified", serverName: "b.example", subjectAltNames: [], authorities: ["own"] } as const;
    const { client, connections, tcp } = await start(t, running.address, { tls: verified }, [own.authorities("own")]);
    const ending = new TlsEnding(carriedBy(client, tcp));
    let received = 0;
    client.on("data", (chunk: Buffer) => {
      ending.onData();
      received += chunk.length;
    });
    await once(client, "end");
    assert.deepEqual([received, ending.isCut], [bytes.length, way === "cut"]);
    client.end();
    const [line] = await connections(1);
    assert.deepEqual(
      [line?.reason, line?.detail],
      way === "cut" ? ["backend_reset", DETAIL] : ["completed", undefined],
    );
  });
}
