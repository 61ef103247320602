/**
 * Everything of which the operator makes an Event: a closed set. A reason of a condition is the condition's own word; those that have
 * no condition to stand in are told by Events alone. Data only.
 */
import type {
  GatewayAcceptedReason,
  GatewayProgrammedReason,
  GatewayResolvedRefsReason,
  ListenerSetAcceptedReason,
  ListenerSetProgrammedReason,
  PolicyAcceptedReason,
  PolicyResolvedRefsReason,
  RouteAcceptedReason,
  RouteResolvedRefsReason,
} from "../../gateway-api/reasons.ts";

/** Of conditions of the object itself, or of a route's or policy's entry for a parent. Listeners' own make no Events. */
type ConditionReason =
  | GatewayAcceptedReason
  | GatewayProgrammedReason
  | GatewayResolvedRefsReason
  /** Of InsecureFrontendValidationMode (GEP-91). */
  | "ConfigurationChanged"
  /** Reason of this project's condition gateway.fsm.dev/RolloutPending. */
  | "RolloutLimit"
  | ListenerSetAcceptedReason
  | ListenerSetProgrammedReason
  | PolicyAcceptedReason
  | PolicyResolvedRefsReason
  | RouteAcceptedReason
  | RouteResolvedRefsReason;

type OwnReason = "NameTaken" | "StatusFull";

export type EventReason = ConditionReason | OwnReason;

/** For docs/reference/events.md: of which kinds, and what it means. */
interface Described {
  readonly of: string;
  readonly meaning: string;
}

export const OWN_EVENTS: Readonly<Record<OwnReason, Described>> = {
  NameTaken: {
    of: "Gateway",
    meaning: "an object under a name that the Gateway needs was made by somebody else; it is left alone",
  },
  StatusFull: {
    of: "routes, BackendTLSPolicy",
    meaning: "other controllers' entries fill the status; ours could not be written",
  },
};

export const CONDITION_EVENTS: Readonly<Record<ConditionReason, Described>> = {
  Accepted: { of: "all", meaning: "the object is taken" },
  AddressNotAssigned: { of: "Gateway", meaning: "it was Programmed, and its Service has no address any more" },
  AddressNotUsable: { of: "Gateway", meaning: "the Service has another address than `spec.addresses` asks for" },
  BackendLoop: {
    of: "routes",
    meaning: "a backend is the Gateway itself: connections to it would return to the Gateway",
  },
  BackendNotFound: { of: "routes", meaning: "a backend does not exist: a Service, an XBackend, or a host in DNS" },
  ConfigurationChanged: {
    of: "Gateway",
    meaning: "`spec.tls.frontend` lets clients without a valid certificate in (InsecureFrontendValidationMode)",
  },
  Conflicted: { of: "BackendTLSPolicy", meaning: "an older policy has the same target" },
  GatewayClassNotFound: {
    of: "Gateway",
    meaning:
      "the GatewayClass does not exist; running proxies keep serving, and nothing is deleted. A Gateway without proxies gets this Event only",
  },
  Invalid: { of: "Gateway, BackendTLSPolicy", meaning: "what is asked for cannot be done; the message has the field" },
  InvalidCACertificateRef: { of: "BackendTLSPolicy", meaning: "a ConfigMap of authorities is missing or holds none" },
  InvalidClientCertificateRef: { of: "Gateway", meaning: "the certificate for backends is missing or none" },
  InvalidKind: { of: "routes, BackendTLSPolicy", meaning: "a reference names a kind that cannot stand there" },
  InvalidParameters: { of: "Gateway", meaning: "`parametersRef` names what does not exist or is of no use" },
  ListenersNotResolved: {
    of: "Gateway",
    meaning: "a listener's references are not resolved; its conditions say which",
  },
  ListenersNotValid: { of: "Gateway, ListenerSet", meaning: "a listener cannot be served; its conditions say why" },
  NoMatchingListenerHostname: { of: "routes", meaning: "no listener has a hostname that one of the route's fits" },
  NoMatchingParent: { of: "routes", meaning: "the parent has no such listener or port" },
  NoResources: { of: "Gateway", meaning: "there are no proxies" },
  NoValidCACertificate: { of: "BackendTLSPolicy", meaning: "none of the authorities can be used" },
  NotAllowed: { of: "ListenerSet", meaning: "the Gateway's `allowedListeners` does not take it" },
  NotAllowedByListeners: { of: "routes", meaning: "`allowedRoutes` of the listeners does not take it" },
  ParentNotAccepted: { of: "ListenerSet", meaning: "its Gateway is not Accepted" },
  ParentNotProgrammed: { of: "ListenerSet", meaning: "its Gateway is not Programmed" },
  Pending: { of: "Gateway, ListenerSet", meaning: "it was Programmed, and proxies do not serve all of it now" },
  Programmed: { of: "Gateway, ListenerSet", meaning: "proxies serve it behind its address" },
  RefNotPermitted: { of: "routes, Gateway", meaning: "a reference into another namespace has no ReferenceGrant" },
  ResolvedRefs: { of: "all", meaning: "every reference leads somewhere" },
  RolloutLimit: {
    of: "Gateway",
    meaning: "its changed proxies wait until rollouts of other Gateways are complete (`--max-rolling-gateways`)",
  },
  TargetNotFound: { of: "BackendTLSPolicy", meaning: "the Service or section it is for does not exist" },
  UnsupportedAddress: { of: "Gateway", meaning: "`spec.addresses` has more than one, or another type than IPAddress" },
  UnsupportedProtocol: { of: "routes", meaning: "a Service's port says it speaks what cannot be passed on" },
  UnsupportedValue: { of: "routes", meaning: "a field has a value that is not supported; the message has it" },
};

/** Undefined for a reason that is none of ours: nothing is told of it. */
export function eventReason(reason: string): EventReason | undefined {
  return isConditionReason(reason) ? reason : undefined;
}

function isConditionReason(reason: string): reason is ConditionReason {
  return Object.hasOwn(CONDITION_EVENTS, reason);
}
