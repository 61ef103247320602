/**
 * Parses the argument of `fsm-gateway explain`: a server name, `name:port`, a URL of https, or `-`. Pure. The name is validated by the
 * function that the proxies use, so that explain never answers for a name that a proxy rejects.
 */
import { isIpAddress } from "../net/ip-address.ts";
import { parseServerName } from "../proxy/tls/server-name.ts";

export type ServerNameArgument =
  /** `serverName`: undefined for a client that sends none. */
  { readonly serverName: string | undefined; readonly port?: number } | { readonly problem: string };

const NO_NAME_HINT = "use - for a client that sends no server name";

export function parseServerNameArgument(text: string): ServerNameArgument {
  if (text === "-") return { serverName: undefined };
  const url = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<authority>[^/?#]*)/i.exec(text)?.groups;
  if (url === undefined) return parseNameAndPort(text, text);
  const { scheme = "", authority = "" } = url;
  if (!/^(https|wss|tls)$/i.test(scheme)) {
    return { problem: `"${text}": a client of ${scheme}:// sends no server name; name the host, or ${NO_NAME_HINT}` };
  }
  return parseNameAndPort(authority.slice(authority.lastIndexOf("@") + 1), text);
}

function parseNameAndPort(text: string, argument: string): ServerNameArgument {
  const { host = text, port } = /^(?<host>[^:]*|\[[^\]]*\]):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  const serverName = parseServerName(host);
  if (serverName === undefined) return { problem: `"${argument}" is not a server name: ${explainInvalidName(host)}` };
  if (port === undefined) return { serverName };
  if (Number(port) < 1 || Number(port) > 65_535)
    return { problem: `"${argument}": port ${port} is not between 1 and 65535` };
  return { serverName, port: Number(port) };
}

/** Returns why proxies reject the name, with a hint. */
function explainInvalidName(host: string): string {
  if (host === "") return `it is empty; ${NO_NAME_HINT}`;
  if (isIpAddress(host.replace(/^\[(.*)\]$/, "$1"))) return `clients send no IP addresses (RFC 6066); ${NO_NAME_HINT}`;
  if (/^\d+$/.test(host)) return `a number is not a host name; use --port ${host} for a port`;
  if (host.startsWith("*.")) return `it is a pattern; name one host, such as www${host.slice(1)}`;
  const ascii = /\P{ASCII}/u.test(host) ? parseServerName(toPunycode(host)) : undefined;
  if (ascii !== undefined) return `clients send it as ${ascii}`;
  return "proxies reject a client that sends it (invalid_sni); labels of letters, digits, - and _ are separated by single dots";
}

/** Returns the host as clients encode it (IDNA); an empty text if it cannot be encoded. */
function toPunycode(host: string): string {
  return URL.parse(`https://${host}`)?.hostname ?? "";
}
