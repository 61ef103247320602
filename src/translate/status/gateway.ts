/** Status of a Gateway: its own conditions, its addresses, and its own listeners' statuses; ListenerSets are counted only. */
import type { Gateway } from "../../gateway-api/objects.ts";
import type {
  GatewayAcceptedReason,
  GatewayProgrammedReason,
  GatewayResolvedRefsReason,
} from "../../gateway-api/reasons.ts";
import type { DesiredCondition, GatewayStatusPlan, ListenerSetStatusPlan } from "../../model/plan.ts";
import type { ProxyConfig } from "../../model/proxy-config.ts";
import type { ObservedDeployment } from "../../model/snapshot.ts";
import { unsupportedAddress, unusableAddress } from "../addresses/requested.ts";
import { condition } from "../conditions.ts";
import type { GatewayWork } from "../gateway-work.ts";
import type { ClientCertificate } from "../listeners/client-certificate.ts";
import { hasInsecureFallback } from "../listeners/client-validation.ts";
import type { JudgedParameters } from "../parameters/judge.ts";
import { describeWaiting, type JudgedListener, judgeListeners, namesOf } from "./listener.ts";
import { isAttached, listenerSetStatuses } from "./listener-set.ts";
import { computeRolloutPending } from "./rollout-pending.ts";

/** A Gateway as its status has it, for those whose status depends on it. */
export interface JudgedGateway {
  readonly accepted: DesiredCondition;
  /** What the API server refuses of what is to run. */
  readonly refused?: string;
  /** Why clients have no address to connect to. */
  readonly unreachable?: { readonly reason: "AddressNotAssigned" | "AddressNotUsable"; readonly message: string };
  readonly listeners: readonly JudgedListener[];
}

/** Of the Gateway and of the ListenerSets that name it. */
export function gatewayStatuses(
  work: GatewayWork,
  parameters: JudgedParameters,
  config: ProxyConfig,
  deployment: ObservedDeployment | undefined,
): readonly (GatewayStatusPlan | ListenerSetStatusPlan)[] {
  const listeners = judgeListeners(work, config, deployment);
  const judged = judgeGateway(work.gateway, parameters, listeners(work.gateway), deployment);
  const listenerSets = listenerSetStatuses(work, judged, listeners);
  return [gatewayStatus(work, judged, deployment, listenerSets.filter(isAttached).length), ...listenerSets];
}

function judgeGateway(
  gateway: Gateway,
  parameters: JudgedParameters,
  listeners: readonly JudgedListener[],
  deployment: ObservedDeployment | undefined,
): JudgedGateway {
  const unreachable = judgeReachable(gateway, deployment?.addresses ?? []);
  return {
    accepted: judgeAccepted(gateway, parameters, listeners),
    ...(deployment?.refused !== undefined && { refused: deployment.refused }),
    ...(unreachable !== undefined && { unreachable }),
    listeners,
  };
}

function gatewayStatus(
  { gateway, clientCertificate }: GatewayWork,
  judged: JudgedGateway,
  deployment: ObservedDeployment | undefined,
  attachedListenerSets: number,
): GatewayStatusPlan {
  const { namespace, name, uid, generation = 1 } = gateway.metadata;
  const conditions = [judged.accepted, judgeProgrammed(judged)];
  if (clientCertificate !== undefined) conditions.push(judgeResolvedRefs(clientCertificate, judged.listeners));
  if (hasInsecureFallback(gateway)) conditions.push(INSECURE_FALLBACK);
  if (deployment?.rolloutWait !== undefined) conditions.push(computeRolloutPending(gateway, deployment.rolloutWait));
  return {
    kind: "Gateway",
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    generation,
    conditions,
    addresses: deployment?.addresses ?? [],
    listeners: judged.listeners.map(({ status }) => status),
    attachedListenerSets,
  };
}

/**
 * Unknown if the class does not exist: nothing defines whether this controller still manages the Gateway, and the proxies keep
 * serving. Conditions that depend on Accepted treat Unknown as True, because they report what is served.
 */
function judgeAccepted(
  gateway: Gateway,
  parameters: JudgedParameters,
  listeners: readonly JudgedListener[],
): DesiredCondition {
  const make = condition<GatewayAcceptedReason>;
  if (!parameters.ok && parameters.reason === "InvalidParameters") {
    return make("Accepted", false, parameters.reason, parameters.message);
  }
  const accepted = judgeSpec(gateway, listeners);
  if (parameters.ok) return accepted;
  if (accepted.status === "False") return { ...accepted, message: `${accepted.message}; ${parameters.message}` };
  const { reason, message } = parameters;
  return { type: "Accepted", status: "Unknown", reason, message };
}

function judgeSpec(gateway: Gateway, listeners: readonly JudgedListener[]): DesiredCondition {
  const make = condition<GatewayAcceptedReason>;
  const unsupported = unsupportedAddress(gateway);
  if (unsupported !== undefined) return make("Accepted", false, "UnsupportedAddress", unsupported);
  const invalid = namesOf(listeners, ({ valid }) => !valid);
  if (invalid === "") return make("Accepted", true, "Accepted", "The Gateway is valid");
  const valid = namesOf(listeners, (listener) => listener.valid);
  const rest = valid === "" ? "no other is" : `${valid} is`;
  const message = `Listener ${invalid} is not valid (see its conditions); ${rest}`;
  return make("Accepted", valid !== "", "ListenersNotValid", message);
}

function judgeReachable(gateway: Gateway, addresses: ObservedDeployment["addresses"]): JudgedGateway["unreachable"] {
  const unusable = unusableAddress(gateway, addresses);
  if (unusable !== undefined) return { reason: "AddressNotUsable", message: unusable };
  if (addresses.length > 0) return undefined;
  const message = "No address is assigned to the Gateway's Service yet: does the cluster give LoadBalancers addresses?";
  return { reason: "AddressNotAssigned", message };
}

/** True when clients can connect: an address, and every valid listener of its own served by the proxies behind it. */
function judgeProgrammed({ accepted, refused, unreachable, listeners }: JudgedGateway): DesiredCondition {
  const make = condition<GatewayProgrammedReason>;
  if (accepted.status === "False") return make("Programmed", false, "Invalid", accepted.message);
  if (refused !== undefined) return make("Programmed", false, "Invalid", refused);
  if (unreachable !== undefined) return make("Programmed", false, unreachable.reason, unreachable.message);
  const waiting = describeWaiting(listeners);
  if (waiting !== undefined) return make("Programmed", false, "Pending", waiting);
  return make("Programmed", true, "Programmed", "The proxies serve the Gateway's listeners at its addresses");
}

/** Written where there is a reference to judge; it sums up the listeners' too, as the API wants. */
function judgeResolvedRefs(
  clientCertificate: ClientCertificate,
  listeners: readonly JudgedListener[],
): DesiredCondition {
  const make = condition<GatewayResolvedRefsReason>;
  if (!("certificate" in clientCertificate)) {
    return make("ResolvedRefs", false, clientCertificate.reason, clientCertificate.message);
  }
  const unresolved = namesOf(listeners, ({ status }) =>
    status.conditions.some((one) => one.type === "ResolvedRefs" && one.status === "False"),
  );
  if (unresolved === "") return make("ResolvedRefs", true, "ResolvedRefs", "All references are resolved");
  const message = `References of listener ${unresolved} are not resolved: see its conditions`;
  return make("ResolvedRefs", false, "ListenersNotResolved", message);
}

const INSECURE_FALLBACK = condition(
  "InsecureFrontendValidationMode",
  true,
  "ConfigurationChanged",
  "spec.tls.frontend has mode AllowInsecureFallback: clients without a valid certificate are let in",
);
