/**
 * References that lead nowhere within the files. In a cluster the other object may come later, and conditions wait for it;
 * here the files are all there is, so it is a mistake to tell at once. Pure.
 */
import { GATEWAY_GROUP, type Gateway, objectKey, type TlsRoute } from "../../gateway-api/objects.ts";
import { snapshotOf } from "../snapshot.ts";
import type { AnyManifest, Problem } from "./parse.ts";

export function referenceProblems(manifests: readonly AnyManifest[]): readonly Problem[] {
  const { gatewayClasses, gateways } = snapshotOf(manifests, new Map());
  const classes = new Set(gatewayClasses.map(objectKey));
  const gatewayKeys = new Set(gateways.map(objectKey));
  return manifests.flatMap((manifest) => {
    const found =
      manifest.kind === "Gateway"
        ? missingClass(manifest.object, classes)
        : manifest.kind === "TLSRoute"
          ? missingGateways(manifest.object, gatewayKeys)
          : [];
    return found.map(({ path, field, message }) => ({
      file: manifest.file,
      line: manifest.lineOf(path),
      field,
      message,
    }));
  });
}

interface Found {
  readonly path: readonly PropertyKey[];
  readonly field: string;
  readonly message: string;
}

function missingClass({ spec: { gatewayClassName } }: Gateway, classes: ReadonlySet<string>): readonly Found[] {
  if (classes.has(gatewayClassName)) return [];
  const message = `there is no GatewayClass "${gatewayClassName}"; there is ${[...classes].join(", ")}`;
  return [{ path: ["spec", "gatewayClassName"], field: "spec.gatewayClassName", message }];
}

function missingGateways({ metadata, spec }: TlsRoute, gateways: ReadonlySet<string>): readonly Found[] {
  return (spec.parentRefs ?? []).flatMap(({ group, kind, namespace, name }, i) => {
    if ((group ?? GATEWAY_GROUP) !== GATEWAY_GROUP || (kind ?? "Gateway") !== "Gateway") return [];
    const key = `${namespace ?? metadata.namespace}/${name}`;
    if (gateways.has(key)) return [];
    const message = `there is no Gateway ${key} in the files; there is ${[...gateways].join(", ") || "none"}`;
    return [{ path: ["spec", "parentRefs", i, "name"], field: `spec.parentRefs[${i}].name`, message }];
  });
}
