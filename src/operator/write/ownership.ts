/** Whose an object is, by its controller reference and by who applied it. Pure. */
import { GATEWAY_GROUP, type KubernetesObject } from "../../gateway-api/objects.ts";
import type { ManagedObject } from "../informer/trim.ts";

interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

interface OwnedObject extends KubernetesObject {
  readonly metadata: KubernetesObject["metadata"] & { readonly ownerReferences?: readonly OwnerReference[] };
}

/**
 * May `wanted` be applied over `live`? Only over what has the same controller: never over an object that a user made under
 * the same name, nor over what is left of a Gateway that was deleted and made anew.
 */
export function hasSameController(live: KubernetesObject, wanted: KubernetesObject): boolean {
  return controllerOf(live)?.uid === controllerOf(wanted)?.uid;
}

/** Did `manager` provision it for a Gateway? Labels prove nothing: users and other gateways set them too. */
export function isProvisioned(object: ManagedObject, manager: string): boolean {
  const owner = controllerOf(object);
  const applied = object.metadata.managedFields?.some((e) => e.manager === manager && e.operation === "Apply") ?? false;
  return applied && owner?.kind === "Gateway" && owner.apiVersion.startsWith(`${GATEWAY_GROUP}/`);
}

/** Uid of the object that controls this one. */
export function controllerUid(object: KubernetesObject): string | undefined {
  return controllerOf(object)?.uid;
}

/** The Gateway that owns a provisioned object, as `namespace/name`. The owner is in the object's namespace: see infra/metadata.ts. */
export function findGateway({ metadata }: KubernetesObject): string | undefined {
  const { namespace, ownerReferences } = metadata as OwnedObject["metadata"];
  const owner = ownerReferences?.find(({ kind }) => kind === "Gateway");
  return owner && `${namespace}/${owner.name}`;
}

function controllerOf(object: OwnedObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}
