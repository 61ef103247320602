/**
 * One change on its way through the operator to a proxy and back, at a real API server: every line of it is found by one search for its
 * id. And what an operator without rights says it is waiting for.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, type TestContext, test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import { createControlClient } from "../../src/control/client/client.ts";
import { Recorder } from "../../src/control/testing/stage.ts";
import { childName } from "../../src/infra/names.ts";
import { systemClock } from "../../src/loop/clock.ts";
import { OPERATOR_NAME, OPERATOR_NAMESPACE, STREAM_TOKEN_AUDIENCE } from "../../src/model/identity.ts";
import { keepCertificates } from "../../src/operator/certificates/keeper.ts";
import { kubeCertificateStore } from "../../src/operator/certificates/kube.ts";
import { createOperatorInformers } from "../../src/operator/informer/operator-informers.ts";
import { InstalledBundle } from "../../src/operator/kube/bundle.ts";
import { KubeClient } from "../../src/operator/kube/client.ts";
import { Discovery } from "../../src/operator/kube/discovery.ts";
import { createLeadership } from "../../src/operator/leadership.ts";
import { OperatorMetrics } from "../../src/operator/metrics.ts";
import { ProxyMetrics } from "../../src/proxy/observe/metrics.ts";
import { createProxy } from "../../src/proxy/proxy.ts";
import { waitFor } from "../support/wait-for.ts";
import { type Fixture, SILENT, startFixture } from "./operator-fixture.ts";

let api: Fixture;
before(async () => {
  api = await startFixture();
  await api.installGatewayApi("standard");
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

const gateway = (port: number) => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: fsm }
spec: { controllerName: gateway.fsm.dev/controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g, namespace: team }
spec:
  gatewayClassName: fsm
  listeners: [{ name: tls, protocol: TLS, port: ${port}, tls: { mode: Passthrough } }]
`;
const route = (hostname: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: r, namespace: team }
spec:
  parentRefs: [{ name: g }]
  hostnames: [${hostname}]
  rules: [{ backendRefs: [{ name: absent, port: 443 }] }]
`;

/** The operator without admission, as a replica that leads. */
async function startLeader(t: TestContext, log: Recorder) {
  const client = await api.operatorClient();
  const bundle = new InstalledBundle({ client, log: SILENT, onChange: () => undefined });
  const discovery = new Discovery(client, systemClock);
  const informers = createOperatorInformers({
    ...{ client, discovery, bundle, clock: systemClock, random: Math.random, log: SILENT },
  });
  const certificates = await keepCertificates({
    ...{ log: SILENT, clock: systemClock, store: kubeCertificateStore(client, OPERATOR_NAMESPACE) },
    dnsNames: [`${OPERATOR_NAME}.${OPERATOR_NAMESPACE}.svc`],
  });
  const metrics = new OperatorMetrics("test", {
    leading: () => leadership.leading,
    informers: () => informers.views(),
    queue: () => leadership.queue(),
    rollouts: () => leadership.rollouts(),
    subscribers: () => leadership.subscribers(),
    certificates: () => certificates.expiry(),
    droppedLogLines: () => 0,
    admissionReady: () => false,
    now: () => new Date(),
  });
  const streamPort = await freePort();
  const options = {
    ...{
      log,
      client,
      version: "test",
      namespace: OPERATOR_NAMESPACE,
      podName: "operator-0",
      proxyImage: "none",
      trustGatewayParameters: false,
      maxRollingGateways: { unit: "percent", value: 10 } as const,
      terminate: true,
    },
    droppedLogLines: () => 0,
    ...{ admissionPort: 0, streamPort },
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
  return { certificates, metrics, streamPort };
}

/** A data plane of its own, subscribed with a token that the API server has made for a Pod. */
async function startProxy(t: TestContext, log: Recorder, url: string, ca: string) {
  const account = childName("g");
  await waitFor("the proxies' ServiceAccount", async () => {
    const { code } = await api.kubectl(["-n", "team", "get", "serviceaccount", account]);
    return code === 0;
  });
  await api.applyYaml(`
apiVersion: v1
kind: Pod
metadata: { name: proxy-0, namespace: team }
spec: { serviceAccountName: ${account}, containers: [{ name: c, image: none }] }
`);
  const { stdout } = await api.kubectl([
    ...["-n", "team", "create", "token", account, `--audience=${STREAM_TOKEN_AUDIENCE}`],
    ...["--bound-object-kind=Pod", "--bound-object-name=proxy-0"],
  ]);
  const dataPlane = createProxy({
    log,
    metrics: new ProxyMetrics("test"),
    engine: "portable",
    bindAddresses: ["127.0.0.1"],
  });
  const stream = createControlClient({
    ...{ log, url, applier: dataPlane, proxyId: "proxy-0" },
    serverName: `${OPERATOR_NAME}.${OPERATOR_NAMESPACE}.svc`,
    ca: async () => ca,
    token: async () => stdout,
  });
  t.after(async () => {
    await stream.stop();
    await dataPlane.close();
  });
  stream.start();
  return dataPlane;
}

test("a route's change is followed by one id from its event to the proxy's acknowledgement and the status", async (t) => {
  const [operatorLog, proxyLog] = [new Recorder(), new Recorder()];
  await api.applyYaml("apiVersion: v1\nkind: Namespace\nmetadata: { name: team }\n");
  await api.applyYaml(`${gateway(await freePort())}---${route("a.example")}`);
  const { certificates, metrics, streamPort } = await startLeader(t, operatorLog);
  const url = `https://127.0.0.1:${streamPort}`;
  const dataPlane = await startProxy(t, proxyLog, url, certificates.caBundle());
  await waitFor("the first configuration", () => dataPlane.ready);

  const mark = operatorLog.lines.length;
  await api.applyYaml(route("b.example"));
  const isOfRoute = ({ message, fields }: { message: string; fields: Readonly<Record<string, unknown>> }) =>
    message === "change" && fields.kind === "TLSRoute" && fields.object === "team/r";
  const change = await waitFor("the change", () => operatorLog.lines.slice(mark).find(isOfRoute)?.fields.change);
  const linesOf = (log: Recorder) => log.lines.filter(({ fields }) => JSON.stringify(fields).includes(`"${change}"`));
  await waitFor("its end", () => linesOf(operatorLog).find(({ message }) => message === "written"));

  const chain = linesOf(operatorLog);
  const at = (message: string, kind?: string) =>
    chain.findIndex(({ message: said, fields }) => said === message && (kind === undefined || fields.kind === kind));
  const steps = [
    at("change"),
    at("published"),
    at("configuration acknowledged"),
    at("write", "TLSRoute"),
    at("written"),
  ];
  t.diagnostic(chain.map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`).join("\n"));
  assert.ok(!steps.includes(-1), `${steps}`);
  assert.deepEqual(
    steps,
    steps.toSorted((one, other) => one - other),
  );
  const published = chain[at("published")];
  const acknowledged = chain[at("configuration acknowledged")]?.fields;
  assert.deepEqual(published?.fields.revisions, { "team/g": acknowledged?.revision });
  assert.deepEqual([published?.level, published?.fields.pass], ["info", acknowledged?.pass]);

  const [applied] = linesOf(proxyLog).filter(({ message }) => message === "configuration applied");
  assert.deepEqual([applied?.level, applied?.fields.revision], ["info", acknowledged?.revision]);
  assert.equal(chain.at(at("written"))?.level, "info");

  const text = await metrics.expose();
  const value = (name: string) => {
    const samples = [...text.matchAll(new RegExp(`^fsm_gateway_operator_${name}(?:\\{.*\\})? (\\S+)$`, "gm"))];
    assert.ok(samples.length > 0, name);
    return samples.reduce((sum, [, number]) => sum + Number(number), 0);
  };
  assert.ok(value("status_writes_total") >= 2);
  assert.ok(value("applies_total") >= 4);
  assert.ok(value('stream_acknowledgement_seconds_count\\{outcome="applied"\\}') >= 2);
  assert.ok(value("change_published_seconds_count") >= 1);
  assert.deepEqual([value("leading"), value("stream_subscribers"), value("stream_lag_seconds")], [1, 1, 0]);
  assert.ok(value('informer_objects\\{kind="TLSRoute",informer="tlsRoutes"\\}') === 1);
  assert.ok(value('certificate_expiry_seconds\\{certificate="serving"\\}') > 80 * 86_400);
});

test("an operator that may not read says which right it lacks, by kind", async (t) => {
  await api.operatorClient();
  const { stdout } = await api.kubectl(["-n", "default", "create", "token", "default"]);
  const config = new KubeConfig();
  config.loadFromFile(api.kubeconfig);
  const limited = new KubeConfig();
  limited.loadFromClusterAndUser(config.getCurrentCluster() ?? assert.fail(), { name: "u", token: stdout.trim() });
  const client = new KubeClient(limited);
  const bundle = new InstalledBundle({ client, log: SILENT, onChange: () => undefined });
  const discovery = new Discovery(client, systemClock);
  const set = createOperatorInformers({
    ...{ client, discovery, bundle, clock: systemClock, random: Math.random, log: SILENT },
  });
  t.after(async () => {
    await set.stop();
    client.close();
  });
  set.start();
  const text = await waitFor("every kind has been asked for", () => {
    const said = set.notSynced();
    // What is not served is not missing: the standard channel has no XBackend, and our own definition is not installed.
    const isDue = ({ kind }: { readonly kind: string }) => kind !== "XBackend" && kind !== "GatewayParameters";
    return set
      .views()
      .filter(isDue)
      .every(({ failure }) => failure !== undefined)
      ? said
      : undefined;
  });
  for (const resource of ["tlsroutes.gateway.networking.k8s.io", "secrets", "endpointslices.discovery.k8s.io"]) {
    assert.match(
      text,
      new RegExp(`${resource} is forbidden: User "system:serviceaccount:default:default" cannot list`),
    );
  }
});
