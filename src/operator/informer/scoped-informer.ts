/**
 * Caches the objects of one kind in a set of scopes (one namespace or all), each with its own list and watch.
 * Required scopes are read from start to stop. Demanded scopes are read from their first demand until a grace period after the
 * last one; then their objects are dropped. Nothing outside of these scopes is ever requested.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import type { Clock } from "../../loop/clock.ts";
import { ALL_NAMESPACES } from "../../model/namespace-scope.ts";
import type { ResourceType } from "../kube/resource.ts";
import { type Cache, type InformerCounts, type InformerState, NO_OBJECT } from "./cache.ts";
import type { Informer } from "./informer.ts";

/**
 * How long a scope is read after its last demand, in ms. It exceeds the time to replace a Gateway, so that a replacement causes no
 * new list. It also limits how long unreferenced private keys stay in memory.
 */
const DEMAND_GRACE_MS = 5 * 60_000;

export interface ScopedInformerOptions<T extends KubernetesObject> {
  readonly kind: string;
  /** `type` while no scope is read; undefined: the kind then counts as not served. */
  readonly idleType?: ResourceType | undefined;
  readonly required: readonly string[];
  /**
   * True: a required scope that the operator has no right to read counts as read and empty. Only for a kind whose missing objects lead to
   * no other decision. Default: it keeps the informer unsynced.
   */
  readonly startsWithoutRight?: boolean;
  /** Creates the informer of one scope; `namespace` is undefined for all namespaces. */
  readonly createInformer: (namespace: string | undefined) => Informer<T>;
  readonly clock: Clock;
  readonly graceMs?: number;
}

interface Scope<T extends KubernetesObject> {
  readonly informer: Informer<T>;
  /** Ends the grace period; undefined while the scope is demanded or required. */
  retirement: AbortController | undefined;
}

export class ScopedInformer<T extends KubernetesObject> implements Cache<T> {
  readonly kind: string;
  readonly whenSynced: Promise<void>;
  readonly #options: ScopedInformerOptions<T>;
  readonly #scopes = new Map<string, Scope<T>>();
  readonly #listeners = new Set<(kind: string, key: string) => void>();
  /** Sum over scopes that are no longer read: counters never decrease. */
  #retiredCounts: InformerCounts = { lists: 0, watches: 0, failures: 0 };
  #lists: readonly (readonly T[])[] = [];
  #items: readonly T[] = [];
  #unreadable: ReadonlySet<string> = new Set();
  #isStarted = false;
  #isStopped = false;

  constructor(options: ScopedInformerOptions<T>) {
    this.kind = options.kind;
    this.#options = options;
    const required = options.required.map((scope) => this.#whenReadOrUnreadable(this.#add(scope).informer));
    this.whenSynced = Promise.all(required).then(() => undefined);
  }

  /** Reports whether every required scope is read, or counts as read. */
  get synced(): boolean {
    const { required, startsWithoutRight = false } = this.#options;
    return required.every((scope) => {
      const informer = this.#scopes.get(scope)?.informer;
      return informer?.synced || (startsWithoutRight && informer?.isUnreadable);
    });
  }

  /** Reports whether a scope was demanded that is not read yet. A scope without the right to read it is not pending. */
  get isPending(): boolean {
    return [...this.#scopes.values()].some(({ informer }) => !informer.synced && !informer.isUnreadable);
  }

  get type(): ResourceType | undefined {
    const types = this.#informers().map(({ type }) => type);
    return types.find((type) => type !== undefined) ?? this.#options.idleType;
  }

  get state(): InformerState {
    const states = this.#informers().map(({ state }) => state);
    const silences = states.flatMap(({ silenceMs }) => (silenceMs === undefined ? [] : [silenceMs]));
    return {
      objects: states.reduce((sum, { objects }) => sum + objects, 0),
      counts: states.reduce((sum, { counts }) => addCounts(sum, counts), this.#retiredCounts),
      silenceMs: silences.length === 0 ? undefined : Math.max(...silences),
      failure: states.find(({ failure }) => failure !== undefined)?.failure,
    };
  }

  /** Reports whether the objects of a namespace are known. */
  isRead(namespace: string): boolean {
    return this.#scopeOf(namespace)?.informer.synced ?? false;
  }

  /** Reports whether the objects of a namespace are not known because the operator has no right to read them. */
  isUnreadable(namespace: string): boolean {
    return this.#scopeOf(namespace)?.informer.isUnreadable ?? false;
  }

  /** Returns the scopes, required or demanded, that the operator has no right to read. The same set until that changes. */
  unreadableScopes(): ReadonlySet<string> {
    const names = [...this.#scopes].filter(([, { informer }]) => informer.isUnreadable).map(([name]) => name);
    const isSame = names.length === this.#unreadable.size && names.every((name) => this.#unreadable.has(name));
    if (!isSame) this.#unreadable = new Set(names);
    return this.#unreadable;
  }

  /** The same array until an object of any scope changes. */
  items(): readonly T[] {
    const lists = this.#informers().map((informer) => informer.items());
    const isSame = lists.length === this.#lists.length && lists.every((list, i) => list === this.#lists[i]);
    if (!isSame) {
      this.#lists = lists;
      this.#items = lists.length === 1 ? (lists[0] ?? []) : lists.flat();
    }
    return this.#items;
  }

  get(key: string): T | undefined {
    return this.#scopeOf(key.slice(0, Math.max(0, key.indexOf("/"))))?.informer.get(key);
  }

  /** Subscribes as `Informer.onChange` does. The key is empty when a demanded scope has been read, or proved unreadable. Returns the unsubscribe function. */
  onChange(listener: (kind: string, key: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.#isStarted = true;
    for (const informer of this.#informers()) informer.start();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const scopes = [...this.#scopes.values()];
    for (const { retirement } of scopes) retirement?.abort();
    await Promise.all(scopes.map(({ informer }) => informer.stop()));
  }

  /** Reads these scopes in addition to the required ones, until a later demand omits them for the grace period. */
  demand(scopes: ReadonlySet<string>): void {
    if (this.#isStopped) return;
    for (const scope of scopes) this.#read(scope);
    for (const [name, scope] of this.#scopes) {
      if (scopes.has(name) || this.#options.required.includes(name) || scope.retirement !== undefined) continue;
      void this.#retire(name, scope);
    }
  }

  #read(name: string): void {
    const known = this.#scopes.get(name);
    if (known !== undefined) {
      known.retirement?.abort();
      known.retirement = undefined;
      return;
    }
    const { informer } = this.#add(name);
    // An empty scope changes no object, but its dependents may continue.
    void informer.whenSynced.then(() => this.#notify(NO_OBJECT));
    if (this.#isStarted) informer.start();
  }

  #add(name: string): Scope<T> {
    const informer = this.#options.createInformer(name === ALL_NAMESPACES ? undefined : name);
    const scope: Scope<T> = { informer, retirement: undefined };
    informer.onChange((_, key) => this.#notify(key));
    this.#scopes.set(name, scope);
    return scope;
  }

  async #retire(name: string, scope: Scope<T>): Promise<void> {
    const { clock, graceMs = DEMAND_GRACE_MS } = this.#options;
    const retirement = new AbortController();
    scope.retirement = retirement;
    await clock.sleep(graceMs, retirement.signal);
    if (retirement.signal.aborted) return;
    this.#scopes.delete(name);
    this.#retiredCounts = addCounts(this.#retiredCounts, scope.informer.counts);
    await scope.informer.stop();
  }

  async #whenReadOrUnreadable(informer: Informer<T>): Promise<void> {
    if (!this.#options.startsWithoutRight) return informer.whenSynced;
    const unreadable = Promise.withResolvers<void>();
    const unsubscribe = informer.onChange(() => {
      if (informer.isUnreadable) unreadable.resolve();
    });
    await Promise.race([informer.whenSynced, unreadable.promise]);
    unsubscribe();
  }

  #scopeOf(namespace: string): Scope<T> | undefined {
    return this.#scopes.get(namespace) ?? this.#scopes.get(ALL_NAMESPACES);
  }

  #informers(): readonly Informer<T>[] {
    return [...this.#scopes.values()].map(({ informer }) => informer);
  }

  #notify(key: string): void {
    for (const listener of this.#listeners) listener(this.kind, key);
  }
}

/**
 * Returns the scopes to read for references into these namespaces: the allowed ones of them, or all namespaces at once if there is
 * no restriction, because one watch costs the API server less than one per namespace.
 */
export function scopesFor(namespaces: Iterable<string>, allowed: ReadonlySet<string> | undefined): ReadonlySet<string> {
  if (allowed !== undefined) return new Set([...namespaces].filter((namespace) => allowed.has(namespace)));
  for (const _ of namespaces) return new Set([ALL_NAMESPACES]);
  return new Set();
}

function addCounts(a: InformerCounts, b: InformerCounts): InformerCounts {
  return { lists: a.lists + b.lists, watches: a.watches + b.watches, failures: a.failures + b.failures };
}
