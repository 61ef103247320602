/** Which kinds of routes a listener takes: those of its protocol, narrowed by `allowedRoutes.kinds`. */
import { formatGroupKind } from "../../gateway-api/group-kind.ts";
import { GATEWAY_GROUP, type Listener, type RouteGroupKind } from "../../gateway-api/objects.ts";

export interface RouteKinds {
  readonly supportedKinds: readonly RouteGroupKind[];
  /** Kinds asked for that the listener cannot take; absent where there are none. */
  readonly problem?: string;
}

/** `ofProtocol`: none for a listener that is not served. */
export function assessRouteKinds(
  { protocol, allowedRoutes }: Listener,
  ofProtocol: readonly RouteGroupKind[],
): RouteKinds {
  const asked = allowedRoutes?.kinds ?? [];
  if (asked.length === 0) return { supportedKinds: ofProtocol };
  const supportedKinds = ofProtocol.filter((kind) => asked.some((one) => isSame(one, kind)));
  const unknown = asked.filter((one) => !ofProtocol.some((kind) => isSame(one, kind)));
  if (unknown.length === 0) return { supportedKinds };
  const names = unknown.map(({ group = GATEWAY_GROUP, kind }) =>
    group === GATEWAY_GROUP ? kind : formatGroupKind(group, kind),
  );
  const taken = ofProtocol.map(({ kind }) => kind).join(", ") || "no routes";
  const problem = `allowedRoutes.kinds names ${names.join(", ")}, but a listener of protocol ${protocol} takes ${taken} here`;
  return { supportedKinds, problem };
}

function isSame({ group = GATEWAY_GROUP, kind }: RouteGroupKind, other: RouteGroupKind): boolean {
  return group === other.group && kind === other.kind;
}
