/**
 * A program for tests: a proxy of one route to the endpoint in its argument. Prints its port.
 */
import { ProxyMetrics } from "../../src/proxy/observe/metrics.ts";
import { createProxy } from "../../src/proxy/proxy.ts";
import { deltaBetween, listener, route, service } from "./config.ts";
import { freePorts, LOOPBACK } from "./sockets.ts";

const quiet = () => {};
const log = { debug: quiet, info: quiet, warn: quiet, error: console.error, child: () => log };

const proxy = createProxy({ log, metrics: new ProxyMetrics("test"), bindAddresses: [LOOPBACK], maxConnections: 1_000 });
const [port = 0] = await freePorts(1);
const resources = [listener("l", port), route("r", "l", ["*"], { s: 1 }), ...service("s", process.argv[2] ?? "")];
await proxy.apply(deltaBetween([], resources));
console.log(port);
