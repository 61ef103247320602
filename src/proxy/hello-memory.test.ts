/** Measures the memory of connections that have sent a maximum hello except its last byte, as resident memory of a separate process. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type net from "node:net";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { testEngines } from "../../test/wire/gateway.ts";
import { extension, helloMessage, records, serverName } from "../../test/wire/hello-bytes.ts";
import { connectTo, LOOPBACK } from "../../test/wire/sockets.ts";

const program = fileURLToPath(new URL("../../test/wire/small-gateway.ts", import.meta.url));

/** Enough connections to make other memory of the process negligible. */
const CONNECTIONS = 2_400;
const MAX_BYTES_PER_CONNECTION = 28 * 1024;
/** A quarter of the connections may wait; the linux engine shares them with the portable one. */
const MAX_CONNECTIONS = 20_000;
const TIMEOUT_MS = 120_000;
/** The linux engine releases memory 5 s after it has read its configuration. */
const TRIM_MS = 6_000;
/** Bytes of one read, as a slow client sends them. */
const PIECE_BYTES = 2_000;

const plain = helloMessage({ extensions: [serverName("a.example"), extension(21, Buffer.alloc(0))] }).length;
const hello = helloMessage({ extensions: [serverName("a.example"), extension(21, Buffer.alloc(4_096 - plain))] });
const framed = records(hello, 1);

async function startProxy(t: TestContext, engine: string): Promise<{ readonly child: ChildProcess; port: number }> {
  const args = [program, `${LOOPBACK}:1`, engine, String(MAX_CONNECTIONS), String(TIMEOUT_MS)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const [port] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, port: Number(port) };
}

function residentBytes({ pid }: ChildProcess): number {
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(resident) * 1024;
}

/** Waits until it no longer grows: all sent bytes have been read. */
async function settledBytes(child: ChildProcess): Promise<number> {
  let last = 0;
  for (let seconds = 0; seconds < 20; seconds++) {
    const now = residentBytes(child);
    if (Math.abs(now - last) < 200_000) return now;
    last = now;
    await sleep(1_000);
  }
  return last;
}

async function send(port: number, length: number): Promise<net.Socket> {
  const client = await connectTo(port);
  for (let start = 0; start < length; start += PIECE_BYTES) {
    client.write(framed.subarray(start, Math.min(start + PIECE_BYTES, length)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return client;
}

async function sendAll(count: number, port: number, length: number): Promise<net.Socket[]> {
  const clients: net.Socket[] = [];
  while (clients.length < count) {
    clients.push(...(await Promise.all(Array.from({ length: 50 }, () => send(port, length)))));
  }
  return clients;
}

testEngines(
  "a connection that waits for the last byte of a hello in records of one byte takes at most 28 KiB",
  async (t) => {
    const engine = t.name.split(":", 1)[0] ?? "";
    const { child, port } = await startProxy(t, engine);
    // A first run, so that code is compiled and heaps have their normal size.
    const first = await sendAll(50, port, framed.length - 1);
    for (const client of first) client.destroy();
    await sleep(TRIM_MS);
    const before = residentBytes(child);
    const clients = await sendAll(CONNECTIONS, port, framed.length - 1);
    const bytes = ((await settledBytes(child)) - before) / CONNECTIONS;
    t.diagnostic(`${Math.round(bytes)} bytes for each connection`);
    assert.equal(clients.filter((client) => client.readyState === "open").length, CONNECTIONS, "all are waiting");
    for (const client of clients) client.destroy();
    assert.ok(bytes > framed.length / 2, `${bytes} bytes is less than what they have sent`);
    assert.ok(bytes <= MAX_BYTES_PER_CONNECTION, `${bytes} bytes`);
  },
  process.platform !== "linux" && "procfs",
);
