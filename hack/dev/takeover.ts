/**
 * Lets an operator outside the cluster take the place of the deployed one, and gives it back: the Deployment is scaled to
 * zero, and the Service, without its selector, leads to the address given, by an EndpointSlice of ours.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import type { EndpointSlice, KubernetesObject } from "../../src/gateway-api/objects.ts";
import { ADMISSION_PORT, CONTROL_STREAM_PORT, OPERATOR_NAME } from "../../src/model/identity.ts";
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
const SLICE_NAME = `${OPERATOR_NAME}-dev`;

/** Returns what gives the place back. @throws NotPossible when nothing is installed. */
export async function takeOver(client: KubeClient, namespace: string, address: string): Promise<() => Promise<void>> {
  const reference = { namespace, name: OPERATOR_NAME };
  const deployment = await client.get<Scaled>(DEPLOYMENTS, reference).catch(notInstalled);
  const service = await client.get<Selecting>(SERVICES, reference).catch(notInstalled);
  // A dev operator that was killed has left them so: the manifest's own values are what to give back.
  const replicas = deployment.spec.replicas || 2;
  const selector = service.spec.selector ?? { app: "fsm-gateway-operator" };
  await client.patch(DEPLOYMENTS, reference, { spec: { replicas: 0 } });
  await untilNobodyServes(client, namespace);
  await client.patch(SERVICES, reference, { spec: { selector: null } });
  await client.delete(ENDPOINT_SLICES, { namespace, name: SLICE_NAME }).catch(() => undefined);
  await client.create(ENDPOINT_SLICES, endpointSlice(namespace, address));
  return async () => {
    await client.delete(ENDPOINT_SLICES, { namespace, name: SLICE_NAME });
    await client.patch(SERVICES, reference, { spec: { selector } });
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
  const labelSelector = `kubernetes.io/service-name=${OPERATOR_NAME}`;
  for (let second = 0; second < LONGEST_END_SECONDS; second++) {
    const { items } = await client.list<EndpointSlice>(ENDPOINT_SLICES, { namespace, labelSelector });
    const left = items.filter(({ metadata }) => metadata.name !== SLICE_NAME);
    if (left.every(({ endpoints }) => (endpoints ?? []).length === 0)) return;
    await sleep(1_000);
  }
  throw new NotPossible("the deployed operator does not end: look at its Pods");
}

function endpointSlice(namespace: string, address: string): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: SLICE_NAME, namespace, labels: { "kubernetes.io/service-name": OPERATOR_NAME } },
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
