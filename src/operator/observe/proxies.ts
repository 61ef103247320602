/**
 * What the proxies last said, by Gateway and Pod. A stream that ends is no news of the data plane, which serves on: its last
 * report stands for as long as the Pod takes connections, and for a while of a Pod that does not. Holds no socket and no timer.
 */
import { isDeepStrictEqual } from "node:util";
import type { ProxyReport } from "../../model/proxy-report.ts";

/** A proxy is back within 10 s of an operator that answers (its longest back-off); beyond twice that it is not coming. */
const REMEMBERED_MS = 20_000;

interface Heard {
  readonly report: ProxyReport;
  /** When its stream ended; undefined while it is connected. */
  readonly goneAtMs?: number;
}

export class ProxyReports {
  readonly #gateways = new Map<string, Map<string, Heard>>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Answers whether it is news to whoever judges: mostly a proxy says that it serves what was published, and nothing else. */
  report(gateway: string, proxyId: string, report: ProxyReport): boolean {
    const proxies = this.#gateways.get(gateway) ?? new Map<string, Heard>();
    const before = proxies.get(proxyId);
    this.#gateways.set(gateway, proxies.set(proxyId, { report }));
    return before === undefined || !isDeepStrictEqual(judgedOf(before.report), judgedOf(report));
  }

  gone(gateway: string, proxyId: string): void {
    const proxies = this.#gateways.get(gateway);
    const heard = proxies?.get(proxyId);
    if (heard !== undefined) proxies?.set(proxyId, { ...heard, goneAtMs: this.#nowMs() });
  }

  /** The reports that stand, by Pod name; `taking`: the Pods that take connections. */
  of(gateway: string, taking: ReadonlySet<string>): ReadonlyMap<string, ProxyReport> {
    const proxies = this.#gateways.get(gateway) ?? new Map<string, Heard>();
    const standing = new Map<string, ProxyReport>();
    for (const [proxyId, { report, goneAtMs }] of proxies) {
      const isRecent = goneAtMs === undefined || this.#nowMs() - goneAtMs < REMEMBERED_MS;
      if (isRecent || taking.has(proxyId)) standing.set(proxyId, report);
      else proxies.delete(proxyId);
    }
    if (proxies.size === 0) this.#gateways.delete(gateway);
    return standing;
  }

  /** Forgets the proxies that are gone of Gateways that are, about which nobody asks any more. */
  forgetWithout(gateways: { has(gateway: string): boolean }): void {
    for (const gateway of [...this.#gateways.keys()]) if (!gateways.has(gateway)) this.of(gateway, new Set());
  }

  /** When leadership is lost: another replica hears them now. */
  clear(): void {
    this.#gateways.clear();
  }
}

/** What statuses are made from: of a revision, that there is one. */
function judgedOf({ revision, ...said }: ProxyReport) {
  return { ...said, serves: revision !== "" };
}
