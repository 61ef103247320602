/**
 * GatewayParameters, as far as files need them: they provision nothing without a cluster, so what is judged is what the translator reads.
 * `fsm-gateway check` judges all of it, by the definition.
 */
import { z } from "zod";
import { labels, port } from "./parts.ts";

const count = z.int().min(1).max(1000);
const intOrPercent = z.union([z.int().min(0), z.string()]);
const object = z.looseObject({});
/** Id of a user or group; never root. */
const id = z.int().min(1).max(2_147_483_647);

const service = z.strictObject({
  type: z.enum(["LoadBalancer", "ClusterIP", "NodePort"]).optional(),
  annotations: labels.optional(),
  labels: labels.optional(),
  externalTrafficPolicy: z.enum(["Cluster", "Local"]).optional(),
  internalTrafficPolicy: z.enum(["Cluster", "Local"]).optional(),
  loadBalancerClass: z.string().min(1).optional(),
  loadBalancerSourceRanges: z.array(z.string()).min(1).optional(),
  allocateLoadBalancerNodePorts: z.boolean().optional(),
  healthCheckNodePort: port.optional(),
  nodePorts: z.array(z.strictObject({ port, nodePort: port })).optional(),
  ipFamilies: z
    .array(z.enum(["IPv4", "IPv6"]))
    .min(1)
    .max(2)
    .optional(),
  ipFamilyPolicy: z.enum(["SingleStack", "PreferDualStack", "RequireDualStack"]).optional(),
});

const pod = z.strictObject({
  annotations: labels.optional(),
  labels: labels.optional(),
  nodeSelector: labels.optional(),
  affinity: object.optional(),
  tolerations: z.array(object).optional(),
  topologySpreadConstraints: z.array(object).optional(),
  priorityClassName: z.string().min(1).optional(),
  resources: object.optional(),
  drainSeconds: z.int().min(0).max(86_400).optional(),
  imagePullSecrets: z.array(z.strictObject({ name: z.string().min(1) })).optional(),
  image: z.string().min(1).optional(),
  securityContext: z
    .strictObject({
      runAsUser: id.optional(),
      runAsGroup: id.optional(),
      fsGroup: id.optional(),
      fsGroupChangePolicy: z.enum(["Always", "OnRootMismatch"]).optional(),
      supplementalGroups: z.array(id).optional(),
    })
    .optional(),
  runtimeClassName: z.string().min(1).optional(),
  dnsConfig: object.optional(),
  minReadySeconds: z.int().min(0).max(300).optional(),
  patch: object.optional(),
});

export const gatewayParameters = z.strictObject({
  replicas: z.int().min(0).max(1000).optional(),
  autoscaling: z
    .strictObject({
      minReplicas: count.optional(),
      maxReplicas: count,
      targetCPUUtilizationPercentage: count.optional(),
      metrics: z.array(object).min(1).optional(),
      behavior: object.optional(),
    })
    .optional(),
  disruptionBudget: z
    .strictObject({
      enabled: z.boolean().optional(),
      minAvailable: intOrPercent.optional(),
      maxUnavailable: intOrPercent.optional(),
    })
    .optional(),
  service: service.optional(),
  pod: pod.optional(),
  logging: z
    .strictObject({
      level: z.enum(["debug", "info", "warn", "error"]).optional(),
      format: z.enum(["json", "text"]).optional(),
      refusedPerSecond: z.int().min(0).max(1_000_000).optional(),
    })
    .optional(),
  engine: z.enum(["auto", "portable", "linux"]).optional(),
  networkPolicy: z.strictObject({ enabled: z.boolean().optional() }).optional(),
});
