/**
 * Who owns which file descriptor. The kernel gives a number away again as soon as it is closed, so an event or a timer of the
 * last owner may still be under way: each use of a number has a generation, and what comes with another one finds nobody.
 *
 * It alone closes, and throws when asked to close what is not open here: in a process of many threads the number may be
 * somebody else's by then. What is open is also told in shared memory, for whoever cleans up after a thread that has died.
 */
const CLOSED = 0;
const OPEN = 1;
/** Opened by somebody else and on its way here: to be closed like an open one when the thread dies before it has taken it. */
const LENT = 2;

export class Descriptors<Owner> {
  readonly #close: (fd: number) => void;
  readonly #open: Uint8Array;
  readonly #generations: Int32Array;
  readonly #owners: (Owner | undefined)[];

  /** `open`: one byte for each descriptor number that may be used, zero; see `openDescriptors`. */
  constructor(open: Uint8Array, close: (fd: number) => void) {
    this.#open = open;
    this.#close = close;
    this.#generations = new Int32Array(open.length);
    this.#owners = new Array<Owner | undefined>(open.length).fill(undefined);
  }

  /** Is there room for this number? */
  fits(fd: number): boolean {
    return fd < this.#open.length;
  }

  /** Takes a descriptor that the kernel has just given, or that was lent. Returns the generation of this use. */
  take(fd: number, owner: Owner): number {
    if (!this.fits(fd) || this.#open[fd] === OPEN) throw new Error(`descriptor ${fd} cannot be taken`);
    this.#open[fd] = OPEN;
    this.#owners[fd] = owner;
    return this.#generations[fd] ?? 0;
  }

  /** Whoever owns this use of the number; undefined: it has been closed. */
  owner(fd: number, generation: number): Owner | undefined {
    return this.#generations[fd] === generation ? this.#owners[fd] : undefined;
  }

  /** Whoever owns the number now. */
  presentOwner(fd: number): Owner | undefined {
    return this.#owners[fd];
  }

  close(fd: number): void {
    this.release(fd);
    this.#close(fd);
  }

  /** Forgets it without closing. */
  release(fd: number): void {
    if (this.#open[fd] !== OPEN) throw new Error(`descriptor ${fd} is not open here`);
    this.#open[fd] = CLOSED;
    this.#owners[fd] = undefined;
    this.#generations[fd] = ((this.#generations[fd] ?? 0) + 1) | 0;
  }
}

/** The numbers that are open according to what `Descriptors` has told, and those that are lent. */
export function openDescriptors(open: Uint8Array): number[] {
  const found: number[] = [];
  for (const [fd, state] of open.entries()) if (state !== CLOSED) found.push(fd);
  return found;
}

/** To be called before the thread is told of it. */
export function lendDescriptor(open: Uint8Array, fd: number): void {
  open[fd] = LENT;
}
