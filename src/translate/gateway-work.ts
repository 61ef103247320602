/** What a translation gathers about one Gateway before it can judge: its listeners, and the routes attached to them. */
import type { Gateway } from "../gateway-api/objects.ts";
import type { AssessedGateway, AssessedListener, AssessedListenerSet } from "./listeners/assess.ts";
import type { Attachment } from "./routes/attach.ts";
import { HostnameClaims, type LostHostname } from "./routes/claims.ts";
import type { AnyRoute } from "./routes/route.ts";

export class GatewayWork {
  readonly gateway: Gateway;
  readonly listeners: readonly AssessedListener[];
  readonly listenerSets: readonly AssessedListenerSet[];
  readonly #claims = new HostnameClaims();
  /** By route, then by listener: several parentRefs of a route may name the same listener. */
  readonly #attached = new Map<AnyRoute, Map<string, Attachment>>();
  readonly #counts = new Map<string, number>();

  constructor({ gateway, listeners, listenerSets }: AssessedGateway) {
    this.gateway = gateway;
    this.listeners = listeners;
    this.listenerSets = listenerSets;
  }

  addRoute(route: AnyRoute, attachments: readonly Attachment[]): void {
    const byListener = this.#attached.get(route) ?? new Map<string, Attachment>();
    this.#attached.set(route, byListener);
    for (const attachment of attachments) {
      const { name } = attachment.assessed;
      if (!byListener.has(name)) this.#counts.set(name, this.attachedRoutes(name) + 1);
      byListener.set(name, attachment);
      for (const hostname of attachment.hostnames) this.#claims.claim(name, hostname, route);
    }
  }

  routes(): Iterable<AnyRoute> {
    return this.#attached.keys();
  }

  /** The hostnames that a route really got, by listener, and those it lost. Call it when every route has been added. */
  settled(route: AnyRoute): {
    readonly won: readonly { readonly assessed: AssessedListener; readonly hostnames: readonly string[] }[];
    readonly lost: readonly LostHostname[];
  } {
    const attachments = [...(this.#attached.get(route)?.values() ?? [])];
    const settled = attachments.map(({ assessed, hostnames }) => ({
      assessed,
      ...this.#claims.settle(assessed, hostnames, route),
    }));
    return {
      won: settled.map(({ assessed, won }) => ({ assessed, hostnames: won })),
      lost: settled.flatMap(({ lost }) => lost),
    };
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
    for (const { listener } of valid.length > 0 ? valid : this.listeners) {
      if (!named.has(listener.port)) named.set(listener.port, listener.name);
    }
    return [...named].map(([port, name]) => ({ name, port }));
  }
}
