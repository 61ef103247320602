/**
 * Writes the status of one object: read, merge, PUT `/status` guarded by resourceVersion. What the next status is, with
 * foreign entries kept, decides the callback; this makes sure that it was computed from what is replaced, and that
 * nothing is written when nothing would change. A merge patch would not do: it replaces the atomic list `status.parents`.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { FIELD_MANAGER } from "../../model/identity.ts";
import { isApiError } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import { apiVersionOf, type ResourceType, referenceTo } from "../kube/resource.ts";
import { jsonEqual } from "./canonical.ts";
import { tellOutcome, type WriteOutcome } from "./outcome.ts";

/** Another writer wins at most now and then; one that wins this often writes in a loop, and the next pass will do. */
const MAX_ATTEMPTS = 8;

export type StatusOutcome =
  | "written"
  | "unchanged"
  /** The object was deleted, or another one has its name now. */
  | "gone";

export interface StatusWriteOptions<T extends KubernetesObject> {
  /** Default: FIELD_MANAGER. */
  readonly fieldManager?: string;
  /** Nothing is sent once it aborts. */
  readonly signal?: AbortSignal;
  /** Told of each PUT that was answered; for metrics and the log. */
  readonly onOutcome?: (outcome: WriteOutcome) => void;
  /** Told of the object as it is after a PUT that was accepted. */
  readonly onWritten?: (object: T) => void;
}

interface WithStatus<Status> extends KubernetesObject {
  readonly status?: Status;
}

/**
 * @param type the kind at the version that is served; its path takes the PUT.
 * @param cached the informer's copy: mostly it is current, and one request does it.
 * @param next the whole next status, from the freshest object; undefined to leave it. Called again after a conflict.
 * @throws ApiError; a Conflict when other writers won every attempt.
 */
export async function writeStatus<Status extends object, T extends WithStatus<Status>>(
  client: Pick<KubeClient, "get" | "put">,
  type: ResourceType,
  cached: T,
  next: (current: T) => Status | undefined,
  options: StatusWriteOptions<T> = {},
): Promise<StatusOutcome> {
  const { signal, onOutcome, onWritten, fieldManager = FIELD_MANAGER } = options;
  let current = cached;
  for (let attempt = 1; ; attempt++) {
    const status = next(current);
    if (status === undefined || jsonEqual(status, current.status)) return "unchanged";
    signal?.throwIfAborted();
    try {
      const sent = { signal, subresource: "status", fieldManager } as const;
      const request = client.put<T>(type, statusOnly(type, current, status), sent);
      const written = await tellOutcome(request, onOutcome, signal);
      onWritten?.(written);
      return "written";
    } catch (error) {
      if (isApiError(error, "NotFound")) return "gone";
      if (!isApiError(error, "Conflict") || attempt === MAX_ATTEMPTS) throw error;
    }
    const fresh = await client.get<T>(type, referenceTo(cached), { signal }).catch(absent);
    if (fresh === undefined || fresh.metadata.uid !== cached.metadata.uid) return "gone";
    current = fresh;
  }
}

/**
 * The API server takes nothing but the status from a PUT to `/status`. Without the spec the request is small, and an object
 * whose spec the current schema would refuse (a TLSRoute written as v1alpha2 without hostnames) has its status all the same.
 */
function statusOnly<Status>(type: ResourceType, { metadata }: KubernetesObject, status: Status): WithStatus<Status> {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    status,
  };
}

function absent(error: unknown): undefined {
  if (isApiError(error, "NotFound")) return undefined;
  throw error;
}
