/** The chart as its user has it: installed, tested, upgraded, uninstalled, by the helm that the project builds. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CHART, helmProgram, renderChart } from "../../hack/manifest/chart.ts";
import { type Cluster, waitFor } from "../support/cluster.ts";
import { applyCrds, freshCluster } from "./deploy.ts";
import { applyPair, programmedAddress } from "./gateways.ts";
import { addedSince, inventory } from "./inventory.ts";

const RELEASE = "edge";

describe("the chart", { timeout: 10 * 60_000 }, () => {
  let cluster: Cluster;
  let folder: string;
  let program: string;
  let bare: ReadonlySet<string>;

  before(async () => {
    program = helmProgram();
    folder = await mkdtemp(join(tmpdir(), "fsm-gateway-e2e-"));
    cluster = await freshCluster();
    await applyCrds(cluster, "experimental");
    bare = await inventory(cluster);
  });

  after(async () => {
    await cluster?.down();
    await rm(folder, { recursive: true, force: true });
  });

  async function helm(...args: readonly string[]): Promise<string> {
    const env = { HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder };
    const { code, stdout, stderr } = await cluster.outside([program, ...args], { env, timeoutMs: 150_000 });
    assert.equal(code, 0, `helm ${args.join(" ")}\n${stderr}${stdout}`);
    return stdout;
  }

  /** Waits, since what is deleted goes by and by. */
  async function assertLeft(expected: readonly string[]): Promise<void> {
    const left = async () => (await addedSince(cluster, bare)).join() === expected.join();
    await waitFor("what is left", left, 60_000).catch(() => {});
    assert.deepEqual(await addedSince(cluster, bare), expected);
  }

  it("is installed with its default values, says what to do next, and serves", async () => {
    const notes = await helm("install", RELEASE, CHART, "--wait", "--timeout=120s");
    assert.match(notes, /helm test edge -n default/);
    assert.match(notes, /Gateways name the class "fsm"/);
    await applyPair(cluster, "default", "app");
    assert.match(await programmedAddress(cluster, "default", "app"), /^10\./);
  });

  it("passes `helm test`, which admission answers", async () => {
    const result = await helm("test", RELEASE, "--timeout=60s");
    assert.match(result, /Phase: +Succeeded/);
    await assertNoTestPod();
  });

  async function assertNoTestPod(): Promise<void> {
    const pods = await cluster.kubectlOrThrow(["-n", "fsm-gateway-system", "get", "pods", "-o", "name"]);
    assert.doesNotMatch(pods, /fsm-gateway-test/);
  }

  it("is upgraded: values become the Deployment's, and what the operator wrote stays", async () => {
    const caBundle = () =>
      cluster.kubectlOrThrow([
        ...["get", "validatingwebhookconfiguration", "fsm-gateway"],
        ...["-o", "jsonpath={.webhooks[0].clientConfig.caBundle}"],
      ]);
    const before = await caBundle();
    assert.ok(before.length > 100);
    await helm("upgrade", RELEASE, CHART, "--set", "replicas=3,log.format=text", "--wait", "--timeout=120s");
    const path = "jsonpath={.status.readyReplicas} {.status.updatedReplicas} {.spec.template.spec.containers[0].args}";
    const deployed = ["-n", "fsm-gateway-system", "get", "deployment", "fsm-gateway", "-o", path];
    assert.match(await cluster.kubectlOrThrow(deployed), /^3 3 .*"--log-format=text"/);
    assert.equal(await caBundle(), before);
    await helm("test", RELEASE, "--timeout=60s");
  });

  it("is accepted by the API server with every value set", async () => {
    const values = [
      'networkPolicy.adminFrom=[{"namespaceSelector":{"matchLabels":{"name":"monitoring"}}}]',
      'networkPolicy.apiServer={"ports":[6443],"cidrs":["10.77.0.2/32"]}',
      'nodeSelector={"disk":"ssd"}',
      'tolerations=[{"key":"gpu","operator":"Exists"}]',
      'affinity={"nodeAffinity":{}}',
      'topologySpreadConstraints=[{"maxSkew":2,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}]',
      'priorityClassName="system-cluster-critical"',
      'image={"repository":"registry.example/fsm","digest":"","pullSecrets":[{"name":"registry"}]}',
      'podAnnotations={"a":"b"}',
      'podLabels={"team":"edge"}',
      "terminate.enabled=false",
      'admission.failurePolicy="Fail"',
    ];
    const manifest = renderChart(
      program,
      values.flatMap((value) => ["--set-json", value]),
    );
    const apply = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"];
    const result = await cluster.kubectlOrThrow(apply, { input: manifest });
    for (const kind of ["networkpolicy", "poddisruptionbudget", "deployment", "clusterrole"]) {
      assert.match(result, new RegExp(`^${kind}[^ ]*/fsm-gateway serverside-applied \\(server dry run\\)$`, "m"));
    }
  });

  it("is uninstalled: the definitions of our kinds and the GatewayClass stay, and nothing else", async () => {
    await cluster.kubectlOrThrow(["delete", "gateway/app", "tlsroute/app"]);
    // The API server has an object for each group and version besides.
    const isKept = /^(CustomResourceDefinition|APIService|GatewayClass) /;
    const kept = (await addedSince(cluster, bare)).filter((object) => isKept.test(object));
    assert.ok(kept.includes("GatewayClass <none> fsm"), kept.join());
    assert.ok(kept.includes("CustomResourceDefinition <none> peprstores.pepr.dev"), kept.join());
    await helm("uninstall", RELEASE, "--wait", "--timeout=120s");
    await assertLeft(kept);
  });

  it("removes everything with crds.keep=false and gatewayClass.keep=false, including objects that stayed before", async () => {
    const keepNothing = "crds.keep=false,gatewayClass.keep=false";
    await helm("install", RELEASE, CHART, "--set", keepNothing, "--wait", "--timeout=120s");
    await helm("uninstall", RELEASE, "--wait", "--timeout=120s");
    await assertLeft([]);
  });
});
