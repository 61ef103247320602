/**
 * Checks which members of GatewayParameters a Gateway's own parameters may use. Their authors may lack the right to create Pods, and
 * the operator creates Pods with its own rights: an image or a patch would let them run any program. Pure.
 */
import type { GatewayParametersSpec } from "../../gateway-api/gateway-parameters.ts";
import type { ParametersPolicy } from "../../model/snapshot.ts";

const REMEDY =
  "Set it in the parameters of the GatewayClass, or start the operator with --trust-gateway-parameters=true (chart: gatewayParameters.trustGateways)";

/** Returns why a Gateway's own parameters cannot be used; undefined if they can. */
export function findTrustProblem(
  { pod }: GatewayParametersSpec,
  { proxyImage, trustGateways }: ParametersPolicy,
): string | undefined {
  if (trustGateways) return undefined;
  if (pod?.patch !== undefined) {
    return `spec.pod.patch is allowed only in the parameters of a GatewayClass, because it can create any Pod. ${REMEDY}`;
  }
  if (pod?.image !== undefined && findRepository(pod.image) !== findRepository(proxyImage)) {
    return `spec.pod.image ${pod.image} is not from repository ${findRepository(proxyImage)}, the only one allowed for a Gateway. ${REMEDY}`;
  }
  return undefined;
}

/** Returns the reference without tag and digest. */
function findRepository(image: string): string {
  const [name = ""] = image.split("@");
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  return colon < 0 ? name : name.slice(0, colon);
}
