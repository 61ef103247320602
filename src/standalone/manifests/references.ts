/**
 * References that lead nowhere within the files. In a cluster the other object may come later, and conditions wait for it;
 * here the files are all there is, so it is a mistake to tell at once. Pure.
 */
import { GATEWAY_GROUP, objectKey, type ParentReference } from "../../gateway-api/objects.ts";
import { formatNearest } from "../../model/did-you-mean.ts";
import { snapshotOf } from "../snapshot.ts";
import { trafficProblems } from "../traffic/problems.ts";
import type { AnyManifest, Problem } from "./parse.ts";

/** `others`: Gateways and ListenerSets, as `Kind namespace/name`, that are in the files and cannot be read further. */
export function referenceProblems(
  manifests: readonly AnyManifest[],
  others: readonly string[] = [],
): readonly Problem[] {
  const { gatewayClasses, gateways, listenerSets } = snapshotOf(manifests, new Map());
  const known: Known = {
    GatewayClass: new Set(gatewayClasses.map(objectKey)),
    Gateway: new Set([...gateways.map(objectKey), ...keysOf("Gateway", others)]),
    ListenerSet: new Set([...listenerSets.map(objectKey), ...keysOf("ListenerSet", others)]),
  };
  const missing = manifests.flatMap((manifest) =>
    referencesOf(manifest).flatMap(({ kind, key, path, field }) => {
      const there = known[kind];
      if (there.has(key)) return [];
      const message = `there is no ${kind} ${key} in the files; there is ${[...there].join(", ") || "none"}${formatNearestKey(key, there)}`;
      return [{ file: manifest.file, line: manifest.lineOf(path), field, message }];
    }),
  );
  return [...missing, ...trafficProblems(manifests)];
}

/** Compares names within the namespace: keys of short names would all be near each other. */
function formatNearestKey(key: string, there: ReadonlySet<string>): string {
  const start = key.lastIndexOf("/") + 1;
  const names = [...there].filter((known) => known.startsWith(key.slice(0, start))).map((known) => known.slice(start));
  return formatNearest(key.slice(start), names);
}

function keysOf(kind: string, objects: readonly string[]): readonly string[] {
  const prefix = `${kind} `;
  return objects.filter((object) => object.startsWith(prefix)).map((object) => object.slice(prefix.length));
}

type Known = Readonly<Record<"GatewayClass" | "Gateway" | "ListenerSet", ReadonlySet<string>>>;

interface Reference {
  readonly kind: keyof Known;
  /** `namespace/name`, or the name alone. */
  readonly key: string;
  readonly path: readonly PropertyKey[];
  readonly field: string;
}

function referencesOf(manifest: AnyManifest): readonly Reference[] {
  switch (manifest.kind) {
    case "Gateway": {
      const key = manifest.object.spec.gatewayClassName;
      return [{ kind: "GatewayClass", key, path: ["spec", "gatewayClassName"], field: "spec.gatewayClassName" }];
    }
    case "ListenerSet": {
      const { metadata, spec } = manifest.object;
      const place = { path: ["spec", "parentRef", "name"], field: "spec.parentRef.name" };
      return parentReference(metadata.namespace, spec.parentRef, place);
    }
    case "TLSRoute":
    case "TCPRoute":
    case "HTTPRoute": {
      const { metadata, spec } = manifest.object;
      return (spec.parentRefs ?? []).flatMap((parentRef, i) => {
        const place = { path: ["spec", "parentRefs", i, "name"], field: `spec.parentRefs[${i}].name` };
        return parentReference(metadata.namespace, parentRef, place);
      });
    }
    default:
      return [];
  }
}

/** Nothing for parents of kinds that are not ours. */
function parentReference(
  own: string | undefined,
  { group = GATEWAY_GROUP, kind = "Gateway", namespace = own, name }: ParentReference,
  place: Pick<Reference, "path" | "field">,
): readonly Reference[] {
  if (group !== GATEWAY_GROUP || (kind !== "Gateway" && kind !== "ListenerSet")) return [];
  return [{ kind, key: `${namespace}/${name}`, ...place }];
}
