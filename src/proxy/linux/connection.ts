/**
 * The life of one connection in the linux engine: its beginning, plan, dial, relay, and one record at its end. The same
 * life as in portable-connection.ts, told by events instead of streams.
 *
 * It owns its descriptors: the client's, whose number stands for the connection among the timers, and the backend's. What
 * there is to tell of it is in connection-facts.ts. It does not choose where to go.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { Endpoint } from "../../model/proxy-config.ts";
import type { Ticket } from "../admit/admission.ts";
import type { BackendConnections, BackendSlot } from "../admit/backend-connections.ts";
import type { FailedHost } from "../dns/resolve-host.ts";
import type { MovedSum } from "../observe/moved-bytes.ts";
import type { ConnectionState, OpenConnection } from "../observe/open-connection.ts";
import { CLIENT_LEFT, mayLoseBytes } from "../relay/end-reason.ts";
import { CLOSED_CLIENT_MS, type TimeOuts } from "../relay/time-outs.ts";
import type { HelloProgress } from "../tls/client-hello.ts";
import { ClientHelloParser, readHello } from "../tls/hello-parser.ts";
import { ClientHead } from "./client-head.ts";
import { type EndedFacts, LinuxConnectionFacts } from "./connection-facts.ts";
import { Dial, type DialOwner, type DialState } from "./dial.ts";
import { EAGAIN, errnoName } from "./errno.ts";
import { ENDING, FAILED, READS_STOP_SHORT, WORTH_READING } from "./event-loop.ts";
import { COPY_BYTES } from "./mover.ts";
import { type DialPlan, type LinuxPlan, planExternal } from "./plan.ts";
import type { Reactor } from "./reactor.ts";
import { broken, Relaying, type RelayOver } from "./relaying.ts";
import type { Beginning } from "./served-here.ts";
import type { PackedAddress } from "./socket-address.ts";

/** Reads of dropped bytes, at most 256 KiB, before other descriptors are served. */
const DROPS_A_TURN = 16;

export interface ConnectionContext {
  readonly reactor: Reactor;
  readonly timeOuts: TimeOuts;
  readonly backends: BackendConnections;
  beginningOf(port: number): Beginning;
  plan(port: number, serverName: string | undefined): LinuxPlan;
  /** See EngineHost.isOwnEndpoint. */
  isOwnEndpoint(endpoint: Endpoint): boolean;
  /** Somebody is to call `resolved` when DNS has answered. */
  resolve(host: string, connection: LinuxConnection): void;
  /** The descriptor is nobody's now, and nothing is left of the connection here; `head` is what was read from it. */
  handOver(fd: number, port: number, head: Uint8Array): void;
  /** Once, before `gone`. */
  ended(ended: EndedFacts): void;
  /** Its descriptors are closed; nothing is left of the connection. */
  gone(): void;
  defect(error: unknown): void;
}

type Connected = Extract<DialState, { state: "connected" }>;
type ResolvePlan = Extract<LinuxPlan, { action: "resolve" }>;

type Phase =
  | typeof BEGINNING
  | { readonly name: "resolving"; readonly plan: ResolvePlan }
  | { readonly name: "dialling"; readonly dial: Dial; readonly beganAtMs: number }
  | { readonly name: "relaying"; readonly relaying: Relaying }
  | { readonly name: "lingering" }
  | { readonly name: "gone" };

const BEGINNING = { name: "beginning" } as const;
const LINGERING: Phase = { name: "lingering" };
const GONE: Phase = { name: "gone" };
const NEVER = Number.POSITIVE_INFINITY;
const LEFT: RelayOver = { reason: "client_closed_early", detail: CLIENT_LEFT, isBroken: false };

export class LinuxConnection implements DialOwner {
  readonly #context: ConnectionContext;
  readonly #client: number;
  readonly #generation: number;
  readonly #facts: LinuxConnectionFacts;
  readonly #head: ClientHead;
  /** Undefined: it was not admitted. */
  readonly #ticket: Ticket | undefined;
  #phase: Phase = BEGINNING;
  /** Of a hello that did not come whole. */
  #parser: ClientHelloParser | undefined;
  /** Set while there is a backend side. */
  #backendSlot: BackendSlot | undefined;
  #isRegistered = false;
  /** Until there is a relay: what is known of reading from the client. */
  #readable = true;
  #readsStopShort = false;
  /** Deadline of a client that has closed before a backend responded. */
  #leavesAtMs = NEVER;

  /** Takes the descriptor of an accepted client. */
  constructor(
    client: number,
    port: number,
    peer: PackedAddress,
    ticket: Ticket | undefined,
    context: ConnectionContext,
  ) {
    this.#context = context;
    this.#ticket = ticket;
    if (ticket !== undefined) ticket.owner = this;
    this.#client = client;
    this.#facts = new LinuxConnectionFacts(port, peer);
    this.#head = new ClientHead(context.reactor);
    this.#generation = context.reactor.descriptors.take(client, this);
  }

  begin(): void {
    const { reactor, timeOuts } = this.#context;
    const beginning = this.#context.beginningOf(this.#facts.port);
    if (beginning === "client_hello") this.#readHello();
    else {
      reactor.libc.sendAcks(this.#client);
      // TCP: no byte is waited for, because in some protocols the server speaks first.
      if (beginning === "any") this.#follow(undefined);
      else this.#handOver();
    }
    // Only now, so that what has been read already is no event.
    const phase = this.#phase;
    if (phase.name === "gone") return;
    if (phase.name === "beginning") this.#arm(this.#facts.startedAtMs + timeOuts.clientHelloMs);
    reactor.loop.addForReading(this.#client, this.#generation);
    this.#isRegistered = true;
    if (phase.name === "relaying") phase.relaying.onRegistered();
  }

  /** Of a dial, as `writeHead`. */
  get hasHead(): boolean {
    return this.#head.length > 0;
  }

  writeHead(fd: number): number {
    return this.#head.writeTo(fd);
  }

  onEvent(fd: number, events: number): void {
    const phase = this.#phase;
    if (phase.name === "relaying") this.#endBy(phase.relaying.onEvent(fd, events));
    else if (fd === this.#client) this.#onClientEvent(events);
    else if (phase.name === "dialling") this.#onDialEvent(phase.dial, fd, events);
  }

  onTurn(fd: number): void {
    const phase = this.#phase;
    if (phase.name === "lingering") this.#dropBytes();
    else if (phase.name === "relaying") this.#endBy(phase.relaying.onTurn(fd));
  }

  onDeadline(): void {
    const { nowMs } = this.#context.reactor;
    const phase = this.#phase;
    if (phase.name === "beginning") this.#refuse("client_hello_timeout");
    else if ((phase.name === "dialling" || phase.name === "resolving") && nowMs >= this.#leavesAtMs) this.#endBy(LEFT);
    else if (phase.name === "dialling") this.#afterDial(phase.dial.onDeadline(nowMs));
    else if (phase.name === "relaying") this.#endBy(phase.relaying.onDeadline(nowMs));
    else if (phase.name === "lingering") this.#close();
  }

  onDefect(error: unknown): void {
    this.#context.defect(error);
    this.cut("internal_error");
  }

  /** DNS has answered. The connection may be gone by then. */
  resolved(answer: readonly string[] | FailedHost): void {
    if (this.#phase.name !== "resolving") return;
    const { path, port } = this.#phase.plan;
    this.#carryOut(planExternal(path, answer, port));
  }

  /** Ends it now, both sides, whatever is in flight. */
  cut(reason: ConnectionReason, detail?: string): void {
    this.#endBy({ reason, isBroken: mayLoseBytes(reason), ...(detail === undefined ? {} : { detail }) });
  }

  #onClientEvent(events: number): void {
    if ((events & WORTH_READING) !== 0) this.#readable = true;
    if ((events & READS_STOP_SHORT) !== 0) this.#readsStopShort = true;
    const { name } = this.#phase;
    if (name === "beginning") this.#readHello();
    else if (name === "lingering") this.#dropBytes();
    else if ((events & FAILED) !== 0) {
      const errno = this.#context.reactor.libc.pendingError(this.#client);
      if (errno !== 0) this.#endBy(broken("client", errno, "read"));
    } else if ((events & ENDING) !== 0) this.#onClientEnd();
  }

  /** Before a backend responds. On a TCP port a client may have sent all its bytes and wait for the response. */
  #onClientEnd(): void {
    if (this.#facts.hello === undefined || this.#leavesAtMs !== NEVER) return;
    this.#leavesAtMs = this.#context.reactor.nowMs + CLOSED_CLIENT_MS;
    this.#arm(this.#leavesAtMs);
  }

  #onDialEvent(dial: Dial, fd: number, events: number): void {
    this.#afterDial(dial.onEvent(fd, events, this.#context.reactor.nowMs));
    const phase = this.#phase;
    // A server that speaks first may have spoken, and ended, by the time its connection is told of: one event says all.
    if (phase.name === "relaying" && fd === phase.relaying.down.from) this.#endBy(phase.relaying.onEvent(fd, events));
  }

  #readHello(): void {
    const { buffer, libc } = this.#context.reactor;
    while (this.#readable && this.#phase.name === "beginning") {
      const count = libc.read(this.#client, buffer, COPY_BYTES);
      if (count <= 0) {
        this.#readable = false;
        if (count === -EAGAIN) return;
        this.#refuse("client_closed_early", count === 0 ? "the client closed" : `read ${errnoName(-count)}`);
        return;
      }
      if (count < COPY_BYTES && !this.#readsStopShort) this.#readable = false;
      this.#head.take(count);
      this.#onHello(this.#parse(count));
      this.#head.save();
    }
  }

  /** The next bytes of the hello are in the reactor's buffer. */
  #parse(count: number): HelloProgress {
    if (this.#parser === undefined) {
      // Nearly every hello is whole in its first read.
      const progress = readHello(this.#context.reactor.buffer.bytes, count);
      if (progress.state !== "need_more") return progress;
      this.#parser = new ClientHelloParser();
      // The client may send the rest only when it is told that this has come (RFC 896).
      this.#context.reactor.libc.sendAcks(this.#client);
    }
    const { buffer, length } = this.#head.gather();
    return this.#parser.read(buffer, length);
  }

  #onHello(progress: HelloProgress): void {
    if (progress.state === "refused") this.#refuse(progress.reason, progress.detail);
    if (progress.state !== "hello") return;
    this.#facts.hello = progress.hello;
    this.#facts.helloMs = this.#facts.durationMs;
    this.#follow(progress.hello.serverName);
  }

  #follow(serverName: string | undefined): void {
    this.#carryOut(this.#context.plan(this.#facts.port, serverName));
  }

  #carryOut(plan: LinuxPlan): void {
    if (plan.action !== "hand_over") this.#facts.path = plan.path;
    switch (plan.action) {
      case "hand_over":
        this.#handOver();
        return;
      case "refuse":
        this.#refuse(plan.reason, plan.detail);
        return;
      case "resolve":
        this.#ticket?.routed();
        this.#phase = { name: "resolving", plan };
        // DNS has time-outs of its own.
        this.#context.reactor.timers.cancel(this.#client);
        this.#context.resolve(plan.host, this);
        return;
      case "dial":
        this.#ticket?.routed();
        this.#beginDial(plan);
    }
  }

  /** The rest of its life is another engine's. */
  #handOver(): void {
    const { descriptors, loop, timers } = this.#context.reactor;
    this.#phase = GONE;
    timers.cancel(this.#client);
    if (this.#isRegistered) loop.remove(this.#client);
    descriptors.release(this.#client);
    this.#ticket?.gone();
    this.#context.handOver(this.#client, this.#facts.port, this.#head.rest() ?? new Uint8Array(0));
  }

  #beginDial(plan: DialPlan): void {
    this.#backendSlot = this.#context.backends.tryAcquire(plan.path);
    if (this.#backendSlot === undefined) {
      this.#refuse("backend_connection_limit");
      return;
    }
    const beganAtMs = performance.now();
    const dial = new Dial(plan, this.#context, this);
    this.#phase = { name: "dialling", dial, beganAtMs };
    this.#afterDial(dial.begin(beganAtMs));
  }

  #afterDial(state: DialState): void {
    if (this.#phase.name !== "dialling") return;
    const { beganAtMs, dial } = this.#phase;
    if (state.state === "waits") {
      this.#arm(Math.min(dial.deadlineMs, this.#leavesAtMs));
      return;
    }
    this.#facts.endpoint = state.endpoint;
    if (state.state === "failed") {
      this.#releaseBackend();
      this.#refuse(state.failure, state.message);
      return;
    }
    this.#facts.connectMs = performance.now() - beganAtMs;
    this.#startRelay(state);
  }

  #startRelay(backend: Connected): void {
    // As if it watched until it is registered at all: see onRegistered().
    const client = { fd: this.#client, generation: this.#generation, watchesWriting: !this.#isRegistered };
    const relaying = new Relaying(this.#context, client, backend);
    this.#phase = { name: "relaying", relaying };
    const { length } = this.#head;
    const rest = this.#head.rest();
    this.#head.drop();
    this.#endBy(relaying.begin(rest, length, this.#readable, this.#readsStopShort));
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
    this.#phase = LINGERING;
    this.#head.drop();
    reactor.libc.shutdownWrites(this.#client);
    this.#arm(performance.now() + timeOuts.lingerMs);
    this.#readable = true;
    this.#dropBytes();
  }

  #dropBytes(): void {
    const { buffer, libc } = this.#context.reactor;
    if (this.#context.reactor.isRequeued(this.#client, this.#generation)) return;
    for (let reads = 0; this.#readable; reads++) {
      if (reads === DROPS_A_TURN) {
        this.#context.reactor.requeue(this.#client, this.#generation);
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

  /** Undefined: it goes on. */
  #endBy(over: RelayOver | undefined): void {
    if (over === undefined || this.#phase.name === "gone") return;
    this.#countBytes();
    this.#record(over.reason, over.detail);
    if (over.isBroken) this.#resetOnClose();
    this.#close();
  }

  #resetOnClose(): void {
    const { libc } = this.#context.reactor;
    libc.resetOnClose(this.#client);
    if (this.#phase.name === "relaying") libc.resetOnClose(this.#phase.relaying.up.to);
  }

  #close(): void {
    const phase = this.#phase;
    if (phase.name === "gone") return;
    this.#phase = GONE;
    const { descriptors, timers } = this.#context.reactor;
    timers.cancel(this.#client);
    if (phase.name === "dialling") phase.dial.cancel();
    if (phase.name === "relaying") {
      phase.relaying.drop();
      descriptors.close(phase.relaying.up.to);
    }
    descriptors.close(this.#client);
    this.#releaseBackend();
    this.#ticket?.gone();
    this.#context.gone();
  }

  #releaseBackend(): void {
    if (this.#backendSlot !== undefined) this.#context.backends.release(this.#backendSlot);
    this.#backendSlot = undefined;
  }

  // --- for onlookers --------------------------------------------------------------------------------------------------

  /** Is this descriptor its client's? It has another one, its backend's. */
  isClient(fd: number): boolean {
    return fd === this.#client;
  }

  get serverName(): string | undefined {
    return this.#facts.hello?.serverName;
  }

  look(): OpenConnection {
    this.#countBytes();
    return this.#facts.look(this.#state());
  }

  /** Bytes since the last time. What is told here, the record tells as counted. */
  takeMoved(): MovedSum {
    this.#countBytes();
    return this.#facts.takeMoved();
  }

  #state(): ConnectionState {
    const phase = this.#phase;
    switch (phase.name) {
      case "beginning":
        return "reading_hello";
      case "resolving":
        return "deciding";
      case "dialling":
        return "connecting";
      case "relaying":
        return phase.relaying.isHalfClosed ? "half_closed" : "relaying";
      case "lingering":
      case "gone":
        return "closing";
    }
  }

  #countBytes(): void {
    if (this.#phase.name !== "relaying") return;
    const { down, up } = this.#phase.relaying;
    this.#facts.bytesIn = up.bytes;
    this.#facts.bytesOut = down.bytes;
  }

  #record(reason: ConnectionReason, detail?: string): void {
    const ended = this.#facts.end(reason, detail);
    if (ended !== undefined) this.#context.ended(ended);
  }
}
