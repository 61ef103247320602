/**
 * Condition types and reasons of Gateway API v1.6 as closed unions, as far as we write them. The words are the spec's
 * (`GatewayConditionReason`, `ListenerConditionReason`, `ListenerSetConditionReason`, `RouteConditionReason`,
 * `PolicyConditionReason`, `GatewayClassConditionReason`).
 */

export type GatewayClassReason = "Accepted" | "InvalidParameters" | "SupportedVersion" | "UnsupportedVersion";

/** Of our own kind; in the manner of the others. */
export type GatewayParametersReason = "Accepted" | "Invalid";

export type GatewayAcceptedReason =
  | "Accepted"
  | "ListenersNotValid"
  | "UnsupportedAddress"
  | "InvalidParameters"
  /** Defined by this project: status Unknown, for a Gateway of this controller whose class does not exist. */
  | "GatewayClassNotFound";
export type GatewayProgrammedReason =
  | "Programmed"
  | "Invalid"
  | "Pending"
  | "NoResources"
  | "AddressNotAssigned"
  | "AddressNotUsable";
/** GEP-3155: the Gateway's certificate for its backends. */
export type GatewayResolvedRefsReason =
  | "ResolvedRefs"
  | "InvalidClientCertificateRef"
  | "RefNotPermitted"
  | "ListenersNotResolved";

export type ListenerSetAcceptedReason = "Accepted" | "NotAllowed" | "ParentNotAccepted" | "ListenersNotValid";
export type ListenerSetProgrammedReason =
  | "Programmed"
  | "Pending"
  | "NotAllowed"
  | "ParentNotProgrammed"
  | "ListenersNotValid";

export type PolicyAcceptedReason = "Accepted" | "Conflicted" | "Invalid" | "TargetNotFound" | "NoValidCACertificate";
export type PolicyResolvedRefsReason = "ResolvedRefs" | "InvalidCACertificateRef" | "InvalidKind";

export type ListenerAcceptedReason =
  | "Accepted"
  | "PortUnavailable"
  | "UnsupportedProtocol"
  | "UnsupportedValue"
  | "NoValidCACertificate"
  | ListenerConflictReason;
export type ListenerConflictReason = "HostnameConflict" | "ProtocolConflict";
export type ListenerResolvedRefsReason =
  | "ResolvedRefs"
  | "InvalidRouteKinds"
  | "InvalidCertificateRef"
  | "RefNotPermitted"
  | "InvalidCACertificateRef"
  | "InvalidCACertificateKind";
/** The conflicts and PortUnavailable are for the entries of ListenerSets (`ListenerEntryConditionReason`). */
export type ListenerProgrammedReason =
  | "Programmed"
  | "Invalid"
  | "Pending"
  | "PortUnavailable"
  | ListenerConflictReason;

export type RouteAcceptedReason =
  | "Accepted"
  | "NotAllowedByListeners"
  | "NoMatchingListenerHostname"
  | "NoMatchingParent"
  | "UnsupportedValue";
export type RouteResolvedRefsReason =
  | "ResolvedRefs"
  | "RefNotPermitted"
  | "InvalidKind"
  | "BackendNotFound"
  | "UnsupportedProtocol"
  /** Defined by this project: the backend is the Gateway itself (docs/decisions/022). */
  | "BackendLoop";
