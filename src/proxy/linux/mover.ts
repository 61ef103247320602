/**
 * Moves the bytes of one direction: short messages by read and write through one static buffer, long ones by splice(2) through
 * a pipe, without copying.
 *
 * A side that does not take its bytes makes the other wait: a direction holds one buffer or one pipe at most. It never looks
 * at the bytes, closes nothing and passes no end on.
 */
import { EAGAIN } from "./errno.ts";
import type { Flow } from "./flow.ts";
import type { Libc, Memory } from "./libc.ts";
import type { Pipes } from "./pipes.ts";

/** The largest TLS record fits; a larger buffer made short messages dearer and long ones no cheaper, which are spliced. */
export const COPY_BYTES = 16_384;
/**
 * Bytes that one direction may move before other descriptors are served; it may exceed them by one read. A smaller quantum costs more
 * loop iterations per gigabyte. A larger one makes every other client wait longer for each bulk stream.
 */
export const QUANTUM_BYTES = 524_288;
/** Exceeds the capacity of a pipe in most cases: pages of the loopback device are larger than 4 KiB. */
const SPLICE_BYTES = QUANTUM_BYTES;

export type Moved =
  /** An event will tell when there is more to do. */
  | "waits"
  /** Its turn is over, and there is more to do. */
  | "more"
  /** The end has been read and every byte written. */
  | "ended"
  /** Reading failed, with `Mover.errno`. */
  | "from_broke"
  /** Writing failed, with `Mover.errno`. */
  | "to_broke";

/** Progress within a turn. */
type Step = "on" | "waits" | "from_broke" | "to_broke";

export class Mover {
  /** Of the last failure. */
  errno = 0;
  readonly #libc: Libc;
  readonly #buffer: Memory;
  readonly #pipes: Pipes;

  /** `buffer`: of COPY_BYTES, whose content a call overwrites. */
  constructor(libc: Libc, buffer: Memory, pipes: Pipes) {
    this.#libc = libc;
    this.#buffer = buffer;
    this.#pipes = pipes;
  }

  move(flow: Flow, nowMs: number): Moved {
    flow.blocked = false;
    const untilBytes = flow.bytes + QUANTUM_BYTES;
    for (;;) {
      if (flow.inPipe > 0 || flow.pending !== undefined) {
        const step = this.#flush(flow);
        if (step !== "on") return step;
      }
      if (flow.ended) return "ended";
      if (!flow.readable) return "waits";
      if (flow.bytes >= untilBytes) return "more";
      const step = this.#read(flow, nowMs);
      if (step !== "on") return step;
    }
  }

  /** Gives up what the flow holds. */
  drop(flow: Flow): void {
    flow.pending = undefined;
    this.#releasePipe(flow);
  }

  #read(flow: Flow, nowMs: number): Step {
    if (flow.isLong) {
      flow.pipe ??= this.#pipes.take(nowMs);
      if (flow.pipe !== undefined) return this.#splice(flow, flow.pipe.writeEnd);
    }
    return this.#copy(flow);
  }

  #splice(flow: Flow, writeEnd: number): Step {
    const count = this.#libc.splice(flow.from, writeEnd, SPLICE_BYTES);
    if (count > 0) {
      flow.inPipe = count;
      flow.bytes += count;
      return "on";
    }
    this.#releasePipe(flow);
    flow.isLong = false;
    // splice(2) never forwards the urgent byte: it reports an end or no bytes there. The result of read(2) counts.
    if (count === 0 || (count === -EAGAIN && flow.readsStopShort)) return "on";
    return this.#nothingRead(flow, count);
  }

  #copy(flow: Flow): Step {
    const count = this.#libc.read(flow.from, this.#buffer, COPY_BYTES);
    if (count <= 0) return this.#nothingRead(flow, count);
    flow.bytes += count;
    if (count === COPY_BYTES) flow.isLong = true;
    // Fewer bytes than requested: the socket is empty (epoll(7)), unless an end or the urgent byte follows.
    else if (!flow.readsStopShort) flow.readable = false;
    const written = this.#libc.write(flow.to, this.#buffer, count);
    if (written === count) return "on";
    if (written < 0 && written !== -EAGAIN) return this.#broken("to_broke", written);
    flow.pending = this.#buffer.bytes.slice(Math.max(written, 0), count);
    flow.blocked = true;
    return "waits";
  }

  /** An end, which is a result of its own, no bytes yet, or a failure. */
  #nothingRead(flow: Flow, result: number): Step {
    if (result !== 0 && result !== -EAGAIN) return this.#broken("from_broke", result);
    flow.readable = false;
    if (result === 0) flow.ended = true;
    return "on";
  }

  #flush(flow: Flow): Step {
    while (flow.pending !== undefined) {
      const step = this.#flushPending(flow, flow.pending);
      if (step !== "on") return step;
    }
    while (flow.inPipe > 0 && flow.pipe !== undefined) {
      const written = this.#libc.splice(flow.pipe.readEnd, flow.to, flow.inPipe);
      if (written <= 0) return this.#notWritten(flow, written);
      flow.inPipe -= written;
    }
    return "on";
  }

  #flushPending(flow: Flow, pending: Uint8Array): Step {
    const count = Math.min(pending.length, COPY_BYTES);
    this.#buffer.bytes.set(pending.subarray(0, count));
    const written = this.#libc.write(flow.to, this.#buffer, count);
    if (written < 0) return this.#notWritten(flow, written);
    flow.pending = written === pending.length ? undefined : pending.subarray(written);
    return "on";
  }

  #notWritten(flow: Flow, result: number): Step {
    if (result !== -EAGAIN) return this.#broken("to_broke", result);
    flow.blocked = true;
    return "waits";
  }

  #broken(step: "from_broke" | "to_broke", result: number): Step {
    this.errno = -result;
    return step;
  }

  #releasePipe(flow: Flow): void {
    if (flow.pipe === undefined) return;
    this.#pipes.giveBack(flow.pipe, flow.inPipe);
    flow.pipe = undefined;
    flow.inPipe = 0;
  }
}
