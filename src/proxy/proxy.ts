/**
 * Builds a proxy from what its surroundings give it: the one place where the rooms meet the machine's clock, DNS,
 * interfaces and limits.
 */
import { randomUUID } from "node:crypto";
import { Resolver as DnsResolver } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "../model/log.ts";
import type { ConfigDelta } from "../model/proxy-config.ts";
import type { LoggingSettings } from "../model/traffic.ts";
import { Admission, type SharedSources } from "./admit/admission.ts";
import { ClientRules } from "./admit/client-rules.ts";
import { PRIVATE_NETWORKS } from "./admit/client-sources.ts";
import { ConnectionShares } from "./admit/connection-shares.ts";
import { allocateSourceCounts } from "./admit/source-counts.ts";
import { Balancer } from "./balance/balancer.ts";
import { chooseEngine } from "./choose-engine.ts";
import { type Clock, systemClock } from "./clock.ts";
import { defaultMaxConnections } from "./connection-limit.ts";
import { AddressGuard, DeniedRanges } from "./dns/address-guard.ts";
import { ExternalHosts } from "./dns/external-hosts.ts";
import type { Resolver } from "./dns/resolve-host.ts";
import type { EngineChoice } from "./engine-choices.ts";
import { ExitHook } from "./exit-hook.ts";
import { GatewayProxy } from "./gateway-proxy.ts";
import { HealthChecks } from "./health/health-checks.ts";
import { defaultWorkers, type LinuxEngineOptions } from "./linux/linux-engine.ts";
import { ALL_ADDRESSES, PortBinder } from "./listener/port-binder.ts";
import { logConnection } from "./observe/access-log.ts";
import type { ProxyMetrics } from "./observe/metrics.ts";
import { RefusedLines, refusedLinesSize } from "./observe/refused-lines.ts";
import { wantedLines, wantsRecordOf } from "./observe/wanted-lines.ts";
import { type Overrides, Planner } from "./planner.ts";
import { randomSeed } from "./random-seed.ts";
import { type Engine, type EngineHost, formatAddress } from "./relay/engine.ts";
import { type Connect, connectTcp } from "./relay/socket-options.ts";
import { DEFAULT_TIME_OUTS, type TimeOuts } from "./relay/time-outs.ts";
import { type LocalAddresses, NO_LOCAL_ADDRESSES, OwnAddresses } from "./route/own-addresses.ts";
import { acceptedProxyProtocol, portKind } from "./route/port-kind.ts";
import { EMPTY_TABLE, findDeniedCidrs, findSettings, type RouteTable } from "./route/route-table.ts";
import { type SettingsBase, settingsOf } from "./settings.ts";
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
  /** Limit of the process, where `shares` is absent. By default as descriptors and memory allow. */
  readonly maxConnections?: number;
  /** Proxies of one process share it, and by it the process's limits; by default each has all of them. */
  readonly shares?: ConnectionShares;
  readonly clock?: Clock;
  readonly resolver?: Resolver;
  /** Addresses of this machine. No external host may resolve to them, and the proxy does not connect to its ports there. */
  readonly ownAddresses?: () => readonly string[];
  /** Addresses of this Pod's node, whose node ports of the Gateway's Service lead back. Default: none. */
  readonly nodeAddresses?: readonly string[];
  /** How the portable engine dials; no other engine can be given this. */
  readonly connect?: Connect;
  /** Which engine moves the bytes; by default the portable one. */
  readonly engine?: EngineChoice;
  /** Threads of the linux engine; by default one for each core. */
  readonly workers?: number;
  /** CIDR blocks of addresses that many clients may share: the default limits per client do not apply to them. Default: PRIVATE_NETWORKS. */
  readonly privateNetworks?: readonly string[];
  /** Proxies of one process share it; by default each has its own. */
  readonly exitHook?: ExitHook;
  /** In [0, 1): where round robins begin. */
  readonly random?: () => number;
  /** Access lines of refused connections, of each reason; 0: all. By default as in observe/refused-lines.ts. */
  readonly refusedLinesPerSecond?: number;
  /** Told what the configuration says of the log, whenever that changes; absent: the log stays as it is. */
  readonly onLogging?: (logging: LoggingSettings) => void;
}

export function createProxy(options: ProxyOptions): GatewayProxy {
  const { log, metrics, clock = systemClock, ownAddresses = interfaceAddresses } = options;
  const current: { table: RouteTable } = { table: EMPTY_TABLE };
  let deniedCidrs: readonly string[] | undefined;
  let deniedRanges = new DeniedRanges();
  const hosts = new ExternalHosts({
    resolver: options.resolver ?? new DnsResolver({ timeout: DNS_QUERY_TIMEOUT_MS, tries: DNS_TRIES }),
    clock,
    guard: () => new AddressGuard({ ownAddresses: ownAddresses(), deniedRanges }),
    onChange: () => proxy.notify(),
    onAnswer: (host, answer) => engine.hostAnswered?.(host, answer),
  });
  const balancer = new Balancer(options.random ?? Math.random, (backend, { address, port }, forMs) =>
    log.warn("endpoint is left out", { backend, endpoint: formatAddress(address, port), forMs }),
  );
  const rules = new ClientRules();
  const planner = new Planner({
    balancer,
    hosts,
    tls: new TlsEnds(log),
    overrides: options.overrides ?? new Map(),
    rules,
    clock,
    newUniqueId: randomUUID,
  });
  const shares = options.shares ?? new ConnectionShares(options.maxConnections ?? defaultMaxConnections());
  const leaveShares = shares.join((share) => {
    settings = settingsWithin(share.maxConnections);
    admission.set(settings.limits, clock.now());
    engine.setShare(share);
  });
  const timeOuts: TimeOuts = { ...DEFAULT_TIME_OUTS, ...options.timeOuts };
  const settingsWithin = (maxConnections: number) => {
    const base: SettingsBase = { timeOuts, maxConnections };
    return settingsOf(base, findSettings(current.table));
  };
  let settings = settingsWithin(shares.current.maxConnections);
  const begunWith = {
    wantsRecords: log.isEnabled?.("info") !== false,
    wantsFailures: log.isEnabled?.("warn") !== false,
    refusedLines: refusedLinesSize(options.refusedLinesPerSecond),
  };
  let wanted = wantedLines(begunWith);
  const refusedLines = new RefusedLines({ log, clock, size: wanted.refusedLines });
  const bound = options.bindAddresses ?? ALL_ADDRESSES;
  const localAddresses = localAddressReader(ownAddresses, { bound, node: options.nodeAddresses ?? [] });
  let own = new OwnAddresses(current.table, NO_LOCAL_ADDRESSES);
  const workers = options.workers ?? defaultWorkers();
  // The first part belongs to this thread, the others to the linux engine's workers.
  const sources: SharedSources = {
    memory: allocateSourceCounts(workers + 1),
    seed: [randomSeed(), randomSeed()],
    privateNetworks: options.privateNetworks ?? PRIVATE_NETWORKS,
  };
  const admission = new Admission(settings.limits, clock.now(), { sources, part: 0 });
  const hasListener = (name: string) => current.table.listeners.has(name);
  const host: EngineHost = {
    portKind: (port) => portKind(current.table, port),
    admit: (parts) => admission.accept(clock.now(), parts),
    headerExpectation: (port, peer) => {
      const accepted = acceptedProxyProtocol(current.table, port);
      return accepted === undefined ? "none" : rules.expectation(accepted, peer.source.address);
    },
    timeOuts: () => settings.timeOuts,
    keepAliveMs: () => settings.keepAliveMs,
    isOwnEndpoint: (endpoint) => own.isOwn(endpoint),
    plan: (port, serverName, client) => planner.plan(current.table, port, serverName, client),
    opened: (count) => metrics.connectionOpened(count),
    ended: (record) => {
      const { listener } = record.path;
      metrics.connectionEnded(record, hasListener(listener ?? "") ? listener : undefined);
      logConnection(log, refusedLines, record);
    },
    get wantsRecords() {
      return wanted.wantsRecords;
    },
    get wantsFailures() {
      return wanted.wantsFailures;
    },
    refusedLines: wanted.refusedLines,
    tallied: (tally) => {
      metrics.connectionsEnded(tally, hasListener);
      refusedLines.leftOut(tally.sums.filter(({ reason }) => wantsRecordOf(wanted, reason)));
    },
    moved: (sums) => metrics.bytesMoved(sums, hasListener),
  };
  const engineOptions: LinuxEngineOptions = {
    host,
    timeOuts,
    processConnections: shares.connections,
    share: shares.current,
    clock,
    exitHook: options.exitHook ?? new ExitHook(),
    log,
    overrides: options.overrides ?? new Map(),
    localAddresses,
    lookup: (name) => hosts.lookup(name),
    ...(options.connect === undefined ? {} : { connect: options.connect }),
    workers,
    sources,
    ...(options.random === undefined ? {} : { start: options.random() }),
  };
  const engine = startEngine(options.engine ?? "portable", engineOptions, leaveShares);
  const ports = new PortBinder(engine, bound, log);
  const checks = new HealthChecks({ clock, log, balancer, connect: options.connect ?? connectTcp });
  const followDeniedCidrs = () => {
    const before = deniedCidrs;
    deniedCidrs = findDeniedCidrs(current.table);
    if (isDeepStrictEqual(before, deniedCidrs)) return;
    deniedRanges = new DeniedRanges(deniedCidrs);
    hosts.recheck();
  };
  const follow = (delta: ConfigDelta) => {
    followDeniedCidrs();
    const before = settings.logging;
    settings = settingsWithin(shares.current.maxConnections);
    if (!isDeepStrictEqual(before, settings.logging)) {
      wanted = wantedLines(begunWith, settings.logging);
      refusedLines.resize(wanted.refusedLines);
      options.onLogging?.(settings.logging);
    }
    admission.set(settings.limits, clock.now());
    own = new OwnAddresses(current.table, localAddresses());
    return checks.follow(current.table, delta);
  };
  const endpointHealth = () => balancer.health(clock.now());
  const unfollow = metrics.follow({ endpointHealth, tellMoved: () => engine.tellMoved() });
  const close = () => {
    unfollow();
    checks.close();
    refusedLines.close();
  };
  const proxy = new GatewayProxy({
    log,
    clock,
    metrics,
    planner,
    hosts,
    engine,
    ports,
    current,
    endpointHealth,
    follow,
    stopped: leaveShares,
    close,
  });
  return proxy;
}

/** A proxy that cannot be made must not keep a share. */
function startEngine(choice: EngineChoice, options: LinuxEngineOptions, leaveShares: () => void): Engine {
  try {
    return chooseEngine(choice, options);
  } catch (error) {
    leaveShares();
    throw error;
  }
}

/** Reads the addresses of this machine. If they cannot be read, as when descriptors have run out, the last ones are returned. */
function localAddressReader(
  readInterfaces: () => readonly string[],
  fixed: Pick<LocalAddresses, "bound" | "node">,
): () => LocalAddresses {
  let interfaces: readonly string[] = [];
  return () => {
    try {
      interfaces = readInterfaces();
    } catch {
      // The list is nearly always unchanged.
    }
    return { ...fixed, interfaces };
  };
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

export type { GatewayProxy } from "./gateway-proxy.ts";
