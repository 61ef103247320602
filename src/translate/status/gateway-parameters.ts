/** Status of GatewayParameters: can they be used, and who does. */
import type { GatewayParameters } from "../../gateway-api/gateway-parameters.ts";
import { type Gateway, type GatewayClass, namespaceOf, objectKey } from "../../gateway-api/objects.ts";
import type { GatewayParametersReason } from "../../gateway-api/reasons.ts";
import type { GatewayParametersStatusPlan } from "../../model/plan.ts";
import { condition } from "../conditions.ts";
import { combinationProblem } from "../parameters/combinations.ts";
import { parametersKey } from "../parameters/reference.ts";

/** As the definition has it. */
const MOST_NAMES = 16;

/** The Gateways that use GatewayParameters, by themselves or by their class; all of them `namespace/name`. */
export type ParametersUsers = ReadonlyMap<string, ReadonlySet<string>>;

/** `classes`: by name, with the class of each of the Gateways. */
export function parametersUsers(
  gateways: readonly Gateway[],
  classes: ReadonlyMap<string, GatewayClass>,
): ParametersUsers {
  const users = new Map<string, Set<string>>();
  for (const gateway of gateways) {
    const ofClass = classes.get(gateway.spec.gatewayClassName)?.spec.parametersRef;
    const own = gateway.spec.infrastructure?.parametersRef;
    for (const key of [parametersKey(ofClass, ofClass?.namespace), parametersKey(own, namespaceOf(gateway))]) {
      if (key !== undefined) users.set(key, (users.get(key) ?? new Set()).add(objectKey(gateway)));
    }
  }
  return users;
}

/** `provisions`: do Deployments and Services run for Gateways? */
export function gatewayParametersStatus(
  parameters: GatewayParameters,
  users: ParametersUsers,
  provisions: boolean,
): GatewayParametersStatusPlan {
  const names = [...(users.get(objectKey(parameters)) ?? [])].sort();
  const problem = combinationProblem(parameters.spec);
  const reason: GatewayParametersReason = problem === undefined ? "Accepted" : "Invalid";
  const { name, uid, generation = 1 } = parameters.metadata;
  return {
    kind: "GatewayParameters",
    name,
    namespace: namespaceOf(parameters),
    ...(uid !== undefined && { uid }),
    generation,
    conditions: [
      condition("Accepted", problem === undefined, reason, problem ?? (provisions ? USABLE : NOT_PROVISIONED)),
    ],
    gateways: names.length,
    gatewayNames: names.slice(0, MOST_NAMES),
  };
}

const USABLE = "The parameters can be used";
const NOT_PROVISIONED =
  "The parameters can be used in a cluster; without one nothing is provisioned, and the command's own options say the rest";
