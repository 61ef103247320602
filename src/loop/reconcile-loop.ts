/**
 * Runs passes over the whole state: level-triggered, one at a time, coalescing. A kick when idle starts a pass in this turn
 * of the event loop; any number of kicks during a pass make one more. A failed pass is repeated with back-off. It knows
 * nothing of what a pass does, and passes nothing to it but a signal: the truth is read, not handed over.
 */
import type { Logger } from "../model/log.ts";
import { type BackoffLimits, backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";

const BACKOFF: BackoffLimits = { firstMs: 250, maxMs: 10_000 };

export interface PassResult {
  readonly outcome: "succeeded" | "failed" | "cancelled";
  readonly durationMs: number;
}

export interface ReconcileLoopOptions {
  /** Brings the world in line with what is wanted. Throws to be repeated. `signal` aborts when it must write no more. */
  readonly pass: (signal: AbortSignal) => Promise<void>;
  /** May passes run: is this replica the leader and are its caches complete? Whoever makes it true kicks. */
  readonly active: () => boolean;
  readonly clock: Clock;
  /** From [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** The wait that a failure asks for, in ms (Retry-After). */
  readonly retryAfterMs?: (error: unknown) => number | undefined;
  /** For metrics. */
  readonly onPass?: (result: PassResult) => void;
}

interface Wait {
  /** Whatever happens. */
  readonly leastMs: number;
  /** When nothing is kicked meanwhile. */
  readonly fullMs: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

export class ReconcileLoop {
  readonly #options: ReconcileLoopOptions;
  readonly #stopped = new AbortController();
  /** Kicked since the last pass began. */
  #kicked = false;
  /** The last pass did not succeed. */
  #unfinished = false;
  #failures = 0;
  #pass: AbortController | undefined;
  #running: Promise<void> | undefined;
  /** Ends the wait after a failure; only while there is one. */
  #wake: AbortController | undefined;
  #waiters: Waiter[] = [];

  constructor(options: ReconcileLoopOptions) {
    this.#options = options;
  }

  /** Something may have changed. Cheap, and never runs a pass before it returns. */
  kick(): void {
    this.#kicked = true;
    this.#wake?.abort();
    if (this.#running === undefined && this.#mayRun()) this.#running = this.#run();
  }

  /** Kicks, and resolves when a pass that began after this call has succeeded; rejects when the loop stops. */
  settled(): Promise<void> {
    const settled = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    if (this.#stopped.signal.aborted) this.#rejectWaiters();
    else this.kick();
    return settled;
  }

  /** The pass in progress must write no more: its signal aborts. For a lost leadership. */
  cancel(): void {
    this.#pass?.abort(new Error("the pass was cancelled"));
  }

  /** No pass begins after this; resolves when the one in progress has ended. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Error("the loop was stopped"));
    this.#wake?.abort();
    await this.#running;
    this.#rejectWaiters();
  }

  #mayRun(): boolean {
    return (this.#kicked || this.#unfinished) && !this.#stopped.signal.aborted && this.#options.active();
  }

  async #run(): Promise<void> {
    // To the end of this turn: what arrived in one piece is one pass.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#mayRun()) {
      const wait = await this.#runPass();
      if (wait !== undefined) await this.#waitAfterFailure(wait);
    }
    this.#running = undefined;
  }

  /** Returns the wait before the next pass, after a failure. */
  async #runPass(): Promise<Wait | undefined> {
    const { clock, pass, onPass } = this.#options;
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#kicked = false;
    this.#unfinished = true;
    const startedMs = clock.nowMs();
    const controller = new AbortController();
    this.#pass = controller;
    const done = (outcome: PassResult["outcome"]) => onPass?.({ outcome, durationMs: clock.nowMs() - startedMs });
    try {
      await pass(controller.signal);
      controller.signal.throwIfAborted();
    } catch (error) {
      this.#waiters.unshift(...waiters);
      done(controller.signal.aborted ? "cancelled" : "failed");
      return controller.signal.aborted ? undefined : this.#failed(error);
    } finally {
      this.#pass = undefined;
    }
    this.#failures = 0;
    this.#unfinished = false;
    for (const waiter of waiters) waiter.resolve();
    done("succeeded");
    return undefined;
  }

  #failed(error: unknown): Wait {
    this.#failures++;
    const askedMs = this.#options.retryAfterMs?.(error) ?? 0;
    const fullMs = Math.max(askedMs, backoffMs(this.#failures, BACKOFF, this.#options.random));
    const retryInMs = Math.round(fullMs);
    this.#options.log.warn("pass failed", { error, attempt: this.#failures, retryInMs });
    return { leastMs: Math.max(askedMs, Math.min(fullMs, BACKOFF.firstMs)), fullMs };
  }

  /**
   * What changes during the wait may be the mend, so a kick shortens it; yet never below the first step, or a busy cluster
   * would turn a failing API server's back-off into a hot loop.
   */
  async #waitAfterFailure({ leastMs, fullMs }: Wait): Promise<void> {
    const { clock } = this.#options;
    await clock.sleep(leastMs, this.#stopped.signal);
    if (this.#kicked || this.#stopped.signal.aborted) return;
    this.#wake = new AbortController();
    await clock.sleep(fullMs - leastMs, this.#wake.signal);
    this.#wake = undefined;
  }

  #rejectWaiters(): void {
    for (const waiter of this.#waiters) waiter.reject(new Error("the loop was stopped"));
    this.#waiters = [];
  }
}
