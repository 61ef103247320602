/**
 * Snapshot in, plan out: the one place that knows in which order the rules apply. Pure: no I/O, no clock; the same
 * snapshot always gives the same plan.
 */
import {
  GATEWAY_GROUP,
  type Gateway,
  type ListenerSet,
  objectKey,
  type ParentReference,
} from "../gateway-api/objects.ts";
import type { GatewayPlan, Plan, StatusPlan } from "../model/plan.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { type RuleBackend, resolveBackends } from "./backends/resolve-all.ts";
import { buildConfig } from "./config.ts";
import { GatewayWork } from "./gateway-work.ts";
import { assessGateway, type ListenerOwner } from "./listeners/assess.ts";
import { createLookups, type Lookups } from "./lookups.ts";
import { attach } from "./routes/attach.ts";
import { type AnyRoute, parentRefsOf } from "./routes/route.ts";
import { gatewayStatus } from "./status/gateway.ts";
import { gatewayClassStatus } from "./status/gateway-class.ts";
import { type ParentOutcome, routeStatus } from "./status/route.ts";

interface RouteWork {
  readonly route: AnyRoute;
  readonly outcomes: ParentOutcome[];
}

/** A parent that routes may name: a Gateway of ours, or a ListenerSet that names one. */
interface Parent {
  readonly owner: ListenerOwner;
  readonly work: GatewayWork;
}

export function translate(snapshot: Snapshot): Plan {
  const lookups = createLookups(snapshot);
  const ourClasses = snapshot.gatewayClasses.filter((c) => c.spec.controllerName === snapshot.controllerName);
  const ourNames = new Set(ourClasses.map((c) => c.metadata.name));
  const listenerSets = Map.groupBy(snapshot.listenerSets, parentGatewayKey);
  const works = new Map(
    snapshot.gateways
      .filter((gateway) => ourNames.has(gateway.spec.gatewayClassName))
      .map((gateway) => {
        const key = objectKey(gateway);
        return [key, new GatewayWork(assessGateway(lookups, gateway, listenerSets.get(key) ?? []))];
      }),
  );
  const parents = parentsOf(works.values());
  const routes = [...snapshot.tlsRoutes, ...snapshot.tcpRoutes, ...snapshot.httpRoutes];
  // Every route must have claimed its hostnames before any route can know which of them it got.
  const routeWorks = routes.map((route) => attachRoute(lookups, parents, route));
  const backends = new Map<AnyRoute, readonly RuleBackend[]>(
    [...snapshot.tlsRoutes, ...snapshot.tcpRoutes].map((route) => [route, resolveBackends(lookups, route)]),
  );

  const gateways = new Map<string, GatewayPlan>();
  const statuses: StatusPlan[] = ourClasses.map((c) => gatewayClassStatus(c, snapshot.bundleVersion));
  for (const [key, work] of works) {
    const config = buildConfig(work, backends);
    gateways.set(key, gatewayPlan(work.gateway, work, config));
    const gatewayClass = ourClasses.find((c) => c.metadata.name === work.gateway.spec.gatewayClassName);
    statuses.push(gatewayStatus(work, gatewayClass, config, snapshot.deployments.get(key)));
  }
  for (const { route, outcomes } of routeWorks) {
    const status = routeStatus(snapshot, route, outcomes, backends.get(route) ?? []);
    if (status !== undefined) statuses.push(status);
  }
  return { gateways, statuses };
}

/** `namespace/name` of the Gateway that a ListenerSet names as its parent; no key of a Gateway when it names another kind. */
function parentGatewayKey({ metadata, spec }: ListenerSet): string {
  const { group = GATEWAY_GROUP, kind = "Gateway", namespace = metadata.namespace, name } = spec.parentRef;
  return group === GATEWAY_GROUP && kind === "Gateway" ? `${namespace}/${name}` : "";
}

function parentsOf(works: Iterable<GatewayWork>): ReadonlyMap<string, Parent> {
  const parents = new Map<string, Parent>();
  for (const work of works) {
    parents.set(`Gateway/${objectKey(work.gateway)}`, { owner: work.gateway, work });
    for (const { listenerSet } of work.listenerSets) {
      parents.set(`ListenerSet/${objectKey(listenerSet)}`, { owner: listenerSet, work });
    }
  }
  return parents;
}

function attachRoute(lookups: Lookups, parents: ReadonlyMap<string, Parent>, route: AnyRoute): RouteWork {
  const outcomes: ParentOutcome[] = [];
  for (const parentRef of parentRefsOf(route)) {
    const parent = findParent(parents, route, parentRef);
    // A parent that is not ours, or not there, is not ours to judge.
    if (parent === undefined) continue;
    const { owner, work } = parent;
    const listeners = work.listeners.filter((assessed) => assessed.owner === owner);
    const result = attach(lookups, route, parentRef, owner, listeners);
    if ("attachments" in result) work.addRoute(route, result.attachments);
    outcomes.push({ parentRef, work, result });
  }
  return { route, outcomes };
}

function findParent(
  parents: ReadonlyMap<string, Parent>,
  route: AnyRoute,
  { group = GATEWAY_GROUP, kind = "Gateway", namespace = route.metadata.namespace, name }: ParentReference,
): Parent | undefined {
  return group === GATEWAY_GROUP ? parents.get(`${kind}/${namespace}/${name}`) : undefined;
}

function gatewayPlan(gateway: Gateway, work: GatewayWork, config: GatewayPlan["config"]): GatewayPlan {
  const { infrastructure } = gateway.spec;
  return {
    namespace: gateway.metadata.namespace ?? "",
    name: gateway.metadata.name,
    uid: gateway.metadata.uid ?? "",
    gatewayClassName: gateway.spec.gatewayClassName,
    labels: infrastructure?.labels ?? {},
    annotations: infrastructure?.annotations ?? {},
    ports: work.ports(),
    config,
  };
}
