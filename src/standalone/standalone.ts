/**
 * The gateway in one process, without Kubernetes: manifests in, proxies and statuses out, by the same translator and the
 * same data plane. It knows nothing of files, flags or consoles; whoever calls it reads and prints.
 */
import { isDeepStrictEqual } from "node:util";
import { configDelta } from "../control/delta.ts";
import { objectKey } from "../gateway-api/objects.ts";
import type { Clock } from "../loop/clock.ts";
import { ReconcileLoop } from "../loop/reconcile-loop.ts";
import { CONTROLLER_NAME } from "../model/identity.ts";
import type { Logger } from "../model/log.ts";
import type { Plan, StatusPlan } from "../model/plan.ts";
import type { ListenerReport, ProxyReport } from "../model/proxy-report.ts";
import type { ObservedDeployment } from "../model/snapshot.ts";
import type { GatewayProxy } from "../proxy/proxy.ts";
import { mergeStatus, statusTime } from "../translate/status/merge.ts";
import { Translator } from "../translate/translator.ts";
import type { AnyManifest } from "./manifests/parse.ts";
import { snapshotOf } from "./snapshot.ts";
import { type ShapedConfig, withTraffic } from "./traffic/apply.ts";
import { TrafficPolicies } from "./traffic/policies.ts";

/** How long the connections of a Gateway that was deleted may go on. */
const GONE_GATEWAY_DRAIN_MS = 60_000;

export interface StandaloneOptions {
  readonly log: Logger;
  readonly clock: Clock;
  readonly createProxy: () => GatewayProxy;
  /** Addresses at which clients reach this machine, for `status.addresses`. */
  readonly addresses: readonly string[];
  /** Called whenever a status differs from what it was. */
  readonly onStatus: (status: StandaloneStatus) => void;
}

export interface StandaloneStatus {
  readonly kind: StatusPlan["kind"];
  readonly namespace?: string;
  readonly name: string;
  readonly status: Readonly<Record<string, unknown>>;
}

export class Standalone {
  readonly #options: StandaloneOptions;
  readonly #loop: ReconcileLoop;
  readonly #translator = new Translator();
  readonly #proxies = new Map<string, GatewayProxy>();
  /** What each Gateway's proxy was last given. */
  readonly #shaped = new Map<string, ShapedConfig>();
  readonly #ending = new Set<Promise<unknown>>();
  #manifests: readonly AnyManifest[] = [];
  #statuses = new Map<string, StandaloneStatus>();

  constructor(options: StandaloneOptions) {
    this.#options = options;
    this.#loop = new ReconcileLoop({
      pass: () => this.#pass(),
      active: () => true,
      clock: options.clock,
      random: Math.random,
      log: options.log,
    });
  }

  /** Serves these manifests instead of those before; resolves when they are applied, also where a port could not be bound. */
  async load(manifests: readonly AnyManifest[]): Promise<void> {
    this.#manifests = manifests;
    await this.#loop.settled();
  }

  /** Listeners that could not be bound, by Gateway. */
  failedListeners(): readonly { readonly gateway: string; readonly report: ListenerReport & { state: "failed" } }[] {
    return [...this.#proxies].flatMap(([gateway, proxy]) =>
      proxy.report().listeners.flatMap((report) => (report.state === "failed" ? [{ gateway, report }] : [])),
    );
  }

  /** By `namespace/name` of their Gateways; those of Gateways that are gone, whose connections end, are not among them. */
  get proxies(): ReadonlyMap<string, GatewayProxy> {
    return this.#proxies;
  }

  get ready(): boolean {
    return this.#proxies.size > 0 && [...this.#proxies.values()].every((proxy) => proxy.ready);
  }

  /** Accepts no more, lets connections end until the deadline, then cuts them. */
  async end(drainMs: number): Promise<void> {
    await this.#loop.stop();
    for (const proxy of this.#proxies.values()) this.#retire(proxy, drainMs);
    this.#proxies.clear();
    await Promise.all(this.#ending);
  }

  async #pass(): Promise<void> {
    await this.#serve(this.#translator.translate(snapshotOf(this.#manifests, this.#deployments())));
    // Once more, now that the proxies have said what they could bind.
    this.#tell(this.#translator.translate(snapshotOf(this.#manifests, this.#deployments())));
  }

  async #serve(plan: Plan): Promise<void> {
    for (const [key, proxy] of this.#proxies) {
      if (plan.gateways.has(key)) continue;
      this.#proxies.delete(key);
      this.#shaped.delete(key);
      this.#retire(proxy, GONE_GATEWAY_DRAIN_MS);
    }
    const policies = new TrafficPolicies(this.#manifests);
    for (const [key, gateway] of plan.gateways) {
      const shaped = withTraffic(gateway.config, key, policies);
      this.#shaped.set(key, shaped);
      const { config } = shaped;
      const proxy = this.#proxies.get(key) ?? this.#start(key);
      if (proxy.ready && proxy.configState().revision === config.revision) continue;
      const { refusal } = await proxy.apply(configDelta(proxy.configState(), config));
      if (refusal !== undefined) this.#options.log.error("configuration refused", { gateway: key, ...refusal });
    }
  }

  #start(key: string): GatewayProxy {
    const proxy = this.#options.createProxy();
    proxy.onReport(() => this.#loop.kick());
    this.#proxies.set(key, proxy);
    return proxy;
  }

  #retire(proxy: GatewayProxy, drainMs: number): void {
    const ended = proxy.drain(drainMs).then(() => proxy.close());
    this.#ending.add(ended);
    void ended.finally(() => this.#ending.delete(ended));
  }

  #deployments(): ReadonlyMap<string, ObservedDeployment> {
    const addresses = this.#options.addresses.map((value) => ({ type: "IPAddress" as const, value }));
    return new Map(
      [...this.#proxies].map(([key, proxy]) => [
        key,
        { addresses, readyPorts: this.#ports(key), proxies: [this.#reportOf(key, proxy)] },
      ]),
    );
  }

  #reportOf(key: string, proxy: GatewayProxy): ProxyReport {
    const report = proxy.report();
    return this.#shaped.get(key)?.original(report) ?? report;
  }

  /** Without a network between, a bound port is a reachable one. */
  #ports(key: string): readonly number[] {
    return this.#manifests.flatMap((manifest) =>
      manifest.kind === "Gateway" && objectKey(manifest.object) === key
        ? (manifest.object.spec.listeners ?? []).map(({ port }) => port)
        : [],
    );
  }

  #tell(plan: Plan): void {
    const now = statusTime(this.#options.clock.wallTime());
    const next = new Map<string, StandaloneStatus>();
    for (const wanted of plan.statuses) {
      const key = `${wanted.kind} ${wanted.namespace ?? ""}/${wanted.name}`;
      const before = this.#statuses.get(key);
      const status = mergeStatus(wanted, before?.status, { controllerName: CONTROLLER_NAME, now });
      const { kind, namespace, name } = wanted;
      const said = { kind, name, ...(namespace !== undefined && { namespace }), status };
      next.set(key, said);
      if (!isDeepStrictEqual(status, before?.status)) this.#options.onStatus(said);
    }
    this.#statuses = next;
  }
}
