/** The Pod template of a Gateway's proxies: one container, no privileges, fit for PodSecurity `restricted`. */
import type { GatewayParametersSpec, PodParameters } from "../gateway-api/gateway-parameters.ts";
import { CONTROL_STREAM_PORT, OPERATOR_NAME, PROXY_ADMIN_PORT, STREAM_TOKEN_AUDIENCE } from "../model/identity.ts";
import type { GatewayPlan } from "../model/plan.ts";
import {
  CA_DIRECTORY,
  CA_VOLUME,
  NODE_ADDRESS_VARIABLE,
  POD_NAME_VARIABLE,
  PROXY_CONTAINER,
  TOKEN_DIRECTORY,
  TOKEN_VOLUME,
} from "../model/proxy-pod.ts";
import { annotationsOf, selectorLabels } from "./metadata.ts";
import { childName } from "./names.ts";
import { mergeStrategically } from "./strategic-merge.ts";

export interface ProxyPodOptions {
  readonly image: string;
  readonly operatorNamespace: string;
  /** Name of the operator's Service. Default: OPERATOR_NAME. */
  readonly operatorName?: string;
}

/** The kubelet renews a token at 80 % of its life; the API server refuses less than 10 minutes. */
const TOKEN_SECONDS = 3600;
/** How long established connections may go on after SIGTERM unless it is said, and what ending takes beyond that. */
const DRAIN_SECONDS = 60;
const END_SECONDS = 15;
/** The user of the image, repeated for PodSecurity. A platform that assigns users needs a Pod without one. */
const USER = { runAsUser: 65532, runAsGroup: 65532 };
const RESOURCES = { requests: { cpu: "100m", memory: "128Mi" } };

export function proxyPod(plan: GatewayPlan, parameters: GatewayParametersSpec, options: ProxyPodOptions): object {
  const template = buildTemplate(plan, parameters, options);
  const patch = parameters.pod?.patch;
  return patch === undefined ? template : mergeStrategically(template, patch);
}

function buildTemplate(plan: GatewayPlan, parameters: GatewayParametersSpec, options: ProxyPodOptions) {
  const { pod = {} } = parameters;
  const { drainSeconds = DRAIN_SECONDS } = pod;
  const selector = selectorLabels(plan);
  return {
    metadata: {
      labels: { ...pod.labels, ...plan.labels, ...selector },
      ...annotationsOf(plan, pod),
    },
    spec: {
      serviceAccountName: childName(plan.name),
      // The only token is the one for the stream, which no other service accepts.
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: drainSeconds + END_SECONDS,
      ...placement(pod, selector),
      securityContext: {
        runAsNonRoot: true,
        ...(pod.securityContext ?? USER),
        seccompProfile: { type: "RuntimeDefault" },
        // Ports below 1024 without a capability: a sysctl of the Pod's own network, which PodSecurity calls safe.
        sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
      },
      containers: [container(plan, parameters, drainSeconds, options)],
      volumes: [
        { name: CA_VOLUME, configMap: { name: childName(plan.name) } },
        {
          name: TOKEN_VOLUME,
          projected: {
            sources: [
              {
                serviceAccountToken: {
                  audience: STREAM_TOKEN_AUDIENCE,
                  expirationSeconds: TOKEN_SECONDS,
                  path: "token",
                },
              },
            ],
          },
        },
      ],
    },
  };
}

/** Placement, network and security settings of the Pods. */
function placement(pod: PodParameters, selector: Readonly<Record<string, string>>) {
  const { nodeSelector, affinity, tolerations, priorityClassName, imagePullSecrets, runtimeClassName, dnsConfig } = pod;
  const { topologySpreadConstraints = SPREAD } = pod;
  return {
    ...(nodeSelector && { nodeSelector }),
    ...(affinity && { affinity }),
    ...(tolerations && { tolerations }),
    topologySpreadConstraints: topologySpreadConstraints.map((constraint) => ({
      labelSelector: { matchLabels: selector },
      ...constraint,
    })),
    ...(priorityClassName !== undefined && { priorityClassName }),
    ...(imagePullSecrets && { imagePullSecrets }),
    ...(runtimeClassName !== undefined && { runtimeClassName }),
    ...(dnsConfig && { dnsConfig }),
  };
}

/** One node or zone that is lost should not take all proxies; where there is one alone, they run there. */
const SPREAD = ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable: "ScheduleAnyway",
  // Counts Pods of one revision only. Otherwise the old Pods of a rollout may place all new ones on one node.
  matchLabelKeys: ["pod-template-hash"],
}));

function container(
  plan: GatewayPlan,
  { engine, pod }: GatewayParametersSpec,
  drainSeconds: number,
  { image, operatorNamespace, operatorName = OPERATOR_NAME }: ProxyPodOptions,
) {
  const probe = (path: string, periodSeconds: number, failureThreshold: number) => ({
    httpGet: { path, port: "admin" },
    periodSeconds,
    failureThreshold,
  });
  return {
    name: PROXY_CONTAINER,
    image: pod?.image ?? image,
    imagePullPolicy: "IfNotPresent",
    args: [
      "proxy",
      `--gateway=${plan.namespace}/${plan.name}`,
      `--operator=https://${operatorName}.${operatorNamespace}.svc:${CONTROL_STREAM_PORT}`,
      `--ca-file=${CA_DIRECTORY}/ca.crt`,
      `--token-file=${TOKEN_DIRECTORY}/token`,
      `--admin=[::]:${PROXY_ADMIN_PORT}`,
      `--drain-seconds=${drainSeconds}`,
      ...(engine === undefined ? [] : [`--engine=${engine}`]),
    ],
    env: [
      { name: POD_NAME_VARIABLE, valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      // At the node's own address, the node ports of the Service lead back to the Gateway.
      { name: NODE_ADDRESS_VARIABLE, valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
    ],
    ports: [{ name: "admin", containerPort: PROXY_ADMIN_PORT, protocol: "TCP" }],
    startupProbe: probe("/healthz", 1, 60),
    // A Pod that is told to end, or whose process has died, is taken out at once, whatever the probe says. Three failures, for all that the
    // probe itself adds are false ones: where the node is too busy to answer within a second, every proxy would be taken out at once.
    readinessProbe: probe("/readyz", 1, 3),
    livenessProbe: probe("/healthz", 10, 3),
    resources: pod?.resources ?? RESOURCES,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [
      { name: CA_VOLUME, mountPath: CA_DIRECTORY, readOnly: true },
      { name: TOKEN_VOLUME, mountPath: TOKEN_DIRECTORY, readOnly: true },
    ],
  };
}
