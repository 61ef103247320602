/**
 * Messages for references to Secrets and ConfigMaps that this installation does not read: it is not configured to, or the operator has
 * no right to. Pure.
 */
import { ALL_NAMESPACES } from "../../model/namespace-scope.ts";
import type { Lookups } from "../lookups.ts";

export const SECRETS_ARE_NOT_READ = "this installation reads no Secrets (--terminate=false)";

export type ReferencedKind = "Secret" | "ConfigMap";

/** Returns the message for a reference into a namespace in which this installation reads no objects of that kind. */
export function findUnreadNamespace(lookups: Lookups, kind: string, namespace: string): string | undefined {
  const read = lookups.readNamespaces(kind);
  if (read === undefined || read.has(namespace)) return undefined;
  return (
    `this installation does not read ${kind}s of namespace ${namespace}. ` +
    "Add the namespace to the chart value certificates.namespaces (--certificate-namespaces), or refer to an object of another namespace that it reads"
  );
}

/**
 * Returns the message for an object, `namespace/name`, that is not found because the operator has no right to read it. Look the object up
 * first: the lookup keeps the informer retrying, and a scope that was read before keeps its objects.
 */
export function findMissingRight(lookups: Lookups, kind: ReferencedKind, key: string): string | undefined {
  const scopes = lookups.unreadableScopes(kind);
  const namespace = key.slice(0, key.indexOf("/"));
  if (scopes.has(namespace)) {
    return (
      `${kind} ${key} cannot be read, because the operator may not list and watch ${kind}s in namespace ${namespace}. ` +
      "Grant both verbs to its ServiceAccount with a Role there, as the chart does in each namespace of certificates.namespaces or watchNamespaces"
    );
  }
  if (!scopes.has(ALL_NAMESPACES)) return undefined;
  return (
    `${kind} ${key} cannot be read, because the operator may not list and watch ${kind}s in all namespaces. ` +
    "Grant both verbs to its ServiceAccount with the ClusterRole of the chart, or set the chart value certificates.namespaces (--certificate-namespaces) to the namespaces that it may read"
  );
}
