/** From Services to the Gateways that reach them: where a policy on a Service takes effect, and where its status is told. */
import type { BackendTlsPolicy, Gateway } from "../../gateway-api/objects.ts";
import type { RuleBackend } from "../backends/resolve-all.ts";
import type { GatewayWork } from "../gateway-work.ts";
import type { AnyRoute } from "../routes/route.ts";
import { targetService } from "./precedence.ts";

/** Tells the Gateways that reach a target of a policy by an attached route. */
export function gatewaysByPolicy(
  works: Iterable<GatewayWork>,
  backendsOf: (route: AnyRoute) => readonly RuleBackend[],
): (policy: BackendTlsPolicy) => readonly Gateway[] {
  const reached = new Map<string, Set<Gateway>>();
  for (const work of works) {
    for (const route of work.routes()) {
      for (const { service } of backendsOf(route)) {
        if (service !== undefined) reached.set(service, (reached.get(service) ?? new Set()).add(work.gateway));
      }
    }
  }
  return (policy) => {
    const services = policy.spec.targetRefs.map((ref) => targetService(policy, ref) ?? "");
    return [...new Set(services.flatMap((service) => [...(reached.get(service) ?? [])]))];
  };
}
