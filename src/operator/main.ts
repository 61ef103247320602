/**
 * Builds the operator by passing parts, starts them in the order in which they need each other, and ends them in the
 * reverse. What each part does is written beside it; here is only who knows whom.
 */
import type { ServedKind } from "../../capabilities/gateway.ts";
import { systemClock } from "../loop/clock.ts";
import { CERTIFICATES_SECRET_NAME, CONTROLLER_NAME, OPERATOR_NAME } from "../model/identity.ts";
import type { Logger } from "../model/log.ts";
import { type CertificateKeeper, keepCertificates } from "./certificates/keeper.ts";
import { kubeCertificateStore } from "./certificates/kube.ts";
import { createOperatorInformers, type OperatorInformers } from "./informer/operator-informers.ts";
import { InstalledBundle } from "./kube/bundle.ts";
import type { KubeClient } from "./kube/client.ts";
import { Discovery } from "./kube/discovery.ts";
import { SECRETS } from "./kube/resource.ts";
import { createLeadership } from "./leadership.ts";
import { OperatorMetrics } from "./metrics.ts";
import { type Admission, startAdmission } from "./pepr/start.ts";

export interface OperatorOptions {
  readonly log: Logger;
  readonly client: KubeClient;
  readonly version: string;
  /** Where the operator runs, and its Secret and Lease are. */
  readonly namespace: string;
  /** Name of this replica. */
  readonly podName: string;
  readonly proxyImage: string;
  /** Serve listeners that decrypt? Without, no Secret is read but the operator's own. */
  readonly terminate: boolean;
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

export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { log, client } = options;
  const clock = systemClock;
  const kick = () => leadership.kick();

  const bundle = new InstalledBundle({ client, log, onChange: kick });
  const discovery = new Discovery(client, clock);
  const informers = createOperatorInformers({
    client,
    discovery,
    bundle,
    terminate: options.terminate,
    clock,
    random: Math.random,
    log,
  });
  const metrics = new OperatorMetrics(options.version, () => leadership.leading);
  const certificates = await startCertificates(options);
  const leadership = createLeadership({ options, informers, bundle, certificates, metrics });

  informers.onChange(kick);
  informers.start();
  log.info("reading the cluster", { kinds: informers.missing() });
  await informers.whenAllSynced;
  sayAbsent(log, informers.absent());
  if (!options.terminate) log.info("listeners that decrypt are not served, and no Secrets are read");

  const admission = await serveAdmission(options, certificates, informers.of, kick);
  certificates.onRotate(() => {
    admission.setCertificate(certificates.serving());
    leadership.rotate();
  });
  await leadership.start();
  admission.ready.catch(options.onFatal);

  const state = { ending: false };
  return {
    metrics,
    notReady: () => {
      if (state.ending) return "ending";
      if (!informers.synced) return `waiting for ${informers.missing().join(", ")}`;
      return admission.isReady() ? undefined : "waiting for admission";
    },
    stop: async () => {
      state.ending = true;
      await leadership.stop();
      await Promise.all([admission.close(), certificates.stop()]);
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

function startCertificates({ log, client, namespace }: OperatorOptions): Promise<CertificateKeeper> {
  const host = `${OPERATOR_NAME}.${namespace}.svc`;
  return keepCertificates({
    log: log.child({ component: "certificates", secret: CERTIFICATES_SECRET_NAME }),
    clock: systemClock,
    store: kubeCertificateStore(client, namespace),
    dnsNames: [host, `${host}.cluster.local`],
  });
}

function serveAdmission(
  { log, admissionPort }: OperatorOptions,
  certificates: CertificateKeeper,
  informers: OperatorInformers["of"],
  onChange: () => void,
): Promise<Admission> {
  return startAdmission({
    log: log.child({ component: "admission" }),
    port: admissionPort,
    certificate: certificates.serving(),
    served: servedKinds(informers),
    onChange,
    context: () => ({
      controllerName: CONTROLLER_NAME,
      gatewayClasses: informers.gatewayClasses.items(),
      gateways: informers.gateways.items(),
      listenerSets: informers.listenerSets.items(),
    }),
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
