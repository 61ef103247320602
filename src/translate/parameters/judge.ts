/** What GatewayParameters come to for one Gateway: the class's and its own as one, or why they cannot be used. */
import type { GatewayParametersSpec, LoggingParameters } from "../../gateway-api/gateway-parameters.ts";
import type { Gateway, GatewayClass } from "../../gateway-api/objects.ts";
import type { ParametersPolicy } from "../../model/snapshot.ts";
import type { SettingsResource } from "../../model/traffic.ts";
import type { Lookups } from "../lookups.ts";
import { combinationProblem } from "./combinations.ts";
import { mergeParameters } from "./merge.ts";
import { parametersOfClass, parametersOfGateway } from "./reference.ts";
import { findTrustProblem } from "./trust.ts";

export type JudgedParameters =
  | {
      readonly ok: true;
      readonly spec: GatewayParametersSpec;
      /** What running proxies are told by the stream. */
      readonly settings?: SettingsResource;
    }
  | {
      readonly ok: false;
      readonly reason: "InvalidParameters" | "GatewayClassNotFound";
      readonly message: string;
    };

/** `gatewayClass` is undefined if it does not exist. */
export function judgeParameters(
  lookups: Lookups,
  gateway: Gateway,
  gatewayClass: GatewayClass | undefined,
  policy: ParametersPolicy | undefined,
): JudgedParameters {
  if (gatewayClass === undefined) {
    const message = `spec.gatewayClassName: GatewayClass ${gateway.spec.gatewayClassName} does not exist; the proxies keep serving, and their infrastructure is not changed. Create the GatewayClass again, or name another`;
    return { ok: false, reason: "GatewayClassNotFound", message };
  }
  const invalid = (message: string): JudgedParameters => ({ ok: false, reason: "InvalidParameters", message });
  const ofClass = parametersOfClass(lookups, gatewayClass);
  if (!ofClass.ok) {
    return invalid(
      `GatewayClass ${gatewayClass.metadata.name} is not accepted: see its conditions. Proxies that run keep serving, and their infrastructure is not changed`,
    );
  }
  const ofGateway = parametersOfGateway(lookups, gateway);
  if (!ofGateway.ok) return invalid(ofGateway.message);
  const distrusted = policy && findTrustProblem(ofGateway.spec ?? {}, policy);
  if (distrusted !== undefined) return invalid(`The Gateway's parameters cannot be used: ${distrusted}`);
  const spec = mergeParameters(ofClass.spec ?? {}, ofGateway.spec ?? {});
  const problem = combinationProblem(spec);
  if (problem !== undefined) {
    return invalid(
      `The parameters of GatewayClass ${gatewayClass.metadata.name} and of the Gateway do not fit together: ${problem}`,
    );
  }
  return { ok: true, spec, ...settingsOf(spec.logging) };
}

function settingsOf({ level, format, refusedPerSecond }: LoggingParameters = {}): { settings?: SettingsResource } {
  const logging = {
    ...(level !== undefined && { level }),
    ...(format !== undefined && { format }),
    ...(refusedPerSecond !== undefined && { refusedPerSecond }),
  };
  return Object.keys(logging).length === 0 ? {} : { settings: { kind: "settings", name: "proxy", logging } };
}
