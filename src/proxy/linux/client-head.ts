/**
 * What a client has sent before its backend has it: kept once, in order, until a socket takes it.
 *
 * As long as one call lasts it may lie in the reactor's buffer, where most of it is written from at once, and is copied only if
 * it has to wait. Its size is bounded by the parser, which refuses what is too long.
 */
import { FirstBytes } from "../first-bytes.ts";
import { EAGAIN } from "./errno.ts";
import { COPY_BYTES } from "./mover.ts";
import type { Reactor } from "./reactor.ts";

export class ClientHead {
  readonly #reactor: Pick<Reactor, "buffer" | "libc">;
  /** Undefined: no bytes had to be buffered. */
  #kept: FirstBytes | undefined;
  /** How much lies in the reactor's buffer; what is kept comes before it. */
  #inBuffer = 0;
  #written = 0;

  constructor(reactor: Pick<Reactor, "buffer" | "libc">) {
    this.#reactor = reactor;
  }

  get length(): number {
    return (this.#kept?.length ?? 0) + this.#inBuffer;
  }

  /** As many bytes of the client are in the reactor's buffer, behind those that were taken before. */
  take(count: number): void {
    this.#inBuffer = count;
  }

  /** Called before the reactor's buffer is reused. */
  save(): void {
    if (this.#inBuffer > 0) this.gather();
  }

  /** Returns all received bytes in one buffer. */
  gather(): FirstBytes {
    this.#kept ??= new FirstBytes();
    this.#kept.append(this.#reactor.buffer.bytes, this.#inBuffer);
    this.#inBuffer = 0;
    return this.#kept;
  }

  /** Returns how many bytes the socket has taken, or a negative errno: −EAGAIN if there are none to write. */
  writeTo(fd: number): number {
    const { buffer, libc } = this.#reactor;
    if (this.#kept !== undefined) this.save();
    const count = this.#inBuffer > 0 ? this.#inBuffer : Math.min(this.length, COPY_BYTES);
    if (count === 0) return -EAGAIN;
    if (this.#kept !== undefined) buffer.bytes.set(this.#kept.buffer.subarray(0, count));
    const written = libc.write(fd, buffer, count);
    if (written > 0) this.#written = written;
    return written;
  }

  /** A copy of what no socket has taken; undefined: there is nothing left. */
  rest(): Uint8Array | undefined {
    const { length } = this;
    if (this.#written === length) return undefined;
    // With a buffer of its own, because it may be sent to another thread.
    return new Uint8Array(this.gather().buffer.subarray(this.#written, length));
  }

  drop(): void {
    this.#kept = undefined;
    this.#inBuffer = 0;
  }
}
