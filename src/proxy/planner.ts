/**
 * From a server name to what a connection needs: the table's decision, the TLS ends that it asks for, then DNS or an override
 * for an external host.
 */
import type { ConnectionReason } from "../model/connection-reason.ts";
import type { Endpoint } from "../model/proxy-config.ts";
import type { HostFailure } from "../model/proxy-report.ts";
import type { ClientRules } from "./admit/client-rules.ts";
import type { Balancer } from "./balance/balancer.ts";
import type { Clock } from "./clock.ts";
import type { ExternalHosts } from "./dns/external-hosts.ts";
import type { FailedHost } from "./dns/resolve-host.ts";
import { type Prologue, prologueOf } from "./prologue.ts";
import type { ClientFacts } from "./relay/client-facts.ts";
import type { ConnectionPlan } from "./relay/engine.ts";
import {
  type Decision,
  type DecisionPath,
  decideBy,
  MAX_ENDPOINTS_TRIED,
  type RequestingClient,
  type Wishes,
} from "./route/decide.ts";
import { RouteMemory } from "./route/route-memory.ts";
import type { ExternalTarget, RouteTable } from "./route/route-table.ts";
import type { BackendTls } from "./terminate/backend-tls.ts";
import type { ClientTls } from "./terminate/client-tls.ts";
import type { TlsEnds } from "./terminate/tls-ends.ts";

/**
 * Where to dial instead of an external `<host>:<port>` (host in lower case), like curl's --connect-to. Given by whoever
 * starts the program, so neither DNS nor the address guard is asked.
 */
export type Overrides = ReadonlyMap<string, Endpoint>;

/** What a connection is wrapped in. The common case, passed through, has none. */
interface Ends {
  readonly decrypt?: ClientTls;
  readonly encrypt?: BackendTls;
}

const NO_TLS: Ends = {};

type Asked = Partial<Prologue> & Pick<Extract<ConnectionPlan, { action: "dial" }>, "connectMs" | "timeOuts">;

export interface PlannerParts {
  readonly balancer: Balancer;
  readonly hosts: Pick<ExternalHosts, "lookup">;
  readonly tls: TlsEnds;
  readonly overrides: Overrides;
  readonly rules: ClientRules;
  readonly clock: Pick<Clock, "now">;
  /** 1 to 128 printable characters, never the same twice. */
  readonly newUniqueId: () => string;
}

type IsDenied = NonNullable<RequestingClient["isDenied"]>;

/** Few decisions ask who the client is and what time it is, and each is a system call. */
class LazyClient implements RequestingClient {
  readonly isDenied: IsDenied;
  readonly #client: ClientFacts;
  readonly #clock: Pick<Clock, "now">;

  constructor(client: ClientFacts, clock: Pick<Clock, "now">, isDenied: IsDenied) {
    this.isDenied = isDenied;
    this.#client = client;
    this.#clock = clock;
  }

  get client(): string {
    return this.#client.source.address;
  }

  get nowMs(): number {
    return this.#clock.now();
  }
}

type Refusal = Extract<ConnectionPlan, { action: "refuse" }>;
type HostAndPort = Pick<ExternalTarget, "host" | "port">;

export class Planner {
  readonly #balancer: Balancer;
  readonly #hosts: Pick<ExternalHosts, "lookup">;
  readonly #tls: TlsEnds;
  readonly #overrides: Overrides;
  readonly #isDenied: IsDenied;
  readonly #clock: Pick<Clock, "now">;
  readonly #newUniqueId: () => string;
  readonly #memory = new RouteMemory();

  constructor({ balancer, hosts, tls, overrides, rules, clock, newUniqueId }: PlannerParts) {
    this.#balancer = balancer;
    this.#hosts = hosts;
    this.#tls = tls;
    this.#overrides = overrides;
    this.#isDenied = (listener, address = "") => rules.isDenied(listener, address);
    this.#clock = clock;
    this.#newUniqueId = newUniqueId;
  }

  /** A promise only where DNS is waited for. */
  plan(
    table: RouteTable,
    port: number,
    serverName: string | undefined,
    client: ClientFacts,
  ): ConnectionPlan | Promise<ConnectionPlan> {
    const request = new LazyClient(client, this.#clock, this.#isDenied);
    const decision = decideBy(this.#memory.prospect(table, port, serverName), this.#balancer, request);
    if (decision.action === "refuse") return decision;
    const { path } = decision;
    const ends = decision.decrypt === undefined ? NO_TLS : this.#ends(table, decision, serverName);
    if ("reason" in ends) return ends;
    if (decision.action === "answer") return { action: "answer", path, ...ends };
    const { target } = decision;
    const asked = decision.wishes && this.#asked(decision.wishes, serverName, client);
    const more: Ends & Asked = asked === undefined ? ends : { ...ends, ...asked };
    if (target.type === "external") return this.#planExternal(path, target, more);
    const { endpoints: candidates, feedback } = target;
    // Nearly all: copying properties that are not there costs more than the rest of the decision.
    if (more === NO_TLS && feedback === undefined) return { action: "dial", path, candidates, race: false };
    const dial = { action: "dial", path, candidates, race: false, ...more } as const;
    return feedback === undefined ? dial : { ...dial, feedback };
  }

  /** What listener and backend ask for besides where to dial and TLS. */
  #asked({ traffic, timeOuts }: Wishes, serverName: string | undefined, client: ClientFacts): Asked {
    const { connectMs, proxyProtocol } = traffic ?? {};
    return {
      ...(timeOuts === undefined ? {} : { timeOuts }),
      ...(connectMs === undefined ? {} : { connectMs }),
      ...(proxyProtocol === undefined ? {} : prologueOf(proxyProtocol, serverName, client, this.#newUniqueId)),
    };
  }

  /** The hosts of these targets that DNS must answer for. */
  hostsToResolve(targets: Iterable<HostAndPort>): Set<string> {
    const hosts = new Set<string>();
    for (const target of targets) if (this.#override(target) === undefined) hosts.add(target.host);
    return hosts;
  }

  #ends(
    table: RouteTable,
    decision: Exclude<Decision, { action: "refuse" }>,
    serverName: string | undefined,
  ): Ends | Refusal {
    const { decrypt: terminate, path } = decision;
    if (terminate === undefined) return NO_TLS;
    const decrypt = this.#tls.forClient(table, terminate, serverName);
    if ("problem" in decrypt) {
      return { action: "refuse", path, reason: "client_handshake_failed", detail: decrypt.problem };
    }
    const config = decision.action === "dial" ? decision.encrypt : undefined;
    if (config === undefined) return { decrypt };
    const encrypt = this.#tls.forBackend(table, config, terminate);
    return "problem" in encrypt
      ? { action: "refuse", path, reason: "backend_handshake_failed", detail: encrypt.problem }
      : { decrypt, encrypt };
  }

  #planExternal(path: DecisionPath, target: HostAndPort, more: Ends & Asked): ConnectionPlan | Promise<ConnectionPlan> {
    const override = this.#override(target);
    if (override !== undefined) return { action: "dial", path, candidates: [override], race: false, ...more };
    return this.#planResolved(path, target, more);
  }

  async #planResolved(path: DecisionPath, target: HostAndPort, more: Ends & Asked): Promise<ConnectionPlan> {
    const plan = externalPlan(await this.#hosts.lookup(target.host), target.port);
    return plan.action === "refuse" ? { ...plan, path } : { ...plan, path, ...more };
  }

  #override({ host, port }: HostAndPort): Endpoint | undefined {
    return this.#overrides.get(`${host.toLowerCase()}:${port}`);
  }
}

/** What DNS's answer for a host means to a connection: the addresses in the order to try them, or its refusal. */
export function externalPlan(
  answer: readonly string[] | FailedHost,
  port: number,
):
  | { readonly action: "dial"; readonly candidates: readonly Endpoint[]; readonly race: true }
  | { readonly action: "refuse"; readonly reason: ConnectionReason; readonly detail: string } {
  if ("reason" in answer) return { action: "refuse", reason: refusalFor(answer.reason), detail: answer.message };
  const candidates = answer.slice(0, MAX_ENDPOINTS_TRIED).map((address) => ({ address, port }));
  return { action: "dial", candidates, race: true };
}

function refusalFor(failure: HostFailure): ConnectionReason {
  switch (failure) {
    case "address_forbidden":
      return "backend_forbidden";
    case "name_not_found":
    case "no_address":
    case "dns_timeout":
    case "dns_failed":
      return "backend_unresolved";
  }
}
