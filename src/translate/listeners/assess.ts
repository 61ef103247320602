/**
 * What can be said of a Gateway's listeners from the specs alone: whether we can serve each and how, which routes it takes,
 * whether it conflicts with another, what its references lead to. Those of attached ListenerSets are among them (GEP-1713).
 * Runtime facts (bound, acknowledged) come later, in status/.
 */
import {
  type Gateway,
  type Listener,
  type ListenerSet,
  objectKey,
  type RouteGroupKind,
} from "../../gateway-api/objects.ts";
import type { ListenerConflictReason, ListenerResolvedRefsReason } from "../../gateway-api/reasons.ts";
import type { AuthoritiesResource, CertificateResource, ListenerResource } from "../../model/proxy-config.ts";
import { CertificateReferences } from "../certificates/references.ts";
import type { Lookups } from "../lookups.ts";
import { assessClientCertificate, type ClientCertificate } from "./client-certificate.ts";
import { assessFrontends } from "./client-validation.ts";
import { type Conflict, findConflicts } from "./conflicts.ts";
import { type Draft, draftOf, isServable } from "./draft.ts";
import { assessListenerSets } from "./listener-sets.ts";
import { resourceOf } from "./resource.ts";
import { assessRouteKinds } from "./route-kinds.ts";
import { assessTermination, type GatewayTlsSettings, type Termination } from "./termination.ts";

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

/** Why something that a listener names cannot be used. */
export interface UnresolvedReference {
  readonly reason: Exclude<ListenerResolvedRefsReason, "ResolvedRefs">;
  readonly message: string;
}

/** A ListenerSet that names the Gateway as its parent. */
export interface AssessedListenerSet {
  readonly listenerSet: ListenerSet;
  /** Undefined: it is attached, and its listeners are among the Gateway's. */
  readonly refusal?: { readonly reason: "NotAllowed"; readonly message: string };
}

export interface AssessedGateway {
  readonly gateway: Gateway;
  /** The Gateway's own in their order, then those of the attached ListenerSets in theirs. */
  readonly listeners: readonly AssessedListener[];
  /** In order of precedence. */
  readonly listenerSets: readonly AssessedListenerSet[];
  /** What it shows to backends; absent where its spec names none. */
  readonly clientCertificate?: ClientCertificate;
}

/** `listenerSets`: all that name the Gateway as their parent. */
export function assessGateway(
  lookups: Lookups,
  gateway: Gateway,
  listenerSets: readonly ListenerSet[],
): AssessedGateway {
  const assessedSets = assessListenerSets(lookups, gateway, listenerSets);
  const attached = assessedSets.flatMap(({ listenerSet, refusal }) => (refusal === undefined ? [listenerSet] : []));
  const decrypts = !lookups.isAbsent("Secret");
  const groups = [gateway, ...attached].map((owner) => draftsOf(owner, decrypts));
  const conflicts: ReadonlyMap<Draft, Conflict> = findConflicts(groups.map((group) => group.filter(isServable)));
  const references = new CertificateReferences(lookups);
  const clientCertificate = assessClientCertificate(references, gateway);
  const settings = { references, frontends: assessFrontends(references, gateway), clientCertificate };
  return {
    gateway,
    listeners: groups.flat().map((one) => finish(settings, one, conflicts.get(one))),
    listenerSets: assessedSets,
    ...(clientCertificate !== undefined && { clientCertificate }),
  };
}

function draftsOf(owner: ListenerOwner, decrypts: boolean): readonly Draft[] {
  const { listeners = [] } = owner.spec;
  return listeners.map((listener) => draftOf(owner, listener, decrypts));
}

function finish(settings: GatewayTlsSettings, draft: Draft, conflict: Conflict | undefined): AssessedListener {
  const { listener, owner, hostname, speech } = draft;
  const termination = speech?.terminates ? assessTermination(settings, owner, listener) : undefined;
  const { supportedKinds, problem } = assessRouteKinds(listener, speech?.routeKinds ?? []);
  const problems: readonly UnresolvedReference[] = [
    ...(termination?.problems ?? []),
    ...(problem === undefined ? [] : [{ reason: "InvalidRouteKinds" as const, message: problem }]),
  ];
  const name = listenerName(owner, listener);
  const verdict =
    conflict === undefined ? withAuthorities(draft.verdict, termination) : { ok: false as const, ...conflict };
  const resource = verdict.ok && isServable(draft) ? resourceOf(name, draft, termination?.tls) : undefined;
  return {
    listener,
    owner,
    name,
    hostname,
    supportedKinds,
    verdict,
    resolvedRefs: resolvedRefs(problems),
    ...(resource !== undefined && { resource }),
    needs: resource === undefined ? [] : (termination?.needs ?? []),
  };
}

/** Names of listeners are unique within their object only. */
function listenerName(owner: ListenerOwner, { name }: Listener): string {
  return `${owner.kind === "ListenerSet" ? "ListenerSet/" : ""}${objectKey(owner)}/${name}`;
}

function withAuthorities(verdict: ListenerVerdict, termination: Termination | undefined): ListenerVerdict {
  if (!verdict.ok || !termination?.lacksAuthorities) return verdict;
  const message =
    "Clients must show a certificate, but no authority that could have signed it can be used: see ResolvedRefs";
  return { ok: false, reason: "NoValidCACertificate", message };
}

function resolvedRefs(problems: readonly UnresolvedReference[]): AssessedListener["resolvedRefs"] {
  // A condition holds 32,768 characters: far more than this many sentences with names of 253.
  const MAX_SENTENCES = 16;
  const [first] = problems;
  if (first === undefined) return { reason: "ResolvedRefs", message: "All references are resolved" };
  const sentences = problems.slice(0, MAX_SENTENCES).map(({ message }) => message);
  return { reason: first.reason, message: sentences.join("; ") };
}
