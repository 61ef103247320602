/**
 * Bytes of connections that are still open, so that counters move while they are: told when somebody asks, so that a connection
 * costs nothing for it. Pure.
 */

/** Bytes both ways. In: from the client to the backend. */
export interface Bytes {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Bytes of a listener's connections that nobody has counted yet. */
export interface MovedSum extends Bytes {
  /** Absent: none has taken them. */
  readonly listener?: string;
}

export const NO_BYTES: Bytes = { bytesIn: 0, bytesOut: 0 };

/** What of `all` is not among those counted before. */
export function uncounted(all: Bytes, counted: Bytes = NO_BYTES): Bytes {
  return { bytesIn: all.bytesIn - counted.bytesIn, bytesOut: all.bytesOut - counted.bytesOut };
}

/** Of a listener's connection, the same. */
export function movedSince(counted: Bytes | undefined, all: Bytes, listener: string | undefined): MovedSum {
  return { ...(listener === undefined ? {} : { listener }), ...uncounted(all, counted) };
}

/** By listener, and without those of which nothing has moved. */
export function sumMoved(moved: Iterable<MovedSum>): MovedSum[] {
  const sums = new Map<string | undefined, { bytesIn: number; bytesOut: number }>();
  for (const { listener, bytesIn, bytesOut } of moved) {
    if (bytesIn === 0 && bytesOut === 0) continue;
    const sum = sums.get(listener) ?? { bytesIn: 0, bytesOut: 0 };
    sums.set(listener, sum);
    sum.bytesIn += bytesIn;
    sum.bytesOut += bytesOut;
  }
  return [...sums].map(([listener, sum]) => ({ ...(listener === undefined ? {} : { listener }), ...sum }));
}
