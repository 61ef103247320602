/**
 * What a client has sent before its backend has it: kept once, in order, until a socket takes it.
 *
 * As long as one call lasts it may lie in the reactor's buffer, where most of it is written from at once, and is copied only if
 * it has to wait. Its size is bounded by the parser, which refuses what is too long.
 */
import { EAGAIN } from "./errno.ts";
import { COPY_BYTES } from "./mover.ts";
import type { Reactor } from "./reactor.ts";

export class ClientHead {
  readonly #reactor: Pick<Reactor, "buffer" | "libc">;
  /** Doubles, so that a hello in one-byte segments does not become a hundred thousand small objects. */
  #kept: Uint8Array | undefined;
  #filled = 0;
  /** How much lies in the reactor's buffer; what is kept comes before it. */
  #inBuffer = 0;
  #written = 0;

  constructor(reactor: Pick<Reactor, "buffer" | "libc">) {
    this.#reactor = reactor;
  }

  get length(): number {
    return this.#filled + this.#inBuffer;
  }

  /** As many bytes of the client are in the reactor's buffer, behind those that were taken before. */
  take(count: number): void {
    this.#inBuffer = count;
  }

  /** The buffer is about to be used for something else. */
  save(): void {
    if (this.#inBuffer === 0) return;
    const needed = this.length;
    if (this.#kept === undefined || needed > this.#kept.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#filled));
      if (this.#kept !== undefined) grown.set(this.#kept.subarray(0, this.#filled));
      this.#kept = grown;
    }
    this.#kept.set(this.#reactor.buffer.bytes.subarray(0, this.#inBuffer), this.#filled);
    this.#filled = needed;
    this.#inBuffer = 0;
  }

  /** Returns how many bytes the socket has taken, or a negative errno: −EAGAIN if there are none to write. */
  writeTo(fd: number): number {
    const { buffer, libc } = this.#reactor;
    if (this.#filled > 0) this.save();
    const count = this.#inBuffer > 0 ? this.#inBuffer : Math.min(this.#filled, COPY_BYTES);
    if (count === 0) return -EAGAIN;
    if (this.#kept !== undefined) buffer.bytes.set(this.#kept.subarray(0, count));
    const written = libc.write(fd, buffer, count);
    if (written > 0) this.#written = written;
    return written;
  }

  /** A copy of what no socket has taken; undefined: there is nothing left. */
  rest(): Uint8Array | undefined {
    if (this.#written === this.length) return undefined;
    this.save();
    return this.#kept?.slice(this.#written, this.#filled);
  }

  drop(): void {
    this.#kept = undefined;
    this.#filled = 0;
    this.#inBuffer = 0;
  }
}
