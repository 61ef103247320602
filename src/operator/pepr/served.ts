/** From what discovery found to what Pepr may watch. Pure. */
import type { ServedKind } from "../../../capabilities/gateway.ts";
import { GATEWAY_GROUP } from "../../gateway-api/objects.ts";

const KNOWN: ReadonlySet<string> = new Set<ServedKind>([
  "Gateway/v1",
  "TLSRoute/v1",
  "TLSRoute/v1alpha3",
  "TLSRoute/v1alpha2",
]);

/** Kinds and versions that have a class to bind to; the others are passed over. */
export function servedKinds(
  types: readonly { readonly group: string; readonly version: string; readonly kind: string }[],
): ReadonlySet<ServedKind> {
  const names = types.filter(({ group }) => group === GATEWAY_GROUP).map(({ kind, version }) => `${kind}/${version}`);
  return new Set(names.filter(isKnown));
}

function isKnown(name: string): name is ServedKind {
  return KNOWN.has(name);
}
