/** Which Secrets and ConfigMaps the operator requests from a real API server, as its HTTP client sends the requests. */
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";
import { after, before, type TestContext, test } from "node:test";
import type { Gateway } from "../../src/gateway-api/objects.ts";
import { waitFor } from "../support/wait-for.ts";
import { certificateFor } from "../wire/certificate.ts";
import { startLeader } from "./leader-fixture.ts";
import { gateway, gatewayClass, namespace, passthrough } from "./manifests.ts";
import { type Fixture, startWithGatewayApi } from "./operator-fixture.ts";

let api: Fixture;
before(async () => {
  api = await startWithGatewayApi({ objects: namespace("team") + gatewayClass() });
});
after(() => api?.stop());

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
  await api.applyYaml(gateway({ name: "plain", listeners: [passthrough(4433)] }));
  const { informers } = await startLeader(t, { client: await api.operatorClient() });
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
  await api.applyYaml(gateway({ name: "ending", listeners: [TERMINATING] }));
  await waitFor("the status of the terminating listener", () => reasons.has("ResolvedRefs"));
  assert.deepEqual([...reasons], ["ResolvedRefs"]);
  assert.ok(paths.length > 0);
  for (const path of paths) assert.match(path, /^\/api\/v1\/secrets\?.*fieldSelector=type%3Dkubernetes.io%2Ftls/);
  assert.match(paths[0] ?? "", /sendInitialEvents=true/, "one request lists and watches");
  assert.deepEqual(informers.of.secrets.items().length, 1);
});

test("with an allow list of namespaces, nothing of another one is requested, and a reference into it is reported", async (t) => {
  const paths = recordRequests(t);
  await api.applyYaml(namespace("other") + gateway({ name: "ending", namespace: "other", listeners: [TERMINATING] }));
  const { informers } = await startLeader(t, {
    client: await api.operatorClient(),
    certificateNamespaces: new Set(["team"]),
  });
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
