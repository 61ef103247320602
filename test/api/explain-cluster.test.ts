/** `fsm-gateway explain` without files: reads the cluster of the kubeconfig, in either channel of Gateway API or none. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { parse, stringify } from "yaml";
import { type ApiServer, startApiServer } from "../support/api-server.ts";
import { gatewayApiCrds } from "../support/cluster.ts";
import { runCommand } from "../support/run-command.ts";
import { waitFor } from "../support/wait-for.ts";
import { waitForCrds } from "../support/wait-for-crds.ts";
import { certificateFor } from "../wire/certificate.ts";

const checkout = join(import.meta.dirname, "../..");
let server: ApiServer;

before(async () => {
  server = await startApiServer();
});
after(() => server?.stop());

const explain = (...args: string[]) => explainAs(server.kubeconfig, ...args);

const explainAs = (kubeconfig: string, ...args: string[]) =>
  runCommand(process.execPath, [join(checkout, "src/cli/main.ts"), "explain", ...args], {
    env: { KUBECONFIG: kubeconfig },
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

test("a listener whose Secret the operator has no right to read is not served, with the condition's message; a Role heals it", async () => {
  const { cert, key } = await certificateFor("c.example");
  const data = { "tls.crt": Buffer.from(cert).toString("base64"), "tls.key": Buffer.from(key).toString("base64") };
  const secret = { metadata: { name: "certificate", namespace: "default" }, type: "kubernetes.io/tls", data };
  await apply(JSON.stringify({ apiVersion: "v1", kind: "Secret", ...secret }));
  await apply(`apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ending, namespace: default }
spec:
  gatewayClassName: fsm
  listeners: [{ name: l, port: 8443, protocol: TLS, tls: { mode: Terminate, certificateRefs: [{ name: certificate }] } }]
`);
  const unreadable =
    /default\/ending\/l: is not served: tls\.certificateRefs\[0\]: Secret default\/certificate cannot be read, because the operator may not list and watch Secrets in all namespaces\. Grant/;
  const before = await explain("c.example", "--port=8443");
  assert.match(before.stdout, unreadable);
  const limited = ["-n", "fsm-gateway-system", "patch", "deployment", "fsm-gateway", "--type=json"];
  const namespaces = {
    op: "add",
    path: "/spec/template/spec/containers/0/args/-",
    value: "--certificate-namespaces=default",
  };
  assert.equal((await server.kubectl([...limited, "-p", JSON.stringify([namespaces])])).code, 0);
  assert.match(
    (await explain("c.example", "--port=8443")).stdout,
    /may not list and watch Secrets in namespace default\. Grant/,
  );
  await apply(`apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: certificates, namespace: default }
rules: [{ apiGroups: [""], resources: [secrets, configmaps], verbs: [list, watch] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: certificates, namespace: default }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: certificates }
subjects: [{ kind: ServiceAccount, name: default, namespace: fsm-gateway-system }]
`);
  const isServed = async () =>
    !(await explain("c.example", "--port=8443")).stdout.includes("is not served: tls.certificateRefs");
  await waitFor("the right is granted", isServed);
});

test("a user who may not review rights gets the message that the operator's rights are assumed", async () => {
  await apply(`apiVersion: v1
kind: ServiceAccount
metadata: { name: reader, namespace: default }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: reader }
rules: [{ apiGroups: ["*"], resources: ["*"], verbs: [get, list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: reader }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader }
subjects: [{ kind: ServiceAccount, name: reader, namespace: default }]
`);
  const { stdout: token } = await server.kubectl(["create", "token", "reader"]);
  const config = parse(await readFile(server.kubeconfig, "utf8"));
  config.users[0].user = { token: token.trim() };
  const kubeconfig = join(dirname(server.kubeconfig), "reader.kubeconfig");
  await writeFile(kubeconfig, stringify(config));
  const { stdout, stderr } = await explainAs(kubeconfig, "c.example", "--port=8443");
  assert.match(stderr, /^The operator's rights to read Secrets and ConfigMaps are assumed, .*\n$/);
  assert.doesNotMatch(stdout, /may not list and watch/);
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
