/**
 * Divides the process's limit on connections among the Gateways that it serves, in equal shares that change when Gateways are added or removed.
 *
 * A share that shrinks closes no connection, so that for a while Gateways may hold more than their shares. A count of all connections
 * of the process therefore keeps their sum within the process's limit at any time. The count is in memory that threads share.
 */
import { shareOf } from "./limits.ts";

/** Maximum connections of one Gateway. */
export interface ConnectionShare {
  readonly maxConnections: number;
  /** Number of Gateways. */
  readonly gateways: number;
}

/** Connections of all Gateways of a process. Plain data, which may be sent to a thread. */
export interface ProcessConnections {
  /** One number. */
  readonly count: Int32Array;
  readonly limit: number;
}

export function createProcessConnections(limit: number): ProcessConnections {
  return { count: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), limit };
}

/** Counts one more connection, and reports whether the process may hold it. It is counted in either case. */
export function addConnection({ count, limit }: ProcessConnections): boolean {
  // Added first, so that two threads that do so at once never admit one too many.
  return Atomics.add(count, 0, 1) < limit;
}

/** Connections that were counted are closed. */
export function removeConnections({ count }: ProcessConnections, closed = 1): void {
  Atomics.sub(count, 0, closed);
}

interface Member {
  readonly onChange: (share: ConnectionShare) => void;
}

export class ConnectionShares {
  readonly connections: ProcessConnections;
  readonly #members = new Set<Member>();

  constructor(maxConnections: number) {
    this.connections = createProcessConnections(maxConnections);
  }

  /** What each Gateway has now. */
  get current(): ConnectionShare {
    const gateways = Math.max(1, this.#members.size);
    return { maxConnections: shareOf(this.connections.limit, gateways), gateways };
  }

  /** Adds a Gateway. `onChange`: called when another one comes or leaves. Returns what gives its share to the others; idempotent. */
  join(onChange: (share: ConnectionShare) => void): () => void {
    const member: Member = { onChange };
    this.#members.add(member);
    this.#notifyOthers(member);
    return () => {
      if (this.#members.delete(member)) this.#notifyOthers(undefined);
    };
  }

  #notifyOthers(except: Member | undefined): void {
    const share = this.current;
    for (const member of this.#members) if (member !== except) member.onChange(share);
  }
}
