/**
 * One connection's way to a backend: tries endpoints in order until one answers.
 *
 * Nothing is sent here, so a failed attempt costs nobody a byte and the next endpoint may be tried. After the first byte
 * there is no second try: that is the relay's part, and it never dials.
 */
import type net from "node:net";
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Endpoint } from "../../model/proxy-config.ts";
import type { Clock } from "../clock.ts";
import { type ConnectionPlan, formatAddress } from "./engine.ts";
import { ReadBuffer, type ReadBuffers } from "./read-buffer.ts";
import { hear, type SocketEvents, tellData } from "./socket-events.ts";
import { type Connect, errorCode } from "./socket-options.ts";

export type DialFailure = Extract<
  ConnectionReason,
  "backend_refused" | "backend_timeout" | "backend_unreachable" | "backend_reset" | "backend_loop" | "connection_limit"
>;

export interface Dialled {
  readonly socket: net.Socket;
  /** That it reads into; absent: Node's. */
  readonly buffer?: ReadBuffer | undefined;
  readonly endpoint: Endpoint;
  /** When the attempt began that succeeded. */
  readonly beganAtMs: number;
}

/** Told of one of the two, once, unless the dial is cancelled before. */
export interface DialEvents {
  /** Somebody else must hear of the socket from now on. */
  onDialled(dialled: Dialled): void;
  onDialFailed(failure: DialFailure, endpoint: Endpoint, message: string): void;
  onDefect(error: unknown): void;
}

export interface DialOptions {
  /** At least one candidate. Of the attempt that succeeds `feedback` is told everything but its end, which comes later. */
  readonly plan: Pick<DialPlan, "candidates" | "race" | "feedback">;
  readonly connectMs: number;
  readonly attemptDelayMs: number;
  readonly connect: Connect;
  /** Endpoints of this Gateway itself are skipped. */
  readonly isOwnEndpoint: (endpoint: Endpoint) => boolean;
  readonly clock: Clock;
  /** To read into; undefined: as Node does. */
  readonly buffers: ReadBuffers | undefined;
}

type DialPlan = Extract<ConnectionPlan, { action: "dial" }>;

export class Dial {
  readonly #options: DialOptions;
  readonly #events: DialEvents;
  /** Without an answer yet. */
  readonly #open: Attempt[] = [];
  #next = 0;
  #cancelDelay: (() => void) | undefined;

  constructor(options: DialOptions, events: DialEvents) {
    this.#options = options;
    this.#events = events;
    this.#tryNext();
  }

  /** Gives up every attempt. Nothing is told any more. */
  cancel(): void {
    this.#cancelDelay?.();
    for (const attempt of this.#open.splice(0)) {
      attempt.giveUp();
      this.#options.plan.feedback?.ended(attempt.endpoint);
    }
    this.#next = this.#options.plan.candidates.length;
  }

  answered(attempt: Attempt): void {
    if (!this.#close(attempt)) return;
    this.cancel();
    this.#options.plan.feedback?.answered(attempt.endpoint, this.#options.clock.now());
    this.#events.onDialled(attempt);
  }

  failed(attempt: Attempt, failure: DialFailure, message: string): void {
    if (!this.#close(attempt)) return;
    attempt.giveUp();
    const { endpoint } = attempt;
    const { clock, plan } = this.#options;
    const { feedback } = plan;
    // That we have no descriptor left says nothing about the endpoint.
    if (failure !== "connection_limit") feedback?.failed(endpoint, clock.now());
    feedback?.ended(endpoint);
    this.#goOn(failure, endpoint, message);
  }

  defect(error: unknown): void {
    this.#events.onDefect(error);
  }

  #tryNext(): void {
    this.#cancelDelay?.();
    const { attemptDelayMs, clock, isOwnEndpoint, plan } = this.#options;
    const endpoint = plan.candidates[this.#next++];
    if (endpoint === undefined) return;
    if (isOwnEndpoint(endpoint)) {
      this.#goOn("backend_loop", endpoint, loopMessage(endpoint));
      return;
    }
    plan.feedback?.begun(endpoint);
    this.#open.push(new Attempt(this, endpoint, this.#options));
    if (plan.race) this.#cancelDelay = clock.after(attemptDelayMs, () => this.#tryNext());
  }

  /** Called when one endpoint has failed: tries the next one, or fails the dial with its reason. */
  #goOn(failure: DialFailure, endpoint: Endpoint, message: string): void {
    if (this.#next < this.#options.plan.candidates.length) this.#tryNext();
    else if (this.#open.length === 0) this.#events.onDialFailed(failure, endpoint, message);
  }

  /** Was this attempt still open? */
  #close(attempt: Attempt): boolean {
    const index = this.#open.indexOf(attempt);
    if (index === -1) return false;
    this.#open.splice(index, 1);
    attempt.cancelTimeOut();
    return true;
  }
}

/** One endpoint's; hears of its socket until that is connected. */
class Attempt implements SocketEvents, Dialled {
  readonly socket: net.Socket;
  readonly buffer: ReadBuffer | undefined;
  readonly endpoint: Endpoint;
  readonly beganAtMs: number;
  readonly cancelTimeOut: () => void;
  readonly #dial: Dial;

  constructor(dial: Dial, endpoint: Endpoint, { buffers, clock, connect, connectMs }: DialOptions) {
    this.#dial = dial;
    this.endpoint = endpoint;
    this.beganAtMs = clock.now();
    const buffer = buffers && new ReadBuffer(buffers, (bytes) => tellData(this.socket, bytes));
    this.socket = connect(endpoint, buffer?.options);
    this.buffer = buffer?.isUsed === true ? buffer : undefined;
    const timeOut = () => this.#dial.failed(this, "backend_timeout", `no answer within ${connectMs} ms`);
    this.cancelTimeOut = clock.after(connectMs, timeOut);
    hear(this.socket, this);
    this.socket.on("connect", () => {
      try {
        this.#dial.answered(this);
      } catch (error) {
        this.onDefect(error);
      }
    });
  }

  giveUp(): void {
    this.cancelTimeOut();
    this.socket.destroy();
  }

  onError(error: Error): void {
    this.#dial.failed(this, failureOf(error), error.message);
  }

  onDefect(error: unknown): void {
    this.#dial.defect(error);
  }

  // Nothing is read before it is connected, and who is told of that hears the rest.
  onData(): void {}
  onEnd(): void {}
  onClose(): void {}
}

/** Formats the detail of both engines. */
export function loopMessage({ address, port }: Endpoint): string {
  return `${formatAddress(address, port)} is an address of this Gateway`;
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
