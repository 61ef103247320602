/**
 * Real sockets on loopback for tests: servers, free ports, and waiting for what must come.
 */
import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export const LOOPBACK = "127.0.0.1";

export interface Backend {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  readonly port: number;
  readonly sockets: readonly net.Socket[];
  close(): Promise<void>;
}

/** A server that hands each connection to `serve`; half-open, so that the test decides when it ends. */
export async function startBackend(serve: (socket: net.Socket) => void, server = tcpServer()): Promise<Backend> {
  const sockets: net.Socket[] = [];
  server.on("connection", (socket: net.Socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
  });
  server.on("connection", serve);
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const close = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { address: `${LOOPBACK}:${port}`, port, sockets, close };
}

const tcpServer = () => net.createServer({ allowHalfOpen: true });

/** Sends back what it gets, and ends when the client has. */
export const startEcho = (): Promise<Backend> => startBackend((socket) => socket.pipe(socket));

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = net.createServer().listen(0, LOOPBACK);
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

export async function connectTo(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: LOOPBACK, allowHalfOpen: true, noDelay: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** All bytes until the other side ends; rejects when the connection breaks. Unlike `for await`, it destroys nothing. */
export async function readAll(socket: net.Socket): Promise<Buffer> {
  // Nothing would come of it any more, not even an error.
  if (socket.destroyed) throw socket.errored ?? new Error("closed before it was read");
  const chunks: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("end", resolve).on("error", reject).resume();
  await promise;
  return Buffer.concat(chunks);
}

/** At least this many bytes, and whatever came with them. */
export async function readSome(socket: net.Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let filled = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onData = (chunk: Buffer) => {
    chunks.push(chunk);
    filled += chunk.length;
    if (filled >= length) resolve();
  };
  const onClose = () => reject(new Error(`closed after ${filled} of ${length} bytes`));
  socket.on("data", onData).on("end", onClose).on("close", onClose);
  // No event follows if the peer's end was read before, and the caller would wait indefinitely.
  if (socket.readableEnded || socket.destroyed) onClose();
  await promise;
  socket.off("data", onData).off("end", onClose).off("close", onClose);
  return Buffer.concat(chunks);
}

/** Waits until `probe` holds; fails after 20 s, which only a broken program needs. */
export async function eventually(probe: () => boolean, what: () => string): Promise<void> {
  for (const end = performance.now() + 20_000; !probe(); await sleep(5)) {
    if (performance.now() > end) throw new Error(`did not come: ${what()}`);
  }
}
