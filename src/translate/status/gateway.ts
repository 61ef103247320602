/** Status of a Gateway: its own conditions, its addresses, and its listeners' statuses. */
import type { Gateway, GatewayClass } from "../../gateway-api/objects.ts";
import type { GatewayAcceptedReason, GatewayProgrammedReason } from "../../gateway-api/reasons.ts";
import type { DesiredCondition, GatewayStatusPlan } from "../../model/plan.ts";
import type { ProxyConfig } from "../../model/proxy-config.ts";
import type { ObservedDeployment } from "../../model/snapshot.ts";
import { condition } from "../conditions.ts";
import type { GatewayWork } from "../gateway-work.ts";
import { isAccepted } from "./gateway-class.ts";
import { type JudgedListener, judgeListener } from "./listener.ts";

export function gatewayStatus(
  work: GatewayWork,
  gatewayClass: GatewayClass | undefined,
  config: ProxyConfig,
  deployment: ObservedDeployment | undefined,
): GatewayStatusPlan {
  const { gateway } = work;
  const listeners = work.listeners.map((assessed) => judgeListener(work, assessed, config, deployment));
  const accepted = judgeAccepted(gateway, gatewayClass, listeners);
  const addresses = deployment?.addresses ?? [];
  const { namespace, name, uid, generation = 1 } = gateway.metadata;
  return {
    kind: "Gateway",
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    generation,
    conditions: [accepted, judgeProgrammed(accepted, listeners, addresses.length)],
    addresses,
    listeners: listeners.map(({ status }) => status),
    attachedListenerSets: work.listenerSets.filter(({ refusal }) => refusal === undefined).length,
  };
}

function judgeAccepted(
  gateway: Gateway,
  gatewayClass: GatewayClass | undefined,
  listeners: readonly JudgedListener[],
): DesiredCondition {
  const make = condition<GatewayAcceptedReason>;
  if (gatewayClass !== undefined && !isAccepted(gatewayClass)) {
    const message = `GatewayClass ${gatewayClass.metadata.name} is not accepted: see its conditions`;
    return make("Accepted", false, "InvalidParameters", message);
  }
  if (gateway.spec.infrastructure?.parametersRef !== undefined) {
    const message = "spec.infrastructure.parametersRef is not supported: remove it";
    return make("Accepted", false, "InvalidParameters", message);
  }
  if ((gateway.spec.addresses ?? []).some(({ value }) => value)) {
    const message = "spec.addresses is not supported: remove it and an address is assigned";
    return make("Accepted", false, "UnsupportedAddress", message);
  }
  const invalid = listeners.filter(({ accepted }) => !accepted).map(({ status }) => `"${status.name}"`);
  if (invalid.length === 0) return make("Accepted", true, "Accepted", "The Gateway is valid");
  const message = `Listener ${invalid.join(", ")} is not valid: see its conditions`;
  return make("Accepted", invalid.length < listeners.length, "ListenersNotValid", message);
}

/** True when clients can connect: an address, and every valid listener served by the proxies behind it. */
function judgeProgrammed(
  accepted: DesiredCondition,
  listeners: readonly JudgedListener[],
  addresses: number,
): DesiredCondition {
  const make = condition<GatewayProgrammedReason>;
  if (accepted.status !== "True") return make("Programmed", false, "Invalid", accepted.message);
  if (addresses === 0) {
    const message =
      "No address is assigned to the Gateway's Service yet: does the cluster give LoadBalancers addresses?";
    return make("Programmed", false, "AddressNotAssigned", message);
  }
  const waiting = listeners.filter((l) => l.accepted && !l.programmed).map(({ status }) => `"${status.name}"`);
  if (waiting.length > 0) {
    return make("Programmed", false, "Pending", `Waiting for listener ${waiting.join(", ")}: see its conditions`);
  }
  return make("Programmed", true, "Programmed", "The proxies serve the Gateway's listeners at its addresses");
}
