/**
 * From a ClientHello to addresses to dial: the table's decision, then DNS or an override for an external host.
 */
import type { ConnectionReason } from "../model/connection-reason.ts";
import type { Endpoint } from "../model/proxy-config.ts";
import type { HostFailure } from "../model/proxy-report.ts";
import type { ExternalHosts } from "./dns/external-hosts.ts";
import type { ConnectionPlan } from "./relay/engine.ts";
import type { Balancer } from "./route/balancer.ts";
import { type DecisionPath, decide, MAX_ENDPOINTS_TRIED } from "./route/decide.ts";
import type { ExternalTarget, RouteTable } from "./route/route-table.ts";
import type { ClientHello } from "./tls/client-hello.ts";

/**
 * Where to dial instead of an external `<host>:<port>` (host in lower case), like curl's --connect-to. Given by whoever
 * starts the program, so neither DNS nor the address guard is asked.
 */
export type Overrides = ReadonlyMap<string, Endpoint>;

type HostAndPort = Pick<ExternalTarget, "host" | "port">;

export class Planner {
  readonly #balancer: Balancer;
  readonly #hosts: Pick<ExternalHosts, "lookup">;
  readonly #overrides: Overrides;

  constructor(balancer: Balancer, hosts: Pick<ExternalHosts, "lookup">, overrides: Overrides) {
    this.#balancer = balancer;
    this.#hosts = hosts;
    this.#overrides = overrides;
  }

  async plan(table: RouteTable, port: number, hello: ClientHello): Promise<ConnectionPlan> {
    const decision = decide(table, this.#balancer, { port, serverName: hello.serverName });
    if (decision.action === "refuse") return decision;
    const { path, target } = decision;
    return target.type === "endpoints"
      ? { action: "dial", path, candidates: target.endpoints, race: false }
      : this.#planExternal(path, target);
  }

  /** The hosts of these targets that DNS must answer for. */
  hostsToResolve(targets: Iterable<HostAndPort>): Set<string> {
    const hosts = new Set<string>();
    for (const target of targets) if (this.#override(target) === undefined) hosts.add(target.host);
    return hosts;
  }

  async #planExternal(path: DecisionPath, target: HostAndPort): Promise<ConnectionPlan> {
    const override = this.#override(target);
    if (override !== undefined) return { action: "dial", path, candidates: [override], race: false };
    const answer = await this.#hosts.lookup(target.host);
    if ("reason" in answer) {
      return { action: "refuse", path, reason: refusalFor(answer.reason), detail: answer.message };
    }
    const candidates = answer.slice(0, MAX_ENDPOINTS_TRIED).map((address) => ({ address, port: target.port }));
    return { action: "dial", path, candidates, race: true };
  }

  #override({ host, port }: HostAndPort): Endpoint | undefined {
    return this.#overrides.get(`${host.toLowerCase()}:${port}`);
  }
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
