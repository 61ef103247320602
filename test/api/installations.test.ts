/** Two installations of the operator beside one API server: each serves its own classes and leaves the other's objects alone. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../support/wait-for.ts";
import { startLeader } from "./leader-fixture.ts";
import { gateway, gatewayClass, namespace } from "./manifests.ts";
import { type Fixture, startWithGatewayApi } from "./operator-fixture.ts";

const SECOND = { name: "edge-gateway", controllerName: "edge.example/gateway" };

let api: Fixture;
before(async () => {
  const namespaces = ["team", "edge-system", "fsm-gateway-system"].map(namespace).join("");
  const classes = gatewayClass() + gatewayClass({ name: "edge", controllerName: SECOND.controllerName });
  const gateways = gateway({ name: "first" }) + gateway({ name: "second", className: "edge" });
  api = await startWithGatewayApi({ objects: namespaces + classes + gateways });
});
after(() => api?.stop());

// biome-ignore lint/suspicious/noExplicitAny: objects of several kinds; each assertion says what it expects.
async function read(...args: readonly string[]): Promise<any> {
  const { code, stdout } = await api.kubectl(["get", ...args, "--show-managed-fields", "-o", "json"]);
  return code === 0 ? JSON.parse(stdout) : undefined;
}

const readDeployment = (name: string) => read("-n", "team", "deployment", `fsm-gateway-${name}`);

test("each installation runs and reports its own Gateways, and deletes nothing of the other's", async (t) => {
  await startLeader(t, { client: api.client });
  await startLeader(t, { client: api.client, installation: SECOND, namespace: "edge-system" });
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
  await api.applyYaml(gateway({ name: "third", className: "edge" }));
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
});
