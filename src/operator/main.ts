/**
 * Builds the operator by passing parts, starts them in the order in which they need each other, and ends them in the
 * reverse. What each part does is written beside it; here is only who knows whom.
 */
import type { ReadinessCheck } from "../admin/admin-server.ts";
import { systemClock } from "../loop/clock.ts";
import type { ExternalHostsPolicy } from "../model/external-hosts.ts";
import {
  ADMISSION_LABEL,
  ADMISSION_LABEL_VALUE,
  ADMISSION_SERVICE_SUFFIX,
  DEFAULT_INSTALLATION,
  type Installation,
} from "../model/identity.ts";
import type { Logger } from "../model/log.ts";
import { type CertificateKeeper, keepCertificates } from "./certificates/keeper.ts";
import { getCertificatesSecretName, kubeCertificateStore } from "./certificates/kube.ts";
import { createOperatorInformers, type OperatorInformers } from "./informer/operator-informers.ts";
import { InstalledBundle } from "./kube/bundle.ts";
import type { KubeClient } from "./kube/client.ts";
import { Discovery } from "./kube/discovery.ts";
import { SECRETS } from "./kube/resource.ts";
import { createLeadership, type Leadership } from "./leadership.ts";
import { OperatorMetrics } from "./metrics.ts";
import { type OperatorPages, operatorPages } from "./pages.ts";
import { PodLabel } from "./pepr/pod-label.ts";
import { type Admission, startAdmission } from "./pepr/start.ts";
import { firstMissing, readinessChecks } from "./readiness.ts";
import type { RolloutLimit } from "./rollout/rollout-limit.ts";

/**
 * How long reviews are answered after the order to end: the API server's node hears of that a moment later, and would admit
 * unjudged what it could not ask about.
 */
const LAME_DUCK_MS = 3_000;

export interface OperatorOptions {
  readonly log: Logger;
  readonly client: KubeClient;
  readonly version: string;
  /** Default: DEFAULT_INSTALLATION. */
  readonly installation?: Installation;
  /** Where the operator runs, and its Secret and Lease are. */
  readonly namespace: string;
  /** Name of this replica. */
  readonly podName: string;
  readonly proxyImage: string;
  /** Accept spec.pod.patch and any image also in the parameters of a Gateway. */
  readonly trustGatewayParameters: boolean;
  /** Maximum number of Gateways that roll out changed proxies at a time. */
  readonly maxRollingGateways: RolloutLimit;
  /** Serve listeners that decrypt? Without, no Secret is read but the operator's own. */
  readonly terminate: boolean;
  /** Undefined: the default policy. */
  readonly externalHosts?: ExternalHostsPolicy;
  /** Namespaces whose Gateways, routes and other objects are read; undefined: all. */
  readonly watchNamespaces?: ReadonlySet<string>;
  /** Namespaces in which Secrets and ConfigMaps are read; undefined: all watched namespaces. */
  readonly certificateNamespaces?: ReadonlySet<string>;
  readonly admissionPort: number;
  readonly streamPort: number;
  /** Number of log lines dropped since the process started. */
  readonly droppedLogLines: () => number;
}

export interface Operator {
  readonly metrics: OperatorMetrics;
  readonly pages: OperatorPages;
  /** Settles when everything runs, or cannot. */
  readonly started: Promise<void>;
  /** What is not ready yet, in words; undefined when everything is. */
  notReady(): string | undefined;
  checks(): readonly ReadinessCheck[];
  /**
   * Ends in order: no pass, no lease, no stream; and admission when nobody asks any more. What is not there yet it does not wait
   * for.
   */
  stop(): Promise<void>;
}

/** What there is so far. */
interface Parts {
  certificates?: CertificateKeeper;
  leadership?: Leadership;
  admission?: Admission;
  admissionLabel?: PodLabel;
  isEnding: boolean;
}

/** Begins, and answers at once: what it waits for can be asked meanwhile. */
export function startOperator(options: OperatorOptions): Operator {
  const { log, client } = options;
  const clock = systemClock;
  const parts: Parts = { isEnding: false };
  const bundle = new InstalledBundle({ client, log, onChange: () => parts.leadership?.kick("change") });
  const discovery = new Discovery(client, clock);
  const { installation = DEFAULT_INSTALLATION } = options;
  const informers = createOperatorInformers({
    installation,
    client,
    discovery,
    bundle,
    terminate: options.terminate,
    watchNamespaces: options.watchNamespaces,
    certificateNamespaces: options.certificateNamespaces,
    clock,
    random: Math.random,
    log,
  });
  const sources = {
    leading: () => parts.leadership?.leading ?? false,
    leader: () => parts.leadership?.leader ?? "",
    informers: () => informers.views(),
    queue: () => parts.leadership?.queue() ?? { changes: 0, oldestMs: 0 },
    rollouts: () => parts.leadership?.rollouts() ?? { rolling: 0, stalled: 0, waiting: 0 },
    subscribers: () => parts.leadership?.subscribers() ?? [],
    certificates: () => parts.certificates?.expiry(),
    droppedLogLines: options.droppedLogLines,
    admissionReady: () => parts.admission?.isReady() ?? false,
    now: () => clock.wallTime(),
  };
  const metrics = new OperatorMetrics(options.version, sources);
  const checks = () => readinessChecks({ informers, ...parts });

  const run = async (): Promise<void> => {
    informers.onChange((kind, key) => parts.leadership?.changed(kind, key));
    informers.start();
    const certificates = await startCertificates(options);
    parts.certificates = certificates;
    const leadership = createLeadership({ options, informers, bundle, certificates, metrics });
    parts.leadership = leadership;
    log.info("reading the cluster", { kinds: informers.missing() });
    await informers.whenAllSynced;
    sayAbsent(log, informers.absent());
    if (!options.terminate) log.info("listeners that decrypt are not served, and no Secrets are read");

    // Proxies need their configuration even if admission fails; admission fails open (docs/decisions/010).
    const admission = serveAdmission(options, { certificates, informers: informers.of, leadership, metrics });
    parts.admission = admission;
    parts.admissionLabel = labelForAdmission(options, admission);
    certificates.onRotate(() => {
      admission.setCertificate(certificates.serving());
      leadership.rotate();
    });
    await leadership.start();
  };

  return {
    metrics,
    pages: operatorPages(sources),
    started: run(),
    notReady: () => firstMissing(checks()),
    checks,
    stop: async () => {
      parts.isEnding = true;
      const lameDuck = parts.admission?.isReady() === true ? clock.sleep(LAME_DUCK_MS) : undefined;
      await parts.leadership?.stop();
      await lameDuck;
      await Promise.all([parts.admission?.close(), parts.admissionLabel?.stop(), parts.certificates?.stop()]);
      await informers.stop();
      client.close();
    },
  };
}

/** Once; without Gateways nothing works, while the standard channel never has all the kinds. */
function sayAbsent(log: Logger, notSeen: ReadonlySet<string>): void {
  // Secret is served everywhere: it is not seen only where it is not to be read.
  const absent = new Set([...notSeen].filter((kind) => kind !== SECRETS.kind));
  const level = absent.has("Gateway") ? "warn" : "info";
  if (absent.size > 0)
    log[level]("the cluster does not serve these kinds; they are looked for", { kinds: [...absent] });
}

function startCertificates({
  log,
  client,
  namespace,
  installation: { name } = DEFAULT_INSTALLATION,
}: OperatorOptions): Promise<CertificateKeeper> {
  const hosts = [name, `${name}${ADMISSION_SERVICE_SUFFIX}`].map((service) => `${service}.${namespace}.svc`);
  return keepCertificates({
    log: log.child({ component: "certificates", secret: getCertificatesSecretName(name) }),
    clock: systemClock,
    store: kubeCertificateStore(client, namespace, name),
    dnsNames: hosts.flatMap((host) => [host, `${host}.cluster.local`]),
  });
}

interface AdmissionParts {
  readonly certificates: CertificateKeeper;
  readonly informers: OperatorInformers["of"];
  readonly leadership: Leadership;
  readonly metrics: OperatorMetrics;
}

/** Labels the Pod while this replica responds to reviews. A restarted container may have left the label. */
function labelForAdmission({ client, namespace, podName, log }: OperatorOptions, admission: Admission): PodLabel {
  const label = new PodLabel({
    ...{ client, namespace, podName, label: ADMISSION_LABEL },
    ...{ clock: systemClock, random: Math.random, log: log.child({ component: "admission" }) },
  });
  label.set(null);
  void admission.ready.then(() => {
    if (admission.isReady()) label.set(ADMISSION_LABEL_VALUE);
  });
  return label;
}

function serveAdmission(
  { log, admissionPort, installation = DEFAULT_INSTALLATION, watchNamespaces }: OperatorOptions,
  parts: AdmissionParts,
): Admission {
  const { certificates, informers, leadership, metrics } = parts;
  return startAdmission({
    log: log.child({ component: "admission" }),
    port: admissionPort,
    uuid: installation.name,
    certificate: certificates.serving(),
    // Pepr watches a kind in all namespaces, for which the operator may lack the right. The informers receive the same changes.
    isGatewayServed: () => informers.gateways.type !== undefined && watchNamespaces === undefined,
    onStartFailed: () => metrics.admissionStartFailed(),
    onChange: () => leadership.kick("pepr"),
    onReview: (verdict, durationMs) => metrics.reviewed(verdict, durationMs),
    context: () => ({
      controllerName: installation.controllerName,
      gatewayClasses: informers.gatewayClasses.items(),
      gateways: informers.gateways.items(),
      listenerSets: informers.listenerSets.items(),
    }),
  });
}
