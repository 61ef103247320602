/**
 * By when a connection must have come further, or ended. It knows what each stage of one is given, and not what the connection
 * does at it. Pure but for the clock that it is given.
 *
 * It is looked at now and then. That something moved is noted without asking the time: silence counts from the next look,
 * so that a deadline is met up to two looks late, and never early.
 */
import type { RelayTimeOuts } from "../../model/traffic.ts";
import type { Clock } from "../clock.ts";
import type { TimeOuts } from "./time-outs.ts";

export class Deadline {
  readonly #clock: Pick<Clock, "now">;
  readonly #timeOuts: TimeOuts;
  readonly #startedAtMs: number;
  #relay: Pick<TimeOuts, "idleMs" | "halfClosedMs" | "maxAgeMs">;
  #atMs: number;
  #hasMoved = false;

  /** The connection is accepted, and about to begin. */
  constructor(clock: Pick<Clock, "now">, timeOuts: TimeOuts) {
    this.#clock = clock;
    this.#timeOuts = timeOuts;
    this.#relay = timeOuts;
    this.#startedAtMs = clock.now();
    this.#atMs = this.#startedAtMs + timeOuts.clientHelloMs;
  }

  /** Milliseconds since accepting. */
  get ageMs(): number {
    return this.#clock.now() - this.#startedAtMs;
  }

  /** Has it been accepted as long ago as this? */
  isOlder(nowMs: number, ageMs: number): boolean {
    return nowMs - this.#startedAtMs >= ageMs;
  }

  /** `isHalfClosed`: has one side of the relay sent all it has? */
  isPast(nowMs: number, isHalfClosed: boolean): boolean {
    if (this.#hasMoved) {
      this.#hasMoved = false;
      const { halfClosedMs, idleMs, maxAgeMs } = this.#relay;
      this.#atMs = Math.min(nowMs + (isHalfClosed ? halfClosedMs : idleMs), this.#startedAtMs + maxAgeMs);
    }
    return nowMs >= this.#atMs;
  }

  /** Has the connection reached the age at which one ends, whatever it does? */
  isOld(nowMs: number): boolean {
    return this.isOlder(nowMs, this.#relay.maxAgeMs);
  }

  /** It has not begun yet: one deadline from accepting on, however its bytes drip. */
  begin(): void {
    this.#set(this.#startedAtMs + this.#timeOuts.clientHelloMs);
  }

  /** What is waited for has time-outs of its own. */
  suspend(): void {
    this.#set(Number.POSITIVE_INFINITY);
  }

  /** Of the listener that has taken it, for the relay. */
  useRelayTimeOuts(own: RelayTimeOuts): void {
    this.#relay = { ...this.#timeOuts, ...own };
  }

  /** Something moved between client and backend. */
  touch(): void {
    this.#hasMoved = true;
  }

  /** It is refused. After an answer the client may first send the rest of its request. */
  linger(isAnswered: boolean): void {
    const { clientHelloMs, lingerMs } = this.#timeOuts;
    this.#set(this.#clock.now() + (isAnswered ? clientHelloMs : lingerMs));
  }

  #set(atMs: number): void {
    this.#hasMoved = false;
    this.#atMs = atMs;
  }
}
