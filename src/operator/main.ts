/**
 * Builds the operator by passing parts, starts them in the order in which they need each other, and ends them in the
 * reverse. What each part does is written beside it; here is only who knows whom.
 */
import { randomUUID } from "node:crypto";
import type { ServedKind } from "../../capabilities/gateway.ts";
import { createControlServer } from "../control/server/server.ts";
import { systemClock } from "../loop/clock.ts";
import { ReconcileLoop } from "../loop/reconcile-loop.ts";
import {
  CERTIFICATES_SECRET_NAME,
  CONTROLLER_NAME,
  FIELD_MANAGER,
  LEADER_LEASE_NAME,
  OPERATOR_NAME,
} from "../model/identity.ts";
import type { Logger } from "../model/log.ts";
import { tokenAuthentication } from "./authenticate.ts";
import { keepCertificates } from "./certificates/keeper.ts";
import { kubeCertificateStore } from "./certificates/kube.ts";
import { createOperatorInformers, type OperatorInformers } from "./informer/operator-informers.ts";
import { retryAfterMs } from "./kube/api-error.ts";
import { InstalledBundle } from "./kube/bundle.ts";
import type { KubeClient } from "./kube/client.ts";
import { Discovery } from "./kube/discovery.ts";
import { CONFIG_MAPS, DEPLOYMENTS, SERVICE_ACCOUNTS, SERVICES } from "./kube/resource.ts";
import { LeaderElection } from "./leader/election.ts";
import { OperatorMetrics } from "./metrics.ts";
import { ProxyReports } from "./observe/proxies.ts";
import { SETTLE_MS, SettledPorts } from "./observe/settled-ports.ts";
import { startAdmission } from "./pepr/start.ts";
import { Acknowledgements } from "./reconcile/acknowledgements.ts";
import { Pass } from "./reconcile/pass.ts";
import { StatusWriter } from "./reconcile/statuses.ts";
import { Applier } from "./write/applier.ts";
import { EventRecorder } from "./write/events.ts";

export interface OperatorOptions {
  readonly log: Logger;
  readonly client: KubeClient;
  readonly version: string;
  /** Where the operator runs, and its Secret and Lease are. */
  readonly namespace: string;
  /** Name of this replica. */
  readonly podName: string;
  readonly proxyImage: string;
  readonly admissionPort: number;
  readonly streamPort: number;
  /** The operator cannot go on: the process should end, to be started anew. */
  readonly onFatal: (error: unknown) => void;
}

export interface Operator {
  readonly metrics: OperatorMetrics;
  /** What is not ready yet, in words; undefined when everything is. */
  notReady(): string | undefined;
  /** Ends in order: no pass, no lease, no stream, no admission. */
  stop(): Promise<void>;
}

/** How long after it began to lead a replica waits for proxies that serve to find it: their longest back-off, three times. */
const AWAIT_PROXIES_MS = 30_000;
/** Just after a report of a proxy that is gone has expired (observe/proxies.ts). */
const GONE_PROXY_MS = 20_500;

export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { log, client, namespace, podName } = options;
  const clock = systemClock;
  const random = Math.random;
  const kick = () => loop.kick();
  const kickLater = (ms: number) => void setTimeout(kick, ms).unref();

  const discovery = new Discovery(client, clock);
  const bundle = new InstalledBundle({ client, log, onChange: kick });
  const informers = createOperatorInformers({ client, discovery, bundle, clock, random, log });
  const reports = new ProxyReports(() => clock.nowMs());
  // A timer may be a millisecond early by the other clock.
  const ports = new SettledPorts(
    () => clock.nowMs(),
    () => kickLater(SETTLE_MS + 50),
  );
  const metrics = new OperatorMetrics(options.version, () => election.leading);
  const events = new EventRecorder({ client, controller: CONTROLLER_NAME, instance: podName, clock, log });

  const host = `${OPERATOR_NAME}.${namespace}.svc`;
  const certificates = await keepCertificates({
    log: log.child({ component: "certificates", secret: CERTIFICATES_SECRET_NAME }),
    clock,
    store: kubeCertificateStore(client, namespace),
    dnsNames: [host, `${host}.cluster.local`],
  });
  const streamCertificate = () => {
    const { certificate: cert, key } = certificates.serving();
    return { cert, key };
  };
  const stream = createControlServer({
    log: log.child({ component: "stream" }),
    certificate: streamCertificate(),
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

  let leadingSinceMs = 0;
  const pass = new Pass({
    log,
    informers: informers.of,
    bundle,
    reports,
    ports,
    stream,
    acknowledgements,
    applier: createApplier(client, informers.of, metrics),
    statuses: new StatusWriter({
      client,
      informers: informers.of,
      events,
      clock,
      onRequest: (kind) => metrics.statusWritten(kind),
    }),
    events,
    pod: { image: options.proxyImage, operatorNamespace: namespace },
    caBundle: () => certificates.caBundle(),
    mayBeAwaited: () => clock.nowMs() - leadingSinceMs < AWAIT_PROXIES_MS,
  });
  const loop = new ReconcileLoop({
    pass: (signal) => pass.run(signal),
    active: () => election.leading && informers.synced,
    clock,
    random,
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
      leadingSinceMs = clock.nowMs();
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
    random,
    log,
  });

  informers.onChange(kick);
  informers.start();
  log.info("reading the cluster", { kinds: informers.missing() });
  await informers.whenAllSynced;
  if (informers.absent().length > 0)
    log.warn("the cluster does not serve these kinds; they are looked for", { kinds: informers.absent() });

  const admission = await startAdmission({
    log: log.child({ component: "admission" }),
    port: options.admissionPort,
    certificate: certificates.serving(),
    served: servedKinds(informers.of),
    onChange: kick,
    context: () => ({
      controllerName: CONTROLLER_NAME,
      gatewayClasses: informers.of.gatewayClasses.items(),
      gateways: informers.of.gateways.items(),
    }),
  });
  certificates.onRotate(() => {
    admission.setCertificate(certificates.serving());
    stream.setSecureContext(streamCertificate());
    kick();
  });
  await stream.listen(options.streamPort, "::");
  election.start();
  admission.ready.catch(options.onFatal);

  let ending = false;
  return {
    metrics,
    notReady: () => {
      if (ending) return "ending";
      if (!informers.synced) return `waiting for ${informers.missing().join(", ")}`;
      return admission.isReady() ? undefined : "waiting for admission";
    },
    stop: async () => {
      ending = true;
      await loop.stop();
      stream.stepDown();
      await election.stop();
      await Promise.all([admission.close(), stream.close(), certificates.stop()]);
      await informers.stop();
      client.close();
    },
  };
}

function createApplier(client: KubeClient, informers: OperatorInformers["of"], metrics: OperatorMetrics): Applier {
  return new Applier({
    client,
    fieldManager: FIELD_MANAGER,
    kinds: [
      { type: SERVICE_ACCOUNTS, live: informers.serviceAccounts },
      { type: CONFIG_MAPS, live: informers.configMaps },
      { type: SERVICES, live: informers.services },
      { type: DEPLOYMENTS, live: informers.deployments },
    ],
    onRequest: (verb, kind) => metrics.applied(verb, kind),
  });
}

/** What Pepr may watch: it would ask for ever for a kind that is absent. */
function servedKinds({ gateways, tlsRoutes }: OperatorInformers["of"]): ReadonlySet<ServedKind> {
  return new Set(
    [gateways, tlsRoutes].flatMap(({ type }) =>
      type === undefined ? [] : [`${type.kind}/${type.version}` as ServedKind],
    ),
  );
}
