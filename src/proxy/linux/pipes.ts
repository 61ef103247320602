/**
 * Pipes through which splice(2) moves bytes between sockets without copying them: a pool with a cap, from which whoever gets
 * none goes on by copying.
 *
 * A pipe in the pool is empty; one that holds bytes is destroyed, so that no connection can ever see another's.
 */
import type { Descriptors } from "./descriptors.ts";
import { type Libc, type Memory, wordsOf } from "./libc.ts";
import type { ReactorOwner } from "./reactor.ts";

/** Four times the default: fewer system calls for the same bytes. The kernel gives any user this size (fs.pipe-max-size). */
const PIPE_BYTES = 262_144;
/**
 * fs.pipe-user-pages-soft grants a user without capabilities, all its processes together, 16,384 pages in pipes. Beyond that
 * pipes are too small to be of use, and it is worth asking again when others may have let go of theirs.
 */
const ASK_AGAIN_MS = 10_000;

export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

export class Pipes {
  readonly #libc: Libc;
  readonly #descriptors: Descriptors<ReactorOwner>;
  readonly #owner: ReactorOwner;
  #cap: number;
  readonly #idle: Pipe[] = [];
  readonly #ends: Memory;
  readonly #endWords: Int32Array;
  #count = 0;
  #growsFromMs = 0;

  /** `owner`: in whose name the descriptors are taken; they have no events. */
  constructor(libc: Libc, descriptors: Descriptors<ReactorOwner>, owner: ReactorOwner, cap: number) {
    this.#libc = libc;
    this.#descriptors = descriptors;
    this.#owner = owner;
    this.#cap = cap;
    this.#ends = libc.allocate(8);
    this.#endWords = wordsOf(this.#ends);
  }

  /** Changes the maximum number of pipes. Pipes above a lower limit are destroyed when they are released. */
  setCap(cap: number): void {
    this.#cap = cap;
    while (this.#count > cap) {
      const pipe = this.#idle.pop();
      if (pipe === undefined) return;
      this.#destroy(pipe);
    }
  }

  /** How many there are, in use or not. */
  get count(): number {
    return this.#count;
  }

  /** An empty pipe; undefined: there is none to be had now. */
  take(nowMs: number): Pipe | undefined {
    const pipe = this.#idle.pop();
    if (pipe !== undefined) return pipe;
    if (this.#count >= this.#cap || nowMs < this.#growsFromMs) return undefined;
    return this.#make(nowMs);
  }

  giveBack(pipe: Pipe, heldBytes: number): void {
    if (heldBytes === 0 && this.#count <= this.#cap) this.#idle.push(pipe);
    else this.#destroy(pipe);
  }

  /** Frees the descriptors of pipes that nobody uses. Returns whether there were any. */
  releaseIdle(): boolean {
    const idle = this.#idle.splice(0);
    for (const pipe of idle) this.#destroy(pipe);
    return idle.length > 0;
  }

  #make(nowMs: number): Pipe | undefined {
    this.#growsFromMs = nowMs + ASK_AGAIN_MS;
    if (this.#libc.pipe(this.#ends) < 0) return undefined;
    const [readEnd = 0, writeEnd = 0] = this.#endWords;
    const fit = this.#descriptors.fits(Math.max(readEnd, writeEnd));
    if (!fit || this.#libc.setPipeSize(readEnd, PIPE_BYTES) < 0) {
      this.#libc.close(readEnd);
      this.#libc.close(writeEnd);
      return undefined;
    }
    this.#growsFromMs = 0;
    this.#descriptors.take(readEnd, this.#owner);
    this.#descriptors.take(writeEnd, this.#owner);
    this.#count++;
    return { readEnd, writeEnd };
  }

  #destroy({ readEnd, writeEnd }: Pipe): void {
    this.#count--;
    this.#descriptors.close(readEnd);
    this.#descriptors.close(writeEnd);
  }
}
