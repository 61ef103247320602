/**
 * What only the replica that leads does: passes, the proxies' stream, the lease itself. Parts that know each other by
 * callbacks are tied together here, so that taking over and stepping down are each one place.
 */
import { randomBytes, randomUUID } from "node:crypto";
import type { SubscriberView } from "../control/server/gateway-feeds.ts";
import { createControlServer } from "../control/server/server.ts";
import { systemClock } from "../loop/clock.ts";
import { ReconcileLoop } from "../loop/reconcile-loop.ts";
import { WakeTimer } from "../loop/wake-timer.ts";
import { DEFAULT_INSTALLATION } from "../model/identity.ts";
import { tokenAuthentication } from "./authenticate.ts";
import type { CertificateKeeper } from "./certificates/keeper.ts";
import type { OperatorInformers } from "./informer/operator-informers.ts";
import { retryAfterMs } from "./kube/api-error.ts";
import type { InstalledBundle } from "./kube/bundle.ts";
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
import { Publication } from "./reconcile/publication.ts";
import { StatusWriter } from "./reconcile/statuses.ts";
import { Writing, type WritingParts } from "./reconcile/writing.ts";
import { type RolloutCounts, RolloutPacer } from "./rollout/rollout-pacer.ts";
import { ChangeTrail, type KickCause } from "./trail.ts";
import { Applier, type ApplierOptions } from "./write/applier.ts";
import type { RefusedWrite } from "./write/apply-report.ts";
import { EventRecorder, type EventRecorderOptions } from "./write/events.ts";
import type { Write } from "./write/outcome.ts";
import { throttled } from "./write/throttle.ts";

/** How long after it began to lead a replica waits for proxies that serve to find it: their longest back-off, three times. */
const AWAIT_PROXIES_MS = 30_000;
/** How long a round of writing may go on when the replica is told to end: what it leaves, the next leader does. */
const LAST_ROUND_MS = 500;
/** A webhook may refuse in other words each time: what it says now is told this late, and does not go round at once. */
const REWORDING_MS = 10_000;
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
  /** Identity of the replica that leads as far as is known; empty when none does. */
  readonly leader: string;
  /** Something may have changed: look again, if we lead. */
  kick(cause: KickCause): void;
  /** An informer has seen a change: look again, if we lead. */
  changed(kind: string, object: string): void;
  /** Changes that no pass has taken up, and how long the oldest that none has served has waited. */
  queue(): { readonly changes: number; readonly oldestMs: number };
  /** Current number of Gateways by state of their rollout. */
  rollouts(): RolloutCounts;
  /** The proxies that are subscribed to this replica. */
  subscribers(): readonly SubscriberView[];
  /** Listens for proxies, then stands for election. Rejects when the port cannot be bound. */
  start(): Promise<void>;
  /** The serving certificate has changed. */
  rotate(): void;
  /** Ends the pass in progress, cut short if it is long, then the streams, then gives the lease up. */
  stop(): Promise<void>;
}

export function createLeadership(parts: LeadershipParts): Leadership {
  const { options, informers, certificates, metrics } = parts;
  const { log, client, namespace, podName, installation = DEFAULT_INSTALLATION } = options;
  const clock = systemClock;
  const state = { leadingSinceMs: 0, isRewording: false };
  const kick = (cause: KickCause) => {
    metrics.kicked(cause);
    trail.kicked(cause);
    loop.kick();
  };
  const kickLater = (ms: number, cause: KickCause) => void setTimeout(() => kick(cause), ms).unref();
  const rewordLater = () => {
    if (state.isRewording) return;
    state.isRewording = true;
    const reword = () => {
      state.isRewording = false;
      kick("refusal");
    };
    setTimeout(reword, REWORDING_MS).unref();
  };
  const trail = new ChangeTrail({
    log,
    clock,
    prefix: randomBytes(2).toString("hex"),
    isServing: () => election.leading,
    onPublished: (waitedMs) => metrics.published(waitedMs),
  });

  const reports = new ProxyReports(() => clock.nowMs());
  // A timer may be a millisecond early by the other clock.
  const ports = new SettledPorts(
    () => clock.nowMs(),
    () => kickLater(SETTLE_MS + 50, "timer"),
  );
  const stream = createControlServer({
    log: log.child({ component: "stream" }),
    certificate: servingCertificate(certificates),
    authenticate: tokenAuthentication(client, () => informers.of.gateways.items()),
    isLeader: () => election.leading,
    onReport: (gateway, proxyId, report) => {
      const isNews = reports.report(gateway, proxyId, report);
      acknowledgements.reported();
      if (isNews) kick("report");
    },
    onGone: (gateway, proxyId) => {
      reports.gone(gateway, proxyId);
      kickLater(GONE_PROXY_MS, "proxy_gone");
    },
    onAnswer: (answer) => metrics.answered(answer),
    onSubscription: (outcome) => metrics.subscribed(outcome),
  });
  const acknowledgements = new Acknowledgements(stream.subscribers);
  const mayBeAwaited = () => clock.nowMs() - state.leadingSinceMs < AWAIT_PROXIES_MS;
  const pacer = new RolloutPacer({
    limit: options.maxRollingGateways,
    deployments: informers.of.deployments,
    nowMs: () => clock.nowMs(),
    log: log.child({ component: "rollout" }),
    onWaitsChanged: () => kick("rollout"),
  });
  const publication = new Publication({
    informers,
    bundle: parts.bundle,
    reports,
    ports,
    stream,
    acknowledgements,
    trail,
    certificateNamespaces: options.certificateNamespaces ?? options.watchNamespaces,
    rollouts: pacer,
    fieldManager: installation.name,
    settings: {
      controllerName: installation.controllerName,
      parametersPolicy: { proxyImage: options.proxyImage, trustGateways: options.trustGatewayParameters },
      ...(options.externalHosts && { externalHosts: options.externalHosts }),
    },
  });
  const writing = createWriting(parts, {
    published: () => publication.newest,
    acknowledgements,
    trail,
    pacer,
    mayBeAwaited,
    onRefusals: (refusals) => {
      const news = publication.refused(refusals);
      if (news === "gateways") kick("refusal");
      if (news === "words") rewordLater();
      return news === "gateways";
    },
    onLeft: (inMs) => writesDue.schedule(inMs),
    onLateEnd: () => writes.kick(),
  });
  const common = { active: () => election.leading && informers.synced, clock, random: Math.random, log, retryAfterMs };
  // Two loops, for what the proxies get must not wait for what the API server takes (docs/decisions/021).
  const loop = new ReconcileLoop({
    ...common,
    pass: async () => {
      publication.run();
      writes.kick();
    },
    onPass: (result) => metrics.passEnded(result),
  });
  const writes = new ReconcileLoop({
    ...common,
    pass: (signal) => writing.run(signal),
    onPass: (result) => metrics.roundEnded(result),
  });
  const writesDue = new WakeTimer(clock, () => writes.kick());
  const election = new LeaderElection({
    client,
    namespace,
    name: installation.name,
    // A restarted container has the same Pod name and must not take its own old lease for its own.
    identity: `${podName}_${randomUUID()}`,
    onStarted: () => {
      state.leadingSinceMs = clock.nowMs();
      metrics.leadershipChanged("leading");
      kick("leading");
      kickLater(AWAIT_PROXIES_MS, "timer");
    },
    onLost: () => {
      metrics.leadershipChanged("following");
      trail.clear();
      writes.cancel();
      writing.cancel();
      stream.stepDown();
      reports.clear();
      ports.clear();
      publication.forget();
      pacer.clear();
    },
    clock,
    random: Math.random,
    log,
  });
  return {
    get leading() {
      return election.leading;
    },
    get leader() {
      return election.holder;
    },
    kick,
    changed: (kind, object) => {
      metrics.changed(kind);
      trail.arrived(kind, object);
      kick("change");
    },
    queue: () => ({ changes: trail.waiting, oldestMs: trail.oldestWaitedMs }),
    rollouts: () => pacer.counts,
    subscribers: () => stream.overview(),
    start: async () => {
      await stream.listen(options.streamPort, "::");
      election.start();
    },
    rotate: () => {
      stream.setSecureContext(servingCertificate(certificates));
      // The proxies are told of new authorities by a ConfigMap.
      kick("certificates");
    },
    stop: async () => {
      const cut = setTimeout(() => writes.cancel(), LAST_ROUND_MS);
      writesDue.cancel();
      await loop.stop();
      await writes.stop();
      writing.cancel();
      clearTimeout(cut);
      stream.stepDown();
      await election.stop();
      await stream.close();
    },
  };
}

interface WritingTies
  extends Pick<WritingParts, "published" | "acknowledgements" | "pacer" | "mayBeAwaited" | "onRefusals" | "onLeft"> {
  readonly trail: Pick<ChangeTrail, "beginWriting" | "wrote">;
  readonly onLateEnd: () => void;
}

function createWriting({ options, informers, certificates, metrics }: LeadershipParts, ties: WritingTies): Writing {
  const { log, podName, installation = DEFAULT_INSTALLATION } = options;
  const clock = systemClock;
  const client = throttled(options.client, clock);
  const onOutcome: EventRecorderOptions["onOutcome"] = (outcome) => metrics.eventEnded(outcome);
  const events = new EventRecorder({
    client: options.client,
    controller: installation.controllerName,
    instance: podName,
    clock,
    log,
    onOutcome,
  });
  const onWrite = (write: Write) => {
    metrics.wrote(write);
    ties.trail.wrote(write);
  };
  const onRefused = ({ object: { kind, metadata }, message, failures, waitMs }: RefusedWrite) => {
    const { namespace, name } = metadata;
    const retryInMs = Math.round(waitMs);
    const level = failures === 1 ? "warn" : "debug";
    log[level]("Write rejected; retrying with backoff", { kind, namespace, name, error: message, failures, retryInMs });
  };
  const common = { client, clock, random: Math.random, onWrite, onRefused };
  const statuses = new StatusWriter({ ...common, installation, informers: informers.of, events });
  informers.onChange((kind, key) => statuses.touched(kind, key));
  return new Writing({
    ...ties,
    log,
    informers,
    events,
    applier: createApplier({ ...common, onLateEnd: ties.onLateEnd }, informers.of, installation.name),
    statuses,
    pod: {
      image: options.proxyImage,
      operatorNamespace: options.namespace,
      operatorName: installation.name,
    },
    caBundle: () => certificates.caBundle(),
  });
}

function createApplier(
  common: Omit<ApplierOptions, "kinds" | "fieldManager">,
  informers: OperatorInformers["of"],
  fieldManager: string,
): Applier {
  return new Applier({
    ...common,
    fieldManager,
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
  });
}

function servingCertificate(certificates: CertificateKeeper) {
  const { certificate: cert, key } = certificates.serving();
  return { cert, key };
}
