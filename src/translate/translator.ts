/**
 * Translates one snapshot after another, and does again only what a change touched: each rule's result is kept while the
 * objects it was made from are the same. What it gives is what a fresh translation would give, for the same snapshot (a
 * property test says so); unchanged parts of a plan are the same objects as before.
 *
 * It owns the order in which the rules apply and what each is given; the rules are in the folders beside it.
 */
import {
  GATEWAY_GROUP,
  type Gateway,
  type GatewayClass,
  type ListenerSet,
  objectKey,
  type ParentReference,
  type TcpRoute,
  type TlsRoute,
} from "../gateway-api/objects.ts";
import type { GatewayPlan, Plan, RouteStatusPlan, StatusPlan } from "../model/plan.ts";
import type { UnresolvedHost } from "../model/proxy-report.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { type RuleBackend, resolveBackends } from "./backends/resolve-all.ts";
import { ConfigBuilder } from "./config.ts";
import { type AttachedRoute, GatewayWork, NOTHING_SETTLED } from "./gateway-work.ts";
import { Memo } from "./incremental/memo.ts";
import { stableList } from "./incremental/stable.ts";
import { type AssessedGateway, type AssessedListener, assessGateway, type ListenerOwner } from "./listeners/assess.ts";
import { Indexer, type Lookups } from "./lookups.ts";
import { type AttachResult, attach } from "./routes/attach.ts";
import { type AnyRoute, parentRefsOf } from "./routes/route.ts";
import { gatewayStatus } from "./status/gateway.ts";
import { gatewayClassStatus } from "./status/gateway-class.ts";
import { routeStatus } from "./status/route.ts";

/** A parent that routes may name: a Gateway of ours, or a ListenerSet that names one. Made anew when the Gateway is assessed anew. */
interface Parent {
  readonly owner: ListenerOwner;
  /** `namespace/name` of the Gateway. */
  readonly gateway: string;
  readonly listeners: readonly AssessedListener[];
}

/** What a route's parentRefs led to, as far as they led to us. */
interface RouteAttachments {
  readonly outcomes: readonly {
    readonly parentRef: ParentReference;
    readonly gateway: string;
    readonly result: AttachResult;
  }[];
  /** By Gateway. */
  readonly attached: ReadonlyMap<string, AttachedRoute>;
}

/** What is kept about one Gateway. */
interface GatewayState {
  readonly assessed: AssessedGateway;
  readonly attached: readonly AttachedRoute[];
  readonly work: GatewayWork;
  readonly builder: ConfigBuilder;
}

export class Translator {
  readonly #indexer = new Indexer();
  readonly #assessed = new Memo<
    Gateway,
    { readonly assessed: AssessedGateway; readonly parents: readonly [string, Parent][] }
  >();
  readonly #attachments = new Memo<AnyRoute, RouteAttachments>();
  readonly #backends = new Memo<AnyRoute, readonly RuleBackend[]>();
  readonly #routeStatuses = new Memo<AnyRoute, RouteStatusPlan | undefined>();
  #listenerSets: ReadonlyMap<string, readonly ListenerSet[]> = new Map();
  #unresolved: ReadonlyMap<string, readonly UnresolvedHost[]> = new Map();
  #states: ReadonlyMap<string, GatewayState> = new Map();

  translate(snapshot: Snapshot): Plan {
    const lookups = this.#indexer.index(snapshot);
    const ourClasses = snapshot.gatewayClasses.filter((c) => c.spec.controllerName === snapshot.controllerName);
    const classes = new Map(ourClasses.map((gatewayClass) => [gatewayClass.metadata.name, gatewayClass]));
    const ourGateways = snapshot.gateways.filter((gateway) => classes.has(gateway.spec.gatewayClassName));

    const { assessed, parents } = this.#assess(lookups, snapshot, ourGateways);
    const routes: readonly AnyRoute[] = [...snapshot.tlsRoutes, ...snapshot.tcpRoutes, ...snapshot.httpRoutes];
    const attachments = routes.map((route) => this.#attach(lookups, parents, route));
    const states = this.#settle(assessed, attachments);
    const backends = this.#resolve(lookups, [...snapshot.tlsRoutes, ...snapshot.tcpRoutes]);

    const gateways = new Map<string, GatewayPlan>();
    const statuses: StatusPlan[] = ourClasses.map((c) => gatewayClassStatus(c, snapshot.bundleVersion));
    for (const [key, { work, builder }] of states) {
      const config = builder.build(work, backends);
      gateways.set(key, gatewayPlan(work, config));
      const gatewayClass = classes.get(work.gateway.spec.gatewayClassName);
      statuses.push(gatewayStatus(work, gatewayClass, config, snapshot.deployments.get(key)));
    }
    statuses.push(...this.#judgeRoutes(lookups, snapshot, routes, attachments, backends));
    for (const memo of [this.#assessed, this.#attachments, this.#backends, this.#routeStatuses]) memo.endRound();
    return { gateways, statuses };
  }

  #assess(lookups: Lookups, { listenerSets }: Snapshot, gateways: readonly Gateway[]) {
    const before = this.#listenerSets;
    const groups = Map.groupBy(listenerSets, parentGatewayKey);
    this.#listenerSets = new Map([...groups].map(([key, sets]) => [key, stableList(before.get(key), sets)]));
    const assessed = new Map<string, AssessedGateway>();
    const parents = new Map<string, Parent>();
    for (const gateway of gateways) {
      const key = objectKey(gateway);
      const sets = this.#listenerSets.get(key) ?? NO_LISTENER_SETS;
      const result = this.#assessed.get(gateway, [sets], lookups, (asked) => {
        const made = assessGateway(asked, gateway, sets);
        return { assessed: made, parents: parentsOf(made, key) };
      });
      assessed.set(key, result.assessed);
      for (const [name, parent] of result.parents) parents.set(name, parent);
    }
    return { assessed, parents };
  }

  #attach(lookups: Lookups, parents: ReadonlyMap<string, Parent>, route: AnyRoute): RouteAttachments {
    const parentRefs = parentRefsOf(route);
    // A parent that is not ours, or not there, is not ours to judge.
    const found = parentRefs.map((parentRef) => findParent(parents, route, parentRef));
    return this.#attachments.get(route, found, lookups, (asked) => attachAll(asked, route, parentRefs, found));
  }

  #settle(
    assessed: ReadonlyMap<string, AssessedGateway>,
    attachments: readonly RouteAttachments[],
  ): ReadonlyMap<string, GatewayState> {
    const attached = new Map<string, AttachedRoute[]>([...assessed.keys()].map((key) => [key, []]));
    for (const one of attachments) for (const [key, route] of one.attached) attached.get(key)?.push(route);
    const states = new Map<string, GatewayState>();
    for (const [key, gateway] of assessed) {
      const before = this.#states.get(key);
      const routes = stableList(before?.attached, attached.get(key) ?? []);
      const isSame = before !== undefined && before.assessed === gateway && before.attached === routes;
      states.set(
        key,
        isSame
          ? before
          : {
              assessed: gateway,
              attached: routes,
              work: new GatewayWork(gateway, routes, before?.work),
              builder: before?.builder ?? new ConfigBuilder(),
            },
      );
    }
    this.#states = states;
    return states;
  }

  #resolve(lookups: Lookups, routes: readonly (TlsRoute | TcpRoute)[]): ReadonlyMap<AnyRoute, readonly RuleBackend[]> {
    const resolved = new Map<AnyRoute, readonly RuleBackend[]>();
    for (const route of routes) {
      resolved.set(
        route,
        this.#backends.get(route, [], lookups, (asked) => resolveBackends(asked, route)),
      );
    }
    return resolved;
  }

  #judgeRoutes(
    lookups: Lookups,
    snapshot: Snapshot,
    routes: readonly AnyRoute[],
    attachments: readonly RouteAttachments[],
    backends: ReadonlyMap<AnyRoute, readonly RuleBackend[]>,
  ): readonly RouteStatusPlan[] {
    const unresolved = this.#unresolvedHosts(snapshot);
    return routes.flatMap((route, i) => {
      const outcomes = attachments[i]?.outcomes ?? [];
      const parents = outcomes.map(({ parentRef, gateway, result }) => ({
        parentRef,
        result,
        settlement: this.#states.get(gateway)?.work.settled(route) ?? NOTHING_SETTLED,
        unresolved: unresolved.get(gateway) ?? NO_HOSTS,
      }));
      const resolved = backends.get(route) ?? [];
      const inputs = [resolved, ...parents.flatMap((p) => [p.result, p.settlement, p.unresolved])];
      const status = this.#routeStatuses.get(route, inputs, lookups, () =>
        routeStatus(snapshot.controllerName, route, parents, resolved),
      );
      return status === undefined ? [] : [status];
    });
  }

  /** By Gateway; the same lists as before while the proxies say the same. */
  #unresolvedHosts({ deployments }: Snapshot): ReadonlyMap<string, readonly UnresolvedHost[]> {
    const before = this.#unresolved;
    this.#unresolved = new Map(
      [...deployments].map(([key, { proxies }]) => {
        const hosts = proxies.flatMap((proxy) => proxy.unresolvedHosts);
        const old = before.get(key);
        return [key, old !== undefined && JSON.stringify(old) === JSON.stringify(hosts) ? old : hosts];
      }),
    );
    return this.#unresolved;
  }
}

const NO_LISTENER_SETS: readonly ListenerSet[] = [];
const NO_HOSTS: readonly UnresolvedHost[] = [];

/** `namespace/name` of the Gateway that a ListenerSet names as its parent; no key of a Gateway when it names another kind. */
function parentGatewayKey({ metadata, spec }: ListenerSet): string {
  const { group = GATEWAY_GROUP, kind = "Gateway", namespace = metadata.namespace, name } = spec.parentRef;
  return group === GATEWAY_GROUP && kind === "Gateway" ? `${namespace}/${name}` : "";
}

function parentsOf(assessed: AssessedGateway, gateway: string): readonly [string, Parent][] {
  const owners = [assessed.gateway, ...assessed.listenerSets.map(({ listenerSet }) => listenerSet)];
  return owners.map((owner) => {
    const listeners = assessed.listeners.filter((listener) => listener.owner === owner);
    return [`${owner.kind}/${objectKey(owner)}`, { owner, gateway, listeners }];
  });
}

function findParent(
  parents: ReadonlyMap<string, Parent>,
  route: AnyRoute,
  { group = GATEWAY_GROUP, kind = "Gateway", namespace = route.metadata.namespace, name }: ParentReference,
): Parent | undefined {
  return group === GATEWAY_GROUP ? parents.get(`${kind}/${namespace}/${name}`) : undefined;
}

function attachAll(
  lookups: Lookups,
  route: AnyRoute,
  parentRefs: readonly ParentReference[],
  parents: readonly (Parent | undefined)[],
): RouteAttachments {
  const outcomes = parentRefs.flatMap((parentRef, i) => {
    const parent = parents[i];
    if (parent === undefined) return [];
    const result = attach(lookups, route, parentRef, parent.owner, parent.listeners);
    return [{ parentRef, gateway: parent.gateway, result }];
  });
  const attached = new Map<string, AttachedRoute>();
  for (const [gateway, group] of Map.groupBy(outcomes, (outcome) => outcome.gateway)) {
    // Several parentRefs may name the same listener: it is attached to once.
    const all = group.flatMap(({ result }) => ("attachments" in result ? result.attachments : []));
    const byListener = new Map(all.map((attachment) => [attachment.assessed, attachment]));
    if (byListener.size > 0) attached.set(gateway, { route, attachments: [...byListener.values()] });
  }
  return { outcomes, attached };
}

function gatewayPlan(work: GatewayWork, config: GatewayPlan["config"]): GatewayPlan {
  const { metadata, spec } = work.gateway;
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: metadata.uid ?? "",
    gatewayClassName: spec.gatewayClassName,
    labels: spec.infrastructure?.labels ?? {},
    annotations: spec.infrastructure?.annotations ?? {},
    ports: work.ports(),
    config,
  };
}
