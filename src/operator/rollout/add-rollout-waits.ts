/** Adds the rollouts that a Gateway waits for to its observed state, so that its status reports them. Pure. */
import type { RolloutWait, Snapshot } from "../../model/snapshot.ts";

/** Returns the snapshot itself if no Gateway waits. */
export function addRolloutWaits(snapshot: Snapshot, waits: ReadonlyMap<string, RolloutWait>): Snapshot {
  if (waits.size === 0) return snapshot;
  const deployments = [...snapshot.deployments].map(([gateway, deployment]) => {
    const rolloutWait = waits.get(gateway);
    return [gateway, rolloutWait === undefined ? deployment : { ...deployment, rolloutWait }] as const;
  });
  return { ...snapshot, deployments: new Map(deployments) };
}
