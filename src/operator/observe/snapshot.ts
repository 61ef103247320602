/** The snapshot of one pass: the caches as they are, and each Gateway's running side. */
import { type EndpointSlice, objectKey } from "../../gateway-api/objects.ts";
import { childName } from "../../infra/names.ts";
import type { ObservedDeployment, Snapshot } from "../../model/snapshot.ts";
import type { OperatorInformers } from "../informer/operator-informers.ts";
import { observeDeployment, takingBehind } from "./deployment.ts";
import { provisionedFor } from "./provisioned-for.ts";
import type { ProxyReports } from "./proxies.ts";
import type { SettledPorts } from "./settled-ports.ts";

/** The operator's start options, which never change. */
export type SnapshotSettings = Pick<Snapshot, "controllerName" | "parametersPolicy" | "externalHosts">;

export interface OperatorSnapshot {
  readonly snapshot: Snapshot;
  /** Gateways with Pods that take connections and have not been heard, by `namespace/name`. */
  readonly silent: ReadonlyMap<string, readonly string[]>;
}

export function takeSnapshot(
  set: OperatorInformers,
  reports: ProxyReports,
  ports: SettledPorts,
  bundleVersion: string | undefined,
  slicesOf: (service: string) => readonly EndpointSlice[],
  settings: SnapshotSettings,
  fieldManager: string,
): OperatorSnapshot {
  const informers = set.of;
  const deployments = new Map<string, ObservedDeployment>();
  const silent = new Map<string, readonly string[]>();
  const gateways = informers.gateways.items();
  for (const gateway of gateways) {
    const key = objectKey(gateway);
    const child = `${gateway.metadata.namespace}/${childName(gateway.metadata.name)}`;
    const service = informers.services.get(child);
    const taking = takingBehind(slicesOf(child));
    const observed = observeDeployment(service, taking, reports.of(key, taking.pods));
    const applied = [service, informers.deployments.get(child), informers.serviceAccounts.get(child)];
    deployments.set(key, { ...observed.deployment, ...provisionedFor(gateway, applied, fieldManager) });
    if (observed.silent.length > 0) silent.set(key, observed.silent);
  }
  reports.forgetWithout(deployments);
  const snapshot = {
    ...settings,
    gatewayClasses: informers.gatewayClasses.items(),
    gatewayParameters: informers.gatewayParameters.items(),
    gateways,
    listenerSets: informers.listenerSets.items(),
    tlsRoutes: informers.tlsRoutes.items(),
    tcpRoutes: informers.tcpRoutes.items(),
    httpRoutes: informers.httpRoutes.items(),
    backendTlsPolicies: informers.backendTlsPolicies.items(),
    xBackends: informers.xBackends.items(),
    referenceGrants: informers.referenceGrants.items(),
    namespaces: informers.namespaces.items(),
    secrets: informers.secrets.items(),
    configMaps: informers.authorities.items(),
    unreadable: { Secret: informers.secrets.unreadableScopes(), ConfigMap: informers.authorities.unreadableScopes() },
    services: informers.services.items(),
    endpointSlices: informers.endpointSlices.items(),
    deployments: ports.settle(deployments),
    provisions: true,
    absentKinds: set.absent(),
    ...(bundleVersion !== undefined && { bundleVersion }),
  };
  return { snapshot, silent };
}
