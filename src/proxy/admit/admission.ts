/**
 * Decides whether one more connection may be held: limits in all, without a route yet, and of one source, and a rate of new ones.
 *
 * Pure counting: engines report what happens to a connection to its ticket, so that whatever was counted is given back exactly once.
 * Its memory is bounded by the connections that are open. Sources are counted in memory that threads share (source-counts.ts).
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import { ClientSources, isPrivateSource, type Source, type SourceOptions } from "./client-sources.ts";
import { type AdmissionLimits, type SourceLimits, shareOf } from "./limits.ts";
import { SourceCounts, UNCOUNTED } from "./source-counts.ts";
import { TokenBucket } from "./token-bucket.ts";

/**
 * How long the longest-waiting connection without a route must have waited to be closed for a new one, in milliseconds: a client that
 * sends its hello has sent it by then, also over a slow path. The effect of less is that honest clients are closed in a flood.
 */
export const MIN_WAIT_MS = 2_000;

export type AdmissionRefusal = Extract<
  ConnectionReason,
  "connection_limit" | "connection_rate_limit" | "unrouted_limit" | "client_connection_limit"
>;

export interface SourceRefusal {
  readonly reason: AdmissionRefusal;
  readonly detail?: string;
}

const TOO_MANY_OF_SOURCE: SourceRefusal = { reason: "client_connection_limit" };
const TOO_MANY_UNROUTED_OF_SOURCE: SourceRefusal = {
  reason: "unrouted_limit",
  detail: "one client had as many connections without a route as one client may",
};

/** A connection, as its ticket knows it. */
export interface TicketOwner {
  /** Closes it now. */
  cut(reason: ConnectionReason): void;
}

/** What all threads that admit connections of a proxy know of sources. Plain data, which may be sent to a thread. */
export interface SharedSources extends SourceOptions {
  /** Of `allocateSourceCounts`, a part for each thread. */
  readonly memory: SharedArrayBuffer;
}

export interface AdmissionOptions {
  readonly sources: SharedSources;
  /** Which part of the memory is this thread's. */
  readonly part: number;
  /** Connections of all parts of the proxy; absent: those that were admitted here. */
  readonly countConnections?: () => number;
}

/** What is held, shared by the tickets of it. */
interface Held {
  readonly counts: SourceCounts;
  readonly sources: ClientSources;
  limits: AdmissionLimits;
  connections: number;
  unrouted: number;
  /** Ends of the list of connections without a route, in the order in which they came. */
  oldest: Ticket | undefined;
  newest: Ticket | undefined;
}

export class Admission {
  readonly #held: Held;
  readonly #countConnections: () => number;
  #bucket: TokenBucket | undefined;

  constructor(limits: AdmissionLimits, nowMs: number, { sources, part, countConnections }: AdmissionOptions) {
    const held: Held = {
      counts: new SourceCounts(sources.memory, part),
      sources: new ClientSources(sources),
      limits,
      connections: 0,
      unrouted: 0,
      oldest: undefined,
      newest: undefined,
    };
    this.#held = held;
    this.#countConnections = countConnections ?? (() => held.connections);
    this.#bucket = bucketOf(limits, nowMs);
  }

  /**
   * Applies new limits; whoever is in stays. A rate that has not changed continues where it was. Sources are counted only from the time on
   * when there is a limit for them.
   */
  set(limits: AdmissionLimits, nowMs: number): void {
    const { perSecond, burst } = this.#held.limits.newConnections ?? {};
    const { newConnections } = limits;
    if (newConnections?.perSecond !== perSecond || newConnections?.burst !== burst) {
      this.#bucket = bucketOf(limits, nowMs);
    }
    this.#held.limits = limits;
  }

  /** Finds what `identifySource` of its tickets is given. */
  get sources(): ClientSources {
    return this.#held.sources;
  }

  /**
   * Admits an accepted connection, or returns why not. What is refused was not counted, and has used no token. At the limit without a route
   * the connection that has waited longest is closed, if it has waited for `MIN_WAIT_MS`.
   * `parts`: how many parts of a proxy share the limit without a route in equal shares, each of which counts for itself.
   */
  accept(nowMs: number, parts = 1): AdmissionRefusal | Ticket {
    const held = this.#held;
    if (this.#countConnections() >= held.limits.maxConnections) return "connection_limit";
    const isFull = held.unrouted >= shareOf(held.limits.maxUnrouted, parts);
    if (isFull && held.oldest?.hasWaited(nowMs) !== true) return "unrouted_limit";
    if (this.#bucket?.take(nowMs) === false) return "connection_rate_limit";
    if (isFull) held.oldest?.drop();
    return new Ticket(held, nowMs);
  }
}

/** One connection that was admitted. */
export class Ticket {
  /** The connection, once there is one. */
  owner: TicketOwner | undefined;
  readonly #held: Held;
  readonly #sinceMs: number;
  /** Where its source is counted. */
  #slot = UNCOUNTED;
  #isUnrouted = true;
  #isGone = false;
  #older: Ticket | undefined;
  #newer: Ticket | undefined;

  constructor(held: Held, nowMs: number) {
    this.#held = held;
    this.#sinceMs = nowMs;
    held.connections++;
    held.unrouted++;
    this.#older = held.newest;
    if (held.newest === undefined) held.oldest = this;
    else held.newest.#newer = this;
    held.newest = this;
  }

  /** Its client is known: the peer, or whom a PROXY header names. Counts once. `address`: what is no IP address is not counted. */
  identify(address: string): SourceRefusal | undefined {
    return this.identifySource(this.#held.sources.fromText(address));
  }

  identifySource(source: Source | undefined): SourceRefusal | undefined {
    if (source === undefined) return undefined;
    const { counts, limits } = this.#held;
    const limit = isPrivateSource(source) ? limits.privateSource : limits.publicSource;
    if (!isLimited(limit) || this.#slot !== UNCOUNTED || this.#isGone) return undefined;
    const hash = source >>> 0;
    // Counted first, so that two threads that do so at once never admit one too many.
    this.#slot = counts.add(hash);
    const { connections, unrouted } = counts.getTotals(hash);
    if (!this.#isUnrouted) counts.onRouted(this.#slot);
    if (connections <= limit.maxConnections && unrouted <= limit.maxUnrouted) return undefined;
    if (this.#isUnrouted) counts.onRouted(this.#slot);
    counts.remove(this.#slot);
    this.#slot = UNCOUNTED;
    return connections > limit.maxConnections ? TOO_MANY_OF_SOURCE : TOO_MANY_UNROUTED_OF_SOURCE;
  }

  /** It has its route. */
  routed(): void {
    if (!this.#isUnrouted) return;
    this.#isUnrouted = false;
    const held = this.#held;
    held.unrouted--;
    held.counts.onRouted(this.#slot);
    if (this.#older === undefined) held.oldest = this.#newer;
    else this.#older.#newer = this.#newer;
    if (this.#newer === undefined) held.newest = this.#older;
    else this.#newer.#older = this.#older;
    this.#older = undefined;
    this.#newer = undefined;
  }

  /** Nothing is left of it. Idempotent. */
  gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.routed();
    this.#held.connections--;
    this.#held.counts.remove(this.#slot);
    this.#slot = UNCOUNTED;
  }

  /** Reports whether it has been without a route so long that it may be closed for another one. */
  hasWaited(nowMs: number): boolean {
    return nowMs - this.#sinceMs >= MIN_WAIT_MS;
  }

  /** Closes its connection for another one. Counts as without a route no longer, whenever its sockets are closed. */
  drop(): void {
    this.routed();
    this.owner?.cut("unrouted_limit");
  }
}

function isLimited({ maxConnections, maxUnrouted }: SourceLimits): boolean {
  return maxConnections !== Number.POSITIVE_INFINITY || maxUnrouted !== Number.POSITIVE_INFINITY;
}

function bucketOf({ newConnections }: AdmissionLimits, nowMs: number): TokenBucket | undefined {
  return newConnections === undefined ? undefined : new TokenBucket(newConnections, nowMs);
}
