/** Endpoints that do not answer a connect. */

import { GATEWAY_ADDRESSES } from "../../../src/model/proxy-config.ts";
import { noBlackhole, startBlackhole } from "../blackhole.ts";
import { route, service } from "../config.ts";
import { freePorts, LOOPBACK } from "../sockets.ts";
import { type Producers, stage, turnedAway } from "./producer.ts";

const to = (address: string) => [route("r", "l", ["*"], { s: 1 }), ...service("s", address)];

export const endpoints: Producers<"backend_loop" | "backend_refused" | "backend_timeout" | "backend_unreachable"> = {
  backend_loop: {
    produce: async (t) => {
      const [, own] = service(GATEWAY_ADDRESSES, "192.0.2.1:443");
      const gateway = await stage(t, { resources: [...to("192.0.2.1:443"), own] });
      await turnedAway(t, gateway.port);
      return gateway;
    },
  },
  backend_refused: {
    produce: async (t) => {
      const [closed = 0] = await freePorts(1);
      const gateway = await stage(t, { resources: to(`${LOOPBACK}:${closed}`) });
      await turnedAway(t, gateway.port);
      return gateway;
    },
  },
  backend_timeout: {
    skip: noBlackhole(),
    produce: async (t) => {
      const silent = await startBlackhole();
      t.after(() => silent.close());
      const gateway = await stage(t, { resources: to(silent.address), options: { timeOuts: { connectMs: 200 } } });
      await turnedAway(t, gateway.port);
      return gateway;
    },
  },
  backend_unreachable: {
    produce: async (t) => {
      // The kernel connects to no broadcast address, and sends nothing.
      const gateway = await stage(t, { resources: to("255.255.255.255:443") });
      await turnedAway(t, gateway.port);
      return gateway;
    },
  },
};
