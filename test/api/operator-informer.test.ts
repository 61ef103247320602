/** The operator's informers and discovery at a real API server: CRDs that come later, restarts, many objects. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFile, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import type { KubernetesObject } from "../../src/gateway-api/objects.ts";
import { type Clock, systemClock } from "../../src/loop/clock.ts";
import { Informer } from "../../src/operator/informer/informer.ts";
import { createOperatorInformers } from "../../src/operator/informer/operator-informers.ts";
import { InstalledBundle } from "../../src/operator/kube/bundle.ts";
import { Discovery } from "../../src/operator/kube/discovery.ts";
import { CONFIG_MAPS, NAMESPACES, SERVICES } from "../../src/operator/kube/resource.ts";
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

function operatorInformers() {
  const bundleChanges: unknown[] = [];
  const { client } = api;
  const bundle = new InstalledBundle({ client, log: SILENT, onChange: () => bundleChanges.push(bundle.current) });
  const discovery = new Discovery(client, hurried);
  const common = { client, discovery, bundle, clock: hurried, random: Math.random, log: SILENT };
  return { set: createOperatorInformers(common), bundle, discovery, bundleChanges };
}

test("CRDs that are absent at the start are empty and synced, and are read once they are installed", async (t) => {
  const { set, bundle, bundleChanges } = operatorInformers();
  const changes: string[] = [];
  set.onChange((kind, key) => changes.push(`${kind} ${key}`));
  t.after(() => set.stop());
  set.start();
  assert.ok(set.missing().includes("TLSRoute"));
  await set.whenAllSynced;
  assert.deepEqual(set.missing(), []);
  assert.deepEqual(set.absent(), ["GatewayClass", "Gateway", "TLSRoute", "ReferenceGrant"]);
  assert.deepEqual(bundle.current, { mixed: false });

  await api.installGatewayApi("standard");
  await api.applyYaml(`
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: late }
spec: { controllerName: test.example/late }
`);
  await waitFor("the GatewayClass is seen", () => set.of.gatewayClasses.get("late"));
  assert.ok(changes.includes("GatewayClass late"));
  await waitFor("all kinds are read", () => set.absent().length === 0);
  assert.equal(set.of.tlsRoutes.type?.version, "v1");
  assert.equal(set.of.referenceGrants.type?.version, "v1");
  await waitFor("the bundle is known", () => bundle.current?.version !== undefined);
  assert.deepEqual(bundle.current, { version: "v1.6.3", channel: "standard", mixed: false });
  assert.equal(bundleChanges.length >= 2, true);
});

test("all served versions of a kind are told, the most stable first", async () => {
  await api.installGatewayApi("experimental");
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
metadata: { name: trimmed, annotations: { mine: kept } }
spec: { controllerName: test.example/late }
`);
  const kept = await waitFor("the GatewayClass is seen", () => set.of.gatewayClasses.get("trimmed"));
  assert.deepEqual(kept.metadata.annotations, { mine: "kept" });
  assert.equal("managedFields" in kept.metadata, false);
});

test("2,000 objects are listed in pages, and each change is seen", async (t) => {
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
      watch: (type, options) => client.watch(type, options),
    },
    resolve: async () => CONFIG_MAPS,
    selection: { namespace, fieldSelector: "metadata.name!=kube-root-ca.crt" },
    clock: systemClock,
    random: Math.random,
    log: SILENT,
  });
  t.after(() => informer.stop());
  informer.start();
  await informer.whenSynced;
  assert.deepEqual(pages, [500, 500, 500, 500]);
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
  assert.deepEqual(set.absent(), []);
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
  const child = spawn(join(dirname(api.kubeconfig), "bin", file.split("/").at(-1) ?? ""), args, {
    detached: true,
    stdio: "ignore",
  });
  child.unref();
  await appendFile(pids, `${child.pid} kube-apiserver\n`);
  await waitFor(
    "the API server is back",
    async () => (await api.kubectl(["get", "--raw", "/readyz"])).code === 0,
    60_000,
  );
}

/** A process that nobody has waited for yet has no command line any more. */
async function isEnded(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")) === "";
}
