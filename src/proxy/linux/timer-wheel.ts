/**
 * Deadlines of many connections on a coarse wheel: setting one further off, which every byte does, is one store; so is finding
 * that none is due.
 *
 * Pure: it is told the time. An entry stays where it was put until its slot comes up, and is put further then if its deadline
 * has moved. A deadline is met up to one tick late, never early.
 */
const SLOTS = 1_024;
/** No neighbour, and an empty slot. */
const NONE = -1;
/** In no slot. */
const UNSCHEDULED = -1;

export class TimerWheel {
  readonly #tickMs: number;
  readonly #deadlineMs: Float64Array;
  /** The tick in whose slot an entry is. As doubles: in 32 bits, ticks of 50 ms would last for three years. */
  readonly #tick: Float64Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #heads = new Int32Array(SLOTS).fill(NONE);
  /** The last tick that has been looked at. */
  #now = 0;
  /** No entry is before this tick. */
  #soonest = Number.POSITIVE_INFINITY;

  /** `capacity`: entries are 0 … capacity − 1. Time begins at 0. */
  constructor(capacity: number, tickMs: number) {
    this.#tickMs = tickMs;
    this.#deadlineMs = new Float64Array(capacity);
    this.#tick = new Float64Array(capacity).fill(UNSCHEDULED);
    this.#next = new Int32Array(capacity);
    this.#previous = new Int32Array(capacity);
  }

  /** Sets or moves the deadline of an entry. */
  set(entry: number, atMs: number): void {
    this.#deadlineMs[entry] = atMs;
    const tick = this.#tickOf(atMs);
    const present = this.#tickAt(entry);
    if (present !== UNSCHEDULED) {
      if (present <= tick) return;
      this.#unlink(entry, present);
    }
    this.#link(entry, tick);
  }

  cancel(entry: number): void {
    const present = this.#tickAt(entry);
    if (present !== UNSCHEDULED) this.#unlink(entry, present);
  }

  /** When to call `advance` next; infinite: nothing is set. May be too early, never too late. */
  get nextMs(): number {
    return this.#soonest * this.#tickMs;
  }

  /** Calls `due` for each entry whose deadline has passed; it is then set no more. `due` may set and cancel any. */
  advance(nowMs: number, due: (entry: number) => void): void {
    const until = Math.floor(nowMs / this.#tickMs);
    if (until < this.#soonest) {
      this.#now = Math.max(this.#now, until);
      return;
    }
    // More ticks than slots may have passed: then each slot is looked at once.
    const last = Math.min(until, this.#now + SLOTS);
    for (let tick = this.#now + 1; tick <= last; tick++) this.#turn(tick, until, nowMs, due);
    this.#now = until;
    this.#soonest = this.#findSoonest();
  }

  #turn(tick: number, until: number, nowMs: number, due: (entry: number) => void): void {
    const slot = tick % SLOTS;
    // Whatever `due` sets goes behind `until`, and so into this slot again at the earliest one turn of the wheel later.
    this.#now = until;
    const found: number[] = [];
    for (let entry = this.#heads[slot] ?? NONE; entry !== NONE; entry = this.#next[entry] ?? NONE) found.push(entry);
    for (const entry of found) {
      const present = this.#tickAt(entry);
      // Another entry's call may have cancelled it, or moved it.
      if (present === UNSCHEDULED || present > until) continue;
      this.#unlink(entry, present);
      const atMs = this.#deadlineMs[entry] ?? 0;
      if (atMs <= nowMs) due(entry);
      else this.#link(entry, this.#tickOf(atMs));
    }
  }

  /** The first tick at which the deadline has passed, within one turn of the wheel. */
  #tickOf(atMs: number): number {
    return Math.min(Math.max(Math.ceil(atMs / this.#tickMs), this.#now + 1), this.#now + SLOTS - 1);
  }

  #tickAt(entry: number): number {
    return this.#tick[entry] ?? UNSCHEDULED;
  }

  #link(entry: number, tick: number): void {
    const slot = tick % SLOTS;
    const head = this.#heads[slot] ?? NONE;
    this.#next[entry] = head;
    this.#previous[entry] = NONE;
    if (head !== NONE) this.#previous[head] = entry;
    this.#heads[slot] = entry;
    this.#tick[entry] = tick;
    if (tick < this.#soonest) this.#soonest = tick;
  }

  #unlink(entry: number, tick: number): void {
    const next = this.#next[entry] ?? NONE;
    const previous = this.#previous[entry] ?? NONE;
    if (previous === NONE) this.#heads[tick % SLOTS] = next;
    else this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    this.#tick[entry] = UNSCHEDULED;
  }

  #findSoonest(): number {
    for (let tick = this.#now + 1; tick < this.#now + SLOTS; tick++) {
      if (this.#heads[tick % SLOTS] !== NONE) return tick;
    }
    return Number.POSITIVE_INFINITY;
  }
}
