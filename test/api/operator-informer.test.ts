/** The operator's informers and discovery at a real API server: CRDs that come later, restarts, many objects. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { appendFile, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import type { KubernetesObject } from "../../src/gateway-api/objects.ts";
import { type Clock, systemClock } from "../../src/loop/clock.ts";
import { ALL_NAMESPACES } from "../../src/model/namespace-scope.ts";
import { Informer } from "../../src/operator/informer/informer.ts";
import { createOperatorInformers } from "../../src/operator/informer/operator-informers.ts";
import { ApiError } from "../../src/operator/kube/api-error.ts";
import { InstalledBundle } from "../../src/operator/kube/bundle.ts";
import { Discovery } from "../../src/operator/kube/discovery.ts";
import {
  CONFIG_MAPS,
  GATEWAY_API_KINDS,
  GATEWAY_PARAMETERS,
  NAMESPACES,
  SERVICES,
} from "../../src/operator/kube/resource.ts";
import { concurrently } from "../../src/operator/write/concurrently.ts";
import { waitFor } from "../support/wait-for.ts";
import { type Fixture, SILENT, startFixture } from "./operator-fixture.ts";

let api: Fixture;
before(async () => {
  api = await startFixture();
});
after(() => api?.stop());

/** Waits a tenth as long, so that probes for absent kinds take 1 s at most. */
const hurried: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 10, signal) };

function operatorInformers(clock: Clock = hurried, terminate = true) {
  const bundleChanges: unknown[] = [];
  const { client } = api;
  const bundle = new InstalledBundle({ client, log: SILENT, onChange: () => bundleChanges.push(bundle.current) });
  const discovery = new Discovery(client, clock);
  const common = { client, discovery, bundle, terminate, clock, random: Math.random, log: SILENT };
  return { set: createOperatorInformers(common), bundle, discovery, bundleChanges };
}

/** Demands all namespaces. */
const EVERYWHERE = new Set([ALL_NAMESPACES]);

const OUR_DEFINITION = join(import.meta.dirname, "../../crds/gateway.fsm.dev_gatewayparameters.yaml");
const NEW_KINDS = ["ListenerSet", "TCPRoute", "BackendTLSPolicy", "XBackend"];

test("a cluster without Gateway API is read; what is installed later is found, kind by kind, without a restart", async (t) => {
  const { set, bundle, bundleChanges } = operatorInformers();
  const changes: string[] = [];
  set.onChange((kind, key) => changes.push(`${kind} ${key}`));
  t.after(() => set.stop());
  set.start();
  assert.ok(set.missing().includes("TLSRoute"));
  await set.whenAllSynced;
  assert.deepEqual(set.missing(), []);
  const all = [...Object.values(GATEWAY_API_KINDS), GATEWAY_PARAMETERS].map(({ kind }): string => kind);
  assert.deepEqual([...set.absent()].sort(), [...all].sort());
  assert.equal(set.absent(), set.absent(), "the same set while nothing changes");
  assert.deepEqual(bundle.current, { mixed: false });

  await api.installGatewayApi("standard", NEW_KINDS);
  await api.applyYaml(`
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: late }
spec: { controllerName: test.example/late }
`);
  await waitFor("the GatewayClass is seen", () => set.of.gatewayClasses.get("late"));
  assert.ok(changes.includes("GatewayClass late"));
  const stillAbsent = [...NEW_KINDS, GATEWAY_PARAMETERS.kind];
  await waitFor("the others are read", () => set.absent().size === stillAbsent.length);
  assert.deepEqual([...set.absent()].sort(), stillAbsent.sort());
  assert.ok(changes.includes("HTTPRoute "), "a kind without objects is news");
  assert.equal(set.of.tlsRoutes.type?.version, "v1");
  assert.equal(set.of.referenceGrants.type?.version, "v1");
  await waitFor("the bundle is known", () => bundle.current?.version !== undefined);
  assert.deepEqual(bundle.current, { version: "v1.6.3", channel: "standard", mixed: false });
  assert.equal(bundleChanges.length >= 2, true);

  await api.installGatewayApi("standard");
  await api.applyYaml(await readFile(OUR_DEFINITION, "utf8"));
  await waitFor("the standard channel and our own kind are read", () => set.absent().size === 1);
  assert.deepEqual([...set.absent()], ["XBackend"]);
  assert.equal(set.of.gatewayParameters.type?.version, "v1alpha1");
  const { tcpRoutes, listenerSets, backendTlsPolicies } = set.of;
  const versions = [tcpRoutes, listenerSets, backendTlsPolicies].map(({ type }) => type?.version);
  assert.deepEqual(versions, ["v1", "v1", "v1"]);
});

test("without Terminate no Secret is listed or watched, and the kind counts as absent", async (t) => {
  await api.applyYaml(`
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: { name: certificate, namespace: default }
data: { tls.crt: "", tls.key: "" }
`);
  const [reading, other] = [operatorInformers(hurried, true).set, operatorInformers(hurried, false).set];
  t.after(() => Promise.all([reading.stop(), other.stop()]));
  for (const set of [reading, other]) set.start();
  await Promise.all([reading.whenAllSynced, other.whenAllSynced]);
  reading.of.secrets.demand(EVERYWHERE);
  await waitFor("Secrets are read", () => reading.of.secrets.isRead("default"));
  assert.ok(reading.of.secrets.get("default/certificate") !== undefined);
  assert.ok(!reading.absent().has("Secret"));
  assert.deepEqual(other.of.secrets.items(), []);
  assert.deepEqual(other.of.secrets.state.counts, { lists: 0, watches: 0, failures: 0 });
  assert.ok(other.absent().has("Secret"));
});

test("the operator's own pace: a kind of the experimental channel is found within 10 s of being served", async (t) => {
  const { set } = operatorInformers(systemClock);
  t.after(() => set.stop());
  set.start();
  await set.whenAllSynced;
  assert.deepEqual([...set.absent()], ["XBackend"]);
  await api.installGatewayApi("experimental");
  const servedMs = performance.now();
  await waitFor("XBackend is read", () => set.absent().size === 0, 11_000);
  const tookMs = performance.now() - servedMs;
  t.diagnostic(`found ${Math.round(tookMs)} ms after kubectl saw it served`);
  assert.ok(tookMs <= 10_000, `${tookMs} ms`);
  assert.equal(set.of.xBackends.type?.version, "v1alpha1");
});

test("of Secrets and ConfigMaps only certificates and authorities are kept", async (t) => {
  const { set } = operatorInformers();
  t.after(() => set.stop());
  set.start();
  await set.whenAllSynced;
  set.of.secrets.demand(EVERYWHERE);
  set.of.authorities.demand(EVERYWHERE);
  const metadata = (name: string) => `metadata: { name: ${name}, namespace: default }`;
  await api.applyYaml(`
apiVersion: v1
kind: Secret
${metadata("opaque")}
stringData: { password: secret }
---
apiVersion: v1
kind: ConfigMap
${metadata("settings")}
data: { key: value }
---
apiVersion: v1
kind: ConfigMap
${metadata("authorities")}
data: { ca.crt: PEM, other: value }
---
apiVersion: v1
kind: Secret
${metadata("certificate")}
type: kubernetes.io/tls
stringData: { tls.crt: PEM, tls.key: PEM, other: value }
`);
  const { secrets, authorities } = set.of;
  const secret = await waitFor("the Secret is seen", () => secrets.get("default/certificate"));
  assert.deepEqual(Object.keys(secret.data ?? {}).sort(), ["tls.crt", "tls.key"]);
  assert.deepEqual(secrets.items(), [secret]);
  const kept = await waitFor("the ConfigMap is seen", () => authorities.get("default/authorities"));
  assert.deepEqual(kept.data, { "ca.crt": "PEM" });
  assert.equal(authorities.get("default/settings"), undefined);
  await api.applyYaml(`apiVersion: v1\nkind: ConfigMap\n${metadata("authorities")}\ndata: { other: value }\n`);
  await waitFor("it is dropped", () => authorities.get("default/authorities") === undefined);
});

test("all served versions of a kind are told, the most stable first", async () => {
  const { discovery } = operatorInformers();
  const tlsRoute = { group: "gateway.networking.k8s.io", kind: "TLSRoute" };
  await waitFor("versions", async () => (await discovery.versionsOf(tlsRoute)).length === 3);
  const versions = (await discovery.versionsOf(tlsRoute)).map(({ version }) => version);
  assert.deepEqual(versions, ["v1", "v1alpha3", "v1alpha2"]);
  assert.equal(await discovery.resolve({ group: "gateway.networking.k8s.io", kind: "NoSuchRoute" }), undefined);
  assert.equal(await discovery.resolve({ group: "no.such.group", kind: "TLSRoute" }), undefined);
});

test("objects are trimmed of what only costs memory", async (t) => {
  const { set } = operatorInformers();
  t.after(() => set.stop());
  set.start();
  await set.whenAllSynced;
  await api.applyYaml(`
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: trimmed, annotations: { mine: unread }, labels: { mine: unread } }
spec: { controllerName: test.example/late }
`);
  const kept = await waitFor("the GatewayClass is seen", () => set.of.gatewayClasses.get("trimmed"));
  const { annotations, labels } = kept.metadata;
  assert.deepEqual([annotations, labels, "managedFields" in kept.metadata], [undefined, undefined, false]);
  const namespace = set.of.namespaces.get("default");
  assert.equal(namespace?.metadata.labels?.["kubernetes.io/metadata.name"], "default", "selectors compare labels");
});

test("2,000 objects are listed in pages where lists are not streamed, and each change is seen", async (t) => {
  const namespace = "many";
  const named = (name: string, labels = {}) => ({ apiVersion: "v1", metadata: { name, labels } });
  await api.client.create(NAMESPACES, { ...named(namespace), kind: "Namespace" });
  const names = Array.from({ length: 2_000 }, (_, i) => `object-${i}`);
  const created = await concurrently(names, (name) =>
    api.client.create(CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } }),
  );
  assert.equal(created.filter(({ status }) => status === "fulfilled").length, 2_000);

  const pages: number[] = [];
  const { client } = api;
  const informer = new Informer<KubernetesObject>({
    kind: "ConfigMap",
    client: {
      list: async (type, options) => {
        const page = await client.list<never>(type, options);
        pages.push(page.items.length);
        return page;
      },
      watch: (type, options) => {
        if (options.resourceVersion !== undefined) return client.watch(type, options);
        throw new ApiError({ type: "Invalid" }, "no streaming lists");
      },
    },
    resolve: async () => CONFIG_MAPS,
    selection: informerSelection(namespace),
    clock: systemClock,
    random: Math.random,
    log: SILENT,
  });
  t.after(() => informer.stop());
  informer.start();
  await informer.whenSynced;
  assert.deepEqual(pages, [500, 500, 500, 500]);
  const streamed = new Informer<KubernetesObject>({
    ...{ kind: "ConfigMap", client, resolve: async () => CONFIG_MAPS, selection: informerSelection(namespace) },
    ...{ clock: systemClock, random: Math.random, log: SILENT },
  });
  t.after(() => streamed.stop());
  streamed.start();
  await streamed.whenSynced;
  assert.deepEqual(streamed.counts, { lists: 1, watches: 1, failures: 0 });
  assert.equal(streamed.items().length, 2_000);
  assert.equal(informer.items().length, 2_000);
  assert.equal(informer.get("many/object-7")?.kind, "ConfigMap");
  await client.delete(CONFIG_MAPS, { namespace, name: "object-7" });
  await waitFor("the removal is seen", () => informer.items().length === 1_999);
});

test("a restart of the API server is survived: nothing is forgotten, nothing unchanged is told, changes go on", async (t) => {
  const { set } = operatorInformers();
  t.after(() => set.stop());
  set.start();
  await set.whenAllSynced;
  assert.deepEqual([...set.absent()], []);
  const before = set.of.gatewayClasses.items().map(({ metadata }) => metadata.name);
  assert.ok(before.includes("late"));
  const changes: string[] = [];
  let least = Number.POSITIVE_INFINITY;
  set.onChange((kind, key) => {
    changes.push(`${kind} ${key}`);
    least = Math.min(least, set.of.gatewayClasses.items().length);
  });
  await restartApiServer();
  await api.applyYaml(`
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: after-restart }
spec: { controllerName: test.example/late }
---
apiVersion: v1
kind: Service
metadata: { name: after-restart, namespace: default }
spec: { ports: [{ port: 1 }] }
`);
  await waitFor("the new GatewayClass is seen", () => set.of.gatewayClasses.get("after-restart"), 60_000);
  await waitFor("the new Service is seen", () => set.of.services.get("default/after-restart"), 60_000);
  assert.ok(least >= before.length, "no moment with fewer objects than before");
  const ofGatewayApi = changes.filter((change) => change.startsWith("Gateway"));
  assert.deepEqual(ofGatewayApi, ["GatewayClass after-restart"]);
  assert.equal(set.of.services.type, SERVICES);
});

/** Without the one that Kubernetes puts into every namespace. */
function informerSelection(namespace: string) {
  return { namespace, fieldSelector: "metadata.name!=kube-root-ca.crt" };
}

/** Ends kube-apiserver and starts it again with the same command line; the others of the fixture go on. */
async function restartApiServer(): Promise<void> {
  const pids = join(dirname(api.kubeconfig), "pids");
  const line = (await readFile(pids, "utf8")).split("\n").find((entry) => entry.endsWith(" kube-apiserver"));
  const pid = Number(line?.split(" ")[0]);
  assert.ok(pid > 1, "the API server's pid is known");
  const [file, ...args] = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").slice(0, -1);
  assert.ok(file !== undefined);
  // As a crash: in order, it would first wait a minute for the watches to end.
  process.kill(pid, "SIGKILL");
  await waitFor("the API server has ended", () => isEnded(pid));
  const program = join(dirname(api.kubeconfig), "bin", file.split("/").at(-1) ?? "");
  // What is killed may hold its port for a moment after it has no command line any more; a kubelet would begin anew, too.
  let child: ChildProcess | undefined;
  await waitFor(
    "the API server is back",
    async () => {
      if (child === undefined || child.exitCode !== null) {
        child = spawn(program, args, { detached: true, stdio: "ignore" });
        child.unref();
        await appendFile(pids, `${child.pid} kube-apiserver\n`);
      }
      return (await api.kubectl(["get", "--raw", "/readyz"])).code === 0;
    },
    60_000,
  );
}

/** A process that nobody has waited for yet has no command line any more. */
async function isEnded(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")) === "";
}
