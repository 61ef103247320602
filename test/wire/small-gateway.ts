/**
 * A program for tests: a proxy of one route to the endpoint in its argument, by the engine in the next one, with the limit on connections and
 * the ClientHello timeout in the next two. Prints its port, and warnings to the standard error.
 */
import type { EngineChoice } from "../../src/proxy/engine-choices.ts";
import { ProxyMetrics } from "../../src/proxy/observe/metrics.ts";
import { createProxy } from "../../src/proxy/proxy.ts";
import { deltaBetween, listener, route, service } from "./config.ts";
import { freePorts, LOOPBACK } from "./sockets.ts";

const quiet = () => {};
const log = { debug: quiet, info: quiet, warn: console.error, error: console.error, child: () => log };

const [, , endpoint = "", engine = "portable", maxConnections = "1000", clientHelloMs = "1000"] = process.argv;
const proxy = createProxy({
  log,
  metrics: new ProxyMetrics("test"),
  bindAddresses: [LOOPBACK],
  maxConnections: Number(maxConnections),
  engine: engine as EngineChoice,
  workers: 1,
  timeOuts: { clientHelloMs: Number(clientHelloMs) },
});
const [port = 0] = await freePorts(1);
const resources = [listener("l", port), route("r", "l", ["*"], { s: 1 }), ...service("s", endpoint)];
await proxy.apply(deltaBetween([], resources));
console.log(port);
