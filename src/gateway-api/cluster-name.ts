/**
 * Names of cluster DNS: they would lead to Services and Pods of every namespace, past any ReferenceGrant (GEP-709), so no backend
 * may be called by one. Pure.
 */

/** The part before `.svc` is `<service>.<namespace>`, more or less; absent for other names of the cluster's own domain. */
export interface ClusterName {
  readonly service?: string;
  readonly namespace?: string;
}

/**
 * Undefined for names of hosts outside. The cluster's domain is not known here: `.svc` tells a Service's name whatever comes after
 * it, and `cluster.local` is the domain that nearly all clusters have.
 */
export function clusterName(name: string): ClusterName | undefined {
  const host = name.toLowerCase().replace(/\.$/, "");
  const [, prefix] = /^(.+?)\.svc(\.|$)/.exec(host) ?? [];
  if (prefix === undefined) return host.endsWith(".cluster.local") ? {} : undefined;
  const labels = prefix.split(".");
  const [service, namespace] = labels.length === 1 ? [labels[0]] : [labels.at(-2), labels.at(-1)];
  return { ...(service !== undefined && { service }), ...(namespace !== undefined && { namespace }) };
}
