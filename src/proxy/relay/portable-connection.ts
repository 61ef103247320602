/**
 * The life of one connection in the portable engine: its beginning, plan, TLS with the client, dial, TLS with the backend,
 * relay, and one record at its end.
 *
 * It owns both sockets; it does not choose where to go and keeps no list of its kind.
 */
import type net from "node:net";
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Logger } from "../../model/log.ts";
import type { PortKind } from "../../model/proxy-config.ts";
import type { Ticket } from "../admit/admission.ts";
import type { HeaderExpectation } from "../admit/client-rules.ts";
import type { Clock } from "../clock.ts";
import { notServed } from "../http/not-served.ts";
import { RequestHeadParser } from "../http/request-head.ts";
import { type Bytes, type MovedSum, NO_BYTES, uncounted } from "../observe/moved-bytes.ts";
import type { ConnectionState, OpenConnection } from "../observe/open-connection.ts";
import type { ClientTls } from "../terminate/client-tls.ts";
import { ClientHelloParser } from "../tls/hello-parser.ts";
import { BackendSide } from "./backend-side.ts";
import { type ClientFacts, SocketFacts } from "./client-facts.ts";
import { identify } from "./client-identity.ts";
import { ClientSide } from "./client-side.ts";
import { Deadline } from "./deadline.ts";
import { endReason } from "./end-reason.ts";
import { type ConnectionPlan, type ConnectionRecord, type EngineHost, formatAddress } from "./engine.ts";
import { Relay, type Side } from "./relay.ts";
import { abort, type Connect } from "./socket-options.ts";
import type { TimeOuts } from "./time-outs.ts";

export interface ConnectionContext {
  readonly host: EngineHost;
  readonly clock: Clock;
  readonly connect: Connect;
  readonly log: Logger;
  /** Both sockets are closed; nothing is left of the connection. */
  readonly gone: (connection: PortableConnection) => void;
}

type DialPlan = Extract<ConnectionPlan, { action: "dial" }>;

/** What is known for the record besides its end. */
type Facts = Partial<
  Pick<
    ConnectionRecord,
    | "path"
    | "hello"
    | "endpoint"
    | "helloMs"
    | "connectMs"
    | "decrypted"
    | "backendTlsVersion"
    | "peerAddress"
    | "uniqueId"
  >
>;

export class PortableConnection {
  readonly #client: ClientSide;
  readonly #port: number;
  readonly #context: ConnectionContext;
  readonly #timeOuts: TimeOuts;
  readonly #deadline: Deadline;
  #who: ClientFacts;
  #ticket: Ticket | undefined;
  #facts: Facts = {};
  #backend: BackendSide | undefined;
  #relay: Relay | undefined;
  /** What it means if the deadline passes before there is a relay. */
  #lateReason: ConnectionReason = "client_hello_timeout";
  #isRecorded = false;
  /** Bytes that were told of while it was open. */
  #counted: Bytes | undefined;

  constructor(client: net.Socket, port: number, context: ConnectionContext) {
    this.#client = new ClientSide(client, (error) => this.#endBy("client", error));
    this.#port = port;
    this.#who = new SocketFacts(client);
    this.#context = context;
    this.#timeOuts = context.host.timeOuts();
    this.#deadline = new Deadline(context.clock, this.#timeOuts);
    const keepAliveMs = context.host.keepAliveMs();
    if (keepAliveMs !== undefined) client.setKeepAlive(true, keepAliveMs);
    client.once("close", () => this.#checkGone());
  }

  /** `ticket`: that it was let in with; whoever holds the connection says when it is gone. */
  async run(ticket: Ticket): Promise<void> {
    try {
      const { host } = this.#context;
      const kind = host.portKind(this.#port);
      const expectation = host.headerExpectation(this.#port, this.#who.source.address);
      this.#ticket = ticket;
      if (expectation !== "none") await this.#identify(expectation);
      if (!this.#isRecorded) await this.#begin(kind, ticket);
    } catch (error) {
      this.#context.log.error("a connection ended by a defect", { error });
      this.cut("internal_error");
    }
  }

  /** The client is known now: it may have its connection, or has as many as it may. */
  #begin(kind: PortKind | undefined, ticket: Ticket): Promise<void> | void {
    const refusal = ticket.identify(this.#who.source.address);
    if (refusal !== undefined) return this.cut(refusal);
    if (kind === "HTTP") return this.#answer();
    return kind === "TCP" ? this.#passOn() : this.#hello();
  }

  /** Learns who the client is, before anything else is read of it. */
  async #identify(expectation: Exclude<HeaderExpectation, "none">): Promise<void> {
    if (expectation === "untrusted") return this.#refuse("proxy_header_untrusted");
    const own = this.#who;
    this.#lateReason = "proxy_header_timeout";
    const identity = await identify(this.#client, expectation, own);
    if (this.#isRecorded) return;
    if ("reason" in identity) return this.#refuse(identity.reason, identity.detail);
    this.#lateReason = "client_hello_timeout";
    this.#who = identity.who;
    if (identity.hasHeader) this.#facts = { peerAddress: formatAddress(own.source.address, own.source.port) };
  }

  get serverName(): string | undefined {
    return this.#facts.hello?.serverName;
  }

  /** As it is now, for an onlooker. */
  look(): OpenConnection {
    const { endpoint, path = {} } = this.#facts;
    const { serverName } = this;
    return {
      state: this.#state(),
      port: this.#port,
      clientAddress: formatAddress(this.#who.source.address, this.#who.source.port),
      ...(serverName === undefined ? {} : { serverName }),
      path,
      ...(endpoint === undefined ? {} : { endpoint }),
      ageMs: Math.round(this.#deadline.ageMs),
      ...this.#bytes(),
    };
  }

  /** Bytes since the last time. What is told here, the record tells as counted. */
  takeMoved(): MovedSum {
    const listener = this.#facts.path?.listener;
    // The record has told of them all.
    if (this.#isRecorded) return NO_BYTES;
    const all = this.#bytes();
    const moved = uncounted(all, this.#counted);
    this.#counted = all;
    return { ...(listener === undefined ? {} : { listener }), ...moved };
  }

  #bytes(): Bytes {
    return { bytesIn: this.#relay?.bytesIn ?? 0, bytesOut: this.#relay?.bytesOut ?? 0 };
  }

  #state(): ConnectionState {
    if (this.#isRecorded) return "closing";
    if (this.#relay !== undefined) return this.#relay.isHalfClosed ? "half_closed" : "relaying";
    if (this.#backend !== undefined) return "connecting";
    if (this.#lateReason === "proxy_header_timeout") return "reading_proxy_header";
    if (this.#lateReason === "client_handshake_failed") return "handshaking";
    if (this.#lateReason === "http_not_served") return "reading_request";
    const hasHello = this.#facts.hello !== undefined || this.#context.host.portKind(this.#port) === "TCP";
    return hasHello ? "deciding" : "reading_hello";
  }

  /** Called now and then: ends the connection if its deadline has passed. */
  checkDeadline(nowMs: number): void {
    if (!this.#deadline.isPast(nowMs)) return;
    if (this.#isRecorded) this.#destroy();
    else if (this.#relay !== undefined) this.cut(this.#relayLateReason(this.#relay, nowMs));
    else if (this.#lateReason === "client_handshake_failed") this.cut(this.#lateReason, "not complete in time");
    else this.#refuse(this.#lateReason);
  }

  #relayLateReason({ isHalfClosed }: Relay, nowMs: number): ConnectionReason {
    if (this.#deadline.isOld(nowMs)) return "maximum_age";
    return isHalfClosed ? "half_closed_timeout" : "idle_timeout";
  }

  /** Ends it now, both sides, whatever is in flight. */
  cut(reason: ConnectionReason, detail?: string): void {
    this.#record(reason, detail);
    if (reason === "drain_deadline" || reason === "maximum_age") {
      // Not an end in order: the peers must see that bytes may be missing.
      abort(this.#client.tcp);
      this.#backend?.abort();
    } else {
      this.#destroy();
    }
  }

  #destroy(): void {
    this.#client.tcp.destroy();
    this.#backend?.destroy();
  }

  async #hello(): Promise<void> {
    const result = await this.#client.read(new ClientHelloParser()).result;
    if (this.#isRecorded) return;
    if (result.state === "refused") return this.#refuse(result.reason, result.detail);
    this.#facts = { ...this.#facts, hello: result.hello, helloMs: this.#deadline.ageMs };
    await this.#follow(result.hello.serverName);
  }

  /** TCP: no byte is waited for, because in some protocols the server speaks first. */
  async #passOn(): Promise<void> {
    this.#client.read(undefined);
    await this.#follow(undefined);
  }

  /** HTTP: a request, in plaintext or decrypted, and the one answer to it. */
  async #answer(): Promise<void> {
    this.#lateReason = "http_not_served";
    const request = await this.#client.read(new RequestHeadParser()).result;
    if (this.#isRecorded) return;
    if (request.state === "refused") return this.#refuse(request.reason, request.detail);
    if (this.#facts.path === undefined) {
      const plan = await this.#plan(request.host);
      if (this.#isRecorded) return;
      if (plan.action === "refuse") return this.#refuse(plan.reason, plan.detail);
    }
    this.#refuse("http_not_served", undefined, notServed(request));
  }

  async #follow(serverName: string | undefined): Promise<void> {
    // Until the relay takes over, DNS and each attempt to connect have their own time-outs.
    this.#deadline.suspend();
    const plan = await this.#plan(serverName);
    if (this.#isRecorded) return;
    if (plan.action === "refuse") return this.#refuse(plan.reason, plan.detail);
    if (plan.decrypt !== undefined) {
      await this.#decrypt(plan.decrypt);
      if (this.#isRecorded) return;
    }
    if (plan.action === "answer") await this.#answer();
    else await this.#connect(plan);
  }

  async #plan(serverName: string | undefined): Promise<ConnectionPlan> {
    const plan = await this.#context.host.plan(this.#port, serverName, this.#who);
    this.#facts = { ...this.#facts, path: plan.path };
    if (plan.action !== "refuse") this.#ticket?.routed();
    return plan;
  }

  /** Nothing is dialled before this is done and the client is who it must be. */
  async #decrypt(tls: ClientTls): Promise<void> {
    this.#lateReason = "client_handshake_failed";
    this.#deadline.begin();
    const outcome = await this.#client.decrypt(tls);
    if (this.#isRecorded) return;
    if ("reason" in outcome) this.cut(outcome.reason, outcome.detail);
    else this.#facts = { ...this.#facts, decrypted: outcome.facts };
  }

  async #connect(plan: DialPlan): Promise<void> {
    this.#deadline.suspend();
    const { clock, connect, host } = this.#context;
    const timeOuts = this.#timeOuts;
    if (plan.timeOuts !== undefined) this.#deadline.useRelayTimeOuts(plan.timeOuts);
    if (plan.uniqueId !== undefined) this.#facts = { ...this.#facts, uniqueId: plan.uniqueId };
    const closed = () => this.#checkGone();
    this.#backend = new BackendSide(plan, { clock, connect, timeOuts, keepAliveMs: host.keepAliveMs(), closed });
    const outcome = await this.#backend.outcome;
    if (this.#isRecorded) return;
    this.#facts = { ...this.#facts, ...outcome.facts };
    if ("reason" in outcome) this.#refuse(outcome.reason, outcome.detail);
    else this.#startRelay(outcome.stream);
  }

  #startRelay(upstream: net.Socket): void {
    const early = this.#client.handOver();
    const downstream = this.#client.stream;
    const broken = upstream.destroyed ? "backend" : downstream.destroyed ? "client" : undefined;
    if (broken !== undefined) {
      const { errored } = broken === "backend" ? upstream : downstream;
      this.#endBy(broken, errored ?? new Error("closed at once"));
      return;
    }
    this.#relay = new Relay(downstream, upstream, early, {
      activity: () => this.#deadline.touch(this.#relay?.isHalfClosed === true),
      closed: (failure) => this.#record(...endReason(failure, this.#relay?.bytesOut ?? 0)),
    });
    this.#deadline.touch(this.#relay.isHalfClosed);
  }

  #checkGone(): void {
    if (this.#client.tcp.closed && this.#backend?.isClosed !== false) this.#context.gone(this);
  }

  /** One side broke before the relay began. */
  #endBy(side: Side, error: Error): void {
    this.#record(...endReason({ side, error }, 0));
    abort(this.#client.tcp);
    this.#backend?.destroy();
  }

  #refuse(reason: ConnectionReason, detail?: string, answer?: string): void {
    this.#record(reason, detail);
    this.#client.end(answer);
    this.#deadline.linger(answer !== undefined);
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
      clientAddress: formatAddress(this.#who.source.address, this.#who.source.port),
      ...this.#bytes(),
      ...(this.#counted === undefined ? {} : { counted: this.#counted }),
      durationMs: this.#deadline.ageMs,
    });
  }
}
