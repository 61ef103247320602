/**
 * From a route's parentRef to the listeners it is attached to (Gateway API, "Attaching Routes to Gateways"; GEP-1713 for
 * ListenerSets). The checks narrow the parent's listeners one after another; the first that leaves none names the reason.
 * Whether a listener is served plays no part: a route is attached to a listener that conflicts with another one, too.
 */
import { ANY_HOSTNAME, compareSpecificity, intersect, normalizeHostname } from "../../gateway-api/hostname.ts";
import { GATEWAY_GROUP, namespaceOf, type ParentReference } from "../../gateway-api/objects.ts";
import type { AssessedListener, ListenerOwner } from "../listeners/assess.ts";
import { admitsNamespace } from "../listeners/namespaces.ts";
import type { Lookups } from "../lookups.ts";
import {
  type Refusal,
  refuseHostnames,
  refuseKind,
  refuseNamespace,
  refusePairs,
  refuseParent,
  refuseUnattachedSet,
} from "./refusal.ts";
import { type AnyRoute, isForwarding, kindOf } from "./route.ts";

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

/** As much of a parent as is asked here. */
export interface ListenersOfParent {
  readonly owner: ListenerOwner;
  readonly listeners: readonly AssessedListener[];
}

export type AttachResult = { readonly attachments: readonly Attachment[] } | Refusal;

/**
 * `listeners`: those that stand in the spec of `owner`; none when it is a ListenerSet that is not attached to its Gateway.
 * `maxPairs`: maximum number of pairs of a listener and a hostname that the result may have.
 */
export function attach(
  lookups: Lookups,
  route: AnyRoute,
  parentRef: ParentReference,
  { owner, listeners }: ListenersOfParent,
  maxPairs: number,
): AttachResult {
  if (listeners.length === 0) return refuseUnattachedSet(owner);
  const named = narrow(listeners, ({ listener }) => isNamed(parentRef, listener));
  if (named.length === 0) return refuseParent(parentRef, owner, listeners);
  const taking = narrow(named, (assessed) => takes(assessed, kindOf(route)));
  if (taking.length === 0) return refuseKind(kindOf(route), named);
  const allowing = narrow(taking, (assessed) => allowsNamespace(lookups, route, assessed));
  if (allowing.length === 0) return refuseNamespace(route, taking);
  if (isForwarding(route) && (route.spec.rules ?? []).length === 0) {
    return { reason: "UnsupportedValue", message: "spec.rules is empty: name a backend in rules[0].backendRefs" };
  }
  const hostnames = routeHostnames(route);
  const attachments: Attachment[] = [];
  let pairs = 0;
  for (const assessed of allowing) {
    const common = effectiveHostnames(assessed.hostname, hostnames);
    pairs += common.length;
    if (pairs > maxPairs) return refusePairs();
    if (common.length > 0) attachments.push({ assessed, hostnames: common });
  }
  return attachments.length > 0 ? { attachments } : refuseHostnames(hostnames, allowing);
}

export function countPairs(attachments: readonly Attachment[]): number {
  return attachments.reduce((sum, { hostnames }) => sum + hostnames.length, 0);
}

/** Most routes fit all that they name: that takes no new list. */
function narrow<T>(list: readonly T[], fits: (element: T) => boolean): readonly T[] {
  return list.every(fits) ? list : list.filter(fits);
}

function isNamed({ sectionName, port }: ParentReference, listener: AssessedListener["listener"]): boolean {
  return (sectionName === undefined || listener.name === sectionName) && (port === undefined || listener.port === port);
}

/** The route's hostnames, normalised; `*` when it has none: a TCPRoute, or a v1alpha2 TLSRoute. */
export function routeHostnames({ spec }: AnyRoute): readonly string[] {
  const hostnames = ("hostnames" in spec && spec.hostnames) || [];
  return hostnames.length === 0 ? [ANY_HOSTNAME] : hostnames.map(normalizeHostname);
}

/** Several of the route's hostnames may come to the same one here: then the most specific counts for precedence. */
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
  return supportedKinds.some(({ group = GATEWAY_GROUP, kind }) => group === GATEWAY_GROUP && kind === wanted);
}

/** `Same` is the namespace of the object in whose spec the listener stands: for a ListenerSet's, not the Gateway's. */
function allowsNamespace(lookups: Lookups, route: AnyRoute, { listener, owner }: AssessedListener): boolean {
  const namespaces = { namespace: namespaceOf(route), home: namespaceOf(owner) };
  return admitsNamespace(lookups, listener.allowedRoutes?.namespaces, "Same", namespaces);
}
