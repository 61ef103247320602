/** The operator without admission, as a replica that leads, beside a real API server. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { systemClock } from "../../src/loop/clock.ts";
import { DEFAULT_INSTALLATION, type Installation, OPERATOR_NAMESPACE } from "../../src/model/identity.ts";
import { keepCertificates } from "../../src/operator/certificates/keeper.ts";
import { kubeCertificateStore } from "../../src/operator/certificates/kube.ts";
import { createOperatorInformers } from "../../src/operator/informer/operator-informers.ts";
import { InstalledBundle } from "../../src/operator/kube/bundle.ts";
import type { KubeClient } from "../../src/operator/kube/client.ts";
import { Discovery } from "../../src/operator/kube/discovery.ts";
import { createLeadership } from "../../src/operator/leadership.ts";
import { OperatorMetrics } from "../../src/operator/metrics.ts";
import { SILENT } from "./operator-fixture.ts";

export interface LeaderOptions {
  readonly client: KubeClient;
  readonly installation?: Installation;
  readonly namespace?: string;
  readonly proxyImage?: string;
  readonly maxRollingGateways?: number;
  readonly watchNamespaces?: ReadonlySet<string>;
}

export interface Leader {
  /** The text of its metrics. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

export async function startLeader({
  client,
  installation = DEFAULT_INSTALLATION,
  namespace = OPERATOR_NAMESPACE,
  proxyImage = "image:1",
  maxRollingGateways = 1,
  watchNamespaces,
}: LeaderOptions): Promise<Leader> {
  const bundle = new InstalledBundle({ client, log: SILENT, onChange: () => undefined });
  const discovery = new Discovery(client, systemClock);
  const common = { client, bundle, clock: systemClock, random: Math.random, log: SILENT };
  const informers = createOperatorInformers({ ...common, discovery, installation, watchNamespaces });
  const certificates = await keepCertificates({
    ...{ log: SILENT, clock: systemClock, store: kubeCertificateStore(client, namespace, installation.name) },
    dnsNames: [`${installation.name}.${namespace}.svc`],
  });
  const metrics = new OperatorMetrics("test", {
    leading: () => leadership.leading,
    informers: () => informers.views(),
    queue: () => leadership.queue(),
    rollouts: () => leadership.rollouts(),
    subscribers: () => [],
    admissionReady: () => false,
    certificates: () => certificates.expiry(),
    droppedLogLines: () => 0,
    now: () => new Date(),
  });
  const options = {
    ...{ log: SILENT, client, installation, version: "test", namespace, podName: `${installation.name}-0` },
    ...{ proxyImage, trustGatewayParameters: false, terminate: true, admissionPort: 0, streamPort: await freePort() },
    maxRollingGateways: { unit: "count", value: maxRollingGateways } as const,
    ...(watchNamespaces !== undefined && { watchNamespaces }),
    droppedLogLines: () => 0,
    onFatal: () => assert.fail("the operator cannot go on"),
  };
  const leadership = createLeadership({ options, informers, bundle, certificates, metrics });
  informers.onChange((kind, key) => leadership.changed(kind, key));
  informers.start();
  await informers.whenAllSynced;
  await leadership.start();
  return {
    metrics: () => metrics.expose(),
    stop: async () => {
      await leadership.stop();
      await Promise.all([certificates.stop(), informers.stop()]);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : assert.fail();
}
