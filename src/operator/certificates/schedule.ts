/**
 * When which certificate is due: pure questions of dates and of what is held. An authority is followed in three steps, so that
 * nobody meets a certificate whose authority he has not heard of: the next one is made and trusted, a month later it signs,
 * and the old one stays trusted until it ends.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { DAY_MS, type KeyedCertificate } from "./issue.ts";

/** What the Secret holds. */
export interface HeldCertificates {
  /** Signs. */
  readonly authority: KeyedCertificate;
  /** Trusted already, signs later. */
  readonly next?: KeyedCertificate;
  /** All authorities to trust, PEM, the present and the next among them. */
  readonly trusted: readonly string[];
  readonly serving: KeyedCertificate;
}

export type Due = "everything" | "next-authority" | "promotion" | "serving" | "trust" | "nothing";

/** A third of the life is left for whatever goes wrong. */
const RENEW_AFTER_SHARE = 2 / 3;

/** How long the next authority is trusted before it signs: longer than any proxy goes without reading its trust anew. */
export const TRUST_AHEAD_MS = 30 * DAY_MS;

/** The first thing to be done, if any; after it, ask again. */
export function dueNow(held: HeldCertificates | undefined, dnsNames: readonly string[], now: Date): Due {
  if (held === undefined) return "everything";
  const { authority, next, trusted } = held;
  // Whoever was away when it was due is late; the next authority is trusted by the proxies, a new one would not be.
  if (!isUsable(authority, now)) return next !== undefined && isUsable(next, now) ? "promotion" : "everything";
  if (next === undefined) {
    if (isWorn(authority, now)) return "next-authority";
  } else if (now.getTime() >= notBefore(next) + TRUST_AHEAD_MS) {
    return "promotion";
  }
  if (!isGoodServing(held, dnsNames, now)) return "serving";
  const wanted = trustedAfter(held, now);
  return wanted.length === trusted.length && wanted.every((pem) => trusted.includes(pem)) ? "nothing" : "trust";
}

/** The authorities to trust: the present, the next, and those before that have not ended. */
export function trustedAfter({ authority, next, trusted }: HeldCertificates, now: Date): string[] {
  const wanted = [authority.certificate, ...(next === undefined ? [] : [next.certificate])];
  const before = trusted.filter((pem) => !wanted.includes(pem) && now < new X509Certificate(pem).validToDate);
  return [...wanted, ...before];
}

/** In force, and the key is its key. */
function isUsable({ certificate, key }: KeyedCertificate, now: Date): boolean {
  const parsed = new X509Certificate(certificate);
  return now < parsed.validToDate && parsed.checkPrivateKey(createPrivateKey(key));
}

function isGoodServing({ authority, serving }: HeldCertificates, dnsNames: readonly string[], now: Date): boolean {
  const parsed = new X509Certificate(serving.certificate);
  const issuer = new X509Certificate(authority.certificate);
  return (
    isUsable(serving, now) &&
    !isWorn(serving, now) &&
    parsed.verify(issuer.publicKey) &&
    dnsNames.every((name) => parsed.checkHost(name) !== undefined)
  );
}

function isWorn({ certificate }: KeyedCertificate, now: Date): boolean {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  const lifetimeMs = validToDate.getTime() - validFromDate.getTime();
  return now.getTime() >= validFromDate.getTime() + lifetimeMs * RENEW_AFTER_SHARE;
}

function notBefore({ certificate }: KeyedCertificate): number {
  return new X509Certificate(certificate).validFromDate.getTime();
}
