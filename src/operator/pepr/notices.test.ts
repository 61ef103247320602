import assert from "node:assert/strict";
import { test } from "node:test";
import { preparePeprEnvironment } from "./environment.ts";

preparePeprEnvironment(process.env);
const { gatewayCapability } = await import("./with-pepr.ts");

const route = () => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "TLSRoute",
  metadata: { name: "r", namespace: "n", uid: "u", resourceVersion: "7", managedFields: [{ manager: "m" }] },
  spec: { hostnames: ["a.example"] },
  status: { parents: [] },
});

test("each kind is watched once, for every event", () => {
  const { bindings } = gatewayCapability({ served: new Set(["Gateway/v1", "TLSRoute/v1"]), changed: () => undefined });
  const watched = bindings.filter(({ isWatch }) => isWatch);
  assert.deepEqual(
    watched.map(({ kind, event }) => [kind.kind, event]),
    [
      ["Gateway", "*"],
      ["TLSRoute", "*"],
    ],
  );
});

test("what Pepr keeps of an object once its change is told is its identity", async () => {
  const told: string[] = [];
  const changed = (kind: string, name: string) => void told.push(`${kind} ${name}`);
  const [binding] = gatewayCapability({ served: new Set(["TLSRoute/v1"]), changed }).bindings;
  const object = route();
  await binding?.watchCallback?.(object as never, "ADDED" as never);
  assert.deepEqual(JSON.parse(JSON.stringify(object)), {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "TLSRoute",
    metadata: { name: "r", namespace: "n", uid: "u", resourceVersion: "7" },
  });
  // A list that no longer has it makes Pepr hand out what it kept.
  await binding?.watchCallback?.(object as never, "DELETED" as never);
  assert.deepEqual(told, ["TLSRoute n/r", "TLSRoute n/r"]);
});
