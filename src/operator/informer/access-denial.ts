/** Decides when a list or watch that the API server rejects as Forbidden proves that the right is missing. Pure. */
import { isApiError } from "../kube/api-error.ts";

/**
 * How long requests must be Forbidden until the right counts as missing, in ms. API servers learn of a new Role about a second late, and
 * `helm upgrade` may replace a RoleBinding. With less, an operator that starts at that moment would withdraw certificates from proxies.
 */
export const FORBIDDEN_GRACE_MS = 5_000;

export class AccessDenial {
  #forbiddenSinceMs: number | undefined;
  #isProven = false;

  get isProven(): boolean {
    return this.#isProven;
  }

  /** Returns whether this failure is the proof. Other failures than Forbidden prove neither that the right exists nor that it is missing. */
  onFailure(error: unknown, nowMs: number): boolean {
    if (this.#isProven || !isApiError(error, "Forbidden")) return false;
    this.#forbiddenSinceMs ??= nowMs;
    this.#isProven = nowMs - this.#forbiddenSinceMs >= FORBIDDEN_GRACE_MS;
    return this.#isProven;
  }
}
