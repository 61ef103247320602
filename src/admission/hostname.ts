/**
 * What a `hostname` of a listener or route may be: an exact DNS name, or `*.` before one (Gateway API, Hostname). Whether
 * anything matches it is no question here: a hostname without a match is legal and gets a condition.
 */
import { dnsNameProblem, isAddress, LABEL } from "./dns-name.ts";

/** Why this hostname could never match a connection, and the mend; undefined when it could. */
export function hostnameProblem(hostname: string): string | undefined {
  if (hostname === "*") return 'is "*" alone; leave the hostname out to take every server name';
  const name = hostname.startsWith("*.") ? hostname.slice(2) : hostname;
  if (name.includes("*"))
    return `has a wildcard elsewhere than as its whole first label; write ${wildcardOf(hostname)}`;
  // RFC 6066, section 3: the server name of a ClientHello is never an address.
  if (isAddress(name)) return "is an IP address, which no client sends as server name; use a DNS name";
  const port = /^(.*):[0-9]+$/.exec(hostname)?.[1];
  if (port !== undefined) return `has a port; write ${port} and put the port into the listener`;
  return dnsNameProblem(name, LABEL, hostname.slice(0, hostname.length - name.length));
}

/** `foo*.example.com` most likely meant `*.example.com`. */
function wildcardOf(hostname: string): string {
  const labels = hostname.split(".");
  const last = labels.findLastIndex((label) => label.includes("*"));
  const suffix = labels.slice(last + 1).join(".");
  return suffix === "" ? "*.example.com, say" : `*.${suffix}`;
}
