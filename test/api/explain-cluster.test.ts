/** `fsm-gateway explain` without files: reads the cluster of the kubeconfig, in either channel of Gateway API or none. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ApiServer, startApiServer } from "../support/api-server.ts";
import { gatewayApiCrds } from "../support/cluster.ts";
import { runCommand } from "../support/run-command.ts";
import { waitForCrds } from "../support/wait-for-crds.ts";

const checkout = join(import.meta.dirname, "../..");
let server: ApiServer;

before(async () => {
  server = await startApiServer();
});
after(() => server?.stop());

const explain = (...args: string[]) =>
  runCommand(process.execPath, [join(checkout, "src/cli/main.ts"), "explain", ...args], {
    env: { KUBECONFIG: server.kubeconfig },
  });

async function apply(input: string): Promise<void> {
  const { code, stderr } = await server.kubectl(["apply", "--server-side", "-f", "-"], { input });
  assert.equal(code, 0, stderr);
}

test("a cluster without Gateway API: refused, without a complaint", async () => {
  const { code, stdout, stderr } = await explain("a.example");
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^No Deployment of an operator with controller name gateway\.fsm\.dev\/controller can be read\. The default policy .*\n$/,
  );
  assert.match(stdout, /no Gateway of ours/);
});

test("the objects of the cluster decide", async () => {
  await apply(await gatewayApiCrds("standard"));
  await waitForCrds(server);
  const api = "apiVersion: gateway.networking.k8s.io/v1";
  await apply(`${api}
kind: GatewayClass
metadata: { name: fsm }
spec: { controllerName: ${(await import("../../src/model/identity.ts")).CONTROLLER_NAME} }
---
${api}
kind: Gateway
metadata: { name: g, namespace: default }
spec: { gatewayClassName: fsm, listeners: [{ name: l, port: 443, protocol: TLS, tls: { mode: Passthrough } }] }
---
${api}
kind: TLSRoute
metadata: { name: r, namespace: default }
spec: { parentRefs: [{ name: g }], hostnames: [a.example], rules: [{ backendRefs: [{ name: b.example.org, port: 443 }] }] }
`);
  const served = await explain("a.example");
  assert.equal(served.code, 0, served.stderr);
  assert.match(
    served.stdout,
    /port 443: served\n {2}listener +default\/g\/l\n {2}route +TLSRoute\/default\/r\n.*b\.example\.org:443/,
  );
  assert.equal((await explain("b.example")).code, 1);
});

test("the policy for external hosts is the operator's, unless options are given", async () => {
  await apply(`apiVersion: v1
kind: Namespace
metadata: { name: fsm-gateway-system }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: fsm-gateway, namespace: fsm-gateway-system, labels: { app.kubernetes.io/name: fsm-gateway } }
spec:
  selector: { matchLabels: { app: fsm-gateway-operator } }
  template:
    metadata: { labels: { app: fsm-gateway-operator } }
    spec:
      containers:
        - { name: operator, image: fsm-gateway, args: [operator, --log-level=info, --external-hosts-allowed-names=example.com] }
`);
  const refused = await explain("a.example");
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /the reference cannot be used: RefNotPermitted/);
  const served = await explain("a.example", "--external-hosts-allowed-names=example.org");
  assert.deepEqual([served.code, served.stderr], [0, ""]);
});

test("a cluster that cannot be reached: exit code 2 and one line", async () => {
  const { code, stderr } = await runCommand(
    process.execPath,
    [join(checkout, "src/cli/main.ts"), "explain", "a.example"],
    {
      env: { KUBECONFIG: join(checkout, "test/api/no-such-kubeconfig") },
    },
  );
  assert.equal(code, 2);
  assert.match(stderr, /^the cluster cannot be read: .*\n$/);
});
