/**
 * Proves that a cluster of two nodes is two machines: Pods reach each other across nodes, NetworkPolicies hold on both, the network
 * between the nodes can be divided, and a node that loses its power comes back.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { testCluster, waitFor } from "../support/cluster.ts";

const NAMESPACE = "two";
const PORTS = { allowed: 8080, denied: 8081 };
const cluster = testCluster("fsm-two", { nodes: 2 });
const inNamespace = (...args: string[]) => cluster.kubectlOrThrow(["-n", NAMESPACE, ...args]);

/** Answers on both ports with its name. */
function server(name: string, nodeName: string): object {
  const listen = `for (const port of ${JSON.stringify(Object.values(PORTS))})
    require("http").createServer((_, response) => response.end("${name}")).listen(port)`;
  const container = { name, image: "localhost/node:26", imagePullPolicy: "Never", args: ["-e", listen] };
  const spec = { nodeName, terminationGracePeriodSeconds: 1, containers: [container] };
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: NAMESPACE, labels: { app: name } }, spec };
}

const addressOf = (name: string) => inNamespace("get", "pod", name, "-o", "jsonpath={.status.podIP}");

async function isReachableFromPod(from: string, to: string, port: number): Promise<boolean> {
  const url = `http://${await addressOf(to)}:${port}/`;
  const script = `fetch("${url}", { signal: AbortSignal.timeout(2_000) }).then((r) => r.text()).then(console.log, () => {})`;
  return (await inNamespace("exec", from, "--", "/usr/bin/node", "-e", script)).trim() === to;
}

async function isReachableFromOutside(name: string, port = PORTS.allowed): Promise<boolean> {
  const url = `http://${await addressOf(name)}:${port}/`;
  const { code, stdout } = await cluster.outside(["curl", "-s", "--max-time", "2", url]);
  return code === 0 && stdout === name;
}

describe("a cluster of two nodes", { timeout: 45 * 60_000 }, () => {
  before(async () => {
    await cluster.down();
    await cluster.up();
    await cluster.kubectlOrThrow(["create", "namespace", NAMESPACE]);
    await cluster.apply(
      JSON.stringify({ apiVersion: "v1", kind: "List", items: [server("one", "node1"), server("two", "node2")] }),
    );
    await inNamespace("wait", "--for=condition=Ready", "pod", "--all", "--timeout=50s");
  });

  after(() => cluster.down());

  it("connects Pods across nodes, both ways", async () => {
    assert.equal(await isReachableFromPod("one", "two", PORTS.allowed), true);
    assert.equal(await isReachableFromPod("two", "one", PORTS.allowed), true);
  });

  it("enforces a NetworkPolicy on each node, for Pods and for the outside", async () => {
    const policy = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "one-port", namespace: NAMESPACE },
      spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ ports: [{ port: PORTS.allowed }] }] },
    };
    assert.equal(await isReachableFromOutside("one", PORTS.denied), true, "nothing is denied yet");
    await cluster.apply(JSON.stringify(policy));
    for (const [from, to] of [
      ["one", "two"],
      ["two", "one"],
    ] as const) {
      await waitFor("the policy is enforced", async () => !(await isReachableFromPod(from, to, PORTS.denied)));
      assert.equal(await isReachableFromPod(from, to, PORTS.allowed), true);
      assert.equal(await isReachableFromOutside(to, PORTS.denied), false);
      assert.equal(await isReachableFromOutside(to), true);
    }
    await inNamespace("delete", "networkpolicy", "one-port");
  });

  it("divides the network between the nodes, and joins it again", async () => {
    await cluster.split("on");
    try {
      assert.equal(await isReachableFromPod("one", "two", PORTS.allowed), false);
      assert.equal(await isReachableFromOutside("one"), true);
      assert.equal(await isReachableFromOutside("two"), true);
    } finally {
      await cluster.split("off");
    }
    await waitFor("the nodes are joined", () => isReachableFromPod("one", "two", PORTS.allowed));
  });

  it("restarts a node that lost its power", async () => {
    await cluster.power(2, "off");
    assert.equal(await isReachableFromOutside("two"), false);
    assert.equal(await isReachableFromOutside("one"), true);
    await cluster.power(2, "on");
    await waitFor("its Pod is back", () => isReachableFromOutside("two"), 90_000);
  });

  it("rejects a fault of the first node, which has the control plane", async () => {
    await assert.rejects(cluster.power(1, "off"), /node 1 has the control plane/);
  });
});
