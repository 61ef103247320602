/** Lists a collection in pages, so that neither side holds all of its text at once. For API servers without streaming lists. */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import type { KubeClient, Selection } from "../kube/client.ts";
import type { ResourceType } from "../kube/resource.ts";

export interface ListInPagesOptions<T extends KubernetesObject> {
  readonly selection: Selection | undefined;
  readonly pageLimit: number;
  readonly signal: AbortSignal;
  /** Returns what to keep of an object, or undefined for an object that is not needed. */
  readonly keep: (object: T) => T | undefined;
}

export interface ListedObjects<T> {
  readonly objects: readonly T[];
  /** resourceVersion at which a watch continues. */
  readonly resourceVersion: string;
}

/** @throws ApiError: `Gone` if the snapshot of the pages has expired. */
export async function listInPages<T extends KubernetesObject>(
  client: Pick<KubeClient, "list">,
  type: ResourceType,
  { selection, pageLimit, signal, keep }: ListInPagesOptions<T>,
): Promise<ListedObjects<T>> {
  const objects: T[] = [];
  let from: string | undefined;
  let resourceVersion: string;
  do {
    const rest = from === undefined ? {} : { continue: from };
    const page = await client.list<T>(type, { ...selection, ...rest, limit: pageLimit, signal });
    for (const item of page.items) {
      const kept = keep(item);
      if (kept !== undefined) objects.push(kept);
    }
    from = page.metadata.continue || undefined;
    resourceVersion = page.metadata.resourceVersion;
  } while (from !== undefined);
  return { objects, resourceVersion };
}
