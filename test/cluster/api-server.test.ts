/** The API server without a node: what a test of the operator may count on, and that it ends. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { type ApiServer, startApiServer } from "../support/api-server.ts";
import { gatewayApiCrds, waitFor } from "../support/cluster.ts";
import { waitForCrds } from "../support/wait-for-crds.ts";

describe("the API server alone", { timeout: 35 * 60_000 }, () => {
  let api: ApiServer;
  const kubectl = async (args: readonly string[], input = "") => {
    const { code, stdout, stderr } = await api.kubectl(args, { input });
    assert.equal(code, 0, stderr);
    return stdout;
  };

  before(async () => {
    api = await startApiServer();
  });
  after(() => api?.stop());

  it("validates with the rules of the CRDs", async () => {
    await kubectl(["apply", "--server-side", "-f", "-"], await gatewayApiCrds("experimental"));
    await waitForCrds(api);
    const listener = { name: "tls", port: 8000, protocol: "TLS" };
    const spec = { gatewayClassName: "fsm", listeners: [listener] };
    const gateway = { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name: "a" }, spec };
    const { stderr } = await api.kubectl(["create", "-f", "-"], { input: JSON.stringify(gateway) });
    assert.match(stderr, /tls mode must be set for protocol TLS/);
  });

  it("runs the controllers: ReplicaSets, LoadBalancer addresses, garbage collection", async () => {
    await kubectl(["create", "deployment", "d", "--image=none"]);
    const replicaSets = ["get", "replicasets", "-o", "name"];
    await waitFor("a ReplicaSet", async () => (await kubectl(replicaSets)) !== "");
    await kubectl(["create", "service", "loadbalancer", "lb", "--tcp=80"]);
    const address = ["get", "service", "lb", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}"];
    await waitFor("an address", async () => (await kubectl(address)).startsWith("10.77.1."));
    await kubectl(["delete", "deployment", "d"]);
    await waitFor("garbage collection", async () => (await kubectl(replicaSets)) === "");
  });

  it("ends, and takes its folder with it", async () => {
    await api.stop();
    assert.equal(existsSync(api.kubeconfig), false);
    await assert.rejects(api.kubectl(["get", "namespaces"]), /could not be started/);
  });
});
