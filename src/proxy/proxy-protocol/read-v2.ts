/**
 * Version 2 of the PROXY protocol: sixteen octets, addresses, and fields of type, length and value (section 2.2). Pure.
 */
import { formatIpAddress, fromIpv4 } from "../../net/ip-address.ts";
import { crc32c } from "./crc32c.ts";
import { type ConnectionEnds, FIELD, type HeaderFields, MAX_UNIQUE_ID_BYTES } from "./header.ts";
import type { HeaderReading } from "./read.ts";

const FIXED_BYTES = 16;
/** Far above what is in use: fields with a client's certificate are some KiB. What a peer makes us hold has to end somewhere. */
const MAX_BODY_BYTES = 16_384;

const COMMAND_LOCAL = 0;
const COMMAND_PROXY = 1;

/** Octets of both addresses and both ports, by the upper half of the fourteenth octet. */
const ADDRESS_BYTES = [0, 12, 36, 216] as const;
const FAMILY_INET = 1;
const FAMILY_INET6 = 2;
const TRANSPORT_STREAM = 1;
const TRANSPORT_DATAGRAM = 2;

/** `bytes` begin with the signature. */
export function readVersion2(bytes: Uint8Array): HeaderReading {
  if (bytes.length < FIXED_BYTES) return { state: "need_more" };
  const versionAndCommand = bytes[12] ?? 0;
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== 2) return refused("the version is not 2");
  if (command !== COMMAND_LOCAL && command !== COMMAND_PROXY) return refused("the command is not LOCAL or PROXY");
  const family = (bytes[13] ?? 0) >> 4;
  const transport = (bytes[13] ?? 0) & 0x0f;
  const addressBytes = ADDRESS_BYTES[family];
  if (addressBytes === undefined || transport > TRANSPORT_DATAGRAM) return refused("an unknown address family");
  const bodyBytes = uint16(bytes, 14);
  if (bodyBytes > MAX_BODY_BYTES) return refused(`longer than ${MAX_BODY_BYTES} octets`);
  const consumed = FIXED_BYTES + bodyBytes;
  if (bytes.length < consumed) return { state: "need_more" };
  // The receiver uses the real ends and discards the rest, the family included.
  if (command === COMMAND_LOCAL) return { state: "header", header: { command: "local" }, consumed };
  if (bodyBytes < addressBytes) return refused("shorter than its addresses");
  const fields = readFields(bytes.subarray(0, consumed), FIXED_BYTES + addressBytes);
  if (typeof fields === "string") return refused(fields);
  const ends = transport === TRANSPORT_STREAM ? endsOf(family, bytes) : undefined;
  if (ends === undefined) return { state: "header", header: { command: "unknown", fields }, consumed };
  return { state: "header", header: { command: "proxy", ...ends, fields }, consumed };
}

/** Undefined: no addresses of IP. */
function endsOf(family: number, bytes: Uint8Array): ConnectionEnds | undefined {
  if (family !== FAMILY_INET && family !== FAMILY_INET6) return undefined;
  const size = family === FAMILY_INET ? 4 : 16;
  const at = (index: number) => bytes.subarray(FIXED_BYTES + index * size, FIXED_BYTES + (index + 1) * size);
  const text = (octets: Uint8Array) => formatIpAddress(size === 4 ? fromIpv4(octets) : octets);
  const ports = FIXED_BYTES + 2 * size;
  return {
    source: { address: text(at(0)), port: uint16(bytes, ports) },
    destination: { address: text(at(1)), port: uint16(bytes, ports + 2) },
  };
}

/** The fields of a whole header from `start` on, or what is wrong with them. */
function readFields(header: Uint8Array, start: number): HeaderFields | string {
  const fields: { -readonly [Name in keyof HeaderFields]: HeaderFields[Name] } = {};
  for (let at = start; at < header.length; ) {
    if (header.length - at < 3) return "a field is cut short";
    const type = header[at];
    const value = header.subarray(at + 3, at + 3 + uint16(header, at + 1));
    if (value.length < uint16(header, at + 1)) return "a field is cut short";
    switch (type) {
      case FIELD.alpn:
        fields.alpn = Uint8Array.from(value);
        break;
      case FIELD.authority:
        fields.authority = new TextDecoder().decode(value);
        break;
      case FIELD.uniqueId:
        if (value.length === 0 || value.length > MAX_UNIQUE_ID_BYTES) return "a unique id of a forbidden length";
        fields.uniqueId = Uint8Array.from(value);
        break;
      case FIELD.crc32c:
        if (value.length !== 4 || !isChecksumRight(header, at + 3)) return "the checksum is wrong";
        break;
      default:
        // SSL with its fields within, NOOP, namespaces, and what is yet to come.
        break;
    }
    at += 3 + value.length;
  }
  return fields;
}

/** The checksum is that of the header with zeros in its own place (section 2.2.3). */
function isChecksumRight(header: Uint8Array, at: number): boolean {
  // Not slice(): of a Buffer that is the same memory.
  const zeroed = Uint8Array.from(header);
  zeroed.fill(0, at, at + 4);
  return crc32c(zeroed) === new DataView(header.buffer, header.byteOffset).getUint32(at);
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function refused(detail: string): HeaderReading {
  return { state: "refused", detail: `version 2: ${detail}` };
}
