/**
 * The deployed operator and proxies as the machine sees them: their processes, by the Pod whose cgroup they are in, and what
 * their admin ports say, asked from the node's network.
 */
import { readdirSync, readFileSync } from "node:fs";
import {
  APP_LABEL,
  APP_LABEL_VALUE,
  OPERATOR_ADMIN_PORT,
  OPERATOR_APP_LABEL_VALUE,
  OPERATOR_NAMESPACE,
  PROXY_ADMIN_PORT,
} from "../../src/model/identity.ts";
import type { Cluster } from "../support/cluster.ts";

export interface RunningPod {
  readonly name: string;
  readonly uid: string;
  /** Name of its node. */
  readonly node: string;
  readonly address: string;
  readonly restarts: number;
  readonly ready: boolean;
  /** It was told to end, and may go on for as long as its connections do. */
  readonly isEnding: boolean;
}

export const operatorPods = (cluster: Cluster) =>
  pods(cluster, OPERATOR_NAMESPACE, `${APP_LABEL}=${OPERATOR_APP_LABEL_VALUE}`);
export const proxyPods = (cluster: Cluster, namespace: string) =>
  pods(cluster, namespace, `${APP_LABEL}=${APP_LABEL_VALUE}`);

export async function pods(cluster: Cluster, namespace: string, label: string): Promise<readonly RunningPod[]> {
  const list = JSON.parse(await cluster.kubectlOrThrow(["-n", namespace, "get", "pods", "-l", label, "-o", "json"]));
  return list.items.map(runningPod);
}

/** What a Pod's object says. */
export function runningPod({ metadata, spec, status }: PodObject): RunningPod {
  return {
    name: metadata.name,
    uid: metadata.uid,
    node: spec.nodeName,
    address: status.podIP,
    restarts: status.containerStatuses?.[0]?.restartCount ?? 0,
    ready: status.containerStatuses?.[0]?.ready ?? false,
    isEnding: metadata.deletionTimestamp !== undefined,
  };
}

export interface PodObject {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName: string };
  readonly status: PodStatus;
}

interface PodStatus {
  readonly podIP: string;
  readonly containerStatuses?: readonly { readonly restartCount: number; readonly ready: boolean }[];
}

/** A word of its command. */
type Program = "operator" | "proxy" | "/scripts/servers.mjs";

/** Kills, as the kernel would for want of memory, the Pod's one process that runs our program; the sandbox stays. */
export function killProgram(pod: RunningPod, program: Program = "operator"): void {
  process.kill(pidOf(pod, program), "SIGKILL");
}

/** Of the Pod's one process that runs our program, as the machine sees it. */
export function pidOf(pod: RunningPod, program: Program): number {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && isProgramOf(entry, pod, program));
  if (pids.length !== 1) throw new Error(`Pod ${pod.name} runs ${pids.length} processes of the ${program}, not one`);
  return Number(pids[0]);
}

/** cgroups name a Pod by its uid, with `-` or, where systemd has them, `_`. */
function isProgramOf(pid: string, { uid }: RunningPod, program: Program): boolean {
  try {
    const cgroup = readFileSync(`/proc/${pid}/cgroup`, "utf8").replaceAll("_", "-");
    return cgroup.includes(uid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(program);
  } catch {
    // The process has ended since.
    return false;
  }
}

export async function isLeading(cluster: Cluster, { address }: RunningPod): Promise<boolean> {
  return (await metric(cluster, `${address}:${OPERATOR_ADMIN_PORT}`, "fsm_gateway_operator_leading")) === 1;
}

/** How often a proxy's table has changed since its process began. */
export function configsApplied(cluster: Cluster, { address }: RunningPod): Promise<number> {
  return metric(cluster, `${address}:${PROXY_ADMIN_PORT}`, "fsm_gateway_config_applied_total");
}

async function metric(cluster: Cluster, host: string, name: string): Promise<number> {
  const { code, stdout, stderr } = await cluster.node(["curl", "-sSf", "--max-time", "5", `http://${host}/metrics`]);
  if (code !== 0) throw new Error(`metrics of ${host}: ${stderr}`);
  const value = new RegExp(`^${name} (\\S+)$`, "m").exec(stdout)?.[1];
  if (value === undefined) throw new Error(`${host} has no metric ${name}`);
  return Number(value);
}

/** How many proxies have subscribed to this replica since its process began. */
export async function subscriptions(cluster: Cluster, { name }: RunningPod): Promise<number> {
  const log = await cluster.kubectlOrThrow(["-n", OPERATOR_NAMESPACE, "logs", name]);
  return log.split("\n").filter((line) => line.includes('"proxy subscribed"')).length;
}
