/**
 * What the translator reads of an object, and so which changes mean nothing to it: mostly a status of ours that comes back by
 * the watch. `metadata.generation` counts every change of a spec (Kubernetes API conventions, "Metadata"). Pure.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";

interface WithEntries extends KubernetesObject {
  readonly status?: { readonly parents?: readonly Entry[]; readonly ancestors?: readonly Entry[] };
}

interface Entry {
  readonly controllerName: string;
}

/** Of two versions of an object of Gateway API: can the translator make anything else of the newer one? */
export function isSameToTranslator(controllerName: string, before: KubernetesObject, now: KubernetesObject): boolean {
  const [a, b] = [before.metadata, now.metadata];
  return (
    a.generation !== undefined &&
    a.generation === b.generation &&
    before.apiVersion === now.apiVersion &&
    a.deletionTimestamp === b.deletionTimestamp &&
    hasOwnEntry(controllerName, before) === hasOwnEntry(controllerName, now)
  );
}

/** A route or policy that has an entry of ours is ours to clean, even when nothing of its spec leads to us any more. */
function hasOwnEntry(controllerName: string, { status }: WithEntries): boolean {
  return (status?.parents ?? status?.ancestors ?? []).some((entry) => entry.controllerName === controllerName);
}
