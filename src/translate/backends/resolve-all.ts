/** All backendRefs of a route, in their order. */
import type { Lookups } from "../lookups.ts";
import type { ForwardingRoute } from "../routes/route.ts";
import { resolveBackend } from "./resolve.ts";
import type { ResolvedBackend } from "./resolved.ts";

export interface RuleBackend extends ResolvedBackend {
  readonly weight: number;
  /** Its place in the route, for messages. */
  readonly field: string;
}

/**
 * The first rule's backends. Rules of TLSRoutes and TCPRoutes have no matches, so the first takes every connection; v1 allows
 * no second one, and in a v1alpha2 object the others are never reached (routeStatus says so).
 */
export function resolveBackends(lookups: Lookups, route: ForwardingRoute): readonly RuleBackend[] {
  const refs = route.spec.rules?.[0]?.backendRefs ?? [];
  return refs.map((ref, i) => {
    const field = `rules[0].backendRefs[${i}]`;
    return { ...resolveBackend(lookups, route, ref, field), field, weight: ref.weight ?? 1 };
  });
}
