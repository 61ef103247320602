/** Server names that lead nowhere, and backends that lead to no endpoint. */
import type { TestContext } from "node:test";
import type { Resource } from "../../../src/model/proxy-config.ts";
import { backend, listener, route, service } from "../config.ts";
import { helloMessage, record } from "../hello-bytes.ts";
import { HELLO, type Producers, type Scene, stage, turnedAway } from "./producer.ts";

const NAMELESS = record(helloMessage({ extensions: [] }));

const refused = (scene: Scene, bytes = HELLO) => ({
  produce: async (t: TestContext) => {
    const gateway = await stage(t, scene);
    await turnedAway(t, gateway.port, bytes);
    return gateway;
  },
});

const forExample = (port: number) => listener("l", port, "*.example");
const toS = (...backends: Resource[]): Resource[] => [route("r", "l", ["*"], { s: 1 }), ...backends];
const OUTSIDE = toS(backend("s", { type: "external", host: "out.test", port: 443 }));

export const routing: Producers<
  | "no_server_name"
  | "no_matching_listener"
  | "no_matching_route"
  | "no_backend"
  | "invalid_backend"
  | "no_ready_endpoint"
  | "backend_unresolved"
  | "backend_forbidden"
> = {
  no_server_name: refused({ taker: forExample }, NAMELESS),
  no_matching_listener: refused({ taker: (port) => listener("l", port, "*.test") }),
  no_matching_route: refused({ resources: [] }),
  no_backend: refused({ resources: [route("r", "l", ["*"], {})] }),
  invalid_backend: refused({ resources: toS(backend("s", { type: "invalid", reason: "BackendNotFound" })) }),
  no_ready_endpoint: refused({ resources: toS(...service("s")) }),
  backend_unresolved: refused({
    resources: OUTSIDE,
    options: {
      resolver: {
        resolve4: () => Promise.reject(Object.assign(new Error("queryA ENOTFOUND"), { code: "ENOTFOUND" })),
        resolve6: () => Promise.reject(Object.assign(new Error("queryAaaa ENOTFOUND"), { code: "ENOTFOUND" })),
      },
    },
  }),
  backend_forbidden: refused({
    resources: OUTSIDE,
    options: {
      resolver: { resolve4: async () => [{ address: "169.254.169.254", ttl: 60 }], resolve6: async () => [] },
    },
  }),
};
