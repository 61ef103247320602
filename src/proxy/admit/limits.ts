/** Computes how many connections a proxy admits, from the configuration and the defaults. Pure. */
import type { BucketSize } from "./token-bucket.ts";

/** Limit of one source: an IPv4 address or an IPv6 /64. Infinity: no limit. */
export interface SourceLimits {
  readonly maxConnections: number;
  readonly maxUnrouted: number;
}

export interface AdmissionLimits {
  readonly maxConnections: number;
  /** Connections without a route. */
  readonly maxUnrouted: number;
  readonly publicSource: SourceLimits;
  /** Limit of an address that many clients may share: see PRIVATE_NETWORKS. */
  readonly privateSource: SourceLimits;
  readonly newConnections?: BucketSize;
}

const NO_LIMITS: SourceLimits = {
  maxConnections: Number.POSITIVE_INFINITY,
  maxUnrouted: Number.POSITIVE_INFINITY,
};

/**
 * A quarter of the connections may be without a route: a hello arrives within two round trips, so that at 500 ms a quarter of 20,000
 * allows 10,000 new clients a second, the capacity of about one core. One public source gets a sixteenth without a route, so that at
 * least four sources are needed to delay others. It gets a quarter of all: one client cannot fill a proxy, and the clients of a large
 * network with one address fit.
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

/** Returns one of `parts` equal shares, at least 1. */
export function shareOf(limit: number, parts: number): number {
  return Math.max(1, Math.floor(limit / parts));
}
