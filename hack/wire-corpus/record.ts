/**
 * Runs a client against loopback and gives back the ClientHello that it sent last, as it came over the wire.
 *
 * Owns the sockets and the client's process. Every wait is bounded.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { readHello } from "../../src/proxy/tls/hello-parser.ts";
import { certificateFor } from "../../test/wire/certificate.ts";
import type { Variant } from "./clients.ts";

const CLIENT_TIME_OUT_MS = 40_000;

/** A client that is done ends by itself by then, and a server's tickets have arrived. */
const QUIET_MS = 200;

interface Connection {
  readonly client: net.Socket;
  readonly chunks: Buffer[];
}

/** `fill` puts the port into the commands. Throws when no hello came. */
export async function record(variant: Variant, fill: (argument: string, port: number) => string): Promise<Buffer> {
  const server = variant.server === undefined ? undefined : await answering(variant.server);
  const connections: Connection[] = [];
  const recorded = new AbortController();
  const recorder = net.createServer((client) => {
    const chunks: Buffer[] = [];
    connections.push({ client, chunks });
    client.on("error", () => {});
    client.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      if (server === undefined && readHello(bytes, bytes.length).state !== "need_more") recorded.abort();
    });
    if (server !== undefined) passOn(client, server.port);
  });
  recorder.listen(0, "127.0.0.1");
  await once(recorder, "listening");
  const { port } = recorder.address() as net.AddressInfo;
  try {
    for (const command of variant.commands) {
      const filled = command.map((argument) => fill(argument, port));
      await run(filled, recorded.signal);
    }
  } finally {
    for (const { client } of connections) client.destroy();
    recorder.close();
    await once(recorder, "close");
    server?.close();
  }
  const flights = connections.map(({ chunks }) => Buffer.concat(chunks)).filter((flight) => flight.length > 0);
  const flight = server === undefined ? flights[0] : flights.at(-1);
  if (flight === undefined) throw new Error("the client sent no hello");
  return variant.server === "one that asks for another key share" ? secondHello(flight) : hello(flight);
}

function passOn(client: net.Socket, port: number): void {
  const upstream = net.connect(port, "127.0.0.1");
  upstream.on("error", () => client.destroy());
  client.on("close", () => upstream.destroy());
  client.pipe(upstream).pipe(client);
}

/** Resolves when the program has ended; it is made to when what was wanted of it is there, or when its time is over. */
async function run([file = "", ...args]: readonly string[], recorded: AbortSignal): Promise<void> {
  const child = spawn(file, args, { stdio: ["pipe", "ignore", "ignore"], timeout: CLIENT_TIME_OUT_MS });
  child.stdin.on("error", () => {});
  const end = () => setTimeout(() => child.kill(), QUIET_MS);
  recorded.addEventListener("abort", end);
  await once(child, "exit");
  recorded.removeEventListener("abort", end);
}

/** The records of the first hello, without what follows them. */
function hello(flight: Buffer): Buffer {
  for (let length = 1; length <= flight.length; length++) {
    const { state } = readHello(flight, length);
    if (state === "refused") break;
    if (state === "hello") return flight.subarray(0, length);
  }
  throw new Error(`the client sent no hello: ${flight.toString("hex", 0, 64)}`);
}

/** The hello after a HelloRetryRequest, behind the change_cipher_spec that means nothing (RFC 8446 appendix D.4). */
function secondHello(flight: Buffer): Buffer {
  let rest = flight.subarray(hello(flight).length);
  if (rest[0] === 20) rest = rest.subarray(5 + rest.readUInt16BE(3));
  return hello(rest);
}

interface AnsweringServer {
  readonly port: number;
  close(): void;
}

async function answering(kind: NonNullable<Variant["server"]>): Promise<AnsweringServer> {
  const { cert, key } = await certificateFor("a.example");
  const server = tls.createServer({
    cert,
    key,
    ...(kind === "one that asks for another key share" ? { ecdhCurve: "P-521" } : {}),
  });
  server.on("secureConnection", (socket) => {
    socket.on("error", () => {});
    // The tickets are behind the handshake.
    setTimeout(() => socket.end(), QUIET_MS);
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as net.AddressInfo).port, close: () => server.close() };
}
