/** Adds what a Gateway's rollout waits for to what is observed of the Gateway, so that its status says so. Pure. */
import type { RolloutWait, Snapshot } from "../../model/snapshot.ts";

/** Returns the snapshot itself where none waits. */
export function addRolloutWaits(snapshot: Snapshot, waits: ReadonlyMap<string, RolloutWait>): Snapshot {
  if (waits.size === 0) return snapshot;
  const deployments = [...snapshot.deployments].map(([gateway, deployment]) => {
    const rolloutWait = waits.get(gateway);
    return [gateway, rolloutWait === undefined ? deployment : { ...deployment, rolloutWait }] as const;
  });
  return { ...snapshot, deployments: new Map(deployments) };
}
