/**
 * GatewayParameters as their user meets them: proxies are scaled and rolled out under traffic and nothing is dropped, a connection that
 * is open goes on for its drain time, and what cannot be is told by the Gateway while what runs serves on.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, waitFor } from "../support/cluster.ts";
import { BACKEND_PORT, deployBackends, ENCRYPTED } from "./backends.ts";
import { type Condition, sentence } from "./conditions.ts";
import { deployedCluster } from "./deploy.ts";
import { apply, programmedAddress } from "./gateways.ts";
import { gatewayObject, passthrough } from "./objects.ts";
import { proxyPods } from "./operator.ts";
import { startTalk } from "./talk.ts";
import { startTraffic, total } from "./traffic.ts";

const DRAIN_SECONDS = 15;
/** Proxies that start take all that a small machine has; a connection that was dropped stays silent for ever. */
const SILENCE_MS = 30_000;
const DEPLOYMENT = "deployment/fsm-gateway-edge";
const SERVICE = "service/fsm-gateway-edge";

describe("GatewayParameters", { timeout: 15 * 60_000 }, () => {
  let cluster: Cluster;
  let folder: string;
  let caFile: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fsm-gateway-e2e-"));
    cluster = await deployedCluster("fsm-params");
    caFile = await deployBackends(cluster, { namespace: "default", folder, names: ["a"], host: "app.example" });
    await setParameters({ replicas: 1, pod: { drainSeconds: DRAIN_SECONDS } });
    const parametersRef = { group: "gateway.fsm.dev", kind: "GatewayParameters", name: "edge" };
    const listeners = [passthrough("answers", 8000), passthrough("talks", 8001)];
    const spec = { gatewayClassName: "fsm", infrastructure: { parametersRef }, listeners };
    await apply(cluster, "default", route("a", "answers", BACKEND_PORT), route("talk", "talks", ENCRYPTED.port));
    await apply(cluster, "default", gatewayObject("Gateway", "edge", spec));
    await programmedAddress(cluster, "default", "edge");
  });

  after(async () => {
    await cluster?.down();
    await rm(folder, { recursive: true, force: true });
  });

  function route(service: string, sectionName: string, port: number): string {
    const rules = [{ backendRefs: [{ name: service, port }] }];
    return gatewayObject("TLSRoute", service, {
      parentRefs: [{ name: "edge", sectionName }],
      hostnames: ["app.example"],
      rules,
    });
  }

  /** Instead of those before. */
  async function setParameters(spec: object): Promise<void> {
    const object = {
      apiVersion: "gateway.fsm.dev/v1alpha1",
      kind: "GatewayParameters",
      metadata: { name: "edge" },
      spec,
    };
    await apply(cluster, "default", object);
  }

  const read = async (object: string, path: string) =>
    cluster.kubectlOrThrow(["get", object, "-o", `jsonpath=${path}`]);
  const isReady = async (replicas: number) => (await read(DEPLOYMENT, "{.status.readyReplicas}")) === String(replicas);
  /** Those that are not ending too. */
  const rolledOut = () =>
    cluster.kubectlOrThrow(["rollout", "status", DEPLOYMENT, "--timeout=90s"], { timeoutMs: 100_000 });
  const traffic = async (seconds: number) => {
    const address = await programmedAddress(cluster, "default", "edge");
    const options = { address, port: 8000, serverName: "app.example", caFile };
    return startTraffic(cluster, { ...options, concurrency: 4, pauseMs: 50, silenceMs: SILENCE_MS, seconds });
  };
  async function gatewaySays(type: string, status: string): Promise<string | undefined> {
    const conditions = JSON.parse(await read("gateway/edge", "{.status.conditions}")) as Condition[];
    return sentence(conditions, type, status);
  }

  it("says whose they are, and what they make is there", async () => {
    await waitFor("kubectl shows the Gateway", async () => {
      const line = await cluster.kubectlOrThrow(["get", "gwp", "edge"]);
      return /NAME +ACCEPTED +GATEWAYS +AGE\nedge +True +1 /.test(line);
    });
    assert.equal(await read("gwp/edge", "{.status.gatewayNames}"), '["default/edge"]');
    assert.equal(await read("poddisruptionbudget/fsm-gateway-edge", "{.spec.maxUnavailable}"), "1");
    assert.equal(await read("networkpolicy/fsm-gateway-edge", "{.spec.ingress[0].ports[*].port}"), "8000 8001 19001");
  });

  /** Nothing fails while `work` goes on, nor in the moment after it. */
  async function underTraffic(t: TestContext, what: string, work: () => Promise<void>): Promise<void> {
    const { stop } = await traffic(180);
    await work();
    // Those that end drain, and are still reached for a moment.
    await sleep(5_000);
    const { answers, errors } = await stop();
    t.diagnostic(`${what}: ${total(answers)} connections`);
    assert.deepEqual(errors, {}, what);
    assert.ok(total(answers) > 20, `${what}: ${total(answers)} connections`);
  }

  it("scales, rolls out and is handed to an autoscaler and back: no connection fails", async (t) => {
    const pod = { drainSeconds: DRAIN_SECONDS };
    const turned = { ...pod, annotations: { turn: "2" } };
    await underTraffic(t, "from one proxy to three", async () => {
      await setParameters({ replicas: 3, pod });
      await waitFor("three proxies", () => isReady(3), 60_000);
    });
    await underTraffic(t, "another template", async () => {
      await setParameters({ replicas: 3, pod: turned });
      const turn = () => read(DEPLOYMENT, "{.spec.template.metadata.annotations.turn}");
      await waitFor("the template is new", async () => (await turn()) === "2");
      await rolledOut();
    });
    await underTraffic(t, "an autoscaler", async () => {
      let fewest = Number.POSITIVE_INFINITY;
      await setParameters({ autoscaling: { minReplicas: 4, maxReplicas: 5 }, pod: turned });
      // The cluster has no metrics: it is the least number that the autoscaler goes by.
      const isScaled = async () => {
        fewest = Math.min(fewest, Number(await read(DEPLOYMENT, "{.spec.replicas}")));
        return isReady(4);
      };
      await waitFor("the autoscaler has scaled", isScaled, 120_000);
      assert.equal(fewest, 3, "what was set before the autoscaler stays until it scales");
    });
    await underTraffic(t, "from four proxies to one", async () => {
      await setParameters({ replicas: 1, pod: turned });
      await waitFor("the autoscaler is gone", async () => {
        const found = await cluster.kubectl(["get", "hpa", "fsm-gateway-edge"]);
        return found.code !== 0 && (await isReady(1));
      });
    });
  });

  it("tells running proxies how to log, without a rollout", async () => {
    const pod = { drainSeconds: DRAIN_SECONDS, annotations: { turn: "2" } };
    await waitFor("one proxy is left", async () => (await proxyPods(cluster, "default")).length === 1, 60_000);
    const [generation, [proxy]] = [
      await read(DEPLOYMENT, "{.metadata.generation}"),
      await proxyPods(cluster, "default"),
    ];
    assert.ok(proxy !== undefined);
    const lastLine = async () => {
      const { stop } = await traffic(10);
      await sleep(500);
      await stop();
      return cluster.kubectlOrThrow(["logs", proxy.name, "--tail=1"]);
    };
    assert.match(await lastLine(), /^\{.*"message":"connection"/);
    await setParameters({ replicas: 1, pod, logging: { format: "text" } });
    await waitFor("text", async () => /^\S+ INFO +connection /.test(await lastLine()));
    await setParameters({ replicas: 1, pod, logging: { level: "error" } });
    await waitFor("silence", async () => {
      const [before, after] = [await lastLine(), await lastLine()];
      return before === after;
    });
    await setParameters({ replicas: 1, pod });
    await waitFor("JSON", async () => /^\{.*"message":"connection"/.test(await lastLine()));
    assert.equal(await read(DEPLOYMENT, "{.metadata.generation}"), generation);
    assert.deepEqual(await proxyPods(cluster, "default"), [proxy]);
  });

  it(`lets a connection that is open go on for its ${DRAIN_SECONDS} s when its proxy is replaced, and no longer`, async () => {
    const address = await programmedAddress(cluster, "default", "edge");
    const ca = await readFile(caFile, "utf8");
    const options = { address, port: 8001, serverName: "app.example", ca, connections: 5 };
    const [within, beyond] = await Promise.all([startTalk(cluster, options), startTalk(cluster, options)]);
    const [old] = await proxyPods(cluster, "default");
    const pod = { drainSeconds: DRAIN_SECONDS, annotations: { turn: "3" } };
    await setParameters({ replicas: 1, pod });
    await waitFor("the old proxy is told to end", async () => {
      return (await read(`pod/${old?.name}`, "{.metadata.deletionTimestamp}")) !== "";
    });
    await sleep((DRAIN_SECONDS - 3) * 1_000);
    const survived = await within.stop();
    assert.deepEqual(survived.errors, {});
    await waitFor(
      "the old proxy is gone",
      async () => {
        return (await proxyPods(cluster, "default")).every(({ name }) => name !== old?.name);
      },
      60_000,
    );
    const cut = await beyond.stop();
    assert.equal(total(cut.errors), options.connections, JSON.stringify(cut));
  });

  it("has the address at which its listeners' ports are open, whatever the type of its Service", async () => {
    const pod = { drainSeconds: DRAIN_SECONDS, annotations: { turn: "3" } };
    for (const type of ["ClusterIP", "NodePort"]) {
      await setParameters({ replicas: 1, pod, service: { type } });
      await waitFor(`type ${type}`, async () => (await read(SERVICE, "{.spec.type}")) === type);
      const clusterIp = await read(SERVICE, "{.spec.clusterIP}");
      await waitFor("the cluster's address", async () => {
        return (await read("gateway/edge", "{.status.addresses[*].value}")) === clusterIp;
      });
      await programmedAddress(cluster, "default", "edge");
      const tried = await cluster.node([
        "curl",
        "-sk",
        "--max-time",
        "5",
        "-o",
        "/dev/null",
        "-w",
        "%{errormsg}",
        "--connect-to",
        `::${clusterIp}:8000`,
        "https://app.example/",
      ]);
      assert.doesNotMatch(tried.stdout, /connect|timed out/i, "TLS is spoken there");
    }
    await setParameters({ replicas: 1, pod });
    await waitFor("a load balancer's address again", async () => {
      const ip = await read(SERVICE, "{.status.loadBalancer.ingress[0].ip}");
      return ip !== "" && (await read("gateway/edge", "{.status.addresses[*].value}")) === ip;
    });
  });

  it("tells what the API server refuses, serves on, and is well again by itself", async () => {
    const pod = { drainSeconds: DRAIN_SECONDS, annotations: { turn: "3" } };
    const { stop } = await traffic(120);
    await setParameters({ replicas: 1, pod, service: { loadBalancerClass: "a.example/b" } });
    await waitFor("the refusal", async () => {
      return /^Invalid: The API server rejected the Service default\/fsm-gateway-edge, .*may not change once set/.test(
        (await gatewaySays("Programmed", "False")) ?? "",
      );
    });
    await setParameters({ replicas: 1, pod });
    await waitFor("Programmed", () => gatewaySays("Programmed", "True"));
    assert.deepEqual((await stop()).errors, {});
  });

  it("leaves everything as it is when its parameters are gone, and says so", async () => {
    const pod = { drainSeconds: DRAIN_SECONDS, annotations: { turn: "3" } };
    await setParameters({ replicas: 2, pod });
    await waitFor("two proxies", () => isReady(2), 60_000);
    const { stop } = await traffic(120);
    await cluster.kubectlOrThrow(["delete", "gwp", "edge"]);
    const said = await waitFor("not accepted", () => gatewaySays("Accepted", "False"));
    assert.match(said, /^InvalidParameters: .*there are no GatewayParameters default\/edge/);
    await sleep(2_000);
    assert.equal(await read(DEPLOYMENT, "{.spec.replicas} {.spec.template.metadata.annotations.turn}"), "2 3");
    assert.equal(await read("poddisruptionbudget/fsm-gateway-edge", "{.spec.maxUnavailable}"), "1");
    await setParameters({ replicas: 2, pod });
    await waitFor("accepted", () => gatewaySays("Accepted", "True"));
    assert.deepEqual((await stop()).errors, {});
  });
});
