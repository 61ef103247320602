/**
 * Whether one more connection may be held: caps in all, without a route yet, and per client, and a rate of new ones.
 *
 * Pure counting: engines tell it what happens to a connection by a ticket, so that whatever was counted is given back exactly once.
 * Its memory is bounded by the connections that are open.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import { isIpv4, parseIpAddress } from "../../net/ip-address.ts";
import { type BucketSize, TokenBucket } from "./token-bucket.ts";

export interface AdmissionLimits {
  readonly maxConnections: number;
  /** Absent: no other bound than `maxConnections`. */
  readonly maxUnrouted?: number;
  readonly maxPerClient?: number;
  readonly newConnections?: BucketSize;
}

export type AdmissionRefusal = Extract<
  ConnectionReason,
  "connection_limit" | "connection_rate_limit" | "unrouted_limit" | "client_connection_limit"
>;

/** What is held, shared by the tickets of it. */
interface Held {
  connections: number;
  unrouted: number;
  /** Undefined: nobody asks how many a client has. */
  maxPerClient: number | undefined;
  readonly clients: Map<string, number>;
}

export class Admission {
  readonly #held: Held = { connections: 0, unrouted: 0, maxPerClient: undefined, clients: new Map() };
  #limits: AdmissionLimits;
  #bucket: TokenBucket | undefined;

  constructor(limits: AdmissionLimits, nowMs: number) {
    this.#limits = limits;
    this.#bucket = bucketOf(limits, nowMs);
    this.#held.maxPerClient = limits.maxPerClient;
  }

  /**
   * From now on these; whoever is in stays. A rate that has not changed goes on where it was. A cap per client counts the
   * connections that came while there was one.
   */
  set(limits: AdmissionLimits, nowMs: number): void {
    const { perSecond, burst } = this.#limits.newConnections ?? {};
    const { newConnections } = limits;
    if (newConnections?.perSecond !== perSecond || newConnections?.burst !== burst) {
      this.#bucket = bucketOf(limits, nowMs);
    }
    this.#limits = limits;
    this.#held.maxPerClient = limits.maxPerClient;
  }

  /** Clients whose connections are counted. */
  get clients(): number {
    return this.#held.clients.size;
  }

  /** A connection was accepted. What is refused was not counted, and has used no token. */
  accept(nowMs: number): AdmissionRefusal | Ticket {
    const { maxConnections, maxUnrouted = Number.POSITIVE_INFINITY } = this.#limits;
    if (this.#held.connections >= maxConnections) return "connection_limit";
    if (this.#held.unrouted >= maxUnrouted) return "unrouted_limit";
    if (this.#bucket?.take(nowMs) === false) return "connection_rate_limit";
    return new Ticket(this.#held);
  }
}

/** One connection that was let in. */
export class Ticket {
  readonly #held: Held;
  #client: string | undefined;
  #isUnrouted = true;
  #isGone = false;

  constructor(held: Held) {
    this.#held = held;
    held.connections++;
    held.unrouted++;
  }

  /** Does anybody ask who its client is? */
  get wantsClient(): boolean {
    return this.#held.maxPerClient !== undefined;
  }

  /** Its client is known now: the peer, or whom a PROXY header names. Counts once. */
  identify(address: string): "client_connection_limit" | undefined {
    const { clients, maxPerClient } = this.#held;
    if (maxPerClient === undefined || this.#client !== undefined || this.#isGone) return undefined;
    const key = clientKey(address);
    const count = clients.get(key) ?? 0;
    if (count >= maxPerClient) return "client_connection_limit";
    this.#client = key;
    clients.set(key, count + 1);
    return undefined;
  }

  /** It has its route. */
  routed(): void {
    if (this.#isUnrouted) this.#held.unrouted--;
    this.#isUnrouted = false;
  }

  /** Nothing is left of it. Idempotent. */
  gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.routed();
    this.#held.connections--;
    if (this.#client === undefined) return;
    const { clients } = this.#held;
    const count = (clients.get(this.#client) ?? 0) - 1;
    if (count > 0) clients.set(this.#client, count);
    else clients.delete(this.#client);
  }
}

/** An IPv6 client has a /64 at least, and could come from each of its addresses (RFC 6177, RFC 7934). */
function clientKey(text: string): string {
  const address = parseIpAddress(text);
  if (address === undefined) return text;
  return (isIpv4(address) ? address.subarray(12) : address.subarray(0, 8)).join(".");
}

function bucketOf({ newConnections }: AdmissionLimits, nowMs: number): TokenBucket | undefined {
  return newConnections === undefined ? undefined : new TokenBucket(newConnections, nowMs);
}
