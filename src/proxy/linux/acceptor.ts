/**
 * Accepts the connections of one listening socket, some at a time. Pauses briefly when the kernel has no descriptor, and retries until
 * the socket is registered again. Does not apply limits and does not serve connections.
 */
import { EAGAIN, ECONNABORTED, EINTR, EMFILE, ENFILE, errnoName } from "./errno.ts";
import type { Reactor, ReactorOwner } from "./reactor.ts";
import { type PackedAddress, packSocketAddress } from "./socket-address.ts";

const ACCEPTS_A_TURN = 64;
/** More than a full queue (net.core.somaxconn): what is accepted of a socket before it is closed. */
const ACCEPTS_AT_THE_END = 8_192;
/** Connections end meanwhile; those that wait do so in the kernel's queue. */
const PAUSE_MS = 100;

export interface AcceptorContext {
  readonly reactor: Reactor;
  /** A client's descriptor, not yet anybody's. */
  accepted(fd: number, port: number, client: PackedAddress): void;
  /** No connection can be accepted for a moment. */
  paused(error: string): void;
  defect(error: unknown): void;
}

export class Acceptor implements ReactorOwner {
  readonly #context: AcceptorContext;
  readonly #fd: number;
  readonly #generation: number;
  readonly #port: number;
  /** Not registered; a timer is set. */
  #isPaused = false;

  constructor(fd: number, port: number, context: AcceptorContext) {
    this.#context = context;
    this.#fd = fd;
    this.#port = port;
    this.#generation = context.reactor.descriptors.take(fd, this);
    this.#register();
  }

  onEvent(): void {
    this.#accept(ACCEPTS_A_TURN);
  }

  onTurn(): void {}

  /** The pause is over. */
  onDeadline(): void {
    this.#register();
  }

  onDefect(error: unknown): void {
    this.#context.defect(error);
  }

  /** Accepts those that wait already, which closing would reset, and closes. */
  close(): void {
    const { descriptors, timers } = this.#context.reactor;
    timers.cancel(this.#fd);
    this.#accept(ACCEPTS_AT_THE_END);
    timers.cancel(this.#fd);
    descriptors.close(this.#fd);
  }

  /** Stops accepting and leaves the socket open: another worker accepts the queued connections. */
  release(): void {
    const { descriptors, loop, timers } = this.#context.reactor;
    timers.cancel(this.#fd);
    if (!this.#isPaused) loop.remove(this.#fd);
    descriptors.release(this.#fd);
  }

  #accept(most: number): void {
    const { address, libc, pipes } = this.#context.reactor;
    for (let accepts = 0; accepts < most; accepts++) {
      const fd = libc.accept(this.#fd, address);
      if (fd >= 0) this.#take(fd);
      else if (fd === -EAGAIN) return;
      else if (fd === -ECONNABORTED || fd === -EINTR) continue;
      else if ((fd === -EMFILE || fd === -ENFILE) && pipes.releaseIdle()) continue;
      else {
        this.#pause(errnoName(-fd));
        return;
      }
    }
  }

  #take(fd: number): void {
    const { address, descriptors, libc } = this.#context.reactor;
    if (descriptors.fits(fd)) {
      this.#context.accepted(fd, this.#port, packSocketAddress(address.bytes));
      return;
    }
    // Only when the rest of the process holds thousands: there is room for every connection that is allowed.
    libc.close(fd);
    this.#context.paused(`descriptor ${fd} is out of range`);
  }

  #pause(error: string): void {
    if (this.#isPaused) return;
    this.#context.reactor.loop.remove(this.#fd);
    this.#resumeLater(error);
  }

  /** Retries a failed registration: no event would ever report the socket's connections. */
  #register(): void {
    const result = this.#context.reactor.loop.addLevelTriggered(this.#fd, this.#generation);
    if (result < 0) this.#resumeLater(errnoName(-result));
    else this.#isPaused = false;
  }

  #resumeLater(error: string): void {
    const { nowMs, timers } = this.#context.reactor;
    this.#isPaused = true;
    timers.set(this.#fd, nowMs + PAUSE_MS);
    this.#context.paused(error);
  }
}
