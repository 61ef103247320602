/**
 * Types and defaults of the policy for hosts outside the cluster: which names backends may use, and which addresses are denied.
 * Plain data, shared by the operator, the command and the proxies.
 */

/** An administrator's policy for the hosts outside the cluster that backends name. */
export interface ExternalHostsPolicy {
  /** False: no backend may be a host outside the cluster. */
  readonly enabled: boolean;
  /** Lower-case DNS names: a host must be one of them or under one of them. Empty: every name is allowed. */
  readonly allowedNames: readonly string[];
  /** Ranges that no host may resolve to, in addition to the ranges that every proxy denies. */
  readonly deniedCidrs: readonly string[];
}

/** The administrator's denied ranges, for the proxies. A configuration without it uses `DEFAULT_DENIED_CIDRS`. At most one. */
export interface ExternalHostsResource {
  readonly kind: "externalHosts";
  readonly name: "proxy";
  readonly deniedCidrs: readonly string[];
}

/**
 * Ranges that no external host may resolve to unless an administrator sets another list. Link-local addresses and the clouds'
 * metadata services give credentials to their callers. The IPv6 ranges below lead to IPv4 addresses.
 */
export const DEFAULT_DENIED_CIDRS: readonly string[] = [
  "169.254.0.0/16", // link-local (RFC 3927), with most metadata services
  "168.63.129.16/32", // Azure, platform services of the host
  "100.100.100.200/32", // Alibaba Cloud, metadata
  "192.0.0.192/32", // Oracle Cloud, metadata
  "fe80::/10", // link-local (RFC 4291)
  "fd00:ec2::/32", // AWS, metadata and credentials of Pods
  "fd20:ce::254/128", // Google Cloud, metadata
  "fd00:c1::a9fe:a9fe/128", // Oracle Cloud, metadata
  "fd00:100::100:200/128", // Alibaba Cloud, metadata
  "fd00:42::42/128", // Scaleway, metadata
  "fd00:a9fe:a9fe::1/128", // Linode, metadata
  "64:ff9b:1::/48", // local-use NAT64 (RFC 8215)
  "2002::/16", // 6to4 (RFC 3056, RFC 7526)
  "2001::/32", // Teredo (RFC 4380)
];

export const DEFAULT_EXTERNAL_HOSTS: ExternalHostsPolicy = {
  enabled: true,
  allowedNames: [],
  deniedCidrs: DEFAULT_DENIED_CIDRS,
};
