/**
 * The API server as typed operations on resources. Every call is one request; failures are thrown as ApiError and never
 * retried here, for whether a retry is right depends on what the caller wants. Answers are trusted to have the shape of
 * their kind: the API server has checked them against its schema.
 */
import { KubeConfig } from "@kubernetes/client-node";
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { Connection } from "./connection.ts";
import { exchange, explained, openStream, type WireRequest } from "./exchange.ts";
import { collectionPath, type ObjectReference, objectPath, type ResourceType, referenceTo } from "./resource.ts";
import { type WatchEvent, watchEvents } from "./watch-events.ts";

/** Longer than an API server takes for anything but a large list: admission webhooks may hold a write for 10 s. */
const DEFAULT_TIMEOUT_MS = 15_000;
/** The API server's own limit for a request (`--request-timeout`). */
const LIST_TIMEOUT_MS = 60_000;
/** Bookmarks come about once a minute: three missed ones are a dead connection. */
const WATCH_SILENCE_MS = 200_000;

/** Without a resourceVersion the list is as recent as a list from etcd. */
const STREAMING_LIST = { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" };

/** What each call may carry. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

export interface Selection {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends CallOptions, Selection {
  readonly limit?: number;
  /** `metadata.continue` of the page before. */
  readonly continue?: string;
  readonly resourceVersion?: string;
}

export interface ObjectList<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
}

export interface WatchOptions extends Selection {
  /**
   * Undefined: a streaming list (KEP-3157). The watch starts with an ADDED event for each object and a bookmark that ends them.
   * An API server without streaming lists responds with 422 (Invalid).
   */
  readonly resourceVersion: string | undefined;
  /** After this the server ends the watch in order. */
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal | undefined;
  /** The longest silence on the connection, in ms, before it counts as dead. */
  readonly silenceMs?: number;
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager?: string;
}

export interface UpdateOptions extends WriteOptions {
  readonly subresource?: "status";
}

export interface DeleteOptions extends CallOptions {
  /** Deletes only the object of this uid; another of the same name is a Conflict. */
  readonly uid?: string;
  /** `Background` when absent: dependants go by garbage collection. */
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

export type PatchType = "application/merge-patch+json" | "application/json-patch+json";

export class KubeClient {
  readonly #connection: Connection;

  constructor(config: KubeConfig) {
    this.#connection = new Connection(config);
  }

  /** From $KUBECONFIG, ~/.kube/config or the pod's service account, in that order. */
  static fromDefault(): KubeClient {
    const config = new KubeConfig();
    config.loadFromDefault();
    return new KubeClient(config);
  }

  /** Any request; the answer's JSON is taken to be a T. */
  async request<T>(request: Omit<WireRequest, "timeoutMs"> & { readonly timeoutMs?: number }): Promise<T> {
    return (await exchange(this.#connection, { timeoutMs: DEFAULT_TIMEOUT_MS, ...request })) as T;
  }

  get<T extends KubernetesObject>(type: ResourceType, reference: ObjectReference, options: CallOptions = {}) {
    return this.request<T>({ ...options, method: "GET", path: objectPath(type, reference) });
  }

  /** One page; `metadata.continue` leads to the next. */
  list<T extends KubernetesObject>(type: ResourceType, options: ListOptions = {}): Promise<ObjectList<T>> {
    const { namespace, labelSelector, fieldSelector, limit, continue: from, resourceVersion, ...call } = options;
    const query = queryOf({ labelSelector, fieldSelector, limit, continue: from, resourceVersion });
    const path = collectionPath(type, namespace) + query;
    return this.request({ timeoutMs: LIST_TIMEOUT_MS, ...call, method: "GET", path });
  }

  create<T extends KubernetesObject>(type: ResourceType, object: KubernetesObject, options: WriteOptions = {}) {
    const { fieldManager, ...call } = options;
    const path = collectionPath(type, object.metadata.namespace) + queryOf({ fieldManager });
    return this.request<T>({ ...call, method: "POST", path, body: object });
  }

  /** Replaces the object, or its status; with `metadata.resourceVersion` set, only that version of it. */
  put<T extends KubernetesObject>(type: ResourceType, object: KubernetesObject, options: UpdateOptions = {}) {
    const { fieldManager, subresource, ...call } = options;
    const path = objectPath(type, referenceTo(object), subresource) + queryOf({ fieldManager });
    return this.request<T>({ ...call, method: "PUT", path, body: object });
  }

  patch<T extends KubernetesObject>(
    type: ResourceType,
    reference: ObjectReference,
    patch: unknown,
    options: UpdateOptions & { readonly patchType?: PatchType } = {},
  ): Promise<T> {
    const { fieldManager, subresource, patchType = "application/merge-patch+json", ...call } = options;
    const path = objectPath(type, reference, subresource) + queryOf({ fieldManager });
    return this.request({ ...call, method: "PATCH", path, body: patch, contentType: patchType });
  }

  /** Server-side apply (KEP-555): what we name becomes ours, what we named before and no longer do goes. */
  apply<T extends KubernetesObject>(
    type: ResourceType,
    object: KubernetesObject,
    options: CallOptions & { readonly fieldManager: string; readonly force?: boolean },
  ): Promise<T> {
    const { fieldManager, force = false, ...call } = options;
    const path = objectPath(type, referenceTo(object)) + queryOf({ fieldManager, force });
    return this.request({ ...call, method: "PATCH", path, body: object, contentType: "application/apply-patch+yaml" });
  }

  async delete(type: ResourceType, reference: ObjectReference, options: DeleteOptions = {}): Promise<void> {
    const { uid, propagationPolicy = "Background", ...call } = options;
    const body = { propagationPolicy, ...(uid === undefined ? {} : { preconditions: { uid } }) };
    await this.request({ ...call, method: "DELETE", path: objectPath(type, reference), body });
  }

  /**
   * Events from `resourceVersion` on, or from a streaming list on, until the server ends the watch; throws ApiError when it breaks (Unreachable,
   * Timeout) or is too old (Gone).
   */
  async *watch<T extends KubernetesObject>(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds, signal } = options;
    const selection = { labelSelector, fieldSelector, timeoutSeconds };
    const from = resourceVersion === undefined ? STREAMING_LIST : { resourceVersion };
    const query = queryOf({ watch: true, allowWatchBookmarks: true, ...selection, ...from });
    const timeoutMs = options.silenceMs ?? WATCH_SILENCE_MS;
    const request: WireRequest = { method: "GET", path: collectionPath(type, namespace) + query, timeoutMs, signal };
    const response = await openStream(this.#connection, request);
    try {
      yield* watchEvents<T>(response);
    } catch (error) {
      throw explained(error, request);
    } finally {
      response.destroy();
    }
  }

  /** Closes all connections, those of running watches too. */
  close(): void {
    this.#connection.close();
  }
}

/** `?a=b&…`, without what is undefined; empty when nothing is left. */
function queryOf(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? "" : `?${query}`;
}
