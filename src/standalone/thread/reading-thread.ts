/**
 * The thread that reads, judges and translates the files, as the thread that serves sees it: what it says is carried out, one message in a
 * turn, so that connections are served in between however much it says.
 */
import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Logger } from "../../model/log.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import { DeltaParts } from "../../proxy/delta-parts.ts";
import type { StandaloneStatus } from "../standalone.ts";
import type { FromReader, ThreadSettings, ToReader } from "./messages.ts";
import type { ServedGateways } from "./served-gateways.ts";

export interface ReadingThreadOptions extends ThreadSettings {
  readonly log: Logger;
  readonly gateways: Pick<ServedGateways, "apply" | "retire">;
  /** Called with each status that has changed. Must not wait: connections are served by this thread. */
  readonly onStatus: (status: StandaloneStatus, description: string) => void;
}

/** What the first reading came to: what the files say is served, or why nothing is, in lines for people. */
export type Beginning = { readonly loaded: true } | { readonly loaded: false; readonly lines: readonly string[] };

/** Beside this file in a checkout; in the bundle beside the command, and this may be in a chunk one level below. */
const PROGRAMS = ["./reader.ts", "./standalone-reader.js", "../standalone-reader.js"];

export class ReadingThread {
  readonly #options: ReadingThreadOptions;
  readonly #worker: Worker;
  /** Parts that have come, by Gateway. */
  readonly #parts = new Map<string, DeltaParts>();
  readonly #beginning = Promise.withResolvers<Beginning>();
  #isEnding = false;

  constructor(options: ReadingThreadOptions) {
    this.#options = options;
    const { files, namespace, addresses, externalHosts } = options;
    const program = PROGRAMS.map((place) => new URL(place, import.meta.url)).find((place) => existsSync(place));
    if (program === undefined) throw new Error("the program that reads the files is not installed");
    const workerData: ThreadSettings = { files, namespace, addresses, externalHosts };
    this.#worker = new Worker(program, { workerData, name: "files" });
    this.#worker.on("message", (message: FromReader) => this.#take(message));
    this.#worker.on("error", (error: unknown) => this.#died(error));
    this.#worker.on("exit", (code) => this.#died(new Error(`it ended with ${code}`)));
  }

  /** Rejects by a defect. */
  get beginning(): Promise<Beginning> {
    return this.#beginning.promise;
  }

  /** A report that nobody asked for. */
  report(gateway: string, report: ProxyReport): void {
    this.#send({ type: "report", gateway, report });
  }

  /** What serves serves on, and follows the files no more. Idempotent. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#worker.terminate();
  }

  #send(message: ToReader): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromReader): void {
    if (this.#isEnding) return;
    const { gateways, log } = this.#options;
    switch (message.type) {
      case "apply_part":
        this.#partsOf(message.gateway).add(message);
        this.#send({ type: "go_on" });
        return;
      case "apply":
        void this.#apply(message);
        return;
      case "retire":
        this.#parts.delete(message.gateway);
        gateways.retire(message.gateway, message.drainMs);
        return;
      case "log":
        log[message.level](message.message, message.fields);
        return;
      case "status":
        this.#options.onStatus(message.status, message.description);
        return;
      case "refused":
        this.#beginning.resolve({ loaded: false, lines: message.lines });
        return;
      case "loaded":
        this.#beginning.resolve({ loaded: true });
        return;
    }
  }

  async #apply({ request, gateway, delta: rest }: Extract<FromReader, { type: "apply" }>): Promise<void> {
    try {
      const delta = this.#partsOf(gateway).complete(rest);
      this.#send({ type: "applied", request, report: await this.#options.gateways.apply(gateway, delta) });
    } catch (error) {
      this.#options.log.error("applying a configuration failed by a defect", { gateway, error });
      this.#send({ type: "failed", request, problem: String(error) });
    }
  }

  #partsOf(gateway: string): DeltaParts {
    const known = this.#parts.get(gateway);
    if (known !== undefined) return known;
    const parts = new DeltaParts();
    this.#parts.set(gateway, parts);
    return parts;
  }

  #died(error: unknown): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#beginning.reject(new Error("the thread that reads the files died", { cause: error }));
    this.#options.log.error(
      "the thread that reads the files died: what serves now serves on, and follows them no more",
      {
        error,
      },
    );
  }
}
