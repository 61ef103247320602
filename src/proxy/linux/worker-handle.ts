/**
 * A worker as the main thread sees it: told of changes and woken for them, begun anew with all it must know when it has died,
 * and cleaned up after.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Logger } from "../../model/log.ts";
import type { Clock } from "../clock.ts";
import type { ExitHook } from "../exit-hook.ts";
import { lendDescriptor, openDescriptors } from "./descriptors.ts";
import { errnoSentence } from "./errno.ts";
import type { Libc, Memory } from "./libc.ts";
import type { SocketWorker } from "./listening-sockets.ts";
import type { FromWorker, ToWorker, WorkerSettings } from "./messages.ts";

const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 10_000;
/** A worker that has lived for so long did not die of how it was begun. */
const HEALTHY_MS = 60_000;

type Unanswered<Message> = Message extends { readonly request: number } ? Omit<Message, "request"> : never;
/** Messages that are answered by `done`. */
export type Request = Unanswered<ToWorker>;
/** Messages that are not. */
export type Notice = Exclude<ToWorker, { readonly request: number }>;

export interface WorkerHandleOptions {
  readonly libc: Libc;
  readonly program: URL;
  readonly settings: Omit<WorkerSettings, "channel" | "wake" | "openDescriptors">;
  /** How many descriptor numbers it may use. */
  readonly descriptorCapacity: number;
  readonly clock: Clock;
  readonly exitHook: ExitHook;
  readonly log: Logger;
  /** What a new worker must be told first. */
  readonly knowledge: () => readonly (Request | Notice)[];
  readonly onMessage: (message: Exclude<FromWorker, { type: "done" }>) => void;
  /** It has died, and its connections with it. */
  readonly onLoss: () => void;
  /** The restarted worker has applied its first messages. */
  readonly onRunning: () => void;
}

export class WorkerHandle implements SocketWorker {
  readonly #options: WorkerHandleOptions;
  readonly #wake: number;
  readonly #wakeCount: Memory;
  readonly #open: Uint8Array;
  readonly #unanswered = new Map<number, () => void>();
  /** The sockets that it accepts on, and their ports. They are the main thread's: a new worker gets them again. */
  readonly #listening = new Map<number, number>();
  readonly #removeExitHook: () => void;
  #lastRequest = 0;
  #channel: MessagePort | undefined;
  #worker: Worker | undefined;
  #restartMs = FIRST_RESTART_MS;
  #isEnding = false;
  #ended: Promise<void> | undefined;
  /** Between two workers: the process must not end because nothing is left of the first. */
  #holdsProcess: NodeJS.Timeout | undefined;
  #whenGone: (() => void)[] = [];

  constructor(options: WorkerHandleOptions) {
    const { descriptorCapacity, libc } = options;
    this.#options = options;
    this.#wake = libc.eventCounter();
    if (this.#wake < 0) throw new Error(`eventfd: ${errnoSentence(-this.#wake)}`);
    this.#wakeCount = libc.allocate(8);
    this.#wakeCount.bytes[0] = 1;
    this.#open = new Uint8Array(new SharedArrayBuffer(descriptorCapacity));
    this.#removeExitHook = options.exitHook.add(this.#leave);
    this.#begin();
  }

  /**
   * The process ends now, and Node waits for its threads. One that waits for the kernel must be woken, and must be told to end
   * before that, or it would go on waiting.
   */
  readonly #leave = () => {
    void this.#worker?.terminate();
    // The kernel closes the open sockets, and bytes may be missing. Accepted sockets would inherit it from the listening ones.
    for (const fd of openDescriptors(this.#open)) if (!this.#listening.has(fd)) this.#options.libc.resetOnClose(fd);
    this.#options.libc.write(this.#wake, this.#wakeCount, 8);
  };

  notify(message: Notice): void {
    this.#channel?.postMessage(message);
    this.#options.libc.write(this.#wake, this.#wakeCount, 8);
  }

  /** Resolves when the worker has done it, or has died: the next one begins with what is so by then. */
  request(message: Request): Promise<void> {
    if (this.#channel === undefined) return Promise.resolve();
    const request = ++this.#lastRequest;
    this.#channel.postMessage({ ...message, request } satisfies ToWorker);
    this.#options.libc.write(this.#wake, this.#wakeCount, 8);
    return new Promise((resolve) => this.#unanswered.set(request, resolve));
  }

  acceptOn(fd: number, port: number): void {
    this.#listening.set(fd, port);
    if (this.#channel !== undefined) this.#lend(fd, port);
  }

  async stopAccepting(fd: number): Promise<void> {
    await this.request({ type: "release_listening", fd });
    // Only now: until then the socket must not be closed if the worker exits.
    this.#listening.delete(fd);
  }

  async closeListening(fd: number): Promise<void> {
    const isAlive = this.#channel !== undefined;
    this.#listening.delete(fd);
    await this.request({ type: "stop_listening", fd });
    if (!isAlive) this.#options.libc.close(fd);
  }

  /** Cuts its connections and ends the thread. Idempotent. */
  end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#isEnding = true;
    clearInterval(this.#holdsProcess);
    const gone = this.#channel === undefined ? undefined : new Promise<void>((resolve) => this.#whenGone.push(resolve));
    await this.request({ type: "end" });
    await gone;
    this.#removeExitHook();
    this.#options.libc.close(this.#wake);
  }

  #begin(): void {
    if (this.#isEnding) return;
    clearInterval(this.#holdsProcess);
    const { clock, knowledge, onMessage, program, settings } = this.#options;
    const { port1, port2 } = new MessageChannel();
    const beganAtMs = clock.now();
    const workerData: WorkerSettings = { ...settings, channel: port2, wake: this.#wake, openDescriptors: this.#open };
    const worker = new Worker(program, { workerData, transferList: [port2], name: `linux-${settings.index}` });
    this.#channel = port1;
    this.#worker = worker;
    const take = (message: FromWorker) => {
      if (message.type === "done") this.#answer(message.request);
      else onMessage(message);
    };
    port1.on("message", take);
    let failure: unknown;
    worker.on("error", (error) => {
      failure = error;
    });
    worker.on("exit", () => {
      // What it has sent may come behind its end, and there may be descriptors among it that are nobody's otherwise.
      for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1)) {
        take(last.message as FromWorker);
      }
      port1.close();
      this.#gone(failure, clock.now() - beganAtMs);
    });
    for (const message of knowledge()) {
      if (message.type !== "apply") this.notify(message as Notice);
      else void this.request(message).then(() => this.#onApplied(port1));
    }
    for (const [fd, port] of this.#listening) this.#lend(fd, port);
  }

  /** From now on, whether the worker has come to know of it or not, it is among what is closed when the worker has died. */
  #lend(fd: number, port: number): void {
    lendDescriptor(this.#open, fd);
    this.notify({ type: "listen", fd, port });
  }

  /** Completes requests of a worker that has exited; its channel is not the present one. */
  #onApplied(channel: MessagePort): void {
    if (this.#channel === channel) this.#options.onRunning();
  }

  #answer(request: number): void {
    this.#unanswered.get(request)?.();
    this.#unanswered.delete(request);
  }

  #gone(failure: unknown, livedMs: number): void {
    const { clock, log, onLoss, settings } = this.#options;
    this.#channel = undefined;
    this.#worker = undefined;
    this.#cleanUp();
    for (const request of [...this.#unanswered.keys()]) this.#answer(request);
    for (const call of this.#whenGone.splice(0)) call();
    if (this.#isEnding) return;
    onLoss();
    if (livedMs > HEALTHY_MS) this.#restartMs = FIRST_RESTART_MS;
    log.error("a thread of the linux engine died, and its connections with it", {
      thread: settings.index,
      error: failure,
      restartMs: this.#restartMs,
    });
    this.#holdsProcess = setInterval(() => {}, LAST_RESTART_MS);
    clock.after(this.#restartMs, () => this.#begin());
    this.#restartMs = Math.min(2 * this.#restartMs, LAST_RESTART_MS);
  }

  /** Closes what the thread has left open. Its connections are reset: their peers must not take this for an end in order. */
  #cleanUp(): void {
    const { libc } = this.#options;
    for (const fd of openDescriptors(this.#open)) {
      if (fd === this.#wake || this.#listening.has(fd)) continue;
      libc.resetOnClose(fd);
      libc.close(fd);
    }
    this.#open.fill(0);
  }
}
