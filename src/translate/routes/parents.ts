/**
 * From a route's parentRefs to the Gateways and ListenerSets that are ours, and what attaching it there gives. It knows which
 * listeners stand in which object; which of them take the route is said by attach.ts.
 */
import { GATEWAY_GROUP, type ListenerSet, objectKey, type ParentReference } from "../../gateway-api/objects.ts";
import type { AttachedRoute } from "../gateway-work.ts";
import type { AssessedGateway, AssessedListener, ListenerOwner } from "../listeners/assess.ts";
import type { Lookups } from "../lookups.ts";
import { type Attachment, type AttachResult, attach, countPairs, routeHostnames } from "./attach.ts";
import { enumerate } from "./enumerate.ts";
import { MAX_PAIRS } from "./refusal.ts";
import { type AnyRoute, parentRefsOf } from "./route.ts";
import {
  explainShadowed,
  findNarrowerListeners,
  findUnmatched,
  indexListeners,
  type ServedListeners,
} from "./unreachable.ts";

/** A parent that routes may name: a Gateway of ours, or a ListenerSet that names one. Made anew when the Gateway is assessed anew. */
export interface Parent {
  readonly owner: ListenerOwner;
  /** `namespace/name` of the Gateway. */
  readonly gateway: string;
  readonly listeners: readonly AssessedListener[];
  /** See `findNarrowerListeners`. */
  readonly narrower: readonly AssessedListener[];
  /** Index of `narrower`. */
  readonly served: ServedListeners;
}

/** What a route's parentRefs led to, as far as they led to us. */
export interface RouteAttachments {
  readonly outcomes: readonly {
    readonly parentRef: ParentReference;
    readonly gateway: string;
    readonly result: AttachResult;
    /** Messages about hostnames of the route that no connection can reach. */
    readonly unreachable: readonly string[];
  }[];
  /** By Gateway, as `namespace/name`. */
  readonly attached: readonly (readonly [string, AttachedRoute])[];
}

/** `namespace/name` of the Gateway that a ListenerSet names as its parent; no key of a Gateway when it names another kind. */
export function parentGatewayKey({ metadata, spec }: ListenerSet): string {
  const { group = GATEWAY_GROUP, kind = "Gateway", namespace = metadata.namespace, name } = spec.parentRef;
  return group === GATEWAY_GROUP && kind === "Gateway" ? `${namespace}/${name}` : "";
}

export function parentsOf(assessed: AssessedGateway): readonly [string, Parent][] {
  const gateway = objectKey(assessed.gateway);
  const owners = [assessed.gateway, ...assessed.listenerSets.map(({ listenerSet }) => listenerSet)];
  const narrowerByOwner = findNarrowerListeners(owners, assessed.listeners);
  return owners.map((owner) => {
    const listeners = assessed.listeners.filter((listener) => listener.owner === owner);
    const narrower = narrowerByOwner.get(owner) as readonly AssessedListener[];
    return [
      `${owner.kind}/${objectKey(owner)}`,
      { owner, gateway, listeners, narrower, served: indexListeners(narrower) },
    ];
  });
}

export function findParent(
  parents: ReadonlyMap<string, Parent>,
  route: AnyRoute,
  { group = GATEWAY_GROUP, kind = "Gateway", namespace = route.metadata.namespace, name }: ParentReference,
): Parent | undefined {
  return group === GATEWAY_GROUP ? parents.get(`${kind}/${namespace}/${name}`) : undefined;
}

export function attachAll(
  lookups: Lookups,
  route: AnyRoute,
  parents: readonly (Parent | undefined)[],
): RouteAttachments {
  const results: ParentResult[] = [];
  let pairsLeft = MAX_PAIRS;
  for (const [i, parentRef] of parentRefsOf(route).entries()) {
    const parent = parents[i];
    if (parent === undefined) continue;
    const result = attach(lookups, route, parentRef, parent, pairsLeft);
    if ("attachments" in result) pairsLeft -= countPairs(result.attachments);
    results.push({ parentRef, parent, result });
  }
  const outcomes = withUnreachable(route, results, parents.includes(undefined));
  const attached: [string, AttachedRoute][] = [];
  for (const gateway of new Set(outcomes.map((outcome) => outcome.gateway))) {
    const attachments = attachmentsTo(gateway, outcomes);
    if (attachments.length > 0) attached.push([gateway, { route, attachments }]);
  }
  return { outcomes, attached };
}

interface ParentResult {
  readonly parentRef: ParentReference;
  readonly parent: Parent;
  readonly result: AttachResult;
}

/** `hasOthers`: the route has parents of other controllers, which may have the hostnames that no listener of ours has. */
function withUnreachable(
  route: AnyRoute,
  results: readonly ParentResult[],
  hasOthers: boolean,
): RouteAttachments["outcomes"] {
  const attachmentsOf = ({ result }: ParentResult) => ("attachments" in result ? result.attachments : []);
  const attached = new Set(results.flatMap(attachmentsOf).map(({ assessed }) => assessed));
  const unmatched = hasOthers ? [] : findUnmatched(routeHostnames(route), attached);
  const unmatchedText =
    unmatched.length === 0
      ? []
      : [`no listener of the parents has ${enumerate(unmatched)}. Add a listener, or remove the hostname`];
  return results.map((one) => ({
    parentRef: one.parentRef,
    gateway: one.parent.gateway,
    result: one.result,
    unreachable: [...unmatchedText, ...explainShadowed(attachmentsOf(one), attached, one.parent.served)],
  }));
}

/** Several parentRefs may name the same listener: it is attached to once. */
function attachmentsTo(wanted: string, outcomes: RouteAttachments["outcomes"]): readonly Attachment[] {
  const byListener = new Map<AssessedListener, Attachment>();
  for (const { gateway, result } of outcomes) {
    if (gateway !== wanted || !("attachments" in result)) continue;
    for (const attachment of result.attachments) byListener.set(attachment.assessed, attachment);
  }
  return [...byListener.values()];
}
