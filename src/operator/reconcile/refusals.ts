/**
 * What the API server refuses of what is to run for a Gateway, as a part of what is observed of it: so that its status says it. Pure.
 */
import { objectKey } from "../../gateway-api/objects.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { RefusedObject } from "../write/apply-report.ts";
import { findGateway } from "../write/ownership.ts";

/** Sentences by Gateway, `namespace/name`. */
export type Refusals = ReadonlyMap<string, string>;

/** Enough for the field and the reason. */
const MOST_CHARACTERS = 500;

/** Of each Gateway the first: the others mostly follow from it. */
export function refusalsOf(refused: readonly RefusedObject[]): Refusals {
  const refusals = new Map<string, string>();
  for (const { object, message } of refused) {
    const gateway = findGateway(object);
    if (gateway === undefined || refusals.has(gateway)) continue;
    const said = message.length > MOST_CHARACTERS ? `${message.slice(0, MOST_CHARACTERS)}…` : message;
    refusals.set(
      gateway,
      `The API server rejected the ${object.kind} ${objectKey(object)}, which stays as it is: ${said}. It is retried within 5 minutes, and at once when the Gateway changes`,
    );
  }
  return refusals;
}

/** What is other in `now`: which Gateways are refused something, or only the words, which may be others each time. */
export function newsOfRefusals(before: Refusals, now: Refusals): "gateways" | "words" | undefined {
  if (before.size !== now.size || [...before.keys()].some((gateway) => !now.has(gateway))) return "gateways";
  return [...before].every(([gateway, said]) => now.get(gateway) === said) ? undefined : "words";
}

/** Returns the Gateways whose Deployment the API server rejects. */
export function findRejectedDeployments(refused: readonly RefusedObject[]): ReadonlySet<string> {
  const deployments = refused.filter(({ object }) => object.kind === "Deployment");
  return new Set(deployments.flatMap(({ object }) => findGateway(object) ?? []));
}

/** The snapshot itself where nothing was refused. */
export function withRefusals(snapshot: Snapshot, refusals: Refusals): Snapshot {
  if (refusals.size === 0) return snapshot;
  const deployments = [...snapshot.deployments].map(([gateway, deployment]) => {
    const refused = refusals.get(gateway);
    return [gateway, refused === undefined ? deployment : { ...deployment, refused }] as const;
  });
  return { ...snapshot, deployments: new Map(deployments) };
}
