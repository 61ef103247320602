/** `fsm-gateway run FILE…`: wires files, translator and proxies into one process, and prints the statuses. */

import { serveAdmin } from "../../admin/admin-server.ts";
import { objectKey } from "../../gateway-api/objects.ts";
import { createLogger } from "../../logging/logger.ts";
import { systemClock } from "../../loop/clock.ts";
import { CONTROLLER_NAME } from "../../model/identity.ts";
import type { Logger } from "../../model/log.ts";
import type { EngineChoice } from "../../proxy/engine-choices.ts";
import { ProxyMetrics } from "../../proxy/observe/metrics.ts";
import { createProxy } from "../../proxy/proxy.ts";
import { describe } from "../../standalone/describe.ts";
import { loadManifests, watchManifests } from "../../standalone/manifests/load.ts";
import { type AnyManifest, formatProblem } from "../../standalone/manifests/parse.ts";
import { reachableAddresses } from "../../standalone/reachable.ts";
import { Standalone, type StandaloneStatus } from "../../standalone/standalone.ts";
import { EXIT, UsageError } from "../exit.ts";
import type { AccessLogOptions, HostPort } from "../options.ts";
import { proxyPages } from "../proxy-pages.ts";
import { untilSignal } from "../signals.ts";
import { usableEngine } from "../usable-engine.ts";
import { VERSION } from "../version.ts";

export interface RunOptions extends AccessLogOptions {
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
  const signal = untilSignal();
  const current = { manifests: readOrRefuse(files, options.namespace) };
  const metrics = new ProxyMetrics(VERSION);
  const gateway = new Standalone({
    log,
    clock: systemClock,
    addresses: reachableAddresses(options.address),
    createProxy: () =>
      createProxy({
        log,
        metrics,
        engine,
        ...(options.logRefused !== undefined && { refusedLinesPerSecond: options.logRefused }),
        ...(options.address !== undefined && { bindAddresses: options.address }),
        ...(options.connectTo !== undefined && { overrides: options.connectTo }),
      }),
    onStatus: (status) => printStatus(current.manifests, status),
  });
  await gateway.load(current.manifests);
  await refuseFailedListeners(gateway, current.manifests);
  const admin = await startAdmin(gateway, metrics, options.admin);
  const stopWatching = watchManifests(files, () => void reload(files, options, current, gateway, log));
  if (!gateway.ready) log.warn("no Gateway in the files is of a class of ours", { controllerName: CONTROLLER_NAME });
  log.info("serving", { files });

  log.info("ending", { signal: await signal, drainSeconds: options.drainSeconds });
  stopWatching();
  await gateway.end(options.drainSeconds * 1000);
  await admin?.close();
  process.exitCode = EXIT.ok;
}

function readOrRefuse(files: readonly string[], namespace: string): readonly AnyManifest[] {
  const { manifests, problems } = loadManifests(files, namespace);
  if (problems.length > 0) throw new UsageError(problems.map(formatProblem));
  if (!manifests.some(({ kind }) => kind === "Gateway")) {
    throw new UsageError([`${files.join(", ")}: there is no Gateway: add one, or name its file too`]);
  }
  return manifests;
}

/** A port in use at the start is a mistake to tell at once; later it is a condition, and tried again. */
async function refuseFailedListeners(gateway: Standalone, manifests: readonly AnyManifest[]): Promise<void> {
  const failed = gateway.failedListeners();
  if (failed.length === 0) return;
  await gateway.end(0);
  const lines = failed.map(({ gateway: key, report }) => {
    const owner = manifests.find((m) => m.kind === "Gateway" && objectKey(m.object) === key);
    const name = report.key.slice(report.key.lastIndexOf("/") + 1);
    const index =
      owner?.kind === "Gateway" ? (owner.object.spec.listeners ?? []).findIndex((l) => l.name === name) : -1;
    const line = owner?.lineOf(["spec", "listeners", index, "port"]) ?? 1;
    return formatProblem({
      file: owner?.file ?? "",
      line,
      field: `spec.listeners[${index}].port`,
      message: report.message,
    });
  });
  throw new UsageError(lines);
}

async function startAdmin(gateway: Standalone, metrics: ProxyMetrics, at: HostPort | undefined) {
  if (at === undefined) return undefined;
  const source = {
    notReady: () => (gateway.ready ? undefined : "not every Gateway has a complete configuration"),
    metrics,
    pages: proxyPages({ metrics, proxies: () => gateway.proxies }),
  };
  return serveAdmin(source, at).catch(async (error: NodeJS.ErrnoException) => {
    await gateway.end(0);
    throw new UsageError([`--admin ${at.address}:${at.port}: cannot be bound: ${error.code}; choose another port`]);
  });
}

async function reload(
  files: readonly string[],
  options: RunOptions,
  current: { manifests: readonly AnyManifest[] },
  gateway: Standalone,
  log: Logger,
): Promise<void> {
  const { manifests, problems } = loadManifests(files, options.namespace);
  if (problems.length > 0) {
    log.error("files not applied: the last good state keeps serving", { problems: problems.map(formatProblem) });
    return;
  }
  current.manifests = manifests;
  await gateway.load(manifests);
  log.info("files applied", { files });
}

function printStatus(manifests: readonly AnyManifest[], { kind, namespace, name, status }: StandaloneStatus): void {
  const manifest = manifests.find(
    ({ kind: k, object: { metadata } }) => k === kind && metadata.name === name && metadata.namespace === namespace,
  );
  // The implied GatewayClass is in no file, and always says the same.
  if (manifest === undefined) return;
  process.stdout.write(`\n${describe({ ...manifest.object, status })}\n`);
}
