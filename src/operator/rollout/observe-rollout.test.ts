/** Statuses as the Deployment controller writes them, in the order of a rollout. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { getProgressDeadlineMs, observeRollout, type RolloutDeployment } from "./observe-rollout.ts";

function deployment(
  status: RolloutDeployment["status"],
  spec: RolloutDeployment["spec"] = { replicas: 2 },
): RolloutDeployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d", generation: 4 },
    spec,
    ...(status && { status }),
  };
}
const progressing = (reason: string) => [{ type: "Progressing", status: "True", reason }];
const DONE = { observedGeneration: 4, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };

test("a rollout from its start to its end", () => {
  const steps: readonly [string, RolloutDeployment["status"]][] = [
    ["rolling", { ...DONE, observedGeneration: 3, conditions: progressing("NewReplicaSetAvailable") }],
    ["rolling", { ...DONE, updatedReplicas: 0, conditions: progressing("NewReplicaSetCreated") }],
    ["rolling", { ...DONE, replicas: 3, updatedReplicas: 1, conditions: progressing("ReplicaSetUpdated") }],
    ["rolling", { ...DONE, replicas: 3, updatedReplicas: 2, conditions: progressing("ReplicaSetUpdated") }],
    ["rolling", { ...DONE, availableReplicas: 1, conditions: progressing("ReplicaSetUpdated") }],
    ["complete", { ...DONE, conditions: progressing("NewReplicaSetAvailable") }],
    ["complete", DONE],
  ];
  for (const [state, status] of steps) assert.equal(observeRollout(deployment(status)), state, JSON.stringify(status));
});

test("scaling and a lost Pod are not rollouts", () => {
  const conditions = progressing("NewReplicaSetAvailable");
  assert.equal(observeRollout(deployment({ ...DONE, conditions }, { replicas: 9 })), "complete");
  assert.equal(observeRollout(deployment({ ...DONE, availableReplicas: 1, conditions })), "complete");
});

test("a rollout past its deadline is stalled, and one without an available proxy cannot remove a serving proxy", () => {
  const conditions = progressing("ProgressDeadlineExceeded");
  assert.equal(observeRollout(deployment({ ...DONE, updatedReplicas: 1, conditions })), "stalled");
  assert.equal(observeRollout(deployment({ ...DONE, availableReplicas: 0 })), "unavailable");
  assert.equal(observeRollout(deployment(undefined)), "unavailable");
  assert.equal(observeRollout(undefined), "absent");
});

test("the deadline is the Deployment's own, else the API server's default", () => {
  assert.equal(getProgressDeadlineMs(deployment(DONE)), 600_000);
  assert.equal(getProgressDeadlineMs(deployment(DONE, { progressDeadlineSeconds: 30 })), 30_000);
});
