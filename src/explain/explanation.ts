/** What would become of a connection at one port of one Gateway, and why not something else. Plain data, also the JSON of `-o json`. */

import type { PortKind } from "../model/proxy-config.ts";
import type { ClientTraffic } from "../model/traffic.ts";

export interface Explanation {
  /** `namespace/name`. */
  readonly gateway: string;
  readonly port: number;
  /** What connections of the port start with. Absent: no listener of the port is served. */
  readonly protocol?: PortKind;
  readonly outcome: Outcome;
  /** The listener that the connection belongs to, by its resource name. */
  readonly listener?: string;
  /** Which clients the listener takes, and how; absent: all alike. */
  readonly clients?: ClientTraffic;
  /** The route that takes it: `TLSRoute/default/shop`. */
  readonly route?: string;
  /** Where the route's connections go; empty without a route. */
  readonly backends: readonly BackendShare[];
  /** Every other listener of the port, and every other route of the Gateway, nearest to the server name first. */
  readonly lost: { readonly listeners: readonly Loser[]; readonly routes: readonly Loser[] };
}

export type Outcome =
  /** Connections are passed on; those of a share that cannot be used are refused. */
  | { readonly action: "serve" }
  /** HTTP: every request is answered 503. */
  | { readonly action: "answer" }
  /** The reason is the access log's. */
  | { readonly action: "refuse"; readonly reason: string };

export interface BackendShare {
  readonly name: string;
  readonly weight: number;
  /** Of the route's connections, 0 to 1. */
  readonly share: number;
  /** `10.0.0.1:443`, or `httpbin.org:443` where the proxy asks DNS. Empty: this share is refused. */
  readonly addresses: readonly string[];
  /** Why the share is refused. */
  readonly refusal?: string;
  /** Present if the share is rejected because every endpoint is the Gateway itself (`backend_loop`). */
  readonly isLoop?: true;
}

export interface Loser {
  readonly name: string;
  readonly why: string;
}
