/** `fsm-gateway run FILE…`: wires the thread that reads the files and the proxies that serve into one process. */

import { serveAdmin } from "../../admin/admin-server.ts";
import { createLogger } from "../../logging/logger.ts";
import { CONTROLLER_NAME } from "../../model/identity.ts";
import { ConnectionShares } from "../../proxy/admit/connection-shares.ts";
import { defaultMaxConnections } from "../../proxy/connection-limit.ts";
import type { EngineChoice } from "../../proxy/engine-choices.ts";
import { ExitHook } from "../../proxy/exit-hook.ts";
import { ProxyMetrics } from "../../proxy/observe/metrics.ts";
import { createProxy } from "../../proxy/proxy.ts";
import { reachableAddresses } from "../../standalone/reachable.ts";
import { ReadingThread } from "../../standalone/thread/reading-thread.ts";
import { ServedGateways } from "../../standalone/thread/served-gateways.ts";
import { EXIT, UsageError } from "../exit.ts";
import { type ExternalHostsOptions, externalHostsPolicy, warnOfExternalHosts } from "../external-hosts-options.ts";
import { yieldingHelpers } from "../helper-threads.ts";
import type { AccessLogOptions, HostPort } from "../options.ts";
import { proxyPages } from "../proxy-pages.ts";
import { untilSignal } from "../signals.ts";
import { usableEngine } from "../usable-engine.ts";
import { VERSION } from "../version.ts";
import { configureHeaps } from "../worker-heaps.ts";

export interface RunOptions extends AccessLogOptions, ExternalHostsOptions {
  readonly namespace: string;
  readonly address?: readonly string[];
  readonly connectTo?: ReadonlyMap<string, HostPort>;
  readonly admin?: HostPort;
  readonly drainSeconds: number;
  readonly engine: EngineChoice;
}

export async function run(files: readonly string[], options: RunOptions): Promise<void> {
  const log = createLogger({ level: options.logLevel, format: options.logFormat });
  const engine = usableEngine(options.engine);
  yieldingHelpers(log);
  const signal = untilSignal();
  const metrics = new ProxyMetrics(VERSION, log.droppedLines);
  const exitHook = new ExitHook();
  const shares = new ConnectionShares(defaultMaxConnections());
  const gateways = new ServedGateways({
    createProxy: () => {
      // Set after this point only: the thread that reads files uses the larger heap of the command line.
      configureHeaps();
      return createProxy({
        log,
        metrics,
        engine,
        exitHook,
        shares,
        ...(options.logRefused !== undefined && { refusedLinesPerSecond: options.logRefused }),
        ...(options.address !== undefined && { bindAddresses: options.address }),
        ...(options.connectTo !== undefined && { overrides: options.connectTo }),
      });
    },
    onReport: (gateway, report) => reading.report(gateway, report),
  });
  const addresses = reachableAddresses(options.address);
  const externalHosts = externalHostsPolicy(options);
  warnOfExternalHosts(log, externalHosts);
  const reading = new ReadingThread({
    files,
    namespace: options.namespace,
    addresses,
    externalHosts,
    log,
    gateways,
    onStatus: ({ kind, namespace, name, status }, description) => {
      // Programs that read the log as JSON find nothing else on standard output.
      if (options.logFormat === "json") log.info("status changed", { kind, namespace, name, status });
      else log.print(`\n${description}\n`);
    },
  });
  const beginning = await reading.beginning;
  if (!beginning.loaded) {
    await Promise.all([reading.end(), gateways.end(0)]);
    throw new UsageError(beginning.lines);
  }
  const admin = await startAdmin(gateways, reading, metrics, options.admin);
  if (!gateways.ready) log.warn("no Gateway in the files is of a class of ours", { controllerName: CONTROLLER_NAME });
  log.info("serving", { files });

  log.info("ending", { signal: await signal, drainSeconds: options.drainSeconds });
  await reading.end();
  await gateways.end(options.drainSeconds * 1000);
  await admin?.close();
  process.exitCode = EXIT.ok;
}

async function startAdmin(
  gateways: ServedGateways,
  reading: ReadingThread,
  metrics: ProxyMetrics,
  at: HostPort | undefined,
) {
  if (at === undefined) return undefined;
  const source = {
    notReady: () => (gateways.ready ? undefined : "not every Gateway has a complete configuration"),
    metrics,
    pages: proxyPages({ metrics, proxies: () => gateways.proxies }),
  };
  return serveAdmin(source, at).catch(async (error: NodeJS.ErrnoException) => {
    await Promise.all([reading.end(), gateways.end(0)]);
    throw new UsageError([`--admin ${at.address}:${at.port}: cannot be bound: ${error.code}; choose another port`]);
  });
}
