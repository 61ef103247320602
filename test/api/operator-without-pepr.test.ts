/**
 * The operator, as its command runs it, where Pepr finds no store: neither namespace pepr-system nor its CRD is there. The
 * configuration stream serves proxies all the same, and /readyz says why admission does not answer.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createControlClient } from "../../src/control/client/client.ts";
import { MemoryApplier } from "../../src/control/testing/memory-applier.ts";
import type { ConfigMap } from "../../src/gateway-api/objects.ts";
import { childName } from "../../src/infra/names.ts";
import {
  ADMISSION_LABEL,
  CERTIFICATES_SECRET_NAME,
  OPERATOR_NAME,
  OPERATOR_NAMESPACE,
  STREAM_TOKEN_AUDIENCE,
} from "../../src/model/identity.ts";
import { PODS, SECRETS } from "../../src/operator/kube/resource.ts";
import { waitFor } from "../support/wait-for.ts";
import { type Fixture, SILENT, startFixture } from "./operator-fixture.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const STORE_CRD = join(import.meta.dirname, "../../crds/pepr.dev_peprstores.yaml");
let api: Fixture;
let operator: ChildProcess | undefined;
let output = "";
const ports = { admin: 0, stream: 0 };

const container = "containers: [{ name: c, image: none }]";

before(async () => {
  api = await startFixture();
  await api.installGatewayApi("standard");
  await api.applyYaml(`
apiVersion: v1
kind: Namespace
metadata: { name: ${OPERATOR_NAMESPACE} }
---
apiVersion: v1
kind: Namespace
metadata: { name: team }
---
apiVersion: v1
kind: Pod
metadata: { name: operator-0, namespace: ${OPERATOR_NAMESPACE}, labels: { ${ADMISSION_LABEL}: ready } }
spec: { ${container} }
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: fsm }
spec: { controllerName: gateway.fsm.dev/controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g, namespace: team }
spec: { gatewayClassName: fsm, listeners: [{ name: tls, protocol: TLS, port: 4433, tls: { mode: Passthrough } }] }
`);
  [ports.admin, ports.stream] = [await freePort(), await freePort()];
  const args = [
    ...[MAIN, "operator", "--proxy-image=none", "--log-format=text", "--admission-port=0"],
    ...[`--admin-port=${ports.admin}`, `--stream-port=${ports.stream}`],
  ];
  operator = spawn(process.execPath, args, {
    env: { ...process.env, KUBECONFIG: api.kubeconfig, POD_NAME: "operator-0", POD_NAMESPACE: OPERATOR_NAMESPACE },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [operator.stdout, operator.stderr]) stream?.on("data", (chunk) => (output += String(chunk)));
});
after(async () => {
  operator?.kill("SIGKILL");
  await api?.stop();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : assert.fail();
}

async function read(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${ports.admin}${path}`);
  return { status: response.status, text: await response.text() };
}

const label = async () => (await api.client.get(PODS, { namespace: OPERATOR_NAMESPACE, name: "operator-0" })).metadata;

test("without Pepr's store the operator is ready and gives proxies their configuration", async (t) => {
  await waitFor("ready", async () => (await read("/readyz")).status === 200, 60_000).catch((error: unknown) => {
    throw new Error(`the operator is not ready: ${output}`, { cause: error });
  });
  const account = childName("g");
  await waitFor("the proxies' ServiceAccount", async () => {
    return (await api.kubectl(["-n", "team", "get", "serviceaccount", account])).code === 0;
  });
  await api.applyYaml(`
apiVersion: v1
kind: Pod
metadata: { name: proxy-0, namespace: team }
spec: { serviceAccountName: ${account}, ${container} }
`);
  const { stdout: token } = await api.kubectl([
    ...["-n", "team", "create", "token", account, `--audience=${STREAM_TOKEN_AUDIENCE}`],
    ...["--bound-object-kind=Pod", "--bound-object-name=proxy-0"],
  ]);
  const reference = { namespace: OPERATOR_NAMESPACE, name: CERTIFICATES_SECRET_NAME };
  const { data = {} } = await api.client.get<ConfigMap>(SECRETS, reference);
  const proxy = new MemoryApplier();
  const client = createControlClient({
    ...{ log: SILENT, url: `https://127.0.0.1:${ports.stream}`, applier: proxy, proxyId: "proxy-0" },
    serverName: `${OPERATOR_NAME}.${OPERATOR_NAMESPACE}.svc`,
    ca: async () => Buffer.from(data["ca.crt"] ?? "", "base64"),
    token: async () => token.trim(),
  });
  t.after(() => client.stop());
  client.start();
  await waitFor("its configuration", () => proxy.resources.size > 0);

  await waitFor("a failed start is counted", async () => {
    return /^fsm_gateway_operator_admission_start_failures_total [1-9]/m.test((await read("/metrics")).text);
  });
  assert.match((await read("/metrics")).text, /^fsm_gateway_operator_admission_ready 0$/m);
  const { status, text } = await read("/readyz?verbose");
  assert.equal(status, 200);
  assert.match(text, /^\[!\]admission: Pepr has no store after 15000 ms.*\(not required\)$/m);
  assert.match(output, /Admission failed to start/);
  await waitFor(
    "the label of the life before is gone",
    async () => !(ADMISSION_LABEL in ((await label()).labels ?? {})),
  );
});

test("when the store exists, admission responds, and its Service selects the Pod", async () => {
  await api.applyYaml("apiVersion: v1\nkind: Namespace\nmetadata: { name: pepr-system }\n");
  await api.kubectl(["apply", "-f", STORE_CRD]);
  await waitFor("the label", async () => (await label()).labels?.[ADMISSION_LABEL] === "ready", 90_000);
  assert.match((await read("/metrics")).text, /^fsm_gateway_operator_admission_ready 1$/m);
  assert.match((await read("/readyz?verbose")).text, /^\[\+\]admission ok$/m);
});
