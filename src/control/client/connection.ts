/**
 * One HTTP/2 connection over TLS 1.3 to the operator, new for each try: the Service may lead to another replica, and the
 * CA may have changed. The server's certificate is verified against that CA and the name in the URL.
 *
 * Connect's own session manager pools and reopens; it also stops listening for errors when it is aborted, and one that
 * Node raises after that ends the process.
 */
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { isIP } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ConnectTransportOptions } from "@connectrpc/connect-node";
import { type PingTiming, pingOrDestroy } from "../ping.ts";

export interface ConnectionOptions {
  /** `https://<host>:<port>`. */
  readonly url: string;
  /** The name the certificate must have, when it is not the URL's host. */
  readonly serverName?: string;
  readonly timing: ConnectionTiming;
}

export interface ConnectionTiming extends PingTiming {
  readonly connectTimeoutMs: number;
}

type Http2TransportOptions = Extract<ConnectTransportOptions, { httpVersion: "2"; sessionManager?: unknown }>;
export type SessionManager = NonNullable<Http2TransportOptions["sessionManager"]>;

export interface Connection {
  readonly sessionManager: SessionManager;
  close(): void;
}

/** Resolves when TLS and HTTP/2 are up; rejects with ConnectError. */
export async function connect(
  { url, serverName, timing }: ConnectionOptions,
  ca: string | Buffer,
  signal: AbortSignal,
): Promise<Connection> {
  const { origin, hostname: bracketed, port } = new URL(url);
  const hostname = bracketed.replace(/^\[|\]$/g, "");
  const servername = serverName ?? (isIP(hostname) === 0 ? hostname : undefined);
  const socket = connectTls({
    host: hostname,
    port: Number(port),
    ca,
    minVersion: "TLSv1.3",
    ALPNProtocols: ["h2"],
    ...(servername !== undefined && { servername }),
  });
  const session = connectHttp2(origin, { createConnection: () => socket });
  await established(session, socket, timing.connectTimeoutMs, signal);
  pingOrDestroy(session, timing);
  const sessionManager: SessionManager = {
    authority: origin,
    request: async (method, path, headers, options) =>
      session.request({ ...headers, ":method": method, ":path": path }, options),
    // Pings are not spared for a byte that was read: they are small and rare.
    notifyResponseByteRead: () => {},
  };
  return { sessionManager, close: () => session.destroy() };
}

/**
 * Destroys the socket, not the session: Node destroys a session only after its socket has connected, and an unresponsive host
 * keeps it connecting for about two minutes.
 */
async function established(
  session: ClientHttp2Session,
  socket: TLSSocket,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const up = Promise.withResolvers<void>();
  session.once("connect", () => up.resolve());
  // For the session's whole life: its streams tell the same to those who wait.
  session.on("error", (error) => up.reject(ConnectError.from(error, Code.Unavailable)));
  session.once("close", () => up.reject(new ConnectError("the connection was closed", Code.Unavailable)));
  const stop = () => socket.destroy();
  const late = setTimeout(() => socket.destroy(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    await up.promise;
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", stop);
  }
}
