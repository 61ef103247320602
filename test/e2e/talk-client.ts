/**
 * A client program: so many TLS connections at once, each with full verification, that say a line and wait for the answer. They
 * end then, or go on so until standard input ends, and each says a last line.
 * Prints `{"opened": n}` once all have their first answer or have failed, and the count at the end, as lines of JSON.
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";

export interface TalkOptions {
  readonly address: string;
  readonly port: number;
  readonly serverName: string;
  /** PEM, as are those that the client shows. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly connections: number;
  readonly goesOn: boolean;
}

export interface TalkCount {
  /** Connections by the server's certificate: its SHA-256 fingerprint. */
  readonly certificates: Readonly<Record<string, number>>;
  /** Lines answered, by the answer. */
  readonly answers: Readonly<Record<string, number>>;
  /** Connections that failed, by the reason. */
  readonly errors: Readonly<Record<string, number>>;
}

const ANSWER_TIMEOUT_MS = 10_000;
const PAUSE_MS = 100;

function increment(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

async function main(given: TalkOptions): Promise<void> {
  const { address: host, serverName: servername, connections, goesOn, ...options } = given;
  const certificates: Record<string, number> = {};
  const answers: Record<string, number> = {};
  const errors: Record<string, number> = {};
  let isOver = false;
  process.stdin.resume().on("end", () => {
    isOver = true;
  });

  async function talk(opened: () => void): Promise<void> {
    const socket = connect({ ...options, host, servername });
    const failed = new Promise<never>((_resolve, reject) => {
      socket.setTimeout(ANSWER_TIMEOUT_MS, () => reject(new Error("no answer in time")));
      socket.on("error", (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? error.message)));
      socket.on("close", () => reject(new Error("closed by the peer")));
    });
    // It is raced below; between two races it must not end the program.
    failed.catch(() => {});
    await Promise.race([once(socket, "secureConnect"), failed]);
    increment(certificates, socket.getPeerX509Certificate()?.fingerprint256 ?? "none");
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    const say = async (line: string) => {
      socket.write(`${line}\n`);
      const { value, done } = await Promise.race([lines.next(), failed]);
      if (done === true) throw new Error("closed by the peer");
      increment(answers, value);
    };
    await say("first");
    opened();
    while (goesOn && !isOver) {
      await say("more");
      await sleep(PAUSE_MS);
    }
    if (goesOn) await say("last");
    socket.end();
  }

  const started = Array.from({ length: connections }, () => {
    const { promise: opened, resolve } = Promise.withResolvers<void>();
    const ended = talk(resolve).catch((error: Error) => increment(errors, error.message));
    return { ended, opened: Promise.race([opened, ended]) };
  });
  await Promise.all(started.map(({ opened }) => opened));
  console.log(JSON.stringify({ opened: Object.values(certificates).reduce((sum, n) => sum + n, 0) }));
  await Promise.all(started.map(({ ended }) => ended));
  console.log(JSON.stringify({ certificates, answers, errors } satisfies TalkCount));
}

const [argument] = process.argv.slice(2);
if (import.meta.main && argument !== undefined) {
  await main(JSON.parse(argument) as TalkOptions);
  process.exit(0);
}
