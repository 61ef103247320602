/**
 * Whether one more connection may be held: caps in all, without a route yet, and per client, and a rate of new ones.
 *
 * Pure counting: engines tell it what happens to a connection by a ticket, so that whatever was counted is given back exactly once.
 * Its memory is bounded by the connections that are open.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import { isIpv4, parseIpAddress } from "../ip-address.ts";
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

export class Admission {
  #limits: AdmissionLimits;
  #bucket: TokenBucket | undefined;
  #held = 0;
  #unrouted = 0;
  readonly #clients = new Map<string, number>();

  constructor(limits: AdmissionLimits, nowMs: number) {
    this.#limits = limits;
    this.#bucket = bucketOf(limits, nowMs);
  }

  /** From now on these; whoever is in stays. A rate that has not changed goes on where it was. */
  set(limits: AdmissionLimits, nowMs: number): void {
    const { perSecond, burst } = this.#limits.newConnections ?? {};
    const { newConnections } = limits;
    if (newConnections?.perSecond !== perSecond || newConnections?.burst !== burst) {
      this.#bucket = bucketOf(limits, nowMs);
    }
    this.#limits = limits;
  }

  /** Clients of whom a connection is open; for tests and the curious. */
  get clients(): number {
    return this.#clients.size;
  }

  /** A connection was accepted. What is refused was not counted, and has used no token. */
  accept(nowMs: number): AdmissionRefusal | Ticket {
    const { maxConnections, maxUnrouted = Number.POSITIVE_INFINITY } = this.#limits;
    if (this.#held >= maxConnections) return "connection_limit";
    if (this.#unrouted >= maxUnrouted) return "unrouted_limit";
    if (this.#bucket?.take(nowMs) === false) return "connection_rate_limit";
    this.#held++;
    this.#unrouted++;
    return this.#ticket();
  }

  #ticket(): Ticket {
    let client: string | undefined;
    let isUnrouted = true;
    let isHeld = true;
    const routed = () => {
      if (isUnrouted) this.#unrouted--;
      isUnrouted = false;
    };
    return {
      identify: (address) => {
        if (client !== undefined || !isHeld) return undefined;
        const key = clientKey(address);
        if (!this.#mayCome(key)) return "client_connection_limit";
        client = key;
        this.#clients.set(key, (this.#clients.get(key) ?? 0) + 1);
        return undefined;
      },
      routed,
      gone: () => {
        if (!isHeld) return;
        isHeld = false;
        routed();
        this.#held--;
        if (client !== undefined) this.#release(client);
      },
    };
  }

  #mayCome(key: string): boolean {
    return (this.#clients.get(key) ?? 0) < (this.#limits.maxPerClient ?? Number.POSITIVE_INFINITY);
  }

  #release(key: string): void {
    const count = (this.#clients.get(key) ?? 0) - 1;
    if (count > 0) this.#clients.set(key, count);
    else this.#clients.delete(key);
  }
}

/** One connection that was let in. */
export interface Ticket {
  /** Its client is known now: the peer, or whom a PROXY header names. Counts once. */
  identify(address: string): "client_connection_limit" | undefined;
  /** It has its route. */
  routed(): void;
  /** Nothing is left of it. Idempotent. */
  gone(): void;
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
