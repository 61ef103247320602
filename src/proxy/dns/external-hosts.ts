/**
 * Addresses of all external hosts in the configuration, kept fresh without traffic, so that a name that does not resolve is
 * known before a connection needs it.
 *
 * Resolves ahead of expiry, serves stale answers while DNS is ill (RFC 8767), and tells when a host becomes usable or
 * unusable. It never dials.
 */
import type { UnresolvedHost } from "../../model/proxy-report.ts";
import { atMost, type Clock } from "../clock.ts";
import type { AddressGuard } from "./address-guard.ts";
import { type FailedHost, type HostAnswer, type Resolver, recheckAnswer, resolveHost } from "./resolve-host.ts";

/** TTLs below 5 s would make a query storm of a misconfigured zone; a cluster's DNS serves 5 s itself. */
const MIN_TTL_MS = 5_000;
/** A host that moved is followed within five minutes whatever its TTL says. */
const MAX_TTL_MS = 300_000;
/** A refresh begins when this part of the TTL has passed, so that connections never wait for it. */
const REFRESH_AT = 0.8;
/** How long a last good answer outlives its TTL while DNS fails (RFC 8767 section 5 suggests one to three days). */
export const MAX_STALE_MS = 86_400_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

interface HostState {
  answer: HostAnswer | undefined;
  /** When `answer`, if it holds addresses, is too old to be served. */
  unusableAtMs: number;
  pending: Promise<HostAnswer> | undefined;
  retryMs: number;
  turn: number;
  cancelTimer: () => void;
}

export interface ExternalHostsOptions {
  readonly resolver: Resolver;
  readonly clock: Clock;
  /** Called for each DNS response, because interfaces are added and removed. */
  readonly guard: () => AddressGuard;
  /** Called when `unresolved()` may have changed. */
  readonly onChange: () => void;
  /** Called with each answer that serves from now on, good or bad. */
  readonly onAnswer?: (host: string, answer: HostAnswer) => void;
}

export class ExternalHosts {
  readonly #options: ExternalHostsOptions;
  readonly #hosts = new Map<string, HostState>();

  constructor(options: ExternalHostsOptions) {
    this.#options = options;
  }

  /** These and no others are to be kept resolved. New ones are looked up at once. */
  keep(hosts: ReadonlySet<string>): void {
    for (const [host, state] of this.#hosts) {
      if (hosts.has(host)) continue;
      state.cancelTimer();
      this.#hosts.delete(host);
    }
    for (const host of hosts) {
      if (!this.#hosts.has(host)) void this.#refresh(host, this.#add(host));
    }
  }

  /** Resolves when every host has had its first answer, good or bad, or after `patienceMs`. */
  async answered(patienceMs: number): Promise<void> {
    const states = [...this.#hosts.values()].filter(({ answer }) => answer === undefined);
    if (states.length === 0) return;
    await atMost(this.#options.clock, patienceMs, Promise.all(states.map(({ pending }) => pending)));
  }

  /** Addresses in the order to try them, or why there are none. Waits only for a host's very first answer. */
  async lookup(host: string): Promise<readonly string[] | FailedHost> {
    const state = this.#hosts.get(host);
    // A connection may outlive the configuration that it was routed by: then its host is asked for just once.
    if (state === undefined) return addressesOf(await this.#ask(host), 0);
    const answer = state.answer ?? (await (state.pending ?? this.#refresh(host, state)));
    return addressesOf(answer, state.turn++);
  }

  /**
   * Called when the guard denies other addresses than before. After this call no cached response contains a denied address. Hosts are
   * resolved again, because addresses that were denied may be allowed now.
   */
  recheck(): void {
    for (const [host, state] of this.#hosts) {
      if (state.answer !== undefined) this.#setAnswer(host, state, this.#recheckAnswer(host, state.answer));
      // The new guard checks a query that is in progress.
      if (state.pending !== undefined) continue;
      state.cancelTimer();
      void this.#refresh(host, state);
    }
  }

  /** Every host that cannot be used now. One whose first answer is outstanding is not listed. */
  unresolved(): UnresolvedHost[] {
    return [...this.#hosts].flatMap(([host, { answer }]) =>
      answer !== undefined && "reason" in answer ? [{ host, reason: answer.reason, message: answer.message }] : [],
    );
  }

  close(): void {
    this.keep(new Set());
  }

  #add(host: string): HostState {
    const state: HostState = {
      answer: undefined,
      unusableAtMs: 0,
      pending: undefined,
      retryMs: FIRST_RETRY_MS,
      turn: 0,
      cancelTimer: () => {},
    };
    this.#hosts.set(host, state);
    return state;
  }

  #refresh(host: string, state: HostState): Promise<HostAnswer> {
    state.pending = this.#ask(host).then((answer) => {
      state.pending = undefined;
      if (this.#hosts.get(host) === state) this.#take(host, state, answer);
      return state.answer ?? answer;
    });
    return state.pending;
  }

  async #ask(host: string): Promise<HostAnswer> {
    try {
      return await resolveHost(this.#options.resolver, this.#options.guard, host);
    } catch (error) {
      return guardFailed(host, error);
    }
  }

  #recheckAnswer(host: string, answer: HostAnswer): HostAnswer {
    try {
      return recheckAnswer(host, this.#options.guard(), answer);
    } catch (error) {
      return guardFailed(host, error);
    }
  }

  #take(host: string, state: HostState, answer: HostAnswer): void {
    const kept = this.#mayServeStale(state, answer) ? state.answer : answer;
    if ("ttlMs" in answer) {
      const ttlMs = Math.min(Math.max(answer.ttlMs, MIN_TTL_MS), MAX_TTL_MS);
      state.unusableAtMs = this.#options.clock.now() + ttlMs + MAX_STALE_MS;
      state.retryMs = FIRST_RETRY_MS;
      this.#schedule(host, state, ttlMs * REFRESH_AT);
    } else {
      this.#schedule(host, state, state.retryMs);
      state.retryMs = Math.min(2 * state.retryMs, LAST_RETRY_MS);
    }
    this.#setAnswer(host, state, kept ?? answer);
  }

  #setAnswer(host: string, state: HostState, answer: HostAnswer): void {
    const before = state.answer;
    state.answer = answer;
    this.#options.onAnswer?.(host, answer);
    if (failureKey(before) !== failureKey(answer)) this.#options.onChange();
  }

  /** Only an ill DNS is bridged: "no such name" and "no address" are answers (RFC 8767 section 4). */
  #mayServeStale(state: HostState, answer: HostAnswer): boolean {
    if ("ttlMs" in answer || state.answer === undefined || "reason" in state.answer) return false;
    if (answer.reason !== "dns_timeout" && answer.reason !== "dns_failed") return false;
    return this.#options.clock.now() < state.unusableAtMs;
  }

  #schedule(host: string, state: HostState, delayMs: number): void {
    state.cancelTimer = this.#options.clock.after(delayMs, () => void this.#refresh(host, state));
  }
}

/** Listing the interfaces for the guard fails if descriptors are exhausted. Without the guard there is no response. */
function guardFailed(host: string, error: unknown): FailedHost {
  return { reason: "dns_failed", message: `DNS failed for ${host}: ${String(error)}` };
}

/** Each connection begins one address further within its family, so that all of them are used. */
export function addressesOf(answer: HostAnswer, turn: number): readonly string[] | FailedHost {
  if ("reason" in answer) return answer;
  return alternate(rotated(answer.ipv6, turn), rotated(answer.ipv4, turn));
}

function rotated<T>(items: readonly T[], turn: number): T[] {
  const first = turn % Math.max(items.length, 1);
  return [...items.slice(first), ...items.slice(0, first)];
}

/** IPv6 first, then the families in turn (RFC 8305 section 4). */
function alternate(ipv6: readonly string[], ipv4: readonly string[]): string[] {
  const longest = Math.max(ipv6.length, ipv4.length);
  return Array.from({ length: longest }, (_, index) => [ipv6[index], ipv4[index]])
    .flat()
    .filter((address) => address !== undefined);
}

function failureKey(answer: HostAnswer | undefined): string {
  return answer !== undefined && "reason" in answer ? `${answer.reason} ${answer.message}` : "";
}
