/**
 * epoll, edge-triggered: each descriptor is registered once, with the generation of its use beside its number, and tells when
 * something about it changes (epoll(7)).
 *
 * It knows who is to be told from `Descriptors`, so that the event of a closed descriptor reaches nobody.
 */
import type { Descriptors } from "./descriptors.ts";
import { EINTR, errnoSentence } from "./errno.ts";
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  type EpollOperation,
  type Libc,
  type Memory,
  wordsOf,
} from "./libc.ts";

export const READABLE = 0x1;
/** Urgent data is available (tcp(7)): reads stop before the urgent byte. */
export const URGENT = 0x2;
export const WRITABLE = 0x4;
export const FAILED = 0x8;
const HANG_UP = 0x10;
/** The peer has ended its direction. */
const READ_HANG_UP = 0x2000;
const EDGE_TRIGGERED = 0x8000_0000;
/** What tells that reading may have something new to say: bytes, an end or an error. */
export const WORTH_READING = READABLE | URGENT | FAILED | HANG_UP | READ_HANG_UP;
/** The peer has ended its direction or failed. */
export const ENDING = FAILED | HANG_UP | READ_HANG_UP;
/** With these events, a short read does not mean an empty socket: an end or the urgent byte follows, and no further event reports it. */
export const READS_STOP_SHORT = ENDING | URGENT;

const READING = READABLE | URGENT | READ_HANG_UP | EDGE_TRIGGERED | 0;
const EVERYTHING = READING | WRITABLE;
const EVENTS_AT_ONCE = 512;

export interface EventOwner {
  /** `events`: bits of epoll. */
  onEvent(fd: number, events: number): void;
}

export class EventLoop<Owner extends EventOwner> {
  readonly #libc: Libc;
  readonly #descriptors: Descriptors<Owner>;
  readonly #words: number;
  readonly #data: number;
  readonly #epoll: number;
  readonly #event: Memory;
  readonly #eventWords: Int32Array;
  readonly #events: Memory;
  readonly #eventsWords: Int32Array;

  constructor(libc: Libc, descriptors: Descriptors<Owner>, owner: Owner) {
    const { data, words } = libc.eventLayout;
    this.#words = words;
    this.#data = data;
    this.#libc = libc;
    this.#descriptors = descriptors;
    // In whole blocks of 8 bytes, of which three words fill one and a half.
    this.#event = libc.allocate(16);
    this.#eventWords = wordsOf(this.#event);
    this.#events = libc.allocate(4 * words * EVENTS_AT_ONCE);
    this.#eventsWords = wordsOf(this.#events);
    this.#epoll = libc.epollCreate();
    if (this.#epoll < 0) throw new Error(`epoll_create1: ${errnoSentence(-this.#epoll)}`);
    descriptors.take(this.#epoll, owner);
  }

  /** For what there is to read, and ends. Most connections are never told to wait with writing, and are spared the events. */
  addForReading(fd: number, generation: number): void {
    this.#control(EPOLL_CTL_ADD, fd, generation, READING);
  }

  add(fd: number, generation: number): void {
    this.#control(EPOLL_CTL_ADD, fd, generation, EVERYTHING);
  }

  /** From now on also when it takes bytes; if it does so already, at once. */
  watchWriting(fd: number, generation: number): void {
    this.#control(EPOLL_CTL_MOD, fd, generation, EVERYTHING);
  }

  /**
   * Registers for events while there is something to read, so that a caller may read in parts. Returns a negative errno if the
   * kernel has no memory for it, or no more watches for this user (epoll(7)).
   */
  addLevelTriggered(fd: number, generation: number): number {
    return this.#tryControl(EPOLL_CTL_ADD, fd, generation, READABLE);
  }

  remove(fd: number): void {
    const result = this.#libc.epollControl(this.#epoll, EPOLL_CTL_DEL, fd, this.#event);
    if (result < 0) throw new Error(`epoll_ctl: ${errnoSentence(-result)}`);
  }

  /** Waits for events, at most `timeoutMs` (−1: without end). Returns how many there are to `dispatch`. */
  wait(timeoutMs: number): number {
    const count = this.#libc.epollWait(this.#epoll, this.#events, EVENTS_AT_ONCE, timeoutMs);
    if (count < 0 && count !== -EINTR) throw new Error(`epoll_wait: ${errnoSentence(-count)}`);
    return Math.max(count, 0);
  }

  /** Tells the owner of event `index`, if it has one still. `failed`: it threw. */
  dispatch(index: number, failed: (owner: Owner, error: unknown) => void): void {
    const at = index * this.#words;
    const data = at + this.#data;
    const fd = this.#eventsWords[data] ?? 0;
    const owner = this.#descriptors.owner(fd, this.#eventsWords[data + 1] ?? 0);
    if (owner === undefined) return;
    try {
      owner.onEvent(fd, this.#eventsWords[at] ?? 0);
    } catch (error) {
      failed(owner, error);
    }
  }

  #control(operation: EpollOperation, fd: number, generation: number, events: number): void {
    const result = this.#tryControl(operation, fd, generation, events);
    if (result < 0) throw new Error(`epoll_ctl: ${errnoSentence(-result)}`);
  }

  #tryControl(operation: EpollOperation, fd: number, generation: number, events: number): number {
    this.#eventWords[0] = events;
    this.#eventWords[this.#data] = fd;
    this.#eventWords[this.#data + 1] = generation;
    return this.#libc.epollControl(this.#epoll, operation, fd, this.#event);
  }
}
