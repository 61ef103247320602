/**
 * Lets an operator outside the cluster take the place of the deployed one, and gives it back: the Deployment is scaled to
 * zero, and the Service, without its selector, leads to the address given, by an EndpointSlice of ours.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import type { EndpointSlice, KubernetesObject } from "../../src/gateway-api/objects.ts";
import {
  ADMISSION_LABEL,
  ADMISSION_LABEL_VALUE,
  ADMISSION_PORT,
  ADMISSION_SERVICE_SUFFIX,
  CONTROL_STREAM_PORT,
  OPERATOR_APP_LABEL_VALUE,
  OPERATOR_NAME,
} from "../../src/model/identity.ts";
import { isApiError } from "../../src/operator/kube/api-error.ts";
import type { KubeClient } from "../../src/operator/kube/client.ts";
import { DEPLOYMENTS, ENDPOINT_SLICES, SERVICES } from "../../src/operator/kube/resource.ts";

/** The cluster is not as it must be; the message says the mend. */
export class NotPossible extends Error {}

interface Scaled extends KubernetesObject {
  readonly spec: { readonly replicas?: number };
}

interface Selecting extends KubernetesObject {
  readonly spec: { readonly selector?: Readonly<Record<string, string>> };
}

/** The Pods' own grace, and some. */
const LONGEST_END_SECONDS = 45;
const ADMISSION_SERVICE_NAME = `${OPERATOR_NAME}${ADMISSION_SERVICE_SUFFIX}`;
/** The Services whose endpoints are replaced. */
const SERVICE_NAMES = [OPERATOR_NAME, ADMISSION_SERVICE_NAME];

/** Returns what gives the place back. @throws NotPossible when nothing is installed. */
export async function takeOver(client: KubeClient, namespace: string, address: string): Promise<() => Promise<void>> {
  const reference = { namespace, name: OPERATOR_NAME };
  const deployment = await client.get<Scaled>(DEPLOYMENTS, reference).catch(notInstalled);
  const services = await Promise.all(
    SERVICE_NAMES.map((name) => client.get<Selecting>(SERVICES, { namespace, name }).catch(notInstalled)),
  );
  // A dev operator that was killed has left them so: the manifest's own values are what to give back.
  const replicas = deployment.spec.replicas || 2;
  await client.patch(DEPLOYMENTS, reference, { spec: { replicas: 0 } });
  await untilNobodyServes(client, namespace);
  for (const name of SERVICE_NAMES) {
    await client.patch(SERVICES, { namespace, name }, { spec: { selector: null } });
    await client.delete(ENDPOINT_SLICES, { namespace, name: sliceName(name) }).catch(() => undefined);
    await client.create(ENDPOINT_SLICES, endpointSlice(namespace, name, address));
  }
  return async () => {
    for (const { metadata, spec } of services) {
      const { name } = metadata;
      await client.delete(ENDPOINT_SLICES, { namespace, name: sliceName(name) });
      await client.patch(SERVICES, { namespace, name }, { spec: { selector: spec.selector ?? selectorOf(name) } });
    }
    await client.patch(DEPLOYMENTS, reference, { spec: { replicas } });
  };
}

/** The address of ours that the way to the API server begins at: the way back is mostly the same. */
export async function reachableAddress(): Promise<string> {
  const config = new KubeConfig();
  config.loadFromDefault();
  const { hostname, port } = new URL(config.getCurrentCluster()?.server ?? "https://127.0.0.1");
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 443) });
  await once(socket, "connect").catch((cause: unknown) => {
    throw new NotPossible(`the API server at ${hostname} does not answer: is the kubeconfig right?`, { cause });
  });
  const { localAddress = "" } = socket;
  socket.destroy();
  if (/^(127\.|::1$|::ffff:127\.)/.test(localAddress)) {
    throw new NotPossible("the cluster cannot reach loopback; say --address IP, where its Pods reach this machine");
  }
  return localAddress;
}

/** The controller leaves its slices behind as they are when a Service loses its selector: they must be empty by then. */
async function untilNobodyServes(client: KubeClient, namespace: string): Promise<void> {
  const labelSelector = `kubernetes.io/service-name in (${SERVICE_NAMES.join(",")})`;
  for (let second = 0; second < LONGEST_END_SECONDS; second++) {
    const { items } = await client.list<EndpointSlice>(ENDPOINT_SLICES, { namespace, labelSelector });
    const left = items.filter(({ metadata }) => !SERVICE_NAMES.map(sliceName).includes(metadata.name));
    if (left.every(({ endpoints }) => (endpoints ?? []).length === 0)) return;
    await sleep(1_000);
  }
  throw new NotPossible("the deployed operator does not end: look at its Pods");
}

function sliceName(service: string): string {
  return `${service}-dev`;
}

/** As the chart has it. */
function selectorOf(service: string): Readonly<Record<string, string>> {
  const app = { app: OPERATOR_APP_LABEL_VALUE };
  return service === ADMISSION_SERVICE_NAME ? { ...app, [ADMISSION_LABEL]: ADMISSION_LABEL_VALUE } : app;
}

function endpointSlice(namespace: string, service: string, address: string): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: sliceName(service), namespace, labels: { "kubernetes.io/service-name": service } },
    addressType: address.includes(":") ? "IPv6" : "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [
      { name: "admission", port: ADMISSION_PORT, protocol: "TCP" },
      { name: "stream", port: CONTROL_STREAM_PORT, protocol: "TCP" },
    ],
  };
}

function notInstalled(error: unknown): never {
  if (!isApiError(error, "NotFound")) throw error;
  throw new NotPossible("fsm-gateway is not installed there: npm run build, then kubectl apply -f dist/install.yaml");
}
