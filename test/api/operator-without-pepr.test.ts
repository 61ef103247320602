/**
 * The operator, as its command runs it, where Pepr finds no store: neither namespace pepr-system nor its CRD is there. The
 * configuration stream serves proxies all the same, and /readyz says why admission does not answer.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { MemoryApplier } from "../../src/control/testing/memory-applier.ts";
import type { ConfigMap } from "../../src/gateway-api/objects.ts";
import { ADMISSION_LABEL, CERTIFICATES_SECRET_NAME, OPERATOR_NAMESPACE } from "../../src/model/identity.ts";
import { PODS, SECRETS } from "../../src/operator/kube/resource.ts";
import { waitFor } from "../support/wait-for.ts";
import { freePorts } from "../wire/sockets.ts";
import { startSubscriber } from "./leader-fixture.ts";
import { gateway, gatewayClass, namespace, passthrough } from "./manifests.ts";
import { type Fixture, SILENT, startWithGatewayApi } from "./operator-fixture.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const STORE_CRD = join(import.meta.dirname, "../../crds/pepr.dev_peprstores.yaml");
let api: Fixture;
let operator: ChildProcess | undefined;
let output = "";
const ports = { admin: 0, stream: 0 };

const OPERATOR_POD = `
---
apiVersion: v1
kind: Pod
metadata: { name: operator-0, namespace: ${OPERATOR_NAMESPACE}, labels: { ${ADMISSION_LABEL}: ready } }
spec: { containers: [{ name: c, image: none }] }
`;

before(async () => {
  const namespaces = namespace(OPERATOR_NAMESPACE) + namespace("team");
  const objects = namespaces + OPERATOR_POD + gatewayClass() + gateway({ listeners: [passthrough(4433)] });
  api = await startWithGatewayApi({ objects });
  [ports.admin = 0, ports.stream = 0] = await freePorts(2);
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

async function read(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${ports.admin}${path}`);
  return { status: response.status, text: await response.text() };
}

const label = async () => (await api.client.get(PODS, { namespace: OPERATOR_NAMESPACE, name: "operator-0" })).metadata;

test("without Pepr's store the operator is ready and gives proxies their configuration", async (t) => {
  await waitFor("ready", async () => (await read("/readyz")).status === 200, 60_000).catch((error: unknown) => {
    throw new Error(`the operator is not ready: ${output}`, { cause: error });
  });
  const reference = { namespace: OPERATOR_NAMESPACE, name: CERTIFICATES_SECRET_NAME };
  const ca = async () => {
    const { data = {} } = await api.client.get<ConfigMap>(SECRETS, reference);
    return Buffer.from(data["ca.crt"] ?? "", "base64");
  };
  const proxy = new MemoryApplier();
  await startSubscriber(t, api, { log: SILENT, applier: proxy, streamPort: ports.stream, ca });
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
  await api.applyYaml(namespace("pepr-system"));
  await api.kubectl(["apply", "-f", STORE_CRD]);
  await waitFor("the label", async () => (await label()).labels?.[ADMISSION_LABEL] === "ready", 90_000);
  assert.match((await read("/metrics")).text, /^fsm_gateway_operator_admission_ready 1$/m);
  assert.match((await read("/readyz?verbose")).text, /^\[\+\]admission ok$/m);
});
