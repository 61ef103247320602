/** The listeners of a Gateway, its ListenerSets' too, and why each but one does not get a connection. Pure. */
import { ANY_HOSTNAME, covers, normalizeHostname } from "../gateway-api/hostname.ts";
import { GATEWAY_GROUP, type Gateway, type Listener, type ListenerSet, objectKey } from "../gateway-api/objects.ts";
import type { DesiredCondition, DesiredListenerStatus, Plan } from "../model/plan.ts";
import type { ListenerResource } from "../model/proxy-config.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Place } from "./explain.ts";
import type { Loser } from "./explanation.ts";
import { sortByNearness } from "./nearest.ts";

export interface Candidate {
  /** Name of its ListenerResource, whether there is one or not. */
  readonly name: string;
  readonly port: number;
  /** `*` for none. */
  readonly hostname: string;
  /** What its status would say. */
  readonly conditions: readonly DesiredCondition[];
}

export function candidatesOf(snapshot: Snapshot, plan: Plan, gateway: string): readonly Candidate[] {
  const own = snapshot.gateways.filter((found) => objectKey(found) === gateway);
  return [...own, ...listenerSetsOf(snapshot, gateway)].flatMap((owner) => {
    const status = plan.statuses.find(
      ({ kind, namespace, name }) => kind === owner.kind && `${namespace}/${name}` === objectKey(owner),
    );
    const listeners = status !== undefined && "listeners" in status ? status.listeners : [];
    const refusal = status !== undefined && "conditions" in status ? status.conditions : [];
    return (owner.spec.listeners ?? []).map((listener) => candidate(owner, listener, listeners, refusal));
  });
}

/** The ListenerSets that name the Gateway as their parent, attached or not. */
export function listenerSetsOf(snapshot: Snapshot, gateway: string): readonly ListenerSet[] {
  return snapshot.listenerSets.filter(({ metadata, spec }) => {
    const { group = GATEWAY_GROUP, kind = "Gateway", namespace = metadata.namespace, name } = spec.parentRef;
    return group === GATEWAY_GROUP && kind === "Gateway" && `${namespace}/${name}` === gateway;
  });
}

function candidate(
  owner: Gateway | ListenerSet,
  { name, port, hostname }: Listener,
  statuses: readonly DesiredListenerStatus[],
  ownerConditions: readonly DesiredCondition[],
): Candidate {
  const conditions = statuses.find((status) => status.name === name)?.conditions ?? ownerConditions;
  const prefix = owner.kind === "ListenerSet" ? "ListenerSet/" : "";
  return {
    name: `${prefix}${objectKey(owner)}/${name}`,
    port,
    hostname: hostname ? normalizeHostname(hostname) : ANY_HOSTNAME,
    conditions,
  };
}

export function lostListeners(
  { candidates, port, table }: Place,
  serverName: string | undefined,
  winner: ListenerResource | undefined,
): readonly Loser[] {
  const lost = candidates.filter((found) => found.port === port && found.name !== winner?.name);
  return sortByNearness(lost, serverName, ({ hostname }) => [hostname]).map((found) => ({
    name: found.name,
    why: table.listeners.get(found.name) === undefined ? unserved(found) : unmatched(found, serverName, winner),
  }));
}

function unserved({ conditions }: Candidate): string {
  const no = conditions.find(
    ({ type, status }) => status === "False" && (type === "Accepted" || type === "ResolvedRefs"),
  );
  return no === undefined ? "is not served" : `is not served: ${no.message}`;
}

function unmatched(
  { hostname }: Candidate,
  serverName: string | undefined,
  winner: ListenerResource | undefined,
): string {
  if (serverName === undefined) return `its hostname ${hostname} needs a server name, and the client sends none`;
  if (!covers(hostname, serverName)) return `its hostname ${hostname} does not cover ${serverName}`;
  const other = winner !== undefined && "hostname" in winner ? (winner.hostname ?? ANY_HOSTNAME) : ANY_HOSTNAME;
  return `its hostname ${hostname} is less specific than ${other}`;
}
