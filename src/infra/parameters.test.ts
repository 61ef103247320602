/** What GatewayParameters make of the objects; what they are without any is infrastructure.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayParametersSpec } from "../gateway-api/gateway-parameters.ts";
import type { GatewayPlan } from "../model/plan.ts";
import { EMPTY_REVISION } from "../model/revision.ts";
import { infrastructureOf } from "./infrastructure.ts";

const plan: GatewayPlan = {
  namespace: "shop",
  name: "edge",
  uid: "u",
  gatewayClassName: "fsm",
  labels: { team: "edge" },
  annotations: { note: "of the Gateway" },
  ports: [
    { name: "tls", port: 443 },
    { name: "tcp", port: 5432 },
  ],
  parameters: {},
  config: { revision: EMPTY_REVISION, resources: new Map() },
};
const options = { image: "image", operatorNamespace: "system", caBundle: "PEM" };
const selector = { app: "fsm-gateway", "gateway.networking.k8s.io/gateway-name": "edge" };

// biome-ignore lint/suspicious/noExplicitAny: objects of many kinds; each assertion says what it expects.
type Any = any;

function objects(parameters: GatewayParametersSpec, more: Partial<GatewayPlan> = {}): Record<string, Any> {
  const all = infrastructureOf({ ...plan, ...more, parameters }, options);
  return Object.fromEntries(all.map((object) => [object.kind, object]));
}

test("without parameters: one proxy may be missing at a time, and clients reach the listeners' ports and no other", () => {
  const { NetworkPolicy, PodDisruptionBudget, HorizontalPodAutoscaler, Deployment } = objects({});
  assert.deepEqual(PodDisruptionBudget.spec, {
    maxUnavailable: 1,
    selector: { matchLabels: selector },
    unhealthyPodEvictionPolicy: "AlwaysAllow",
  });
  assert.deepEqual(NetworkPolicy.spec, {
    podSelector: { matchLabels: selector },
    policyTypes: ["Ingress"],
    ingress: [{ ports: [443, 5432, 19001].map((port) => ({ port, protocol: "TCP" })) }],
  });
  assert.equal(HorizontalPodAutoscaler, undefined);
  assert.ok(!("replicas" in Deployment.spec), "whoever scales owns them");
  assert.deepEqual(
    Deployment.spec.template.spec.topologySpreadConstraints.map((c: Any) => [
      c.topologyKey,
      c.whenUnsatisfiable,
      c.matchLabelKeys,
    ]),
    [
      ["topology.kubernetes.io/zone", "ScheduleAnyway", ["pod-template-hash"]],
      ["kubernetes.io/hostname", "ScheduleAnyway", ["pod-template-hash"]],
    ],
  );
});

test("the policy opens a port before the Service leads to it", () => {
  const kinds = infrastructureOf(plan, options).map(({ kind }) => kind);
  assert.ok(kinds.indexOf("NetworkPolicy") < kinds.indexOf("Service"));
});

test("parameters that cannot be used leave everything but the way to the operator as it is", () => {
  const { parameters: _, ...rest } = plan;
  assert.deepEqual(
    infrastructureOf(rest, options).map(({ kind }) => kind),
    ["ServiceAccount", "ConfigMap"],
  );
});

test("replicas are set where they are asked for", () => {
  assert.equal(objects({ replicas: 3 }).Deployment.spec.replicas, 3);
  assert.equal(objects({ replicas: 0 }).Deployment.spec.replicas, 0);
});

test("an autoscaler scales the Deployment, by CPU unless it is told otherwise", () => {
  const { HorizontalPodAutoscaler: autoscaler, Deployment } = objects({ autoscaling: { maxReplicas: 4 } });
  assert.deepEqual(autoscaler.spec, {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: Deployment.metadata.name },
    minReplicas: 1,
    maxReplicas: 4,
    metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } }],
  });
  assert.ok(!("replicas" in Deployment.spec));
  const metrics = [{ type: "Pods" }];
  const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } };
  const told = objects({ autoscaling: { minReplicas: 2, maxReplicas: 4, metrics, behavior } }).HorizontalPodAutoscaler;
  assert.deepEqual([told.spec.minReplicas, told.spec.metrics, told.spec.behavior], [2, metrics, behavior]);
  const quick = objects({ autoscaling: { maxReplicas: 4, targetCPUUtilizationPercentage: 50 } });
  assert.equal(quick.HorizontalPodAutoscaler.spec.metrics[0].resource.target.averageUtilization, 50);
});

test("budget and policy can be other ones, or none", () => {
  const none = objects({ disruptionBudget: { enabled: false }, networkPolicy: { enabled: false } });
  assert.deepEqual([none.PodDisruptionBudget, none.NetworkPolicy], [undefined, undefined]);
  const { spec } = objects({ disruptionBudget: { minAvailable: "50%" } }).PodDisruptionBudget;
  assert.equal(spec.minAvailable, "50%");
  assert.ok(!("maxUnavailable" in spec));
});

test("the Service is as it is asked for; what the Gateway says itself wins, and ours wins over all", () => {
  const { Service } = objects({
    service: {
      type: "NodePort",
      annotations: { note: "of the parameters", more: "x" },
      labels: { team: "other", tier: "1", app: "stolen" },
      externalTrafficPolicy: "Local",
      nodePorts: [{ port: 443, nodePort: 30443 }],
      ipFamilyPolicy: "PreferDualStack",
    },
  });
  assert.deepEqual(Service.metadata.annotations, { note: "of the Gateway", more: "x" });
  const { team, tier, app } = Service.metadata.labels;
  assert.deepEqual({ team, tier, app }, { team: "edge", tier: "1", app: "fsm-gateway" });
  assert.deepEqual(Service.spec, {
    type: "NodePort",
    externalTrafficPolicy: "Local",
    ipFamilyPolicy: "PreferDualStack",
    selector,
    ports: [
      { name: "tls", port: 443, targetPort: 443, protocol: "TCP", nodePort: 30443 },
      { name: "tcp", port: 5432, targetPort: 5432, protocol: "TCP" },
    ],
  });
});

test("a static address is asked of load balancers only", () => {
  const address = "192.0.2.7";
  assert.equal(objects({}, { address }).Service.spec.loadBalancerIP, address);
  assert.ok(!("loadBalancerIP" in objects({ service: { type: "ClusterIP" } }, { address }).Service.spec));
});

test("the Pods are as they are asked for", () => {
  const pod = {
    annotations: { scrape: "yes" },
    labels: { tier: "1", app: "stolen" },
    nodeSelector: { pool: "edge" },
    affinity: { nodeAffinity: {} },
    tolerations: [{ key: "edge", operator: "Exists" }],
    topologySpreadConstraints: [
      { maxSkew: 2, topologyKey: "rack", whenUnsatisfiable: "DoNotSchedule" },
      { maxSkew: 1, topologyKey: "row", labelSelector: { matchLabels: { tier: "1" } } },
    ],
    priorityClassName: "high",
    resources: { limits: { memory: "1Gi" } },
    drainSeconds: 5,
    imagePullSecrets: [{ name: "registry" }],
  };
  const { metadata, spec } = objects({ pod, engine: "portable" }).Deployment.spec.template;
  assert.deepEqual(metadata.labels, { tier: "1", team: "edge", ...selector });
  assert.deepEqual(metadata.annotations, { scrape: "yes", note: "of the Gateway" });
  for (const member of ["nodeSelector", "affinity", "tolerations", "priorityClassName", "imagePullSecrets"] as const) {
    assert.deepEqual(spec[member], pod[member]);
  }
  assert.deepEqual(
    spec.topologySpreadConstraints.map((c: Any) => c.labelSelector.matchLabels),
    [selector, { tier: "1" }],
  );
  const [{ resources, args }] = spec.containers;
  assert.deepEqual(resources, pod.resources);
  assert.ok(args.includes("--drain-seconds=5") && args.includes("--engine=portable"));
  assert.ok(spec.terminationGracePeriodSeconds > 5, "a proxy that drains is not killed");
  assert.deepEqual(
    objects({ pod: { topologySpreadConstraints: [] } }).Deployment.spec.template.spec.topologySpreadConstraints,
    [],
  );
});

test("what the stream carries changes no object", () => {
  assert.deepEqual(objects({ logging: { level: "debug", format: "text", refusedPerSecond: 0 } }), objects({}));
});
