/**
 * Proves the NetworkPolicies of operator and proxies on a cluster that enforces them: what must pass passes, and nothing else.
 * A port that no program listens on tells the two apart: a connection that the policy allows is refused by the kernel, one that
 * it denies is not answered at all.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  ADMISSION_PORT,
  APP_LABEL,
  APP_LABEL_VALUE,
  CONTROL_STREAM_PORT,
  OPERATOR_ADMIN_PORT,
  OPERATOR_NAMESPACE,
  PROXY_ADMIN_PORT,
} from "../../src/model/identity.ts";
import { type Cluster, waitFor } from "../support/cluster.ts";
import { runCommand } from "../support/run-command.ts";
import { deployedCluster } from "./deploy.ts";
import { apply, applyPair, programmedAddress } from "./gateways.ts";
import { freshGateway } from "./objects.ts";
import { operatorPods, pidOf, proxyPods, type RunningPod } from "./operator.ts";

type Reachability = "connected" | "refused" | "no answer";

const NAMESPACE = "default";
const LISTENER_PORT = 8000;
/** No program of ours listens on it. */
const UNUSED_PORT = 7777;
const CONNECT_TIMEOUT_MS = 3_000;

/** Denies what no other policy of the namespace allows. */
const DEFAULT_DENY = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "default-deny" },
  spec: { podSelector: {}, policyTypes: ["Ingress"] },
};

function visitor(name: string, labels: object): object {
  const container = {
    name,
    image: "localhost/node:26",
    imagePullPolicy: "Never",
    args: ["-e", "setInterval(() => {}, 1e6)"],
  };
  const spec = { terminationGracePeriodSeconds: 1, containers: [container] };
  return { apiVersion: "v1", kind: "Pod", metadata: { name, labels }, spec };
}

describe("the NetworkPolicies", { timeout: 20 * 60_000 }, () => {
  let cluster: Cluster;
  let address: string;
  let proxy: RunningPod;
  let operator: RunningPod;

  before(async () => {
    cluster = await deployedCluster();
    await cluster.kubectlOrThrow(["create", "namespace", "visitors"]);
    await apply(cluster, NAMESPACE, DEFAULT_DENY);
    await apply(cluster, "visitors", visitor("stranger", {}), visitor("proxy", { [APP_LABEL]: APP_LABEL_VALUE }));
    await applyPair(cluster, NAMESPACE, "edge", { port: LISTENER_PORT });
    address = await programmedAddress(cluster, NAMESPACE, "edge");
    await cluster.kubectlOrThrow(["-n", "visitors", "wait", "--for=condition=Ready", "pod", "--all", "--timeout=50s"]);
    const [proxies, operators] = [await proxyPods(cluster, NAMESPACE), await operatorPods(cluster)];
    assert.ok(proxies[0] !== undefined && operators[0] !== undefined, "a proxy and an operator run");
    [proxy, operator] = [proxies[0], operators[0]];
  });

  after(() => cluster?.down());

  async function reachFromPod(name: string, host: string, port: number): Promise<Reachability> {
    const script = `const socket = require("node:net").connect(${port}, "${host}");
      const say = (word) => { console.log(word); process.exit(); };
      socket.on("connect", () => say("connected")).on("error", ({ code }) => say(code === "ECONNREFUSED" ? "refused" : code));
      setTimeout(() => say("no answer"), ${CONNECT_TIMEOUT_MS});`;
    const command = ["-n", "visitors", "exec", name, "--", "/usr/bin/node", "-e", script];
    return (await cluster.kubectlOrThrow(command)).trim() as Reachability;
  }

  /** From the network namespace of one of our Pods, whose image has no shell. */
  async function reachFromOwnPod(pod: RunningPod, program: "operator" | "proxy", url: string): Promise<Reachability> {
    const seconds = String(CONNECT_TIMEOUT_MS / 1_000);
    const command = [
      "--target",
      String(pidOf(pod, program)),
      "--net",
      "curl",
      "-sk",
      "--connect-timeout",
      seconds,
      url,
    ];
    const { code } = await runCommand("nsenter", [...command, "-o", "/dev/null"]);
    // 7: refused; 28: timeout; any other: a connection was there.
    return code === 28 ? "no answer" : code === 7 ? "refused" : "connected";
  }

  it("let clients reach a listener through the address, though the namespace denies all ingress", async () => {
    const connect = ["--connect-to", `httpbin.org:443:${address}:${LISTENER_PORT}`];
    const get = ["curl", "-sf", "--max-time", "5", "https://httpbin.org/headers", ...connect];
    assert.equal((await cluster.outside(get)).code, 0);
    assert.equal(await reachFromPod("stranger", proxy.address, LISTENER_PORT), "connected");
  });

  it("let scrapers reach a proxy's admin port, and no unused port", async () => {
    assert.equal(await reachFromPod("stranger", proxy.address, PROXY_ADMIN_PORT), "connected");
    assert.equal(await reachFromPod("stranger", proxy.address, UNUSED_PORT), "no answer");
  });

  it("let through the port of a listener that is added, and close it when the listener goes", async () => {
    assert.equal(await reachFromPod("stranger", proxy.address, 9000), "no answer");
    const { gateway } = freshGateway("edge", { port: 9000 });
    await apply(cluster, NAMESPACE, gateway);
    await waitFor("the new port", async () => (await reachFromPod("stranger", proxy.address, 9000)) === "connected");
    assert.equal(await reachFromPod("stranger", proxy.address, LISTENER_PORT), "no answer");
  });

  it("let only proxies reach the operator's stream, and everyone admission and metrics", async () => {
    assert.equal(await reachFromPod("proxy", operator.address, CONTROL_STREAM_PORT), "connected");
    assert.equal(await reachFromPod("stranger", operator.address, CONTROL_STREAM_PORT), "no answer");
    assert.equal(await reachFromPod("stranger", operator.address, ADMISSION_PORT), "connected");
    assert.equal(await reachFromPod("stranger", operator.address, OPERATOR_ADMIN_PORT), "connected");
    assert.equal(await reachFromPod("stranger", operator.address, UNUSED_PORT), "no answer");
    assert.equal(await reachFromPod("proxy", operator.address, UNUSED_PORT), "no answer");
  });

  it("let the API server reach admission", async () => {
    const { gateway } = freshGateway("reserved", { port: PROXY_ADMIN_PORT });
    const { code, stderr } = await cluster.kubectl(["apply", "-f", "-"], { input: gateway });
    assert.equal(code, 1);
    assert.match(stderr, /reserved/);
  });

  it("let the operator reach DNS and the ports of API servers, and no other port", async () => {
    const dns = await cluster.kubectlOrThrow([
      "-n",
      "kube-system",
      "get",
      "pod",
      "-l",
      "k8s-app=kube-dns",
      "-o",
      "jsonpath={.items[0].status.podIP}",
    ]);
    assert.equal(await reachFromOwnPod(operator, "operator", "https://10.96.0.1/version"), "connected");
    assert.equal(await reachFromOwnPod(operator, "operator", `http://${dns}:53/`), "connected");
    assert.equal(
      await reachFromOwnPod(operator, "operator", `http://${proxy.address}:${PROXY_ADMIN_PORT}/readyz`),
      "no answer",
    );
    assert.equal(await reachFromOwnPod(operator, "operator", `http://10.77.0.80:${UNUSED_PORT}/`), "no answer");
  });

  it("leave a proxy free to dial any backend", async () => {
    assert.equal(await reachFromOwnPod(proxy, "proxy", "https://10.77.0.80/"), "connected");
  });

  it("are in force: without them, the kernel refuses connections to a port that is not in use", async () => {
    await cluster.kubectlOrThrow(["-n", OPERATOR_NAMESPACE, "delete", "networkpolicy", "--all"]);
    await waitFor(
      "the operator's policy is gone",
      async () => (await reachFromPod("stranger", operator.address, UNUSED_PORT)) === "refused",
    );
  });
});
