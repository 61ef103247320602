import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { GatewayPlan } from "../model/plan.ts";
import { EMPTY_REVISION } from "../model/revision.ts";
import { findPatchProblem } from "../translate/parameters/pod-patch.ts";
import { proxyPod } from "./pod.ts";
import { mergeStrategically } from "./strategic-merge.ts";

test("maps merge, null removes, lists with a merge key merge by it, and other lists are replaced", () => {
  const original = {
    labels: { a: "1", b: "2" },
    tolerations: [{ key: "old" }],
    containers: [
      { name: "proxy", env: [{ name: "A", value: "1" }], args: ["x"], ports: [{ containerPort: 1, name: "one" }] },
      { name: "injected" },
    ],
  };
  const patch = {
    labels: { b: null, c: "3" },
    tolerations: [{ key: "new" }],
    containers: [
      { name: "sidecar", image: "s" },
      {
        name: "proxy",
        env: [{ name: "A", value: "2" }, { name: "B" }],
        ports: [{ containerPort: 1, protocol: "UDP" }],
      },
      { name: "injected", $patch: "delete" },
      { name: "never-there", $patch: "delete" },
    ],
  };
  assert.deepEqual(mergeStrategically(original, patch), {
    labels: { a: "1", c: "3" },
    tolerations: [{ key: "new" }],
    containers: [
      {
        name: "proxy",
        env: [{ name: "A", value: "2" }, { name: "B" }],
        args: ["x"],
        ports: [{ containerPort: 1, name: "one", protocol: "UDP" }],
      },
      { name: "sidecar", image: "s" },
    ],
  });
});

test("volume mounts merge by their path, host aliases by their address", () => {
  const original = {
    volumeMounts: [{ name: "a", mountPath: "/a" }],
    hostAliases: [{ ip: "192.0.2.1", hostnames: ["a"] }],
  };
  const patch = {
    volumeMounts: [{ name: "b", mountPath: "/a" }],
    hostAliases: [{ ip: "192.0.2.2", hostnames: ["b"] }],
  };
  assert.deepEqual(mergeStrategically(original, patch), {
    volumeMounts: [{ name: "b", mountPath: "/a" }],
    hostAliases: [...original.hostAliases, ...patch.hostAliases],
  });
});

test("a map can be replaced as a whole; nulls and the directive leave no trace", () => {
  const original = { securityContext: { runAsUser: 1 } };
  const patch = { securityContext: { $patch: "replace", runAsGroup: 2 }, affinity: null, dnsConfig: { options: null } };
  assert.deepEqual(mergeStrategically(original, patch), { securityContext: { runAsGroup: 2 }, dnsConfig: {} });
});

const plan: GatewayPlan = {
  ...{ namespace: "shop", name: "edge", uid: "u", gatewayClassName: "fsm", labels: {}, annotations: {}, ports: [] },
  ...{ parameters: {}, config: { revision: EMPTY_REVISION, resources: new Map() } },
};
const build = (patch: Readonly<Record<string, unknown>> = {}) =>
  // biome-ignore lint/suspicious/noExplicitAny: a template of any shape; each assertion says what it expects.
  proxyPod(plan, { pod: { patch } }, { image: "image:1", operatorNamespace: "system" }) as any;

/** Fields that the operator and the proxies depend on. */
// biome-ignore lint/suspicious/noExplicitAny: a template of any shape.
function pickFixed({ metadata, spec }: any) {
  const { app, "gateway.networking.k8s.io/gateway-name": gateway } = metadata.labels;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const byName = (list: any[], ...names: string[]) => names.map((name) => list.find((one) => one.name === name));
  const [{ name, image, args, command, env, ports, volumeMounts }] = byName(spec.containers, "proxy");
  return {
    ...{ app, gateway, name, image, args, command },
    account: [spec.serviceAccountName, spec.automountServiceAccountToken, spec.terminationGracePeriodSeconds],
    items: [...byName(spec.volumes, "ca", "token"), ...byName(env, "POD_NAME"), ...byName(ports, "admin")],
    mounts: byName(volumeMounts, "ca", "token"),
  };
}

/** Names with and without a meaning, so that many patches affect protected fields. */
const word = fc.constantFrom("proxy", "sidecar", "ca", "token", "POD_NAME", "app", "delete", "replace");
const member = fc.constantFrom(
  ...["metadata", "labels", "spec", "containers", "volumes", "env", "ports", "volumeMounts", "name", "mountPath"],
  ...["containerPort", "image", "args", "command", "serviceAccountName", "$patch", "app", "tolerations"],
);
const { patch: anyPatch } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, word, fc.constant(19001), fc.constant(null), tie("map"), tie("list")),
  map: fc.dictionary(member, tie("value"), { maxKeys: 3 }),
  list: fc.array(tie("map"), { maxLength: 3 }),
  item: fc
    .record({ name: word, mountPath: word, containerPort: fc.constantFrom(1, 19001) })
    .chain((fixed) => tie("map").map((map) => ({ ...(map as object), ...fixed }))),
  patch: fc.record(
    {
      metadata: fc.record({ labels: tie("map") }, { requiredKeys: [] }),
      spec: fc.record(
        { containers: fc.array(tie("item"), { maxLength: 3 }), volumes: fc.array(tie("item")), more: tie("value") },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  ),
}));

test("whatever an accepted patch does, what the operator relies on stays", () => {
  const fixed = pickFixed(build());
  let acceptedCount = 0;
  fc.assert(
    fc.property(anyPatch, (patch) => {
      if (findPatchProblem(patch) !== undefined) return;
      acceptedCount++;
      assert.deepEqual(pickFixed(build(patch as Readonly<Record<string, unknown>>)), fixed);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(acceptedCount > 100, `${acceptedCount} patches were accepted`);
});
