/**
 * A name server on loopback over UDP (RFC 1035), for tests that use the real resolver.
 */
import dgram from "node:dgram";
import { once } from "node:events";
import { bytes, uint16 } from "./hello-bytes.ts";
import { LOOPBACK } from "./sockets.ts";

/** Records by type, or the response code; `silent`: no answer at all. */
export type Zone = Readonly<
  Record<
    string,
    { readonly A?: string; readonly AAAA?: string; readonly ttl?: number; readonly rcode?: number } | "silent"
  >
>;

const TYPE_A = 1;
const TYPE_AAAA = 28;
const NXDOMAIN = 3;

export async function startDnsServer(zone: Zone): Promise<{ server: string; close(): void }> {
  const socket = dgram.createSocket("udp4");
  socket.on("message", (query, from) => {
    const { name, end } = questionName(query);
    const type = query.readUInt16BE(end);
    const entry = zone[name] ?? { rcode: NXDOMAIN };
    if (entry === "silent") return;
    const address = type === TYPE_A ? entry.A : type === TYPE_AAAA ? entry.AAAA : undefined;
    const data = address === undefined ? undefined : rawAddress(address);
    const header = bytes(
      query.subarray(0, 2),
      0x81,
      0x80 | (entry.rcode ?? 0),
      uint16(1),
      uint16(data ? 1 : 0),
      uint16(0),
      uint16(0),
    );
    const answer = data
      ? bytes(0xc0, 12, uint16(type), uint16(1), uint16(0), uint16(entry.ttl ?? 60), uint16(data.length), data)
      : bytes();
    socket.send(bytes(header, query.subarray(12, end + 4), answer), from.port, from.address);
  });
  socket.bind(0, LOOPBACK);
  await once(socket, "listening");
  return { server: `${LOOPBACK}:${socket.address().port}`, close: () => socket.close() };
}

function questionName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

/** IPv4, or IPv6 with all eight groups written out. */
function rawAddress(address: string): Buffer {
  return address.includes(":")
    ? bytes(...address.split(":").map((group) => uint16(Number.parseInt(group, 16))))
    : bytes(...address.split(".").map(Number));
}
