/**
 * A client program, run outside the cluster: short connections begun at a fixed rate whatever becomes of the others, and long ones
 * that are opened first and talk until the end. Every one is accounted for: answered, or failed with the time and the reason.
 * Prints `{"opened": n}` once the long ones have their first answer; at the end of standard input it begins no other, waits for
 * those in the air, has each long one say a last line, and prints the account.
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type TLSSocket } from "node:tls";
import type { LoadAccount, LoadOptions, Mishap } from "./load.ts";

/** A connection that takes longer has failed: nobody waits so long for a page. */
const ANSWER_TIMEOUT_MS = 10_000;
const TALK_EVERY_MS = 500;

function open({ address, port, ca }: LoadOptions, serverName: string): { socket: TLSSocket; failed: Promise<never> } {
  const socket = connect({ host: address, port, servername: serverName, ca });
  const failed = new Promise<never>((_resolve, reject) => {
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => reject(new Error("no answer in time")));
    socket.on("error", (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? error.message)));
    socket.on("close", () => reject(new Error("closed by the peer")));
  });
  // It is raced; between two races it must not end the program.
  failed.catch(() => {});
  return { socket, failed };
}

/** One short connection: a handshake with full verification, and the backend's answer to its end. */
async function ask(options: LoadOptions): Promise<void> {
  const { socket, failed } = open(options, options.short.serverName);
  let answer = "";
  socket.setEncoding("utf8").on("data", (text) => (answer += text));
  try {
    await Promise.race([once(socket, "end"), failed]);
    if (answer === "") throw new Error("empty answer");
  } finally {
    socket.destroy();
  }
}

async function main(options: LoadOptions): Promise<void> {
  let isOver = false;
  const over = Promise.withResolvers<void>();
  process.stdin.resume().on("end", () => {
    isOver = true;
    over.resolve();
  });
  const ended: Mishap[] = [];
  const longs = Array.from({ length: options.long.connections }, () =>
    talk(options, () => isOver, over.promise, ended),
  );
  const opened = await Promise.all(longs.map((long) => long.opened));
  console.log(JSON.stringify({ opened: opened.filter(Boolean).length }));

  const failures: Mishap[] = [];
  let answered = 0;
  let lastAnswerMs = Date.now();
  let longestGap = { fromMs: lastAnswerMs, ms: 0 };
  const inTheAir = new Set<Promise<void>>();
  const closeGap = (now: number) => {
    if (now - lastAnswerMs > longestGap.ms) longestGap = { fromMs: lastAnswerMs, ms: now - lastAnswerMs };
    lastAnswerMs = now;
  };
  const begin = () => {
    const atMs = Date.now();
    const one = ask(options)
      .then(() => {
        answered++;
        closeGap(Date.now());
      })
      .catch((error: Error) => void failures.push({ atMs, reason: error.message }))
      .finally(() => inTheAir.delete(one));
    inTheAir.add(one);
  };
  const startedMs = performance.now();
  for (let begun = 0; !isOver; begun++) {
    const dueMs = startedMs + (begun * 1_000) / options.short.perSecond;
    await Promise.race([sleep(Math.max(0, dueMs - performance.now())), over.promise]);
    if (!isOver) begin();
  }
  closeGap(Date.now());
  await Promise.all(inTheAir);
  await Promise.all(longs.map((long) => long.ended));
  const account: LoadAccount = { answered, failures, longestGap, long: { opened: opened.length, ended } };
  console.log(JSON.stringify(account));
}

/** One long connection. `opened` resolves with whether it got its first answer. */
function talk(options: LoadOptions, isOver: () => boolean, over: Promise<void>, ended: Mishap[]) {
  const opened = Promise.withResolvers<boolean>();
  const { socket, failed } = open(options, options.long.serverName);
  const run = async () => {
    await Promise.race([once(socket, "secureConnect"), failed]);
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    const say = async (line: string) => {
      socket.write(`${line}\n`);
      const { done } = await Promise.race([lines.next(), failed]);
      if (done === true) throw new Error("closed by the peer");
    };
    await say("first");
    opened.resolve(true);
    while (!isOver()) {
      await say("more");
      await Promise.race([sleep(TALK_EVERY_MS), over]);
    }
    await say("last");
    socket.end();
  };
  const done = run().catch((error: Error) => {
    ended.push({ atMs: Date.now(), reason: error.message });
    opened.resolve(false);
    socket.destroy();
  });
  return { opened: opened.promise, ended: done };
}

const [argument] = process.argv.slice(2);
if (import.meta.main && argument !== undefined) {
  await main(JSON.parse(argument) as LoadOptions);
  process.exit(0);
}
