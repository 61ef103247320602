/** The operator without the right to read Secrets and ConfigMaps: conditions name the right, and only what needs it is affected. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { helmProgram, renderChart } from "../../hack/manifest/chart.ts";
import type { BackendTlsPolicy, Condition, Gateway } from "../../src/gateway-api/objects.ts";
import { waitFor } from "../support/wait-for.ts";
import { certificateFor } from "../wire/certificate.ts";
import { startLeader } from "./leader-fixture.ts";
import { gateway, gatewayClass, namespace, passthrough, tlsRoute } from "./manifests.ts";
import { type Fixture, startWithGatewayApi } from "./operator-fixture.ts";

/** The right counts as missing after 5 s, at the next retry; retries are at most 10 s apart. */
const REPORTED_MS = 30_000;
/** Retries are at most 10 s apart. */
const HEALED_MS = 30_000;
const TIMEOUT = { timeout: 180_000 };

const TERMINATING =
  "{ name: terminating, protocol: TLS, port: 8443, tls: { mode: Terminate, certificateRefs: [{ name: certificate }] } }";
const BINDING = "fsm-gateway-certificates";

let api: Fixture;
before(async () => {
  const objects = ["team-a", "team-b"].map((name) => namespace(name) + gatewayIn(name)).join("");
  api = await startWithGatewayApi({ objects: gatewayClass() + objects + verifiedBackend("team-a") });
  for (const name of ["team-a", "team-b"]) await applyCertificates(name);
});
after(() => api?.stop());

function gatewayIn(namespace: string): string {
  return gateway({ namespace, listeners: [passthrough(443), TERMINATING] }) + tlsRoute("a.example", namespace);
}

/** A policy for the backend of the route that `tlsRoute` builds. */
function verifiedBackend(namespace: string): string {
  return `
---
apiVersion: v1
kind: Service
metadata: { name: absent, namespace: ${namespace} }
spec: { ports: [{ port: 443 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: verified, namespace: ${namespace} }
spec:
  targetRefs: [{ group: "", kind: Service, name: absent }]
  validation: { hostname: backend.test, caCertificateRefs: [{ group: "", kind: ConfigMap, name: authorities }] }
`;
}

async function applyCertificates(namespace: string): Promise<void> {
  const { cert, key } = await certificateFor("team.test");
  const data = { "tls.crt": Buffer.from(cert).toString("base64"), "tls.key": Buffer.from(key).toString("base64") };
  const secret = { kind: "Secret", metadata: { name: "certificate", namespace }, type: "kubernetes.io/tls", data };
  const configMap = { kind: "ConfigMap", metadata: { name: "authorities", namespace }, data: { "ca.crt": cert } };
  const items = [secret, configMap].map((object) => ({ apiVersion: "v1", ...object }));
  await api.applyYaml(JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}

const find = (conditions: readonly Condition[] | undefined, type: string) =>
  conditions?.find((condition) => condition.type === type);

function resolvedRefs(found: Gateway | undefined, listener: string): Condition | undefined {
  const status = found?.status?.listeners?.find(({ name }) => name === listener);
  return find(status?.conditions, "ResolvedRefs");
}

function policyResolvedRefs(found: BackendTlsPolicy | undefined): Condition | undefined {
  return find(found?.status?.ancestors?.[0]?.conditions, "ResolvedRefs");
}

async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await api.kubectl(args);
  assert.equal(code, 0, stderr);
  return stdout;
}

test(
  "a namespace without the right affects what refers to its Secrets and ConfigMaps only, until the right is granted",
  TIMEOUT,
  async (t) => {
    const manifest = renderChart(helmProgram(), ["--set-json", 'certificates.namespaces=["team-a","team-b"]']);
    const client = await api.operatorClient(manifest);
    const binding = await kubectl("-n", "team-a", "get", "rolebinding", BINDING, "-o", "json");
    await kubectl("-n", "team-a", "delete", "rolebinding", BINDING);
    // The operator starts without the right: its own ConfigMaps of the namespace are Forbidden too.
    const { informers, metrics } = await startLeader(t, {
      client,
      certificateNamespaces: new Set(["team-a", "team-b"]),
    });
    const { gateways, backendTlsPolicies } = informers.of;
    const inA = (listener: string) => resolvedRefs(gateways.get("team-a/g"), listener);

    const condition = await waitFor("the listener's condition", () => inA("terminating"), REPORTED_MS);
    assert.deepEqual([condition.status, condition.reason], ["False", "InvalidCertificateRef"]);
    assert.match(
      condition.message,
      /^tls\.certificateRefs\[0\]: Secret team-a\/certificate cannot be read, because the operator may not list and watch Secrets in namespace team-a\. Grant both verbs to its ServiceAccount with a Role there/,
    );
    assert.equal(inA("tls")?.status, "True", "the other listener of the Gateway is unaffected");
    const policy = await waitFor(
      "the policy's condition",
      () => policyResolvedRefs(backendTlsPolicies.get("team-a/verified")),
      REPORTED_MS,
    );
    assert.deepEqual([policy.status, policy.reason], ["False", "InvalidCACertificateRef"]);
    assert.match(policy.message, /may not list and watch ConfigMaps in namespace team-a\. Grant/);
    await waitFor("the proxies of the Gateway", () => informers.of.deployments.get("team-a/fsm-gateway-g"));
    await waitFor("the other Gateway", () => resolvedRefs(gateways.get("team-b/g"), "terminating")?.status === "True");
    assert.equal(informers.notSynced(), undefined, "the operator is Ready");
    const text = await metrics.expose();
    for (const informer of ["secrets", "authorities", "configMaps"]) {
      assert.match(text, new RegExp(`informer_synced\\{[^}]*informer="${informer}"[^}]*\\} 1\n`));
    }
    assert.match(text, /queue_changes 0\n/);

    await api.applyYaml(binding);
    await waitFor("the listener heals", () => inA("terminating")?.status === "True", HEALED_MS);
    await waitFor(
      "the policy heals",
      () => policyResolvedRefs(backendTlsPolicies.get("team-a/verified"))?.status === "True",
      HEALED_MS,
    );
  },
);

test(
  "without the right in all namespaces, listeners with certificates report it and the others are served",
  TIMEOUT,
  async (t) => {
    const client = await api.operatorClient();
    const role = JSON.parse(await kubectl("get", "clusterrole", "fsm-gateway", "-o", "json"));
    // The statuses of the test before must not be taken for this one's.
    await kubectl("-n", "team-a", "delete", "gateway", "g", "--ignore-not-found");
    await kubectl("-n", "team-b", "delete", "gateway", "g", "--ignore-not-found");
    const rules = role.rules.filter(({ resources }: { resources: string[] }) => !resources.includes("secrets"));
    assert.equal(rules.length, role.rules.length - 1);
    const { apiVersion, kind } = role;
    await api.applyYaml(JSON.stringify({ apiVersion, kind, metadata: { name: "fsm-gateway" }, rules }));
    await kubectl("-n", "team-a", "delete", "rolebinding", BINDING, "--ignore-not-found");
    await kubectl("-n", "team-b", "delete", "rolebinding", BINDING, "--ignore-not-found");
    await api.applyYaml(gatewayIn("team-a"));
    const { informers } = await startLeader(t, { client });
    const { gateways } = informers.of;
    const condition = await waitFor(
      "the listener's condition",
      () => resolvedRefs(gateways.get("team-a/g"), "terminating"),
      REPORTED_MS,
    );
    assert.equal(condition.reason, "InvalidCertificateRef");
    assert.match(
      condition.message,
      /may not list and watch Secrets in all namespaces\. Grant both verbs .* ClusterRole/,
    );
    assert.equal(resolvedRefs(gateways.get("team-a/g"), "tls")?.status, "True");

    // Applies the manifest again.
    await api.operatorClient();
    await waitFor(
      "it heals",
      () => resolvedRefs(gateways.get("team-a/g"), "terminating")?.status === "True",
      HEALED_MS,
    );
  },
);
