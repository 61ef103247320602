/**
 * How long the relay waits for others. Each is a bound on what a silent peer can hold.
 */
export interface TimeOuts {
  /** From accepting a connection to its complete PROXY header and ClientHello: one deadline, however the bytes drip. */
  readonly clientHelloMs: number;
  /** For one endpoint to answer a connect. */
  readonly connectMs: number;
  /** Between two attempts at the addresses of one host, when the first has not answered yet. */
  readonly attemptDelayMs: number;
  /** Without a byte either way. */
  readonly idleMs: number;
  /** Without a byte after one side has closed. */
  readonly halfClosedMs: number;
  /** Interval between two TCP keepalive probes without a response. */
  readonly keepAliveIntervalMs: number;
  /** Timeout of acknowledgements. See dead-peer.ts. */
  readonly tcpUserTimeoutMs: number;
  /** From accepting, whatever goes on; infinite: no bound. */
  readonly maxAgeMs: number;
  /** For the client of a refused connection to close after us. */
  readonly lingerMs: number;
}

/**
 * Grace period of a client that has closed before a backend responded. A TLS client that has closed after its hello can complete no
 * handshake. A client that only shut down its direction, to check for a response, receives the response of a fast backend.
 */
export const CLOSED_CLIENT_MS = 500;

/**
 * How long a backend may stay silent after its client has sent an end and then a reset. Nothing can reach such a client any more.
 * A backend that closes within this time, as after a close_notify, has completed the connection.
 */
export const RESET_CLIENT_MS = 2_000;

export const DEFAULT_TIME_OUTS: TimeOuts = {
  // A hello is one flight; 10 s covers three retransmissions of a lost SYN's successor (1 + 2 + 4 s, RFC 6298).
  clientHelloMs: 10_000,
  // Two retransmitted SYNs (1 + 2 s), and time left to try the next endpoint before the client gives up.
  connectMs: 5_000,
  // RFC 8305 section 5, Connection Attempt Delay.
  attemptDelayMs: 250,
  // As Envoy's TCP proxy: longer than any heartbeat in use, short enough that the dead go within the hour.
  idleMs: 3_600_000,
  // Who has sent all it had may wait for a slow answer, not for an absent peer.
  halfClosedMs: 300_000,
  // With KEEP_ALIVE_INITIAL_DELAY_MS and KEEP_ALIVE_PROBES an idle dead peer is detected after two minutes, the same as a peer with a
  // missing acknowledgement.
  keepAliveIntervalMs: 10_000,
  tcpUserTimeoutMs: 120_000,
  // Nobody's connection is cut for its age unless somebody says so.
  maxAgeMs: Number.POSITIVE_INFINITY,
  // A round trip round the earth and the client's time to react; then the kernel may reset what is left.
  lingerMs: 2_000,
};
