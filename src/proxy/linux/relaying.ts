/**
 * Both directions of a connection between its two sockets, from the moment when there is a backend: what each event means to
 * them, ends and resets, and how long silence may last.
 *
 * It tells when it is over and by what, and closes nothing.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import { PeerCheck, silentReason } from "../relay/dead-peer.ts";
import { RESET_AFTER_CLIENT_END } from "../relay/end-reason.ts";
import type { Side } from "../relay/relay.ts";
import { KEEP_ALIVE_AFTER_MS, KEEP_ALIVE_INITIAL_DELAY_MS, KEEP_ALIVE_PROBES } from "../relay/socket-options.ts";
import { RESET_CLIENT_MS, type TimeOuts } from "../relay/time-outs.ts";
import { ECONNRESET, EPIPE, errnoName } from "./errno.ts";
import { FAILED, READS_STOP_SHORT, WORTH_READING, WRITABLE } from "./event-loop.ts";
import { Flow } from "./flow.ts";
import type { Libc } from "./libc.ts";
import type { Reactor } from "./reactor.ts";

/** A use of a descriptor; see `Descriptors`. */
export interface Socket {
  readonly fd: number;
  readonly generation: number;
  /** Do its events tell when it takes bytes? */
  readonly watchesWriting: boolean;
}

export interface RelayOver {
  readonly reason: ConnectionReason;
  readonly detail?: string;
  /** Bytes may be missing, and both peers must see that. */
  readonly isBroken: boolean;
}

export interface RelayingContext {
  readonly reactor: Reactor;
  readonly timeOuts: TimeOuts;
}

/** The field `detail` of the connection's log line. */
const RESET_AFTER_END = "the client sent an end and then a reset, and the backend did not close";
const COMPLETED: RelayOver = { reason: "completed", isBroken: false };

export class Relaying {
  readonly up: Flow;
  readonly down: Flow;
  readonly #context: RelayingContext;
  readonly #clientGeneration: number;
  readonly #backendGeneration: number;
  readonly #peers: PeerCheck;
  /** Infinite: it is on. */
  #keepAliveAtMs: number;
  #silentUntilMs = 0;
  /** The client has sent an end and then a reset. */
  #isClientReset = false;
  /** When its timer comes, which may be too early: what moves a deadline further off is found out then. */
  #armedMs = Number.POSITIVE_INFINITY;

  constructor(context: RelayingContext, client: Socket, backend: Socket) {
    this.#context = context;
    this.#clientGeneration = client.generation;
    this.#backendGeneration = backend.generation;
    this.up = new Flow(client.fd, backend.fd);
    this.up.watchesWriting = backend.watchesWriting;
    this.down = new Flow(backend.fd, client.fd);
    this.down.watchesWriting = client.watchesWriting;
    this.#peers = new PeerCheck(context.timeOuts.tcpUserTimeoutMs);
    this.#keepAliveAtMs = context.reactor.nowMs + KEEP_ALIVE_AFTER_MS;
  }

  /** Begins with what is known of the client: what it has sent and was not written, and whether there is more to read. */
  begin(
    head: Uint8Array | undefined,
    headLength: number,
    readable: boolean,
    readsStopShort: boolean,
  ): RelayOver | undefined {
    this.up.bytes = headLength;
    this.up.pending = head;
    this.up.readable = readable;
    this.up.readsStopShort = readsStopShort;
    this.#touch();
    return readable || head !== undefined ? this.#move(this.up) : undefined;
  }

  onEvent(fd: number, events: number): RelayOver | undefined {
    const isClient = fd === this.up.from;
    const flow = isClient ? this.up : this.down;
    const other = isClient ? this.down : this.up;
    this.#touch();
    let over: RelayOver | undefined;
    if ((events & WORTH_READING) !== 0) {
      flow.readable = true;
      if ((events & READS_STOP_SHORT) !== 0) flow.readsStopShort = true;
      over = this.#move(flow);
    }
    if (over === undefined && (events & WRITABLE) !== 0 && other.blocked) over = this.#move(other);
    // Who has sent all it had may be gone: a reset then answers what the other side still says, be it a TLS goodbye, and only bytes
    // that cannot be written break the connection.
    if (over === undefined && (events & FAILED) !== 0) {
      if (!flow.ended) over = this.#pendingFailure(fd);
      else if (isClient) this.#onResetAfterEnd();
    }
    return over;
  }

  /** Goes on with what was not done in its turn. */
  onTurn(fd: number): RelayOver | undefined {
    return this.#move(fd === this.up.from ? this.up : this.down);
  }

  onDeadline(nowMs: number): RelayOver | undefined {
    this.#armedMs = Number.POSITIVE_INFINITY;
    if (nowMs >= this.#silentUntilMs) {
      // The backend has got all that the client sent, and an end. A reset could destroy what it has not read yet.
      if (this.#waitsForReset) return { reason: "client_reset", detail: RESET_AFTER_END, isBroken: false };
      const isBroken = this.up.holdsBytes || this.down.holdsBytes;
      return { reason: this.isHalfClosed ? "half_closed_timeout" : "idle_timeout", isBroken };
    }
    if (nowMs >= this.#keepAliveAtMs) {
      this.#keepAliveAtMs = Number.POSITIVE_INFINITY;
      const { reactor, timeOuts } = this.#context;
      for (const fd of [this.up.from, this.up.to]) keepAlive(reactor.libc, fd, timeOuts.keepAliveIntervalMs);
    }
    if (nowMs >= this.#peers.atMs) {
      const { libc } = this.#context.reactor;
      const { down, up } = this;
      const read = (side: Side) => libc.tcpReading(side === "client" ? up.from : up.to);
      const dead = this.#peers.check(nowMs, up.bytes, down.bytes, read);
      if (dead !== undefined) return { ...dead, isBroken: true };
    }
    this.#arm();
    return undefined;
  }

  /** The client's socket has only now been registered, for reading. */
  onRegistered(): void {
    this.down.watchesWriting = false;
    if (this.down.blocked) this.#watchWriting(this.down);
  }

  /** Gives up what both hold. */
  drop(): void {
    this.#context.reactor.mover.drop(this.up);
    this.#context.reactor.mover.drop(this.down);
  }

  #move(flow: Flow): RelayOver | undefined {
    if (flow.passedOn) return undefined;
    const { mover, nowMs } = this.#context.reactor;
    const isUp = flow === this.up;
    const generation = isUp ? this.#clientGeneration : this.#backendGeneration;
    // The event is recorded in the flow; its bytes move in the descriptor's next quantum.
    if (this.#context.reactor.isRequeued(flow.from, generation)) return undefined;
    switch (mover.move(flow, nowMs)) {
      case "waits":
        // The end may have been read behind bytes that wait.
        if (flow.ended) this.#touch();
        if (flow.blocked && !flow.watchesWriting) this.#watchWriting(flow);
        return undefined;
      case "more":
        this.#context.reactor.requeue(flow.from, generation);
        return undefined;
      case "ended":
        return this.#passOnEnd(flow);
      case "from_broke":
        return this.#break(isUp ? "client" : "backend", mover.errno, "read");
      case "to_broke":
        return this.#break(isUp ? "backend" : "client", mover.errno, "write");
    }
  }

  #passOnEnd(flow: Flow): RelayOver | undefined {
    flow.passedOn = true;
    if (this.up.passedOn && this.down.passedOn) return COMPLETED;
    this.#context.reactor.libc.shutdownWrites(flow.to);
    this.#touch();
    return undefined;
  }

  /** A failure that no read has found, because its direction waits. */
  #pendingFailure(fd: number): RelayOver | undefined {
    const errno = this.#context.reactor.libc.pendingError(fd);
    return errno === 0 ? undefined : this.#break(fd === this.up.from ? "client" : "backend", errno, "read");
  }

  /** The client receives a reset in each case: whether the backend had more to send is not known. */
  #break(side: Side, errno: number, call: "read" | "write"): RelayOver {
    const over = broken(side, errno, call);
    // The backend has received all bytes of the client and its end, and all bytes of the backend were forwarded.
    const isAfterClientEnd = over.reason === "backend_reset" && this.up.passedOn && !this.down.holdsBytes;
    return isAfterClientEnd ? { reason: "completed", detail: RESET_AFTER_CLIENT_END, isBroken: true } : over;
  }

  #watchWriting(flow: Flow): void {
    flow.watchesWriting = true;
    const generation = flow === this.up ? this.#backendGeneration : this.#clientGeneration;
    this.#context.reactor.loop.watchWriting(flow.to, generation);
  }

  /** Has either side sent all it has to send? */
  get isHalfClosed(): boolean {
    return this.up.ended || this.down.ended;
  }

  /** A client that is gone cannot hold the connection until the half-closed timeout. */
  #onResetAfterEnd(): void {
    this.#isClientReset = true;
    this.#touch();
  }

  /** Is only the backend's end awaited, for a client that is gone? */
  get #waitsForReset(): boolean {
    return this.#isClientReset && this.up.passedOn;
  }

  /** Something has happened: silence begins anew. */
  #touch(): void {
    const { reactor, timeOuts } = this.#context;
    const silenceMs = this.isHalfClosed ? timeOuts.halfClosedMs : timeOuts.idleMs;
    this.#silentUntilMs = reactor.nowMs + (this.#waitsForReset ? Math.min(silenceMs, RESET_CLIENT_MS) : silenceMs);
    this.#peers.touch(reactor.nowMs);
    this.#arm();
  }

  #arm(): void {
    const atMs = Math.min(this.#silentUntilMs, this.#keepAliveAtMs, this.#peers.atMs);
    if (atMs >= this.#armedMs) return;
    this.#armedMs = atMs;
    this.#context.reactor.timers.set(this.up.from, atMs);
  }
}

function keepAlive(libc: Libc, fd: number, intervalMs: number): void {
  libc.setOption(fd, "keep_idle_seconds", Math.round(KEEP_ALIVE_INITIAL_DELAY_MS / 1_000));
  libc.setOption(fd, "keep_interval_seconds", Math.max(Math.round(intervalMs / 1_000), 1));
  libc.setOption(fd, "keep_probes", KEEP_ALIVE_PROBES);
  libc.setOption(fd, "keep_alive", 1);
}

/** What it means that one side has failed. */
export function broken(side: Side, errno: number, call: "read" | "write"): RelayOver {
  const isReset = errno === ECONNRESET || errno === EPIPE;
  return {
    reason: isReset ? `${side}_reset` : silentReason(side),
    detail: `${call} ${errnoName(errno)}`,
    isBroken: true,
  };
}
