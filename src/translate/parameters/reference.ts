/** From a `parametersRef` to the GatewayParameters that it names, or to the sentence that says why there are none. */

import { type GatewayParametersSpec, PARAMETERS_GROUP, PARAMETERS_KIND } from "../../gateway-api/gateway-parameters.ts";
import { formatGroupKind } from "../../gateway-api/group-kind.ts";
import { type Gateway, type GatewayClass, namespaceOf, type ParametersReference } from "../../gateway-api/objects.ts";
import type { Lookups } from "../lookups.ts";
import { combinationProblem } from "./combinations.ts";

/** `spec` is absent where nothing is referred to. */
export type Referent =
  | { readonly ok: true; readonly spec?: GatewayParametersSpec }
  | { readonly ok: false; readonly message: string };

export function parametersOfClass(lookups: Lookups, { spec }: GatewayClass): Referent {
  const { parametersRef } = spec;
  if (parametersRef === undefined) return { ok: true };
  return referent(lookups, "spec.parametersRef", parametersRef, parametersRef.namespace);
}

/** In the Gateway's own namespace: a LocalParametersReference. */
export function parametersOfGateway(lookups: Lookups, gateway: Gateway): Referent {
  const parametersRef = gateway.spec.infrastructure?.parametersRef;
  if (parametersRef === undefined) return { ok: true };
  return referent(lookups, "spec.infrastructure.parametersRef", parametersRef, namespaceOf(gateway));
}

/** `namespace/name` of the GatewayParameters that are referred to; nothing where it is not them. Whether they are there is not asked. */
export function parametersKey(
  reference: ParametersReference | undefined,
  namespace: string | undefined,
): string | undefined {
  return reference !== undefined && isOurKind(reference) ? `${namespace}/${reference.name}` : undefined;
}

function isOurKind({ group, kind }: ParametersReference): boolean {
  return group === PARAMETERS_GROUP && kind === PARAMETERS_KIND;
}

function referent(
  lookups: Lookups,
  field: string,
  reference: ParametersReference,
  namespace: string | undefined,
): Referent {
  const { group, kind, name } = reference;
  const refused = (message: string): Referent => ({ ok: false, message: `${field}: ${message}` });
  if (!isOurKind(reference)) {
    return refused(
      `kind ${formatGroupKind(group, kind)} is not supported: name ${formatGroupKind(PARAMETERS_GROUP, PARAMETERS_KIND)}, or remove it`,
    );
  }
  if (namespace === undefined) return refused(`${PARAMETERS_KIND} have a namespace: add it to the reference`);
  if (lookups.isAbsent(PARAMETERS_KIND)) {
    return refused(`the cluster does not serve ${PARAMETERS_KIND}: install their definition`);
  }
  const found = lookups.parameters(`${namespace}/${name}`);
  if (found === undefined) return refused(`there are no ${PARAMETERS_KIND} ${namespace}/${name}`);
  const problem = combinationProblem(found.spec);
  if (problem !== undefined) return refused(`${PARAMETERS_KIND} ${namespace}/${name} cannot be used: ${problem}`);
  return { ok: true, spec: found.spec };
}
