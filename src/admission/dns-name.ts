/**
 * DNS names as Kubernetes writes them (RFC 1123 subdomains: lower case, digits, hyphens, dots), and addresses that look like
 * one. Pure string work shared by the rules for hostnames and backends; asks no resolver.
 */

/** RFC 1035, section 2.3.4: 255 octets on the wire, which leaves 253 characters of text. */
const MAX_NAME_CHARACTERS = 253;
const MAX_LABEL_CHARACTERS = 63;

export const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** Underscores occur in names of real hosts (RFC 2181, section 11), though Kubernetes takes none in its own. */
export const HOST_LABEL = /^[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?$/;

/**
 * Returns what keeps `name` from being a lower-case DNS name, and how to fix it; undefined for a valid one. `prefix`: what the object has
 * before the name, such as `*.`; a suggested text has it too.
 */
export function dnsNameProblem(name: string, labelForm: RegExp = LABEL, prefix = ""): string | undefined {
  if (name.length > MAX_NAME_CHARACTERS)
    return `has ${name.length} characters; a DNS name has ${MAX_NAME_CHARACTERS} at most`;
  if (name !== name.toLowerCase()) return `must be in lower case: ${prefix}${name.toLowerCase()}`;
  if (name.endsWith(".")) return `must not end with a dot: ${prefix}${name.replace(/\.+$/, "")}`;
  for (const label of name.split(".")) {
    if (label.length > MAX_LABEL_CHARACTERS) return `has a label of more than ${MAX_LABEL_CHARACTERS} characters`;
    if (!labelForm.test(label)) return "is no DNS name: labels of letters, digits and inner hyphens, joined by dots";
  }
  return undefined;
}

/**
 * Whether resolvers take the text for an address. Not only dotted quads: inet_aton also reads `127.1` and `0x7f.1`, so a name
 * whose last label is a number is an address and never a host (WHATWG URL, "ends in a number").
 */
export function isAddress(text: string): boolean {
  const bare = text.replace(/^\[(.*)\]$/, "$1");
  if (bare.split(":").length > 2 && /^[0-9a-f:.]+(%.+)?$/i.test(bare)) return true;
  return /(^|\.)([0-9]+|0x[0-9a-f]*)\.?$/i.test(bare) && bare.includes(".");
}
