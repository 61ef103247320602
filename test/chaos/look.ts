/** Looks at the world from outside: who leads, who answers, what was written. Changes nothing. */
import assert from "node:assert/strict";
import { connect } from "node:tls";
import { childName } from "../../src/infra/names.ts";
import {
  APP_LABEL,
  LEADER_LEASE_NAME,
  OPERATOR_ADMIN_PORT,
  OPERATOR_APP_LABEL_VALUE,
  OPERATOR_NAMESPACE,
  PROXY_ADMIN_PORT,
} from "../../src/model/identity.ts";
import { LEASES } from "../../src/operator/kube/resource.ts";
import type { Lease } from "../../src/operator/leader/lease.ts";
import { type PodObject, pidOf, type RunningPod, runningPod } from "../e2e/operator.ts";
import { waitFor } from "../support/cluster.ts";
import { PODS } from "../support/resource-types.ts";
import { runOrThrow } from "../support/run-command.ts";
import { GATEWAY, NAMESPACE, PROXY_LABELS, type World } from "./world.ts";

const ANSWER_TIMEOUT_MS = 5_000;

/** The Lease of the leader. */
export function lease({ client }: World): Promise<Lease> {
  return client.get<Lease>(LEASES, { namespace: OPERATOR_NAMESPACE, name: LEADER_LEASE_NAME }, { timeoutMs: 2_000 });
}

/** Who holds the Lease, once that replica says so too. */
export function leader(world: World, timeoutMs = 60_000): Promise<RunningPod> {
  return waitFor(
    "a leader",
    async () => {
      const holder = (await lease(world)).spec?.holderIdentity ?? "";
      const pod = (await operators(world)).find(({ name }) => holder.startsWith(`${name}_`));
      return pod !== undefined && (await isLeading(pod)) && pod;
    },
    timeoutMs,
  );
}

/** Waits until somebody else holds the lease, and gives back when it was taken: wall clock, ms. */
export async function takenOverAt(world: World, before: Lease, timeoutMs = 60_000): Promise<number> {
  const next = await waitFor(
    "another leader",
    async () => {
      const now = await lease(world);
      const holder = now.spec?.holderIdentity ?? "";
      return holder !== "" && holder !== before.spec?.holderIdentity && now;
    },
    timeoutMs,
  );
  return Date.parse(next.spec?.acquireTime ?? "");
}

/** What the replica itself says; false when it says nothing. */
export async function isLeading({ address }: RunningPod): Promise<boolean> {
  const url = `http://${address}:${OPERATOR_ADMIN_PORT}/metrics`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).catch(() => undefined);
  return /^fsm_gateway_operator_leading 1$/m.test((await answer?.text()) ?? "");
}

/** The proxies of Gateway `app`, without those that are ending. */
export async function ourProxies(world: World): Promise<readonly RunningPod[]> {
  const all = await pods(world, NAMESPACE, PROXY_LABELS);
  return all.filter(({ name, isEnding }) => !isEnding && name.startsWith(`${childName(GATEWAY)}-`));
}

/**
 * The operators, without those that are terminating: an earlier fault may have deleted a Pod whose grace period has not
 * ended.
 */
export async function operators(world: World): Promise<readonly RunningPod[]> {
  return (await operatorsWithTerminating(world)).filter(({ isEnding }) => !isEnding);
}

export function operatorsWithTerminating(world: World): Promise<readonly RunningPod[]> {
  return pods(world, OPERATOR_NAMESPACE, { [APP_LABEL]: OPERATOR_APP_LABEL_VALUE });
}

/** @throws when a container of the operator was restarted, or a Pod replaced. */
export async function assertSameProcesses(world: World, before: readonly RunningPod[]): Promise<void> {
  const named = (pods: readonly RunningPod[]) => pods.map(({ uid, restarts }) => `${uid} ${restarts}`).sort();
  assert.deepEqual(named(await operators(world)), named(before), "no operator was restarted");
}

/** Not by kubectl: a process for each look would starve what is looked at. */
async function pods({ client }: World, namespace: string, labels: object): Promise<readonly RunningPod[]> {
  const labelSelector = Object.entries(labels)
    .map((pair) => pair.join("="))
    .join();
  const { items } = await client.list(PODS, { namespace, labelSelector, timeoutMs: 5_000 });
  return (items as readonly unknown[] as readonly PodObject[]).map(runningPod);
}

/** Number of open connections of a server name, read on the proxy's own loopback. */
export async function openConnections(pod: RunningPod, serverName: string): Promise<number> {
  const url = `http://127.0.0.1:${PROXY_ADMIN_PORT}/connections?limit=1&host=${serverName}`;
  const inPod = ["--target", String(pidOf(pod, "proxy")), "--net", "curl", "-sSf", "--max-time", "5", url];
  const { gateways } = JSON.parse(await runOrThrow("nsenter", inPod));
  return gateways[`${NAMESPACE}/${GATEWAY}`].matching;
}

/** What the backend says by one connection. @throws when there is no answer. */
export function ask({ ca }: World, address: string, port: number, serverName: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ host: address, port, servername: serverName, ca });
    socket.setEncoding("utf8").on("data", (text) => (answer += text));
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error("no answer in time")));
    socket.on("error", reject);
    socket.on("end", () => (answer === "" ? reject(new Error("empty answer")) : resolve(answer)));
    socket.on("close", () => reject(new Error("closed by the peer")));
  });
}

/** What only the operator writes; the fresh route apart, with which convergence is measured. */
const WRITTEN = "gatewayclasses,gateways,tlsroutes,configmaps,serviceaccounts,services";

/** `Kind name` to resourceVersion. */
export type Versions = ReadonlyMap<string, string>;

export async function versions({ kubectl }: World): Promise<Versions> {
  const { items } = JSON.parse(await kubectl("get", WRITTEN, "-o", "json"));
  const entries: [string, string][] = items.map(({ kind, metadata }: { kind: string; metadata: Metadata }) => [
    `${kind} ${metadata.name}`,
    metadata.resourceVersion,
  ]);
  return new Map(entries.filter(([key]) => key !== "TLSRoute fresh"));
}

interface Metadata {
  readonly name: string;
  readonly resourceVersion: string;
}

/** What is other than it was, by `Kind name`. */
export async function writtenSince(world: World, before: Versions): Promise<readonly string[]> {
  const after = await versions(world);
  return [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
