/** Defects, which nothing but a defect can cause: each engine is given what no configuration can hold. */
import type { TestContext } from "node:test";
import type { Endpoint } from "../../../src/model/proxy-config.ts";
import { backend, route } from "../config.ts";
import { engineOf } from "../gateway.ts";
import { type Producers, type Scene, stage, turnedAway } from "./producer.ts";

function broken(t: TestContext): Scene {
  if (engineOf(t) === "portable") {
    return {
      options: {
        connect: () => {
          throw new Error("a defect");
        },
      },
    };
  }
  // No text where an address is to be.
  const endpoint = { address: undefined, port: 1 } as unknown as Endpoint;
  return {
    options: { overrides: new Map([["out.test:1", endpoint]]) },
    resources: [route("r", "l", ["*"], { s: 1 }), backend("s", { type: "external", host: "out.test", port: 1 })],
  };
}

export const defects: Producers<"internal_error"> = {
  internal_error: {
    produce: async (t) => {
      const gateway = await stage(t, broken(t));
      await turnedAway(t, gateway.port);
      return gateway;
    },
  },
};
