/** What became of a write: a closed set, for metrics and the log. */
import { isApiError } from "../kube/api-error.ts";
import { isRefusal, isWebhookRefusal } from "./refusal.ts";

export type WriteOutcome =
  | "ok"
  /** Another writer was first, or another manager owns a field. */
  | "conflict"
  /** The API server, or a webhook of the cluster's, says no: rights, quota, schema. */
  | "refused"
  /** The API server asks for patience (429). */
  | "throttled"
  /** The object is not there any more. */
  | "gone"
  /** No answer, or an error of the server. */
  | "failed";

export interface Write {
  readonly verb: "status" | "apply" | "delete";
  readonly kind: string;
  /** `namespace/name`, or `name`. */
  readonly object: string;
  readonly outcome: WriteOutcome;
}

export function writeOutcome(error: unknown): WriteOutcome {
  if (isApiError(error, "Conflict", "AlreadyExists")) return "conflict";
  if (isApiError(error, "Forbidden", "Unauthorized", "Invalid", "BadRequest")) return "refused";
  if (isWebhookRefusal(error)) return "refused";
  if (isApiError(error, "TooManyRequests")) return "throttled";
  if (isApiError(error, "NotFound", "Gone")) return "gone";
  if (isRefusal(error)) return "refused";
  return "failed";
}

/** Is nothing left to do? */
export function hasSucceeded(outcome: WriteOutcome): boolean {
  return outcome === "ok" || outcome === "gone";
}

/** Tells what becomes of a request, and passes it on. Nothing is told of one that was given up by its caller. */
export async function tellOutcome<T>(
  request: Promise<T>,
  tell: ((outcome: WriteOutcome) => void) | undefined,
  signal?: AbortSignal,
): Promise<T> {
  try {
    const answer = await request;
    tell?.("ok");
    return answer;
  } catch (error) {
    if (signal?.aborted !== true) tell?.(writeOutcome(error));
    throw error;
  }
}
