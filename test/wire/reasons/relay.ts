/** How relayed connections end. */
import { once } from "node:events";
import type net from "node:net";
import type { TestContext } from "node:test";
import { deafen, noDeafSocket } from "../deaf-socket.ts";
import { connectTo, readAll, startBackend } from "../sockets.ts";
import { established, HELLO, type Producers, type Scene, stage } from "./producer.ts";

/** Both ends of a relayed connection: what the client has sent has come. */
async function pair(t: TestContext, scene: Scene = {}) {
  const accepted = Promise.withResolvers<net.Socket>();
  const server = await startBackend(accepted.resolve);
  const gateway = await stage(t, { ...scene, server });
  const client = await connectTo(gateway.port);
  t.after(() => client.destroy());
  client.write(HELLO);
  const backend = await accepted.promise;
  await once(backend, "data");
  return { gateway, client, backend };
}

const bySilence = (scene: Scene) => ({
  produce: async (t: TestContext) => {
    const gateway = await stage(t, scene);
    const client = await established(t, gateway.port);
    await readAll(client).catch(() => {});
    client.end();
    return gateway;
  },
});

/** Six probes, a second apart. */
const SOON_PROBED: Scene = { settings: { keepAliveMs: 1_000 }, options: { timeOuts: { keepAliveIntervalMs: 1_000 } } };

export const relay: Producers<
  | "completed"
  | "client_reset"
  | "backend_reset"
  | "client_unreachable"
  | "backend_unresponsive"
  | "idle_timeout"
  | "half_closed_timeout"
  | "maximum_age"
  | "drain_deadline"
> = {
  completed: {
    produce: async (t) => {
      const gateway = await stage(t);
      const client = await established(t, gateway.port);
      client.end();
      await readAll(client);
      return gateway;
    },
  },
  client_reset: {
    produce: async (t) => {
      const { gateway, client } = await pair(t);
      client.resetAndDestroy();
      return gateway;
    },
  },
  backend_reset: {
    produce: async (t) => {
      const { gateway, backend } = await pair(t);
      backend.resetAndDestroy();
      return gateway;
    },
  },
  client_unreachable: {
    skip: noDeafSocket(),
    produce: async (t) => {
      const gateway = await stage(t, SOON_PROBED);
      deafen(await established(t, gateway.port));
      return gateway;
    },
  },
  backend_unresponsive: {
    skip: noDeafSocket(),
    produce: async (t) => {
      const { backend, gateway } = await pair(t, SOON_PROBED);
      deafen(backend);
      return gateway;
    },
  },
  idle_timeout: bySilence({ options: { timeOuts: { idleMs: 100 } } }),
  half_closed_timeout: {
    produce: async (t) => {
      const { gateway, client } = await pair(t, { options: { timeOuts: { halfClosedMs: 100 } } });
      client.end();
      client.resume();
      await once(client, "close");
      return gateway;
    },
  },
  maximum_age: bySilence({ settings: { timeOuts: { maxAgeMs: 100 } } }),
  drain_deadline: {
    produce: async (t) => {
      const gateway = await stage(t);
      await established(t, gateway.port);
      await gateway.proxy.drain(50);
      return gateway;
    },
  },
};
