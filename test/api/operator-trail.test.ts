/**
 * One change on its way through the operator to a proxy and back, at a real API server: every line of it is found by one search for its
 * id. And what an operator without rights says it is waiting for.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import { Recorder } from "../../src/control/testing/stage.ts";
import { systemClock } from "../../src/loop/clock.ts";
import { createOperatorInformers } from "../../src/operator/informer/operator-informers.ts";
import { problemText } from "../../src/operator/informer/problem.ts";
import { ALL_NAMESPACES } from "../../src/operator/informer/scoped-informer.ts";
import { InstalledBundle } from "../../src/operator/kube/bundle.ts";
import { KubeClient } from "../../src/operator/kube/client.ts";
import { Discovery } from "../../src/operator/kube/discovery.ts";
import { waitFor } from "../support/wait-for.ts";
import { freePort, startLeader, startProxy } from "./leader-fixture.ts";
import { type Fixture, SILENT, startFixture } from "./operator-fixture.ts";

let api: Fixture;
before(async () => {
  api = await startFixture();
  await api.installGatewayApi("standard");
});
after(() => api?.stop());

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

test("a route's change is followed by one id from its event to the proxy's acknowledgement and the status", async (t) => {
  const [operatorLog, proxyLog] = [new Recorder(), new Recorder()];
  await api.applyYaml("apiVersion: v1\nkind: Namespace\nmetadata: { name: team }\n");
  await api.applyYaml(`${gateway(await freePort())}---${route("a.example")}`);
  const { certificates, metrics, streamPort } = await startLeader(t, api, operatorLog);
  const url = `https://127.0.0.1:${streamPort}`;
  const { dataPlane } = await startProxy(t, api, { log: proxyLog, url, ca: certificates.caBundle() });
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
  // They are read only while an object refers to one.
  for (const informer of [set.of.secrets, set.of.authorities]) informer.demand(new Set([ALL_NAMESPACES]));
  const text = await waitFor("every kind has been asked for", () => {
    const said = [set.notSynced(), problemText(set.of.secrets.state.failure?.error)].join("; ");
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
      new RegExp(`${resource} is forbidden: User "system:serviceaccount:default:default" cannot (list|watch)`),
    );
  }
});
