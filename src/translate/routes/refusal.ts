/** Why a parentRef attaches to no listener, in words that name the listeners and the next step. It decides nothing. */
import { GATEWAY_GROUP, objectKey, type ParentReference } from "../../gateway-api/objects.ts";
import type { RouteAcceptedReason } from "../../gateway-api/reasons.ts";
import { formatNearest } from "../../model/did-you-mean.ts";
import type { RouteKind } from "../../model/plan.ts";
import type { AssessedListener, ListenerOwner } from "../listeners/assess.ts";
import { enumerate } from "./enumerate.ts";
import { type AnyRoute, kindOf } from "./route.ts";

export interface Refusal {
  readonly reason: Exclude<RouteAcceptedReason, "Accepted">;
  readonly message: string;
}

/** The API has no word of its own for this: a set that is attached nowhere is no parent that matches. */
export function refuseUnattachedSet(owner: ListenerOwner): Refusal {
  const message = `${owner.kind} ${objectKey(owner)} is not attached to its Gateway: its Accepted condition says why`;
  return { reason: "NoMatchingParent", message };
}

export function refuseParent(
  parentRef: ParentReference,
  owner: ListenerOwner,
  listeners: readonly AssessedListener[],
): Refusal {
  const { sectionName } = parentRef;
  const names = listeners.map(({ listener }) => listener.name);
  const has = enumerate(listeners.map(({ listener }) => `"${listener.name}" on port ${listener.port}`));
  const message = `${owner.kind} ${owner.metadata.name} has no listener with ${describeRef(parentRef)}; it has ${has}${formatNearest(sectionName ?? "", names)}`;
  return { reason: "NoMatchingParent", message };
}

function describeRef({ sectionName, port }: ParentReference): string {
  const name = sectionName === undefined ? [] : [`the name "${sectionName}"`];
  return [...name, ...(port === undefined ? [] : [`port ${port}`])].join(" and ");
}

const PROTOCOLS: Readonly<Record<RouteKind, readonly string[]>> = {
  TLSRoute: ["TLS"],
  TCPRoute: ["TCP"],
  HTTPRoute: ["HTTP", "HTTPS"],
};

export function refuseKind(kind: RouteKind, named: readonly AssessedListener[]): Refusal {
  const whys = enumerate(named.map((assessed) => whyNotTaken(kind, assessed)));
  const isOther = named.every(({ listener }) => !PROTOCOLS[kind].includes(listener.protocol));
  const message = `${kind}s attach to listeners with protocol ${PROTOCOLS[kind].join(" or ")}: ${whys}${isOther ? kindFor(named) : ""}`;
  return { reason: "NotAllowedByListeners", message };
}

/** The kinds that can carry a connection. An HTTPRoute is never the fix: HTTP is not routed. */
const FORWARDED_KINDS: readonly RouteKind[] = ["TLSRoute", "TCPRoute"];

/** Names the kind that all these listeners route, in whatever mode. */
function kindFor(named: readonly AssessedListener[]): string {
  const kind = FORWARDED_KINDS.find((candidate) =>
    named.every(({ listener }) => PROTOCOLS[candidate].includes(listener.protocol)),
  );
  return kind === undefined ? "" : `. Use a ${kind} for protocol ${PROTOCOLS[kind].join()}`;
}

function whyNotTaken(wanted: RouteKind, { listener }: AssessedListener): string {
  if (!PROTOCOLS[wanted].includes(listener.protocol)) return `"${listener.name}" has protocol ${listener.protocol}`;
  const asked = listener.allowedRoutes?.kinds ?? [];
  const isAsked = asked.some(({ group = GATEWAY_GROUP, kind }) => group === GATEWAY_GROUP && kind === wanted);
  return asked.length === 0 || isAsked
    ? `"${listener.name}" is not valid: its conditions say why`
    : `"${listener.name}" does not name ${wanted} in allowedRoutes.kinds`;
}

export function refuseNamespace(route: AnyRoute, taking: readonly AssessedListener[]): Refusal {
  const { namespace } = route.metadata;
  const froms = taking.map(({ listener }) => {
    const from = listener.allowedRoutes?.namespaces?.from ?? "Same";
    return `"${listener.name}" (allowedRoutes.namespaces.from: ${from})`;
  });
  const message = `Listener ${enumerate(froms)} takes no ${kindOf(route)} of namespace ${namespace}: its owner can set from to All, or to Selector with a label of ${namespace}`;
  return { reason: "NotAllowedByListeners", message };
}

/**
 * Maximum number of pairs of a listener and a hostname that one route may have in all its parents: as many as the API allows with one
 * Gateway, 64 listeners and 1,024 hostnames. A route may name 32 parents: without a limit, a single route could be two million entries.
 */
export const MAX_PAIRS = 65_536;

export function refusePairs(): Refusal {
  const limit = MAX_PAIRS.toLocaleString("en");
  const message = `The route has more than ${limit} pairs of a listener and a hostname, with the parents named before this one: divide its hostnames among several routes, or select fewer listeners by parentRefs.sectionName`;
  return { reason: "UnsupportedValue", message };
}

export function refuseHostnames(hostnames: readonly string[], allowing: readonly AssessedListener[]): Refusal {
  const theirs = enumerate(allowing.map(({ listener, hostname }) => `${hostname} of listener "${listener.name}"`));
  const message = `No hostname of the route (${enumerate(hostnames)}) fits ${theirs}`;
  return { reason: "NoMatchingListenerHostname", message };
}
