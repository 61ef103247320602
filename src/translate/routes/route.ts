/** Routes of every kind as attaching and claiming see them: one shape, so that the rules are written once. */
import type { HttpRoute, ParentReference, TcpRoute, TlsRoute } from "../../gateway-api/objects.ts";
import { objectKey } from "../../gateway-api/objects.ts";
import type { RouteKind } from "../../model/plan.ts";

export type AnyRoute = TlsRoute | TcpRoute | HttpRoute;

/** Those whose connections are passed on to backends. */
export type ForwardingRoute = TlsRoute | TcpRoute;

/** The kind of an object of `Snapshot`, which holds no other routes. */
export function kindOf(route: AnyRoute): RouteKind {
  return route.kind as RouteKind;
}

/** HTTP is not routed: an HTTPRoute is attached and counted, and that is all. */
export function isForwarding(route: AnyRoute): route is ForwardingRoute {
  return kindOf(route) !== "HTTPRoute";
}

export function parentRefsOf(route: AnyRoute): readonly ParentReference[] {
  const { parentRefs = [] } = route.spec;
  return parentRefs;
}

/** Name of its RouteResource. */
export function routeName(route: AnyRoute): string {
  return `${kindOf(route)}/${objectKey(route)}`;
}
