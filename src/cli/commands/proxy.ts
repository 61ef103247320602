/** `fsm-gateway proxy`: wires the data plane to the operator's stream, in a Pod of one Gateway. */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { serveAdmin } from "../../admin/admin-server.ts";
import { createControlClient } from "../../control/client/client.ts";
import { createLogger } from "../../logging/logger.ts";
import { NODE_ADDRESS_VARIABLE, POD_NAME_VARIABLE } from "../../model/proxy-pod.ts";
import type { EngineChoice } from "../../proxy/engine-choices.ts";
import { ProxyMetrics } from "../../proxy/observe/metrics.ts";
import { createProxy } from "../../proxy/proxy.ts";
import { EXIT } from "../exit.ts";
import { yieldingHelpers } from "../helper-threads.ts";
import type { AccessLogOptions, HostPort } from "../options.ts";
import { proxyPages } from "../proxy-pages.ts";
import { untilSignal } from "../signals.ts";
import { usableEngine } from "../usable-engine.ts";
import { VERSION } from "../version.ts";
import { configureHeaps } from "../worker-heaps.ts";

export interface ProxyCommandOptions extends AccessLogOptions {
  readonly gateway: string;
  readonly operator: string;
  readonly caFile: string;
  readonly tokenFile: string;
  readonly admin: HostPort;
  readonly drainSeconds: number;
  readonly engine: EngineChoice;
}

/**
 * After SIGTERM new connections still come for a moment, from nodes that have not heard yet that this Pod is ending: they
 * are served. Readiness fails at once, which is what the nodes hear of.
 */
const LAME_DUCK_MS = 3_000;

export async function proxy(options: ProxyCommandOptions): Promise<void> {
  const proxyId = process.env[POD_NAME_VARIABLE] ?? hostname();
  const nodeAddress = process.env[NODE_ADDRESS_VARIABLE];
  const logger = createLogger({ level: options.logLevel, format: options.logFormat });
  const log = logger.child({ gateway: options.gateway });
  const engine = usableEngine(options.engine);
  yieldingHelpers(log);
  configureHeaps();
  const signal = untilSignal();
  const metrics = new ProxyMetrics(VERSION, logger.droppedLines);
  const dataPlane = createProxy({
    log,
    metrics,
    engine,
    ...(nodeAddress !== undefined && { nodeAddresses: [nodeAddress] }),
    onLogging: ({ level, format }) => logger.adjust({ ...(level && { level }), ...(format && { format }) }),
    ...(options.logRefused !== undefined && { refusedLinesPerSecond: options.logRefused }),
  });
  const state = { ending: false };
  const admin = await serveAdmin(
    {
      notReady: () => {
        if (state.ending) return "draining";
        return dataPlane.ready ? undefined : "no complete configuration yet";
      },
      metrics,
      pages: proxyPages({ metrics, proxies: () => new Map([[options.gateway, dataPlane]]) }),
    },
    options.admin,
  );
  const stream = createControlClient({
    log,
    url: options.operator,
    ca: () => readFile(options.caFile, "utf8"),
    token: async () => (await readFile(options.tokenFile, "utf8")).trim(),
    proxyId,
    applier: dataPlane,
  });
  stream.start();
  log.info("started", { version: VERSION, node: process.version, proxyId, operator: options.operator });

  log.info("ending", { signal: await signal });
  state.ending = true;
  await new Promise((resolve) => setTimeout(resolve, LAME_DUCK_MS));
  await dataPlane.drain(options.drainSeconds * 1000);
  await stream.stop();
  await dataPlane.close();
  await admin.close();
  process.exitCode = EXIT.ok;
}
