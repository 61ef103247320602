/**
 * Decides whether a connection may be admitted: limits in total, without a route, and per source, and a rate limit of new ones.
 *
 * Pure counting: engines report the events of a connection to its permit, so that each count is released exactly once. The memory
 * is limited by the open connections. Sources are counted in memory that threads share (source-counts.ts).
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import { ClientSources, isPrivateSource, type Source, type SourceOptions } from "./client-sources.ts";
import { type AdmissionLimits, type SourceLimits, shareOf } from "./limits.ts";
import { SourceCounts, UNCOUNTED } from "./source-counts.ts";
import { TokenBucket } from "./token-bucket.ts";

/**
 * Minimum wait of the oldest connection without a route before it may be closed for a new one, in milliseconds. A client that sends
 * its hello has sent it by then, even over a slow path. A shorter wait closes connections of working clients in a flood.
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

/** An admitted connection, as its permit sees it. */
export interface TicketOwner {
  /** Closes the connection immediately. */
  cut(reason: ConnectionReason): void;
}

/** State of sources that all admitting threads of a proxy share. Plain data, which may be sent to a thread. */
export interface SharedSources extends SourceOptions {
  /** Memory of `allocateSourceCounts`, with a part for each thread. */
  readonly memory: SharedArrayBuffer;
}

export interface AdmissionOptions {
  readonly sources: SharedSources;
  /** Index of this thread's part. */
  readonly part: number;
  /** Connections of all parts of the proxy; undefined: connections admitted here. */
  readonly countConnections?: () => number;
}

/** What is held, shared by the tickets of it. */
interface Held {
  readonly counts: SourceCounts;
  readonly sources: ClientSources;
  limits: AdmissionLimits;
  connections: number;
  unrouted: number;
  /** First and last of the connections without a route, in order of arrival. */
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
   * Applies new limits; admitted connections stay. An unchanged rate limit keeps its state. Sources are counted only while a limit for
   * them is set.
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
   * Admits an accepted connection, or returns the reject reason. A rejected connection was not counted and has used no token. At the limit
   * without a route, the oldest such connection is closed if it has waited for `MIN_WAIT_MS`.
   * `parts`: number of parts of a proxy that share the limit without a route in equal shares. Each part counts separately.
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
  /** The connection; undefined before it exists. */
  owner: TicketOwner | undefined;
  readonly #held: Held;
  readonly #sinceMs: number;
  /** Slot in which its source is counted. */
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

  /** Called when the client is known: the peer, or the source in a PROXY header. Counts once. A text that is not an address is not counted. */
  identify(address: string): SourceRefusal | undefined {
    return this.identifySource(this.#held.sources.fromText(address));
  }

  identifySource(source: Source | undefined): SourceRefusal | undefined {
    if (source === undefined) return undefined;
    const { counts, limits } = this.#held;
    const limit = isPrivateSource(source) ? limits.privateSource : limits.publicSource;
    if (!isLimited(limit) || this.#slot !== UNCOUNTED || this.#isGone) return undefined;
    const hash = source >>> 0;
    // Counted first, so that two concurrent threads never exceed the limit.
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

  /** Reports whether it has been without a route long enough to be closed for another one. */
  hasWaited(nowMs: number): boolean {
    return nowMs - this.#sinceMs >= MIN_WAIT_MS;
  }

  /** Closes its connection for another one. It stops counting as without a route, before its sockets are closed. */
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
