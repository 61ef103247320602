/** The Service by which clients reach a Gateway: a port for each of the listeners'. */
import type { GatewayParametersSpec } from "../gateway-api/gateway-parameters.ts";
import type { GatewayPlan } from "../model/plan.ts";
import type { InfrastructureObject } from "./infrastructure.ts";
import { metadataOf, selectorLabels } from "./metadata.ts";
import { portName } from "./names.ts";

export function service(plan: GatewayPlan, { service: asked = {} }: GatewayParametersSpec): InfrastructureObject {
  const { type = "LoadBalancer", annotations, labels, nodePorts = [], ...members } = asked;
  const nodePortOf = new Map(nodePorts.map(({ port, nodePort }) => [port, nodePort]));
  const ports = plan.ports.map(({ name, port }) => {
    const nodePort = nodePortOf.get(port);
    return {
      name: portName(name),
      port,
      // The proxies bind the very port: a Pod may do so below 1024 too (see pod.ts).
      targetPort: port,
      protocol: "TCP",
      ...(nodePort !== undefined && { nodePort }),
    };
  });
  // Deprecated, but the one field for this that load balancers of every make read. What a make wants to hear besides,
  // such as the name of a pool, is an annotation.
  const wanted = type === "LoadBalancer" && plan.address !== undefined && { loadBalancerIP: plan.address };
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(plan, { ...(annotations && { annotations }), ...(labels && { labels }) }),
    spec: { type, ...wanted, ...members, selector: selectorLabels(plan), ports },
  };
}
