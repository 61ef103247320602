/**
 * Checks which members of GatewayParameters a Gateway's own parameters may use. Who may write them may not be able to make Pods, and
 * the operator makes Pods with its own rights: an image or a patch would let them run any program. Pure.
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
    return `spec.pod.patch counts only in the parameters of a GatewayClass, since it can make any Pod. ${REMEDY}`;
  }
  if (pod?.image !== undefined && findRepository(pod.image) !== findRepository(proxyImage)) {
    return `spec.pod.image ${pod.image} is of another repository than ${findRepository(proxyImage)}, from which a Gateway can choose. ${REMEDY}`;
  }
  return undefined;
}

/** The reference without tag and digest. */
function findRepository(image: string): string {
  const [name = ""] = image.split("@");
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  return colon < 0 ? name : name.slice(0, colon);
}
