/**
 * Runs admission and the change notices in this process, on Pepr. A failed start is retried with backoff until `close`; no other
 * part of the operator waits for it. Does not validate objects. Pepr's watches cannot be stopped: after `close` they report nothing,
 * and they end with the process.
 */
import type { Capability } from "pepr";
import type { AdmissionContext } from "../../admission/ownership.ts";
import { validateObject } from "../../admission/validate.ts";
import { bridgePepr } from "../../logging/pepr.ts";
import { backoffMs } from "../../loop/backoff.ts";
import type { Logger } from "../../model/log.ts";
import { preparePeprEnvironment } from "./environment.ts";
import type { ServingCertificate } from "./key-files.ts";
import { type RunningModule, runModule } from "./module.ts";
import { type ReviewerOptions, reviewer } from "./review.ts";

export interface AdmissionOptions {
  readonly log: Logger;
  /** Lead Pepr's narration into the log too, as `debug`. */
  readonly verbose?: boolean;
  /** Names Pepr's stores: see module.ts. */
  readonly uuid?: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly certificate: ServingCertificate;
  /** Does the cluster serve Gateway, so that it can be watched? All kinds are admitted whether served or not. */
  readonly isGatewayServed: () => boolean;
  readonly onChange: (kind: string, name: string) => void;
  readonly context: () => AdmissionContext;
  /** For metrics. */
  readonly onReview?: ReviewerOptions["onReview"];
  /** Called after a failed start, for metrics. It is retried. */
  readonly onStartFailed?: () => void;
  /** Timeout of Pepr's store before the next start. Pepr itself may need up to 3 s. */
  readonly storeTimeoutMs?: number;
}

export interface Admission {
  /** Resolves with the port when it is bound for the first time. */
  readonly listening: Promise<number>;
  /** Resolves when reviews are answered, or after `close`. Never rejects. */
  readonly ready: Promise<void>;
  isReady(): boolean;
  /** Reason of the last failed start; undefined before the first failure and while reviews are answered. */
  problem(): string | undefined;
  /** New connections see the new certificate; open ones go on. */
  setCertificate(certificate: ServingCertificate): void;
  /** Ends when the last request in progress is answered, or after 5 s. */
  close(): Promise<void>;
}

const STORE_TIMEOUT_MS = 15_000;
/** A new store is found within one minute. Each start costs Pepr some requests and a watch that it does not end. */
const START_BACKOFF = { firstMs: 1_000, maxMs: 60_000 };

interface State {
  certificate: ServingCertificate;
  module: RunningModule | undefined;
  isReady: boolean;
  isClosed: boolean;
  problem: string | undefined;
}

export function startAdmission(options: AdmissionOptions): Admission {
  const state: State = {
    ...{ certificate: options.certificate, module: undefined },
    ...{ isReady: false, isClosed: false, problem: undefined },
  };
  const closed = Promise.withResolvers<void>();
  const listening = Promise.withResolvers<number>();
  const ready = startUntilReady(options, state, closed.promise, listening.resolve);
  return {
    listening: listening.promise,
    ready,
    isReady: () => state.isReady && !state.isClosed,
    problem: () => state.problem,
    setCertificate: (next) => {
      state.certificate = next;
      state.module?.server.setSecureContext({ cert: next.certificate, key: next.key });
    },
    close: async () => {
      state.isClosed = true;
      closed.resolve();
      await state.module?.close();
      await ready;
    },
  };
}

async function startUntilReady(
  options: AdmissionOptions,
  state: State,
  closed: Promise<void>,
  onListening: (port: number) => void,
): Promise<void> {
  const { log, onStartFailed, storeTimeoutMs = STORE_TIMEOUT_MS } = options;
  let { port } = options;
  for (let attempt = 1; !state.isClosed; attempt++) {
    try {
      const module = await runOnce(options, state, port);
      state.module = module;
      port = module.port;
      onListening(port);
      if (!(await settlesWithin(Promise.race([module.ready, closed]), storeTimeoutMs)))
        throw new Error(`Pepr has no store after ${storeTimeoutMs} ms: check namespace pepr-system and its Role`);
      state.isReady = true;
      state.problem = undefined;
      if (state.isClosed) await module.close();
      return;
    } catch (error) {
      await state.module?.close();
      if (state.isClosed) return;
      state.module = undefined;
      state.problem = error instanceof Error ? error.message : String(error);
      onStartFailed?.();
      const retryInMs = Math.round(backoffMs(attempt, START_BACKOFF, Math.random));
      log.warn("Admission failed to start; it is retried, and objects are admitted unchecked until it answers", {
        ...{ error, attempt, retryInMs },
      });
      await settlesWithin(closed, retryInMs);
    }
  }
}

/** @throws the server's own error, such as EADDRINUSE. */
async function runOnce(options: AdmissionOptions, state: State, port: number): Promise<RunningModule> {
  preparePeprEnvironment(process.env);
  const { Log, PeprModule: Module, ...makers } = await importPepr();
  bridgePepr(Log, options.log, { verbose: options.verbose ?? false });
  const capabilities = makeCapabilities(makers, options, () => state.isClosed);
  const identity = options.uuid === undefined ? {} : { uuid: options.uuid };
  return runModule({ Module, capabilities, certificate: state.certificate, port, ...identity });
}

type CapabilityMakers = Pick<Awaited<ReturnType<typeof importPepr>>, "gatewayCapability" | "admissionCapability">;

async function importPepr() {
  const { Log, PeprModule, gatewayCapability, admissionCapability } = await import("./with-pepr.ts");
  return { Log, PeprModule, gatewayCapability, admissionCapability };
}

/** A capability belongs to one module only, so each module gets new ones. */
function makeCapabilities(
  { gatewayCapability, admissionCapability }: CapabilityMakers,
  { log, isGatewayServed, context, onChange, onReview }: AdmissionOptions,
  isClosed: () => boolean,
): Capability[] {
  const review = reviewer(validateObject, { log, context, ...(onReview === undefined ? {} : { onReview }) });
  const changed = (kind: string, name: string) => {
    if (!isClosed()) onChange(kind, name);
  };
  return [gatewayCapability({ isServed: isGatewayServed(), changed }), admissionCapability(review)];
}

async function settlesWithin(promise: Promise<void>, timeoutMs: number): Promise<boolean> {
  const timeout = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => timeout.resolve(false), timeoutMs);
  const settled = await Promise.race([promise.then(() => true), timeout.promise]);
  clearTimeout(timer);
  return settled;
}
