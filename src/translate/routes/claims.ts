/**
 * Which route gets a hostname that several claim on one listener: the one whose own pattern is more specific, then the
 * oldest, then the first by `namespace/name` (Gateway API, "Route precedence"; gateway-api#3541 asks to tell the loser).
 */
import { compareSpecificity } from "../../gateway-api/hostname.ts";
import { objectKey, type TlsRoute } from "../../gateway-api/objects.ts";
import type { EffectiveHostname } from "./attach.ts";

interface Claim {
  readonly route: TlsRoute;
  readonly original: string;
}

export interface LostHostname {
  readonly listener: string;
  readonly hostname: string;
  readonly winner: TlsRoute;
}

/** The claims of one Gateway, by listener and hostname. */
export class HostnameClaims {
  readonly #winners = new Map<string, Map<string, Claim>>();

  claim(listener: string, { hostname, original }: EffectiveHostname, route: TlsRoute): void {
    const claims = this.#winners.get(listener) ?? new Map<string, Claim>();
    this.#winners.set(listener, claims);
    const holder = claims.get(hostname);
    const challenger = { route, original };
    if (holder === undefined || precedes(challenger, holder)) claims.set(hostname, challenger);
  }

  /** Splits a route's hostnames on a listener into those it got and those another route holds. */
  settle(
    listener: string,
    hostnames: readonly EffectiveHostname[],
    route: TlsRoute,
  ): { readonly won: readonly string[]; readonly lost: readonly LostHostname[] } {
    const won: string[] = [];
    const lost: LostHostname[] = [];
    for (const { hostname } of hostnames) {
      const winner = this.#winners.get(listener)?.get(hostname)?.route;
      if (winner === undefined || winner === route) won.push(hostname);
      else lost.push({ listener, hostname, winner });
    }
    return { won, lost };
  }
}

function precedes(a: Claim, b: Claim): boolean {
  const bySpecificity = compareSpecificity(a.original, b.original);
  if (bySpecificity !== 0) return bySpecificity < 0;
  const age = (claim: Claim) => claim.route.metadata.creationTimestamp ?? "";
  if (age(a) !== age(b)) return age(a) < age(b);
  return objectKey(a.route) < objectKey(b.route);
}
