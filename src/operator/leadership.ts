/**
 * What only the replica that leads does: passes, the proxies' stream, the lease itself. Parts that know each other by
 * callbacks are tied together here, so that taking over and stepping down are each one place.
 */
import { randomUUID } from "node:crypto";
import { type ControlServer, createControlServer } from "../control/server/server.ts";
import { systemClock } from "../loop/clock.ts";
import { ReconcileLoop } from "../loop/reconcile-loop.ts";
import { CONTROLLER_NAME, FIELD_MANAGER, LEADER_LEASE_NAME } from "../model/identity.ts";
import { tokenAuthentication } from "./authenticate.ts";
import type { CertificateKeeper } from "./certificates/keeper.ts";
import type { OperatorInformers } from "./informer/operator-informers.ts";
import { retryAfterMs } from "./kube/api-error.ts";
import type { InstalledBundle } from "./kube/bundle.ts";
import type { KubeClient } from "./kube/client.ts";
import {
  AUTOSCALERS,
  CONFIG_MAPS,
  DEPLOYMENTS,
  DISRUPTION_BUDGETS,
  NETWORK_POLICIES,
  SERVICE_ACCOUNTS,
  SERVICES,
} from "./kube/resource.ts";
import { LeaderElection } from "./leader/election.ts";
import type { OperatorOptions } from "./main.ts";
import type { OperatorMetrics } from "./metrics.ts";
import { ProxyReports } from "./observe/proxies.ts";
import { SETTLE_MS, SettledPorts } from "./observe/settled-ports.ts";
import { Acknowledgements } from "./reconcile/acknowledgements.ts";
import { Pass } from "./reconcile/pass.ts";
import { StatusWriter } from "./reconcile/statuses.ts";
import { Applier } from "./write/applier.ts";
import { EventRecorder } from "./write/events.ts";

/** How long after it began to lead a replica waits for proxies that serve to find it: their longest back-off, three times. */
const AWAIT_PROXIES_MS = 30_000;
/** Just after a report of a proxy that is gone has expired (observe/proxies.ts). */
const GONE_PROXY_MS = 20_500;

export interface LeadershipParts {
  readonly options: OperatorOptions;
  readonly informers: OperatorInformers;
  readonly bundle: InstalledBundle;
  readonly certificates: CertificateKeeper;
  readonly metrics: OperatorMetrics;
}

export interface Leadership {
  readonly leading: boolean;
  /** Something may have changed: look again, if we lead. */
  kick(): void;
  /** Listens for proxies, then stands for election. Rejects when the port cannot be bound. */
  start(): Promise<void>;
  /** The serving certificate has changed. */
  rotate(): void;
  /** Ends the pass in progress, then the streams, then gives the lease up. */
  stop(): Promise<void>;
}

export function createLeadership(parts: LeadershipParts): Leadership {
  const { options, informers, certificates, metrics } = parts;
  const { log, client, namespace, podName } = options;
  const clock = systemClock;
  const state = { leadingSinceMs: 0 };
  const kick = () => loop.kick();
  const kickLater = (ms: number) => void setTimeout(kick, ms).unref();

  const reports = new ProxyReports(() => clock.nowMs());
  // A timer may be a millisecond early by the other clock.
  const ports = new SettledPorts(
    () => clock.nowMs(),
    () => kickLater(SETTLE_MS + 50),
  );
  const stream = createControlServer({
    log: log.child({ component: "stream" }),
    certificate: servingCertificate(certificates),
    authenticate: tokenAuthentication(client, () => informers.of.gateways.items()),
    isLeader: () => election.leading,
    onReport: (gateway, proxyId, report) => {
      reports.report(gateway, proxyId, report);
      acknowledgements.reported();
      kick();
    },
    onGone: (gateway, proxyId) => {
      reports.gone(gateway, proxyId);
      kickLater(GONE_PROXY_MS);
    },
  });
  const acknowledgements = new Acknowledgements(stream.subscribers);
  const mayBeAwaited = () => clock.nowMs() - state.leadingSinceMs < AWAIT_PROXIES_MS;
  const pass = createPass(parts, { stream, reports, ports, acknowledgements, mayBeAwaited });
  const loop = new ReconcileLoop({
    pass: (signal) => pass.run(signal),
    active: () => election.leading && informers.synced,
    clock,
    random: Math.random,
    log,
    retryAfterMs,
    onPass: (result) => metrics.passEnded(result),
  });
  const election = new LeaderElection({
    client,
    namespace,
    name: LEADER_LEASE_NAME,
    // A restarted container has the same Pod name and must not take its own old lease for its own.
    identity: `${podName}_${randomUUID()}`,
    onStarted: () => {
      state.leadingSinceMs = clock.nowMs();
      kick();
      kickLater(AWAIT_PROXIES_MS);
    },
    onLost: () => {
      loop.cancel();
      stream.stepDown();
      reports.clear();
      ports.clear();
      pass.forget();
    },
    clock,
    random: Math.random,
    log,
  });
  return {
    get leading() {
      return election.leading;
    },
    kick,
    start: async () => {
      await stream.listen(options.streamPort, "::");
      election.start();
    },
    rotate: () => {
      stream.setSecureContext(servingCertificate(certificates));
      // The proxies are told of new authorities by a ConfigMap.
      kick();
    },
    stop: async () => {
      await loop.stop();
      stream.stepDown();
      await election.stop();
      await stream.close();
    },
  };
}

interface StreamParts {
  readonly stream: ControlServer;
  readonly reports: ProxyReports;
  readonly ports: SettledPorts;
  readonly acknowledgements: Acknowledgements;
  readonly mayBeAwaited: () => boolean;
}

function createPass({ options, informers, bundle, certificates, metrics }: LeadershipParts, parts: StreamParts): Pass {
  const { log, client, podName } = options;
  const clock = systemClock;
  const events = new EventRecorder({ client, controller: CONTROLLER_NAME, instance: podName, clock, log });
  return new Pass({
    ...parts,
    log,
    informers,
    bundle,
    events,
    applier: createApplier(client, informers.of, metrics),
    statuses: new StatusWriter({
      client,
      informers: informers.of,
      events,
      clock,
      onRequest: (kind) => metrics.statusWritten(kind),
    }),
    pod: { image: options.proxyImage, operatorNamespace: options.namespace },
    caBundle: () => certificates.caBundle(),
  });
}

function createApplier(client: KubeClient, informers: OperatorInformers["of"], metrics: OperatorMetrics): Applier {
  return new Applier({
    client,
    fieldManager: FIELD_MANAGER,
    kinds: [
      { type: SERVICE_ACCOUNTS, live: informers.serviceAccounts },
      { type: CONFIG_MAPS, live: informers.configMaps },
      // Before the Service leads to a port, the port is open.
      { type: NETWORK_POLICIES, live: informers.networkPolicies },
      { type: SERVICES, live: informers.services },
      { type: DEPLOYMENTS, live: informers.deployments },
      { type: DISRUPTION_BUDGETS, live: informers.disruptionBudgets },
      { type: AUTOSCALERS, live: informers.autoscalers },
    ],
    onRequest: (verb, kind) => metrics.applied(verb, kind),
  });
}

function servingCertificate(certificates: CertificateKeeper) {
  const { certificate: cert, key } = certificates.serving();
  return { cert, key };
}
