/**
 * The ways in which a request to the API server fails: a closed set, told apart by HTTP status and by `reason` of the
 * returned metav1.Status. It decides nothing about retries; callers do.
 */

export type ApiFailure =
  | { readonly type: "BadRequest" }
  | { readonly type: "Unauthorized" }
  | { readonly type: "Forbidden" }
  /** The object, or the whole kind, is not there. */
  | { readonly type: "NotFound" }
  /** A create found an object of that name. */
  | { readonly type: "AlreadyExists" }
  /** The resourceVersion or uid that was sent is not the present one, or another field manager owns a field. */
  | { readonly type: "Conflict" }
  /** The resourceVersion or continue token is too old: list again. */
  | { readonly type: "Gone" }
  /** The object breaks its schema or an admission webhook refused it with 422. */
  | { readonly type: "Invalid" }
  | { readonly type: "TooManyRequests"; readonly retryAfterMs?: number }
  | { readonly type: "ServerError"; readonly status: number; readonly retryAfterMs?: number }
  /** No complete answer within the time given. */
  | { readonly type: "Timeout" }
  /** No connection, or it broke. */
  | { readonly type: "Unreachable" }
  /** An answer that a Kubernetes API server does not give. */
  | { readonly type: "Unexpected"; readonly status: number };

export type ApiFailureType = ApiFailure["type"];

/** A request that failed. `message` names the request; `cause` is the error beneath, if there is one. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly failure: ApiFailure;
  /** The API server's own words; absent: it said none. */
  readonly answer: string | undefined;

  constructor(failure: ApiFailure, message: string, cause?: unknown, answer?: string) {
    super(message, cause === undefined ? undefined : { cause });
    this.failure = failure;
    this.answer = answer;
  }
}

/** Is this an ApiError of one of these types? */
export function isApiError(error: unknown, ...types: readonly ApiFailureType[]): error is ApiError {
  return error instanceof ApiError && types.includes(error.failure.type);
}

/** Maximum of Retry-After, in milliseconds, so that a faulty proxy on the path cannot stop the operator. */
const MAX_RETRY_AFTER_MS = 300_000;

/** Returns the wait that the API server requested, in milliseconds. Of several errors in an AggregateError, the longest wait. */
export function retryAfterMs(error: unknown): number | undefined {
  if (error instanceof AggregateError) {
    const waits = error.errors.map(retryAfterMs).filter((ms) => ms !== undefined);
    return waits.length === 0 ? undefined : Math.max(...waits);
  }
  if (!(error instanceof ApiError)) return undefined;
  return "retryAfterMs" in error.failure ? error.failure.retryAfterMs : undefined;
}

/** The failure behind a status of 400 or more. `reason` is metav1.Status.reason; `retryAfter` the header, in seconds. */
export function failureOf(status: number, reason?: string, retryAfter?: string): ApiFailure {
  switch (status) {
    case 400:
      return { type: "BadRequest" };
    case 401:
      return { type: "Unauthorized" };
    case 403:
      return { type: "Forbidden" };
    case 404:
      return { type: "NotFound" };
    case 409:
      return { type: reason === "AlreadyExists" ? "AlreadyExists" : "Conflict" };
    case 410:
      return { type: "Gone" };
    case 422:
      return { type: "Invalid" };
    case 429:
      return { type: "TooManyRequests", ...waitOf(retryAfter) };
    default:
      return status >= 500 ? { type: "ServerError", status, ...waitOf(retryAfter) } : { type: "Unexpected", status };
  }
}

/** Retry-After as seconds (RFC 9110 section 10.2.3); the API server sends no dates. */
function waitOf(retryAfter: string | undefined): { readonly retryAfterMs?: number } {
  return retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter)
    ? { retryAfterMs: Math.min(Number(retryAfter) * 1_000, MAX_RETRY_AFTER_MS) }
    : {};
}
