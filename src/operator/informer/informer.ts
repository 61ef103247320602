/**
 * Caches the objects of one kind: a list (streaming if the API server supports it, otherwise in pages), then a watch that resumes at
 * its last version.
 * It survives broken connections, expired versions and a kind that is absent or comes and goes; it never writes, and never
 * tells what changed within an object: readers look at the whole (level-triggered).
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { backoffMs } from "../../loop/backoff.ts";
import type { Clock } from "../../loop/clock.ts";
import type { Logger } from "../../model/log.ts";
import { ApiError, isApiError, retryAfterMs } from "../kube/api-error.ts";
import type { KubeClient, Selection } from "../kube/client.ts";
import { apiVersionOf, type ResourceType } from "../kube/resource.ts";
import type { WatchEvent } from "../kube/watch-events.ts";
import { AccessDenial } from "./access-denial.ts";
import { type Cache, type InformerCounts, type InformerState, NO_OBJECT } from "./cache.ts";
import { InitialEvents } from "./initial-events.ts";
import { listInPages } from "./list-in-pages.ts";
import { type IsSameToJudge, Store } from "./store.ts";

/** The page size of client-go: a page stays far below a second and below etcd's message limit. */
const DEFAULT_PAGE_LIMIT = 500;
/** The server ends a watch after 4 to 6 minutes, spread so that not all reconnect at once. */
const WATCH_SECONDS = { least: 240, spread: 120 };
/** A watch shorter than this that brought nothing is a failure: its repetition must back off. */
const SHORT_WATCH_MS = 1_000;
/** However long the API server was away: within this time of its return the truth is being read again. */
const BACKOFF = { firstMs: 500, maxMs: 10_000 };
/** How often an absent kind is looked for, at most; with discovery's shared answer it is found within 10 s. */
const PROBE_MS = 8_000;
/**
 * A kind that had objects must be absent this long before they are forgotten. A true removal of a CRD deletes its objects
 * one by one through the watch, so this delays nothing; it keeps a replica of the API server that has not yet loaded
 * its CRDs from emptying the cache.
 */
const ABSENCE_MS = 30_000;

export interface InformerOptions<T extends KubernetesObject> {
  /** For logs and readiness, as `TLSRoute`. */
  readonly kind: string;
  readonly client: Pick<KubeClient, "list" | "watch">;
  /** The kind at the version to read, or undefined while the cluster does not serve it. */
  readonly resolve: () => Promise<ResourceType | undefined>;
  /**
   * Reports whether the cluster must serve the kind although `resolve` does not find it, as its CRD says. The cache then waits and
   * keeps what it has. Without it an absence of ABSENCE_MS counts as proof.
   */
  readonly mustBeServed?: () => Promise<boolean>;
  /** Told when the kind was resolved and yet not found, so that `resolve` asks anew. */
  readonly onNotFound?: () => void;
  readonly selection?: Selection;
  /** Fewer for a kind whose objects may be large: a page is in memory as a whole. */
  readonly pageLimit?: number;
  /**
   * What to keep of an object, undefined for one that is of no use; must keep `metadata` whole as far as it is compared:
   * name, namespace, uid, resourceVersion.
   */
  readonly transform?: (object: T) => T | undefined;
  /** Versions for which it says yes replace each other for `get`, and not for `items`. */
  readonly isSameToJudge?: IsSameToJudge<T>;
  readonly clock: Clock;
  /** From [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

export class Informer<T extends KubernetesObject> implements Cache<T> {
  readonly kind: string;
  readonly whenSynced: Promise<void>;
  readonly #options: InformerOptions<T>;
  readonly #store: Store<T>;
  readonly #listeners = new Set<(kind: string, key: string) => void>();
  readonly #stopped = new AbortController();
  readonly #counts = { lists: 0, watches: 0, failures: 0 };
  #markSynced: () => void = () => undefined;
  #synced = false;
  #type: ResourceType | undefined;
  #resourceVersion: string | undefined;
  #absentSinceMs: number | undefined;
  #failuresInRow = 0;
  #heardAtMs: number | undefined;
  readonly #denial = new AccessDenial();
  #failure: { readonly error: unknown; readonly atMs: number } | undefined;
  /** False once the API server has rejected a streaming list. */
  #streamsLists = true;
  #hasFallenBack = false;
  /** The last streaming list failed before its end. The next list uses pages, because streaming itself may be the cause. */
  #wasStreamCut = false;
  /** A version has expired, and no watch has brought anything since. */
  #expired = false;
  #running: Promise<void> | undefined;

  constructor(options: InformerOptions<T>) {
    this.kind = options.kind;
    this.#options = options;
    this.#store = new Store<T>(options.isSameToJudge);
    this.whenSynced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** Reports whether nothing was read yet because the operator has no right to. The reads are retried with backoff. */
  get isUnreadable(): boolean {
    return !this.#synced && this.#denial.isProven;
  }

  get type(): ResourceType | undefined {
    return this.#type;
  }

  get counts(): InformerCounts {
    return { ...this.#counts };
  }

  get state(): InformerState {
    const nowMs = this.#options.clock.nowMs();
    const failure = this.#failure;
    return {
      objects: this.#store.size,
      counts: this.counts,
      silenceMs: this.#heardAtMs === undefined ? undefined : nowMs - this.#heardAtMs,
      failure: failure && { error: failure.error, attempts: this.#failuresInRow, sinceMs: nowMs - failure.atMs },
    };
  }

  items(): readonly T[] {
    return this.#store.items();
  }

  get(key: string): T | undefined {
    return this.#store.get(key);
  }

  /**
   * Calls back for every object added, changed or removed, after the cache has it, and with an empty key when the kind came
   * or went, or proved unreadable. Returns the way to unsubscribe.
   */
  onChange(listener: (kind: string, key: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when nothing runs any more; closing the client cuts short what is in flight. The cache keeps what it has. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Error("the informer was stopped"));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const waitMs = await this.#cycle(signal).catch((error: unknown) => this.#failed(error));
      if (waitMs > 0) await this.#options.clock.sleep(waitMs, signal);
    }
  }

  /** One list and watch, or watch alone. Returns how long to wait before the next, in ms. */
  async #cycle(signal: AbortSignal): Promise<number> {
    const { clock, resolve } = this.#options;
    const type = await resolve();
    if (type === undefined) return await this.#absent();
    this.#absentSinceMs = undefined;
    if (this.#type === undefined || apiVersionOf(type) !== apiVersionOf(this.#type)) this.#resourceVersion = undefined;
    const isStreaming = this.#resourceVersion === undefined && this.#streamsLists && !this.#wasStreamCut;
    if (this.#resourceVersion === undefined && !isStreaming) await this.#list(type, signal);
    const startedMs = clock.nowMs();
    const events = await this.#watch(type, signal).catch((error: unknown) => {
      if (isStreaming && this.#resourceVersion === undefined) this.#onStreamingListFailed(error);
      throw error;
    });
    if (events === 0 && clock.nowMs() - startedMs < SHORT_WATCH_MS) return this.#backoff();
    this.#failuresInRow = 0;
    this.#expired = false;
    return 0;
  }

  async #list(type: ResourceType, signal: AbortSignal): Promise<void> {
    const { client, selection, pageLimit = DEFAULT_PAGE_LIMIT } = this.#options;
    const keep = (object: T) => this.#kept(object, type);
    const { objects, resourceVersion } = await listInPages(client, type, { selection, pageLimit, signal, keep });
    this.#heard();
    this.#onListed(type, objects, resourceVersion);
  }

  #onListed(type: ResourceType, objects: Iterable<T>, resourceVersion: string): void {
    this.#counts.lists++;
    this.#wasStreamCut = false;
    const isNews = this.#synced && this.#type === undefined;
    this.#type = type;
    this.#resourceVersion = resourceVersion;
    this.#replace(objects);
    if (isNews) {
      this.#options.log.info("kind is served now", { kind: this.kind });
      this.#tell(NO_OBJECT);
    }
  }

  /**
   * Watches from the known version, or starts with a streaming list. Returns the number of events and bookmarks after the list if
   * the server ended the watch gracefully.
   */
  async #watch(type: ResourceType, signal: AbortSignal): Promise<number> {
    const { client, selection, random } = this.#options;
    const timeoutSeconds = WATCH_SECONDS.least + Math.floor(WATCH_SECONDS.spread * random());
    const resourceVersion = this.#resourceVersion;
    if (resourceVersion !== undefined) this.#counts.watches++;
    let initial =
      resourceVersion === undefined ? new InitialEvents<T>((object) => this.#kept(object, type)) : undefined;
    let events = 0;
    for await (const event of client.watch<T>(type, { ...selection, resourceVersion, timeoutSeconds, signal })) {
      this.#heard();
      if (initial !== undefined) {
        initial.add(event);
        if (initial.resourceVersion === undefined) continue;
        this.#counts.watches++;
        this.#onListed(type, initial.objects, initial.resourceVersion);
        initial = undefined;
        continue;
      }
      events++;
      this.#expired = false;
      this.#onEvent(type, event);
    }
    if (initial !== undefined) throw new ApiError({ type: "Timeout" }, `watch: ${this.kind}: the list did not end`);
    return events;
  }

  #onEvent(type: ResourceType, event: WatchEvent<T>): void {
    if (event.type === "BOOKMARK") {
      this.#resourceVersion = event.resourceVersion;
      return;
    }
    this.#resourceVersion = event.object.metadata.resourceVersion;
    const kept = event.type === "DELETED" ? undefined : this.#kept(event.object, type);
    const key = kept === undefined ? this.#store.remove(event.object) : this.#store.put(kept);
    if (key !== undefined) this.#tell(key);
  }

  /** Lists in pages: permanently if the API server has no streaming lists, otherwise for the next attempt. */
  #onStreamingListFailed(error: unknown): void {
    if (isApiError(error, "Invalid", "BadRequest")) this.#streamsLists = false;
    else this.#wasStreamCut = true;
  }

  /** @throws ApiError if the CRD says that the kind is served, or cannot be read: its absence is not proven. */
  async #absent(): Promise<number> {
    const { clock, random, log, kind, mustBeServed } = this.#options;
    if (await mustBeServed?.()) {
      this.#absentSinceMs = undefined;
      throw new ApiError(
        { type: "Unexpected", status: 404 },
        `${kind}: the CRD exists, but the API server does not serve the kind`,
      );
    }
    this.#absentSinceMs ??= clock.nowMs();
    const confirmed = this.#store.size === 0 || clock.nowMs() - this.#absentSinceMs >= ABSENCE_MS;
    if (confirmed) {
      // What is absent from the start, the whole program says once, in one line.
      const isNews = this.#type !== undefined;
      this.#type = undefined;
      this.#resourceVersion = undefined;
      this.#replace([]);
      if (isNews) {
        log.warn("kind is no longer served by the cluster", { kind });
        this.#tell(NO_OBJECT);
      }
    }
    return PROBE_MS * (0.5 + random() / 2);
  }

  #failed(error: unknown): number {
    if (this.#stopped.signal.aborted) return 0;
    const { log, kind } = this.#options;
    if (!this.#streamsLists && !this.#hasFallenBack) {
      this.#hasFallenBack = true;
      log.debug("The API server has no streaming lists; listing in pages", { kind, error });
      return 0;
    }
    if (isApiError(error, "Gone")) this.#resourceVersion = undefined;
    if (isApiError(error, "NotFound")) {
      this.#resourceVersion = undefined;
      this.#options.onNotFound?.();
    }
    this.#counts.failures++;
    this.#failure = { error, atMs: this.#failure?.atMs ?? this.#options.clock.nowMs() };
    if (!this.#synced && this.#denial.onFailure(error, this.#options.clock.nowMs())) this.#tell(NO_OBJECT);
    // A version that expired while the connection was away is no trouble: the relist mends it at once, however often the
    // connection had failed before. One that expires right after a list would be listed for ever.
    if (isApiError(error, "Gone") && !this.#expired) {
      this.#expired = true;
      log.debug("watch has expired, listing again", { kind });
      return 0;
    }
    const waitMs = Math.max(this.#backoff(), retryAfterMs(error) ?? 0);
    const level = this.#failuresInRow === 1 ? "debug" : "warn";
    log[level]("list or watch failed", { kind, error, attempt: this.#failuresInRow, retryInMs: Math.round(waitMs) });
    return waitMs;
  }

  #heard(): void {
    this.#failuresInRow = 0;
    this.#heardAtMs = this.#options.clock.nowMs();
    this.#failure = undefined;
  }

  #backoff(): number {
    this.#failuresInRow++;
    return backoffMs(this.#failuresInRow, BACKOFF, this.#options.random);
  }

  #replace(objects: Iterable<T>): void {
    const changed = this.#store.replace(objects);
    const first = !this.#synced;
    this.#synced = true;
    for (const key of changed) this.#tell(key);
    if (first) this.#markSynced();
  }

  /** Items of a list lack `apiVersion` and `kind` for built-in kinds; those of a watch have them. */
  #kept(object: T, type: ResourceType): T | undefined {
    const { transform } = this.#options;
    const whole = object.kind === undefined ? { ...object, apiVersion: apiVersionOf(type), kind: type.kind } : object;
    return transform === undefined ? whole : transform(whole);
  }

  #tell(key: string): void {
    for (const listener of this.#listeners) listener(this.kind, key);
  }
}
