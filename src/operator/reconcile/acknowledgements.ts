/**
 * Waits for proxies to take up what was published, so that a status is not written before it is true: whoever waits for
 * `Accepted` and then connects must be served. A proxy that has taken up something newer meanwhile has taken that up too.
 * It waits for a while only: a proxy that does not answer is the stream's business, and must not keep the others' statuses.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Subscriber } from "../../control/server/server.ts";

/** A proxy applies a change within milliseconds; a second is one that is busy or ending. */
const PATIENCE_MS = 1_000;
/** Revisions of a Gateway that are told apart by age. A proxy that is further behind counts as one that has taken up none. */
const MAX_REMEMBERED = 1_000;

/** How many publications there had been, by Gateway: the newest one is meant and all before it. */
export type Publications = ReadonlyMap<string, number>;

export class Acknowledgements {
  readonly #subscribers: (gateway: string) => readonly Subscriber[];
  /** When each revision was last published, by Gateway; in that order. */
  readonly #published = new Map<string, Map<string, number>>();
  readonly #newest = new Map<string, number>();
  #reported = Promise.withResolvers<void>();

  constructor(subscribers: (gateway: string) => readonly Subscriber[]) {
    this.#subscribers = subscribers;
  }

  /** A revision is the Gateway's newest from now on. */
  published(gateway: string, revision: string): void {
    const revisions = this.#published.get(gateway) ?? new Map<string, number>();
    this.#published.set(gateway, revisions);
    const number = (this.#newest.get(gateway) ?? 0) + 1;
    this.#newest.set(gateway, number);
    revisions.delete(revision);
    revisions.set(revision, number);
    const [oldest] = revisions.keys();
    if (revisions.size > MAX_REMEMBERED && oldest !== undefined) revisions.delete(oldest);
  }

  retracted(gateway: string): void {
    this.#published.delete(gateway);
    this.#newest.delete(gateway);
  }

  /** All that has been published so far. */
  newest(): Publications {
    return new Map(this.#newest);
  }

  /** To be called after every report. */
  reported(): void {
    this.#reported.resolve();
    this.#reported = Promise.withResolvers<void>();
  }

  /** Resolves when all subscribed proxies have applied or refused these, or newer ones, or are late. */
  async wait(publications: Publications, patienceMs = PATIENCE_MS): Promise<void> {
    if (!this.#areAwaited(publications)) return;
    const late = new AbortController();
    const timeout = delay(patienceMs, undefined, { signal: late.signal }).catch(() => undefined);
    let isLate = false;
    void timeout.then(() => {
      isLate = true;
    });
    while (!isLate && this.#areAwaited(publications)) await Promise.race([this.#reported.promise, timeout]);
    late.abort();
  }

  #areAwaited(publications: Publications): boolean {
    return [...publications].some(([gateway, number]) => {
      const revisions = this.#published.get(gateway);
      if (revisions === undefined) return false;
      const isAt = (revision: string | undefined) => (revisions.get(revision ?? "") ?? 0) >= number;
      return this.#subscribers(gateway).some(
        ({ report }) => !isAt(report?.revision) && !isAt(report?.refusal?.revision),
      );
    });
  }
}
