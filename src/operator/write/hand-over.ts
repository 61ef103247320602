/**
 * Before we cease to apply a Deployment's `replicas`, somebody else must own them: a field that its last owner gives up goes back to its
 * default, and all proxies but one would end. So they are applied once under a name of their own, with the value that they have
 * (Kubernetes, "Server-Side Apply", transferring ownership). Whoever scales from then on (`kubectl scale`, an autoscaler) overrules that.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import type { ManagedObject } from "../informer/trim.ts";
import type { KubeClient } from "../kube/client.ts";
import type { ResourceType } from "../kube/resource.ts";
import { isObject } from "./canonical.ts";

interface HandOverOptions {
  /** Who owns them now. */
  readonly fieldManager: string;
  readonly signal?: AbortSignal | undefined;
}

/** Does nothing for what has no replicas of ours, or keeps them. */
export async function handOverReplicas(
  client: Pick<KubeClient, "apply">,
  type: ResourceType,
  present: ManagedObject,
  wanted: KubernetesObject,
  { fieldManager, signal }: HandOverOptions,
): Promise<void> {
  const replicas = replicasOf(present);
  if (replicas === undefined || replicasOf(wanted) !== undefined || !ownsReplicas(present, fieldManager)) return;
  const { name, namespace } = wanted.metadata;
  // The apply fails if another object has taken the name since.
  const { uid } = present.metadata;
  const object = {
    apiVersion: wanted.apiVersion,
    kind: wanted.kind,
    metadata: { name, ...(namespace !== undefined && { namespace }), ...(uid !== undefined && { uid }) },
    spec: { replicas },
  };
  await client.apply(type, object, {
    fieldManager: `${fieldManager}-replicas`,
    force: true,
    ...(signal !== undefined && { signal }),
  });
}

function replicasOf(object: KubernetesObject & { readonly spec?: unknown }): unknown {
  return isObject(object.spec) ? object.spec.replicas : undefined;
}

function ownsReplicas({ metadata }: ManagedObject, fieldManager: string): boolean {
  return (metadata.managedFields ?? []).some(({ manager, operation, fieldsV1 }) => {
    const spec = isObject(fieldsV1) ? fieldsV1["f:spec"] : undefined;
    return manager === fieldManager && operation === "Apply" && isObject(spec) && "f:replicas" in spec;
  });
}
