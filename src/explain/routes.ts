/** Why each route of a Gateway but one does not get a connection. Pure. */
import { ANY_HOSTNAME, covers, intersect } from "../gateway-api/hostname.ts";
import { type ConditionStatus, GATEWAY_GROUP, objectKey, type ParentReference } from "../gateway-api/objects.ts";
import type { DesiredParentStatus, RouteStatusPlan } from "../model/plan.ts";
import type { ListenerResource, RouteResource } from "../model/proxy-config.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { findRoute, hostnameKey } from "../proxy/route/route-table.ts";
import { routeHostnames } from "../translate/routes/attach.ts";
import { type AnyRoute, parentRefsOf, routeName } from "../translate/routes/route.ts";
import type { Place } from "./explain.ts";
import type { Loser } from "./explanation.ts";
import { listenerSetsOf } from "./listeners.ts";
import { sortByNearness } from "./nearest.ts";

export function lostRoutes(
  place: Place,
  serverName: string | undefined,
  listener: ListenerResource | undefined,
  winner: RouteResource | undefined,
): readonly Loser[] {
  const lost = routesOf(place.snapshot, place.gateway).filter((route) => routeName(route) !== winner?.name);
  return sortByNearness(lost, serverName, routeHostnames).map((route) => ({
    name: routeName(route),
    why: whyLost(place, route, serverName, listener, winner),
  }));
}

/** Every route with a parentRef to the Gateway or one of its ListenerSets. */
function routesOf(snapshot: Snapshot, gateway: string): readonly AnyRoute[] {
  const parents = new Set([
    `Gateway/${gateway}`,
    ...listenerSetsOf(snapshot, gateway).map((set) => `ListenerSet/${objectKey(set)}`),
  ]);
  const leadsHere = (route: AnyRoute, { group = GATEWAY_GROUP, kind = "Gateway", namespace, name }: ParentReference) =>
    group === GATEWAY_GROUP && parents.has(`${kind}/${namespace ?? route.metadata.namespace}/${name}`);
  return [...snapshot.tlsRoutes, ...snapshot.tcpRoutes, ...snapshot.httpRoutes].filter((route) =>
    parentRefsOf(route).some((parentRef) => leadsHere(route, parentRef)),
  );
}

function whyLost(
  place: Place,
  route: AnyRoute,
  serverName: string | undefined,
  listener: ListenerResource | undefined,
  winner: RouteResource | undefined,
): string {
  const name = routeName(route);
  const attachments = findRoute(place.table, name)?.attachments ?? [];
  const here = attachments.find((attachment) => attachment.listener === listener?.name);
  const refusal = attachments.length === 0 ? acceptedMessage(place, route, "False") : undefined;
  if (refusal !== undefined) return `is not attached: ${refusal}`;
  const claimed = claimedBy(place, route, serverName, listener).find((claim) => claim.holder !== name);
  if (claimed !== undefined)
    return `${shown(claimed.hostname)} here belongs to ${claimed.holder}, which has precedence`;
  if (here !== undefined) {
    const own = here.hostnames.filter(
      (hostname) => hostname === ANY_HOSTNAME || (serverName !== undefined && covers(hostname, serverName)),
    );
    if (own.length === 0)
      return `its hostnames (${here.hostnames.join(", ")}) do not cover ${serverName ?? "a client without a server name"}`;
    return `${own.join(", ")} is less specific than the hostname of ${winner?.name}`;
  }
  const elsewhere = attachments.map((attachment) => attachment.listener);
  // Attached, and all its hostnames lost or its listener not served: the translator's own words.
  if (elsewhere.length === 0) return acceptedMessage(place, route, "True") ?? "is of no Gateway of ours";
  return `is attached to ${elsewhere.join(", ")}, and the connection does not belong there`;
}

interface Claim {
  readonly hostname: string;
  /** The route that has it. */
  readonly holder: string;
}

/** The hostnames that the route would have on the listener, as far as they cover the server name, and who has each. */
function claimedBy(
  { table }: Place,
  route: AnyRoute,
  serverName: string | undefined,
  listener: ListenerResource | undefined,
): readonly Claim[] {
  if (listener === undefined || !isAttachedTo(route, listener)) return [];
  const own = "hostname" in listener ? (listener.hostname ?? ANY_HOSTNAME) : ANY_HOSTNAME;
  return routeHostnames(route).flatMap((original) => {
    const hostname = intersect(own, original);
    if (hostname === undefined) return [];
    if (hostname !== ANY_HOSTNAME && (serverName === undefined || !covers(hostname, serverName))) return [];
    const holder = table.routeNames.get(hostnameKey(listener.name, hostname));
    return holder === undefined ? [] : [{ hostname, holder: holder.name }];
  });
}

/** By its parentRefs alone; whether the listener takes it, its status says. */
function isAttachedTo(route: AnyRoute, { name, port }: ListenerResource): boolean {
  const [kind, rest] = name.startsWith("ListenerSet/")
    ? ["ListenerSet", name.slice("ListenerSet/".length)]
    : ["Gateway", name];
  const slash = rest.lastIndexOf("/");
  return parentRefsOf(route).some(
    (ref) =>
      (ref.kind ?? "Gateway") === kind &&
      `${ref.namespace ?? route.metadata.namespace}/${ref.name}` === rest.slice(0, slash) &&
      (ref.sectionName === undefined || ref.sectionName === rest.slice(slash + 1)) &&
      (ref.port === undefined || ref.port === port),
  );
}

function acceptedMessage({ plan }: Place, route: AnyRoute, wanted: ConditionStatus): string | undefined {
  const status = plan.statuses.find(
    (candidate): candidate is RouteStatusPlan =>
      candidate.kind === route.kind && `${candidate.namespace}/${candidate.name}` === objectKey(route),
  );
  const found = (status?.parents ?? []).flatMap((parent: DesiredParentStatus) =>
    parent.conditions.filter(({ type, status: value }) => type === "Accepted" && value === wanted),
  );
  return found.length === 0 ? undefined : found.map(({ message }) => message).join("; ");
}

function shown(hostname: string): string {
  return hostname === ANY_HOSTNAME ? "every connection" : hostname;
}
