/**
 * The life of one connection in the linux engine: its beginning, plan, dial, relay, and one record at its end. The same
 * life as in portable-connection.ts, told by events instead of streams.
 *
 * It owns its descriptors: the client's, whose number stands for the connection among the timers, and the backend's. It
 * does not choose where to go.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { PortKind } from "../../model/proxy-config.ts";
import type { FailedHost } from "../dns/resolve-host.ts";
import { type ConnectionRecord, formatAddress } from "../relay/engine.ts";
import type { Side } from "../relay/relay.ts";
import { SOCKET_OPTIONS } from "../relay/socket-options.ts";
import type { TimeOuts } from "../relay/time-outs.ts";
import { ClientHelloParser } from "../tls/hello-parser.ts";
import { Dial, type DialState } from "./dial.ts";
import { EAGAIN, ECONNRESET, EPIPE, errnoName } from "./errno.ts";
import { ENDING, FAILED, WORTH_READING, WRITABLE } from "./event-loop.ts";
import { Flow } from "./flow.ts";
import { HeadBytes } from "./head-bytes.ts";
import { keepAlive } from "./listening-socket.ts";
import { COPY_BYTES } from "./mover.ts";
import { type LinuxPlan, planExternal } from "./plan.ts";
import type { Reactor, ReactorOwner } from "./reactor.ts";

/** Reads of what nobody wants, before others have their turn. */
const DROPS_A_TURN = 64;
/**
 * TCP keep-alive towards the backend is switched on when a connection has lasted: most end sooner and are spared two system
 * calls. The first probe comes when the rest of KEEP_ALIVE_INITIAL_DELAY_MS has passed in silence.
 */
const KEEP_ALIVE_FROM_MS = 15_000;

export interface ConnectionContext {
  readonly reactor: Reactor;
  readonly timeOuts: TimeOuts;
  portKind(port: number): PortKind | undefined;
  /** Is another engine to serve the connections of this port, whatever they are? */
  isHandedOver(port: number): boolean;
  plan(port: number, serverName: string | undefined): LinuxPlan;
  /** Somebody is to call `resolved` when DNS has answered. */
  resolve(host: string, connection: LinuxConnection): void;
  /** The descriptor is nobody's now; `head` is what was read from it. */
  handOver(fd: number, port: number, head: Uint8Array): void;
  ended(record: ConnectionRecord): void;
  /** Its descriptors are closed; nothing is left of the connection. */
  gone(connection: LinuxConnection): void;
  defect(error: unknown): void;
}

type Connected = Extract<DialState, { state: "connected" }>;

type Phase = "beginning" | "resolving" | "dialling" | "relaying" | "lingering" | "gone";

/** What is known for the record besides its end. */
type Facts = { -readonly [Field in "path" | "hello" | "endpoint" | "helloMs" | "connectMs"]?: ConnectionRecord[Field] };

export class LinuxConnection implements ReactorOwner {
  readonly #context: ConnectionContext;
  readonly #client: number;
  readonly #generation: number;
  readonly #port: number;
  readonly #clientAddress: string;
  readonly #startedAtMs = performance.now();
  #phase: Phase = "beginning";
  #isRecorded = false;
  #facts: Facts = {};
  #parser: ClientHelloParser | undefined;
  /** Until there are flows: what is known of reading from the client. */
  #readable = true;
  #hungUp = false;
  /** The client's first bytes: in the reactor's buffer as long as this call lasts, else in `#head`. */
  #inBuffer = 0;
  #head: HeadBytes | undefined;
  #headWritten = 0;
  #wanted: { readonly port: number; readonly path: NonNullable<Facts["path"]> } | undefined;
  #dial: Dial | undefined;
  #dialBeganMs = 0;
  #up: Flow | undefined;
  #down: Flow | undefined;
  #backendGeneration = 0;
  #isRegistered = false;
  #isKeptAlive = false;
  /** While relaying: when silence has lasted too long. */
  #silentUntilMs = 0;

  /** Takes the descriptor of an accepted client. */
  constructor(client: number, port: number, clientAddress: string, context: ConnectionContext) {
    this.#context = context;
    this.#client = client;
    this.#port = port;
    this.#clientAddress = clientAddress;
    this.#generation = context.reactor.descriptors.take(client, this);
  }

  begin(): void {
    const { reactor, timeOuts } = this.#context;
    this.#arm(this.#startedAtMs + timeOuts.clientHelloMs);
    // TCP: no byte is waited for, because in some protocols the server speaks first.
    if (this.#context.isHandedOver(this.#port)) this.#handOver();
    else if (this.#context.portKind(this.#port) === "TCP") this.#follow(undefined);
    else this.#readHello();
    // Only now, so that what has been read already is no event.
    if (this.#phase === "gone") return;
    reactor.loop.addForReading(this.#client, this.#generation);
    this.#isRegistered = true;
    if (this.#down?.blocked === true) this.#watchWriting(this.#down);
  }

  onEvent(fd: number, events: number): void {
    if (this.#phase === "relaying") this.#onRelayEvent(fd, events);
    else if (fd === this.#client) this.#onClientEvent(events);
    else if (this.#dial !== undefined) {
      this.#afterDial(this.#dial.onEvent(fd, events, this.#context.reactor.nowMs));
      // A server that speaks first may have spoken, and ended, by the time its connection is told of: one event says all.
      if (this.#isRelaying() && fd === this.#down?.from) this.#onRelayEvent(fd, events);
    }
  }

  onTurn(fd: number): void {
    if (this.#phase === "lingering") this.#dropBytes();
    else if (this.#phase === "relaying") this.#move(this.#flowFrom(fd));
  }

  onDeadline(): void {
    const { nowMs } = this.#context.reactor;
    if (this.#phase === "beginning") this.#refuse("client_hello_timeout");
    else if (this.#phase === "dialling" && this.#dial !== undefined) this.#afterDial(this.#dial.onDeadline(nowMs));
    else if (this.#phase === "relaying") this.#checkSilence(nowMs);
    else if (this.#phase === "lingering") this.#close();
  }

  onDefect(error: unknown): void {
    this.#context.defect(error);
    this.cut("internal_error");
  }

  /** DNS has answered. The connection may be gone by then. */
  resolved(answer: readonly string[] | FailedHost): void {
    if (this.#phase !== "resolving" || this.#wanted === undefined) return;
    this.#carryOut(planExternal(this.#wanted.path, answer, this.#wanted.port));
  }

  /** Ends it now, both sides, whatever is in flight. */
  cut(reason: ConnectionReason, detail?: string): void {
    this.#record(reason, detail);
    // Not an end in order: the peers must see that bytes may be missing.
    if (reason === "drain_deadline") this.#resetOnClose();
    this.#close();
  }

  #onClientEvent(events: number): void {
    if ((events & WORTH_READING) !== 0) this.#readable = true;
    if ((events & ENDING) !== 0) this.#hungUp = true;
    if (this.#phase === "beginning") this.#readHello();
    else if (this.#phase === "lingering") this.#dropBytes();
    else if ((events & FAILED) !== 0) this.#breakByPending(this.#client);
  }

  #readHello(): void {
    const { buffer, libc } = this.#context.reactor;
    while (this.#readable && this.#phase === "beginning") {
      const count = libc.read(this.#client, buffer, COPY_BYTES);
      if (count <= 0) {
        this.#readable = false;
        if (count === -EAGAIN) return;
        const detail = count === 0 ? "the client closed" : `read ${errnoName(-count)}`;
        this.#refuse("client_closed_early", detail);
        return;
      }
      if (count < COPY_BYTES && !this.#hungUp) this.#readable = false;
      this.#takeHello(count);
    }
  }

  /** The next bytes of the hello are in the reactor's buffer. */
  #takeHello(count: number): void {
    const bytes = this.#context.reactor.buffer.bytes.subarray(0, count);
    this.#parser ??= new ClientHelloParser();
    const progress = this.#parser.push(bytes);
    if (progress.state === "refused") {
      this.#refuse(progress.reason, progress.detail);
      return;
    }
    if (progress.state === "need_more" || this.#head !== undefined) {
      this.#head ??= new HeadBytes();
      this.#head.push(bytes);
    } else this.#inBuffer = count;
    if (progress.state === "need_more") return;
    this.#parser = undefined;
    this.#facts = { hello: progress.hello, helloMs: performance.now() - this.#startedAtMs };
    this.#follow(progress.hello.serverName);
    this.#saveHead(bytes);
  }

  /** The buffer is about to be used for something else: what it holds of this connection and was not sent is copied. */
  #saveHead(bytes: Uint8Array): void {
    if (this.#inBuffer === 0) return;
    this.#inBuffer = 0;
    if (this.#phase === "gone" || this.#phase === "lingering") return;
    this.#head = new HeadBytes();
    this.#head.push(bytes);
  }

  #follow(serverName: string | undefined): void {
    this.#carryOut(this.#context.plan(this.#port, serverName));
  }

  #carryOut(plan: LinuxPlan): void {
    if (plan.action === "hand_over") {
      this.#handOver();
      return;
    }
    this.#facts.path = plan.path;
    switch (plan.action) {
      case "refuse":
        this.#refuse(plan.reason, plan.detail);
        return;
      case "resolve":
        this.#phase = "resolving";
        this.#wanted = plan;
        // DNS has time-outs of its own.
        this.#context.reactor.timers.cancel(this.#client);
        this.#context.resolve(plan.host, this);
        return;
      case "dial": {
        const { reactor, timeOuts } = this.#context;
        this.#phase = "dialling";
        this.#dialBeganMs = performance.now();
        this.#dial = new Dial(plan, { reactor, timeOuts, owner: this, writeHead: (fd) => this.#writeHead(fd) });
        this.#afterDial(this.#dial.begin(this.#dialBeganMs));
        return;
      }
    }
  }

  /** The rest of its life is another engine's. */
  #handOver(): void {
    const { buffer, descriptors, loop, timers } = this.#context.reactor;
    const head = this.#head?.bytes ?? buffer.bytes.slice(0, this.#inBuffer);
    this.#phase = "gone";
    timers.cancel(this.#client);
    if (this.#isRegistered) loop.remove(this.#client);
    descriptors.release(this.#client);
    this.#context.handOver(this.#client, this.#port, head);
    this.#context.gone(this);
  }

  #writeHead(fd: number): number {
    const { buffer, libc } = this.#context.reactor;
    const head = this.#head?.bytes;
    const count = head === undefined ? this.#inBuffer : Math.min(head.length, COPY_BYTES);
    if (count === 0) return -EAGAIN;
    if (head !== undefined) buffer.bytes.set(head.subarray(0, count));
    const written = libc.write(fd, buffer, count);
    if (written > 0) this.#headWritten = written;
    return written;
  }

  #afterDial(state: DialState): void {
    if (state.state === "waits") {
      // Sooner than the timer is set for, it may be; further off it would be found out when that comes.
      this.#arm(this.#dial?.deadlineMs ?? 0);
      return;
    }
    this.#dial = undefined;
    this.#facts.endpoint = formatAddress(state.endpoint.address, state.endpoint.port);
    if (state.state === "failed") {
      this.#refuse(state.failure, state.message);
      return;
    }
    this.#facts.connectMs = performance.now() - this.#dialBeganMs;
    this.#startRelay(state);
  }

  #startRelay({ fd: backend, generation, watchesWriting }: Connected): void {
    const up = new Flow(this.#client, backend);
    up.watchesWriting = watchesWriting;
    this.#up = up;
    this.#down = new Flow(backend, this.#client);
    this.#backendGeneration = generation;
    this.#phase = "relaying";
    up.readable = this.#readable;
    up.hungUp = this.#hungUp;
    const head = this.#head?.bytes ?? this.#context.reactor.buffer.bytes.subarray(0, this.#inBuffer);
    up.bytes = head.length;
    if (this.#headWritten < head.length) up.pending = head.slice(this.#headWritten);
    this.#head = undefined;
    this.#inBuffer = 0;
    this.#touch();
    if (up.readable || up.pending !== undefined) this.#move(up);
  }

  #onRelayEvent(fd: number, events: number): void {
    const flow = this.#flowFrom(fd);
    const other = flow === this.#up ? this.#down : this.#up;
    if (flow === undefined || other === undefined) return;
    this.#touch();
    if ((events & WORTH_READING) !== 0) {
      flow.readable = true;
      if ((events & ENDING) !== 0) flow.hungUp = true;
      if (!flow.passedOn) this.#move(flow);
    }
    if ((events & WRITABLE) !== 0 && other.blocked && this.#phase === "relaying") this.#move(other);
    if ((events & FAILED) !== 0 && this.#phase === "relaying") this.#breakByPending(fd);
  }

  #isRelaying(): boolean {
    return this.#phase === "relaying";
  }

  #flowFrom(fd: number): Flow | undefined {
    return fd === this.#client ? this.#up : this.#down;
  }

  #move(flow: Flow | undefined): void {
    if (flow === undefined || flow.passedOn) return;
    const { mover, nowMs } = this.#context.reactor;
    const isUp = flow === this.#up;
    switch (mover.move(flow, nowMs)) {
      case "waits":
        // The end may have been read behind bytes that wait.
        if (flow.ended) this.#touch();
        if (flow.blocked && !flow.watchesWriting) this.#watchWriting(flow);
        return;
      case "more":
        this.#context.reactor.again(flow.from, isUp ? this.#generation : this.#backendGeneration);
        return;
      case "ended":
        this.#passOnEnd(flow);
        return;
      case "from_broke":
        this.#breakBy(isUp ? "client" : "backend", mover.errno, "read");
        return;
      case "to_broke":
        this.#breakBy(isUp ? "backend" : "client", mover.errno, "write");
        return;
    }
  }

  #watchWriting(flow: Flow): void {
    const isUp = flow === this.#up;
    // Not yet registered at all: that will be told of then.
    if (!isUp && !this.#isRegistered) return;
    flow.watchesWriting = true;
    this.#context.reactor.loop.watchWriting(flow.to, isUp ? this.#backendGeneration : this.#generation);
  }

  #passOnEnd(flow: Flow): void {
    flow.passedOn = true;
    if (this.#up?.passedOn === true && this.#down?.passedOn === true) {
      this.#record("completed");
      this.#close();
      return;
    }
    this.#context.reactor.libc.shutdownWrites(flow.to);
    this.#touch();
  }

  /** A failure that no read has found, because its direction has ended or waits. */
  #breakByPending(fd: number): void {
    const errno = this.#context.reactor.libc.pendingError(fd);
    if (errno !== 0) this.#breakBy(fd === this.#client ? "client" : "backend", errno, "read");
  }

  /** One side broke: the other is reset, for bytes may be missing. */
  #breakBy(side: Side, errno: number, call: "read" | "write"): void {
    const isReset = errno === ECONNRESET || errno === EPIPE;
    const reason: ConnectionReason = isReset ? `${side}_reset` : `${side}_unreachable`;
    this.#record(reason, `${call} ${errnoName(errno)}`);
    this.#resetOnClose();
    this.#close();
  }

  #isHalfClosed(): boolean {
    return this.#up?.ended === true || this.#down?.ended === true;
  }

  /** Something has happened: silence begins anew. */
  #touch(): void {
    const { reactor, timeOuts } = this.#context;
    this.#silentUntilMs = reactor.nowMs + (this.#isHalfClosed() ? timeOuts.halfClosedMs : timeOuts.idleMs);
    this.#armForSilence();
  }

  #armForSilence(): void {
    const keepAliveAtMs = this.#isKeptAlive ? Number.POSITIVE_INFINITY : this.#startedAtMs + KEEP_ALIVE_FROM_MS;
    this.#arm(Math.min(this.#silentUntilMs, keepAliveAtMs));
  }

  #checkSilence(nowMs: number): void {
    if (nowMs >= this.#silentUntilMs) {
      this.cut(this.#isHalfClosed() ? "half_closed_timeout" : "idle_timeout");
      return;
    }
    if (!this.#isKeptAlive && this.#up !== undefined) {
      this.#isKeptAlive = true;
      keepAlive(this.#context.reactor.libc, this.#up.to, SOCKET_OPTIONS.keepAliveInitialDelay - KEEP_ALIVE_FROM_MS);
    }
    this.#armForSilence();
  }

  #arm(atMs: number): void {
    this.#context.reactor.timers.set(this.#client, atMs);
  }

  /**
   * Ends by FIN, without a TLS alert: that is what clients take for a rejection. Closing over unread bytes would make the
   * kernel send RST, so they are read and dropped until the client closes or the time for that is over.
   */
  #refuse(reason: ConnectionReason, detail?: string): void {
    const { reactor, timeOuts } = this.#context;
    this.#record(reason, detail);
    this.#phase = "lingering";
    this.#head = undefined;
    reactor.libc.shutdownWrites(this.#client);
    this.#arm(performance.now() + timeOuts.lingerMs);
    this.#readable = true;
    this.#dropBytes();
  }

  #dropBytes(): void {
    const { buffer, libc } = this.#context.reactor;
    for (let reads = 0; this.#readable; reads++) {
      if (reads === DROPS_A_TURN) {
        this.#context.reactor.again(this.#client, this.#generation);
        return;
      }
      const count = libc.read(this.#client, buffer, COPY_BYTES);
      if (count === -EAGAIN) this.#readable = false;
      else if (count <= 0) {
        this.#close();
        return;
      }
    }
  }

  #resetOnClose(): void {
    if (this.#phase === "gone") return;
    const { libc } = this.#context.reactor;
    libc.resetOnClose(this.#client);
    if (this.#up !== undefined) libc.resetOnClose(this.#up.to);
  }

  #close(): void {
    if (this.#phase === "gone") return;
    this.#phase = "gone";
    const { descriptors, mover, timers } = this.#context.reactor;
    timers.cancel(this.#client);
    this.#dial?.cancel();
    this.#dial = undefined;
    if (this.#up !== undefined && this.#down !== undefined) {
      mover.drop(this.#up);
      mover.drop(this.#down);
      descriptors.close(this.#up.to);
    }
    descriptors.close(this.#client);
    this.#context.gone(this);
  }

  #record(reason: ConnectionReason, detail?: string): void {
    if (this.#isRecorded) return;
    this.#isRecorded = true;
    this.#context.ended({
      path: {},
      ...this.#facts,
      reason,
      ...(detail === undefined ? {} : { detail }),
      port: this.#port,
      clientAddress: this.#clientAddress,
      bytesIn: this.#up?.bytes ?? 0,
      bytesOut: this.#down?.bytes ?? 0,
      durationMs: performance.now() - this.#startedAtMs,
    });
  }
}
