/**
 * Version 1 of the PROXY protocol: one line of text (section 2.1). Pure.
 */
import { formatIpAddress, isIpv4, parseIpAddress } from "../../net/ip-address.ts";
import type { SocketEnd } from "./header.ts";
import type { HeaderReading } from "./read.ts";

/** Section 2.1: the longest line, "PROXY UNKNOWN" with two full IPv6 addresses and ports, its CRLF included. */
const MAX_LINE_BYTES = 107;

/** No sign, no leading zero (section 2.1). */
const PORT = /^(0|[1-9]\d{0,4})$/;

/** `bytes` begin with "PROXY ". */
export function readVersion1(bytes: Uint8Array): HeaderReading {
  const line = bytes.subarray(0, MAX_LINE_BYTES);
  const end = line.indexOf(10);
  if (end === -1) {
    return line.length < MAX_LINE_BYTES ? { state: "need_more" } : refused(`no line end in ${MAX_LINE_BYTES} octets`);
  }
  if (line[end - 1] !== 13) return refused("the line does not end with CRLF");
  const text = String.fromCharCode(...line.subarray(0, end - 1));
  const consumed = end + 1;
  const [, protocol, ...rest] = text.split(" ");
  // Whatever follows UNKNOWN is to be ignored.
  if (protocol === "UNKNOWN") return { state: "header", header: { command: "unknown", fields: {} }, consumed };
  if (protocol !== "TCP4" && protocol !== "TCP6") return refused("the protocol is not TCP4, TCP6 or UNKNOWN");
  const [sourceAddress = "", destinationAddress = "", sourcePort = "", destinationPort = "", ...more] = rest;
  const source = endOf(protocol, sourceAddress, sourcePort);
  const destination = endOf(protocol, destinationAddress, destinationPort);
  if (source === undefined || destination === undefined || more.length > 0) {
    return refused(`two ${protocol} addresses and two ports were expected`);
  }
  return { state: "header", header: { command: "proxy", source, destination, fields: {} }, consumed };
}

/** The address as every other source of addresses writes it: caps and sets that go by its text must not take one client for several. */
function endOf(protocol: "TCP4" | "TCP6", address: string, port: string): SocketEnd | undefined {
  const parsed = parseIpAddress(address);
  if (parsed === undefined || !PORT.test(port) || Number(port) > 65_535) return undefined;
  const isOfProtocol = protocol === "TCP4" ? !address.includes(":") && isIpv4(parsed) : address.includes(":");
  return isOfProtocol ? { address: formatIpAddress(parsed), port: Number(port) } : undefined;
}

function refused(detail: string): HeaderReading {
  return { state: "refused", detail: `version 1: ${detail}` };
}
