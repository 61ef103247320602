/**
 * Writes PROXY headers for backends. Pure.
 */
import { formatIpAddress, type IpAddress, isIpv4, parseIpAddress } from "../../net/ip-address.ts";
import { crc32c } from "./crc32c.ts";
import { type ConnectionEnds, FIELD, type HeaderFields, MAX_UNIQUE_ID_BYTES, SIGNATURE_V2 } from "./header.ts";

export type ProxyProtocolVersion = 1 | 2;

export interface HeaderToWrite {
  readonly version: ProxyProtocolVersion;
  /** Absent: the sender speaks for itself (a health check). */
  readonly ends?: ConnectionEnds;
  /** Version 1 has no place for them, and they are left out. */
  readonly fields?: HeaderFields;
}

const FIXED_BYTES = 16;
const CHECKSUM_BYTES = 3 + 4;
const encoder = new TextEncoder();

/** @throws RangeError when an address is none or a field does not fit: whoever calls has it from a socket or from a reader. */
export function writeProxyHeader({ version, ends, fields = {} }: HeaderToWrite): Uint8Array {
  const addresses = ends === undefined ? undefined : addressesOf(ends);
  if (version === 1) return writeVersion1(addresses);
  return writeVersion2(addresses, fields);
}

interface Addresses {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Both are of IPv4. One of each is written as two of IPv6, the other mapped. */
  readonly isIpv4: boolean;
}

function addressesOf({ source, destination }: ConnectionEnds): Addresses {
  const from = parseIpAddress(source.address);
  const to = parseIpAddress(destination.address);
  if (from === undefined || to === undefined) throw new RangeError("an end of a connection has no IP address");
  return {
    source: from,
    destination: to,
    sourcePort: source.port,
    destinationPort: destination.port,
    isIpv4: isIpv4(from) && isIpv4(to),
  };
}

function writeVersion1(addresses: Addresses | undefined): Uint8Array {
  if (addresses === undefined) return encoder.encode("PROXY UNKNOWN\r\n");
  const { source, destination, sourcePort, destinationPort } = addresses;
  const protocol = addresses.isIpv4 ? "TCP4" : "TCP6";
  const text = (address: IpAddress) => {
    const written = formatIpAddress(address);
    return !addresses.isIpv4 && isIpv4(address) ? `::ffff:${written}` : written;
  };
  return encoder.encode(`PROXY ${protocol} ${text(source)} ${text(destination)} ${sourcePort} ${destinationPort}\r\n`);
}

function writeVersion2(addresses: Addresses | undefined, fields: HeaderFields): Uint8Array {
  const tail = addresses === undefined ? [] : fieldsOf(fields);
  const size = addresses === undefined ? 0 : addresses.isIpv4 ? 4 : 16;
  const addressBytes = addresses === undefined ? 0 : 2 * size + 4;
  // A checksum is of use where there is something that nobody else checks.
  const checksumBytes = tail.length === 0 ? 0 : CHECKSUM_BYTES;
  const body = addressBytes + tail.reduce((sum, { value }) => sum + 3 + value.length, 0) + checksumBytes;
  if (body > 0xffff) throw new RangeError("the fields of a PROXY header are too long");
  const header = new Uint8Array(FIXED_BYTES + body);
  const view = new DataView(header.buffer);
  header.set(SIGNATURE_V2);
  header[12] = addresses === undefined ? 0x20 : 0x21;
  header[13] = addresses === undefined ? 0 : addresses.isIpv4 ? 0x11 : 0x21;
  view.setUint16(14, body);
  if (addresses === undefined) return header;
  header.set(addresses.source.subarray(16 - size), FIXED_BYTES);
  header.set(addresses.destination.subarray(16 - size), FIXED_BYTES + size);
  view.setUint16(FIXED_BYTES + 2 * size, addresses.sourcePort);
  view.setUint16(FIXED_BYTES + 2 * size + 2, addresses.destinationPort);
  let at = FIXED_BYTES + addressBytes;
  for (const { type, value } of tail) {
    header[at] = type;
    view.setUint16(at + 1, value.length);
    header.set(value, at + 3);
    at += 3 + value.length;
  }
  if (checksumBytes === 0) return header;
  header[at] = FIELD.crc32c;
  view.setUint16(at + 1, 4);
  view.setUint32(at + 3, crc32c(header));
  return header;
}

function fieldsOf({ alpn, authority, uniqueId }: HeaderFields): { type: number; value: Uint8Array }[] {
  if (uniqueId !== undefined && (uniqueId.length === 0 || uniqueId.length > MAX_UNIQUE_ID_BYTES)) {
    throw new RangeError(`a unique id has 1 to ${MAX_UNIQUE_ID_BYTES} octets`);
  }
  return [
    ...(alpn === undefined ? [] : [{ type: FIELD.alpn, value: alpn }]),
    ...(authority === undefined ? [] : [{ type: FIELD.authority, value: encoder.encode(authority) }]),
    ...(uniqueId === undefined ? [] : [{ type: FIELD.uniqueId, value: uniqueId }]),
  ];
}
