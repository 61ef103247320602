/**
 * Which route gets a hostname that several claim on one listener: the one whose own pattern is more specific, then the
 * oldest, then the first by `namespace/name` (Gateway API, "Route precedence"; gateway-api#3541 asks to tell the loser).
 * Routes of a TCP listener all claim `*`, so the oldest has the listener for itself.
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

/** What decided between two claims. */
export type Precedence = "hostname" | "age" | "name";

export interface LostHostname {
  readonly listener: AssessedListener;
  readonly hostname: string;
  readonly winner: AnyRoute;
  readonly by: Precedence;
}

/** All claims on one hostname, that of the winner first. */
type Claims = [Claim, ...Claim[]];

/** The claims of one Gateway, by listener (AssessedListener.name) and hostname. They come and go one by one. */
export class HostnameClaims {
  readonly #claims = new Map<string, Map<string, Claims>>();

  /** @returns whether the hostname has another winner than before. */
  claim(listener: string, { hostname, original }: EffectiveHostname, route: AnyRoute): boolean {
    const ofListener = this.#claims.get(listener) ?? new Map<string, Claims>();
    this.#claims.set(listener, ofListener);
    const claims = ofListener.get(hostname);
    const challenger = { route, original };
    if (claims === undefined) {
      ofListener.set(hostname, [challenger]);
      return true;
    }
    const wins = compare(challenger, claims[0]).order < 0;
    claims.push(wins ? claims[0] : challenger);
    if (wins) claims[0] = challenger;
    return wins;
  }

  /** Takes back a claim that was made. @returns whether the hostname had been the route's. */
  release(listener: string, { hostname }: EffectiveHostname, route: AnyRoute): boolean {
    const ofListener = this.#claims.get(listener) as Map<string, Claims>;
    const claims = ofListener.get(hostname) as Claims;
    const isWinner = claims[0].route === route;
    const [first, ...others] = claims.filter((claim) => claim.route !== route);
    if (first === undefined) ofListener.delete(hostname);
    else ofListener.set(hostname, isWinner ? winnerFirst([first, ...others]) : [first, ...others]);
    if (ofListener.size === 0) this.#claims.delete(listener);
    return isWinner;
  }

  /** The routes that claim a hostname, the winner first. */
  claimants(listener: string, hostname: string): readonly AnyRoute[] {
    return (this.#claims.get(listener)?.get(hostname) ?? []).map(({ route }) => route);
  }

  /** Splits a route's hostnames on a listener, which it has claimed, into those it got and those another route holds. */
  settle(
    listener: AssessedListener,
    hostnames: readonly EffectiveHostname[],
    route: AnyRoute,
  ): { readonly won: readonly string[]; readonly lost: readonly LostHostname[] } {
    const won: string[] = [];
    const lost: LostHostname[] = [];
    for (const { hostname, original } of hostnames) {
      const winner = this.#claims.get(listener.name)?.get(hostname)?.[0];
      if (winner === undefined || winner.route === route) won.push(hostname);
      else lost.push({ listener, hostname, winner: winner.route, by: compare(winner, { route, original }).by });
    }
    return { won, lost };
  }
}

function winnerFirst(claims: Claims): Claims {
  const winner = claims.reduce((best, claim) => (compare(claim, best).order < 0 ? claim : best));
  return [winner, ...claims.filter((claim) => claim !== winner)];
}

/** Negative when `a` comes first. */
function compare(a: Claim, b: Claim): { readonly order: number; readonly by: Precedence } {
  const bySpecificity = compareSpecificity(a.original, b.original);
  if (bySpecificity !== 0) return { order: bySpecificity, by: "hostname" };
  const byAge = order(createdAt(a), createdAt(b));
  return byAge === 0
    ? { order: order(objectKey(a.route), objectKey(b.route)), by: "name" }
    : { order: byAge, by: "age" };
}

/** RFC 3339 in UTC with whole seconds, as the API server writes it: sorts as text. */
function createdAt({ route }: Claim): string {
  return route.metadata.creationTimestamp ?? "";
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
