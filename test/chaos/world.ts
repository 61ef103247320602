/**
 * What the faults happen to: two operators, two proxies of a Gateway with three routes, another Gateway, backends; in a namespace
 * that enforces PodSecurity `restricted`. Owns their making and their names. It runs in the outside network, from which Pods,
 * LoadBalancers and the API server are reached directly.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import {
  APP_LABEL,
  APP_LABEL_VALUE,
  CONTROL_STREAM_PORT,
  GATEWAY_NAME_LABEL,
  OPERATOR_APP_LABEL_VALUE,
  OPERATOR_NAME,
  OPERATOR_NAMESPACE,
} from "../../src/model/identity.ts";
import { KubeClient } from "../../src/operator/kube/client.ts";
import { BACKEND_PORT, deployBackends, ENCRYPTED } from "../e2e/backends.ts";
import { operatorReady } from "../e2e/deploy.ts";
import { apply, programmedAddress } from "../e2e/gateways.ts";
import { gatewayObject, passthrough } from "../e2e/objects.ts";
import { pidOf, pods as podsOf } from "../e2e/operator.ts";
import type { Cluster } from "../support/cluster.ts";
import { INSTRUMENT_PRIORITY } from "./load.ts";

export const NAMESPACE = "chaos";
export const GATEWAY = "app";
/** A Gateway of another team. */
export const OTHER_GATEWAY = "other";
export const PORT = 8000;
export const PROXIES = 2;
/** Connections that talk during each fault. */
export const LONG_CONNECTIONS = 20;
/** Server names of the routes of the same names. */
export const HOSTS = {
  short: "short.chaos.example",
  long: "long.chaos.example",
  fresh: "fresh.chaos.example",
} as const;
export const PROXY_LABELS = { [APP_LABEL]: APP_LABEL_VALUE, [GATEWAY_NAME_LABEL]: GATEWAY } as const;

export interface World {
  readonly cluster: Cluster;
  /** Of a cluster administrator. */
  readonly client: KubeClient;
  /** Of Gateway `app`. */
  readonly address: string;
  /** Of the backends, PEM. */
  readonly ca: string;
  /** kubectl in the namespace of the Gateways, and in the operator's. @throws when it fails. */
  readonly kubectl: (...args: string[]) => Promise<string>;
  readonly operatorKubectl: (...args: string[]) => Promise<string>;
  /** `kubectl apply` of objects into the namespace of the Gateways. */
  readonly apply: (...objects: readonly (string | object)[]) => Promise<void>;
}

/** Makes everything, or finds it made on a cluster that is used again. */
export async function setUpWorld(cluster: Cluster): Promise<World> {
  const kubectl = (...args: string[]) => cluster.kubectlOrThrow(["-n", NAMESPACE, ...args]);
  const operatorKubectl = (...args: string[]) => cluster.kubectlOrThrow(["-n", OPERATOR_NAMESPACE, ...args]);
  const applyHere = (...objects: readonly (string | object)[]) => apply(cluster, NAMESPACE, ...objects);
  const found = await cluster.kubectl(["get", "namespace", NAMESPACE]);
  if (found.code !== 0) {
    await sayMore(cluster, operatorKubectl);
    await makeNamespace(cluster);
    await makeBackends(cluster, kubectl);
    await applyHere(...routes(), gateway(GATEWAY), gateway(OTHER_GATEWAY));
  }
  const address = await programmedAddress(cluster, NAMESPACE, GATEWAY);
  await programmedAddress(cluster, NAMESPACE, OTHER_GATEWAY);
  await applyHere(stranger());
  await cluster.apply(JSON.stringify(streamFromOutside()));
  // A Pod with two budgets cannot be evicted at all.
  const budgets = await kubectl(
    "get",
    "poddisruptionbudgets",
    "-l",
    Object.entries(PROXY_LABELS)
      .map(([k, v]) => `${k}=${v}`)
      .join(),
    "-o",
    "name",
  );
  if (budgets === "") await applyHere(disruptionBudget());
  await kubectl("scale", "deployment/fsm-gateway-app", `--replicas=${PROXIES}`);
  await kubectl("rollout", "status", "deployment/fsm-gateway-app", "--timeout=55s");
  const [backends] = await podsOf(cluster, NAMESPACE, "app=backends");
  if (backends !== undefined) setPriority(pidOf(backends, "/scripts/servers.mjs"), INSTRUMENT_PRIORITY);
  const ca = await kubectl("get", "configmap", "authority", "-o", "jsonpath={.data.ca\\.crt}");
  return { cluster, client: KubeClient.fromDefault(), address, ca, kubectl, operatorKubectl, apply: applyHere };
}

/** What an informer does is told by debug lines. */
async function sayMore(cluster: Cluster, kubectl: World["kubectl"]): Promise<void> {
  const patch = [{ op: "add", path: "/spec/template/spec/containers/0/args/-", value: "--log-level=debug" }];
  await kubectl("patch", "deployment", OPERATOR_NAME, "--type=json", "-p", JSON.stringify(patch));
  await operatorReady(cluster);
}

async function makeNamespace(cluster: Cluster): Promise<void> {
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await cluster.apply(JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE, labels } }));
}

async function makeBackends(cluster: Cluster, kubectl: World["kubectl"]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "fsm-gateway-chaos-"));
  try {
    const options = { namespace: NAMESPACE, folder, names: ["a", "b"], host: "*.chaos.example", node: "node1" };
    const ca = await readFile(await deployBackends(cluster, options), "utf8");
    await kubectl("create", "configmap", "authority", `--from-literal=ca.crt=${ca}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function gateway(name: string, extra: readonly object[] = []): string {
  return gatewayObject("Gateway", name, { gatewayClassName: "fsm", listeners: [passthrough("tls", PORT), ...extra] });
}

export function route(name: string, host: string, backend: object, parent = GATEWAY): string {
  const spec = { parentRefs: [{ name: parent }], hostnames: [host], rules: [{ backendRefs: [backend] }] };
  return gatewayObject("TLSRoute", name, spec);
}

function routes(): readonly string[] {
  const toA = { name: "a", port: BACKEND_PORT };
  return [
    route("short", HOSTS.short, toA),
    route("long", HOSTS.long, { name: "talk", port: ENCRYPTED.port }),
    route("fresh", HOSTS.fresh, toA),
    route("other", "other.chaos.example", toA, OTHER_GATEWAY),
  ];
}

/** A user's own. */
function disruptionBudget(): object {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: GATEWAY },
    spec: { minAvailable: 1, selector: { matchLabels: PROXY_LABELS } },
  };
}

/** The faults' own clients of the stream are outside the cluster, where the operator's NetworkPolicy admits only proxies. */
function streamFromOutside(): object {
  const from = [{ ipBlock: { cidr: "10.77.0.1/32" } }];
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "chaos-stream", namespace: OPERATOR_NAMESPACE },
    spec: {
      podSelector: { matchLabels: { [APP_LABEL]: OPERATOR_APP_LABEL_VALUE } },
      policyTypes: ["Ingress"],
      ingress: [{ from, ports: [{ port: CONTROL_STREAM_PORT, protocol: "TCP" }] }],
    },
  };
}

/** A Pod that is none of ours, and runs as the ServiceAccount of the other Gateway's proxies. */
function stranger(): object {
  return pod("stranger", OTHER_GATEWAY, { args: ["-e", "setInterval(() => {}, 1e6)"] });
}

/** A Pod with Node and a ServiceAccount of proxies; PodSecurity `restricted` takes it. */
export function pod(name: string, gatewayName: string, container: object, labels: object = {}): object {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels },
    spec: {
      serviceAccountName: `fsm-gateway-${gatewayName}`,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 5,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
      containers: [{ name, image: "localhost/node:26", imagePullPolicy: "Never", securityContext, ...container }],
    },
  };
}
