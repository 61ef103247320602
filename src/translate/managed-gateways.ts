/**
 * Divides Gateways by controller: the ones that this controller manages, and the ones that it has to release. A Gateway whose GatewayClass
 * does not exist is in neither group, unless objects that this controller applied for it still exist: then it stays managed, so that a
 * class that is deleted by mistake does not stop traffic. Pure.
 */
import { type Gateway, objectKey } from "../gateway-api/objects.ts";
import type { Snapshot } from "../model/snapshot.ts";

interface DividedGateways {
  readonly managed: readonly Gateway[];
  /** Uids of Gateways whose class exists and belongs to another controller. */
  readonly released: ReadonlySet<string>;
}

type Basis = Pick<Snapshot, "controllerName" | "gatewayClasses" | "gateways" | "deployments">;

export function divideGateways({ controllerName, gatewayClasses, gateways, deployments }: Basis): DividedGateways {
  const controllers = new Map(gatewayClasses.map(({ metadata, spec }) => [metadata.name, spec.controllerName]));
  const managed: Gateway[] = [];
  const released = new Set<string>();
  for (const gateway of gateways) {
    const { uid } = gateway.metadata;
    const controller = controllers.get(gateway.spec.gatewayClassName);
    const provisionedFor = deployments.get(objectKey(gateway))?.provisionedFor;
    const isProvisioned = uid !== undefined && provisionedFor === uid;
    if (controller === controllerName || (controller === undefined && isProvisioned)) managed.push(gateway);
    else if (controller !== undefined && uid !== undefined) released.add(uid);
  }
  return { managed, released };
}
