/**
 * One thread of the linux engine: its own table, balancer and hosts, so that a connection is decided and relayed without
 * leaving it. It is told of changes by messages, which wake it while it waits for events.
 *
 * It accepts on the sockets that it is given, and opens and closes no port by itself.
 */

import type { Endpoint } from "../../model/proxy-config.ts";
import { Admission } from "../admit/admission.ts";
import { BackendConnections } from "../admit/backend-connections.ts";
import { addConnection, removeConnections } from "../admit/connection-shares.ts";
import { Balancer } from "../balance/balancer.ts";
import { DeltaParts } from "../delta-parts.ts";
import { sumMoved } from "../observe/moved-bytes.ts";
import { see } from "../observe/open-connection.ts";
import { wantedLines } from "../observe/wanted-lines.ts";
import { type Applied, applyInSteps } from "../route/apply-delta.ts";
import { type LocalAddresses, NO_LOCAL_ADDRESSES, OwnAddresses } from "../route/own-addresses.ts";
import { RouteMemory } from "../route/route-memory.ts";
import { EMPTY_TABLE, findSettings, type RouteTable } from "../route/route-table.ts";
import { slice } from "../slices.ts";
import { Acceptor, type AcceptorContext } from "./acceptor.ts";
import { type ConnectionContext, LinuxConnection } from "./connection.ts";
import type { EndedFacts } from "./connection-facts.ts";
import { openDescriptors } from "./descriptors.ts";
import { errnoSentence } from "./errno.ts";
import { ExternalHostTurns } from "./external-host-turns.ts";
import type { Libc, Memory } from "./libc.ts";
import type { FromWorker, ToWorker, WorkerSettings } from "./messages.ts";
import { type PlanContext, planConnection } from "./plan.ts";
import { Reactor, type ReactorOwner } from "./reactor.ts";
import { RecordOutbox } from "./record-outbox.ts";
import { type Beginning, beginningsOf, unroutedParts } from "./served-here.ts";
import { type PackedAddress, sourceOf } from "./socket-address.ts";
import { tickMs } from "./tick.ts";

/** How long messages may take of one turn, besides the last of them: connections wait for it. */
const MESSAGES_MS = 1;

export interface Channel {
  send(message: FromWorker): void;
  /** The next message, if there is one. */
  receive(): ToWorker | undefined;
}

interface Applying {
  readonly request: number;
  readonly steps: Generator<void, Applied>;
  readonly local: LocalAddresses;
}

/** Connections with a DNS response that have not continued yet. */
interface Resolved {
  readonly connections: Iterator<LinuxConnection>;
  readonly answer: Extract<ToWorker, { type: "resolved" }>["answer"];
}

export type ThreadSettings = Omit<WorkerSettings, "channel">;

export class Thread implements ConnectionContext, AcceptorContext, ReactorOwner {
  readonly reactor: Reactor;
  readonly timeOuts: WorkerSettings["timeOuts"];
  readonly backends: BackendConnections;
  readonly #settings: ThreadSettings;
  readonly #channel: Channel;
  readonly #outbox: RecordOutbox;
  readonly #memory = new RouteMemory();
  readonly #hosts = new ExternalHostTurns();
  readonly #planning: PlanContext;
  readonly #admission: Admission;
  readonly #acceptors = new Map<number, Acceptor>();
  /** Connections that wait for DNS, by host. */
  readonly #waiting = new Map<string, LinuxConnection[]>();
  readonly #wakeCount: Memory;
  #table: RouteTable = EMPTY_TABLE;
  #own = new OwnAddresses(EMPTY_TABLE, NO_LOCAL_ADDRESSES);
  /** By port. */
  #beginnings: ReadonlyMap<number, Beginning> = new Map();
  /** See `unroutedParts`. */
  #unroutedParts: number;
  #parts = new DeltaParts();
  /** A configuration that is being applied; messages that come after it wait. */
  #applying: Applying | undefined;
  /** Continued one by one within the time for messages: thousands may wait for one host. */
  #resolved: Resolved | undefined;
  readonly #wakeGeneration: number;
  /** Messages were left for a turn that is to come. */
  #hasTurn = false;
  #whenIdle: number[] = [];
  #hasEnded = false;

  constructor(libc: Libc, settings: ThreadSettings, channel: Channel) {
    const { openDescriptors: open, pipeCap, start, timeOuts, wake } = settings;
    this.#settings = settings;
    this.#channel = channel;
    this.timeOuts = timeOuts;
    this.backends = new BackendConnections(settings.backendCounts, settings.index);
    this.reactor = new Reactor({ libc, openDescriptors: open, pipeCap, tickMs: tickMs(timeOuts) });
    this.#outbox = new RecordOutbox(settings, (message) => channel.send(message));
    const balancer = new Balancer(start === undefined ? Math.random : () => start);
    this.#planning = { balancer, overrides: settings.overrides, hosts: this.#hosts };
    const { active, index, limits, sources } = settings;
    this.#admission = new Admission(limits, 0, {
      sources,
      part: index + 1,
      countConnections: () => this.#countActive(),
    });
    this.#unroutedParts = active.length - 1;
    this.#wakeCount = libc.allocate(8);
    this.#wakeGeneration = this.reactor.descriptors.take(wake, this);
    const added = this.reactor.loop.addLevelTriggered(wake, this.#wakeGeneration);
    if (added < 0) throw new Error(`epoll_ctl: ${errnoSentence(-added)}`);
  }

  /** Until it is told to end. Whatever it ends by, what it has counted is told. */
  run(): void {
    try {
      while (!this.#hasEnded) this.turn();
    } finally {
      this.#outbox.flush();
    }
  }

  /** One turn of events, deadlines and messages. */
  turn(): void {
    this.reactor.turn(this.#outbox.dueMs);
    if (this.#whenIdle.length > 0) this.#tellIdle();
    if (this.reactor.nowMs >= this.#outbox.dueMs) this.#outbox.flush();
  }

  // --- messages -------------------------------------------------------------------------------------------------------

  /** Of the wake-up: there is something in the channel. */
  onEvent(fd: number): void {
    this.reactor.libc.read(fd, this.#wakeCount, 8);
    // A turn of its own is coming for those that were left; each wake-up must not bring one more.
    if (!this.#hasTurn) this.#obeySome(fd);
  }

  /** Of messages that were left for this turn. */
  onTurn(fd: number): void {
    this.#hasTurn = false;
    this.#obeySome(fd);
  }

  onDeadline(): void {}

  /** A message that cannot be obeyed: what this thread knows may be wrong, so it is begun anew. */
  onDefect(error: unknown): void {
    throw error;
  }

  /** As many as fit into a turn; the others are left for the next. */
  #obeySome(fd: number): void {
    const untilMs = performance.now() + MESSAGES_MS;
    while (!this.#hasEnded) {
      if (this.#applying !== undefined) {
        this.#goOnApplying(this.#applying);
      } else if (this.#resolved !== undefined) {
        this.#resumeOne(this.#resolved);
      } else {
        const message = this.#channel.receive();
        if (message === undefined) return;
        this.#obey(message);
      }
      if (performance.now() < untilMs) continue;
      this.#hasTurn = true;
      this.reactor.requeue(fd, this.#wakeGeneration);
      return;
    }
  }

  #goOnApplying({ local, request, steps }: Applying): void {
    const result = slice(steps, () => performance.now(), MESSAGES_MS);
    if (result === undefined) return;
    this.#applying = undefined;
    this.#take(result.value, local);
    this.#done(request);
  }

  #resumeOne({ answer, connections }: Resolved): void {
    const next = connections.next();
    if (next.done === true) this.#resolved = undefined;
    else this.#guard(next.value, () => next.value.resolved(answer));
  }

  #obey(message: ToWorker): void {
    switch (message.type) {
      case "apply_part":
        this.#parts.add(message);
        return;
      case "apply":
        this.#applying = {
          request: message.request,
          steps: applyInSteps(this.#table, this.#parts.complete(message.delta)),
          local: message.local,
        };
        return;
      case "limits":
        this.#admission.set(message.limits, this.reactor.nowMs);
        this.backends.setLimit(message.maxBackendConnections);
        this.reactor.pipes.setCap(message.pipeCap);
        return;
      case "listen":
        this.#acceptors.set(message.fd, new Acceptor(message.fd, message.port, this));
        return;
      case "stop_listening":
        this.#acceptors.get(message.fd)?.close();
        this.#acceptors.delete(message.fd);
        this.#done(message.request);
        return;
      case "release_listening":
        this.#acceptors.get(message.fd)?.release();
        this.#acceptors.delete(message.fd);
        this.#done(message.request);
        return;
      case "host":
        this.#hosts.set(message.host, message.answer);
        return;
      case "resolved":
        this.#resolved = { connections: this.#takeWaiting(message.host).values(), answer: message.answer };
        return;
      case "become_idle":
        this.#whenIdle.push(message.request);
        return;
      case "tell_moved":
        this.#channel.send({
          type: "moved",
          sums: sumMoved(this.#connections().map((connection) => connection.takeMoved())),
        });
        this.#done(message.request);
        return;
      case "look":
        this.#look(message);
        this.#done(message.request);
        return;
      case "cut":
        this.#cutAll();
        this.#done(message.request);
        return;
      case "end":
        for (const acceptor of this.#acceptors.values()) acceptor.close();
        this.#cutAll();
        this.#hasEnded = true;
        this.#done(message.request);
        return;
    }
  }

  #take(applied: Applied, local: LocalAddresses): void {
    if ("refused" in applied) throw new Error(`a worker refuses what was accepted: ${applied.refused.message}`);
    if (applied.ok.externalTargets !== this.#table.externalTargets) {
      this.#hosts.keep(new Set([...applied.ok.externalTargets.values()].map(({ host }) => host)));
    }
    const hasOtherSettings = findSettings(applied.ok) !== findSettings(this.#table);
    if (hasOtherSettings) this.#outbox.want(wantedLines(this.#settings, findSettings(applied.ok)?.logging));
    if (hasOtherSettings || applied.ok.listeners !== this.#table.listeners) {
      this.#beginnings = beginningsOf(applied.ok);
      this.#unroutedParts = unroutedParts(applied.ok, this.#settings.active.length - 1);
    }
    this.#table = applied.ok;
    this.#own = new OwnAddresses(applied.ok, local);
  }

  /** All records of what has happened until now go first. */
  #done(request: number): void {
    this.#outbox.flush();
    this.#channel.send({ type: "done", request });
  }

  #tellIdle(): void {
    if (Atomics.load(this.#settings.active, this.#settings.index) > 0) return;
    for (const request of this.#whenIdle.splice(0)) this.#done(request);
  }

  #cutAll(): void {
    for (const connection of this.#connections()) connection.cut("drain_deadline");
  }

  #connections(): readonly LinuxConnection[] {
    const { descriptors } = this.reactor;
    return openDescriptors(this.#settings.openDescriptors).flatMap((fd) => {
      const owner = descriptors.presentOwner(fd);
      return owner instanceof LinuxConnection && owner.isClient(fd) ? [owner] : [];
    });
  }

  #look({ look, wish }: Extract<ToWorker, { type: "look" }>): void {
    const { index, openDescriptors: open } = this.#settings;
    const connections = this.#connections();
    const part = {
      name: `linux-${index}`,
      active: connections.length,
      pipes: this.reactor.pipes.count,
      descriptors: openDescriptors(open).length,
    };
    this.#channel.send({ type: "seen", look, seen: see(connections, wish), part });
  }

  #takeWaiting(host: string): readonly LinuxConnection[] {
    const waiting = this.#waiting.get(host) ?? [];
    this.#waiting.delete(host);
    return waiting;
  }

  #guard(connection: LinuxConnection, call: () => void): void {
    try {
      call();
    } catch (error) {
      connection.onDefect(error);
    }
  }

  // --- of acceptors ---------------------------------------------------------------------------------------------------

  accepted(fd: number, port: number, client: PackedAddress): void {
    this.#outbox.opened(this.reactor.nowMs);
    const hasRoom = addConnection(this.#settings.processConnections);
    const ticket = hasRoom
      ? this.#admission.accept(this.reactor.nowMs, this.#unroutedParts)
      : ("connection_limit" as const);
    Atomics.add(this.#settings.active, this.#settings.index, 1);
    // Closed at once, without the patience of an ordinary refusal: there is no room for it.
    if (typeof ticket === "string") {
      new LinuxConnection(fd, port, client, undefined, this).cut(ticket);
      return;
    }
    const connection = new LinuxConnection(fd, port, client, ticket, this);
    const refusal = ticket.identifySource(sourceOf(client, this.#admission.sources));
    if (refusal !== undefined) connection.cut(refusal.reason, refusal.detail);
    else this.#guard(connection, () => connection.begin());
  }

  paused(error: string): void {
    this.#channel.send({ type: "accept_paused", error });
  }

  #countActive(): number {
    const { active } = this.#settings;
    let sum = 0;
    for (let index = 0; index < active.length; index++) sum += Atomics.load(active, index);
    return sum;
  }

  // --- of connections -------------------------------------------------------------------------------------------------

  beginningOf(port: number): Beginning {
    return this.#beginnings.get(port) ?? "client_hello";
  }

  plan(port: number, serverName: string | undefined): ReturnType<typeof planConnection> {
    return planConnection(this.#memory.prospect(this.#table, port, serverName), this.#planning);
  }

  isOwnEndpoint(endpoint: Endpoint): boolean {
    return this.#own.isOwn(endpoint);
  }

  resolve(host: string, connection: LinuxConnection): void {
    const waiting = this.#waiting.get(host);
    if (waiting !== undefined) {
      waiting.push(connection);
      return;
    }
    this.#waiting.set(host, [connection]);
    this.#channel.send({ type: "resolve", host });
  }

  handOver(fd: number, port: number, head: Uint8Array): void {
    // That it has been opened goes first.
    this.#outbox.flush();
    // It is counted once at any time: now by the portable engine, which also removes it from the process's count.
    const { active, index } = this.#settings;
    Atomics.sub(active, index, 1);
    Atomics.add(active, active.length - 1, 1);
    this.#channel.send({ type: "hand_over", fd, port, head });
  }

  ended(ended: EndedFacts): void {
    this.#outbox.ended(ended, this.reactor.nowMs);
  }

  gone(): void {
    Atomics.sub(this.#settings.active, this.#settings.index, 1);
    removeConnections(this.#settings.processConnections);
  }

  defect(error: unknown): void {
    this.#channel.send({ type: "defect", error });
  }
}
