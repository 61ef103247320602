/**
 * The guide, followed: its commands run as they stand, in one shell, as a client outside the cluster; then what a user does
 * next. httpbin.org is the real httpbin, found through the cluster's DNS.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Cluster, waitFor } from "../support/cluster.ts";
import { ShellSession } from "../support/shell-session.ts";
import { applyCrds, CHECKOUT, freshCluster, restrict } from "./deploy.ts";
import { type GuideStep, guideSteps } from "./guide.ts";
import { freshGateway } from "./objects.ts";

const GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name=simple-fsm-gateway";
const PROVISIONED = "serviceaccounts,configmaps,services,deployments,replicasets,pods,endpointslices";
const FRESH_GATEWAYS = 5;

describe("the walkthrough", { timeout: 10 * 60_000 }, () => {
  let cluster: Cluster;
  let shell: ShellSession;
  let steps: readonly GuideStep[];
  const inHttpbin = (...args: string[]) => cluster.kubectlOrThrow(["-n", "httpbin", ...args]);

  /** Runs the guide's next step, which must be the one that begins so. */
  async function follow(beginning: string) {
    const [step, ...rest] = steps;
    assert.ok(step !== undefined, `the guide has no step "${beginning}…" left`);
    assert.ok(step.commands.startsWith(beginning), `the guide's next step is "${step.commands}", not "${beginning}…"`);
    steps = rest;
    const { code, stdout, stderr } = await shell.run(step.commands);
    assert.equal(code, 0, `${step.commands}\n${stderr}`);
    return { stdout, step };
  }

  before(async () => {
    cluster = await freshCluster();
    await applyCrds(cluster, "experimental");
    shell = new ShellSession(cluster.startOutside(["bash"]));
    steps = await guideSteps(join(CHECKOUT, "docs/guides/tls-passthrough.md"));
  });

  after(async () => {
    await shell?.end();
    await cluster?.down();
  });

  it("installs the gateway", async () => {
    const { stdout } = await follow("kubectl apply -f dist/install.yaml");
    assert.match(stdout, /deployment "fsm-gateway" successfully rolled out/);
    assert.match(stdout, /gatewayclass.gateway.networking.k8s.io\/fsm condition met/);
  });

  it("creates a Gateway, which becomes Programmed and has an address", async () => {
    await follow("kubectl create ns httpbin");
    await follow("kubectl wait -n httpbin --for=condition=Programmed");
    await follow("export GATEWAY_IP=");
    assert.match((await shell.run('echo "$GATEWAY_IP"')).stdout, /^10\.77\.1\.\d+\n$/);
  });

  it("reaches httpbin.org through the gateway as soon as the route is accepted", async () => {
    await follow("kubectl apply -n httpbin");
    await follow("kubectl wait -n httpbin tlsroute/tcp-route");
    const { stdout, step } = await follow("curl https://httpbin.org/headers");
    const answer = JSON.parse(stdout);
    assert.equal(answer.headers.Host, "httpbin.org");
    assert.match(answer.headers["User-Agent"], /^curl\//);
    assert.deepEqual(Object.keys(answer.headers), Object.keys(JSON.parse(step.output ?? "").headers));
  });

  it("is described as the guide shows it", async () => {
    const { stdout } = await follow("kubectl get gateway -n httpbin");
    const ip = (await shell.run('printf %s "$GATEWAY_IP"')).stdout;
    assert.match(stdout, /^NAME +CLASS +ADDRESS +PROGRAMMED +AGE\n/);
    assert.match(stdout, new RegExp(`^simple-fsm-gateway +fsm +${ip.replaceAll(".", "\\.")} +True +\\d+s\n`, "m"));
    const described = await follow("kubectl describe tlsroute -n httpbin tcp-route");
    assert.match(described.stdout, /Message: +Attached to listener "foo"\n.*\n +Reason: +Accepted\n +Status: +True\n/);
    assert.match(
      described.stdout,
      /Message: +All references are resolved\n.*\n +Reason: +ResolvedRefs\n +Status: +True\n/,
    );
    assert.match(described.stdout, /Controller Name: +gateway\.fsm\.dev\/controller\n/);
    assert.match(described.stdout, /Normal +Accepted .*Accepted: Attached to listener "foo"/);
  });

  it("lists the Gateway's Service, and no other, under the label of the guide", async () => {
    const services = await cluster.kubectlOrThrow(["get", "svc", "-A", "-l", "app=fsm-gateway", "-o", "name"]);
    assert.equal(services, "service/fsm-gateway-simple-fsm-gateway\n");
  });

  it("refuses a TLSRoute that can never work, naming the field and the mend", async () => {
    const route = freshGateway("refused", { backend: { name: "https://httpbin.org", port: 443 } }).route;
    const { code, stderr } = await cluster.kubectl(["-n", "httpbin", "apply", "-f", "-"], { input: route });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /denied the request: spec\.rules\[0\]\.backendRefs\[0\]\.name: "https:\/\/httpbin\.org" is a URL; write the host alone \(name: httpbin\.org\) and its port beside it/,
    );
  });

  it(`says Programmed only when traffic flows: ${FRESH_GATEWAYS} fresh Gateways, the first connection to each`, async () => {
    await cluster.kubectlOrThrow(["create", "namespace", "fresh"]);
    await restrict(cluster, "fresh");
    const failures: string[] = [];
    for (let n = 0; n < FRESH_GATEWAYS; n++) {
      const { gateway, route } = freshGateway(`fresh-${n}`);
      for (const input of [route, gateway]) {
        await cluster.kubectlOrThrow(["-n", "fresh", "apply", "-f", "-"], { input });
      }
      const { code, stdout, stderr } = await shell.run(`
        address=$(kubectl wait -n fresh --for=condition=Programmed gateway/fresh-${n} --timeout=60s \\
          -o jsonpath='{.status.addresses[0].value}') &&
        curl -sS --max-time 5 https://httpbin.org/headers --connect-to "httpbin.org:443:$address:8000"`);
      if (code !== 0) failures.push(`fresh-${n}: status ${code}: ${stderr}`);
      else assert.equal(JSON.parse(stdout).headers.Host, "httpbin.org");
    }
    assert.deepEqual(failures, []);
  });

  it("runs under PodSecurity restricted", async () => {
    // The operator's namespace and that of the fresh Gateways enforce it; the guide's own is asked what it would forbid.
    const enforce = "pod-security.kubernetes.io/enforce";
    const labels = (namespace: string) =>
      cluster.kubectlOrThrow(["get", "namespace", namespace, "-o", "jsonpath={.metadata.labels}"]);
    for (const namespace of ["fsm-gateway-system", "pepr-system", "fresh"]) {
      assert.equal(JSON.parse(await labels(namespace))[enforce], "restricted", namespace);
    }
    const label = ["label", "namespace", "httpbin", "--dry-run=server", `${enforce}=restricted`];
    const { code, stderr } = await cluster.kubectl(label);
    assert.deepEqual([code, stderr], [0, ""]);
    // Nothing that the linux engine needs is refused there.
    const log = await cluster.kubectlOrThrow(["-n", "fresh", "logs", "deployment/fsm-gateway-fresh-0"]);
    assert.match(log, /"message":"linux engine"/);
  });

  it("removes with the Gateway all that was made for it", async () => {
    const before = await inHttpbin("get", PROVISIONED, "-l", GATEWAY_LABEL, "-o", "name");
    const kinds = ["serviceaccount/", "configmap/", "service/", "deployment.apps/", "pod/"];
    for (const kind of kinds) assert.match(before, new RegExp(`^${kind}`, "m"));
    await follow("kubectl delete -n httpbin");
    await waitFor(
      "nothing left of the Gateway",
      async () => (await inHttpbin("get", PROVISIONED, "-l", GATEWAY_LABEL, "-o", "name")) === "",
      90_000,
    );
    const owned = await inHttpbin("get", "serviceaccounts,configmaps", "-o", "name");
    assert.doesNotMatch(owned, /fsm-gateway/);
    assert.equal(steps.length, 0, "every step of the guide was run");
  });
});
