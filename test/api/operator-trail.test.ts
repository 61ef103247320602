/**
 * One change on its way through the operator to a proxy and back, at a real API server: every line of it is found by one search for its
 * id. And what an operator without rights says it is waiting for.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import { Recorder } from "../../src/control/testing/stage.ts";
import { ALL_NAMESPACES } from "../../src/model/namespace-scope.ts";
import { problemText } from "../../src/operator/informer/problem.ts";
import { KubeClient } from "../../src/operator/kube/client.ts";
import { waitFor } from "../support/wait-for.ts";
import { freePorts } from "../wire/sockets.ts";
import { startLeader, startProxy } from "./leader-fixture.ts";
import { gateway, gatewayClass, namespace, passthrough, tlsRoute } from "./manifests.ts";
import { createInformers, type Fixture, startWithGatewayApi } from "./operator-fixture.ts";

let api: Fixture;
before(async () => {
  api = await startWithGatewayApi({ objects: namespace("team") + gatewayClass() });
});
after(() => api?.stop());

test("a route's change is followed by one id from its event to the proxy's acknowledgement and the status", async (t) => {
  const [operatorLog, proxyLog] = [new Recorder(), new Recorder()];
  const [port = 0] = await freePorts(1);
  await api.applyYaml(gateway({ listeners: [passthrough(port)] }) + tlsRoute("a.example"));
  const leader = await startLeader(t, { client: await api.operatorClient(), log: operatorLog });
  const { dataPlane } = await startProxy(t, api, leader, proxyLog);
  await waitFor("the first configuration", () => dataPlane.ready);

  const mark = operatorLog.lines.length;
  await api.applyYaml(tlsRoute("b.example"));
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

  const text = await leader.metrics.expose();
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
  const { informers: set } = createInformers(client);
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
