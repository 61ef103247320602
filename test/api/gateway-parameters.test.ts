/** GatewayParameters at a real API server: what their definition refuses, and what becomes of the objects that they ask for. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { GatewayParametersSpec } from "../../src/gateway-api/gateway-parameters.ts";
import type { KubernetesObject } from "../../src/gateway-api/objects.ts";
import { infrastructureOf } from "../../src/infra/infrastructure.ts";
import { systemClock } from "../../src/loop/clock.ts";
import { FIELD_MANAGER } from "../../src/model/identity.ts";
import type { GatewayPlan } from "../../src/model/plan.ts";
import { EMPTY_REVISION } from "../../src/model/revision.ts";
import { type ManagedObject, trimmedFor } from "../../src/operator/informer/trim.ts";
import type { KubeClient } from "../../src/operator/kube/client.ts";
import { Discovery } from "../../src/operator/kube/discovery.ts";
import {
  AUTOSCALERS,
  apiVersionOf,
  CONFIG_MAPS,
  DEPLOYMENTS,
  DISRUPTION_BUDGETS,
  GATEWAY_PARAMETERS,
  NETWORK_POLICIES,
  type ResourceType,
  SERVICE_ACCOUNTS,
  SERVICES,
} from "../../src/operator/kube/resource.ts";
import { Applier } from "../../src/operator/write/applier.ts";
import type { Write } from "../../src/operator/write/outcome.ts";
import { BAD, FULL, GOOD, parameters } from "../support/gateway-parameters.ts";
import { type Fixture, startFixture } from "./operator-fixture.ts";

// biome-ignore lint/suspicious/noExplicitAny: objects of many kinds; each assertion says what it expects.
type Any = any;

const KINDS = [
  SERVICE_ACCOUNTS,
  CONFIG_MAPS,
  NETWORK_POLICIES,
  SERVICES,
  DEPLOYMENTS,
  DISRUPTION_BUDGETS,
  AUTOSCALERS,
] as const;

let api: Fixture;
/** With the rights of the manifest, and no others. */
let operator: KubeClient;

before(async () => {
  api = await startFixture();
  await api.installGatewayParameters();
  operator = await api.operatorClient();
});
after(() => api?.stop());

const applied = (object: object) => api.kubectl(["apply", "-f", "-"], { input: JSON.stringify(object) });

test("what is good is taken, and is read again as it was written", async () => {
  for (const [i, spec] of GOOD.entries()) {
    const { code, stderr } = await applied(parameters(spec, `good-${i}`));
    assert.equal(code, 0, `${JSON.stringify(spec)}: ${stderr}`);
  }
  const type = await new Discovery(operator, systemClock).resolve(GATEWAY_PARAMETERS);
  assert.ok(type !== undefined);
  const read = await operator.get<Any>(type, { namespace: "default", name: "good-1" });
  assert.deepEqual(read.spec, FULL);
});

test("what is bad is refused, with the mend", async () => {
  for (const [spec, said] of BAD) {
    const { code, stderr } = await applied(parameters(spec, "bad"));
    assert.notEqual(code, 0, `taken: ${JSON.stringify(spec)}`);
    assert.match(stderr, said, JSON.stringify(spec));
  }
});

test("a load balancer's class does not change", async () => {
  const withClass = (loadBalancerClass: string) => parameters({ service: { loadBalancerClass } }, "fixed");
  assert.equal((await applied(withClass("a.example/b"))).code, 0);
  assert.match((await applied(withClass("a.example/c"))).stderr, /loadBalancerClass cannot change/);
});

test("kubectl shows who uses them", async () => {
  const status = {
    conditions: [
      {
        ...{ type: "Accepted", status: "True", reason: "Accepted", message: "", observedGeneration: 1 },
        lastTransitionTime: "2026-01-01T00:00:00Z",
      },
    ],
    gateways: 1,
    gatewayNames: ["default/g"],
  };
  const type = (await new Discovery(operator, systemClock).resolve(GATEWAY_PARAMETERS)) as ResourceType;
  const current = await operator.get<Any>(type, { namespace: "default", name: "good-0" });
  await operator.put(type, { ...current, status }, { subresource: "status", fieldManager: FIELD_MANAGER });
  const { stdout } = await api.kubectl(["get", "gwp", "good-0"]);
  assert.match(stdout, /NAME +ACCEPTED +GATEWAYS +AGE\ngood-0 +True +1 /);
});

const plan = (name: string, spec: GatewayParametersSpec | undefined): GatewayPlan => ({
  ...{ namespace: "default", name, uid: `uid-of-${name}`, gatewayClassName: "fsm", labels: {}, annotations: {} },
  ports: [{ name: "tls", port: 443 }],
  ...(spec !== undefined && { parameters: spec }),
  config: { revision: EMPTY_REVISION, resources: new Map() },
});
const options = { image: "image", operatorNamespace: "system", caBundle: "PEM" };

/** Applied by a fresh operator, whose caches have what is there now. */
async function reconcile(name: string, spec: GatewayParametersSpec | undefined) {
  const requests: string[] = [];
  const kinds = await Promise.all(
    KINDS.map(async (type) => {
      const { items } = await operator.list<KubernetesObject>(type, { labelSelector: "app=fsm-gateway" });
      const kept = items
        .filter(({ metadata }) => metadata.name === `fsm-gateway-${name}`)
        .map((item) => ({ ...item, apiVersion: apiVersionOf(type), kind: type.kind }))
        .map(trimmedFor<KubernetesObject>(FIELD_MANAGER));
      const byKey = new Map(kept.map((item) => [`${item.metadata.namespace}/${item.metadata.name}`, item]));
      return { type, live: { items: () => kept, get: (key: string) => byKey.get(key) } };
    }),
  );
  const onWrite = ({ verb, kind }: Write) => requests.push(`${verb} ${kind}`);
  const applier = new Applier({
    client: operator,
    kinds,
    fieldManager: FIELD_MANAGER,
    onWrite,
    clock: systemClock,
    random: Math.random,
  });
  const one = plan(name, spec);
  const prunableOwners = new Set(spec === undefined ? [] : [one.uid]);
  const report = await applier.reconcile(infrastructureOf(one, options), { prunableOwners });
  return { requests, report };
}

const live = (type: ResourceType, name: string): Promise<Any> =>
  operator.get<ManagedObject>(type, { namespace: "default", name: `fsm-gateway-${name}` });

test("everything that can be said is applied as it is said, and then nothing is sent", async () => {
  const spec = GOOD[1] as GatewayParametersSpec;
  const first = await reconcile("full", spec);
  assert.deepEqual(first.report.failures, []);
  assert.equal(first.report.applied, 7);
  const second = await reconcile("full", spec);
  // After a restart alone what the API server writes in another way is applied once more.
  assert.deepEqual(second.report.failures, []);
  assert.deepEqual(second.requests, []);
  const service = await live(SERVICES, "full");
  assert.equal(service.spec.loadBalancerClass, "example.com/lb");
  assert.equal(service.spec.ports[0].nodePort, 30_443);
  assert.equal((await live(AUTOSCALERS, "full")).spec.maxReplicas, 10);
});

test("what is switched off goes, and what cannot be used leaves everything as it is", async () => {
  assert.deepEqual((await reconcile("off", { autoscaling: { maxReplicas: 2 } })).report.failures, []);
  const held = await reconcile("off", undefined);
  assert.deepEqual([held.requests, held.report.failures], [[], []]);
  const off = await reconcile("off", { disruptionBudget: { enabled: false }, networkPolicy: { enabled: false } });
  assert.deepEqual(off.report.failures, []);
  assert.deepEqual(off.requests.sort(), [
    "delete HorizontalPodAutoscaler",
    "delete NetworkPolicy",
    "delete PodDisruptionBudget",
  ]);
});

test("replicas that are no longer asked for stay, until somebody scales", async () => {
  await reconcile("scaled", { replicas: 3 });
  const replicas = async () => (await live(DEPLOYMENTS, "scaled")).spec.replicas;
  assert.equal(await replicas(), 3);
  assert.deepEqual((await reconcile("scaled", { autoscaling: { maxReplicas: 5 } })).report.failures, []);
  assert.equal(await replicas(), 3, "not 1, the default");
  const scaled = await api.kubectl(["scale", "deployment/fsm-gateway-scaled", "--replicas=4"]);
  assert.equal(scaled.code, 0, scaled.stderr);
  assert.deepEqual((await reconcile("scaled", {})).requests, ["delete HorizontalPodAutoscaler"]);
  assert.equal(await replicas(), 4);
  assert.deepEqual((await reconcile("scaled", { replicas: 2 })).requests, ["apply Deployment"]);
  assert.equal(await replicas(), 2);
});

test("a Service becomes another type and back, with nothing of the other type left", async () => {
  await reconcile("types", { service: { externalTrafficPolicy: "Local" } });
  assert.deepEqual((await reconcile("types", { service: { type: "ClusterIP" } })).report.failures, []);
  const inside = await live(SERVICES, "types");
  assert.deepEqual(
    [inside.spec.type, inside.spec.externalTrafficPolicy, inside.spec.ports[0].nodePort],
    ["ClusterIP", undefined, undefined],
  );
  assert.deepEqual((await reconcile("types", {})).report.failures, []);
  const outside = await live(SERVICES, "types");
  assert.equal(outside.spec.type, "LoadBalancer");
  assert.equal(outside.spec.clusterIP, inside.spec.clusterIP, "it is the same Service");
});

test("what the API server refuses is told in its words, and the rest is applied", async () => {
  await reconcile("refused", {});
  const spec = {
    service: { loadBalancerClass: "a.example/b" },
    pod: { affinity: { nodeAffinity: { nonsense: true } }, labels: { tier: "1" } },
    disruptionBudget: { minAvailable: 1 },
  };
  const { report } = await reconcile("refused", spec);
  const said = report.refused.map(({ object, message }) => `${object.kind}: ${message}`);
  assert.equal(said.length, 2, [...said, ...report.failures].join("\n"));
  assert.match(said.join("\n"), /^Service: .*loadBalancerClass.*may not change once set/m);
  assert.match(said.join("\n"), /^Deployment: .*nonsense/m);
  assert.equal((await live(DISRUPTION_BUDGETS, "refused")).spec.minAvailable, 1);
});
