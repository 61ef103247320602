/**
 * By when a connection must have come further, or ended. It knows what each stage of one is given, and not what the connection
 * does at it. Pure but for the clock that it is given.
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

  isPast(nowMs: number): boolean {
    return nowMs >= this.#atMs;
  }

  /** Has the connection reached the age at which one ends, whatever it does? */
  isOld(nowMs: number): boolean {
    return nowMs >= this.#startedAtMs + this.#relay.maxAgeMs;
  }

  /** It has not begun yet: one deadline from accepting on, however its bytes drip. */
  begin(): void {
    this.#atMs = this.#startedAtMs + this.#timeOuts.clientHelloMs;
  }

  /** What is waited for has time-outs of its own. */
  suspend(): void {
    this.#atMs = Number.POSITIVE_INFINITY;
  }

  /** Of the listener that has taken it, for the relay. */
  useRelayTimeOuts(own: RelayTimeOuts): void {
    this.#relay = { ...this.#timeOuts, ...own };
  }

  /** Something moved between client and backend. */
  touch(isHalfClosed: boolean): void {
    const { halfClosedMs, idleMs, maxAgeMs } = this.#relay;
    const silentUntilMs = this.#clock.now() + (isHalfClosed ? halfClosedMs : idleMs);
    this.#atMs = Math.min(silentUntilMs, this.#startedAtMs + maxAgeMs);
  }

  /** It is refused. After an answer the client may first send the rest of its request. */
  linger(isAnswered: boolean): void {
    const { clientHelloMs, lingerMs } = this.#timeOuts;
    this.#atMs = this.#clock.now() + (isAnswered ? clientHelloMs : lingerMs);
  }
}
