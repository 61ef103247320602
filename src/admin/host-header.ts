/**
 * Whether a Host header is one that DNS rebinding cannot produce. Pure.
 *
 * A web page can make its own DNS name resolve to 127.0.0.1, so that a browser on this machine reads the admin port for it. The
 * Host header then holds that name: browsers set the header, and pages cannot change it.
 */
import { isIP } from "node:net";

const LOCALHOST = "localhost";
/** An address in brackets, or what stands before the port. */
const HOST_AND_PORT = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/;

/** True for `localhost`, for IP addresses, and for no header at all, which HTTP/1.0 allows and browsers never do. */
export function isAddressOrLocalhost(header: string | undefined): boolean {
  if (header === undefined) return true;
  const [, inBrackets, plain = ""] = HOST_AND_PORT.exec(header) ?? [];
  if (inBrackets !== undefined) return isIP(inBrackets) === 6;
  return isIP(plain) === 4 || plain.toLowerCase() === LOCALHOST;
}
