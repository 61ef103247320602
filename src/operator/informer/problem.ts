/** What keeps informers from their first list, in words for `/readyz` and pages. Pure. */
import { ApiError } from "../kube/api-error.ts";
import type { InformerState } from "./cache.ts";

/** One clause, without the request's path: informers with the same trouble say the same, but for what is forbidden. */
export function problemText(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const { failure, message } = error;
  switch (failure.type) {
    case "Forbidden":
      // The API server's own sentence names the user, the verb and the resource that a Role is missing.
      return message.replace(/^.*?: 403 /, "");
    case "Unauthorized":
      return "the API server does not accept the operator's token (401)";
    case "Unreachable":
      return "the API server cannot be reached";
    case "Timeout":
      return "the API server does not answer";
    case "TooManyRequests":
      return "the API server asks for patience (429)";
    case "ServerError":
      return `the API server answers ${failure.status}`;
    default:
      return message;
  }
}

interface Missing extends Pick<InformerState, "failure"> {
  readonly kind: string;
  readonly synced: boolean;
}

/** `TLSRoute (why), Secret, Service (why both)`: kinds with one trouble stand together. Undefined when nothing is missing. */
export function missingText(informers: readonly Missing[]): string | undefined {
  const missing = informers.filter(({ synced }) => !synced);
  if (missing.length === 0) return undefined;
  const byProblem = Map.groupBy(missing, ({ failure }) => (failure === undefined ? "" : problemText(failure.error)));
  return [...byProblem]
    .map(([problem, some]) => {
      const kinds = [...new Set(some.map(({ kind }) => kind))].join(", ");
      return problem === "" ? kinds : `${kinds} (${problem})`;
    })
    .join(", ");
}
