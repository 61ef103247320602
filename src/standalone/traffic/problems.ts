/**
 * Traffic policies that mean nothing, or two things: targets that are not in the files, two policies for one target, listeners
 * of a port that differ on PROXY headers. Pure. The files are all there is, so each is a mistake to tell at once.
 */
import { isDeepStrictEqual } from "node:util";
import { namespaceOf, objectKey } from "../../gateway-api/objects.ts";
import type { AnyManifest, Problem } from "../manifests/parse.ts";
import { backendKey, TrafficPolicies } from "./policies.ts";

interface Target {
  readonly manifest: AnyManifest;
  readonly index: number;
  /** What a message calls it. */
  readonly name: string;
  readonly isThere: boolean;
  /** The field that leads nowhere. */
  readonly field: "name" | "sectionName";
  readonly there: readonly string[];
}

export function trafficProblems(manifests: readonly AnyManifest[]): readonly Problem[] {
  const targets = manifests.flatMap((manifest) => targetsOf(manifest, manifests));
  const missing = targets.filter(({ isThere }) => !isThere);
  return [
    ...missing.map((target) => {
      const there = target.there.join(", ") || "none";
      return problemAt(target, target.field, `there is no ${target.name} in the files; there is ${there}`);
    }),
    ...twice(targets),
    ...headerConflicts(manifests),
  ];
}

function twice(targets: readonly Target[]): readonly Problem[] {
  const first = new Map<string, Target>();
  return targets.flatMap((target) => {
    const key = `${target.manifest.kind} ${target.name}`;
    const before = first.get(key);
    first.set(key, before ?? target);
    if (before === undefined) return [];
    const place = `${before.manifest.file}:${before.manifest.lineOf(["spec", "targetRefs", before.index])}`;
    const message = `${target.name} has its ${target.manifest.kind} at ${place} already: make one of the two`;
    return [problemAt(target, "name", message)];
  });
}

function targetsOf(manifest: AnyManifest, manifests: readonly AnyManifest[]): readonly Target[] {
  if (manifest.kind === "ClientTraffic") {
    const namespace = namespaceOf(manifest.object);
    return manifest.object.spec.targetRefs.map(({ name, sectionName }, index) => {
      const gateway = `${namespace}/${name}`;
      const names = listenersOf(manifests, gateway)?.map((listener) => listener.name);
      if (names === undefined || sectionName === undefined) {
        const there = manifests.flatMap((one) => (one.kind === "Gateway" ? objectKey(one.object) : []));
        return { manifest, index, name: `Gateway ${gateway}`, isThere: names !== undefined, field: "name", there };
      }
      const isThere = names.includes(sectionName);
      const target = `listener ${sectionName} of Gateway ${gateway}`;
      return { manifest, index, name: target, isThere, field: "sectionName", there: names };
    });
  }
  if (manifest.kind !== "BackendTraffic") return [];
  const namespace = namespaceOf(manifest.object);
  const known = backendKeys(manifests);
  return manifest.object.spec.targetRefs.map((target, index) => {
    const key = backendKey(namespace, target);
    const prefix = key.slice(0, key.indexOf("/") + 1);
    const what = prefix === "external/" ? "backendRef to the host" : target.kind;
    const there = known.filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length));
    const name = `${what} ${key.slice(prefix.length)}`;
    return { manifest, index, name, isThere: known.includes(key), field: "name", there };
  });
}

/** Of all backends that these files could lead to: a host outside is there when a route names it. */
function backendKeys(manifests: readonly AnyManifest[]): readonly string[] {
  const keys = manifests.flatMap(({ kind, object }) => {
    if (kind === "Service") return [`service/${objectKey(object)}`];
    if (kind === "XBackend") return [`XBackend/${objectKey(object)}`];
    if (kind !== "TLSRoute" && kind !== "TCPRoute") return [];
    const refs = (object.spec.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs);
    const hosts = refs.filter(({ kind = "Service", name }) => kind === "Service" && name.includes("."));
    return hosts.map(({ name }) => `external/${name.toLowerCase()}`);
  });
  return [...new Set(keys)];
}

/** The header comes before the server name, so that all listeners of a port must agree. */
function headerConflicts(manifests: readonly AnyManifest[]): readonly Problem[] {
  const policies = new TrafficPolicies(manifests);
  return manifests.flatMap((manifest) => {
    if (manifest.kind !== "ClientTraffic" || manifest.object.spec.proxyProtocol === undefined) return [];
    const namespace = namespaceOf(manifest.object);
    return manifest.object.spec.targetRefs.flatMap(({ name, sectionName }, index) => {
      const gateway = `${namespace}/${name}`;
      const listeners = listenersOf(manifests, gateway) ?? [];
      const own = listeners.find((listener) => listener.name === sectionName);
      const headers = (listener: string) => policies.client(gateway, `${gateway}/${listener}`)?.proxyProtocol;
      const other = listeners.find(
        (listener) =>
          own !== undefined &&
          listener.port === own.port &&
          !isDeepStrictEqual(headers(listener.name), headers(own.name)),
      );
      if (own === undefined || other === undefined) return [];
      const target: Target = { manifest, index, name, isThere: true, field: "sectionName", there: [] };
      const message = `listener ${other.name} has port ${own.port} too and takes PROXY headers otherwise: say it of both, or give one another port`;
      return [problemAt(target, "sectionName", message)];
    });
  });
}

function listenersOf(manifests: readonly AnyManifest[], gateway: string) {
  for (const { kind, object } of manifests) {
    if (kind === "Gateway" && objectKey(object) === gateway) return object.spec.listeners ?? [];
  }
  return undefined;
}

function problemAt({ manifest, index }: Target, field: string, message: string): Problem {
  const line = manifest.lineOf(["spec", "targetRefs", index, field]);
  return { file: manifest.file, line, field: `spec.targetRefs[${index}].${field}`, message };
}
