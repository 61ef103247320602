/**
 * Divides failed writes into two groups: failures of one object, which the API server or an admission webhook rejects, and failures to
 * reach the API server. The first are retried with a backoff of their own and are reported in a status. The second retry the whole
 * cluster sync. Pure.
 */
import { type ApiError, isApiError } from "../kube/api-error.ts";

/** The API server reports an unreachable webhook as its own error (500). */
const WEBHOOK_FAILED = "failed calling webhook";
/** A webhook may reject with any status code, including 429 and 503. */
const WEBHOOK_DENIED = /^admission webhook "[^"]*" denied the request/;
/** An unknown field in an apply is reported as an error of the server (500). */
const UNKNOWN_FIELD = "failed to create typed patch object";

/** Reports whether the write failed because of its content or target, independent of the sender and of retries. */
export function isRefusal(error: unknown): error is ApiError {
  if (isApiError(error, "Invalid", "BadRequest", "Forbidden", "NotFound", "AlreadyExists", "Conflict", "Gone"))
    return true;
  if (isApiError(error, "Unexpected")) {
    const { failure } = error;
    return "status" in failure && failure.status >= 400 && failure.status < 500;
  }
  return isWebhookRefusal(error) || (isApiError(error, "ServerError") && startsWith(error, UNKNOWN_FIELD));
}

/** Reports whether an admission webhook rejected the write or could not be called. That does not concern the API server's load. */
export function isWebhookRefusal(error: unknown): error is ApiError {
  if (!isApiError(error, "ServerError", "TooManyRequests", "Unauthorized")) return false;
  const answer = error.answer ?? "";
  return answer.includes(WEBHOOK_FAILED) || WEBHOOK_DENIED.test(answer);
}

function startsWith(error: ApiError, text: string): boolean {
  return error.answer?.startsWith(text) === true;
}
