/**
 * The proxies of all Gateways in the thread that serves: begun, told and ended as the thread that reads the files says. What a
 * configuration means is theirs.
 */
import type { ConfigDelta } from "../../model/proxy-config.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import type { GatewayProxy } from "../../proxy/proxy.ts";

export interface ServedGatewaysOptions {
  readonly createProxy: () => GatewayProxy;
  /** Called when a proxy has something new to report that is no answer. */
  readonly onReport: (gateway: string, report: ProxyReport) => void;
}

export class ServedGateways {
  readonly #options: ServedGatewaysOptions;
  readonly #proxies = new Map<string, GatewayProxy>();
  readonly #ending = new Set<Promise<unknown>>();

  constructor(options: ServedGatewaysOptions) {
    this.#options = options;
  }

  /** By `namespace/name` of their Gateways; those of Gateways that are gone, whose connections end, are not among them. */
  get proxies(): ReadonlyMap<string, GatewayProxy> {
    return this.#proxies;
  }

  /** Is there a Gateway, and has each its configuration? */
  get ready(): boolean {
    return this.#proxies.size > 0 && [...this.#proxies.values()].every((proxy) => proxy.ready);
  }

  apply(gateway: string, delta: ConfigDelta): Promise<ProxyReport> {
    return (this.#proxies.get(gateway) ?? this.#start(gateway)).apply(delta);
  }

  /** Accepts no more for this Gateway, lets its connections end until the deadline, then cuts them. */
  retire(gateway: string, drainMs: number): void {
    const proxy = this.#proxies.get(gateway);
    if (proxy === undefined) return;
    this.#proxies.delete(gateway);
    const ended = proxy.drain(drainMs).then(() => proxy.close());
    this.#ending.add(ended);
    void ended.finally(() => this.#ending.delete(ended));
  }

  /** All of them, and those that were to end before. */
  async end(drainMs: number): Promise<void> {
    for (const gateway of [...this.#proxies.keys()]) this.retire(gateway, drainMs);
    await Promise.all(this.#ending);
  }

  #start(gateway: string): GatewayProxy {
    const proxy = this.#options.createProxy();
    proxy.onReport((report) => this.#options.onReport(gateway, report));
    this.#proxies.set(gateway, proxy);
    return proxy;
  }
}
