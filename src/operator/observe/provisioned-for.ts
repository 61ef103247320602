/**
 * Finds the proof that this controller provisions a Gateway: an object that it applied and that the Gateway controls. Labels prove
 * nothing, because any user can set them. The proof is read from the cluster, so that it survives a restart of the operator. Pure.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import type { ObservedDeployment } from "../../model/snapshot.ts";
import { controllerUid, isProvisioned } from "../write/ownership.ts";

/** `objects`: the existing objects with the names of the Gateway's own objects. */
export function provisionedFor(
  gateway: KubernetesObject,
  objects: readonly (KubernetesObject | undefined)[],
  fieldManager: string,
): Pick<ObservedDeployment, "provisionedFor"> {
  const { uid } = gateway.metadata;
  if (uid === undefined) return {};
  const isProof = (object: KubernetesObject | undefined) =>
    object !== undefined && controllerUid(object) === uid && isProvisioned(object, fieldManager);
  return objects.some(isProof) ? { provisionedFor: uid } : {};
}
