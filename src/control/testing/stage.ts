/**
 * A real server and real clients over TLS on loopback, ended with the test. Tokens read `<namespace>/<gateway>/<pod>`, as
 * no TokenReview is at hand here; everything else is what runs in a cluster.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { LogFields, Logger } from "../../model/log.ts";
import type { ProxyConfig, Resource } from "../../model/proxy-config.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import { type ControlClient, type ControlClientOptions, createControlClient } from "../client/client.ts";
import type { Authenticate } from "../server/authentication.ts";
import { type ControlServer, type ControlServerOptions, createControlServer } from "../server/server.ts";
import { configOf } from "./arbitraries.ts";
import { createTestCa, SERVER_NAME, type TestCa } from "./certificates.ts";
import { MemoryApplier } from "./memory-applier.ts";

export const GATEWAY = "shop/web";
export const POD = "web-0";

export class Recorder implements Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  #write(level: string, message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields });
  }
  debug(message: string, fields?: LogFields): void {
    this.#write("debug", message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#write("info", message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#write("warn", message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#write("error", message, fields);
  }
  child(): Logger {
    return this;
  }
}

export const authenticate: Authenticate = async (token) => {
  const [namespace, name, proxyId] = token.split("/");
  if (namespace === undefined || name === undefined || proxyId === undefined) {
    return { ok: false, reason: "the token is none of ours" };
  }
  return { ok: true, gateway: `${namespace}/${name}`, proxyId };
};

export interface TestServer {
  readonly server: ControlServer;
  readonly port: number;
  readonly log: Recorder;
  readonly reports: { readonly gateway: string; readonly proxyId: string; readonly report: ProxyReport }[];
  readonly gone: string[];
  lastReport(proxyId?: string): ProxyReport | undefined;
}

export interface TestClient {
  readonly client: ControlClient;
  readonly applier: MemoryApplier;
  readonly log: Recorder;
}

export class Stage {
  readonly #t: TestContext;
  readonly ca: TestCa;

  private constructor(t: TestContext, ca: TestCa) {
    this.#t = t;
    this.ca = ca;
  }

  static async set(t: TestContext): Promise<Stage> {
    return new Stage(t, await createTestCa());
  }

  async server(options: Partial<ControlServerOptions> = {}, port = 0): Promise<TestServer> {
    const log = new Recorder();
    const reports: TestServer["reports"] = [];
    const gone: string[] = [];
    const server = createControlServer({
      log,
      certificate: await this.ca.issue(),
      authenticate,
      isLeader: () => true,
      // All clients of a test have one address and a short backoff.
      attemptLimits: { burst: 1_000_000, perSecond: 1_000_000 },
      onReport: (gateway, proxyId, report) => reports.push({ gateway, proxyId, report }),
      onGone: (gateway, proxyId) => gone.push(`${gateway}/${proxyId}`),
      ...options,
    });
    const bound = await server.listen(port, "127.0.0.1");
    this.#t.after(() => server.close());
    const lastReport = (proxyId = POD) => reports.findLast((entry) => entry.proxyId === proxyId)?.report;
    return { server, port: bound, log, reports, gone, lastReport };
  }

  client(port: number, options: Partial<ControlClientOptions> & { applier?: MemoryApplier } = {}): TestClient {
    const log = new Recorder();
    const { applier = new MemoryApplier(), ...rest } = options;
    const client = createControlClient({
      log,
      url: `https://127.0.0.1:${port}`,
      serverName: SERVER_NAME,
      ca: async () => this.ca.cert,
      token: async () => `${GATEWAY}/${POD}`,
      proxyId: POD,
      applier,
      backoff: { baseMs: 20, maxMs: 200 },
      ...rest,
    });
    this.#t.after(() => client.stop());
    client.start();
    return { client, applier, log };
  }
}

/** Waits until the condition holds; fails with its source after a generous time. */
export async function until(condition: () => boolean, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `not within ${timeoutMs} ms: ${condition}`);
    await sleep(2);
  }
}

/** A configuration of so many routes, each with a backend and endpoints of its own. */
export function routes(count: number, endpointsOf: (route: number) => number = () => 2): ProxyConfig {
  const listener = "shop/web/tls";
  const resources: Resource[] = [
    { kind: "listener", name: listener, port: 8443, protocol: "TLS", tls: { mode: "Passthrough" } },
  ];
  for (let route = 0; route < count; route += 1) {
    const service = `shop/service-${route}:443`;
    const attachments = [{ listener, hostnames: [`host-${route}.example.com`] }];
    const endpoints = Array.from({ length: endpointsOf(route) }, (_, pod) => ({
      address: `10.0.${pod}.1`,
      port: 8443,
    }));
    resources.push(
      { kind: "route", name: `TLSRoute/shop/route-${route}`, attachments, backends: [{ backend: service, weight: 1 }] },
      { kind: "backend", name: service, target: { type: "endpoints", endpoints: service } },
      { kind: "endpoints", name: service, endpoints },
    );
  }
  return configOf(resources);
}
