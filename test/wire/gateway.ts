/**
 * A proxy on loopback for tests, with its log in memory.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { LogFields, Logger } from "../../src/model/log.ts";
import type { Resource } from "../../src/model/proxy-config.ts";
import type { ProxyReport } from "../../src/model/proxy-report.ts";
import { linuxEngineMeans } from "../../src/proxy/linux/linux-engine.ts";
import { ProxyMetrics } from "../../src/proxy/observe/metrics.ts";
import { createProxy, type GatewayProxy, type ProxyOptions } from "../../src/proxy/proxy.ts";
import { deltaBetween, listener, route, service } from "./config.ts";
import { eventually, freePorts, LOOPBACK } from "./sockets.ts";

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

export function memoryLog(): { readonly log: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const loggerWith = (own: LogFields): Logger => {
    const at =
      (level: string) =>
      (message: string, fields: LogFields = {}) =>
        void lines.push({ level, message, fields: { ...own, ...fields } });
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (fields) => loggerWith({ ...own, ...fields }),
    };
  };
  return { log: loggerWith({}), lines };
}

type Engine = "portable" | "linux";

/** The engine of the gateways that a test starts; see `testEngines`. */
const engines = new WeakMap<TestContext, Engine>();

/**
 * One test for each engine: they differ in how bytes move and in nothing that can be observed. Where the linux engine cannot
 * run, its test is skipped and says why.
 */
export function testEngines(name: string, run: (t: TestContext) => Promise<void>, skip: string | false = false): void {
  testEngine("portable", name, run, skip);
  testEngine("linux", name, run, skip);
}

/** A test of one engine alone, because the other has no such part. `skip`: why it cannot be run here. */
export function testEngine(
  engine: Engine,
  name: string,
  run: (t: TestContext) => Promise<void>,
  skip: string | false = false,
): void {
  const means = engine === "linux" ? linuxEngineMeans() : undefined;
  const missing = means !== undefined && "problem" in means ? means.problem : false;
  test(`${engine}: ${name}`, { skip: skip || missing }, (t) => {
    engines.set(t, engine);
    return run(t);
  });
}

/** Which engine the test is for. */
export const engineOf = (t: TestContext): Engine => engines.get(t) ?? "portable";

export interface TestGateway {
  readonly proxy: GatewayProxy;
  readonly metrics: ProxyMetrics;
  readonly lines: LogLine[];
  /** Applies what leads from the last resources to these. */
  set(...resources: Resource[]): Promise<ProxyReport>;
  /** The access log once it has this many lines, and no more than these. */
  connections(count: number): Promise<LogFields[]>;
}

export function startGateway(t: TestContext, options: Partial<ProxyOptions> = {}): TestGateway {
  const { log, lines } = memoryLog();
  const metrics = new ProxyMetrics("test");
  // One worker: shares are exact and turns in order within a thread.
  const proxy = createProxy({ log, metrics, bindAddresses: [LOOPBACK], engine: engineOf(t), workers: 1, ...options });
  t.after(() => proxy.close());
  let present: readonly Resource[] = [];
  const logged = () => lines.filter(({ message }) => message === "connection").map(({ fields }) => fields);
  return {
    proxy,
    metrics,
    lines,
    set: async (...resources) => {
      const report = await proxy.apply(deltaBetween(present, resources));
      assert.equal(report.refusal, undefined);
      present = resources;
      return report;
    },
    connections: async (count) => {
      await eventually(
        () => logged().length >= count && proxy.activeConnections === 0,
        () => `${count} connections, ${proxy.activeConnections} active: ${JSON.stringify(logged())}`,
      );
      assert.equal(logged().length, count);
      return logged();
    },
  };
}

/** One listener for everything, one route, one backend with these endpoints. */
export async function startSimple(t: TestContext, endpoints: string[], options: Partial<ProxyOptions> = {}) {
  const gateway = startGateway(t, options);
  const [port = 0] = await freePorts(1);
  await gateway.set(listener("l", port), route("r", "l", ["*"], { s: 1 }), ...service("s", ...endpoints));
  return { ...gateway, port };
}
