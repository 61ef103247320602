/**
 * Snapshot in, plan out: the one place that knows in which order the rules apply. Pure: no I/O, no clock; the same
 * snapshot always gives the same plan.
 */
import { GATEWAY_GROUP, type Gateway, objectKey, type ParentReference, type TlsRoute } from "../gateway-api/objects.ts";
import type { GatewayPlan, Plan, StatusPlan } from "../model/plan.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { resolveBackends } from "./backends/resolve-all.ts";
import { buildConfig } from "./config.ts";
import { GatewayWork } from "./gateway-work.ts";
import { indexSnapshot, type SnapshotIndex } from "./index.ts";
import { attach } from "./routes/attach.ts";
import { gatewayStatus } from "./status/gateway.ts";
import { gatewayClassStatus } from "./status/gateway-class.ts";
import { type ParentOutcome, routeStatus } from "./status/route.ts";

interface RouteWork {
  readonly route: TlsRoute;
  readonly outcomes: ParentOutcome[];
}

export function translate(snapshot: Snapshot): Plan {
  const index = indexSnapshot(snapshot);
  const ourClasses = snapshot.gatewayClasses.filter((c) => c.spec.controllerName === snapshot.controllerName);
  const ourNames = new Set(ourClasses.map((c) => c.metadata.name));
  const works = new Map(
    snapshot.gateways
      .filter((gateway) => ourNames.has(gateway.spec.gatewayClassName))
      .map((gateway) => [objectKey(gateway), new GatewayWork(gateway)]),
  );
  // Every route must have claimed its hostnames before any route can know which of them it got.
  const routes = snapshot.tlsRoutes.map((route) => attachRoute(index, works, route));
  const backends = new Map(snapshot.tlsRoutes.map((route) => [route, resolveBackends(index, route)]));

  const gateways = new Map<string, GatewayPlan>();
  const statuses: StatusPlan[] = ourClasses.map((c) => gatewayClassStatus(c, snapshot.bundleVersion));
  for (const [key, work] of works) {
    const config = buildConfig(work, backends);
    gateways.set(key, gatewayPlan(work.gateway, work, config));
    const gatewayClass = ourClasses.find((c) => c.metadata.name === work.gateway.spec.gatewayClassName);
    statuses.push(gatewayStatus(work, gatewayClass, config, snapshot.deployments.get(key)));
  }
  for (const { route, outcomes } of routes) {
    const status = routeStatus(snapshot, route, outcomes, backends.get(route) ?? []);
    if (status !== undefined) statuses.push(status);
  }
  return { gateways, statuses };
}

function attachRoute(index: SnapshotIndex, works: ReadonlyMap<string, GatewayWork>, route: TlsRoute): RouteWork {
  const outcomes: ParentOutcome[] = [];
  for (const parentRef of route.spec.parentRefs ?? []) {
    const work = parentGateway(works, route, parentRef);
    // A parent that is not ours, or not there, is not ours to judge.
    if (work === undefined) continue;
    const result = attach(index, route, parentRef, work.gateway, work.listeners);
    if ("attachments" in result) work.addRoute(route, result.attachments);
    outcomes.push({ parentRef, work, result });
  }
  return { route, outcomes };
}

function parentGateway(
  works: ReadonlyMap<string, GatewayWork>,
  route: TlsRoute,
  { group = GATEWAY_GROUP, kind = "Gateway", namespace = route.metadata.namespace, name }: ParentReference,
): GatewayWork | undefined {
  if (group !== GATEWAY_GROUP || kind !== "Gateway") return undefined;
  return works.get(`${namespace}/${name}`);
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
