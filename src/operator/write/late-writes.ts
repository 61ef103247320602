/**
 * Lets a cluster sync go on without writes that take long, such as those that a slow webhook delays, so that the objects and statuses of
 * other tenants do not wait for them. Such a write stays in flight; its outcome counts in a later sync. Only some may be in flight at a
 * time, and few of one namespace; a sync waits for the others.
 */
import type { Clock } from "../../loop/clock.ts";

/** A write takes some ms. The API server ends a webhook's call after 10 s by default. */
const LATE_AFTER_MS = 500;
/** They keep connections to the API server busy, of which statuses need 16 and a sync 8. */
export const MAX_LATE = 24;
/** As many as a sync has in flight at a time: a namespace whose writes are all slow delays it once, by `LATE_AFTER_MS`. */
export const MAX_LATE_OF_NAMESPACE = 8;

export interface LateWritesOptions {
  readonly clock: Pick<Clock, "sleep">;
  /** Called when a late write has ended, whatever its outcome: another cluster sync is due. */
  readonly onLateEnd: () => void;
}

export class LateWrites {
  readonly #options: LateWritesOptions;
  /** Namespaces of the late writes, by key. */
  readonly #late = new Map<string, string>();
  #failures: unknown[] = [];
  #canceller = new AbortController();

  constructor(options: LateWritesOptions) {
    this.#options = options;
  }

  /** Aborts when late writes are cancelled. */
  get signal(): AbortSignal {
    return this.#canceller.signal;
  }

  /** Returns true while the last write of that key, or as many of the namespace as may be late, are in flight. */
  isBlocked(key: string, namespace: string): boolean {
    if (this.#late.size === 0) return false;
    if (this.#late.has(key)) return true;
    return [...this.#late.values()].filter((other) => other === namespace).length >= MAX_LATE_OF_NAMESPACE;
  }

  /** Resolves or rejects as the write does, or resolves when it is late. */
  async run(key: string, namespace: string, write: () => Promise<void>): Promise<void> {
    const { signal } = this;
    const ended = write();
    const inTime = new AbortController();
    const outcome = await Promise.race([
      ended.then(() => "ended" as const).finally(() => inTime.abort()),
      this.#options.clock.sleep(LATE_AFTER_MS, inTime.signal).then(() => "late" as const),
    ]);
    if (outcome === "ended" || inTime.signal.aborted) return ended;
    if (this.#late.size >= MAX_LATE || this.isBlocked(key, namespace)) return ended;
    this.#late.set(key, namespace);
    const end = (failures: readonly unknown[]) => {
      if (signal.aborted) return;
      this.#late.delete(key);
      this.#failures.push(...failures);
      this.#options.onLateEnd();
    };
    void ended.then(
      () => end([]),
      (error: unknown) => end([error]),
    );
  }

  /** Returns the failures of late writes since the last call. */
  takeFailures(): readonly unknown[] {
    const failures = this.#failures;
    this.#failures = [];
    return failures;
  }

  /** Called when leadership is lost: no write may be sent any more. */
  cancel(): void {
    this.#canceller.abort(new Error("the write was cancelled"));
    this.#canceller = new AbortController();
    this.#late.clear();
    this.#failures = [];
  }
}
