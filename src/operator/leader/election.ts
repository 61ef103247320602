/**
 * Takes part in a leader election by Lease. Of all replicas at most one leads: one that cannot renew stops leading, by its own
 * clock, before another may take the lease. It starts and stops nothing itself; `onStarted` and `onLost` do.
 */

import type { Clock } from "../../loop/clock.ts";
import type { Logger } from "../../model/log.ts";
import { isApiError } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import { LEASES } from "../kube/resource.ts";
import { type Lease, type LeaseSpec, mayTake, type Observed, observe, released, taken } from "./lease.ts";

/** client-go's defaults, as kube-controller-manager uses them; but followers look twice as often, for a hand-over within 2 s. */
const DEFAULT_TIMES = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
  followPeriodMs: 1_000,
};

export interface ElectionTimes {
  /** How long the others wait after the last renewal that they saw. */
  readonly leaseDurationMs: number;
  /** How long a leader leads after its last renewal; below the lease's duration, for clocks that run apart. */
  readonly renewDeadlineMs: number;
  /** Between renewals. */
  readonly retryPeriodMs: number;
  /** Between looks at another's lease: a lease that was given up is taken after this at the latest. */
  readonly followPeriodMs: number;
}

export interface ElectionOptions {
  readonly client: Pick<KubeClient, "get" | "create" | "put">;
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Ours, unlike every other replica's, past ones of this name included. */
  readonly identity: string;
  readonly onStarted: () => void;
  readonly onLost: () => void;
  readonly clock: Clock;
  /** From [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly times?: ElectionTimes;
}

export class LeaderElection {
  readonly #options: ElectionOptions;
  readonly #times: ElectionTimes;
  readonly #stopped = new AbortController();
  #leading = false;
  #holder = "";
  #observed: Observed | undefined;
  /** Ends the deadline of the last renewal. */
  #deadline = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#times = options.times ?? DEFAULT_TIMES;
  }

  get leading(): boolean {
    return this.#leading;
  }

  /** Identity of the replica that leads as far as we know; empty when nobody does. */
  get holder(): string {
    return this.#holder;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Stops leading, without `onLost`: whoever stops has ended its work before. Then gives the lease up, so that another
   * replica takes it at its next look.
   */
  async stop(): Promise<void> {
    this.#stopped.abort(new Error("the election was stopped"));
    await this.#running;
    this.#deadline.abort();
    if (!this.#leading) return;
    this.#leading = false;
    await this.#release();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const { clock, random, log, identity } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#round(signal);
      } catch (error) {
        const lostRace = isApiError(error, "Conflict", "AlreadyExists");
        if (!signal.aborted) log[lostRace ? "debug" : "warn"]("lease was not renewed or read", { identity, error });
      }
      const periodMs = this.#leading ? this.#times.retryPeriodMs : this.#times.followPeriodMs;
      // Jitter only shortens: a follower must look at least once in a period.
      await clock.sleep(periodMs * (0.75 + random() / 4), signal);
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { client, namespace, name, identity, clock } = this.#options;
    const call = { signal, timeoutMs: this.#times.renewDeadlineMs / 2 };
    const startedMs = clock.nowMs();
    const lease = await client.get<Lease>(LEASES, { namespace, name }, call).catch(absent);
    if (lease === undefined) {
      const created = this.#lease({ name, namespace }, taken(undefined, identity, this.#duration, clock.wallTime()));
      this.#took(await client.create<Lease>(LEASES, created, call), startedMs);
      return;
    }
    this.#observed = observe(this.#observed, lease, clock.nowMs());
    this.#holder = lease.spec?.holderIdentity ?? "";
    if (!mayTake(lease, identity, this.#observed, clock.nowMs(), this.#duration)) {
      this.#lost("another replica holds the lease");
      return;
    }
    const next = this.#lease(lease.metadata, taken(lease.spec, identity, this.#duration, clock.wallTime()));
    this.#took(await client.put<Lease>(LEASES, next, call), startedMs);
  }

  get #duration(): number {
    return this.#times.leaseDurationMs;
  }

  #lease(metadata: Lease["metadata"], spec: LeaseSpec): Lease {
    return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
  }

  /** The deadline counts from before the request: others count from when they see its effect, which is later. */
  #took(lease: Lease, startedMs: number): void {
    const { identity, clock, log, onStarted } = this.#options;
    this.#observed = observe(this.#observed, lease, clock.nowMs());
    this.#holder = identity;
    const leftMs = startedMs + this.#times.renewDeadlineMs - clock.nowMs();
    if (leftMs <= 0) return;
    this.#deadline.abort();
    const deadline = new AbortController();
    this.#deadline = deadline;
    void clock.sleep(leftMs, deadline.signal).then(() => {
      if (!deadline.signal.aborted) this.#lost("the lease was not renewed in time");
    });
    if (this.#leading) return;
    this.#leading = true;
    log.info("leading", { identity });
    onStarted();
  }

  #lost(why: string): void {
    if (!this.#leading) return;
    this.#leading = false;
    this.#deadline.abort();
    this.#options.log.warn("no longer leading", { identity: this.#options.identity, why });
    this.#options.onLost();
  }

  async #release(): Promise<void> {
    const { client, namespace, name, identity, clock, log } = this.#options;
    try {
      const lease = await client.get<Lease>(LEASES, { namespace, name });
      if (lease.spec?.holderIdentity !== identity) return;
      await client.put(LEASES, this.#lease(lease.metadata, released(lease.spec, clock.wallTime())));
    } catch (error) {
      log.warn("lease was not released; another replica takes it when it expires", { identity, error });
    }
  }
}

function absent(error: unknown): undefined {
  if (isApiError(error, "NotFound")) return undefined;
  throw error;
}
