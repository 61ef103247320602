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
  /** Between two keep-alive probes of TCP without an answer. */
  readonly keepAliveIntervalMs: number;
  /** For a peer to acknowledge what is sent to it. See dead-peer.ts. */
  readonly tcpUserTimeoutMs: number;
  /** From accepting, whatever goes on; infinite: no bound. */
  readonly maxAgeMs: number;
  /** For the client of a refused connection to close after us. */
  readonly lingerMs: number;
}

/**
 * What a client that has closed before a backend answered is given. A TLS client that has closed after its hello can complete no
 * handshake; one that only shut down its direction to see whether somebody answers gets the answer of a backend that is near.
 */
export const CLOSED_CLIENT_MS = 500;

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
  // With KEEP_ALIVE_INITIAL_DELAY_MS and KEEP_ALIVE_PROBES a silent peer is found dead after two minutes, as one that owes an
  // acknowledgement is.
  keepAliveIntervalMs: 10_000,
  tcpUserTimeoutMs: 120_000,
  // Nobody's connection is cut for its age unless somebody says so.
  maxAgeMs: Number.POSITIVE_INFINITY,
  // A round trip round the earth and the client's time to react; then the kernel may reset what is left.
  lingerMs: 2_000,
};
