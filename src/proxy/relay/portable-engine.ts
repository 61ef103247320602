/**
 * The reference engine, on `node:net`: runs on any platform and shows what an engine must do.
 *
 * It accepts, keeps the list of connections that were let in, and sweeps their deadlines. What happens
 * within a connection is in portable-connection.ts.
 */
import net from "node:net";
import type { Logger } from "../../model/log.ts";
import type { AdmissionRefusal } from "../admit/admission.ts";
import type { BackendConnections } from "../admit/backend-connections.ts";
import {
  addConnection,
  type ConnectionShare,
  type ProcessConnections,
  removeConnections,
} from "../admit/connection-shares.ts";
import { atMost, type Clock } from "../clock.ts";
import { maxBackendConnections } from "../connection-limit.ts";
import { sumMoved } from "../observe/moved-bytes.ts";
import { type ConnectionWish, type EngineView, see } from "../observe/open-connection.ts";
import { SocketFacts } from "./client-facts.ts";
import {
  type DrainResult,
  type Engine,
  type EngineHost,
  formatAddress,
  type ListenAddress,
  type ListenResult,
} from "./engine.ts";
import { Ledger } from "./ledger.ts";
import { type ConnectionContext, PortableConnection } from "./portable-connection.ts";
import { ReadBuffers } from "./read-buffer.ts";
import { type Connect, connectTcp, errorCode, type KernelSockets, SOCKET_OPTIONS } from "./socket-options.ts";
import type { TimeOuts } from "./time-outs.ts";

/** The kernel cuts this to net.core.somaxconn, 4096 since Linux 5.4. */
const BACKLOG = 4_096;
/**
 * Deadlines are swept, not timed one by one: two timers for each connection would cost more than looking at 10,000 of them
 * once a second. A deadline is met up to one sweep late, never early.
 */
const MAX_SWEEP_MS = 1_000;
const MIN_SWEEP_MS = 10;
/** Each failure is an event; the log gets one line in this time. */
const WARNING_MS = 10_000;

export interface PortableEngineOptions {
  readonly host: EngineHost;
  readonly clock: Clock;
  readonly log: Logger;
  readonly backends: BackendConnections;
  readonly processConnections: ProcessConnections;
  readonly connect?: Connect;
  readonly kernel?: KernelSockets;
}

export class PortableEngine implements Engine {
  readonly #context: ConnectionContext;
  readonly #ledger: Ledger;
  readonly #processConnections: ProcessConnections;
  readonly #connections = new Set<PortableConnection>();
  #stopSweeping: () => void = () => {};
  #lastWarningMs = Number.NEGATIVE_INFINITY;
  /** Called when the last connection is gone. */
  #whenIdle: (() => void)[] = [];

  constructor({ connect = connectTcp, kernel, processConnections, ...context }: PortableEngineOptions) {
    this.#processConnections = processConnections;
    this.#ledger = new Ledger(context.host, context.clock);
    this.#context = {
      ...context,
      connect,
      kernel,
      buffers: new ReadBuffers(),
      outOfDescriptors: (error) => this.#warn("out of descriptors: connections are closed unanswered", error),
      ended: (record) => this.#ledger.ended(record),
      gone: (connection) => this.#forget(connection),
    };
    this.#sweepLater();
  }

  setShare({ maxConnections }: ConnectionShare): void {
    this.#context.backends.setLimit(maxBackendConnections(maxConnections));
  }

  get activeConnections(): number {
    return this.#connections.size;
  }

  async look(wish: ConnectionWish): Promise<EngineView> {
    const seen = see(this.#connections.keys(), wish);
    return { ...seen, parts: [{ name: "portable", active: this.#connections.size }] };
  }

  async tellMoved(): Promise<void> {
    this.#context.host.moved(sumMoved([...this.#connections.keys()].map((connection) => connection.takeMoved())));
  }

  listen({ address, port }: ListenAddress): Promise<ListenResult> {
    const server = net.createServer(SOCKET_OPTIONS, (socket) => this.#accept(socket, port));
    return new Promise((resolve) => {
      const onError = (error: Error) => resolve(listenFailure(error));
      server.once("error", onError);
      server.listen({ host: address, port, ipv6Only: address.includes(":"), backlog: BACKLOG, exclusive: true }, () => {
        server.off("error", onError);
        server.on("error", ({ message }) => this.#warn("cannot accept connections", message));
        resolve({ bound: { close: () => closeServer(server) } });
      });
    });
  }

  /**
   * `adoptionsEnd` resolves when no other connection will be adopted. Until then the drain continues, even without connections.
   * Connections adopted meanwhile count as ended or reset, so that `ended` may be negative.
   */
  async drain(deadlineMs: number, adoptionsEnd: Promise<unknown> = Promise.resolve()): Promise<DrainResult> {
    const before = this.#connections.size;
    await atMost(
      this.#context.clock,
      deadlineMs,
      adoptionsEnd.then(() => this.#allGone()),
    );
    const cut = this.#connections.size;
    for (const connection of [...this.#connections]) connection.cut("drain_deadline");
    this.#ledger.flush();
    return { ended: before - cut, cut };
  }

  async close(): Promise<void> {
    this.#stopSweeping();
    for (const connection of [...this.#connections]) connection.cut("drain_deadline");
    await this.#allGone();
    this.#ledger.flush();
  }

  /**
   * Adopts a connection that another engine has accepted, counted in the process and reported by `opened`; `head`: its bytes read so far.
   * The descriptor must not be watched or closed by anybody else.
   */
  adopt(fd: number, port: number, head: Uint8Array): void {
    const socket = new net.Socket({ fd, readable: true, writable: true, allowHalfOpen: SOCKET_OPTIONS.allowHalfOpen });
    if (head.length > 0) socket.unshift(head);
    this.#take(socket, port);
  }

  #accept(socket: net.Socket, port: number): void {
    this.#ledger.opened();
    if (addConnection(this.#processConnections)) this.#take(socket, port);
    else this.#turnAway(socket, port, "connection_limit");
  }

  #take(socket: net.Socket, port: number): void {
    const ticket = this.#context.host.admit();
    if (typeof ticket === "string") {
      this.#turnAway(socket, port, ticket);
      return;
    }
    const connection = new PortableConnection(socket, port, ticket, this.#context);
    this.#connections.add(connection);
    connection.begin();
  }

  /** Closed at once, without the patience of an ordinary refusal: there is no room for it. */
  #turnAway(socket: net.Socket, port: number, reason: AdmissionRefusal): void {
    const { source } = new SocketFacts(socket);
    const clientAddress = formatAddress(source.address, source.port);
    this.#ledger.ended({ reason, path: {}, port, clientAddress, bytesIn: 0, bytesOut: 0, durationMs: 0 });
    socket.on("error", () => {}).destroy();
    removeConnections(this.#processConnections);
  }

  /** How often depends on time-outs that a configuration may change. */
  #sweepLater(): void {
    const { clock, host } = this.#context;
    this.#stopSweeping = clock.after(sweepIntervalMs(host.timeOuts()), () => {
      const nowMs = clock.now();
      for (const connection of this.#connections) connection.checkDeadline(nowMs);
      this.#sweepLater();
    });
  }

  /**
   * Ports stay open. Out of descriptors (EMFILE), libuv closes what it cannot accept with a descriptor kept for that, and tells
   * nobody; only when that fails too there is an error. What is noticed is that there is none left for a backend. The cap on
   * connections is there to prevent all this.
   */
  #warn(what: string, error: string): void {
    const nowMs = this.#context.clock.now();
    if (nowMs - this.#lastWarningMs < WARNING_MS) return;
    this.#lastWarningMs = nowMs;
    this.#context.log.warn(what, { error, active: this.#connections.size });
  }

  #forget(connection: PortableConnection): void {
    connection.ticket.gone();
    removeConnections(this.#processConnections);
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    for (const call of this.#whenIdle.splice(0)) call();
  }

  #allGone(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }
}

function sweepIntervalMs({ clientHelloMs, idleMs, halfClosedMs, maxAgeMs, lingerMs }: TimeOuts): number {
  const shortest = Math.min(clientHelloMs, idleMs, halfClosedMs, maxAgeMs, lingerMs);
  return Math.min(Math.max(shortest / 4, MIN_SWEEP_MS), MAX_SWEEP_MS);
}

function listenFailure(error: Error): ListenResult {
  const message = error.message;
  switch (errorCode(error)) {
    case "EADDRINUSE":
      return { failed: "port_in_use", message };
    case "EACCES":
    case "EPERM":
      return { failed: "port_not_permitted", message };
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
      return { failed: "address_unavailable", message };
    default:
      return { failed: "bind_failed", message };
  }
}

/** Frees the port at once. The callback of close() would wait for the connections, so it is not used. */
function closeServer(server: net.Server): Promise<void> {
  server.close();
  return new Promise((resolve) => setImmediate(resolve));
}
