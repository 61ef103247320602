/**
 * What is settled about one Gateway once all routes have been heard: its listeners, the routes attached to each, and which of
 * them got which hostname. It judges nothing. It is kept while the Gateway is, and told which routes came and went: only what
 * they touch is settled again.
 */
import type { Gateway } from "../gateway-api/objects.ts";
import type { AssessedGateway, AssessedListener, AssessedListenerSet } from "./listeners/assess.ts";
import type { Attachment } from "./routes/attach.ts";
import { HostnameClaims, type LostHostname } from "./routes/claims.ts";
import type { AnyRoute } from "./routes/route.ts";

/** A route and its attachments to one Gateway, one for each listener. */
export interface AttachedRoute {
  readonly route: AnyRoute;
  readonly attachments: readonly Attachment[];
}

/** What a route really got of one Gateway. */
export interface Settlement {
  readonly won: readonly { readonly assessed: AssessedListener; readonly hostnames: readonly string[] }[];
  readonly lost: readonly LostHostname[];
}

const NOTHING_SETTLED: Settlement = { won: [], lost: [] };

/** Which routes another settlement concerns. */
export interface Resettled {
  /** Those with another settlement than before. */
  readonly changed: ReadonlySet<AnyRoute>;
  /** Those that are attached no more. */
  readonly gone: ReadonlySet<AnyRoute>;
}

export class GatewayWork {
  #assessed: AssessedGateway;
  readonly #claims = new HostnameClaims();
  readonly #attached = new Map<AnyRoute, AttachedRoute>();
  readonly #settlements = new Map<AnyRoute, Settlement>();
  readonly #counts = new Map<string, number>();

  constructor(assessed: AssessedGateway) {
    this.#assessed = assessed;
  }

  get gateway(): Gateway {
    return this.#assessed.gateway;
  }

  get listeners(): readonly AssessedListener[] {
    return this.#assessed.listeners;
  }

  get listenerSets(): readonly AssessedListenerSet[] {
    return this.#assessed.listenerSets;
  }

  get clientCertificate(): AssessedGateway["clientCertificate"] {
    return this.#assessed.clientCertificate;
  }

  /** The Gateway as it is now. Routes of listeners that are others than before must come with the next `update`. */
  assess(assessed: AssessedGateway): void {
    this.#assessed = assessed;
  }

  /** A route whose attachments are others than before leaves and joins. Those that leave have joined before. */
  update(left: Iterable<AnyRoute>, joined: readonly AttachedRoute[]): Resettled {
    const contested: Contested = new Map();
    const gone = new Set<AnyRoute>();
    for (const route of left) {
      this.#leave(this.#attached.get(route) as AttachedRoute, contested);
      gone.add(route);
    }
    // Every route must have claimed its hostnames before any route can know which of them it got.
    for (const one of joined) {
      this.#join(one, contested);
      gone.delete(one.route);
    }
    const suspects = new Set(joined.map(({ route }) => route));
    for (const [listener, hostnames] of contested) {
      for (const hostname of hostnames) {
        for (const claimant of this.#claims.claimants(listener, hostname)) suspects.add(claimant);
      }
    }
    const changed = new Set<AnyRoute>();
    for (const route of suspects) {
      const before = this.#settlements.get(route);
      const now = keepIfEqual(before, settle(this.#claims, this.#attached.get(route) as AttachedRoute));
      if (now !== before) changed.add(route);
      this.#settlements.set(route, now);
    }
    for (const route of gone) this.#settlements.delete(route);
    return { changed, gone };
  }

  #leave({ route, attachments }: AttachedRoute, contested: Contested): void {
    this.#attached.delete(route);
    for (const { assessed, hostnames } of attachments) {
      this.#count(assessed.name, -1);
      for (const one of hostnames) {
        if (this.#claims.release(assessed.name, one, route)) contest(contested, assessed.name, one.hostname);
      }
    }
  }

  #join(one: AttachedRoute, contested: Contested): void {
    const { route, attachments } = one;
    this.#attached.set(route, one);
    for (const { assessed, hostnames } of attachments) {
      this.#count(assessed.name, 1);
      for (const hostname of hostnames) {
        if (this.#claims.claim(assessed.name, hostname, route)) contest(contested, assessed.name, hostname.hostname);
      }
    }
  }

  #count(listener: string, difference: number): void {
    const count = this.attachedRoutes(listener) + difference;
    if (count === 0) this.#counts.delete(listener);
    else this.#counts.set(listener, count);
  }

  routes(): Iterable<AnyRoute> {
    return this.#settlements.keys();
  }

  hasSettled(route: AnyRoute): boolean {
    return this.#settlements.has(route);
  }

  settled(route: AnyRoute): Settlement {
    return this.#settlements.get(route) ?? NOTHING_SETTLED;
  }

  /** How many routes are attached to a listener (its AssessedListener.name), served or not (`ListenerStatus.attachedRoutes`). */
  attachedRoutes(listener: string): number {
    return this.#counts.get(listener) ?? 0;
  }

  /**
   * Ports of the Service. A Service needs one at least, and must not go (its address with it) because an edit made every
   * listener invalid: then all ports asked for stay.
   */
  ports(): readonly { readonly name: string; readonly port: number }[] {
    const valid = this.listeners.filter(({ verdict }) => verdict.ok);
    const named = new Map<number, string>();
    const taken = new Set<string>();
    for (const { listener } of valid.length > 0 ? valid : this.listeners) {
      const { name, port } = listener;
      if (named.has(port)) continue;
      // Listeners of several objects may share a name, ports of a Service may not.
      let unique = name;
      while (taken.has(unique)) unique = `${unique}-${port}`;
      taken.add(unique);
      named.set(port, unique);
    }
    return [...named].map(([port, name]) => ({ name, port }));
  }
}

/** Hostnames that have another winner than before, by listener. */
type Contested = Map<string, Set<string>>;

function contest(contested: Contested, listener: string, hostname: string): void {
  const hostnames = contested.get(listener);
  if (hostnames === undefined) contested.set(listener, new Set([hostname]));
  else hostnames.add(hostname);
}

function settle(claims: HostnameClaims, { route, attachments }: AttachedRoute): Settlement {
  const settled = attachments.map(({ assessed, hostnames }) => ({
    assessed,
    ...claims.settle(assessed, hostnames, route),
  }));
  return {
    won: settled.map(({ assessed, won }) => ({ assessed, hostnames: won })),
    lost: settled.flatMap(({ lost }) => lost),
  };
}

function keepIfEqual(before: Settlement | undefined, now: Settlement): Settlement {
  if (before === undefined || before.won.length !== now.won.length || before.lost.length !== now.lost.length)
    return now;
  const sameWon = now.won.every(({ assessed, hostnames }, i) => {
    const old = before.won[i];
    return (
      old?.assessed === assessed &&
      old.hostnames.length === hostnames.length &&
      hostnames.every((hostname, place) => hostname === old.hostnames[place])
    );
  });
  const sameLost = now.lost.every(({ listener, hostname, winner }, i) => {
    const old = before.lost[i];
    return old?.listener === listener && old.hostname === hostname && old.winner === winner;
  });
  return sameWon && sameLost ? before : now;
}
