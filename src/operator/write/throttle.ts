/**
 * Honours Retry-After across writes: after the API server delays one request, no other is sent before that time. Otherwise each of
 * a thousand writes would receive its own Retry-After. Does not retry: the reconcile loop does.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import type { Clock } from "../../loop/clock.ts";
import { ApiError, retryAfterMs } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import { isWebhookRefusal } from "./refusal.ts";

/** The requests of writers, including reads of objects to be replaced. */
export type WriteClient = Pick<KubeClient, "get" | "put" | "apply" | "delete">;

/** Wraps a client for all writers that share its rate limit. Each call rejects without a request until Retry-After has passed. */
export function throttled(client: WriteClient, clock: Pick<Clock, "nowMs">): WriteClient {
  let notBeforeMs = Number.NEGATIVE_INFINITY;
  const send = async <T>(request: () => Promise<T>): Promise<T> => {
    const waitMs = notBeforeMs - clock.nowMs();
    if (waitMs > 0) {
      const failure = { type: "TooManyRequests", retryAfterMs: waitMs } as const;
      throw new ApiError(failure, `the API server requires a wait of ${Math.ceil(waitMs)} ms (Retry-After)`);
    }
    try {
      return await request();
    } catch (error) {
      const askedMs = isWebhookRefusal(error) ? undefined : retryAfterMs(error);
      if (askedMs !== undefined) notBeforeMs = Math.max(notBeforeMs, clock.nowMs() + askedMs);
      throw error;
    }
  };
  return {
    get: <T extends KubernetesObject>(...call: Parameters<KubeClient["get"]>) => send(() => client.get<T>(...call)),
    put: <T extends KubernetesObject>(...call: Parameters<KubeClient["put"]>) => send(() => client.put<T>(...call)),
    apply: <T extends KubernetesObject>(...call: Parameters<KubeClient["apply"]>) =>
      send(() => client.apply<T>(...call)),
    delete: (...call) => send(() => client.delete(...call)),
  };
}
