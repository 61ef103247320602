/** Which ListenerSets a Gateway takes, and their order of precedence (GEP-1713). */
import { type Gateway, type ListenerSet, namespaceOf, objectKey } from "../../gateway-api/objects.ts";
import type { Lookups } from "../lookups.ts";
import type { AssessedListenerSet } from "./assess.ts";
import { admitsNamespace } from "./namespaces.ts";

/** In order of precedence: the oldest first, then by `namespace/name`. */
export function assessListenerSets(
  lookups: Lookups,
  gateway: Gateway,
  listenerSets: readonly ListenerSet[],
): readonly AssessedListenerSet[] {
  return listenerSets.toSorted(byPrecedence).map((listenerSet) => {
    const choice = gateway.spec.allowedListeners?.namespaces;
    const namespaces = { namespace: namespaceOf(listenerSet), home: namespaceOf(gateway) };
    if (admitsNamespace(lookups, choice, "None", namespaces)) return { listenerSet };
    const from = choice?.from ?? "None";
    const message = `Gateway ${objectKey(gateway)} takes no ListenerSets of namespace ${listenerSet.metadata.namespace} (spec.allowedListeners.namespaces.from: ${from}): its owner must allow them`;
    return { listenerSet, refusal: { reason: "NotAllowed", message } };
  });
}

function byPrecedence(a: ListenerSet, b: ListenerSet): number {
  const ages = [a, b].map(({ metadata }) => metadata.creationTimestamp ?? "") as [string, string];
  return compare(...ages) || compare(objectKey(a), objectKey(b));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
