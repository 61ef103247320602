/**
 * Clients of the Gateway: a ClientHello in, the backend's answer out. No TLS handshake follows, for the Gateway has done its
 * work when the backend answers, and the machine has better uses for its time.
 */
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { helloFor } from "../../test/wire/hello-bytes.ts";

export interface Target {
  readonly address: string;
  readonly port: number;
  readonly serverName: string;
}

/** As long as people wait: below it, a machine with more work than processors would be taken for a failure of the Gateway. */
const CONNECTION_TIMEOUT_MS = 10_000;
/**
 * Between two attempts: a refusal comes at once, and each attempt takes a millisecond or two of a processor that those need who bring about what
 * is waited for. What is measured is longer by as much at most.
 */
const PAUSE_MS = 3;

/** The backend's whole answer; rejects when there is none. */
export function ask({ address, port, serverName }: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const options = { host: address, port, allowHalfOpen: true };
    const socket = net.connect(options, () => socket.write(helloFor(serverName)));
    socket.setTimeout(CONNECTION_TIMEOUT_MS, () => socket.destroy(new Error("timed out")));
    socket.setEncoding("latin1").on("data", (text) => {
      answer += text;
    });
    // A connection that ended in order is remembered by the one who ended it first, the proxy, for a minute. A later one that the
    // node's masquerading gives the same port is then taken for a late piece of it, and its SYN is dropped (PAWSTimewait).
    socket.on("end", () => socket.resetAndDestroy());
    socket.on("error", reject);
    socket.on("close", () => (answer === "" ? reject(new Error("closed without an answer")) : resolve(answer)));
  });
}

/** How long it takes from `sinceMs` until a connection is answered with `answer`. @throws Error when it takes too long. */
export async function untilAnswered(
  target: Target,
  answer: string,
  sinceMs: number,
  limitMs = 30_000,
): Promise<number> {
  let last = "nothing";
  while (performance.now() - sinceMs < limitMs) {
    const got = await ask(target).catch((error: Error) => error.message);
    if (got === answer) return performance.now() - sinceMs;
    last = got;
    await sleep(PAUSE_MS);
  }
  throw new Error(`${target.serverName}: not answered with ${answer} within ${limitMs} ms, but with ${last}`);
}

export interface Traffic {
  /** Ends it. */
  stop(): Promise<TrafficCount>;
}

export interface TrafficCount {
  readonly answered: number;
  /** When connections failed (`performance.now()`), and why. */
  readonly failures: readonly { readonly atMs: number; readonly why: string }[];
}

/** Connections without a pause, so many at a time. */
export function startTraffic(target: Target, concurrency: number, isGood: (answer: string) => boolean): Traffic {
  const state = { answered: 0, failures: [] as TrafficCount["failures"][number][], over: false };
  const fail = (why: string) => void state.failures.push({ atMs: performance.now(), why });
  const worker = async () => {
    while (!state.over) {
      const answer = await ask(target).catch((error: Error) => fail(error.message));
      if (answer === undefined) continue;
      if (isGood(answer)) state.answered++;
      else fail(`answered by ${answer}`);
    }
  };
  const workers = Array.from({ length: concurrency }, worker);
  return {
    stop: async () => {
      state.over = true;
      await Promise.all(workers);
      return { answered: state.answered, failures: state.failures };
    },
  };
}
