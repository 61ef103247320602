/**
 * Options of the sockets on both sides of the relay: one place, so that they are the same.
 */
import net from "node:net";
import type { TLSSocket } from "node:tls";
import type { Endpoint } from "../../model/proxy-config.ts";
import type { TcpReading } from "./dead-peer.ts";

/**
 * When TCP asks a silent peer whether it is still there, unless the configuration says so: below the idle time-outs of the
 * NATs and balancers in the way (AWS NLB: 350 s), above what wakes up radios.
 */
export const KEEP_ALIVE_INITIAL_DELAY_MS = 60_000;
/** Probes without a response after which the kernel closes the connection. */
export const KEEP_ALIVE_PROBES = 6;
/**
 * Keep-alive is switched on when a connection has lasted: most end sooner, and are spared the calls and the kernel's timers.
 * Silence before that counts: the kernel asks when it last heard of the peer.
 */
export const KEEP_ALIVE_AFTER_MS = 15_000;

/** A relay passes on each direction's end by itself. */
export const SOCKET_OPTIONS = { allowHalfOpen: true } as const;

/**
 * A relay adds no delay of its own: TCP_NODELAY is set before the second write of a socket. Nothing is in flight before the
 * first, so that Nagle's algorithm does not hold it back; where its last segment must wait for the segments before it (RFC 896;
 * Linux waits for short ones only), the option is set at once.
 */
export const IS_FIRST_WRITE_PROMPT = process.platform === "linux";

/** `onread`: the memory to read into instead of Node's, and who hears of it. A connect of another kind may ignore it. */
export type Connect = (endpoint: Endpoint, onread?: net.OnReadOpts) => net.Socket;

export const connectTcp: Connect = ({ address, port }, onread) =>
  net.connect({ allowHalfOpen: true, autoSelectFamily: false, host: address, port, ...(onread && { onread }) });

/** Socket operations that Node lacks, by means of the operating system. They skip closed sockets. */
export interface KernelSockets {
  /** Undefined: the state is not available. */
  read(socket: net.Socket): TcpReading | undefined;
  /** The urgent byte stays in the stream (tcp(7), SO_OOBINLINE). */
  keepUrgentInline(socket: net.Socket): void;
}

/** TLS with the connection that carries it. Ends and data are its own; a reset can only be the connection's. */
export type TlsOverTcp = TLSSocket & { readonly tcp: net.Socket };

export function carriedBy(socket: TLSSocket, tcp: net.Socket): TlsOverTcp {
  return Object.assign(socket, { tcp });
}

/** Not TLS over it. */
export function isPlainTcp(socket: net.Socket | TlsOverTcp): boolean {
  return !("tcp" in socket);
}

/**
 * Ends a socket by RST, so that its peer knows that bytes may be missing. While its shutdown is under way libuv cannot
 * reset it (uv_tcp_close_reset answers EINVAL, and Node then keeps the descriptor for good), so it is closed.
 */
export function abort(socket: net.Socket | TlsOverTcp): void {
  if (socket.destroyed) return;
  const tcp = "tcp" in socket ? socket.tcp : socket;
  const isShuttingDown = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (tcp.connecting || isShuttingDown) tcp.destroy();
  else tcp.resetAndDestroy();
}

export function errorCode(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
