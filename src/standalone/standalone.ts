/**
 * The gateway in one process, without Kubernetes: manifests in, what proxies must be and statuses out, by the same translator and for the
 * same data plane. It knows nothing of files, flags or consoles; whoever calls it reads and prints. In which thread its proxies serve
 * is none of its business.
 */
import { isDeepStrictEqual } from "node:util";
import { configDelta, HELD_NOTHING, type HeldConfig, heldOf } from "../control/delta.ts";
import { objectKey } from "../gateway-api/objects.ts";
import type { Clock } from "../loop/clock.ts";
import { ReconcileLoop } from "../loop/reconcile-loop.ts";
import type { ExternalHostsPolicy } from "../model/external-hosts.ts";
import { CONTROLLER_NAME } from "../model/identity.ts";
import type { Logger } from "../model/log.ts";
import type { Plan, StatusPlan } from "../model/plan.ts";
import type { ConfigDelta } from "../model/proxy-config.ts";
import type { ListenerReport, ProxyReport } from "../model/proxy-report.ts";
import type { ObservedDeployment, Snapshot } from "../model/snapshot.ts";
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
  /** `gateway`: `namespace/name`. */
  readonly createProxy: (gateway: string) => ServingProxy;
  /** Addresses at which clients reach this machine, for `status.addresses`. */
  readonly addresses: readonly string[];
  /** Undefined: the default policy. */
  readonly externalHosts?: ExternalHostsPolicy;
  /** Called whenever a status differs from what it was. */
  readonly onStatus: (status: StandaloneStatus) => void;
}

/** A data plane of one Gateway, here or in another thread. */
export interface ServingProxy {
  /** See GatewayProxy. */
  apply(delta: ConfigDelta): Promise<ProxyReport>;
  report(): ProxyReport;
  onReport(call: () => void): void;
  drain(deadlineMs: number): Promise<unknown>;
  close(): Promise<void>;
}

interface Served {
  readonly proxy: ServingProxy;
  /** What it serves. */
  held: HeldConfig;
  /** What it was last given. */
  shaped?: ShapedConfig;
}

export interface StandaloneStatus {
  readonly kind: StatusPlan["kind"];
  readonly namespace?: string;
  readonly name: string;
  readonly status: Readonly<Record<string, unknown>>;
}

interface ToldStatus {
  readonly wanted: StatusPlan;
  readonly said: StandaloneStatus;
}

export class Standalone {
  readonly #options: StandaloneOptions;
  readonly #loop: ReconcileLoop;
  readonly #translator = new Translator();
  readonly #served = new Map<string, Served>();
  readonly #ending = new Set<Promise<unknown>>();
  #manifests: readonly AnyManifest[] = [];
  #statuses = new Map<string, ToldStatus>();

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
    return [...this.#served].flatMap(([gateway, { proxy }]) =>
      proxy.report().listeners.flatMap((report) => (report.state === "failed" ? [{ gateway, report }] : [])),
    );
  }

  /** Accepts no more, lets connections end until the deadline, then cuts them. */
  async end(drainMs: number): Promise<void> {
    await this.#loop.stop();
    for (const { proxy } of this.#served.values()) this.#retire(proxy, drainMs);
    this.#served.clear();
    await Promise.all(this.#ending);
  }

  async #pass(): Promise<void> {
    await this.#serve(this.#translator.translate(this.#snapshot()));
    // Once more, now that the proxies have said what they could bind.
    this.#tell(this.#translator.translate(this.#snapshot()));
  }

  #snapshot(): Snapshot {
    return snapshotOf(this.#manifests, this.#deployments(), this.#options.externalHosts);
  }

  async #serve(plan: Plan): Promise<void> {
    for (const [key, { proxy }] of this.#served) {
      if (plan.gateways.has(key)) continue;
      this.#served.delete(key);
      this.#retire(proxy, GONE_GATEWAY_DRAIN_MS);
    }
    const policies = new TrafficPolicies(this.#manifests);
    for (const [key, gateway] of plan.gateways) {
      const served = this.#served.get(key) ?? this.#start(key);
      served.shaped = withTraffic(gateway.config, key, policies);
      const { config } = served.shaped;
      if (served.held.revision === config.revision) continue;
      const { refusal } = await served.proxy.apply(configDelta(served.held, config));
      if (refusal === undefined) served.held = heldOf(config);
      else this.#options.log.error("configuration refused", { gateway: key, ...refusal });
    }
  }

  #start(key: string): Served {
    const proxy = this.#options.createProxy(key);
    proxy.onReport(() => this.#loop.kick());
    const served: Served = { proxy, held: HELD_NOTHING };
    this.#served.set(key, served);
    return served;
  }

  #retire(proxy: ServingProxy, drainMs: number): void {
    const ended = proxy.drain(drainMs).then(() => proxy.close());
    this.#ending.add(ended);
    void ended.finally(() => this.#ending.delete(ended));
  }

  #deployments(): ReadonlyMap<string, ObservedDeployment> {
    const addresses = this.#options.addresses.map((value) => ({ type: "IPAddress" as const, value }));
    return new Map(
      [...this.#served].map(([key, { proxy, shaped }]) => {
        const report = proxy.report();
        return [key, { addresses, readyPorts: this.#ports(key), proxies: [shaped?.original(report) ?? report] }];
      }),
    );
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
    const next = new Map<string, ToldStatus>();
    for (const wanted of plan.statuses) {
      const key = `${wanted.kind} ${wanted.namespace ?? ""}/${wanted.name}`;
      const before = this.#statuses.get(key);
      // What nothing has changed for is the same object in one plan and the next.
      if (before?.wanted === wanted) {
        next.set(key, before);
        continue;
      }
      const status = mergeStatus(wanted, before?.said.status, { controllerName: CONTROLLER_NAME, now });
      const { kind, namespace, name } = wanted;
      const said = { kind, name, ...(namespace !== undefined && { namespace }), status };
      next.set(key, { wanted, said });
      if (!isDeepStrictEqual(status, before?.said.status)) this.#options.onStatus(said);
    }
    this.#statuses = next;
  }
}
