/**
 * Real TLS clients on loopback for tests.
 */
import { once } from "node:events";
import tls from "node:tls";
import { LOOPBACK } from "./sockets.ts";

/** Half-open like the sockets of these tests; Node's manual gives `allowHalfOpen` to TLS sockets, its types do not. */
type Options = tls.ConnectionOptions & { readonly allowHalfOpen?: boolean };

/** A client that has not finished its handshake; errors are left to who waits for them. */
export function dialTls(port: number, servername: string | undefined, options: Options = {}): tls.TLSSocket {
  const all: Options = {
    host: LOOPBACK,
    port,
    allowHalfOpen: true,
    ...(servername === undefined ? {} : { servername }),
    ...options,
  };
  const socket = tls.connect(all);
  socket.on("error", () => {});
  return socket;
}

/** A client whose handshake is done and whose server's certificate is verified, unless the options say otherwise. */
export async function connectTls(port: number, servername: string, options: Options = {}): Promise<tls.TLSSocket> {
  const socket = dialTls(port, servername, options);
  await once(socket, "secureConnect");
  return socket;
}

/** Code of the error that a client ends by; "" if it ends without. Reads what comes meanwhile. */
export async function endOf(socket: tls.TLSSocket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
  socket.on("end", () => socket.end());
  socket.on("close", () => resolve(""));
  socket.resume();
  return promise;
}
