/** Every state of a connection, seen by whoever looks, by each engine. A new state does not compile before it is produced here. */
import assert from "node:assert/strict";
import type net from "node:net";
import type { TestContext } from "node:test";
import { testAuthority } from "../../../test/wire/authority.ts";
import { noBlackhole, startBlackhole } from "../../../test/wire/blackhole.ts";
import { backend, route, service, terminating } from "../../../test/wire/config.ts";
import { corpusBytes, REAL_FOLDER, readManifest } from "../../../test/wire/corpus.ts";
import { type TestGateway, testEngines } from "../../../test/wire/gateway.ts";
import { established, HELLO, type Scene, stage } from "../../../test/wire/reasons/producer.ts";
import { connectTo, LOOPBACK, readAll, startEcho } from "../../../test/wire/sockets.ts";
import { CONNECTION_STATES, type ConnectionState } from "./open-connection.ts";

type Started = TestGateway & { readonly port: number };

interface Case {
  readonly start: (t: TestContext) => Promise<Started>;
  readonly skip?: string | false;
}

/** A client that has sent this, and waits. */
async function waiting(t: TestContext, port: number, bytes: Uint8Array): Promise<net.Socket> {
  const client = await connectTo(port);
  t.after(() => client.destroy());
  client.write(bytes);
  return client;
}

const after =
  (bytes: Uint8Array, scene: Scene | ((t: TestContext) => Promise<Scene>) = {}) =>
  async (t: TestContext) => {
    const gateway = await stage(t, typeof scene === "function" ? await scene(t) : scene);
    await waiting(t, gateway.port, bytes);
    return gateway;
  };

/** Of a client with whom the handshake goes on. */
function realHello(): Buffer {
  const recorded = readManifest().find(({ client }) => client === "openssl");
  assert.ok(recorded);
  return corpusBytes(REAL_FOLDER, recorded.file);
}

const NEVER = () => new Promise<never>(() => {});

const EVERY_STATE: Readonly<Record<ConnectionState, Case>> = {
  reading_proxy_header: {
    start: after(Buffer.from("PROXY "), {
      client: { proxyProtocol: { mode: "required", trusted: [LOOPBACK] } },
    }),
  },
  reading_hello: { start: after(HELLO.subarray(0, 20)) },
  deciding: {
    start: after(HELLO, {
      options: { resolver: { resolve4: NEVER, resolve6: NEVER } },
      resources: [route("r", "l", ["*"], { s: 1 }), backend("s", { type: "external", host: "out.test", port: 1 })],
    }),
  },
  handshaking: {
    start: after(realHello(), async () => {
      const certificate = await (await testAuthority()).certificate("cert", { dns: ["a.example"] });
      return {
        taker: (port) => terminating("l", port, ["cert"]),
        resources: [certificate, route("r", "l", ["*"], { s: 1 }), ...service("s", `${LOOPBACK}:1`)],
      };
    }),
  },
  reading_request: {
    start: after(Buffer.from("GET / HTTP/1.1\r\n"), {
      taker: (port) => ({ kind: "listener", name: "l", port, protocol: "HTTP" }),
      resources: [],
    }),
  },
  connecting: {
    skip: noBlackhole(),
    start: after(HELLO, async (t) => {
      const silent = await startBlackhole();
      t.after(() => silent.close());
      return { resources: [route("r", "l", ["*"], { s: 1 }), ...service("s", silent.address)] };
    }),
  },
  relaying: { start: after(HELLO) },
  half_closed: {
    start: async (t) => {
      const server = await startEcho();
      const gateway = await stage(t, { server });
      const client = await established(t, gateway.port);
      server.sockets[0]?.end();
      await readAll(client);
      return gateway;
    },
  },
  closing: {
    start: async (t) => {
      const gateway = await stage(t, { options: { timeOuts: { lingerMs: 10_000 } } });
      await readAll(await waiting(t, gateway.port, Buffer.from("no TLS")));
      return gateway;
    },
  },
};

for (const state of Object.keys(CONNECTION_STATES) as ConnectionState[]) {
  const { start, skip = false } = EVERY_STATE[state];
  testEngines(
    `${state} is seen`,
    async (t) => {
      const { proxy, port } = await start(t);
      const look = async () => (await proxy.look({ limit: 10 })).connections;
      for (let turn = 0; turn < 400 && (await look())[0]?.state !== state; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const seen = await look();
      assert.deepEqual(
        seen.map((one) => [one.state, one.port]),
        [[state, port]],
      );
    },
    skip,
  );
}
