/** Status, apply, Events and the leader's lease at a real API server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  GATEWAY_GROUP,
  type Gateway,
  type KubernetesObject,
  type RouteParentStatus,
  type RouteStatus,
  type TlsRoute,
} from "../../src/gateway-api/objects.ts";
import { systemClock } from "../../src/loop/clock.ts";
import { FIELD_MANAGER } from "../../src/model/identity.ts";
import type { ManagedObject } from "../../src/operator/informer/trim.ts";
import { trimmedFor } from "../../src/operator/informer/trim.ts";
import { isApiError } from "../../src/operator/kube/api-error.ts";
import { Discovery } from "../../src/operator/kube/discovery.ts";
import {
  apiVersionOf,
  DEPLOYMENTS,
  EVENTS,
  GATEWAY_API_KINDS,
  type ResourceType,
  SERVICE_ACCOUNTS,
  SERVICES,
} from "../../src/operator/kube/resource.ts";
import { LeaderElection } from "../../src/operator/leader/election.ts";
import { type AppliedKind, Applier } from "../../src/operator/write/applier.ts";
import { EventRecorder } from "../../src/operator/write/events.ts";
import type { Write } from "../../src/operator/write/outcome.ts";
import { writeStatus } from "../../src/operator/write/status.ts";
import { waitFor } from "../support/wait-for.ts";
import { type Fixture, SILENT, startWithGatewayApi } from "./operator-fixture.ts";

const OURS = "test.example/ours";

let api: Fixture;
let tlsRoutes: ResourceType;
let gateways: ResourceType;

before(async () => {
  api = await startWithGatewayApi({ channel: "experimental" });
  const discovery = new Discovery(api.client, systemClock);
  tlsRoutes = await served(discovery, "tlsRoutes");
  gateways = await served(discovery, "gateways");
});
after(() => api?.stop());

async function served(discovery: Discovery, kind: keyof typeof GATEWAY_API_KINDS): Promise<ResourceType> {
  const type = await discovery.resolve(GATEWAY_API_KINDS[kind]);
  assert.ok(type !== undefined, `${kind} is served`);
  return type;
}

const reference = (name: string) => ({ namespace: "default", name });

function parent(controllerName: string, message: string): RouteParentStatus {
  const condition = { type: "Accepted", status: "True", reason: "Accepted", observedGeneration: 1 } as const;
  const lastTransitionTime = "2026-01-01T00:00:00Z";
  return {
    parentRef: { group: GATEWAY_GROUP, kind: "Gateway", name: "gw" },
    controllerName,
    conditions: [{ ...condition, message, lastTransitionTime }],
  };
}

/** The status with one controller's entry replaced and all others kept, as the translator's merge does it. */
const merged = (route: TlsRoute, entry: RouteParentStatus): RouteStatus => ({
  parents: [...(route.status?.parents ?? []).filter((p) => p.controllerName !== entry.controllerName), entry],
});

const entryOf = (route: TlsRoute, controllerName: string) =>
  route.status?.parents?.find((entry) => entry.controllerName === controllerName);

async function createRoute(name: string): Promise<TlsRoute> {
  return api.client.create<TlsRoute>(tlsRoutes, {
    apiVersion: apiVersionOf(tlsRoutes),
    kind: "TLSRoute",
    metadata: { name, namespace: "default" },
    spec: {
      parentRefs: [{ name: "gw" }],
      hostnames: [`${name}.test`],
      rules: [{ backendRefs: [{ name: "b", port: 1 }] }],
    },
  } as KubernetesObject);
}

test("a TLSRoute written as v1alpha2 without hostnames is read as v1 without them, and its status can be written", async () => {
  assert.equal(tlsRoutes.version, "v1");
  await api.applyYaml(`
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TLSRoute
metadata: { name: no-hostnames, namespace: default }
spec:
  parentRefs: [{ name: gw, port: 8000 }]
  rules: [{ backendRefs: [{ name: httpbin.org, port: 443 }] }]
`);
  const route = await api.client.get<TlsRoute>(tlsRoutes, reference("no-hostnames"));
  assert.equal(route.apiVersion, "gateway.networking.k8s.io/v1");
  assert.equal(route.spec.hostnames, undefined);
  const next = (current: TlsRoute) => merged(current, parent(OURS, "fine"));
  assert.equal(await writeStatus(api.client, tlsRoutes, route, next), "written");
  const written = await api.client.get<TlsRoute>(tlsRoutes, reference("no-hostnames"));
  assert.equal(entryOf(written, OURS)?.conditions?.[0]?.message, "fine");
  assert.deepEqual(written.spec, route.spec);
  assert.equal(await writeStatus(api.client, tlsRoutes, written, next), "unchanged");
});

test("the status of an object that was deleted, or made anew under its name, is not written", async () => {
  const old = await createRoute("recreated");
  const next = (current: TlsRoute) => merged(current, parent(OURS, "for the old one"));
  await api.client.delete(
    tlsRoutes,
    reference("recreated"),
    old.metadata.uid === undefined ? {} : { uid: old.metadata.uid },
  );
  assert.equal(await writeStatus(api.client, tlsRoutes, old, next), "gone");
  await createRoute("recreated");
  assert.equal(await writeStatus(api.client, tlsRoutes, old, next), "gone");
  const present = await api.client.get<TlsRoute>(tlsRoutes, reference("recreated"));
  assert.equal(entryOf(present, OURS), undefined);
});

const KINDS = [SERVICE_ACCOUNTS, SERVICES, DEPLOYMENTS];

/** Live objects as the informers would have them, listed now. */
async function applierWithFreshCaches() {
  const requests: string[] = [];
  const kinds = await Promise.all(
    KINDS.map(async (type): Promise<AppliedKind> => {
      const { items } = await api.client.list<KubernetesObject>(type, { labelSelector: "app=fsm-gateway" });
      const kept = items.map((item) =>
        trimmedFor<KubernetesObject>(FIELD_MANAGER)({ ...item, apiVersion: apiVersionOf(type), kind: type.kind }),
      );
      const byKey = new Map(kept.map((item) => [`${item.metadata.namespace}/${item.metadata.name}`, item]));
      return { type, live: { items: () => kept, get: (key) => byKey.get(key) } };
    }),
  );
  const onWrite = ({ verb, kind }: Write) => requests.push(`${verb} ${kind}`);
  const { client } = api;
  return {
    requests,
    applier: new Applier({
      client,
      kinds,
      fieldManager: FIELD_MANAGER,
      onWrite,
      clock: systemClock,
      random: Math.random,
    }),
  };
}

function provisioned(gateway: Gateway, annotations: Record<string, string> = {}): readonly KubernetesObject[] {
  const { name, uid } = gateway.metadata;
  const metadata = {
    name: `${name}-proxy`,
    namespace: "default",
    labels: { app: "fsm-gateway" },
    annotations,
    ownerReferences: [{ apiVersion: gateway.apiVersion, kind: "Gateway", name, uid, controller: true }],
  };
  const selector = { app: "fsm-gateway", of: name };
  // "1000m" is stored as "1": a value that the API server writes differently.
  const container = { name: "proxy", image: "none", resources: { requests: { cpu: "1000m", memory: "128Mi" } } };
  const template = { metadata: { labels: selector }, spec: { containers: [container] } };
  const ports = [
    { name: "b", port: 8001, targetPort: 8001, protocol: "TCP" },
    { name: "a", port: 8000, targetPort: 8000, protocol: "TCP" },
  ];
  const objects: (KubernetesObject & { readonly [field: string]: unknown })[] = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false },
    { apiVersion: "v1", kind: "Service", metadata, spec: { type: "LoadBalancer", selector, ports } },
    { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { selector: { matchLabels: selector }, template } },
  ];
  return objects;
}

async function createGateway(name: string): Promise<Gateway> {
  const listeners = [{ name: "tls", port: 8000, protocol: "TLS", tls: { mode: "Passthrough" } }];
  const spec = { gatewayClassName: "test", listeners };
  const object = {
    apiVersion: apiVersionOf(gateways),
    kind: "Gateway",
    metadata: { name, namespace: "default" },
    spec,
  };
  return api.client.create<Gateway>(gateways, object as KubernetesObject);
}

test("apply: creates in order, then sends nothing, also after a restart but for values written differently", async () => {
  const wanted = provisioned(await createGateway("apply"), { note: "one" });
  const first = await applierWithFreshCaches();
  assert.deepEqual(await first.applier.reconcile(wanted), outcome({ applied: 3 }));
  assert.deepEqual(first.requests, ["apply ServiceAccount", "apply Service", "apply Deployment"]);

  // The caches of the first applier still have nothing, so it asks the API server; and then it knows.
  assert.deepEqual(await first.applier.reconcile(wanted), outcome({ unchanged: 3 }));

  const restarted = await applierWithFreshCaches();
  const report = await restarted.applier.reconcile(wanted);
  assert.deepEqual(restarted.requests, ["apply Deployment"], "of the quantity 1000m only an apply can tell");
  assert.deepEqual(report, outcome({ applied: 1, unchanged: 2 }));
});

test("apply: one that changes nothing bumps no resourceVersion", async () => {
  const [account] = provisioned(await createGateway("same"));
  assert.ok(account !== undefined);
  const apply = () => api.client.apply(SERVICE_ACCOUNTS, account, { fieldManager: FIELD_MANAGER, force: true });
  const first = await apply();
  assert.equal((await apply()).metadata.resourceVersion, first.metadata.resourceVersion);
});

test("apply: restores what was changed by hand, and removes a field that is no longer wanted, after a restart too", async () => {
  const gateway = await createGateway("drift");
  await (await applierWithFreshCaches()).applier.reconcile(provisioned(gateway, { note: "one", extra: "x" }));
  await api.client.patch(SERVICES, reference("drift-proxy"), { spec: { type: "ClusterIP" } });
  await api.client.patch(SERVICES, reference("drift-proxy"), { metadata: { annotations: { theirs: "kept" } } });
  await (await applierWithFreshCaches()).applier.reconcile(provisioned(gateway, { note: "one" }));
  const service = await api.client.get<ManagedObject & { spec: { type: string } }>(SERVICES, reference("drift-proxy"));
  assert.equal(service.spec.type, "LoadBalancer");
  assert.deepEqual(service.metadata.annotations, { note: "one", theirs: "kept" });
});

test("apply: deletes what is no longer wanted and only what was provisioned", async () => {
  const gateway = await createGateway("prune");
  await api.applyYaml(`
apiVersion: v1
kind: Service
metadata: { name: of-a-user, namespace: default, labels: { app: fsm-gateway } }
spec: { ports: [{ port: 1 }] }
`);
  const wanted = provisioned(gateway);
  await (await applierWithFreshCaches()).applier.reconcile(wanted);
  const { applier, requests } = await applierWithFreshCaches();
  const account = wanted.filter(({ kind }) => kind === "ServiceAccount");
  assert.equal((await applier.reconcile(account)).deleted, 0, "its Gateway may be merely not seen");
  const prunableOwners = new Set([gateway.metadata.uid ?? ""]);
  const report = await applier.reconcile(account, { prunableOwners });
  assert.deepEqual(report.failures, []);
  assert.ok(requests.indexOf("delete Deployment") < requests.indexOf("delete Service"), "in reverse order");
  // The cloud controller's finalizer keeps a LoadBalancer Service until its address is given back.
  await waitFor("the Service is gone", () => isAbsent(SERVICES, "prune-proxy"));
  await waitFor("the Deployment is gone", () => isAbsent(DEPLOYMENTS, "prune-proxy"));
  await api.client.get(SERVICE_ACCOUNTS, reference("prune-proxy"));
  await api.client.get(SERVICES, reference("of-a-user"));
});

test("apply: leaves alone an object of that name which somebody else made", async () => {
  const gateway = await createGateway("foreign");
  await api.applyYaml(`
apiVersion: v1
kind: Service
metadata: { name: foreign-proxy, namespace: default }
spec: { ports: [{ port: 1 }] }
`);
  const before = await api.client.get(SERVICES, reference("foreign-proxy"));
  const wanted = provisioned(gateway).filter(({ kind }) => kind === "Service");
  const report = await (await applierWithFreshCaches()).applier.reconcile(wanted);
  assert.deepEqual(report.foreign, wanted);
  const present = await api.client.get(SERVICES, reference("foreign-proxy"));
  assert.equal(present.metadata.resourceVersion, before.metadata.resourceVersion);
});

async function isAbsent(type: ResourceType, name: string): Promise<boolean> {
  const failure = await api.client.get(type, reference(name)).catch((error: unknown) => error);
  return isApiError(failure, "NotFound");
}

function outcome(counts: { applied?: number; unchanged?: number }) {
  return { applied: 0, unchanged: 0, deleted: 0, foreign: [], refused: [], failures: [], ...counts };
}

test("two replicas: one leads, and hands over within 2 s when it stops", async () => {
  const events: string[] = [];
  const replica = (identity: string) =>
    new LeaderElection({
      client: api.client,
      namespace: "default",
      name: "hand-over",
      identity,
      onStarted: () => events.push(`${identity} started`),
      onLost: () => events.push(`${identity} lost`),
      clock: systemClock,
      random: Math.random,
      log: SILENT,
    });
  const [a, b] = [replica("a"), replica("b")];
  a.start();
  await waitFor("a leads", () => a.leading);
  b.start();
  await waitFor("b sees a", () => b.holder === "a");
  await a.stop();
  const stoppedMs = performance.now();
  await waitFor("b leads", () => b.leading, 10_000);
  const tookMs = performance.now() - stoppedMs;
  assert.ok(tookMs <= 2_500, `took ${tookMs} ms: 2 s, two requests and this test's polling`);
  assert.deepEqual(events, ["a started", "b started"]);
  await b.stop();
});

test("an Event reaches the API server and is shown for its object", async () => {
  const route = await createRoute("told");
  const recorder = new EventRecorder({
    client: api.client,
    controller: "test.example/controller",
    instance: "replica-1",
    clock: systemClock,
    log: SILENT,
  });
  const event = {
    type: "Warning",
    reason: "BackendNotFound",
    message: "ä".repeat(600),
    about: "ResolvedRefs",
  } as const;
  assert.equal(recorder.record(route, event), true);
  assert.equal(recorder.record(route, event), false);
  await recorder.flush();
  const { items } = await api.client.list<KubernetesObject>(EVENTS, { namespace: "default" });
  const ours = items.filter((item) => item.metadata.name.startsWith("told."));
  assert.equal(ours.length, 1);
  const shown = await api.kubectl(["-n", "default", "describe", "tlsroute", "told"]);
  assert.match(shown.stdout, /BackendNotFound/);
});
