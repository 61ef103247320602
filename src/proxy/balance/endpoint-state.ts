/**
 * What a proxy has learnt of one endpoint of a backend, and whether it is to be used. Pure: the time is given.
 *
 * It judges one endpoint by itself; that at most half of them may be left out is the pool's business.
 */
import type { Endpoint } from "../../model/proxy-config.ts";
import type { Ejection } from "../../model/traffic.ts";

export interface EndpointState {
  readonly endpoint: Endpoint;
  /** Connections and attempts at one. */
  active: number;
  /** Failed connects in a row. */
  failures: number;
  /** Ejections in a row. */
  ejections: number;
  ejectedUntilMs: number;
  /** What health checks say; true where there are none. */
  isHealthy: boolean;
}

export function newEndpointState(endpoint: Endpoint): EndpointState {
  const ejectedUntilMs = Number.NEGATIVE_INFINITY;
  return { endpoint, active: 0, failures: 0, ejections: 0, ejectedUntilMs, isHealthy: true };
}

export function endpointKey({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

export function isEjected(state: EndpointState, nowMs: number): boolean {
  return state.ejectedUntilMs > nowMs;
}

export function isUsable(state: EndpointState, nowMs: number): boolean {
  return state.isHealthy && !isEjected(state, nowMs);
}

/** A connect has failed. Answers whether the endpoint should be ejected now. */
export function countFailure(state: EndpointState, { consecutiveFailures }: Ejection, nowMs: number): boolean {
  state.failures++;
  return state.failures >= consecutiveFailures && !isEjected(state, nowMs);
}

/** For as long as it has been ejected in a row, and longer each time. */
export function eject(state: EndpointState, { baseMs, maxMs }: Ejection, nowMs: number): void {
  state.ejections++;
  state.ejectedUntilMs = nowMs + Math.min(baseMs * state.ejections, maxMs);
  // When it is back, one more failure is enough.
  state.failures = Math.max(0, state.failures - 1);
}

/** A connect was answered. An endpoint that has done well for as long as it was out last begins anew. */
export function countSuccess(state: EndpointState, { baseMs, maxMs }: Ejection, nowMs: number): void {
  state.failures = 0;
  if (nowMs >= state.ejectedUntilMs + Math.min(baseMs * state.ejections, maxMs)) state.ejections = 0;
}
