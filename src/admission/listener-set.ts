/** Rules for ListenerSets of a Gateway of our class. */
import type { ListenerSet } from "../gateway-api/objects.ts";
import { listenersVerdict } from "./listeners.ts";
import { type AdmissionContext, listenerSetOwner } from "./ownership.ts";
import { ADMITTED, type Verdict } from "./verdict.ts";

/** Judges a ListenerSet whose Gateway is ours; admits every other, one whose Gateway is not there yet too. */
export function validateListenerSet(listenerSet: ListenerSet, context: AdmissionContext): Verdict {
  return listenerSetOwner(listenerSet, context) === "ours"
    ? listenersVerdict(listenerSet.spec.listeners ?? [])
    : ADMITTED;
}
