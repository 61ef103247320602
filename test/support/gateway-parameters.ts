/** GatewayParameters that are good, and some that are bad in one way each: whoever judges by their definition must say the same. */

export const parameters = (spec: unknown, name = "sample") => ({
  apiVersion: "gateway.fsm.dev/v1alpha1",
  kind: "GatewayParameters",
  metadata: { name, namespace: "default" },
  spec,
});

/** As much as can be said at once. */
export const FULL = {
  autoscaling: {
    minReplicas: 2,
    maxReplicas: 10,
    metrics: [
      { type: "Resource", resource: { name: "memory", target: { type: "Utilization", averageUtilization: 70 } } },
    ],
    behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
  },
  disruptionBudget: { minAvailable: "50%" },
  service: {
    type: "LoadBalancer",
    annotations: { "example.com/pool": "edge" },
    labels: { tier: "edge" },
    externalTrafficPolicy: "Local",
    internalTrafficPolicy: "Cluster",
    loadBalancerClass: "example.com/lb",
    loadBalancerSourceRanges: ["192.0.2.0/24", "2001:db8::/32"],
    allocateLoadBalancerNodePorts: true,
    healthCheckNodePort: 30_500,
    nodePorts: [{ port: 443, nodePort: 30_443 }],
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
  },
  pod: {
    annotations: { a: "b" },
    labels: { tier: "edge" },
    nodeSelector: { "kubernetes.io/os": "linux" },
    affinity: { podAntiAffinity: {} },
    tolerations: [{ key: "edge", operator: "Exists", effect: "NoSchedule" }],
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "DoNotSchedule" },
    ],
    priorityClassName: "system-cluster-critical",
    resources: { requests: { cpu: "500m", memory: "256Mi" }, limits: { memory: "1Gi" } },
    drainSeconds: 300,
    imagePullSecrets: [{ name: "registry" }],
    image: "localhost/fsm-gateway:1.2",
    securityContext: {
      ...{ runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, fsGroupChangePolicy: "OnRootMismatch" },
      supplementalGroups: [2000],
    },
    runtimeClassName: "gvisor",
    dnsConfig: { options: [{ name: "ndots", value: "1" }] },
    minReadySeconds: 5,
    patch: { spec: { hostAliases: [{ ip: "192.0.2.1", hostnames: ["a.example"] }] } },
  },
  logging: { level: "warn", format: "json", refusedPerSecond: 10 },
  engine: "linux",
  networkPolicy: { enabled: true },
};

export const GOOD: readonly object[] = [
  {},
  FULL,
  { replicas: 0 },
  { disruptionBudget: { maxUnavailable: 2 } },
  { disruptionBudget: { enabled: false } },
  { service: { type: "ClusterIP", ipFamilies: ["IPv6", "IPv4"], ipFamilyPolicy: "RequireDualStack" } },
  { service: { type: "NodePort", externalTrafficPolicy: "Local" } },
  { pod: { topologySpreadConstraints: [] } },
  { pod: { securityContext: {} } },
];

/** With a word of the message that says why. */
export const BAD: readonly (readonly [spec: object, said: RegExp])[] = [
  [{ replicas: 2, autoscaling: { maxReplicas: 3 } }, /replicas and autoscaling exclude each other/],
  [{ replicas: -1 }, /replicas/],
  [{ autoscaling: {} }, /maxReplicas/],
  [{ autoscaling: { minReplicas: 4, maxReplicas: 3 } }, /minReplicas is greater than maxReplicas/],
  [{ autoscaling: { maxReplicas: 3, metrics: [{}], targetCPUUtilizationPercentage: 50 } }, /short form of metrics/],
  [{ disruptionBudget: { minAvailable: 1, maxUnavailable: 1 } }, /exclude each other/],
  [{ disruptionBudget: { enabled: false, minAvailable: 1 } }, /without a budget/],
  [{ disruptionBudget: { minAvailable: "half" } }, /percentage such as 50%/],
  [{ disruptionBudget: { maxUnavailable: -1 } }, /percentage such as 50%/],
  [{ service: { type: "ExternalName" } }, /type/],
  [{ service: { type: "ClusterIP", loadBalancerClass: "x" } }, /loadBalancerClass is for type LoadBalancer/],
  [{ service: { type: "NodePort", loadBalancerSourceRanges: ["192.0.2.0/24"] } }, /loadBalancerSourceRanges is for/],
  [{ service: { type: "NodePort", allocateLoadBalancerNodePorts: false } }, /allocateLoadBalancerNodePorts is for/],
  [
    { service: { type: "NodePort", externalTrafficPolicy: "Local", healthCheckNodePort: 30_000 } },
    /healthCheckNodePort is for type/,
  ],
  [{ service: { healthCheckNodePort: 30_000 } }, /healthCheckNodePort is for externalTrafficPolicy Local/],
  [{ service: { type: "ClusterIP", externalTrafficPolicy: "Local" } }, /externalTrafficPolicy is for types/],
  [{ service: { type: "ClusterIP", nodePorts: [{ port: 1, nodePort: 30_000 }] } }, /nodePorts is for types/],
  [{ service: { nodePorts: [1, 2].map((port) => ({ port, nodePort: 30_000 })) } }, /a node port leads to one port/],
  [{ service: { nodePorts: [1, 1].map((port, i) => ({ port, nodePort: 30_000 + i })) } }, /nodePorts/],
  [{ service: { loadBalancerSourceRanges: ["192.0.2.0"] } }, /loadBalancerSourceRanges/],
  [{ service: { ipFamilies: ["IPv4", "IPv6"] } }, /two ipFamilies need an ipFamilyPolicy/],
  [{ service: { ipFamilies: ["IPv4", "IPv4"], ipFamilyPolicy: "PreferDualStack" } }, /ipFamilies/],
  [{ service: { labels: { app: "mine" } } }, /those by which the Gateway's objects are found/],
  [{ pod: { labels: { "gateway.networking.k8s.io/gateway-name": "x" } } }, /those by which the Gateway's objects/],
  [{ pod: { resources: { requests: { cpu: "much" } } } }, /cpu/],
  [{ pod: { drainSeconds: 100_000 } }, /drainSeconds/],
  [{ pod: { topologySpreadConstraints: [{ maxSkew: 1, whenUnsatisfiable: "DoNotSchedule" }] } }, /topologyKey/],
  [{ pod: { securityContext: { runAsUser: 0 } } }, /runAsUser/],
  [{ pod: { securityContext: { supplementalGroups: [0] } } }, /supplementalGroups/],
  [{ pod: { minReadySeconds: 301 } }, /minReadySeconds/],
  [{ pod: { image: "" } }, /image/],
  [{ logging: { level: "trace" } }, /level/],
  [{ logging: { refusedPerSecond: -1 } }, /refusedPerSecond/],
  [{ engine: "fast" }, /engine/],
];
