/**
 * Maintains a label of this replica's Pod, by which the admission Service selects the replicas that respond to reviews. A Pod has
 * only one readiness, which belongs to the configuration stream. The last value wins; a failed write is retried with backoff.
 */
import { backoffMs } from "../../loop/backoff.ts";
import type { Clock } from "../../loop/clock.ts";
import type { Logger } from "../../model/log.ts";
import { isApiError } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import { PODS } from "../kube/resource.ts";

export interface PodLabelOptions {
  readonly client: Pick<KubeClient, "patch">;
  readonly namespace: string;
  readonly podName: string;
  readonly label: string;
  readonly clock: Clock;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

const BACKOFF = { firstMs: 500, maxMs: 30_000 };

export class PodLabel {
  readonly #options: PodLabelOptions;
  readonly #stopped = new AbortController();
  #wanted: string | null | undefined;
  #written: string | null | undefined;
  #isWriting = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: PodLabelOptions) {
    this.#options = options;
  }

  /** Sets the label, or removes it (null). Does not wait for the write. */
  set(value: string | null): void {
    this.#wanted = value;
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#running = this.#write();
  }

  /** Stops; no write starts after this call. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #write(): Promise<void> {
    const { client, namespace, podName, label, clock, random, log } = this.#options;
    const { signal } = this.#stopped;
    let failures = 0;
    while (!signal.aborted && this.#written !== this.#wanted) {
      const value = this.#wanted;
      try {
        await client.patch(
          PODS,
          { namespace, name: podName },
          { metadata: { labels: { [label]: value } } },
          { signal },
        );
        this.#written = value;
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        // Outside of a cluster this replica has no Pod, and no Service selects it.
        if (isApiError(error, "NotFound")) {
          log.debug("This replica has no Pod to label", { podName });
          break;
        }
        failures++;
        const retryInMs = Math.round(backoffMs(failures, BACKOFF, random));
        log.warn("Failed to label the Pod for the admission Service; retrying", { podName, label, error, retryInMs });
        await clock.sleep(retryInMs, signal);
      }
    }
    // In the same loop iteration as the last comparison, so that no value set meanwhile is lost.
    this.#isWriting = false;
  }
}
