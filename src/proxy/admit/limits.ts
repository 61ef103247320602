/** How many connections a proxy admits: what it is told, and what is built in. Pure. */
import type { BucketSize } from "./token-bucket.ts";

/** Of one source: an IPv4 address or an IPv6 /64. Infinity: no limit. */
export interface SourceLimits {
  readonly maxConnections: number;
  readonly maxUnrouted: number;
}

export interface AdmissionLimits {
  readonly maxConnections: number;
  /** Connections without a route. */
  readonly maxUnrouted: number;
  readonly publicSource: SourceLimits;
  /** Of addresses that many clients may share: see PRIVATE_NETWORKS. */
  readonly privateSource: SourceLimits;
  readonly newConnections?: BucketSize;
}

const NO_LIMITS: SourceLimits = {
  maxConnections: Number.POSITIVE_INFINITY,
  maxUnrouted: Number.POSITIVE_INFINITY,
};

/**
 * A quarter of the connections may be without a route: a hello is there within two round trips, so that at 500 ms a quarter of 20,000 is
 * 10,000 new clients a second, about what a core takes. One public source gets a sixteenth without a route, so that it takes four to make others
 * wait, and a quarter of all: one client cannot fill a proxy, and a large network behind one address fits.
 */
const UNROUTED_SHARE = 4;
const SOURCE_SHARE = 4;
const SOURCE_UNROUTED_SHARE = 16;

export function defaultLimits(maxConnections: number): AdmissionLimits {
  return {
    maxConnections,
    maxUnrouted: shareOf(maxConnections, UNROUTED_SHARE),
    publicSource: {
      maxConnections: shareOf(maxConnections, SOURCE_SHARE),
      maxUnrouted: shareOf(maxConnections, SOURCE_UNROUTED_SHARE),
    },
    privateSource: NO_LIMITS,
  };
}

/** One of `parts` equal shares, and at least 1. */
export function shareOf(limit: number, parts: number): number {
  return Math.max(1, Math.floor(limit / parts));
}
