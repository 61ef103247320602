/**
 * Validates `spec.pod.patch` of GatewayParameters: rejects changes of fields that the operator and the proxies depend on, and features
 * that infra/strategic-merge.ts does not support. Kubernetes validates the rest when the Deployment is applied. Pure.
 */
import { MERGE_KEYS } from "../../infra/strategic-merge.ts";
import { PROXY_ADMIN_PORT } from "../../model/identity.ts";
import {
  CA_DIRECTORY,
  CA_VOLUME,
  NODE_ADDRESS_VARIABLE,
  POD_NAME_VARIABLE,
  POD_SELECTOR_LABELS,
  PROXY_CONTAINER,
  TOKEN_DIRECTORY,
  TOKEN_VOLUME,
} from "../../model/proxy-pod.ts";

type JsonObject = Readonly<Record<string, unknown>>;

const ROOT = "spec.pod.patch";

/** Members of the Pod's spec that a patch must not have, with the fix. */
const FIXED_IN_SPEC: Readonly<Record<string, string>> = {
  serviceAccountName: "The operator authenticates proxies by it; remove it.",
  serviceAccount: "The operator authenticates proxies by it; remove it.",
  automountServiceAccountToken: "Proxies have no rights in the API server; remove it.",
  terminationGracePeriodSeconds: "Set spec.pod.drainSeconds instead.",
};

/** Members of the proxy's container that a patch must not have, with the fix. */
const FIXED_IN_PROXY: Readonly<Record<string, string>> = {
  image: "Set spec.pod.image instead.",
  command: "Remove it.",
  args: "Set spec.pod.drainSeconds, spec.engine or spec.logging instead.",
};

/** Items of merged lists that the operator owns, by the path of the list. */
const FIXED_ITEMS: Readonly<Record<string, readonly unknown[]>> = {
  [`${ROOT}.spec.volumes`]: [CA_VOLUME, TOKEN_VOLUME],
  [`${ROOT}.spec.containers[${PROXY_CONTAINER}].env`]: [POD_NAME_VARIABLE, NODE_ADDRESS_VARIABLE],
  [`${ROOT}.spec.containers[${PROXY_CONTAINER}].volumeMounts`]: [CA_DIRECTORY, TOKEN_DIRECTORY],
  [`${ROOT}.spec.containers[${PROXY_CONTAINER}].ports`]: [PROXY_ADMIN_PORT],
};

const PROXY_PATH = `${ROOT}.spec.containers[${PROXY_CONTAINER}]`;

/** Members of a map that a patch must not have, by the path of the map. */
const FIXED_MEMBERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [`${ROOT}.spec`]: FIXED_IN_SPEC,
  [PROXY_PATH]: FIXED_IN_PROXY,
  [`${ROOT}.metadata.labels`]: Object.fromEntries(
    POD_SELECTOR_LABELS.map((label) => [label, "Pods are selected by this label; remove it."]),
  ),
};

/** Lists and maps with the operator's items or members: a patch may add to them, not remove or replace them. */
const KEPT_LISTS: ReadonlySet<string> = new Set([`${ROOT}.spec.containers`, ...Object.keys(FIXED_ITEMS)]);
const KEPT_MAPS: ReadonlySet<string> = new Set([
  ROOT,
  `${ROOT}.metadata`,
  `${ROOT}.metadata.labels`,
  `${ROOT}.spec`,
  PROXY_PATH,
]);

/** The only members that a map can have, by the path of the map. */
const KNOWN_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  [ROOT]: ["metadata", "spec"],
  [`${ROOT}.metadata`]: ["labels", "annotations"],
};

/** Returns the first problem, with its field; undefined if there is none. */
export function findPatchProblem(patch: unknown): string | undefined {
  return findProblem(patch, ROOT);
}

function findProblem(value: unknown, path: string): string | undefined {
  const isReplaced = (KEPT_MAPS.has(path) && !isObject(value)) || (KEPT_LISTS.has(path) && !Array.isArray(value));
  if (isReplaced) {
    return `${path} is ${JSON.stringify(value)}, which would replace fields that the operator sets. Write only the items or members to add or change.`;
  }
  if (Array.isArray(value)) return findListProblem(value, path);
  return isObject(value) ? findMapProblem(value, path) : undefined;
}

function findMapProblem(map: JsonObject, path: string): string | undefined {
  for (const [name, value] of Object.entries(map)) {
    const problem = findMemberProblem(path, name, value) ?? findProblem(value, `${path}.${name}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findMemberProblem(path: string, name: string, value: unknown): string | undefined {
  if (name === "$patch") {
    if (value === "replace" && !KEPT_MAPS.has(path)) return undefined;
    return `${path}.$patch is ${JSON.stringify(value)}, which is not supported here. Use delete in an item of a list, or replace in a map that the operator does not set.`;
  }
  if (name.startsWith("$")) return `${path}.${name} is not supported. Use $patch, or the list as a whole.`;
  const known = KNOWN_MEMBERS[path];
  if (known !== undefined && !known.includes(name)) {
    return `${path}.${name} is not supported. Use ${known.join(" or ")}.`;
  }
  const advice = FIXED_MEMBERS[path]?.[name];
  return advice === undefined ? undefined : `${path}.${name} cannot be changed by a patch. ${advice}`;
}

function findListProblem(list: readonly unknown[], path: string): string | undefined {
  const name = path.slice(path.lastIndexOf(".") + 1);
  const key = MERGE_KEYS[name];
  for (const [index, item] of list.entries()) {
    const problem =
      key === undefined
        ? findProblem(item, `${path}[${index}]`)
        : findItemProblem(item, key, path, `${path}[${index}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Validates a list that merges by a key. */
function findItemProblem(item: unknown, key: string, path: string, place: string): string | undefined {
  const id = isObject(item) ? item[key] : undefined;
  if (!isObject(item) || (typeof id !== "string" && typeof id !== "number")) {
    return `${place} has no ${key}, by which the list is merged. Add it.`;
  }
  const itemPath = `${path}[${id}]`;
  if (FIXED_ITEMS[path]?.includes(id) === true)
    return `${itemPath} is set by the operator and cannot be changed. Remove it.`;
  const { $patch: directive, ...rest } = item;
  const isDeleted = directive === "delete" && !KEPT_MAPS.has(itemPath);
  return findProblem(isDeleted ? rest : item, itemPath);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
