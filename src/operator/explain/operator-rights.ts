/**
 * Reviews whether the operator's ServiceAccount may list and watch Secrets and ConfigMaps, so that a snapshot holds only the objects
 * that the operator can read. Creates SubjectAccessReviews, which the API server does not store.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { ALL_NAMESPACES } from "../../model/namespace-scope.ts";
import type { Snapshot, UnreadableScopes } from "../../model/snapshot.ts";
import { isApiError } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import type { ResourceType } from "../kube/resource.ts";

/** Where the operator reads Secrets and ConfigMaps, as its options define it. */
export interface ReadScope {
  /** False: it reads no Secrets. */
  readonly terminate: boolean;
  /** Undefined: all. */
  readonly namespaces: ReadonlySet<string> | undefined;
}

export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

const SUBJECT_ACCESS_REVIEWS: ResourceType = {
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  namespaced: false,
};

/** authorization.k8s.io/v1 SubjectAccessReview, as far as it is read. */
interface SubjectAccessReview extends KubernetesObject {
  readonly status?: { readonly allowed?: boolean };
}

/** Both are needed: the operator lists in pages where a streaming list, which is a watch, fails. */
const VERBS = ["list", "watch"];

/** Returns the scopes that the ServiceAccount may not read; undefined if this client may not review that. */
export async function findUnreadableScopes(
  client: Pick<KubeClient, "create">,
  account: ServiceAccountName,
  { namespaces, terminate }: ReadScope,
): Promise<UnreadableScopes | undefined> {
  const scopes = namespaces === undefined ? [ALL_NAMESPACES] : [...namespaces];
  const unreadable = { Secret: new Set<string>(), ConfigMap: new Set<string>() };
  try {
    for (const scope of scopes) {
      if (terminate && !(await canRead(client, account, "secrets", scope))) unreadable.Secret.add(scope);
      if (!(await canRead(client, account, "configmaps", scope))) unreadable.ConfigMap.add(scope);
    }
  } catch (error) {
    if (isApiError(error, "Forbidden")) return undefined;
    throw error;
  }
  return unreadable;
}

async function canRead(
  client: Pick<KubeClient, "create">,
  { namespace, name }: ServiceAccountName,
  resource: string,
  scope: string,
): Promise<boolean> {
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"];
  const reviews = VERBS.map((verb) =>
    client.create<SubjectAccessReview>(SUBJECT_ACCESS_REVIEWS, {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      metadata: { name: "" },
      spec: {
        user: `system:serviceaccount:${namespace}:${name}`,
        groups,
        // An empty namespace stands for all namespaces here too.
        resourceAttributes: { verb, resource, version: "v1", namespace: scope },
      },
    } as KubernetesObject),
  );
  return (await Promise.all(reviews)).every(({ status }) => status?.allowed === true);
}

/** Returns the snapshot as the operator sees it: without objects that it does not read, and with the reasons. */
export function restrictSnapshot(
  snapshot: Snapshot,
  { terminate, namespaces }: ReadScope,
  unreadable: UnreadableScopes | undefined,
): Snapshot {
  const isReadable = (kind: keyof UnreadableScopes) => (object: KubernetesObject) =>
    !unreadable?.[kind].has(object.metadata.namespace ?? "") && !unreadable?.[kind].has(ALL_NAMESPACES);
  const { secrets, configMaps, absentKinds } = snapshot;
  return {
    ...snapshot,
    secrets: terminate ? secrets.filter(isReadable("Secret")) : [],
    configMaps: configMaps.filter(isReadable("ConfigMap")),
    absentKinds: terminate ? absentKinds : new Set([...absentKinds, "Secret"]),
    ...(namespaces !== undefined && { certificateNamespaces: namespaces }),
    ...(unreadable !== undefined && { unreadable }),
  };
}
