/** The operator as a replica that leads, and a proxy of one Gateway, at a test's API server. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { TestContext } from "node:test";
import { createControlClient } from "../../src/control/client/client.ts";
import type { Recorder } from "../../src/control/testing/stage.ts";
import { childName } from "../../src/infra/names.ts";
import { systemClock } from "../../src/loop/clock.ts";
import { OPERATOR_NAME, OPERATOR_NAMESPACE, STREAM_TOKEN_AUDIENCE } from "../../src/model/identity.ts";
import { keepCertificates } from "../../src/operator/certificates/keeper.ts";
import { kubeCertificateStore } from "../../src/operator/certificates/kube.ts";
import { createOperatorInformers } from "../../src/operator/informer/operator-informers.ts";
import { InstalledBundle } from "../../src/operator/kube/bundle.ts";
import { Discovery } from "../../src/operator/kube/discovery.ts";
import { createLeadership } from "../../src/operator/leadership.ts";
import { OperatorMetrics } from "../../src/operator/metrics.ts";
import { ProxyMetrics } from "../../src/proxy/observe/metrics.ts";
import { createProxy } from "../../src/proxy/proxy.ts";
import { waitFor } from "../support/wait-for.ts";
import { type Fixture, SILENT } from "./operator-fixture.ts";

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : assert.fail();
}

/** Starts the operator without admission, as a replica that leads. `stop` ends it before the test does. */
export async function startLeader(t: TestContext, api: Fixture, log: Recorder) {
  const client = await api.operatorClient();
  const bundle = new InstalledBundle({ client, log: SILENT, onChange: () => undefined });
  const discovery = new Discovery(client, systemClock);
  const informers = createOperatorInformers({
    ...{ client, discovery, bundle, clock: systemClock, random: Math.random, log: SILENT },
  });
  const certificates = await keepCertificates({
    ...{ log: SILENT, clock: systemClock, store: kubeCertificateStore(client, OPERATOR_NAMESPACE) },
    dnsNames: [`${OPERATOR_NAME}.${OPERATOR_NAMESPACE}.svc`],
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
  const streamPort = await freePort();
  const options = {
    ...{
      log,
      client,
      version: "test",
      namespace: OPERATOR_NAMESPACE,
      podName: "operator-0",
      proxyImage: "none",
      trustGatewayParameters: false,
      maxRollingGateways: { unit: "percent", value: 10 } as const,
      terminate: true,
    },
    droppedLogLines: () => 0,
    ...{ admissionPort: 0, streamPort },
  };
  const leadership = createLeadership({ options, informers, bundle, certificates, metrics });
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
  return { certificates, metrics, informers, leadership, streamPort, stop };
}

export interface ProxyOptions {
  readonly log: Recorder;
  /** The operator's stream. */
  readonly url: string;
  readonly ca: string;
}

/** Starts a data plane of the Gateway team/g, subscribed with a token that the API server has made for a Pod. */
export async function startProxy(t: TestContext, api: Fixture, { log, url, ca }: ProxyOptions) {
  const account = childName("g");
  await waitFor("the proxies' ServiceAccount", async () => {
    const { code } = await api.kubectl(["-n", "team", "get", "serviceaccount", account]);
    return code === 0;
  });
  await api.applyYaml(`
apiVersion: v1
kind: Pod
metadata: { name: proxy-0, namespace: team }
spec: { serviceAccountName: ${account}, containers: [{ name: c, image: none }] }
`);
  const { stdout } = await api.kubectl([
    ...["-n", "team", "create", "token", account, `--audience=${STREAM_TOKEN_AUDIENCE}`],
    ...["--bound-object-kind=Pod", "--bound-object-name=proxy-0"],
  ]);
  const dataPlane = createProxy({
    log,
    metrics: new ProxyMetrics("test"),
    engine: "portable",
    bindAddresses: ["127.0.0.1"],
  });
  const stream = createControlClient({
    ...{ log, url, applier: dataPlane, proxyId: "proxy-0" },
    serverName: `${OPERATOR_NAME}.${OPERATOR_NAMESPACE}.svc`,
    ca: async () => ca,
    token: async () => stdout,
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= stream.stop().then(() => dataPlane.close());
    return stopped;
  };
  t.after(stop);
  stream.start();
  return { dataPlane, stop };
}
