/** Starts the operator as a replica that leads, without admission, and proxies of a Gateway, at a test's API server. */
import type { TestContext } from "node:test";
import type { ConfigApplier } from "../../src/control/client/applier.ts";
import { createControlClient } from "../../src/control/client/client.ts";
import { childName } from "../../src/infra/names.ts";
import { systemClock } from "../../src/loop/clock.ts";
import {
  DEFAULT_INSTALLATION,
  type Installation,
  OPERATOR_NAME,
  OPERATOR_NAMESPACE,
  STREAM_TOKEN_AUDIENCE,
} from "../../src/model/identity.ts";
import type { Logger } from "../../src/model/log.ts";
import { keepCertificates } from "../../src/operator/certificates/keeper.ts";
import { kubeCertificateStore } from "../../src/operator/certificates/kube.ts";
import type { KubeClient } from "../../src/operator/kube/client.ts";
import { createLeadership } from "../../src/operator/leadership.ts";
import { OperatorMetrics } from "../../src/operator/metrics.ts";
import type { RolloutLimit } from "../../src/operator/rollout/rollout-limit.ts";
import { ProxyMetrics } from "../../src/proxy/observe/metrics.ts";
import { createProxy } from "../../src/proxy/proxy.ts";
import { waitFor } from "../support/wait-for.ts";
import { freePorts } from "../wire/sockets.ts";
import { pod } from "./manifests.ts";
import { createInformers, type Fixture, SILENT } from "./operator-fixture.ts";

export interface LeaderOptions {
  /** Client with the rights that the operator has. */
  readonly client: KubeClient;
  /** Log of the leader; its informers and certificates log nothing. */
  readonly log?: Logger;
  readonly installation?: Installation;
  readonly namespace?: string;
  readonly proxyImage?: string;
  readonly maxRollingGateways?: RolloutLimit;
  readonly watchNamespaces?: ReadonlySet<string>;
  readonly certificateNamespaces?: ReadonlySet<string>;
}

export type Leader = Awaited<ReturnType<typeof startLeader>>;

/** Starts a leader. `stop` ends it before the test does. */
export async function startLeader(t: TestContext, options: LeaderOptions) {
  const { client, log = SILENT, installation = DEFAULT_INSTALLATION, namespace = OPERATOR_NAMESPACE } = options;
  const { watchNamespaces, certificateNamespaces } = options;
  const { informers, bundle } = createInformers(client, { installation, watchNamespaces, certificateNamespaces });
  const certificates = await keepCertificates({
    ...{ log: SILENT, clock: systemClock, store: kubeCertificateStore(client, namespace, installation.name) },
    dnsNames: [`${installation.name}.${namespace}.svc`],
  });
  const metrics = new OperatorMetrics("test", {
    leading: () => leadership.leading,
    informers: () => informers.views(),
    queue: () => leadership.queue(),
    rollouts: () => leadership.rollouts(),
    subscribers: () => leadership.subscribers(),
    certificates: () => certificates.expiry(),
    droppedLogLines: () => 0,
    admissionReady: () => false,
    now: () => new Date(),
  });
  const [streamPort = 0] = await freePorts(1);
  const leadership = createLeadership({
    ...{ informers, bundle, certificates, metrics },
    options: {
      ...{ version: "test", proxyImage: "none", trustGatewayParameters: false, terminate: true },
      maxRollingGateways: { unit: "percent", value: 10 },
      ...options,
      ...{ log, installation, namespace, podName: `${installation.name}-0`, admissionPort: 0, streamPort },
      droppedLogLines: () => 0,
    },
  });
  informers.onChange((kind, key) => leadership.changed(kind, key));
  let stopped: Promise<void> | undefined;
  const end = async () => {
    await leadership.stop();
    await Promise.all([certificates.stop(), informers.stop()]);
  };
  const stop = () => {
    stopped ??= end();
    return stopped;
  };
  t.after(stop);
  informers.start();
  await informers.whenAllSynced;
  await leadership.start();
  return { certificates, metrics, informers, streamPort, stop };
}

export interface SubscriberOptions {
  readonly log: Logger;
  readonly applier: ConfigApplier;
  readonly streamPort: number;
  /** Returns the operator's CA bundle. */
  readonly ca: () => Promise<string | Buffer>;
}

/**
 * Subscribes to the configuration of the Gateway team/g with a token that the API server has made for a Pod. Waits until the
 * operator has created the proxies' ServiceAccount.
 */
export async function startSubscriber(t: TestContext, api: Fixture, options: SubscriberOptions) {
  const account = childName("g");
  await waitFor("the proxies' ServiceAccount", async () => {
    const { code } = await api.kubectl(["-n", "team", "get", "serviceaccount", account]);
    return code === 0;
  });
  await api.applyYaml(pod("proxy-0", account));
  const { stdout } = await api.kubectl([
    ...["-n", "team", "create", "token", account, `--audience=${STREAM_TOKEN_AUDIENCE}`],
    ...["--bound-object-kind=Pod", "--bound-object-name=proxy-0"],
  ]);
  const { log, applier, streamPort, ca } = options;
  const stream = createControlClient({
    ...{ log, applier, ca, url: `https://127.0.0.1:${streamPort}`, proxyId: "proxy-0" },
    serverName: `${OPERATOR_NAME}.${OPERATOR_NAMESPACE}.svc`,
    token: async () => stdout.trim(),
  });
  t.after(() => stream.stop());
  stream.start();
  return stream;
}

/** Starts a data plane of the Gateway team/g, subscribed to the leader. `stop` ends it before the test does. */
export async function startProxy(t: TestContext, api: Fixture, leader: Leader, log: Logger) {
  const dataPlane = createProxy({
    ...{ log, metrics: new ProxyMetrics("test"), engine: "portable", bindAddresses: ["127.0.0.1"] },
  });
  const ca = async () => leader.certificates.caBundle();
  const stream = await startSubscriber(t, api, { log, applier: dataPlane, streamPort: leader.streamPort, ca });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= stream.stop().then(() => dataPlane.close());
    return stopped;
  };
  t.after(stop);
  return { dataPlane, stop };
}
