/**
 * Admission and change notices as installed, against a real API server: the manifest is applied, everything runs with the rights
 * of its ServiceAccount and no more, and kubectl meets the rules. Only the way from the API server to us is another: without a
 * node there is no Service network, so the webhook gets a URL on loopback instead of the Service.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import { parse, stringify } from "yaml";
import { renderInstallManifest } from "../../hack/manifest/install.ts";
import { createLogger } from "../../src/logging/logger.ts";
import { systemClock } from "../../src/loop/clock.ts";
import { OPERATOR_NAMESPACE, WEBHOOK_CONFIGURATION_NAME } from "../../src/model/identity.ts";
import { type CertificateKeeper, keepCertificates } from "../../src/operator/certificates/keeper.ts";
import { kubeCertificateStore } from "../../src/operator/certificates/kube.ts";
import { KubeClient } from "../../src/operator/kube/client.ts";
import { ADMISSION_PATH } from "../../src/operator/pepr/environment.ts";
import { type AdmissionProcess, startProcess } from "../../src/operator/pepr/testing/admission-client.ts";
import { type ApiServer, startApiServer } from "../support/api-server.ts";
import { type CommandResult, gatewayApiCrds } from "../support/cluster.ts";
import { waitForCrds } from "../support/wait-for-crds.ts";

let server: ApiServer;
let beforeDefinitions: CommandResult;
let withDefinitions: CommandResult;
let client: KubeClient;
let keeper: CertificateKeeper;
let admission: AdmissionProcess;

async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await server.kubectl(args, input === undefined ? {} : { input });
  assert.equal(code, 0, `kubectl ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

const apply = (manifest: object | string) =>
  server.kubectl(["apply", "-f", "-"], { input: typeof manifest === "string" ? manifest : stringify(manifest) });

/** A kubeconfig with the operator's own rights beside the administrator's. */
async function operatorKubeconfig(): Promise<string> {
  const config = parse(await readFile(server.kubeconfig, "utf8"));
  const token = await kubectl(["create", "token", "fsm-gateway", "-n", OPERATOR_NAMESPACE]);
  for (const user of config.users) user.user = { token };
  const file = `${server.kubeconfig}.operator`;
  await writeFile(file, stringify(config), { mode: 0o600 });
  return file;
}

before(async () => {
  server = await startApiServer();
  beforeDefinitions = await apply(renderInstallManifest({ image: "image", version: "0" }));
  await kubectl(["apply", "--server-side", "-f", "-"], await gatewayApiCrds("experimental"));
  await waitForCrds(server);
  withDefinitions = await apply(renderInstallManifest({ image: "image", version: "0" }));
  const kubeconfig = await operatorKubeconfig();
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  client = new KubeClient(config);
  keeper = await keepCertificates({
    log: createLogger({ level: "warn", format: "text" }),
    clock: systemClock,
    store: kubeCertificateStore(client, OPERATOR_NAMESPACE),
    dnsNames: ["localhost", `fsm-gateway.${OPERATOR_NAMESPACE}.svc`],
  });
  admission = startProcess(kubeconfig, keeper.serving(), { isGatewayServed: true });
  const { port } = await admission.next("listening");
  await admission.next("ready");
  // What a user does who upgrades: the caBundle that the operator has written must outlive it.
  await kubectl(["apply", "-f", "-"], renderInstallManifest({ image: "image", version: "1" }));
  const patch = [
    { op: "remove", path: "/webhooks/0/clientConfig/service" },
    { op: "add", path: "/webhooks/0/clientConfig/url", value: `https://localhost:${port}${ADMISSION_PATH}` },
    // Failing closed here: a webhook that cannot be reached must not look like one that admits.
    { op: "replace", path: "/webhooks/0/failurePolicy", value: "Fail" },
  ];
  await kubectl([
    ...["patch", "validatingwebhookconfiguration", WEBHOOK_CONFIGURATION_NAME],
    ...["--type=json", "-p", JSON.stringify(patch)],
  ]);
});

after(async () => {
  admission?.end();
  await keeper?.stop();
  client?.close();
  await server?.stop();
});

const gateway = (listener: object = {}) => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "Gateway",
  metadata: { name: "simple-fsm-gateway", namespace: "default" },
  spec: {
    gatewayClassName: "fsm",
    listeners: [{ name: "foo", port: 8000, protocol: "TLS", tls: { mode: "Passthrough" }, ...listener }],
  },
});

const route = (version: string, backendRef: object, hostnames?: readonly string[]) => ({
  apiVersion: `gateway.networking.k8s.io/${version}`,
  kind: "TLSRoute",
  metadata: { name: "tcp-route", namespace: "default" },
  spec: {
    parentRefs: [{ name: "simple-fsm-gateway", port: 8000 }],
    ...(hostnames === undefined ? {} : { hostnames }),
    rules: [{ backendRefs: [backendRef] }],
  },
});

test("without the Gateway API's definitions only the GatewayClass fails, and applying again completes it", () => {
  assert.notEqual(beforeDefinitions.code, 0);
  assert.match(beforeDefinitions.stdout, /^deployment\.apps\/fsm-gateway created$/m);
  const failures = beforeDefinitions.stderr.split("\n").filter((line) => /error|no matches/i.test(line));
  assert.ok(failures.length >= 1 && failures.every((line) => line.includes("GatewayClass")), beforeDefinitions.stderr);
  assert.equal(withDefinitions.code, 0, withDefinitions.stderr);
  assert.match(withDefinitions.stdout, /gatewayclass\.gateway\.networking\.k8s\.io\/fsm created/);
});

test("PodSecurity, which looks, has nothing to warn of", async () => {
  const careless = ["create", "deployment", "careless", "--image=image", "-n", OPERATOR_NAMESPACE, "--dry-run=server"];
  assert.match((await server.kubectl(careless)).stderr, /would violate PodSecurity "restricted/);
  assert.doesNotMatch(beforeDefinitions.stderr, /warning/i);
});

test("the API server trusts the authority that the operator wrote, though the manifest was applied anew", async () => {
  const caBundle = await kubectl([
    ...["get", "validatingwebhookconfiguration", WEBHOOK_CONFIGURATION_NAME],
    ...["-o", "jsonpath={.webhooks[0].clientConfig.caBundle}"],
  ]);
  assert.equal(Buffer.from(caBundle, "base64").toString(), keeper.caBundle());
});

test("a good Gateway is admitted, and its creation is told", async () => {
  assert.equal((await apply(gateway())).code, 0);
  const changed = await admission.next("changed");
  assert.deepEqual([changed.kind, changed.name], ["Gateway", "default/simple-fsm-gateway"]);
});

test("a Gateway on the reserved port is refused by name of the field", async () => {
  const { code, stderr } = await apply(gateway({ port: 19001 }));
  assert.notEqual(code, 0);
  assert.match(stderr, /denied the request: spec\.listeners\[0\]\.port: 19001 is reserved/);
});

test("the walkthrough's v1alpha2 TLSRoute is admitted", async () => {
  assert.equal((await apply(route("v1alpha2", { name: "httpbin.org", port: 443 }))).code, 0);
});

test("bad TLSRoutes are refused at every served version, where no CEL rule looks too", async () => {
  for (const version of ["v1alpha2", "v1alpha3", "v1"]) {
    const { code, stderr } = await apply(route(version, { name: "httpbin.org:443", port: 443 }, ["a.example"]));
    assert.notEqual(code, 0, version);
    assert.match(
      stderr,
      /spec\.rules\[0\]\.backendRefs\[0\]\.name: "httpbin\.org:443" has a port; write name: httpbin\.org/,
    );
  }
});
