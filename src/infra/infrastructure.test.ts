import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayPlan } from "../model/plan.ts";
import { EMPTY_REVISION } from "../model/revision.ts";
import { infrastructureOf } from "./infrastructure.ts";

const plan: GatewayPlan = {
  namespace: "httpbin",
  name: "simple-fsm-gateway",
  uid: "u",
  gatewayClassName: "fsm",
  labels: { team: "edge", app: "stolen" },
  annotations: { "example.com/cost": "7" },
  ports: [{ name: "Foo.Bar", port: 443 }],
  parameters: {},
  config: { revision: EMPTY_REVISION, resources: new Map() },
};
const options = { image: "localhost/fsm-gateway:dev", operatorNamespace: "fsm-gateway-system", caBundle: "PEM" };
const objects = infrastructureOf(plan, options);

test("everything is in the Gateway's namespace, owned by it, labelled for users and tools", () => {
  assert.deepEqual(
    objects.map(({ kind }) => kind),
    ["ServiceAccount", "ConfigMap", "NetworkPolicy", "Service", "Deployment", "PodDisruptionBudget"],
  );
  for (const { metadata } of objects) {
    assert.equal(metadata.namespace, "httpbin");
    assert.deepEqual(
      metadata.ownerReferences.map((owner) => (owner as { uid: string }).uid),
      ["u"],
    );
    assert.equal(metadata.labels.app, "fsm-gateway");
    assert.equal(metadata.labels["gateway.networking.k8s.io/gateway-name"], "simple-fsm-gateway");
    assert.equal(metadata.labels.team, "edge");
    assert.equal(metadata.labels["gateway.networking.k8s.io/gateway-class-name"], "fsm");
    for (const label of Object.keys(metadata.labels)) assert.match(label, /^([a-z0-9.-]+\/)?[a-zA-Z0-9._-]+$/);
    assert.deepEqual(Object.keys(metadata.labels).length, 5);
    assert.equal(metadata.annotations?.["example.com/cost"], "7");
  }
});

test("the Service offers the listener's own port, also below 1024", () => {
  const service = objects.find(({ kind }) => kind === "Service") as unknown as {
    spec: { type: string; ports: { name: string; port: number; targetPort: number }[] };
  };
  assert.equal(service.spec.type, "LoadBalancer");
  const [port] = service.spec.ports;
  assert.equal(port?.port, 443);
  assert.equal(port?.targetPort, 443);
  assert.match(port?.name ?? "", /^foo-bar-[0-9a-f]{10}$/);
});

test("the Service asks for the Gateway's static address, and for none where there is none", () => {
  const specOf = (p: GatewayPlan) =>
    infrastructureOf(p, options).find(({ kind }) => kind === "Service")?.spec as object;
  assert.ok(!("loadBalancerIP" in specOf(plan)));
  assert.deepEqual(specOf({ ...plan, address: "192.0.2.7" }), { ...specOf(plan), loadBalancerIP: "192.0.2.7" });
});

test("the Deployment records the hash of its applied Pod template", () => {
  const hashOf = (p: GatewayPlan, image = options.image) =>
    infrastructureOf(p, { ...options, image }).find(({ kind }) => kind === "Deployment")?.metadata.annotations?.[
      "gateway.fsm.dev/pod-template-hash"
    ];
  assert.match(hashOf(plan) ?? "", /^[0-9a-f]{16}$/);
  assert.equal(hashOf({ ...plan, parameters: { replicas: 3 } }), hashOf(plan), "scaling is no rollout");
  assert.notEqual(hashOf(plan, "localhost/fsm-gateway:next"), hashOf(plan));
  const stolen = { ...plan, annotations: { ...plan.annotations, "gateway.fsm.dev/pod-template-hash": "x" } };
  assert.match(hashOf(stolen) ?? "", /^[0-9a-f]{16}$/);
});

test("a change of listeners does not change the Deployment", () => {
  const deployment = (p: GatewayPlan) => infrastructureOf(p, options).find(({ kind }) => kind === "Deployment");
  assert.deepEqual(deployment(plan), deployment({ ...plan, ports: [{ name: "other", port: 1 }] }));
});

test("a proxy receives its node's address, whose node ports lead back", () => {
  const deployment = objects.find(({ kind }) => kind === "Deployment") as unknown as {
    readonly spec: {
      readonly template: { readonly spec: { readonly containers: readonly { readonly env: unknown }[] } };
    };
  };
  assert.deepEqual(deployment.spec.template.spec.containers[0]?.env, [
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "NODE_ADDRESS", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
  ]);
});
