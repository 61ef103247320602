/** Rules for Gateways of our class. */
import type { Gateway } from "../gateway-api/objects.ts";
import { listenersVerdict } from "./listeners.ts";
import { type AdmissionContext, gatewayOwner } from "./ownership.ts";
import { ADMITTED, type Verdict } from "./verdict.ts";

/** Judges a Gateway whose GatewayClass is ours; admits every other, one of an unknown class too. */
export function validateGateway(gateway: Gateway, context: AdmissionContext): Verdict {
  return gatewayOwner(gateway, context) === "ours" ? listenersVerdict(gateway.spec.listeners ?? []) : ADMITTED;
}
