/** What runs in the namespaces of dead-peers.test.ts: the gateway, and the two ends of a connection. Reports in lines. */
import net from "node:net";
import type { EngineChoice } from "../../src/proxy/engine-choices.ts";
import { ProxyMetrics } from "../../src/proxy/observe/metrics.ts";
import { createProxy } from "../../src/proxy/proxy.ts";
import { deltaBetween, route, service } from "../wire/config.ts";
import { memoryLog } from "../wire/gateway.ts";

const CHUNK = Buffer.alloc(60_000, 1);

async function gateway(engine: string, backend: string, timeoutMs: string): Promise<void> {
  const { log, lines } = memoryLog();
  const proxy = createProxy({
    log,
    metrics: new ProxyMetrics("test"),
    engine: engine as EngineChoice,
    bindAddresses: ["0.0.0.0"],
    timeOuts: { tcpUserTimeoutMs: Number(timeoutMs) },
  });
  const listener = { kind: "listener", name: "l", port: 7_000, protocol: "TCP" } as const;
  const resources = [listener, route("r", "l", ["*"], { s: 1 }), ...service("s", backend)];
  await proxy.apply(deltaBetween([], resources));
  console.log("ready");
  setInterval(() => {
    for (const { fields, message } of lines.splice(0)) {
      if (message === "connection") console.log(`ended ${fields.reason} ${fields.detail ?? ""}`);
    }
  }, 20);
}

/** One side of a connection: `talk` writes all the time and reads, `mute` does not read until its standard input says so. */
function serve(socket: net.Socket, manner: string): void {
  let received = 0;
  socket.on("error", (error: NodeJS.ErrnoException) => console.log(`error ${error.code}`));
  socket.on("end", () => console.log(`end ${received}`));
  socket.on("data", (chunk: Buffer) => {
    if (received === 0) console.log("receiving");
    received += chunk.length;
  });
  if (manner === "mute") {
    socket.pause();
    process.stdin.once("data", () => socket.resume());
  } else {
    socket.write(CHUNK);
    const writing = setInterval(() => void (socket.writableLength < 100_000 && socket.write(CHUNK)), 20);
    socket.on("close", () => clearInterval(writing));
  }
  process.stdin.on("data", (line) => {
    if (String(line) === "end\n") socket.end();
  });
}

const [role = "", ...args] = process.argv.slice(2);
const [first = "", second = "", third = ""] = args;
if (role === "gateway") await gateway(first, second, third);
else if (role === "server") {
  net.createServer({ allowHalfOpen: true }, (socket) => serve(socket, first)).listen(9_000, () => console.log("ready"));
} else {
  serve(net.connect({ host: second, port: 7_000, allowHalfOpen: true }), first);
}
