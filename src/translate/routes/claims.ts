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

/** The claims of one Gateway, by listener (AssessedListener.name) and hostname. */
export class HostnameClaims {
  readonly #winners = new Map<string, Map<string, Claim>>();

  claim(listener: string, { hostname, original }: EffectiveHostname, route: AnyRoute): void {
    const claims = this.#winners.get(listener) ?? new Map<string, Claim>();
    this.#winners.set(listener, claims);
    const holder = claims.get(hostname);
    const challenger = { route, original };
    if (holder === undefined || compare(challenger, holder).order < 0) claims.set(hostname, challenger);
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
      const winner = this.#winners.get(listener.name)?.get(hostname);
      if (winner === undefined || winner.route === route) won.push(hostname);
      else lost.push({ listener, hostname, winner: winner.route, by: compare(winner, { route, original }).by });
    }
    return { won, lost };
  }
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
