/**
 * The body of a watch: bytes in, events out (Kubernetes API concepts, "Efficient detection of changes"). It never connects.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { ApiError, failureOf } from "./api-error.ts";

export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  /** Nothing happened up to this resourceVersion. */
  | {
      readonly type: "BOOKMARK";
      readonly resourceVersion: string;
      /** The objects that existed when the watch started have all been sent (KEP-3157). */
      readonly endsInitialEvents: boolean;
    };

/** The annotation of the bookmark that ends the initial events. */
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

const NEWLINE = 0x0a;

/** Events in order of arrival. Throws ApiError for an ERROR event (410 Gone above all) and for one that is no JSON. */
export async function* watchEvents<T extends KubernetesObject>(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<WatchEvent<T>> {
  for await (const text of lines(chunks)) {
    const { type, object } = parse<T>(text);
    switch (type) {
      case "ADDED":
      case "MODIFIED":
      case "DELETED":
        yield { type, object };
        break;
      case "BOOKMARK":
        yield {
          type,
          resourceVersion: object.metadata.resourceVersion ?? "",
          endsInitialEvents: object.metadata.annotations?.[INITIAL_EVENTS_END] === "true",
        };
        break;
      default:
        throw failed(object);
    }
  }
}

/** Lines without their newline; a last one without newline is a cut event and is dropped. */
export async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let pending: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      pending.push(chunk.subarray(from, end));
      const line = Buffer.concat(pending).toString();
      pending = [];
      from = end + 1;
      if (line !== "") yield line;
    }
    if (from < chunk.length) pending.push(chunk.subarray(from));
  }
}

function parse<T>(text: string): { type: string; object: T } {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError({ type: "Unexpected", status: 200 }, "watch: an event is no JSON", error);
  }
}

/** The object of an ERROR event is a metav1.Status. */
function failed(object: unknown): ApiError {
  const { code, reason, message } = object as { code?: number; reason?: string; message?: string };
  return new ApiError(failureOf(code ?? 500, reason), `watch: ${code ?? "?"} ${message ?? reason ?? "error"}`);
}
