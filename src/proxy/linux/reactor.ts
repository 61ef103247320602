/**
 * One thread's turn, again and again: waits for events, tells their owners, gives those their turn that were not done, and
 * looks at deadlines.
 *
 * What a descriptor means is its owner's business. An owner that throws loses what it owns, and nobody else notices.
 */
import { Descriptors } from "./descriptors.ts";
import { EndpointAddresses } from "./endpoint-address.ts";
import { EventLoop, type EventOwner } from "./event-loop.ts";
import type { Libc, Memory } from "./libc.ts";
import { COPY_BYTES, Mover } from "./mover.ts";
import { Pipes } from "./pipes.ts";
import { RequeuedDescriptors } from "./requeued-descriptors.ts";
import { SOCKET_ADDRESS_BYTES } from "./socket-address.ts";
import { TimerWheel } from "./timer-wheel.ts";

export interface ReactorOwner extends EventOwner {
  /** Continues work that `requeue` postponed. Called at most once per descriptor and loop iteration. */
  onTurn(fd: number): void;
  /** The deadline of this descriptor has passed. */
  onDeadline(fd: number): void;
  /** A defect: it has thrown. It ends whatever it owns. */
  onDefect(error: unknown): void;
}

export interface ReactorOptions {
  readonly libc: Libc;
  /** A byte for each descriptor number, shared with whoever cleans up after this thread; see `Descriptors`. */
  readonly openDescriptors: Uint8Array;
  readonly pipeCap: number;
  readonly tickMs: number;
}

export class Reactor {
  readonly libc: Libc;
  readonly descriptors: Descriptors<ReactorOwner>;
  readonly loop: EventLoop<ReactorOwner>;
  readonly timers: TimerWheel;
  readonly pipes: Pipes;
  readonly mover: Mover;
  /** Of COPY_BYTES: what was read last. Any call may overwrite it. */
  readonly buffer: Memory;
  /** For an address towards the kernel or from it. Any call may overwrite it. */
  readonly address: Memory;
  /** Writes into `address`. */
  readonly endpointAddresses: EndpointAddresses;
  /** Milliseconds on a clock that never goes back, as of this turn. */
  nowMs = performance.now();
  readonly #queue: RequeuedDescriptors;

  constructor({ libc, openDescriptors, pipeCap, tickMs }: ReactorOptions) {
    this.libc = libc;
    this.descriptors = new Descriptors(openDescriptors, (fd) => void libc.close(fd));
    this.loop = new EventLoop(libc, this.descriptors, SILENT);
    this.timers = new TimerWheel(openDescriptors.length, tickMs);
    this.pipes = new Pipes(libc, this.descriptors, SILENT, pipeCap);
    this.buffer = libc.allocate(COPY_BYTES);
    this.address = libc.allocate(SOCKET_ADDRESS_BYTES);
    this.endpointAddresses = new EndpointAddresses(this.address);
    this.mover = new Mover(libc, this.buffer, this.pipes);
    this.#queue = new RequeuedDescriptors(openDescriptors.length);
  }

  /** Calls `onTurn` of the owner in the next loop iteration, once, however often this is called. */
  requeue(fd: number, generation: number): void {
    this.#queue.add(fd, generation);
  }

  /** Reports whether `onTurn` is pending. Until then an event is only recorded; otherwise one connection is served twice. */
  isRequeued(fd: number, generation: number): boolean {
    return this.#queue.has(fd, generation);
  }

  /** One turn. Returns when something has happened, or at `untilMs` at the latest. */
  turn(untilMs: number): void {
    const count = this.loop.wait(this.#patienceMs(untilMs));
    this.nowMs = performance.now();
    // Descriptors that an event requeues are served in the next iteration: each descriptor is served once per iteration.
    const requeued = this.#queue.startIteration();
    // Events are first: their descriptors have waited since the last iteration without being served.
    for (let index = 0; index < count; index++) this.loop.dispatch(index, this.#onDefect);
    this.#serve(requeued);
    this.timers.advance(this.nowMs, this.#onDue);
  }

  /** How long it may wait for an event: −1 without end. */
  #patienceMs(untilMs: number): number {
    if (!this.#queue.isEmpty) return 0;
    const atMs = Math.min(untilMs, this.timers.nextMs);
    if (atMs === Number.POSITIVE_INFINITY) return -1;
    return Math.max(Math.ceil(atMs - performance.now()), 0);
  }

  #serve(requeued: readonly number[]): void {
    for (let index = 0; index < requeued.length; index += 2) {
      const fd = requeued[index] ?? 0;
      const generation = requeued[index + 1] ?? 0;
      this.#queue.remove(fd, generation);
      const owner = this.descriptors.owner(fd, generation);
      if (owner !== undefined) this.#guard(owner, () => owner.onTurn(fd));
    }
  }

  readonly #onDue = (fd: number): void => {
    const owner = this.descriptors.presentOwner(fd);
    if (owner !== undefined) this.#guard(owner, () => owner.onDeadline(fd));
  };

  readonly #onDefect = (owner: ReactorOwner, error: unknown): void => owner.onDefect(error);

  #guard(owner: ReactorOwner, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#onDefect(owner, error);
    }
  }
}

/** Owns what has no events: epoll's own descriptor, and pipes. */
const SILENT: ReactorOwner = {
  onEvent: () => {},
  onTurn: () => {},
  onDeadline: () => {},
  onDefect: () => {},
};
