/**
 * What is settled about one Gateway once all routes have been heard: its listeners, the routes attached to each, and which of
 * them got which hostname. It judges nothing and never changes.
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

export class GatewayWork {
  readonly gateway: Gateway;
  readonly listeners: readonly AssessedListener[];
  readonly listenerSets: readonly AssessedListenerSet[];
  readonly clientCertificate: AssessedGateway["clientCertificate"];
  readonly #settlements = new Map<AnyRoute, Settlement>();
  readonly #counts = new Map<string, number>();

  /** `before`: settlements that have not changed are taken over, so that they are the same objects. */
  constructor(
    { gateway, listeners, listenerSets, clientCertificate }: AssessedGateway,
    attached: readonly AttachedRoute[],
    before?: GatewayWork,
  ) {
    this.gateway = gateway;
    this.listeners = listeners;
    this.listenerSets = listenerSets;
    this.clientCertificate = clientCertificate;
    const claims = new HostnameClaims();
    for (const { route, attachments } of attached) {
      for (const { assessed, hostnames } of attachments) {
        this.#counts.set(assessed.name, this.attachedRoutes(assessed.name) + 1);
        for (const hostname of hostnames) claims.claim(assessed.name, hostname, route);
      }
    }
    // Every route must have claimed its hostnames before any route can know which of them it got.
    for (const one of attached) {
      this.#settlements.set(one.route, keepIfEqual(before?.settled(one.route), settle(claims, one)));
    }
  }

  routes(): Iterable<AnyRoute> {
    return this.#settlements.keys();
  }

  settlements(): Iterable<[AnyRoute, Settlement]> {
    return this.#settlements;
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
