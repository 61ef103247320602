/**
 * The proxy's end of the config stream: keeps one subscription alive for as long as the proxy lives.
 *
 * It never gives up and never touches what serves while the operator is away. What is said on a stream is inbox and
 * outbox; here is only when the next stream begins.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectError } from "@connectrpc/connect";
import type { Logger } from "../../model/log.ts";
import { NotLeaderSchema } from "../generated/control_pb.ts";
import type { ConfigApplier } from "./applier.ts";
import { BACKOFF, type Backoff, failureDelayMs, notLeaderDelayMs } from "./backoff.ts";
import type { ConnectionTiming } from "./connection.ts";
import { subscribe } from "./subscription.ts";

export interface ControlClientOptions {
  readonly log: Logger;
  /** `https://<host>:<port>` of the operator. */
  readonly url: string;
  /** The name the operator's certificate must have, when it is not the URL's host. */
  readonly serverName?: string;
  /** PEM of the CAs to trust; called at each connection, so that a rotated one is found. */
  readonly ca: () => Promise<string | Buffer>;
  /** The projected ServiceAccount token; called at each connection and when the operator asks. */
  readonly token: () => Promise<string>;
  /** Pod name. */
  readonly proxyId: string;
  readonly applier: ConfigApplier;
  readonly backoff?: Partial<Backoff>;
  readonly timing?: Partial<ConnectionTiming>;
  readonly clock?: ClientClock;
}

/** Time and chance, for tests to hold. */
export interface ClientClock {
  nowMs(): number;
  /** Rejects when aborted. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
}

export interface ControlClient {
  /** Begins; a second call does nothing. */
  start(): void;
  /** Ends the stream, and resolves when an apply under way has settled. It cannot be started again. */
  stop(): Promise<void>;
  /** Whether the operator has admitted the present stream. */
  readonly connected: boolean;
}

/** A dead operator is noticed after 15 s, as it notices a dead proxy. */
const TIMING: ConnectionTiming = { connectTimeoutMs: 10_000, pingIntervalMs: 10_000, pingTimeoutMs: 5_000 };

const CLOCK: ClientClock = {
  nowMs: () => performance.now(),
  sleep: (delayMs, signal) => sleep(delayMs, undefined, { signal }),
  random: Math.random,
};

export function createControlClient(options: ControlClientOptions): ControlClient {
  const stopping = new AbortController();
  const state: StreamState = { admittedAtMs: undefined };
  let running: Promise<void> | undefined;
  return {
    start() {
      running ??= run(options, state, stopping.signal);
    },
    async stop() {
      stopping.abort();
      await running;
    },
    get connected() {
      return state.admittedAtMs !== undefined;
    },
  };
}

interface StreamState {
  /** Undefined while there is no admitted stream. */
  admittedAtMs: number | undefined;
}

async function run(options: ControlClientOptions, state: StreamState, signal: AbortSignal): Promise<void> {
  const { log, clock = CLOCK } = options;
  const timing = { ...TIMING, ...options.timing };
  const backoff = { ...BACKOFF, ...options.backoff };
  const say = once(log);
  const onWelcome = () => {
    state.admittedAtMs = clock.nowMs();
    say("info", "subscribed to the operator");
  };
  let failures = 0;
  while (!signal.aborted) {
    const end = await subscribe({ ...options, timing, onWelcome }, signal);
    const lastedMs = clock.nowMs() - (state.admittedAtMs ?? Number.POSITIVE_INFINITY);
    state.admittedAtMs = undefined;
    if (signal.aborted) return;
    // A stream that lasted was no failure; one that is ended again and again at its first message is.
    if (lastedMs > backoff.maxMs) failures = 0;
    if (isNotLeader(end)) {
      say("debug", "this replica of the operator does not lead; trying another");
      await clock.sleep(notLeaderDelayMs(backoff, clock.random()), signal).catch(ignoreAbort);
      continue;
    }
    failures += 1;
    say("warn", "no stream to the operator; what serves now serves on", { url: options.url, reason: describe(end) });
    await clock.sleep(failureDelayMs(backoff, failures, clock.random()), signal).catch(ignoreAbort);
  }
}

function isNotLeader(error: ConnectError): boolean {
  return error.findDetails(NotLeaderSchema).length > 0;
}

/** Connect's words, with those of TLS or the system behind them, which name what to mend. */
function describe(error: ConnectError): string {
  const { cause } = error;
  const behind = cause instanceof Error && !error.message.includes(cause.message) ? `: ${cause.message}` : "";
  return `${error.message}${behind}`;
}

/** Repeats of the line before are debug lines: hours without an operator are one warning. */
function once(log: Logger) {
  let last = "";
  return (
    level: "info" | "warn" | "debug",
    message: string,
    fields: { readonly url?: string; readonly reason?: string } = {},
  ): void => {
    const line = `${message} ${fields.reason ?? ""}`;
    log[line === last ? "debug" : level](message, fields);
    last = line;
  };
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === "AbortError")) throw error;
}
