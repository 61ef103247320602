/**
 * One connection's way to a backend: tries endpoints in order until one answers.
 *
 * Nothing is sent here, so a failed attempt costs nobody a byte and the next endpoint may be tried. After the first byte
 * there is no second try: that is the relay's part, and it never dials.
 */
import type net from "node:net";
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Endpoint } from "../../model/proxy-config.ts";
import type { DialFeedback } from "../balance/feedback.ts";
import type { Clock } from "../clock.ts";
import { type Connect, errorCode } from "./socket-options.ts";

export type DialFailure = Extract<
  ConnectionReason,
  "backend_refused" | "backend_timeout" | "backend_unreachable" | "backend_reset" | "connection_limit"
>;

export type DialOutcome =
  /** `beganAtMs`: when the attempt began that succeeded. */
  | { readonly socket: net.Socket; readonly endpoint: Endpoint; readonly beganAtMs: number }
  | { readonly failure: DialFailure; readonly endpoint: Endpoint; readonly message: string };

export interface DialOptions {
  /** At least one. */
  readonly candidates: readonly Endpoint[];
  readonly connectMs: number;
  /** Begin the next attempt after this even when the one before is still open; absent: only when that has failed. */
  readonly attemptDelayMs?: number;
  readonly connect: Connect;
  readonly clock: Clock;
  /** Of the attempt that succeeds everything but its end is told: that comes with the connection's. */
  readonly feedback?: DialFeedback;
}

interface Attempt {
  readonly endpoint: Endpoint;
  readonly cancelTimeOut: () => void;
}

export class Dial {
  readonly outcome: Promise<DialOutcome>;
  readonly #options: DialOptions;
  /** Attempts without an answer yet. */
  readonly #open = new Map<net.Socket, Attempt>();
  #next = 0;
  #cancelDelay: () => void = () => {};
  #settle: (outcome: DialOutcome) => void = () => {};

  constructor(options: DialOptions) {
    this.#options = options;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#tryNext();
  }

  /** Gives up every attempt. The outcome, if it has not come, never comes. */
  cancel(): void {
    this.#cancelDelay();
    for (const [socket, { endpoint, cancelTimeOut }] of this.#open) {
      cancelTimeOut();
      socket.destroy();
      this.#options.feedback?.ended(endpoint);
    }
    this.#open.clear();
    this.#next = this.#options.candidates.length;
  }

  #tryNext(): void {
    this.#cancelDelay();
    const { candidates, clock, connect, connectMs, attemptDelayMs, feedback } = this.#options;
    const endpoint = candidates[this.#next++];
    if (endpoint === undefined) return;
    const beganAtMs = clock.now();
    const socket = connect(endpoint);
    const timeOut = () => this.#fail(socket, endpoint, "backend_timeout", `no answer within ${connectMs} ms`);
    feedback?.begun(endpoint);
    this.#open.set(socket, { endpoint, cancelTimeOut: clock.after(connectMs, timeOut) });
    socket.on("error", (error) => this.#fail(socket, endpoint, failureOf(error), error.message));
    socket.once("connect", () => this.#succeed(socket, endpoint, beganAtMs));
    if (attemptDelayMs !== undefined) this.#cancelDelay = clock.after(attemptDelayMs, () => this.#tryNext());
  }

  #succeed(socket: net.Socket, endpoint: Endpoint, beganAtMs: number): void {
    if (!this.#close(socket)) return;
    this.cancel();
    this.#options.feedback?.answered(endpoint, this.#options.clock.now());
    this.#settle({ socket, endpoint, beganAtMs });
  }

  #fail(socket: net.Socket, endpoint: Endpoint, failure: DialFailure, message: string): void {
    if (!this.#close(socket)) return;
    socket.destroy();
    const { clock, feedback } = this.#options;
    // That we have no descriptor left says nothing about the endpoint.
    if (failure !== "connection_limit") feedback?.failed(endpoint, clock.now());
    feedback?.ended(endpoint);
    if (this.#next < this.#options.candidates.length) this.#tryNext();
    else if (this.#open.size === 0) this.#settle({ failure, endpoint, message });
  }

  /** Was this attempt still open? */
  #close(socket: net.Socket): boolean {
    this.#open.get(socket)?.cancelTimeOut();
    return this.#open.delete(socket);
  }
}

function failureOf(error: Error): DialFailure {
  switch (errorCode(error)) {
    case "ECONNREFUSED":
      return "backend_refused";
    case "ETIMEDOUT":
      return "backend_timeout";
    case "ECONNRESET":
      return "backend_reset";
    // No descriptor left for the backend's side: the proxy's own limit.
    case "EMFILE":
    case "ENFILE":
      return "connection_limit";
    default:
      return "backend_unreachable";
  }
}
