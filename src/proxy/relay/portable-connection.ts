/**
 * The life of one connection in the portable engine: its beginning, plan, TLS with the client, dial, TLS with the backend,
 * relay, and one record at its end.
 *
 * It owns both sockets; it does not choose where to go and keeps no list of its kind. What nearly every connection comes by, a
 * hello that is passed through, is told by calls; promises are for the rest.
 */
import type net from "node:net";
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Logger } from "../../model/log.ts";
import type { Endpoint, PortKind } from "../../model/proxy-config.ts";
import type { Ticket } from "../admit/admission.ts";
import type { BackendConnections, BackendSlot } from "../admit/backend-connections.ts";
import type { HeaderExpectation } from "../admit/client-rules.ts";
import type { Clock } from "../clock.ts";
import { notServed } from "../http/not-served.ts";
import { RequestHeadParser, type RequestProgress } from "../http/request-head.ts";
import { type Bytes, type MovedSum, movedSince, NO_BYTES } from "../observe/moved-bytes.ts";
import type { ConnectionState, OpenConnection } from "../observe/open-connection.ts";
import { wantsRecordOf } from "../observe/wanted-lines.ts";
import type { ClientTls } from "../terminate/client-tls.ts";
import type { HelloProgress } from "../tls/client-hello.ts";
import { ClientHelloParser } from "../tls/hello-parser.ts";
import { type BackendEvents, type BackendOutcome, BackendSide } from "./backend-side.ts";
import type { Beginning } from "./beginning.ts";
import { SocketFacts } from "./client-facts.ts";
import { identify } from "./client-identity.ts";
import { ClientSide, type ClientSideOwner } from "./client-side.ts";
import { ConnectionFacts } from "./connection-facts.ts";
import { type DeadPeer, PeerCheck } from "./dead-peer.ts";
import { Deadline } from "./deadline.ts";
import { CLIENT_LEFT, endReason, mayLoseBytes } from "./end-reason.ts";
import type { ConnectionPlan, ConnectionRecord, EngineHost } from "./engine.ts";
import type { ReadBuffers } from "./read-buffer.ts";
import { type BackendStream, Relay, type RelayEvents, type RelayFailure, type Side } from "./relay.ts";
import {
  abort,
  type Connect,
  KEEP_ALIVE_AFTER_MS,
  KEEP_ALIVE_INITIAL_DELAY_MS,
  KEEP_ALIVE_PROBES,
  type KernelSockets,
} from "./socket-options.ts";
import { CLOSED_CLIENT_MS, type TimeOuts } from "./time-outs.ts";

export interface ConnectionContext {
  readonly host: EngineHost;
  readonly clock: Clock;
  readonly connect: Connect;
  readonly log: Logger;
  readonly buffers: ReadBuffers;
  /** Undefined: only Node's own state of sockets is available. */
  readonly kernel: KernelSockets | undefined;
  readonly backends: BackendConnections;
  /** There is no descriptor left for a backend. */
  readonly outOfDescriptors: (error: string) => void;
  /** How it went; called once, before `gone`. */
  readonly ended: (record: ConnectionRecord) => void;
  /** Both sockets are closed; nothing is left of the connection. May be called more than once. */
  readonly gone: (connection: PortableConnection) => void;
}

type DialPlan = Extract<ConnectionPlan, { action: "dial" }>;

export class PortableConnection implements ClientSideOwner, BackendEvents, RelayEvents {
  /** That it was let in with; whoever holds the connection says when it is gone. */
  readonly ticket: Ticket;
  readonly #client: ClientSide;
  readonly #port: number;
  readonly #context: ConnectionContext;
  readonly #timeOuts: TimeOuts;
  readonly #deadline: Deadline;
  readonly #facts: ConnectionFacts;
  #backend: BackendSide | undefined;
  /** Set while there is a backend side. */
  #backendSlot: BackendSlot | undefined;
  #relay: Relay | undefined;
  /** What it means if the deadline passes before there is a relay. */
  #lateReason: ConnectionReason = "client_hello_timeout";
  #isRecorded = false;
  /** Bytes that were told of while it was open. */
  #counted: Bytes | undefined;
  #isKeptAlive = false;
  readonly #peers: PeerCheck;

  constructor(client: net.Socket, port: number, ticket: Ticket, context: ConnectionContext) {
    const { host } = context;
    this.ticket = ticket;
    ticket.owner = this;
    this.#port = port;
    this.#context = context;
    this.#facts = new ConnectionFacts(new SocketFacts(client));
    this.#timeOuts = host.timeOuts();
    this.#peers = new PeerCheck(this.#timeOuts.tcpUserTimeoutMs);
    this.#deadline = new Deadline(context.clock, this.#timeOuts);
    // For the log, while it can still be asked for.
    if (host.wantsRecords || host.wantsFailures) void this.#facts.who.source;
    const keepAliveMs = host.keepAliveMs();
    if (keepAliveMs !== undefined) {
      this.#isKeptAlive = true;
      client.setKeepAlive(true, keepAliveMs, this.#timeOuts.keepAliveIntervalMs, KEEP_ALIVE_PROBES);
    }
    this.#client = new ClientSide(client, this);
  }

  begin(): void {
    try {
      const { host } = this.#context;
      const kind = host.portKind(this.#port);
      const expectation = host.headerExpectation(this.#port, this.#facts.who);
      if (expectation === "none") this.#begin(kind);
      else this.#await(this.#identify(expectation, kind));
    } catch (error) {
      this.onDefect(error);
    }
  }

  get serverName(): string | undefined {
    return this.#facts.hello?.serverName;
  }

  /** As it is now, for an onlooker. */
  look(): OpenConnection {
    const { endpoint, path } = this.#facts;
    const { serverName } = this;
    return {
      state: this.#state(),
      port: this.#port,
      clientAddress: this.#facts.clientAddress,
      ...(serverName === undefined ? {} : { serverName }),
      path,
      ...(endpoint === undefined ? {} : { endpoint }),
      ageMs: Math.round(this.#deadline.ageMs),
      ...this.#bytes(),
    };
  }

  /** Bytes since the last time. What is told here, the record tells as counted. */
  takeMoved(): MovedSum {
    // The record has told of them all.
    if (this.#isRecorded) return NO_BYTES;
    const before = this.#counted;
    this.#counted = this.#bytes();
    return movedSince(before, this.#counted, this.#facts.path.listener);
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
    const relay = this.#relay;
    if (!this.#deadline.isPast(nowMs, relay?.isHalfClosed === true)) {
      if (!this.#isKeptAlive && this.#deadline.isOlder(nowMs, KEEP_ALIVE_AFTER_MS)) this.#keepAlive();
      const dead = relay === undefined || this.#isRecorded ? undefined : this.#findDead(relay, nowMs);
      if (dead !== undefined) this.#abortFor(dead);
    } else if (this.#isRecorded) this.#destroy();
    else if (relay !== undefined) this.cut(this.#relayLateReason(relay, nowMs));
    else if (this.#lateReason === "client_handshake_failed") this.cut(this.#lateReason, "not complete in time");
    else this.#refuse(this.#lateReason);
  }

  /** Sweeps are frequent; sockets are read far less often. */
  #findDead({ bytesIn, bytesOut }: Relay, nowMs: number): DeadPeer | undefined {
    const { kernel } = this.#context;
    const backend = this.#backend?.tcp;
    if (kernel === undefined || backend === undefined) return undefined;
    const isDue = nowMs >= this.#peers.atMs;
    const read = (side: Side) => kernel.read(side === "client" ? this.#client.tcp : backend);
    const dead = isDue ? this.#peers.check(nowMs, bytesIn, bytesOut, read) : undefined;
    this.#peers.touch(nowMs);
    return dead;
  }

  #abortFor({ reason, detail }: DeadPeer): void {
    this.#record(reason, detail);
    this.#abort();
  }

  /** Ends it now, both sides, whatever is in flight. */
  cut(reason: ConnectionReason, detail?: string): void {
    this.#record(reason, detail);
    if (mayLoseBytes(reason) || this.#relay?.holdsBytes === true) this.#abort();
    else this.#destroy();
  }

  onClientBroken(error: Error): void {
    this.#endBy("client", error);
  }

  /** A TLS passthrough client can no longer complete its handshake. A client of a TCP port may wait for the response. */
  onClientEnd(): void {
    const { decrypted, hello } = this.#facts;
    if (hello === undefined || decrypted !== undefined || this.#isRecorded) return;
    this.#context.clock.after(CLOSED_CLIENT_MS, () => {
      if (this.#isRecorded || this.#relay !== undefined) return;
      this.#record("client_closed_early", CLIENT_LEFT);
      this.#destroy();
    });
  }

  onBackend(outcome: BackendOutcome): void {
    if (this.#isRecorded) return;
    try {
      this.#facts.reached = outcome;
      if ("reason" in outcome) {
        this.#releaseBackend();
        if (outcome.reason === "connection_limit") this.#context.outOfDescriptors(outcome.detail);
        this.#refuseWithoutBackend(outcome.reason, outcome.detail);
      } else {
        this.#startRelay(outcome);
      }
    } catch (error) {
      this.onDefect(error);
    }
  }

  onActivity(): void {
    this.#deadline.touch();
  }

  onRelayClosed(failure: RelayFailure | undefined): void {
    this.#record(...endReason(failure, this.#relay?.bytesOut ?? 0));
    this.onClosed();
  }

  onClosed(): void {
    if (this.#backend?.isClosed !== false) this.#releaseBackend();
    if (this.#client.tcp.closed && this.#backend?.isClosed !== false) this.#context.gone(this);
  }

  #releaseBackend(): void {
    if (this.#backendSlot !== undefined) this.#context.backends.release(this.#backendSlot);
    this.#backendSlot = undefined;
  }

  onDefect(error: unknown): void {
    this.#context.log.error("a connection ended by a defect", { error });
    this.cut("internal_error");
  }

  /** The client is known now: it may have its connection, or has as many as it may. */
  #begin(kind: PortKind | undefined): void {
    const refusal = this.ticket.identify(this.#facts.who.source.address);
    if (refusal !== undefined) {
      this.cut(refusal.reason, refusal.detail);
      return;
    }
    if (kind === "HTTP") this.#await(this.#answer());
    // TCP: no byte is waited for, because in some protocols the server speaks first.
    else if (kind === "TCP") this.#follow(undefined);
    else this.#client.find(new ClientHelloParser(), (result) => this.#onHello(result));
  }

  #onHello(result: Beginning<HelloProgress>): void {
    if (this.#isRecorded) return;
    if (result.state === "refused") {
      this.#refuse(result.reason, result.detail);
      return;
    }
    this.#facts.hello = result.hello;
    this.#facts.helloMs = this.#deadline.ageMs;
    this.#follow(result.hello.serverName);
  }

  #follow(serverName: string | undefined): void {
    // Until the relay takes over, DNS and each attempt to connect have their own time-outs.
    this.#deadline.suspend();
    const plan = this.#context.host.plan(this.#port, serverName, this.#facts.who);
    if (plan instanceof Promise) this.#await(plan.then((known) => this.#carryOut(known)));
    else this.#carryOut(plan);
  }

  #carryOut(plan: ConnectionPlan): void {
    if (this.#isRecorded || !this.#isTaken(plan)) return;
    if (plan.decrypt !== undefined) this.#await(this.#decrypt(plan, plan.decrypt));
    else if (plan.action === "answer") this.#await(this.#answer());
    else this.#connect(plan);
  }

  /** Is it not refused? */
  #isTaken(plan: ConnectionPlan): plan is Exclude<ConnectionPlan, { action: "refuse" }> {
    this.#facts.path = plan.path;
    if (plan.action === "refuse") this.#refuse(plan.reason, plan.detail);
    else this.ticket.routed();
    return plan.action !== "refuse";
  }

  #connect(plan: DialPlan): void {
    this.#backendSlot = this.#context.backends.tryAcquire(plan.path);
    if (this.#backendSlot === undefined) {
      this.#refuseWithoutBackend("backend_connection_limit");
      return;
    }
    this.#deadline.suspend();
    if (plan.timeOuts !== undefined) this.#deadline.useRelayTimeOuts(plan.timeOuts);
    this.#facts.uniqueId = plan.uniqueId;
    const { buffers, clock, connect, host, kernel } = this.#context;
    const isOwnEndpoint = (endpoint: Endpoint) => host.isOwnEndpoint(endpoint);
    const context = {
      buffers,
      clock,
      connect,
      isOwnEndpoint,
      kernel,
      timeOuts: this.#timeOuts,
      keepAliveMs: host.keepAliveMs(),
    };
    this.#backend = new BackendSide(plan, context, this);
  }

  #startRelay(backend: BackendStream): void {
    const head = this.#client.handOver();
    const client = this.#client.stream;
    const broken = backend.stream.destroyed ? "backend" : client.destroyed ? "client" : undefined;
    if (broken !== undefined) {
      const { errored } = broken === "backend" ? backend.stream : client;
      this.#endBy(broken, errored ?? new Error("closed at once"));
      return;
    }
    this.#deadline.touch();
    this.#relay = new Relay(client, backend, head, this);
  }

  /** Learns who the client is, before anything else is read of it. */
  async #identify(expectation: Exclude<HeaderExpectation, "none">, kind: PortKind | undefined): Promise<void> {
    if (expectation === "untrusted") return this.#refuse("proxy_header_untrusted");
    const own = this.#facts.who;
    this.#lateReason = "proxy_header_timeout";
    const identity = await identify(this.#client, expectation, own);
    if (this.#isRecorded) return;
    if ("reason" in identity) return this.#refuse(identity.reason, identity.detail);
    this.#lateReason = "client_hello_timeout";
    this.#facts.who = identity.who;
    if (identity.hasHeader) this.#facts.peer = own;
    this.#begin(kind);
  }

  /** Nothing is dialled before this is done and the client is who it must be. */
  async #decrypt(plan: Exclude<ConnectionPlan, { action: "refuse" }>, tls: ClientTls): Promise<void> {
    this.#lateReason = "client_handshake_failed";
    this.#deadline.begin();
    const outcome = await this.#client.decrypt(tls);
    if (this.#isRecorded) return;
    if ("reason" in outcome) return this.cut(outcome.reason, outcome.detail);
    this.#facts.decrypted = outcome.facts;
    if (plan.action === "answer") await this.#answer();
    else this.#connect(plan);
  }

  /** HTTP: a request, in plaintext or decrypted, and the one answer to it. */
  async #answer(): Promise<void> {
    this.#lateReason = "http_not_served";
    const request = await new Promise<Beginning<RequestProgress>>((resolve) =>
      this.#client.find(new RequestHeadParser(), resolve),
    );
    if (this.#isRecorded) return;
    if (request.state === "refused") return this.#refuse(request.reason, request.detail);
    if (!this.#facts.isPlanned) {
      const plan = await this.#context.host.plan(this.#port, request.host, this.#facts.who);
      if (this.#isRecorded || !this.#isTaken(plan)) return;
    }
    this.#refuse("http_not_served", undefined, notServed(request));
  }

  /** What takes longer than a call. */
  #await(step: Promise<void>): void {
    step.catch((error: unknown) => this.onDefect(error));
  }

  #relayLateReason({ isHalfClosed }: Relay, nowMs: number): ConnectionReason {
    if (this.#deadline.isOld(nowMs)) return "maximum_age";
    return isHalfClosed ? "half_closed_timeout" : "idle_timeout";
  }

  #keepAlive(): void {
    this.#isKeptAlive = true;
    const { keepAliveIntervalMs } = this.#timeOuts;
    this.#client.tcp.setKeepAlive(true, KEEP_ALIVE_INITIAL_DELAY_MS, keepAliveIntervalMs, KEEP_ALIVE_PROBES);
    this.#backend?.keepAlive(KEEP_ALIVE_INITIAL_DELAY_MS);
  }

  /** The peers must receive a reset because bytes may be missing. */
  #abort(): void {
    abort(this.#client.tcp);
    this.#backend?.abort();
  }

  #destroy(): void {
    this.#client.tcp.destroy();
    this.#backend?.destroy();
  }

  /** One side broke before the relay began. */
  #endBy(side: Side, error: Error): void {
    this.#record(...endReason({ side, error }, 0));
    this.#abort();
  }

  /**
   * After the handshake with the client a close_notify would be the end of an empty response, as if a backend had sent it (RFC 8446,
   * section 6.1). A reset is not taken for a response.
   */
  #refuseWithoutBackend(reason: ConnectionReason, detail?: string): void {
    if (this.#facts.decrypted === undefined) this.#refuse(reason, detail);
    else {
      this.#record(reason, detail);
      this.#abort();
    }
  }

  #refuse(reason: ConnectionReason, detail?: string, answer?: string): void {
    this.#record(reason, detail);
    this.#client.end(answer);
    this.#deadline.linger(answer !== undefined);
  }

  #record(reason: ConnectionReason, detail?: string): void {
    if (this.#isRecorded) return;
    this.#isRecorded = true;
    const ending = {
      reason,
      detail,
      port: this.#port,
      ...this.#bytes(),
      counted: this.#counted,
      durationMs: this.#deadline.ageMs,
    };
    this.#context.ended(this.#facts.record(ending, wantsRecordOf(this.#context.host, reason)));
  }
}
