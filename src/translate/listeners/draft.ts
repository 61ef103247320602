/** What a listener says by itself, before others and its references are looked at. */
import { ANY_HOSTNAME, normalizeHostname } from "../../gateway-api/hostname.ts";
import type { Listener } from "../../gateway-api/objects.ts";
import { PROXY_ADMIN_PORT } from "../../model/identity.ts";
import type { ListenerOwner, ListenerVerdict } from "./assess.ts";
import { type Speech, speechOf } from "./protocol.ts";

interface Identified {
  readonly listener: Listener;
  readonly owner: ListenerOwner;
  /** Normalised; `*` when it has none. */
  readonly hostname: string;
}

export interface ServableDraft extends Identified {
  readonly verdict: Extract<ListenerVerdict, { ok: true }>;
  readonly speech: Speech;
}

export interface RefusedDraft extends Identified {
  readonly verdict: Exclude<ListenerVerdict, { ok: true }>;
  /** Its protocol may be served, though it is not. */
  readonly speech?: Speech;
}

export type Draft = ServableDraft | RefusedDraft;

/** `decrypts`: as `speechOf` takes it. */
export function draftOf(owner: ListenerOwner, listener: Listener, decrypts: boolean): Draft {
  const identified = { listener, owner, hostname: hostnameOf(listener) };
  const speech = speechOf(listener, decrypts);
  if ("reason" in speech) return { ...identified, verdict: { ok: false, ...speech } };
  if (listener.port !== PROXY_ADMIN_PORT) return { ...identified, verdict: { ok: true }, speech };
  const message = `Port ${PROXY_ADMIN_PORT} is the proxies' own port for probes and metrics: choose another`;
  return { ...identified, verdict: { ok: false, reason: "PortUnavailable", message }, speech };
}

export function isServable(draft: Draft): draft is ServableDraft {
  return draft.verdict.ok;
}

/** A TCP connection names no host, so that a hostname there means nothing. */
function hostnameOf({ protocol, hostname }: Listener): string {
  return hostname && protocol !== "TCP" ? normalizeHostname(hostname) : ANY_HOSTNAME;
}
