/**
 * Whether a CRD obliges the API server to serve its kind. If it does and discovery lacks the kind, a replica of the API server has
 * not loaded the CRD: that is no proof that the objects are gone.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { isApiError } from "./api-error.ts";
import type { KubeClient } from "./client.ts";
import { CUSTOM_RESOURCE_DEFINITIONS, objectPath } from "./resource.ts";

/** apiextensions.k8s.io/v1 CustomResourceDefinition, as far as it is read. */
interface CustomResourceDefinition extends KubernetesObject {
  readonly spec: { readonly versions: readonly { readonly served: boolean }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** `name` is `<plural>.<group>`. False as well if the operator may not read the CRD. @throws ApiError of other kinds. */
export async function isCrdServed(client: Pick<KubeClient, "request">, name: string): Promise<boolean> {
  const path = objectPath(CUSTOM_RESOURCE_DEFINITIONS, { name });
  try {
    const { spec, status } = await client.request<CustomResourceDefinition>({ method: "GET", path });
    const isEstablished = status?.conditions?.some((it) => it.type === "Established" && it.status === "True") ?? false;
    return isEstablished && spec.versions.some(({ served }) => served);
  } catch (error) {
    if (isApiError(error, "NotFound", "Forbidden")) return false;
    throw error;
  }
}
