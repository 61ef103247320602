/**
 * What a legal DNS host name is, for server names from the wire and for hostnames of the configuration.
 *
 * Pure. It judges syntax only: whether a name exists is the business of the dns room.
 */

/** RFC 1035 section 3.1: 255 octets on the wire are 253 characters of text without the trailing dot. */
const MAX_DNS_NAME_LENGTH = 253;

/**
 * Letters, digits and inner hyphens (RFC 1123 section 2.1), at most 63 octets a label. Inner and leading underscores are
 * legal in DNS (RFC 2181 section 11) and occur in names that people really use, so they pass.
 */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * Is this a lower-case host name without a trailing dot? A name whose last label is all digits is refused: it would be an
 * IPv4 address to some and a name to others (RFC 6066 section 3 allows no addresses, RFC 3696 section 2 no such name).
 */
export function isDnsName(name: string): boolean {
  if (name.length === 0 || name.length > MAX_DNS_NAME_LENGTH) return false;
  const labels = name.split(".");
  return labels.every((label) => LABEL.test(label)) && !/^[0-9]+$/.test(labels[labels.length - 1] ?? "");
}

/** Is this `*.` followed by a host name? The wildcard stands for one or more labels (Gateway API, Hostname). */
export function isWildcardName(name: string): boolean {
  return name.startsWith("*.") && isDnsName(name.slice(2));
}
