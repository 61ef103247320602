/**
 * An address on loopback that does not answer, which loopback by itself never does: a socket that listens, whose queue is full.
 * The kernel drops every further SYN, as a network does that swallows them.
 */
import { readFileSync } from "node:fs";
import { errnoSentence } from "../../src/proxy/linux/errno.ts";
import { type Libc, loadLibc } from "../../src/proxy/linux/libc.ts";
import { encodeSocketAddress, SOCKET_ADDRESS_BYTES } from "../../src/proxy/linux/socket-address.ts";
import { freePorts, LOOPBACK } from "./sockets.ts";

export interface Blackhole {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  readonly port: number;
  /** How many connections to it are being tried. */
  attempts(): number;
  close(): void;
}

/** Why there can be none here; false: there can. */
export function noBlackhole(): string | false {
  const loaded = loadLibc();
  return "problem" in loaded ? loaded.problem : false;
}

export async function startBlackhole(host = LOOPBACK, at?: number): Promise<Blackhole> {
  const loaded = loadLibc();
  if ("problem" in loaded) throw new Error(loaded.problem);
  const { libc } = loaded;
  const [free = 0] = await freePorts(1);
  const port = at ?? free;
  const listening = succeed(libc.socket(4));
  withAddress(libc, host, port, (address, length) => succeed(libc.bind(listening, address, length)));
  // A queue of nought has room for one.
  succeed(libc.listen(listening, 0));
  const filler = succeed(libc.socket(4));
  withAddress(libc, host, port, (address, length) => libc.connect(filler, address, length));
  return {
    address: `${host}:${port}`,
    port,
    attempts: () => synSent(port),
    close: () => {
      libc.close(filler);
      libc.close(listening);
    },
  };
}

function withAddress<T>(
  libc: Libc,
  host: string,
  port: number,
  use: (memory: ReturnType<Libc["allocate"]>, length: number) => T,
): T {
  const encoded = encodeSocketAddress(host, port);
  if (encoded === undefined) throw new Error(`${host} is no address`);
  const memory = libc.allocate(SOCKET_ADDRESS_BYTES);
  memory.bytes.set(encoded);
  return use(memory, encoded.length);
}

function succeed(result: number): number {
  if (result < 0) throw new Error(errnoSentence(-result));
  return result;
}

/** Sockets of this machine in SYN_SENT, 02, towards this port (proc_net_tcp.txt of the kernel's documentation). */
function synSent(port: number): number {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readFileSync("/proc/net/tcp", "utf8").trim().split("\n").slice(1);
  return rows.filter((row) => {
    const [, , to = "", state] = row.trim().split(/\s+/);
    return to.endsWith(remote) && state === "02";
  }).length;
}
