/**
 * The backend's side of a connection until the relay takes it over: dialled, then encrypted if that is asked for.
 *
 * The next endpoint is tried while connecting fails. After a TLS handshake has failed none is: a certificate that is not
 * the right one is told, not passed over.
 */
import type net from "node:net";
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Clock } from "../clock.ts";
import { Dial } from "./dial.ts";
import { type ConnectionPlan, type ConnectionRecord, formatAddress } from "./engine.ts";
import { abort, type Connect, type TlsOverTcp } from "./socket-options.ts";
import type { TimeOuts } from "./time-outs.ts";

type DialPlan = Extract<ConnectionPlan, { action: "dial" }>;

export interface BackendContext {
  readonly timeOuts: TimeOuts;
  readonly clock: Clock;
  readonly connect: Connect;
  /** Undefined: as built in. */
  readonly keepAliveMs: number | undefined;
  /** The backend's socket, if there was one, is closed. */
  readonly closed: () => void;
}

export type BackendOutcome = {
  readonly facts: Pick<ConnectionRecord, "endpoint" | "connectMs" | "backendTlsVersion">;
} & ({ readonly stream: net.Socket | TlsOverTcp } | { readonly reason: ConnectionReason; readonly detail: string });

export class BackendSide {
  readonly outcome: Promise<BackendOutcome>;
  readonly #context: BackendContext;
  readonly #dial: Dial;
  readonly #connectMs: number;
  #tcp: net.Socket | undefined;
  #isCancelled = false;

  constructor(plan: DialPlan, context: BackendContext) {
    const { clock, connect, timeOuts } = context;
    this.#context = context;
    const { connectMs = timeOuts.connectMs, feedback } = plan;
    this.#connectMs = connectMs;
    const beganAtMs = clock.now();
    this.#dial = new Dial({
      candidates: plan.candidates,
      connectMs,
      ...(feedback === undefined ? {} : { feedback }),
      ...(plan.race ? { attemptDelayMs: timeOuts.attemptDelayMs } : {}),
      connect,
      clock,
    });
    this.outcome = this.#open(plan, beganAtMs);
  }

  /** Is no socket open? */
  get isClosed(): boolean {
    return this.#tcp?.closed !== false;
  }

  destroy(): void {
    this.#isCancelled = true;
    this.#dial.cancel();
    this.#tcp?.destroy();
  }

  /** By RST, if there is a connection. */
  abort(): void {
    this.#isCancelled = true;
    this.#dial.cancel();
    if (this.#tcp !== undefined) abort(this.#tcp);
  }

  async #open({ encrypt, feedback, prologue }: DialPlan, beganAtMs: number): Promise<BackendOutcome> {
    const { clock, closed, keepAliveMs } = this.#context;
    const dialled = await this.#dial.outcome;
    const endpoint = formatAddress(dialled.endpoint.address, dialled.endpoint.port);
    if ("failure" in dialled) return { reason: dialled.failure, detail: dialled.message, facts: { endpoint } };
    const { socket: tcp } = dialled;
    this.#tcp = tcp;
    tcp.once("close", () => {
      feedback?.ended(dialled.endpoint);
      closed();
    });
    if (keepAliveMs !== undefined) tcp.setKeepAlive(true, keepAliveMs);
    if (this.#isCancelled) tcp.destroy();
    if (prologue !== undefined && !tcp.destroyed) tcp.write(prologue);
    if (encrypt === undefined || tcp.destroyed)
      return { stream: tcp, facts: { endpoint, connectMs: clock.now() - beganAtMs } };
    const leftMs = dialled.beganAtMs + this.#connectMs - clock.now();
    const secured = await encrypt.handshake(tcp, leftMs, clock);
    if ("reason" in secured) return { ...secured, facts: { endpoint } };
    const facts = { endpoint, connectMs: clock.now() - beganAtMs, backendTlsVersion: secured.version };
    return { stream: secured.socket, facts };
  }
}
