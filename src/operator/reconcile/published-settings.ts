/**
 * Adds the settings that were last sent to each Gateway's proxies to the observed state. The translator keeps them while
 * GatewayParameters or the GatewayClass are missing. They are lost if the operator restarts in that state. Pure.
 */
import type { Plan } from "../../model/plan.ts";
import type { ResourceKey } from "../../model/proxy-config.ts";
import type { Snapshot } from "../../model/snapshot.ts";

const SETTINGS_KEY: ResourceKey = "settings:proxy";

/** Returns `snapshot` itself if no Gateway of the plan has settings. */
export function withPublishedSettings(snapshot: Snapshot, published: Plan | undefined): Snapshot {
  const deployments = new Map(snapshot.deployments);
  let isChanged = false;
  for (const [key, { config }] of published?.gateways ?? []) {
    const settings = config.resources.get(SETTINGS_KEY)?.resource;
    const deployment = deployments.get(key);
    if (settings?.kind !== "settings" || deployment === undefined) continue;
    deployments.set(key, { ...deployment, publishedSettings: settings });
    isChanged = true;
  }
  return isChanged ? { ...snapshot, deployments } : snapshot;
}
