/**
 * Builds a proxy from what its surroundings give it: the one place where the rooms meet the machine's clock, DNS,
 * interfaces and limits.
 */
import { Resolver as DnsResolver } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import type { Logger } from "../model/log.ts";
import { chooseEngine } from "./choose-engine.ts";
import { type Clock, systemClock } from "./clock.ts";
import { defaultMaxConnections } from "./connection-limit.ts";
import { addressGuard } from "./dns/address-guard.ts";
import { ExternalHosts } from "./dns/external-hosts.ts";
import type { Resolver } from "./dns/resolve-host.ts";
import type { EngineChoice } from "./engine-choices.ts";
import { GatewayProxy } from "./gateway-proxy.ts";
import { ALL_ADDRESSES, PortBinder } from "./listener/port-binder.ts";
import { logConnection } from "./observe/access-log.ts";
import type { ProxyMetrics } from "./observe/metrics.ts";
import { type Overrides, Planner } from "./planner.ts";
import type { EngineHost } from "./relay/engine.ts";
import type { Connect } from "./relay/socket-options.ts";
import { DEFAULT_TIME_OUTS, type TimeOuts } from "./relay/time-outs.ts";
import { Balancer } from "./route/balancer.ts";
import { portKind } from "./route/port-kind.ts";
import { EMPTY_TABLE, type RouteTable } from "./route/route-table.ts";
import { TlsEnds } from "./terminate/tls-ends.ts";

/** A query is repeated once after 2 s: a connection that waits for the first answer has then not lost its client. */
const DNS_QUERY_TIMEOUT_MS = 2_000;
const DNS_TRIES = 2;

export interface ProxyOptions {
  readonly log: Logger;
  /** Where connections are counted; proxies of one process may share it. */
  readonly metrics: ProxyMetrics;
  /** Addresses on which each port is bound; by default all of both families. */
  readonly bindAddresses?: readonly string[];
  readonly timeOuts?: Partial<TimeOuts>;
  readonly overrides?: Overrides;
  readonly maxConnections?: number;
  readonly clock?: Clock;
  readonly resolver?: Resolver;
  /** Addresses of this machine, which no external host may resolve to. */
  readonly ownAddresses?: () => readonly string[];
  /** How the portable engine dials; no other engine can be given this. */
  readonly connect?: Connect;
  /** Which engine moves the bytes; by default the portable one. */
  readonly engine?: EngineChoice;
  /** Threads of the linux engine; by default one for each core. */
  readonly workers?: number;
  /** In [0, 1): where round robins begin. */
  readonly random?: () => number;
}

export function createProxy(options: ProxyOptions): GatewayProxy {
  const { log, metrics, clock = systemClock, ownAddresses = interfaceAddresses } = options;
  const current: { table: RouteTable } = { table: EMPTY_TABLE };
  const hosts = new ExternalHosts({
    resolver: options.resolver ?? new DnsResolver({ timeout: DNS_QUERY_TIMEOUT_MS, tries: DNS_TRIES }),
    clock,
    guard: () => addressGuard(ownAddresses()),
    onChange: () => proxy.notify(),
    onAnswer: (host, answer) => engine.hostAnswered?.(host, answer),
  });
  const balancer = new Balancer(options.random ?? Math.random);
  const planner = new Planner(balancer, hosts, new TlsEnds(log), options.overrides ?? new Map());
  const host: EngineHost = {
    portKind: (port) => portKind(current.table, port),
    plan: (port, serverName) => planner.plan(current.table, port, serverName),
    opened: (count) => metrics.connectionOpened(count),
    ended: (record) => {
      const { listener } = record.path;
      metrics.connectionEnded(record, current.table.listeners.has(listener ?? "") ? listener : undefined);
      logConnection(log, record);
    },
    wantsRecords: log.isEnabled?.("info") !== false,
    tallied: (tally) => metrics.connectionsEnded(tally, (name) => current.table.listeners.has(name)),
  };
  const engine = chooseEngine(options.engine ?? "portable", {
    host,
    timeOuts: { ...DEFAULT_TIME_OUTS, ...options.timeOuts },
    maxConnections: options.maxConnections ?? defaultMaxConnections(),
    clock,
    log,
    overrides: options.overrides ?? new Map(),
    lookup: (name) => hosts.lookup(name),
    ...(options.connect === undefined ? {} : { connect: options.connect }),
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.random === undefined ? {} : { start: options.random() }),
  });
  const ports = new PortBinder(engine, options.bindAddresses ?? ALL_ADDRESSES, log);
  const proxy = new GatewayProxy({ log, clock, metrics, planner, hosts, engine, ports, current });
  return proxy;
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

export type { GatewayProxy } from "./gateway-proxy.ts";
