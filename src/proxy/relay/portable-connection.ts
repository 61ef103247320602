/**
 * The life of one connection in the portable engine: hello, plan, dial, relay, and one record at its end.
 *
 * It owns both sockets and the connection's deadline; it does not choose where to go and keeps no list of its kind.
 */
import type net from "node:net";
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Logger } from "../../model/log.ts";
import type { Endpoint } from "../../model/proxy-config.ts";
import type { Clock } from "../clock.ts";
import { ClientIntake } from "./client-intake.ts";
import { Dial, type DialOutcome } from "./dial.ts";
import { type ConnectionPlan, type ConnectionRecord, type EngineHost, formatAddress } from "./engine.ts";
import { Relay, type Side } from "./relay.ts";
import { abort, type Connect, errorCode } from "./socket-options.ts";
import type { TimeOuts } from "./time-outs.ts";

export interface ConnectionContext {
  readonly host: EngineHost;
  readonly timeOuts: TimeOuts;
  readonly clock: Clock;
  readonly connect: Connect;
  readonly log: Logger;
  /** Both sockets are closed; nothing is left of the connection. */
  readonly gone: (connection: PortableConnection) => void;
}

type DialPlan = Extract<ConnectionPlan, { action: "dial" }>;

/** What is known for the record besides its end. */
type Facts = Partial<Pick<ConnectionRecord, "path" | "hello" | "endpoint" | "helloMs" | "connectMs">>;

export class PortableConnection {
  readonly #client: net.Socket;
  readonly #port: number;
  readonly #clientAddress: string;
  readonly #context: ConnectionContext;
  readonly #intake: ClientIntake;
  readonly #startedAtMs: number;
  #facts: Facts = {};
  #dial: Dial | undefined;
  #backend: net.Socket | undefined;
  #relay: Relay | undefined;
  #deadlineAtMs: number;
  #isRecorded = false;

  constructor(client: net.Socket, port: number, context: ConnectionContext) {
    this.#client = client;
    this.#port = port;
    this.#clientAddress = formatAddress(client.remoteAddress ?? "unknown", client.remotePort ?? 0);
    this.#context = context;
    this.#startedAtMs = context.clock.now();
    this.#deadlineAtMs = this.#startedAtMs + context.timeOuts.clientHelloMs;
    // A socket that is closing may still fail; by then the record is written and nobody else listens.
    client.on("error", () => {});
    client.once("close", () => this.#checkGone());
    this.#intake = new ClientIntake(client, (error) => this.#endBy("client", error));
  }

  async run(): Promise<void> {
    try {
      await this.#hello();
    } catch (error) {
      this.#context.log.error("a connection ended by a defect", { error });
      this.cut("internal_error");
    }
  }

  /** Called now and then: ends the connection if its deadline has passed. */
  checkDeadline(nowMs: number): void {
    if (nowMs < this.#deadlineAtMs) return;
    if (this.#isRecorded) this.#destroy();
    else if (this.#relay === undefined) this.#refuse("client_hello_timeout");
    else this.cut(this.#relay.isHalfClosed ? "half_closed_timeout" : "idle_timeout");
  }

  /** Ends it now, both sides, whatever is in flight. */
  cut(reason: ConnectionReason): void {
    this.#record(reason);
    this.#dial?.cancel();
    if (reason === "drain_deadline") {
      // Not an end in order: the peers must see that bytes may be missing.
      abort(this.#client);
      if (this.#backend !== undefined) abort(this.#backend);
    } else {
      this.#destroy();
    }
  }

  #destroy(): void {
    this.#client.destroy();
    this.#backend?.destroy();
  }

  async #hello(): Promise<void> {
    const { host, clock } = this.#context;
    const result = await this.#intake.result;
    if (this.#isRecorded) return;
    if ("reason" in result) return this.#refuse(result.reason, result.detail);
    // Until the relay takes over, each attempt to connect has its own time-out.
    this.#deadlineAtMs = Number.POSITIVE_INFINITY;
    this.#facts = { hello: result.hello, helloMs: clock.now() - this.#startedAtMs };
    const plan = await host.plan(this.#port, result.hello);
    this.#facts = { ...this.#facts, path: plan.path };
    if (this.#isRecorded) return;
    if (plan.action === "refuse") return this.#refuse(plan.reason, plan.detail);
    await this.#connect(plan);
  }

  async #connect(plan: DialPlan): Promise<void> {
    const { clock, connect, timeOuts } = this.#context;
    const beganAtMs = clock.now();
    this.#dial = new Dial({
      candidates: plan.candidates,
      connectMs: timeOuts.connectMs,
      ...(plan.race ? { attemptDelayMs: timeOuts.attemptDelayMs } : {}),
      connect,
      clock,
    });
    const outcome: DialOutcome = await this.#dial.outcome;
    this.#dial = undefined;
    if (this.#isRecorded) {
      if ("socket" in outcome) outcome.socket.destroy();
      return;
    }
    this.#facts = { ...this.#facts, endpoint: formatEndpoint(outcome.endpoint) };
    if ("failure" in outcome) return this.#refuse(outcome.failure, outcome.message);
    this.#facts = { ...this.#facts, connectMs: clock.now() - beganAtMs };
    this.#startRelay(outcome.socket);
  }

  #startRelay(backend: net.Socket): void {
    this.#backend = backend;
    backend.once("close", () => this.#checkGone());
    if (backend.destroyed) {
      this.#endBy("backend", backend.errored ?? new Error("closed at once"));
      return;
    }
    const { bytes, ended } = this.#intake.release();
    this.#relay = new Relay(this.#client, backend, bytes, ended, {
      activity: () => this.#touch(),
      closed: (failure) => this.#record(...endOf(failure)),
    });
    this.#touch();
  }

  #checkGone(): void {
    if (this.#client.closed && this.#backend?.closed !== false) this.#context.gone(this);
  }

  #touch(): void {
    const { clock, timeOuts } = this.#context;
    const allowedMs = this.#relay?.isHalfClosed === true ? timeOuts.halfClosedMs : timeOuts.idleMs;
    this.#deadlineAtMs = clock.now() + allowedMs;
  }

  /** One side broke before the relay began. */
  #endBy(side: Side, error: Error): void {
    this.#record(...endOf({ side, error }));
    this.#dial?.cancel();
    abort(this.#client);
    this.#backend?.destroy();
  }

  /**
   * Ends the client's connection by FIN, without a TLS alert: that is what clients take for a rejection. Closing over
   * unread bytes would make the kernel send RST, so they are read and dropped until the client closes, or for lingerMs.
   */
  #refuse(reason: ConnectionReason, detail?: string): void {
    this.#record(reason, detail);
    this.#intake.release();
    this.#client.on("data", () => {});
    this.#client.resume();
    this.#client.end();
    this.#deadlineAtMs = this.#context.clock.now() + this.#context.timeOuts.lingerMs;
  }

  #record(reason: ConnectionReason, detail?: string): void {
    if (this.#isRecorded) return;
    this.#isRecorded = true;
    this.#context.host.ended({
      path: {},
      ...this.#facts,
      reason,
      ...(detail === undefined ? {} : { detail }),
      port: this.#port,
      clientAddress: this.#clientAddress,
      bytesIn: this.#relay?.bytesIn ?? 0,
      bytesOut: this.#relay?.bytesOut ?? 0,
      durationMs: this.#context.clock.now() - this.#startedAtMs,
    });
  }
}

/** The reason for what broke first, and the system's word for it. */
function endOf(failure: { readonly side: Side; readonly error: Error } | undefined): [ConnectionReason, string?] {
  if (failure === undefined) return ["completed"];
  const { side, error } = failure;
  const isReset = errorCode(error) === "ECONNRESET" || errorCode(error) === "EPIPE";
  if (side === "client") return [isReset ? "client_reset" : "client_unreachable", error.message];
  return [isReset ? "backend_reset" : "backend_unreachable", error.message];
}

function formatEndpoint({ address, port }: Endpoint): string {
  return formatAddress(address, port);
}
