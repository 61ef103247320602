/**
 * Starts admission and the change notices in this process, on Pepr. Owns when Pepr is imported, made anew and closed; judges
 * nothing. Pepr's watches cannot be stopped: after `close` they are silent, and end with the process.
 */
import type { Capability } from "pepr";
import type { AdmissionContext } from "../../admission/ownership.ts";
import { validateObject } from "../../admission/validate.ts";
import { bridgePepr } from "../../logging/pepr.ts";
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
  readonly isGatewayServed: boolean;
  readonly onChange: (kind: string, name: string) => void;
  readonly context: () => AdmissionContext;
  /** For metrics. */
  readonly onReview?: ReviewerOptions["onReview"];
  /** How long Pepr may take for its store before it is started anew: it takes up to 3 s of its own accord. */
  readonly storeTimeoutMs?: number;
}

export interface Admission {
  readonly port: number;
  /** Settles when reviews are answered, or after `close`; rejects when Pepr cannot be started anew. */
  readonly ready: Promise<void>;
  isReady(): boolean;
  /** New connections see the new certificate; open ones go on. */
  setCertificate(certificate: ServingCertificate): void;
  /** Ends when the last request in progress is answered, or after 5 s. */
  close(): Promise<void>;
}

const STORE_TIMEOUT_MS = 15_000;

/** Resolves when the port is bound. @throws the server's own error, such as EADDRINUSE. */
export async function startAdmission(options: AdmissionOptions): Promise<Admission> {
  preparePeprEnvironment(process.env);
  const { Log, PeprModule: Module, ...makers } = await importPepr();
  bridgePepr(Log, options.log, { verbose: options.verbose ?? false });
  const state = { closed: Promise.withResolvers<void>(), isClosed: false, isReady: false };
  let { certificate } = options;
  const makeCapabilities = capabilityMaker(makers, options, () => state.isClosed);
  const run = (port: number): Promise<RunningModule> =>
    runModule({
      Module,
      capabilities: makeCapabilities(),
      certificate,
      port,
      ...(options.uuid !== undefined && { uuid: options.uuid }),
    });

  let module = await run(options.port);
  const { port } = module;
  const untilReady = async (): Promise<void> => {
    const timeoutMs = options.storeTimeoutMs ?? STORE_TIMEOUT_MS;
    while (!(await settlesWithin(Promise.race([module.ready, state.closed.promise]), timeoutMs))) {
      options.log.warn("Pepr has not got its store yet; it is started anew", { timeoutMs });
      await module.close();
      module = await run(port);
    }
    state.isReady = true;
    if (state.isClosed) await module.close();
  };
  return {
    port,
    ready: untilReady(),
    isReady: () => state.isReady && !state.isClosed,
    setCertificate: (next) => {
      certificate = next;
      module.server.setSecureContext({ cert: next.certificate, key: next.key });
    },
    close: async () => {
      state.isClosed = true;
      state.closed.resolve();
      await module.close();
    },
  };
}

type CapabilityMakers = Pick<Awaited<ReturnType<typeof importPepr>>, "gatewayCapability" | "admissionCapability">;

async function importPepr() {
  const { Log, PeprModule, gatewayCapability, admissionCapability } = await import("./with-pepr.ts");
  return { Log, PeprModule, gatewayCapability, admissionCapability };
}

/** A capability belongs to one module only, so each module gets new ones. */
function capabilityMaker(
  { gatewayCapability, admissionCapability }: CapabilityMakers,
  { log, isGatewayServed, context, onChange, onReview }: AdmissionOptions,
  isClosed: () => boolean,
): () => Capability[] {
  const review = reviewer(validateObject, { log, context, ...(onReview === undefined ? {} : { onReview }) });
  const changed = (kind: string, name: string) => {
    if (!isClosed()) onChange(kind, name);
  };
  return () => [gatewayCapability({ isServed: isGatewayServed, changed }), admissionCapability(review)];
}

async function settlesWithin(promise: Promise<void>, timeoutMs: number): Promise<boolean> {
  const timeout = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => timeout.resolve(false), timeoutMs);
  const settled = await Promise.race([promise.then(() => true), timeout.promise]);
  clearTimeout(timer);
  return settled;
}
