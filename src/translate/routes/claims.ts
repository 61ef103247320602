/**
 * Which route gets a hostname that several claim on one listener: the one whose own pattern is more specific, then the
 * oldest, then the first by `namespace/name` (Gateway API, "Route precedence"; gateway-api#3541 asks to tell the loser).
 */
import { compareSpecificity } from "../../gateway-api/hostname.ts";
import { objectKey } from "../../gateway-api/objects.ts";
import type { AssessedListener } from "../listeners/assess.ts";
import type { EffectiveHostname } from "./attach.ts";
import type { AnyRoute } from "./route.ts";

interface Claim {
  readonly route: AnyRoute;
  readonly original: string;
}

export interface LostHostname {
  readonly listener: AssessedListener;
  readonly hostname: string;
  readonly winner: AnyRoute;
}

/** The claims of one Gateway, by listener (AssessedListener.name) and hostname. */
export class HostnameClaims {
  readonly #winners = new Map<string, Map<string, Claim>>();

  claim(listener: string, { hostname, original }: EffectiveHostname, route: AnyRoute): void {
    const claims = this.#winners.get(listener) ?? new Map<string, Claim>();
    this.#winners.set(listener, claims);
    const holder = claims.get(hostname);
    const challenger = { route, original };
    if (holder === undefined || precedes(challenger, holder)) claims.set(hostname, challenger);
  }

  /** Splits a route's hostnames on a listener into those it got and those another route holds. */
  settle(
    listener: AssessedListener,
    hostnames: readonly EffectiveHostname[],
    route: AnyRoute,
  ): { readonly won: readonly string[]; readonly lost: readonly LostHostname[] } {
    const won: string[] = [];
    const lost: LostHostname[] = [];
    for (const { hostname } of hostnames) {
      const winner = this.#winners.get(listener.name)?.get(hostname)?.route;
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
