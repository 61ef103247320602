/**
 * Detects dead peers: peers that acknowledge nothing although data is in flight to them.
 *
 * Pure: evaluates the kernel's state of a socket. A peer that acknowledges and does not read is alive, which is why this is
 * not the socket option TCP_USER_TIMEOUT.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Side } from "./relay.ts";

/** State of a TCP socket in the kernel (tcp(7), TCP_INFO). */
export interface TcpReading {
  /** Segments that were sent and are not acknowledged. */
  readonly unacked: number;
  /** Probes without a response, of keepalive or of a closed window. */
  readonly probes: number;
  /** Bytes that were written and are not sent. */
  readonly notSentBytes: number;
  /** Milliseconds since the last acknowledgement. */
  readonly lastAckMs: number;
}

export interface DeadPeer {
  readonly reason: ConnectionReason;
  readonly detail: string;
}

/** Minimum interval between two reads of a socket. */
const SHORTEST_INTERVAL_MS = 1_000;
const CHECKS_PER_TIMEOUT = 4;
/** One probe may be lost, and the next may follow two minutes later. */
const LOST_PROBES = 2;
/** Start time of a stall if there is none. */
const NOT_STALLED = Number.POSITIVE_INFINITY;

/** Returns the end reason of a relayed connection whose peer on this side is dead. */
export function silentReason(side: Side): "client_unreachable" | "backend_unresponsive" {
  return side === "client" ? "client_unreachable" : "backend_unresponsive";
}

/** Both peers of one relayed connection. */
export class PeerCheck {
  /** When to call `check`; infinite: nothing can stall before bytes move. */
  atMs = Number.POSITIVE_INFINITY;
  readonly #timeoutMs: number;
  /** Created by the first check: most connections end before it. */
  #peers: readonly [client: Peer, backend: Peer] | undefined;

  constructor(tcpUserTimeoutMs: number) {
    this.#timeoutMs = tcpUserTimeoutMs;
  }

  /** Called when bytes move. */
  touch(nowMs: number): void {
    if (this.atMs !== Number.POSITIVE_INFINITY) return;
    this.atMs = nowMs + Math.max(this.#timeoutMs / CHECKS_PER_TIMEOUT, SHORTEST_INTERVAL_MS);
  }

  /**
   * `bytesIn`, `bytesOut`: bytes read from client and backend until now. `read` is called for a side that has sent nothing
   * since the last check; it returns undefined if the kernel reports nothing. Returns undefined while no peer is dead.
   */
  check(
    nowMs: number,
    bytesIn: number,
    bytesOut: number,
    read: (side: Side) => TcpReading | undefined,
  ): DeadPeer | undefined {
    this.atMs = Number.POSITIVE_INFINITY;
    this.#peers ??= [new Peer("client"), new Peer("backend")];
    const [client, backend] = this.#peers;
    return this.#checkPeer(client, bytesIn, nowMs, read) ?? this.#checkPeer(backend, bytesOut, nowMs, read);
  }

  #checkPeer(
    peer: Peer,
    bytes: number,
    nowMs: number,
    read: (side: Side) => TcpReading | undefined,
  ): DeadPeer | undefined {
    // Data from a peer also carries acknowledgements.
    const reading = peer.hasSent(bytes) ? undefined : read(peer.side);
    if (reading === undefined) {
      peer.stalledSinceMs = NOT_STALLED;
      this.touch(nowMs);
      return undefined;
    }
    peer.stalledSinceMs = stalledSince(peer.stalledSinceMs, nowMs, reading);
    if (!isSettled(reading)) this.touch(nowMs);
    const silentMs = nowMs - peer.stalledSinceMs;
    const hasLostEnough = reading.unacked > 0 || reading.probes >= LOST_PROBES;
    if (silentMs < this.#timeoutMs || !hasLostEnough) return undefined;
    return { reason: silentReason(peer.side), detail: `no acknowledgement for ${Math.round(silentMs / 1_000)} s` };
  }
}

class Peer {
  readonly side: Side;
  stalledSinceMs = NOT_STALLED;
  #bytes = 0;

  constructor(side: Side) {
    this.side = side;
  }

  /** Reports whether it has sent bytes since the last call. */
  hasSent(bytes: number): boolean {
    const before = this.#bytes;
    this.#bytes = bytes;
    return bytes !== before;
  }
}

/** Reports whether the peer has acknowledged everything, so that nothing can stall before the next write. */
function isSettled({ notSentBytes, probes, unacked }: TcpReading): boolean {
  return unacked === 0 && probes === 0 && notSentBytes === 0;
}

function stalledSince(before: number, nowMs: number, { lastAckMs, probes, unacked }: TcpReading): number {
  if (unacked === 0 && probes === 0) return NOT_STALLED;
  // Data may be written long after the last acknowledgement: a stall starts no earlier than the check that finds it.
  return before === NOT_STALLED ? nowMs : Math.max(before, nowMs - lastAckMs);
}
