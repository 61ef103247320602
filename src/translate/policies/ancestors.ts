/** From Services to the Gateways that reach them: where a policy on a Service takes effect, and where its status is told. */
import type { BackendTlsPolicy, Gateway } from "../../gateway-api/objects.ts";
import type { RuleBackend } from "../backends/resolve-all.ts";
import type { GatewayWork } from "../gateway-work.ts";
import type { AnyRoute } from "../routes/route.ts";
import { targetService } from "./precedence.ts";

/** The Gateways that reach a target of each policy by an attached route, in the order given. */
export function gatewaysOfPolicies(
  policies: readonly BackendTlsPolicy[],
  works: Iterable<GatewayWork>,
  backends: ReadonlyMap<AnyRoute, readonly RuleBackend[]>,
): ReadonlyMap<BackendTlsPolicy, readonly Gateway[]> {
  if (policies.length === 0) return new Map();
  const reached = new Map<string, Set<Gateway>>();
  for (const { gateway, routes } of [...works].map((work) => ({ gateway: work.gateway, routes: work.routes() }))) {
    for (const route of routes) {
      for (const { service } of backends.get(route) ?? []) {
        if (service === undefined) continue;
        reached.set(service, (reached.get(service) ?? new Set()).add(gateway));
      }
    }
  }
  return new Map(
    policies.map((policy) => {
      const services = (policy.spec.targetRefs ?? []).map((ref) => targetService(policy, ref) ?? "");
      return [policy, [...new Set(services.flatMap((service) => [...(reached.get(service) ?? [])]))]];
    }),
  );
}
