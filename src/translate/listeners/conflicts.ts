/**
 * Listeners that claim the same connections (Gateway API, "Distinct Listeners"; GEP-1713). Those of one object that cannot be
 * told apart all lose: nobody is picked. Between objects the Gateway wins, then the older ListenerSet. A port belongs to one
 * kind of connection; TLS and HTTPS share one by server name. Time is proportional to the number of listeners.
 */
import { ANY_HOSTNAME } from "../../gateway-api/hostname.ts";
import { type Listener, objectKey } from "../../gateway-api/objects.ts";
import type { ListenerConflictReason } from "../../gateway-api/reasons.ts";
import type { PortKind } from "../../model/proxy-config.ts";
import type { ListenerOwner } from "./assess.ts";

export interface Claimant {
  readonly listener: Listener;
  readonly owner: ListenerOwner;
  /** `*` where the listener has none. */
  readonly hostname: string;
  readonly speech: { readonly portKind: PortKind };
}

export interface Conflict {
  readonly reason: ListenerConflictReason;
  readonly message: string;
}

/** The claims on one port that others must respect, by what makes them distinct. */
interface PortClaims<C> {
  readonly kinds: Map<PortKind, C>;
  readonly hostnames: Map<string, C>;
}

/** `groups`: the claimants of each object, in order of precedence. @returns the losers. */
export function findConflicts<C extends Claimant>(groups: Iterable<readonly C[]>): ReadonlyMap<C, Conflict> {
  const lost = new Map<C, Conflict>();
  const ports = new Map<number, PortClaims<C>>();
  for (const group of groups) {
    for (const [port, claimants] of Map.groupBy(group, ({ listener }) => listener.port)) {
      const claims = ports.get(port) ?? { kinds: new Map<PortKind, C>(), hostnames: new Map<string, C>() };
      ports.set(port, claims);
      const standing = claimants.filter((claimant) => {
        const conflict = conflictWithEarlier(claims, claimant);
        if (conflict !== undefined) lost.set(claimant, conflict);
        return conflict === undefined;
      });
      for (const [claimant, conflict] of conflictsAmong(standing)) lost.set(claimant, conflict);
      // Who loses to a listener of its own object still keeps later ones off: a mistake must not hand connections to another.
      for (const claimant of standing) {
        const { portKind } = claimant.speech;
        if (!claims.kinds.has(portKind)) claims.kinds.set(portKind, claimant);
        if (!claims.hostnames.has(claimant.hostname)) claims.hostnames.set(claimant.hostname, claimant);
      }
    }
  }
  return lost;
}

function conflictWithEarlier<C extends Claimant>(claims: PortClaims<C>, claimant: C): Conflict | undefined {
  const { listener, hostname, speech } = claimant;
  const otherKind = [...claims.kinds.values()].find((other) => !canShare(other.speech.portKind, speech.portKind));
  if (otherKind !== undefined) {
    const message = `Port ${listener.port} serves ${otherKind.listener.protocol} for ${holder(claimant, otherKind)}, which has precedence: choose another port`;
    return { reason: "ProtocolConflict", message };
  }
  const other = claims.hostnames.get(hostname);
  if (other === undefined) return undefined;
  const message = `${place(claimant)} belongs to ${holder(claimant, other)}, which has precedence: choose another hostname or port`;
  return { reason: "HostnameConflict", message };
}

/** TCP has nothing by which connections could be told apart. */
function canShare(a: PortKind, b: PortKind): boolean {
  return a === b && a !== "TCP";
}

/** `claimants`: of one object and one port. */
function conflictsAmong<C extends Claimant>(claimants: readonly C[]): readonly (readonly [C, Conflict])[] {
  const byKind = Map.groupBy(claimants, ({ speech }) => speech.portKind);
  if (byKind.size > 1 || (byKind.get("TCP") ?? []).length > 1) {
    return claimants.map((loser) => [loser, protocolConflict(loser, rivals(claimants, loser))]);
  }
  const byHostname = [...Map.groupBy(claimants, ({ hostname }) => hostname).values()];
  return byHostname
    .filter(({ length }) => length > 1)
    .flatMap((same) => same.map((loser) => [loser, hostnameConflict(loser, rivals(same, loser))] as const));
}

function protocolConflict({ listener }: Claimant, names: string): Conflict {
  const message = `Port ${listener.port} with protocol ${listener.protocol} is also claimed by listener ${names}, and connections cannot be told apart: none is served until each has a port of its own`;
  return { reason: "ProtocolConflict", message };
}

function hostnameConflict(loser: Claimant, names: string): Conflict {
  const message = `${place(loser)} is also claimed by listener ${names}: none is served until their hostnames or ports differ`;
  return { reason: "HostnameConflict", message };
}

/** Some of the others by name: enough to find the mistake, and a short message among hundreds. */
function rivals(claimants: readonly Claimant[], loser: Claimant): string {
  const MAX_NAMED = 4;
  const named = claimants.slice(0, MAX_NAMED + 1).filter((other) => other !== loser);
  const names = named.slice(0, MAX_NAMED).map(({ listener }) => `"${listener.name}" (${listener.protocol})`);
  const more = claimants.length - 1 - names.length;
  return more > 0 ? `${names.join(", ")} and ${more} more` : names.join(", ");
}

function place({ listener, hostname }: Claimant): string {
  return `Port ${listener.port} with ${hostname === ANY_HOSTNAME ? "no hostname" : `hostname ${hostname}`}`;
}

/** The winner, as far as the loser may know of it: a ListenerSet of another namespace stays unnamed (GEP-1713). */
function holder(loser: Claimant, { listener, owner }: Claimant): string {
  if (owner.kind === "Gateway" || owner.metadata.namespace === loser.owner.metadata.namespace) {
    return `listener "${listener.name}" of ${owner.kind} ${objectKey(owner)}`;
  }
  return "an older ListenerSet of another namespace";
}
