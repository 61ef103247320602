/**
 * Applies a strategic merge patch to a Pod template (Kubernetes, "Update API Objects in Place Using kubectl patch"): maps merge by
 * member, null removes a member, lists with a merge key merge by it, other lists are replaced. Supports two directives:
 * `$patch: replace` in a map and `$patch: delete` in a list's item. Pure.
 */

type JsonObject = Readonly<Record<string, unknown>>;

/** The `patchMergeKey` of the lists of core/v1 PodSpec and Container that have the patch strategy "merge". */
export const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  volumes: "name",
  imagePullSecrets: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
  schedulingGates: "name",
  resourceClaims: "name",
  claims: "name",
  env: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  ports: "containerPort",
};

const DIRECTIVE = "$patch";

export function mergeStrategically(original: JsonObject, patch: JsonObject): JsonObject {
  if (patch[DIRECTIVE] === "replace") return withoutDirective(patch);
  const merged: Record<string, unknown> = { ...original };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergeMember(name, merged[name], value);
  }
  return merged;
}

function mergeMember(name: string, original: unknown, patch: unknown): unknown {
  if (isObject(patch)) return mergeStrategically(isObject(original) ? original : {}, patch);
  const key = Array.isArray(patch) ? MERGE_KEYS[name] : undefined;
  if (key === undefined || !Array.isArray(patch)) return patch;
  return mergeItems(Array.isArray(original) ? original : [], patch, key);
}

/** Existing items keep their positions; new ones are appended. */
function mergeItems(original: readonly unknown[], patch: readonly unknown[], key: string): readonly unknown[] {
  const items = [...original];
  for (const item of patch) {
    if (!isObject(item)) continue;
    const index = items.findIndex((one) => isObject(one) && one[key] === item[key]);
    if (item[DIRECTIVE] === "delete") {
      if (index >= 0) items.splice(index, 1);
    } else if (index >= 0) {
      items[index] = mergeStrategically(items[index] as JsonObject, item);
    } else {
      items.push(mergeStrategically({}, item));
    }
  }
  return items;
}

function withoutDirective({ [DIRECTIVE]: _, ...rest }: JsonObject): JsonObject {
  return rest;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
