/**
 * The engine for Linux: a worker for each core, which accepts, decides and relays by itself (thread.ts), and beside them the
 * portable engine, to which the workers hand over what they do not serve (served-here.ts).
 *
 * It binds, tells the workers of every change, counts and passes on how connections went.
 */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "../../model/log.ts";
import type { ConfigDelta } from "../../model/proxy-config.ts";
import type { SharedSources } from "../admit/admission.ts";
import {
  BackendConnections,
  clearBackendCounts,
  createBackendCounts,
  type SharedBackendCounts,
} from "../admit/backend-connections.ts";
import { type ConnectionShare, type ProcessConnections, removeConnections } from "../admit/connection-shares.ts";
import { defaultLimits, shareOf } from "../admit/limits.ts";
import { clearSourceCounts } from "../admit/source-counts.ts";
import { atMost, type Clock } from "../clock.ts";
import { maxBackendConnections } from "../connection-limit.ts";
import { inParts } from "../delta-parts.ts";
import type { FailedHost, HostAnswer } from "../dns/resolve-host.ts";
import type { ExitHook } from "../exit-hook.ts";
import type { ConnectionsSeen, ConnectionWish, EnginePart, EngineView } from "../observe/open-connection.ts";
import { countOf } from "../observe/tally.ts";
import type { Overrides } from "../planner.ts";
import { randomSeed } from "../random-seed.ts";
import type { DrainResult, Engine, EngineHost, ListenAddress, ListenResult } from "../relay/engine.ts";
import { PortableEngine } from "../relay/portable-engine.ts";
import type { Connect } from "../relay/socket-options.ts";
import type { TimeOuts } from "../relay/time-outs.ts";
import type { LocalAddresses } from "../route/own-addresses.ts";
import { EMPTY_TABLE, type RouteTable } from "../route/route-table.ts";
import { kernelSockets } from "./kernel-sockets.ts";
import { type Libc, loadLibc } from "./libc.ts";
import { SocketListener } from "./listening-socket.ts";
import { ListeningSockets } from "./listening-sockets.ts";
import type { FromWorker } from "./messages.ts";
import { unroutedParts } from "./served-here.ts";
import { type Notice, type Request, WorkerHandle } from "./worker-handle.ts";

/** Beyond what connections take: ports, pipes, the stream, files. Numbers are given from the lowest, so they stay below. */
const MORE_DESCRIPTORS = 4_096;
/** fs.pipe-user-pages-soft, 64 MiB, in pipes of 256 KiB; of all Gateways of the process. */
const PIPES_OF_ALL_WORKERS = 256;
/** Each pause is a message; the log gets one line in this time. */
const ACCEPT_WARNING_MS = 10_000;
/** Workers answer between two turns of events, which is soon; one that does not is in trouble, and whoever looks wants to know. */
const LOOK_MS = 1_000;
/**
 * What a change took besides what it leaves, for messages and for V8's compilers, is given back so long after it, and no sooner however
 * many changes come: it takes up to 3 ms.
 */
const TRIM_MS = 5_000;
/** Metrics must come: what a worker has not told by then comes with the next ones. */
const TELL_MOVED_MS = 250;

export interface LinuxEngineOptions {
  readonly host: EngineHost;
  readonly timeOuts: TimeOuts;
  readonly processConnections: ProcessConnections;
  /** Until `setShare`. */
  readonly share: ConnectionShare;
  /** With a part for this thread, and one for each worker after it. */
  readonly sources: SharedSources;
  readonly clock: Clock;
  /** Of the process. */
  readonly exitHook: ExitHook;
  readonly log: Logger;
  readonly overrides: Overrides;
  /** Read with each configuration. */
  readonly localAddresses: () => LocalAddresses;
  /** Asks DNS for a host of which nothing is known yet. */
  readonly lookup: (host: string) => Promise<readonly string[] | FailedHost>;
  /** Dials for connections that are handed over; the workers dial by themselves. */
  readonly connect?: Connect;
  readonly workers: number;
  /** In [0, 1): where round robins begin; absent: by chance. */
  readonly start?: number;
}

/** What the engine needs of the machine. */
export interface LinuxEngineMeans {
  readonly libc: Libc;
  readonly program: URL;
}

/** What the engine needs, or one sentence on what is missing. */
export function linuxEngineMeans(): LinuxEngineMeans | { readonly problem: string } {
  const loaded = loadLibc();
  if ("problem" in loaded) return loaded;
  const { libc } = loaded;
  // In a sandbox, these are the calls that a filter may refuse.
  const tried = [libc.epollCreate(), libc.eventCounter()];
  for (const fd of tried) if (fd >= 0) libc.close(fd);
  if (tried.some((fd) => fd < 0)) return { problem: "epoll or eventfd is refused here" };
  // Beside this file in a checkout; in the bundle beside the command, and this may be in a chunk one level below.
  const places = ["./worker.ts", "./linux-worker.js", "../linux-worker.js"];
  const program = places.map((place) => new URL(place, import.meta.url)).find((place) => existsSync(place));
  return program === undefined ? { problem: "the program of its workers is not installed" } : { libc, program };
}

/**
 * A thread takes some 20 MB, each Gateway has its own, and a node may have a hundred processors that no limit of the Pod takes away.
 * So many move tens of thousands of connections a second; more Pods move more.
 */
const MOST_WORKERS = 4;

/** Number of cores of this process, at most `MOST_WORKERS`. */
export function defaultWorkers(): number {
  return Math.min(availableParallelism(), MOST_WORKERS);
}

function limitsOfWorker({ gateways, maxConnections }: ConnectionShare, workers: number) {
  return { limits: defaultLimits(maxConnections), pipeCap: shareOf(PIPES_OF_ALL_WORKERS, workers * gateways) };
}

export class LinuxEngine implements Engine {
  readonly #options: LinuxEngineOptions;
  readonly #portable: PortableEngine;
  readonly #sockets: SocketListener;
  readonly #trimHeap: () => void;
  readonly #workers: readonly WorkerHandle[];
  readonly #listening: ListeningSockets;
  /** Connections of each worker, then those of the portable engine. */
  readonly #active: Int32Array;
  /** Counters of each backend, in the same rows. */
  readonly #backendCounts: SharedBackendCounts;
  /** Connections that each worker has told to have begun and not to have ended. */
  readonly #untold: number[];
  readonly #hosts = new Map<string, HostAnswer>();
  #share: ConnectionShare;
  #table: RouteTable = EMPTY_TABLE;
  #lastAcceptWarningMs = Number.NEGATIVE_INFINITY;
  #lastLook = 0;
  /** Cancels the trim that is to come. */
  #cancelTrim: (() => void) | undefined;
  /** What workers have answered, by the number of the look and their index. */
  readonly #looks = new Map<number, Map<number, { readonly seen: ConnectionsSeen; readonly part: EnginePart }>>();

  constructor(options: LinuxEngineOptions, { libc, program }: LinuxEngineMeans) {
    const {
      clock,
      connect,
      exitHook,
      host,
      log,
      overrides,
      processConnections,
      share,
      sources,
      start,
      timeOuts,
      workers,
    } = options;
    this.#options = options;
    this.#share = share;
    this.#sockets = new SocketListener(libc);
    this.#trimHeap = libc.trimHeap;
    this.#active = new Int32Array(new SharedArrayBuffer(4 * (workers + 1)));
    this.#backendCounts = createBackendCounts(workers + 1, maxBackendConnections(share.maxConnections), randomSeed());
    this.#untold = new Array<number>(workers).fill(0);
    this.#portable = new PortableEngine({
      clock,
      log,
      host: this.#countingHost(host, workers),
      kernel: kernelSockets(libc),
      backends: new BackendConnections(this.#backendCounts, workers),
      processConnections,
      ...(connect === undefined ? {} : { connect }),
    });
    const settings = {
      active: this.#active,
      backendCounts: this.#backendCounts,
      processConnections,
      ...limitsOfWorker(share, workers),
      sources,
      overrides,
      timeOuts,
      wantsRecords: host.wantsRecords,
      wantsFailures: host.wantsFailures,
      refusedLines: host.refusedLines,
      ...(start === undefined ? {} : { start }),
    };
    this.#workers = Array.from(
      { length: workers },
      (_, index) =>
        new WorkerHandle({
          libc,
          program,
          settings: { ...settings, index },
          // The numbers belong to the process, not to one Gateway.
          descriptorCapacity: 2 * processConnections.limit + MORE_DESCRIPTORS,
          clock,
          exitHook,
          log,
          knowledge: () => this.#knowledge(),
          onMessage: (message) => this.#onMessage(index, message),
          onLoss: () => this.#onLoss(index),
          onRunning: () => this.#listening.onWorkerRunning(index),
        }),
    );
    this.#listening = new ListeningSockets(this.#workers);
    log.info("linux engine", { workers });
  }

  setShare(share: ConnectionShare): void {
    this.#share = share;
    this.#portable.setShare(share);
    for (const worker of this.#workers) worker.notify(this.#limitsNotice());
  }

  get activeConnections(): number {
    // Of the portable engine, those that are on their way to it are counted already, those that linger no more.
    const adopted = Atomics.load(this.#active, this.#active.length - 1);
    return this.#activeOfWorkers() + Math.max(adopted, this.#portable.activeConnections);
  }

  async look(wish: ConnectionWish): Promise<EngineView> {
    const look = ++this.#lastLook;
    const answers = new Map<number, { readonly seen: ConnectionsSeen; readonly part: EnginePart }>();
    this.#looks.set(look, answers);
    await this.#wait(
      LOOK_MS,
      this.#workers.map((worker) => worker.request({ type: "look", look, wish })),
    );
    this.#looks.delete(look);
    const portable = await this.#portable.look(wish);
    const seen = [...[...answers.values()].map((answer) => answer.seen), portable];
    const parts = this.#workers.map(
      (_, index): EnginePart =>
        answers.get(index)?.part ?? {
          name: `linux-${index}`,
          active: Atomics.load(this.#active, index),
          isSilent: true,
        },
    );
    return {
      connections: seen.flatMap(({ connections }) => connections).slice(0, wish.limit),
      matching: seen.reduce((sum, { matching }) => sum + matching, 0),
      parts: [...parts, ...portable.parts],
    };
  }

  async tellMoved(): Promise<void> {
    const asked = this.#workers.map((worker) => worker.request({ type: "tell_moved" }));
    await this.#wait(TELL_MOVED_MS, [...asked, this.#portable.tellMoved()]);
  }

  async listen(at: ListenAddress): Promise<ListenResult> {
    const opened = this.#sockets.open(at, this.#workers.length);
    if ("failed" in opened) return opened;
    for (const [worker, fd] of opened.fds.entries()) this.#listening.add(fd, at.port, worker);
    const close = async () => {
      await Promise.all(opened.fds.map((fd) => this.#listening.close(fd)));
    };
    return { bound: { close } };
  }

  async apply(delta: ConfigDelta, table: RouteTable): Promise<void> {
    this.#table = table;
    const hosts = new Set([...table.externalTargets.values()].map(({ host }) => host));
    for (const host of this.#hosts.keys()) if (!hosts.has(host)) this.#hosts.delete(host);
    const { parts, rest } = inParts(delta);
    for (const part of parts) {
      for (const worker of this.#workers) worker.notify({ type: "apply_part", ...part });
      await nextTurn();
    }
    const local = this.#options.localAddresses();
    await Promise.all(this.#workers.map((worker) => worker.request({ type: "apply", delta: rest, local })));
    this.#trimSoon();
  }

  /** DNS has answered for a host of the configuration. */
  hostAnswered(host: string, answer: HostAnswer): void {
    this.#hosts.set(host, answer);
    for (const worker of this.#workers) worker.notify({ type: "host", host, answer });
  }

  async drain(deadlineMs: number): Promise<DrainResult> {
    const before = this.#activeOfWorkers();
    // A worker with connections may hand one off.
    const workersIdle = Promise.all(this.#workers.map((worker) => worker.request({ type: "become_idle" })));
    const portable = this.#portable.drain(deadlineMs, workersIdle);
    await this.#wait(deadlineMs, [workersIdle]);
    const cut = this.#activeOfWorkers();
    await Promise.all(this.#workers.map((worker) => worker.request({ type: "cut" })));
    const others = await portable;
    return { ended: Math.max(before - cut + others.ended, 0), cut: cut + others.cut };
  }

  async close(): Promise<void> {
    this.#cancelTrim?.();
    await Promise.all(this.#workers.map((worker) => worker.end()));
    // Last: connections that a worker hands off before it exits must be closed too.
    await this.#portable.close();
  }

  #trimSoon(): void {
    this.#cancelTrim ??= this.#options.clock.after(TRIM_MS, () => {
      this.#cancelTrim = undefined;
      this.#trimHeap();
    });
  }

  /** What a new worker must be told: the table as a whole, and what is known of hosts. */
  #knowledge(): (Request | Notice)[] {
    const { resources, revision } = this.#table;
    const whole: ConfigDelta = { revision, upserts: new Map(resources.entries()), removals: [] };
    const hosts = [...this.#hosts].map(([host, answer]): Notice => ({ type: "host", host, answer }));
    return [this.#limitsNotice(), { type: "apply", delta: whole, local: this.#options.localAddresses() }, ...hosts];
  }

  #limitsNotice(): Notice {
    const limits = limitsOfWorker(this.#share, this.#options.workers);
    return { type: "limits", maxBackendConnections: maxBackendConnections(this.#share.maxConnections), ...limits };
  }

  #onMessage(index: number, message: Exclude<FromWorker, { type: "done" }>): void {
    const { host, log } = this.#options;
    switch (message.type) {
      case "connections":
        this.#count(index, message.opened, message.ended.length);
        for (const record of message.ended) host.ended(record);
        return;
      case "tally":
        this.#count(index, message.opened, countOf(message.ended));
        host.tallied(message.ended);
        return;
      case "hand_over":
        // It leaves the worker's count without a record, and comes into the portable engine's without being opened there.
        this.#untold[index] = (this.#untold[index] ?? 0) - 1;
        this.#portable.adopt(message.fd, message.port, message.head);
        return;
      case "moved":
        host.moved(message.sums);
        return;
      case "seen":
        this.#looks.get(message.look)?.set(index, message);
        return;
      case "resolve":
        void this.#resolve(index, message.host);
        return;
      case "accept_paused":
        this.#warnOfAccept(message.error);
        return;
      case "defect":
        log.error("a connection ended by a defect", { error: message.error });
        return;
    }
  }

  /** For all of these, and no longer than so. */
  #wait(limitMs: number, answers: readonly Promise<unknown>[]): Promise<void> {
    return atMost(this.#options.clock, limitMs, Promise.all(answers));
  }

  #count(index: number, opened: number, ended: number): void {
    this.#untold[index] = (this.#untold[index] ?? 0) + opened - ended;
    if (opened > 0) this.#options.host.opened(opened);
  }

  async #resolve(index: number, host: string): Promise<void> {
    const answer = await this.#options.lookup(host);
    this.#workers[index]?.notify({ type: "resolved", host, answer });
  }

  #warnOfAccept(error: string): void {
    const { clock, log } = this.#options;
    const nowMs = clock.now();
    if (nowMs - this.#lastAcceptWarningMs < ACCEPT_WARNING_MS) return;
    this.#lastAcceptWarningMs = nowMs;
    log.warn("cannot accept connections", { error, active: this.activeConnections });
  }

  /** Nobody will ever tell how these went, but each that was opened must end. */
  #onLoss(index: number): void {
    this.#listening.onWorkerLost(index);
    const lost = this.#untold[index] ?? 0;
    this.#untold[index] = 0;
    removeConnections(this.#options.processConnections, this.#active[index]);
    this.#active[index] = 0;
    clearBackendCounts(this.#backendCounts, index);
    clearSourceCounts(this.#options.sources.memory, index + 1);
    for (let count = 0; count < lost; count++) {
      this.#options.host.ended({
        reason: "internal_error",
        detail: "the thread of the connection died",
        path: {},
        port: 0,
        clientAddress: "unknown:0",
        bytesIn: 0,
        bytesOut: 0,
        durationMs: 0,
      });
    }
  }

  #activeOfWorkers(): number {
    let sum = 0;
    for (let index = 0; index < this.#active.length - 1; index++) sum += Atomics.load(this.#active, index);
    return sum;
  }

  /** The portable engine only ever adopts; the workers are told what it has, because the cap is for all together. */
  #countingHost(host: EngineHost, index: number): EngineHost {
    return {
      ...host,
      // Each end makes room for the next connection at once.
      wantsRecords: true,
      // It is among those counted: its worker has counted it over.
      admit: () => {
        const counted = this.#activeOfWorkers() + Atomics.load(this.#active, index);
        if (counted > this.#share.maxConnections) return "connection_limit";
        return host.admit(unroutedParts(this.#table, this.#workers.length));
      },
      ended: (record) => {
        Atomics.sub(this.#active, index, 1);
        host.ended(record);
      },
    };
  }
}
