/** ReferenceGrant: whether an object may refer to one in another namespace (GEP-709). */
import type { Lookups } from "./lookups.ts";

export interface CrossReference {
  readonly from: { readonly group: string; readonly kind: string; readonly namespace: string };
  readonly to: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string };
}

/** References within a namespace need no grant. */
export function isPermitted(lookups: Lookups, { from, to }: CrossReference): boolean {
  if (from.namespace === to.namespace) return true;
  return lookups
    .grants(to.namespace)
    .some(
      ({ spec }) =>
        spec.from.some((f) => f.group === from.group && f.kind === from.kind && f.namespace === from.namespace) &&
        spec.to.some((t) => t.group === to.group && t.kind === to.kind && (t.name === undefined || t.name === to.name)),
    );
}
