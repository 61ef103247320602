/**
 * Finds hostnames of an attached route that no connection can reach: hostnames that none of its listeners has, and hostnames that
 * a more specific listener of the same port takes away. Pure. Connections belong to the most specific listener (Gateway API).
 */
import { ANY_HOSTNAME, compareSpecificity, intersect } from "../../gateway-api/hostname.ts";
import type { AssessedListener, ListenerOwner } from "../listeners/assess.ts";
import type { Attachment } from "./attach.ts";
import { enumerate } from "./enumerate.ts";

/** Served listeners by port and hostname: each pair belongs to one listener. */
export type ServedListeners = ReadonlyMap<string, AssessedListener>;

export function indexListeners(listeners: readonly AssessedListener[]): ServedListeners {
  return new Map(listeners.map((assessed) => [keyOf(assessed.listener.port, assessed.hostname), assessed]));
}

/**
 * Returns, by object of `owners`, the served listeners of a Gateway whose hostname is covered by a less specific one of a listener of that object on
 * the same port. Other listeners do not concern its routes, which are not computed again when such listeners change.
 */
export function findNarrowerListeners(
  owners: readonly ListenerOwner[],
  listeners: readonly AssessedListener[],
): ReadonlyMap<ListenerOwner, readonly AssessedListener[]> {
  const byKey = Map.groupBy(listeners, ({ hostname, listener }) => keyOf(listener.port, hostname));
  const found = new Map(owners.map((owner) => [owner, new Set<AssessedListener>()]));
  for (const assessed of listeners) {
    if (assessed.resource === undefined) continue;
    for (let pattern = assessed.hostname; pattern !== ANY_HOSTNAME; ) {
      pattern = widen(pattern);
      for (const { owner } of byKey.get(keyOf(assessed.listener.port, pattern)) ?? []) {
        (found.get(owner) as Set<AssessedListener>).add(assessed);
      }
    }
  }
  return new Map([...found].map(([owner, narrower]) => [owner, [...narrower]]));
}

/** Returns the hostnames that have nothing in common with any listener that the route is attached to. */
export function findUnmatched(
  hostnames: readonly string[],
  attached: ReadonlySet<AssessedListener>,
): readonly string[] {
  return hostnames.filter((hostname) =>
    [...attached].every((assessed) => intersect(assessed.hostname, hostname) === undefined),
  );
}

/** Returns a message for each listener that takes hostnames away from these attachments. */
export function explainShadowed(
  attachments: readonly Attachment[],
  attached: ReadonlySet<AssessedListener>,
  served: ServedListeners,
): readonly string[] {
  const taken = attachments.flatMap(({ assessed, hostnames }) =>
    hostnames.flatMap(({ hostname }) => {
      const by = findMoreSpecific(assessed, hostname, served);
      return by === undefined || attached.has(by) ? [] : [{ by, hostname, assessed }];
    }),
  );
  const groups = Map.groupBy(
    taken,
    ({ assessed, by }) =>
      `never reach the route through listener "${assessed.listener.name}": listener ${by.name} of the same port has the more specific hostname ${by.hostname}. Attach the route to that listener too, or remove the hostname`,
  );
  return [...groups].map(([why, group]) => `connections to ${enumerate(group.map(({ hostname }) => hostname))} ${why}`);
}

/** Tries the hostname, then the wildcards that cover it, as long as they are more specific than that of the listener. */
function findMoreSpecific(
  { hostname: own, listener }: AssessedListener,
  hostname: string,
  served: ServedListeners,
): AssessedListener | undefined {
  for (let pattern = hostname; compareSpecificity(pattern, own) < 0; pattern = widen(pattern)) {
    const found = served.get(keyOf(listener.port, pattern));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `a.b.example` and `*.a.b.example` become `*.b.example`, a name of one label `*`. */
function widen(pattern: string): string {
  const name = pattern.startsWith("*.") ? pattern.slice(2) : pattern;
  const dot = name.indexOf(".");
  return dot === -1 ? ANY_HOSTNAME : `*${name.slice(dot)}`;
}

function keyOf(port: number, hostname: string): string {
  return `${port}/${hostname}`;
}
