/**
 * Options of the sockets on both sides of the relay: one place, so that they are the same.
 */
import net from "node:net";
import type { TLSSocket } from "node:tls";
import type { Endpoint } from "../../model/proxy-config.ts";

/** Below the idle time-outs of the NATs and balancers in the way (AWS NLB: 350 s), above what wakes up radios. */
const KEEP_ALIVE_INITIAL_DELAY_MS = 60_000;

/** A relay adds no delay of its own (noDelay), notices dead peers, and passes on each direction's end by itself. */
export const SOCKET_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_INITIAL_DELAY_MS,
} as const;

export type Connect = (endpoint: Endpoint) => net.Socket;

export const connectTcp: Connect = ({ address, port }) =>
  net.connect({ ...SOCKET_OPTIONS, host: address, port, autoSelectFamily: false });

/** TLS with the connection that carries it. Ends and data are its own; a reset can only be the connection's. */
export type TlsOverTcp = TLSSocket & { readonly tcp: net.Socket };

export function carriedBy(socket: TLSSocket, tcp: net.Socket): TlsOverTcp {
  return Object.assign(socket, { tcp });
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
