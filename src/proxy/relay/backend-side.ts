/**
 * The backend's side of a connection until the relay takes it over: dialled, then encrypted if that is asked for.
 *
 * The next endpoint is tried while connecting fails. After a TLS handshake has failed none is: a certificate that is not
 * the right one is told, not passed over.
 */
import type net from "node:net";
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Endpoint } from "../../model/proxy-config.ts";
import type { Clock } from "../clock.ts";
import type { BackendTls } from "../terminate/backend-tls.ts";
import { Dial, type DialEvents, type DialFailure, type Dialled } from "./dial.ts";
import type { ConnectionPlan } from "./engine.ts";
import type { ReadBuffers } from "./read-buffer.ts";
import type { BackendStream } from "./relay.ts";
import { abort, type Connect, KEEP_ALIVE_PROBES, type KernelSockets } from "./socket-options.ts";
import type { TimeOuts } from "./time-outs.ts";

type DialPlan = Extract<ConnectionPlan, { action: "dial" }>;

export interface BackendContext {
  readonly timeOuts: TimeOuts;
  readonly clock: Clock;
  readonly connect: Connect;
  readonly isOwnEndpoint: (endpoint: Endpoint) => boolean;
  /** Undefined: as built in. */
  readonly keepAliveMs: number | undefined;
  readonly buffers: ReadBuffers;
  readonly kernel: KernelSockets | undefined;
}

export interface BackendEvents {
  /** Once, unless this side is destroyed before. Of a plain `stream` somebody else must hear from now on. */
  onBackend(outcome: BackendOutcome): void;
  /** The socket beneath the backend's TLS is closed. */
  onClosed(): void;
  onDefect(error: unknown): void;
}

export type BackendOutcome = {
  /** That answered, or that was tried last. */
  readonly endpoint: Endpoint;
} & (
  | (BackendStream & {
      /** From the first attempt until it was ready. */
      readonly connectMs: number;
      /** Absent: it was not encrypted by us. */
      readonly tlsVersion?: string;
    })
  | { readonly reason: ConnectionReason; readonly detail: string }
);

export class BackendSide implements DialEvents {
  readonly #context: BackendContext;
  readonly #events: BackendEvents;
  readonly #plan: DialPlan;
  readonly #beganAtMs: number;
  readonly #connectMs: number;
  readonly #dial: Dial;
  #dialled: Dialled | undefined;

  constructor(plan: DialPlan, context: BackendContext, events: BackendEvents) {
    const { buffers, clock, connect, isOwnEndpoint, timeOuts } = context;
    this.#plan = plan;
    this.#context = context;
    this.#events = events;
    this.#beganAtMs = clock.now();
    this.#connectMs = plan.connectMs ?? timeOuts.connectMs;
    const { attemptDelayMs } = timeOuts;
    // What TLS encrypts it keeps for longer than a buffer that is used again may wait.
    const mayBeReused = plan.decrypt === undefined && plan.encrypt === undefined;
    const reused = mayBeReused ? buffers : undefined;
    this.#dial = new Dial(
      { plan, connectMs: this.#connectMs, attemptDelayMs, connect, isOwnEndpoint, clock, buffers: reused },
      this,
    );
  }

  /** Undefined: no endpoint has responded. */
  get tcp(): net.Socket | undefined {
    return this.#dialled?.socket;
  }

  /** Is no socket open? */
  get isClosed(): boolean {
    return this.#dialled?.socket.closed !== false;
  }

  /** It has lasted: a peer that is gone is to be noticed. */
  keepAlive(initialDelayMs: number): void {
    const { keepAliveIntervalMs } = this.#context.timeOuts;
    this.#dialled?.socket.setKeepAlive(true, initialDelayMs, keepAliveIntervalMs, KEEP_ALIVE_PROBES);
  }

  destroy(): void {
    this.#dial.cancel();
    this.#dialled?.socket.destroy();
  }

  /** By RST, if there is a connection. */
  abort(): void {
    this.#dial.cancel();
    if (this.#dialled !== undefined) abort(this.#dialled.socket);
  }

  onDialled(dialled: Dialled): void {
    this.#dialled = dialled;
    const { keepAliveMs, kernel } = this.#context;
    const { encrypt, feedback, prologue } = this.#plan;
    const { buffer, endpoint, socket } = dialled;
    kernel?.keepUrgentInline(socket);
    if (keepAliveMs !== undefined) this.keepAlive(keepAliveMs);
    if (prologue !== undefined) socket.setNoDelay(true).write(prologue);
    if (feedback !== undefined) socket.once("close", () => feedback.ended(endpoint));
    if (encrypt === undefined) this.#events.onBackend({ stream: socket, buffer, endpoint, connectMs: this.#ageMs });
    else this.#encrypt(encrypt, dialled).catch((error: unknown) => this.onDefect(error));
  }

  onDialFailed(reason: DialFailure, endpoint: Endpoint, detail: string): void {
    this.#events.onBackend({ reason, detail, endpoint });
  }

  onDefect(error: unknown): void {
    this.#events.onDefect(error);
  }

  async #encrypt(encrypt: BackendTls, { beganAtMs, endpoint, socket: tcp }: Dialled): Promise<void> {
    const { clock } = this.#context;
    tcp.setNoDelay(true).once("close", () => this.#events.onClosed());
    const secured = await encrypt.handshake(tcp, beganAtMs + this.#connectMs - clock.now(), clock);
    if ("reason" in secured) this.#events.onBackend({ ...secured, endpoint });
    else {
      const { socket: stream, version: tlsVersion } = secured;
      this.#events.onBackend({ stream, endpoint, connectMs: this.#ageMs, tlsVersion });
    }
  }

  get #ageMs(): number {
    return this.#context.clock.now() - this.#beganAtMs;
  }
}
