/**
 * Condition types and reasons of Gateway API v1.6 as closed unions, as far as we write them. The words are the spec's
 * (`GatewayConditionReason`, `ListenerConditionReason`, `RouteConditionReason`, `GatewayClassConditionReason`).
 */

export type GatewayClassReason = "Accepted" | "InvalidParameters" | "SupportedVersion" | "UnsupportedVersion";

export type GatewayAcceptedReason = "Accepted" | "ListenersNotValid" | "UnsupportedAddress" | "InvalidParameters";
export type GatewayProgrammedReason = "Programmed" | "Invalid" | "Pending" | "AddressNotAssigned";

export type ListenerAcceptedReason =
  | "Accepted"
  | "PortUnavailable"
  | "UnsupportedProtocol"
  | "UnsupportedValue"
  | ListenerConflictReason;
export type ListenerConflictReason = "HostnameConflict" | "ProtocolConflict";
export type ListenerResolvedRefsReason = "ResolvedRefs" | "InvalidRouteKinds";
export type ListenerProgrammedReason = "Programmed" | "Invalid" | "Pending";

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
  | "UnsupportedProtocol";
