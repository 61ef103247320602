/** Two installations of the operator beside one API server: each serves its own classes and leaves the other's objects alone. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../support/wait-for.ts";
import { startLeader } from "./leader.ts";
import { type Fixture, startFixture } from "./operator-fixture.ts";

const SECOND = { name: "edge-gateway", controllerName: "edge.example/gateway" };

let api: Fixture;
before(async () => {
  api = await startFixture();
  await api.installGatewayApi("standard");
  await api.applyYaml(`
apiVersion: v1
kind: Namespace
metadata: { name: team }
---
apiVersion: v1
kind: Namespace
metadata: { name: edge-system }
---
apiVersion: v1
kind: Namespace
metadata: { name: fsm-gateway-system }
---
${gatewayClass("fsm", "gateway.fsm.dev/controller")}---
${gatewayClass("edge", SECOND.controllerName)}---
${gateway("first", "fsm")}---
${gateway("second", "edge")}`);
});
after(() => api?.stop());

function gatewayClass(name: string, controllerName: string): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: ${name} }
spec: { controllerName: ${controllerName} }
`;
}

function gateway(name: string, gatewayClassName: string): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: team }
spec:
  gatewayClassName: ${gatewayClassName}
  listeners: [{ name: tls, port: 443, protocol: TLS, tls: { mode: Passthrough } }]
`;
}

// biome-ignore lint/suspicious/noExplicitAny: objects of several kinds; each assertion says what it expects.
async function read(...args: readonly string[]): Promise<any> {
  const { code, stdout } = await api.kubectl(["get", ...args, "--show-managed-fields", "-o", "json"]);
  return code === 0 ? JSON.parse(stdout) : undefined;
}

const readDeployment = (name: string) => read("-n", "team", "deployment", `fsm-gateway-${name}`);

test("each installation runs and reports its own Gateways, and deletes nothing of the other's", async () => {
  const leaders = [
    await startLeader({ client: api.client }),
    await startLeader({ client: api.client, installation: SECOND, namespace: "edge-system" }),
  ];
  try {
    const names = ["first", "second"] as const;
    const [first, second] = await Promise.all(
      names.map((name) => waitFor(`Deployment of ${name}`, () => readDeployment(name), 30_000)),
    );
    const managersOf = ({ metadata }: typeof first): readonly string[] =>
      metadata.managedFields
        .filter((e: { operation: string }) => e.operation === "Apply")
        .map((e: { manager: string }) => e.manager);
    assert.deepEqual([managersOf(first), managersOf(second)], [["fsm-gateway"], ["edge-gateway"]]);
    const operatorOf = ({ spec }: typeof first) =>
      spec.template.spec.containers[0].args.find((arg: string) => arg.startsWith("--operator="));
    assert.equal(operatorOf(first), "--operator=https://fsm-gateway.fsm-gateway-system.svc:9443");
    assert.equal(operatorOf(second), "--operator=https://edge-gateway.edge-system.svc:9443");
    // Each sees the other's change, and could act on it.
    await api.applyYaml(gateway("third", "edge"));
    await waitFor("Deployment of third", () => readDeployment("third"), 30_000);
    await sleep(2_000);
    assert.equal((await readDeployment("first")).metadata.uid, first.metadata.uid);
    assert.equal((await readDeployment("second")).metadata.uid, second.metadata.uid);
    for (const name of ["fsm", "edge"]) {
      const { status } = await read("gatewayclass", name);
      assert.equal(status.conditions.find(({ type }: { type: string }) => type === "Accepted").status, "True", name);
    }
    for (const [namespace, name] of [
      ["fsm-gateway-system", "fsm-gateway"],
      ["edge-system", "edge-gateway"],
    ] as const) {
      assert.ok(await read("-n", namespace, "lease", name), `Lease of ${name}`);
      assert.ok(await read("-n", namespace, "secret", `${name}-certificates`), `Secret of ${name}`);
    }
  } finally {
    await Promise.all(leaders.map((leader) => leader.stop()));
  }
});
