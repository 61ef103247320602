/**
 * What the operator knows of one proxy, and what to send it next. Pure.
 *
 * At most one delta is on its way; the next is computed when it is answered, from what the proxy then holds to the newest
 * configuration. So a slow proxy costs one reference however often is published, and skips what it had no time for.
 */
import type { ConfigDelta } from "../../model/proxy-config.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import type { HeldConfig } from "../delta.ts";
import type { PublishedConfig } from "./published-config.ts";

export interface SubscriberState {
  /** What the proxy said it holds, or the last delta it acknowledged. */
  readonly held: HeldConfig;
  /** Revision last sent or confirmed as current. Refused or not, it is not offered twice in a row. */
  readonly offeredRevision?: string;
  readonly lastSequence: number;
  readonly inFlight?: PublishedConfig;
}

export type Step =
  | { readonly type: "wait" }
  | { readonly type: "current"; readonly revision: string }
  | { readonly type: "delta"; readonly sequence: number; readonly delta: ConfigDelta };

export type Answer =
  | { readonly ok: true; readonly state: SubscriberState }
  /** Both sides no longer agree on what the proxy holds; it must say so anew. */
  | { readonly ok: false; readonly problem: string };

const WAIT: Step = { type: "wait" };

export function subscribed(held: HeldConfig): SubscriberState {
  return { held, lastSequence: 0 };
}

/** @param newest undefined before the Gateway's first configuration: then nothing is sent, least of all an empty one */
export function nextStep(
  state: SubscriberState,
  newest: PublishedConfig | undefined,
): { readonly step: Step; readonly state: SubscriberState } {
  if (newest === undefined || state.inFlight !== undefined || newest.revision === state.offeredRevision) {
    return { step: WAIT, state };
  }
  const offeredRevision = newest.revision;
  if (state.offeredRevision === undefined && state.held.revision === newest.revision) {
    // Equal revisions mean equal content: the shared copy takes the place of the proxy's own list.
    return { step: { type: "current", revision: newest.revision }, state: { ...state, held: newest, offeredRevision } };
  }
  const sequence = state.lastSequence + 1;
  const delta = newest.deltaFrom(state.held);
  return {
    step: { type: "delta", sequence, delta },
    state: { held: state.held, offeredRevision, lastSequence: sequence, inFlight: newest },
  };
}

/** The proxy answered the delta of this sequence with this report. */
export function answered(state: SubscriberState, sequence: number, report: ProxyReport): Answer {
  const { inFlight, ...settled } = state;
  if (inFlight === undefined || sequence !== state.lastSequence) {
    return { ok: false, problem: `delta ${sequence} was acknowledged but is not awaited` };
  }
  if (report.refusal?.revision === inFlight.revision) {
    if (report.refusal.reason === "revision_mismatch") return { ok: false, problem: report.refusal.message };
    return { ok: true, state: settled };
  }
  if (report.revision === inFlight.revision) return { ok: true, state: { ...settled, held: inFlight } };
  const problem = `revision ${inFlight.revision} was answered with "${report.revision}", neither serving nor refused`;
  return { ok: false, problem };
}
