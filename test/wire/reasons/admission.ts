/** Connections for which there is no room, or that are not wanted. */
import type { TestContext } from "node:test";
import { established, type Producers, type Scene, stage, turnedAway } from "./producer.ts";

/** One is held, the next is one too many. */
const oneTooMany = (scene: Scene) => ({
  produce: async (t: TestContext) => {
    const gateway = await stage(t, scene);
    await established(t, gateway.port);
    await turnedAway(t, gateway.port);
    return gateway;
  },
});

export const admission: Producers<
  | "client_denied"
  | "client_connection_limit"
  | "connection_rate_limit"
  | "unrouted_limit"
  | "connection_limit"
  | "backend_connection_limit"
> = {
  client_denied: {
    produce: async (t) => {
      const gateway = await stage(t, { client: { deny: ["127.0.0.0/8"] } });
      await turnedAway(t, gateway.port);
      return gateway;
    },
  },
  client_connection_limit: oneTooMany({ settings: { maxPerClient: 1 } }),
  connection_rate_limit: oneTooMany({ settings: { newConnections: { perSecond: 1, burst: 1 } } }),
  unrouted_limit: {
    produce: async (t) => {
      const gateway = await stage(t, { settings: { maxUnrouted: 1 }, options: { timeOuts: { clientHelloMs: 500 } } });
      // The first is silent, so it has no route when the second comes; which of them waits longer does not matter.
      await Promise.all([turnedAway(t, gateway.port, Buffer.alloc(0)), turnedAway(t, gateway.port, Buffer.alloc(0))]);
      return gateway;
    },
  },
  connection_limit: oneTooMany({ options: { maxConnections: 1 } }),
  backend_connection_limit: {
    produce: async (t) => {
      // Three quarters of four.
      const gateway = await stage(t, { options: { maxConnections: 4 } });
      for (let count = 0; count < 3; count++) await established(t, gateway.port);
      await turnedAway(t, gateway.port);
      return gateway;
    },
  },
};
