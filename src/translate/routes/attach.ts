/**
 * From a route's parentRef to the listeners it is attached to (Gateway API, "Attaching Routes to Gateways"). The checks
 * narrow the Gateway's listeners one after another; the first that leaves none names the reason.
 */
import { ANY_HOSTNAME, compareSpecificity, intersect, normalizeHostname } from "../../gateway-api/hostname.ts";
import { GATEWAY_GROUP, type ParentReference, type TlsRoute } from "../../gateway-api/objects.ts";
import type { RouteAcceptedReason } from "../../gateway-api/reasons.ts";
import { selects } from "../../gateway-api/selector.ts";
import type { AssessedListener, ListenerOwner } from "../listeners/assess.ts";
import type { Lookups } from "../lookups.ts";
import { type AnyRoute, kindOf } from "./route.ts";

/** A listener that takes the route, and the hostnames that both have in common. */
export interface Attachment {
  readonly assessed: AssessedListener;
  readonly hostnames: readonly EffectiveHostname[];
}

export interface EffectiveHostname {
  readonly hostname: string;
  /** The route's own pattern it came from: decides between routes whose intersections are equal (Gateway API v1.7). */
  readonly original: string;
}

export type AttachResult =
  | { readonly attachments: readonly Attachment[] }
  | { readonly reason: Exclude<RouteAcceptedReason, "Accepted">; readonly message: string };

export function attach(
  lookups: Lookups,
  route: AnyRoute,
  parentRef: ParentReference,
  owner: ListenerOwner,
  listeners: readonly AssessedListener[],
): AttachResult {
  const { name } = owner.metadata;
  const named = listeners.filter(
    ({ listener }) =>
      (parentRef.sectionName === undefined || listener.name === parentRef.sectionName) &&
      (parentRef.port === undefined || listener.port === parentRef.port),
  );
  if (named.length === 0) {
    const message = `${owner.kind} ${name} has no listener with ${describeRef(parentRef)}; it has ${describeListeners(listeners)}`;
    return { reason: "NoMatchingParent", message };
  }
  const taking = named.filter((assessed) => takes(assessed, kindOf(route)));
  const allowing = taking.filter(({ listener }) => allowsNamespace(lookups, route, owner, listener.allowedRoutes));
  if (allowing.length === 0) return { reason: "NotAllowedByListeners", message: whyNotAllowed(route, named, taking) };
  if (kindOf(route) === "TLSRoute" && ((route as TlsRoute).spec.rules ?? []).length === 0) {
    return { reason: "UnsupportedValue", message: "spec.rules is empty: name a backend in rules[0].backendRefs" };
  }
  const attachments = allowing
    .map((assessed) => ({ assessed, hostnames: effectiveHostnames(assessed.hostname, routeHostnames(route)) }))
    .filter(({ hostnames }) => hostnames.length > 0);
  if (attachments.length > 0) return { attachments };
  const theirs = allowing.map(({ listener, hostname }) => `${hostname} of listener "${listener.name}"`).join(", ");
  const message = `No hostname of the route (${routeHostnames(route).join(", ")}) fits ${theirs}`;
  return { reason: "NoMatchingListenerHostname", message };
}

/** The route's hostnames, normalised; `*` when it has none. */
export function routeHostnames(route: AnyRoute): readonly string[] {
  const hostnames = ("hostnames" in route.spec && route.spec.hostnames) || [];
  return hostnames.length === 0 ? [ANY_HOSTNAME] : hostnames.map(normalizeHostname);
}

function effectiveHostnames(listener: string, route: readonly string[]): readonly EffectiveHostname[] {
  const found = new Map<string, EffectiveHostname>();
  for (const original of route) {
    const hostname = intersect(listener, original);
    if (hostname === undefined) continue;
    const other = found.get(hostname);
    if (other === undefined || compareSpecificity(original, other.original) < 0)
      found.set(hostname, { hostname, original });
  }
  return [...found.values()];
}

function takes({ supportedKinds }: AssessedListener, wanted: string): boolean {
  return supportedKinds.some(({ group, kind }) => group === GATEWAY_GROUP && kind === wanted);
}

function allowsNamespace(
  lookups: Lookups,
  route: AnyRoute,
  owner: ListenerOwner,
  allowedRoutes: AssessedListener["listener"]["allowedRoutes"],
): boolean {
  const namespace = route.metadata.namespace ?? "";
  switch (allowedRoutes?.namespaces?.from ?? "Same") {
    case "All":
      return true;
    case "Same":
      return namespace === owner.metadata.namespace;
    case "Selector":
      return selects(allowedRoutes?.namespaces?.selector, lookups.namespace(namespace)?.metadata.labels);
    default:
      return false;
  }
}

function whyNotAllowed(
  route: AnyRoute,
  named: readonly AssessedListener[],
  taking: readonly AssessedListener[],
): string {
  if (taking.length === 0) {
    const kinds = named.map(({ listener }) => `"${listener.name}" (${listener.protocol})`).join(", ");
    return `Listener ${kinds} does not take TLSRoutes: a TLS listener with tls.mode Passthrough does`;
  }
  const froms = taking.map(({ listener }) => {
    const from = listener.allowedRoutes?.namespaces?.from ?? "Same";
    return `"${listener.name}" (allowedRoutes.namespaces.from: ${from})`;
  });
  return `Listener ${froms.join(", ")} takes no routes of namespace ${route.metadata.namespace}`;
}

function describeRef({ sectionName, port }: ParentReference): string {
  const parts = [sectionName !== undefined && `the name "${sectionName}"`, port !== undefined && `port ${port}`];
  return parts.filter((part) => part !== false).join(" and ") || "any name";
}

function describeListeners(listeners: readonly AssessedListener[]): string {
  return listeners.map(({ listener }) => `"${listener.name}" on port ${listener.port}`).join(", ") || "none";
}
