/** Status of a GatewayClass that names our controller. */
import type { GatewayClass } from "../../gateway-api/objects.ts";
import type { GatewayClassReason } from "../../gateway-api/reasons.ts";
import type { DesiredCondition, GatewayClassStatusPlan } from "../../model/plan.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { condition } from "../conditions.ts";
import type { Referent } from "../parameters/reference.ts";

/**
 * Features of Gateway API's conformance suite that are true of this program, sorted, each with the kinds without which it
 * means nothing. What has to do with routing HTTP is not here, nor BackendTLSPolicy, which the suite tries with HTTP only.
 */
const FEATURES: readonly (readonly [name: string, ...kinds: string[]])[] = [
  ["Gateway", "Gateway"],
  ["GatewayAddressEmpty", "Gateway"],
  ["GatewayBackendClientCertificate", "BackendTLSPolicy", "Secret"],
  ["GatewayFrontendClientCertificateValidation", "Gateway", "Secret"],
  ["GatewayFrontendClientCertificateValidationInsecureFallback", "Gateway", "Secret"],
  ["GatewayInfrastructure", "Gateway"],
  ["GatewayPort8080", "Gateway"],
  ["GatewayStaticAddresses", "Gateway"],
  ["ListenerSet", "ListenerSet"],
  ["ReferenceGrant", "ReferenceGrant"],
  ["TCPRoute", "TCPRoute"],
  ["TLSRoute", "TLSRoute"],
  ["TLSRouteModeMixed", "TLSRoute", "Secret"],
  ["TLSRouteModeTerminate", "TLSRoute", "Secret"],
];

/** The bundle that the tests run against; other versions are served as well as their CRDs allow. */
const SUPPORTED_BUNDLE = "v1.6.";

export function gatewayClassStatus(
  gatewayClass: GatewayClass,
  parameters: Referent,
  { absentKinds, bundleVersion }: Pick<Snapshot, "absentKinds" | "bundleVersion">,
): GatewayClassStatusPlan {
  const conditions = [accepted(parameters)];
  if (bundleVersion !== undefined) conditions.push(supportedVersion(bundleVersion));
  const { name, uid, generation = 1 } = gatewayClass.metadata;
  return {
    kind: "GatewayClass",
    name,
    ...(uid !== undefined && { uid }),
    generation,
    conditions,
    supportedFeatures: FEATURES.filter(([, ...kinds]) => !kinds.some((kind) => absentKinds.has(kind))).map(
      ([name]) => name,
    ),
  };
}

function accepted(parameters: Referent): DesiredCondition {
  const make = condition<GatewayClassReason>;
  if (!parameters.ok) return make("Accepted", false, "InvalidParameters", parameters.message);
  return make("Accepted", true, "Accepted", "Gateways of this class are served");
}

function supportedVersion(bundleVersion: string): DesiredCondition {
  const supported = bundleVersion.startsWith(SUPPORTED_BUNDLE);
  const reason: GatewayClassReason = supported ? "SupportedVersion" : "UnsupportedVersion";
  const message = supported
    ? `Gateway API ${bundleVersion} is installed`
    : `Gateway API ${bundleVersion} is installed; this controller is tested with ${SUPPORTED_BUNDLE}x and does its best`;
  return condition("SupportedVersion", supported, reason, message);
}
