/**
 * What can be said of a listener from the specs alone: whether we can serve it and how, which routes it takes, whether it
 * conflicts with another. Runtime facts (bound, acknowledged) come later, in status/.
 */
import { ANY_HOSTNAME, normalizeHostname } from "../../gateway-api/hostname.ts";
import {
  GATEWAY_GROUP,
  type Gateway,
  type Listener,
  type ListenerSet,
  objectKey,
  type RouteGroupKind,
} from "../../gateway-api/objects.ts";
import type { ListenerConflictReason, ListenerResolvedRefsReason } from "../../gateway-api/reasons.ts";
import { PROXY_ADMIN_PORT } from "../../model/identity.ts";
import type { AuthoritiesResource, CertificateResource, ListenerResource } from "../../model/proxy-config.ts";
import type { Lookups } from "../lookups.ts";

/** The object in whose spec a listener stands; routes name it in their parentRefs. */
export type ListenerOwner = Gateway | ListenerSet;

export interface AssessedListener {
  readonly listener: Listener;
  readonly owner: ListenerOwner;
  /** Name of its ListenerResource. */
  readonly name: string;
  /** Normalised; `*` when the listener has none. */
  readonly hostname: string;
  /** Route kinds it takes: empty when its protocol or mode is not ours, or its `allowedRoutes.kinds` holds nothing of ours. */
  readonly supportedKinds: readonly RouteGroupKind[];
  readonly verdict: ListenerVerdict;
  readonly resolvedRefs: { readonly reason: ListenerResolvedRefsReason; readonly message: string };
  /** What the proxies get. Absent when it is not served: the verdict or `resolvedRefs` says why. */
  readonly resource?: ListenerResource;
  /** The resources that `resource` names. */
  readonly needs: readonly (CertificateResource | AuthoritiesResource)[];
}

export type ListenerVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: ListenerConflictReason; readonly message: string }
  | {
      readonly ok: false;
      readonly reason: "PortUnavailable" | "UnsupportedProtocol" | "UnsupportedValue" | "NoValidCACertificate";
      readonly message: string;
    };

/** A ListenerSet that names the Gateway as its parent. */
export interface AssessedListenerSet {
  readonly listenerSet: ListenerSet;
  /** Undefined: it is attached, and its listeners are among the Gateway's. */
  readonly refusal?: { readonly reason: "NotAllowed" | "ParentNotAccepted"; readonly message: string };
}

export interface AssessedGateway {
  readonly gateway: Gateway;
  /** The Gateway's own in their order, then those of the attached ListenerSets in theirs. */
  readonly listeners: readonly AssessedListener[];
  readonly listenerSets: readonly AssessedListenerSet[];
}

const TLS_ROUTE: RouteGroupKind = { group: GATEWAY_GROUP, kind: "TLSRoute" };

/** `listenerSets`: all that name the Gateway as their parent. */
export function assessGateway(
  _lookups: Lookups,
  gateway: Gateway,
  listenerSets: readonly ListenerSet[],
): AssessedGateway {
  const alone = (gateway.spec.listeners ?? []).map((listener) => assessAlone(gateway, listener));
  const listeners = alone.map((assessed) => {
    if (!assessed.verdict.ok) return assessed;
    const rivals = alone.filter((other) => other !== assessed && other.verdict.ok && collide(assessed, other));
    return rivals.length === 0 ? withResource(assessed) : { ...assessed, verdict: conflict(assessed, rivals) };
  });
  const refusal = { reason: "NotAllowed", message: "ListenerSets are not served yet" } as const;
  return { gateway, listeners, listenerSets: listenerSets.map((listenerSet) => ({ listenerSet, refusal })) };
}

function withResource(assessed: AssessedListener): AssessedListener {
  const { name, hostname, listener } = assessed;
  return {
    ...assessed,
    resource: {
      kind: "listener",
      name,
      port: listener.port,
      protocol: "TLS",
      tls: { mode: "Passthrough" },
      ...(hostname !== ANY_HOSTNAME && { hostname }),
    },
  };
}

function assessAlone(owner: ListenerOwner, listener: Listener): AssessedListener {
  const verdict = assessSpec(listener);
  const hostname = listener.hostname ? normalizeHostname(listener.hostname) : ANY_HOSTNAME;
  const supported = verdict.ok || verdict.reason === "PortUnavailable" ? [TLS_ROUTE] : [];
  const name = `${objectKey(owner)}/${listener.name}`;
  return { listener, owner, name, hostname, verdict, needs: [], ...assessKinds(listener, supported) };
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
