/**
 * A client program: so many connections at a time for so long, each a TLS handshake with full verification, the backend's
 * answer to its end, and again. It counts every answer and every failure by its reason, and ends early when its standard
 * input does. Prints the count as JSON.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";

export interface ClientOptions {
  readonly address: string;
  readonly port: number;
  readonly serverName: string;
  readonly caFile: string;
  readonly concurrency: number;
  readonly seconds: number;
  /** Between two connections of one worker. */
  readonly pauseMs: number;
  /** How long a connection may be silent; 10 s when absent. */
  readonly silenceMs?: number;
}

export interface ClientCount {
  /** Connections answered in full, by the answer. */
  readonly answers: Readonly<Record<string, number>>;
  /** Connections that failed, by the reason. */
  readonly errors: Readonly<Record<string, number>>;
}

const CONNECTION_TIMEOUT_MS = 10_000;

function ask({ address, port, serverName, silenceMs }: ClientOptions, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ host: address, port, servername: serverName, ca });
    socket.setEncoding("utf8").on("data", (text) => (answer += text));
    socket.setTimeout(silenceMs ?? CONNECTION_TIMEOUT_MS, () => socket.destroy(new Error("no answer in time")));
    socket.on("error", reject);
    socket.on("end", () => resolve(answer));
    socket.on("close", () => reject(new Error("closed without an end")));
  });
}

function increment(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

async function main(options: ClientOptions): Promise<ClientCount> {
  const ca = readFileSync(options.caFile, "utf8");
  const count = { answers: {} as Record<string, number>, errors: {} as Record<string, number> };
  const deadline = performance.now() + options.seconds * 1000;
  let stopped = false;
  process.stdin.resume().on("end", () => {
    stopped = true;
  });
  const worker = async () => {
    while (!stopped && performance.now() < deadline) {
      try {
        const answer = await ask(options, ca);
        increment(answer === "" ? count.errors : count.answers, answer || "empty answer");
      } catch (error) {
        increment(count.errors, (error as Error).message);
      }
      if (options.pauseMs > 0) await sleep(options.pauseMs);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  return count;
}

const [argument] = process.argv.slice(2);
if (import.meta.main && argument !== undefined) {
  console.log(JSON.stringify(await main(JSON.parse(argument) as ClientOptions)));
  process.exit(0);
}
