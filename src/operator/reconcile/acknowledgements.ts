/**
 * Waits for proxies to take up what was just published, so that a status is not written before it is true: whoever waits
 * for `Accepted` and then connects must be served. It waits for a while only: a proxy that does not answer is the stream's
 * business, and must not keep the others' statuses.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Subscriber } from "../../control/server/server.ts";

/** A proxy applies a change within milliseconds; a second is one that is busy or ending. */
const PATIENCE_MS = 1_000;

export class Acknowledgements {
  readonly #subscribers: (gateway: string) => readonly Subscriber[];
  #reported = Promise.withResolvers<void>();

  constructor(subscribers: (gateway: string) => readonly Subscriber[]) {
    this.#subscribers = subscribers;
  }

  /** To be called after every report. */
  reported(): void {
    this.#reported.resolve();
    this.#reported = Promise.withResolvers<void>();
  }

  /** `published`: revisions by Gateway. Resolves when all subscribed proxies have applied or refused them, or are late. */
  async wait(published: ReadonlyMap<string, string>, patienceMs = PATIENCE_MS): Promise<void> {
    const late = new AbortController();
    const timeout = delay(patienceMs, undefined, { signal: late.signal }).catch(() => undefined);
    let isLate = false;
    void timeout.then(() => {
      isLate = true;
    });
    while (!isLate && this.#isAwaited(published)) await Promise.race([this.#reported.promise, timeout]);
    late.abort();
  }

  #isAwaited(published: ReadonlyMap<string, string>): boolean {
    return [...published].some(([gateway, revision]) =>
      this.#subscribers(gateway).some(
        ({ report }) => report?.revision !== revision && report?.refusal?.revision !== revision,
      ),
    );
  }
}
