/** Which Secrets and ConfigMaps the operator requests from a real API server, as its HTTP client sends the requests. */
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { ClientRequest } from "node:http";
import { createServer } from "node:net";
import { after, before, type TestContext, test } from "node:test";
import type { Gateway } from "../../src/gateway-api/objects.ts";
import { systemClock } from "../../src/loop/clock.ts";
import { OPERATOR_NAME, OPERATOR_NAMESPACE } from "../../src/model/identity.ts";
import { keepCertificates } from "../../src/operator/certificates/keeper.ts";
import { kubeCertificateStore } from "../../src/operator/certificates/kube.ts";
import { createOperatorInformers } from "../../src/operator/informer/operator-informers.ts";
import { InstalledBundle } from "../../src/operator/kube/bundle.ts";
import type { KubeClient } from "../../src/operator/kube/client.ts";
import { Discovery } from "../../src/operator/kube/discovery.ts";
import { createLeadership } from "../../src/operator/leadership.ts";
import { OperatorMetrics } from "../../src/operator/metrics.ts";

import { waitFor } from "../support/wait-for.ts";
import { certificateFor } from "../wire/certificate.ts";
import { type Fixture, SILENT, startFixture } from "./operator-fixture.ts";

let api: Fixture;
before(async () => {
  api = await startFixture();
  await api.installGatewayApi("standard");
  await api.applyYaml(`
apiVersion: v1
kind: Namespace
metadata: { name: team }
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: fsm }
spec: { controllerName: gateway.fsm.dev/controller }
`);
});
after(() => api?.stop());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : assert.fail();
}

/** `list` and `watch` requests for Secrets and ConfigMaps that this process sends while the test runs. */
function recordRequests(t: TestContext): string[] {
  const paths: string[] = [];
  const onStart = (message: unknown) => {
    const { request } = message as { request: ClientRequest };
    if (request.method === "GET" && /\/(secrets|configmaps)(\?|$)/.test(request.path)) paths.push(request.path);
  };
  subscribe("http.client.request.start", onStart);
  t.after(() => unsubscribe("http.client.request.start", onStart));
  return paths;
}

/** The operator without admission, as a replica that leads, with the rights of the manifest unless `client` has others. */
async function startLeader(t: TestContext, client: KubeClient, certificateNamespaces?: ReadonlySet<string>) {
  const bundle = new InstalledBundle({ client, log: SILENT, onChange: () => undefined });
  const common = { client, bundle, clock: systemClock, random: Math.random, log: SILENT };
  const discovery = new Discovery(client, systemClock);
  const informers = createOperatorInformers({ ...common, discovery, certificateNamespaces });
  const certificates = await keepCertificates({
    ...{ log: SILENT, clock: systemClock, store: kubeCertificateStore(client, OPERATOR_NAMESPACE) },
    dnsNames: [`${OPERATOR_NAME}.${OPERATOR_NAMESPACE}.svc`],
  });
  const metrics = new OperatorMetrics("test", {
    leading: () => leadership.leading,
    informers: () => informers.views(),
    queue: () => leadership.queue(),
    rollouts: () => ({ rolling: 0, stalled: 0, waiting: 0 }),
    subscribers: () => [],
    certificates: () => certificates.expiry(),
    droppedLogLines: () => 0,
    admissionReady: () => false,
    now: () => new Date(),
  });
  const options = {
    ...{ log: SILENT, client, version: "test", namespace: OPERATOR_NAMESPACE, podName: "operator-0" },
    ...{
      trustGatewayParameters: false,
      maxRollingGateways: { unit: "percent", value: 10 } as const,
      proxyImage: "none",
      terminate: true,
      admissionPort: 0,
      streamPort: await freePort(),
    },
    ...(certificateNamespaces !== undefined && { certificateNamespaces }),
    droppedLogLines: () => 0,
  };
  const leadership = createLeadership({ options, informers, bundle, certificates, metrics });
  informers.onChange((kind, key) => leadership.changed(kind, key));
  t.after(async () => {
    await leadership.stop();
    await Promise.all([certificates.stop(), informers.stop()]);
  });
  informers.start();
  await informers.whenAllSynced;
  await leadership.start();
  return informers;
}

const gateway = (name: string, listener: string, namespace = "team") => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: ${namespace} }
spec: { gatewayClassName: fsm, listeners: [${listener}] }
`;
const PASSTHROUGH = "{ name: tls, protocol: TLS, port: 4433, tls: { mode: Passthrough } }";
const TERMINATING =
  "{ name: tls, protocol: TLS, port: 4434, tls: { mode: Terminate, certificateRefs: [{ name: certificate }] } }";

function resolvedRefs(found: Gateway | undefined) {
  const conditions = found?.status?.listeners?.[0]?.conditions ?? [];
  return conditions.find(({ type }) => type === "ResolvedRefs");
}

async function applyCertificate(namespace: string): Promise<void> {
  const { cert, key } = await certificateFor("team.test");
  const data = { "tls.crt": Buffer.from(cert).toString("base64"), "tls.key": Buffer.from(key).toString("base64") };
  const secret = { metadata: { name: "certificate", namespace }, type: "kubernetes.io/tls", data };
  await api.applyYaml(JSON.stringify({ apiVersion: "v1", kind: "Secret", ...secret }));
}

test("no Secret is listed or watched before a listener refers to one, and its status never reports it as missing", async (t) => {
  const paths = recordRequests(t);
  await applyCertificate("team");
  await api.applyYaml(gateway("plain", PASSTHROUGH));
  const informers = await startLeader(t, await api.operatorClient());
  await waitFor("the status of a passthrough listener", () => resolvedRefs(informers.of.gateways.get("team/plain")));
  assert.ok(paths.length > 0, "the operator's own ConfigMaps are watched");
  assert.deepEqual(
    paths.filter((path) => !path.includes("/configmaps?") || !path.includes("labelSelector=app%3Dfsm-gateway")),
    [],
  );

  paths.length = 0;
  const reasons = new Set<string>();
  informers.onChange((kind, key) => {
    if (kind !== "Gateway" || key !== "team/ending") return;
    const condition = resolvedRefs(informers.of.gateways.get(key));
    if (condition !== undefined) reasons.add(condition.reason);
  });
  await api.applyYaml(gateway("ending", TERMINATING));
  await waitFor("the status of the terminating listener", () => reasons.has("ResolvedRefs"));
  assert.deepEqual([...reasons], ["ResolvedRefs"]);
  assert.ok(paths.length > 0);
  for (const path of paths) assert.match(path, /^\/api\/v1\/secrets\?.*fieldSelector=type%3Dkubernetes.io%2Ftls/);
  assert.match(paths[0] ?? "", /sendInitialEvents=true/, "one request lists and watches");
  assert.deepEqual(informers.of.secrets.items().length, 1);
});

test("with an allow list of namespaces, nothing of another one is requested, and a reference into it is reported", async (t) => {
  const paths = recordRequests(t);
  await api.applyYaml(
    `apiVersion: v1\nkind: Namespace\nmetadata: { name: other }\n---${gateway("ending", TERMINATING, "other")}`,
  );
  const informers = await startLeader(t, await api.operatorClient(), new Set(["team"]));
  const condition = await waitFor("the status of the listener", () => {
    return resolvedRefs(informers.of.gateways.get("other/ending"));
  });
  assert.equal(condition.status, "False");
  assert.match(
    condition.message,
    /does not read Secrets of namespace other\. Add the namespace to .*certificates\.namespaces/,
  );
  await waitFor("the Secret of the named namespace", () => informers.of.secrets.get("team/certificate"));
  assert.ok(paths.some((path) => path.startsWith("/api/v1/namespaces/team/secrets?")));
  const elsewhere = paths.filter((path) => !path.startsWith("/api/v1/namespaces/team/"));
  assert.deepEqual(elsewhere, []);
});
