/**
 * What can be said of a listener from the Gateway's spec alone: whether we can serve it, which routes it takes, whether it
 * conflicts with another. Runtime facts (bound, acknowledged) come later, in status/.
 */
import { ANY_HOSTNAME, normalizeHostname } from "../../gateway-api/hostname.ts";
import { GATEWAY_GROUP, type Listener, type RouteGroupKind } from "../../gateway-api/objects.ts";
import type { ListenerConflictReason, ListenerResolvedRefsReason } from "../../gateway-api/reasons.ts";
import { PROXY_ADMIN_PORT } from "../../model/identity.ts";

export interface AssessedListener {
  readonly listener: Listener;
  /** Normalised; `*` when the listener has none. */
  readonly hostname: string;
  /** Route kinds it takes: empty when its protocol or mode is not ours, or its `allowedRoutes.kinds` holds nothing of ours. */
  readonly supportedKinds: readonly RouteGroupKind[];
  readonly verdict: ListenerVerdict;
  readonly resolvedRefs: { readonly reason: ListenerResolvedRefsReason; readonly message: string };
}

export type ListenerVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: ListenerConflictReason; readonly message: string }
  | {
      readonly ok: false;
      readonly reason: "PortUnavailable" | "UnsupportedProtocol" | "UnsupportedValue";
      readonly message: string;
    };

const TLS_ROUTE: RouteGroupKind = { group: GATEWAY_GROUP, kind: "TLSRoute" };

/** All listeners of a Gateway, in their order. */
export function assessListeners(listeners: readonly Listener[]): readonly AssessedListener[] {
  const alone = listeners.map(assessAlone);
  return alone.map((assessed) => {
    if (!assessed.verdict.ok) return assessed;
    const rivals = alone.filter((other) => other !== assessed && other.verdict.ok && collide(assessed, other));
    return rivals.length === 0 ? assessed : { ...assessed, verdict: conflict(assessed, rivals) };
  });
}

function assessAlone(listener: Listener): AssessedListener {
  const verdict = assessSpec(listener);
  const hostname = listener.hostname ? normalizeHostname(listener.hostname) : ANY_HOSTNAME;
  const supported = verdict.ok || verdict.reason === "PortUnavailable" ? [TLS_ROUTE] : [];
  return { listener, hostname, verdict, ...assessKinds(listener, supported) };
}

function assessSpec({ protocol, port, tls }: Listener): ListenerVerdict {
  if (protocol !== "TLS") {
    const message = `Protocol ${protocol} is not served: this controller serves TLS listeners with tls.mode Passthrough`;
    return { ok: false, reason: "UnsupportedProtocol", message };
  }
  const mode = tls?.mode ?? "Terminate";
  if (mode !== "Passthrough") {
    const message = `tls.mode ${mode} is not served: set tls.mode to Passthrough, and let the backend decrypt`;
    return { ok: false, reason: "UnsupportedValue", message };
  }
  if (port === PROXY_ADMIN_PORT) {
    const message = `Port ${port} is the proxies' own port for probes and metrics: choose another`;
    return { ok: false, reason: "PortUnavailable", message };
  }
  return { ok: true };
}

function assessKinds(
  listener: Listener,
  supported: readonly RouteGroupKind[],
): Pick<AssessedListener, "supportedKinds" | "resolvedRefs"> {
  const asked = listener.allowedRoutes?.kinds ?? [];
  const resolved = { reason: "ResolvedRefs", message: "All references are resolved" } as const;
  if (asked.length === 0) return { supportedKinds: supported, resolvedRefs: resolved };
  const isAsked = (kind: RouteGroupKind) => asked.some((a) => sameKind(a, kind));
  const unknown = asked.filter((kind) => !supported.some((s) => sameKind(s, kind)));
  const supportedKinds = supported.filter(isAsked);
  if (unknown.length === 0) return { supportedKinds, resolvedRefs: resolved };
  const names = unknown.map((kind) => `${kind.group ?? GATEWAY_GROUP}/${kind.kind}`).join(", ");
  const message = `allowedRoutes.kinds names ${names}, which a ${listener.protocol} listener here does not take; it takes TLSRoute`;
  return { supportedKinds, resolvedRefs: { reason: "InvalidRouteKinds", message } };
}

function sameKind(a: RouteGroupKind, b: RouteGroupKind): boolean {
  return (a.group ?? GATEWAY_GROUP) === (b.group ?? GATEWAY_GROUP) && a.kind === b.kind;
}

/** Two TLS listeners are distinct by hostname (Gateway API, "Distinct Listeners"); within a Gateway nobody wins. */
function collide(a: AssessedListener, b: AssessedListener): boolean {
  return a.listener.port === b.listener.port && a.hostname === b.hostname;
}

function conflict(loser: AssessedListener, rivals: readonly AssessedListener[]): ListenerVerdict {
  const names = rivals.map((rival) => `"${rival.listener.name}"`).join(", ");
  const what = loser.hostname === ANY_HOSTNAME ? "no hostname" : `hostname ${loser.hostname}`;
  const message = `Port ${loser.listener.port} with ${what} is also claimed by listener ${names}: neither is served until they differ`;
  return { ok: false, reason: "HostnameConflict", message };
}
