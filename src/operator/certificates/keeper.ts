/**
 * Keeps the certificates of admission and of the configuration stream: reads or makes them, renews them in time, hands them to
 * whoever serves, and tells the API server whom to trust. All replicas do the same and converge on the Secret: a write is
 * guarded by its resourceVersion, and who loses the race reads what the winner wrote.
 */

import { X509Certificate } from "node:crypto";
import type { Clock } from "../../loop/clock.ts";
import type { Logger } from "../../model/log.ts";
import { advance } from "./advance.ts";
import type { KeyedCertificate } from "./issue.ts";
import type { HeldCertificates } from "./schedule.ts";
import { fromSecretData, type SecretData, toSecretData } from "./secret-data.ts";

/** The Secret as it is stored. */
export interface StoredSecret {
  readonly resourceVersion: string;
  readonly data: SecretData;
}

/** What the keeper needs of a cluster; kube.ts gives it. Each may throw. */
export interface CertificateStore {
  read(): Promise<StoredSecret | undefined>;
  /** Creates without a version, replaces that version with one. "conflict": another was first. */
  write(data: SecretData, resourceVersion: string | undefined): Promise<"written" | "conflict">;
  /** Makes this (PEM) the caBundle of the webhooks that do not have it yet. */
  publishTrust(caBundle: string): Promise<"written" | "unchanged" | "absent">;
}

export interface CertificateKeeperOptions {
  readonly log: Logger;
  readonly clock: Clock;
  readonly store: CertificateStore;
  /** Names of the operator's Service; the first is the main one. */
  readonly dnsNames: readonly string[];
}

/** When what is in use ends. */
export interface CertificateExpiry {
  readonly serving: Date;
  /** The one that signs. */
  readonly authority: Date;
}

export interface CertificateKeeper {
  /** PEM. */
  serving(): KeyedCertificate;
  /** All authorities to trust, PEM. */
  caBundle(): string;
  expiry(): CertificateExpiry;
  /** Called after the serving certificate or the bundle has changed. */
  onRotate(callback: () => void): void;
  stop(): Promise<void>;
}

/** Two small reads; short, because whoever applies the manifest anew may have put the webhook back without its trust. */
const CHECK_INTERVAL_MS = 60_000;
const FIRST_RETRY_MS = 1_000;

/** Each lost race means that another replica has just written what we would have. */
const MAX_RACES = 5;

/** Resolves with the first certificates in hand; until then it tries, and says why it must. */
export async function keepCertificates(options: CertificateKeeperOptions): Promise<CertificateKeeper> {
  const { log, clock } = options;
  const stopping = new AbortController();
  const callbacks: (() => void)[] = [];
  let held = await firstCertificates(options);
  await publish(options, held);

  const turns = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await clock.sleep(CHECK_INTERVAL_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        const found = await converge(options);
        const changed = !isSame(found, held);
        held = found;
        if (changed) {
          log.info("certificates have changed");
          for (const callback of callbacks) callback();
        }
      } catch (error) {
        log.warn("certificates could not be checked; those in hand serve on", { error });
      }
      await publish(options, held);
    }
  };
  const running = turns();
  return {
    serving: () => held.serving,
    caBundle: () => held.trusted.join(""),
    expiry: () => expiryOf(held),
    onRotate: (callback) => void callbacks.push(callback),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

function expiryOf({ serving, authority }: HeldCertificates): CertificateExpiry {
  const end = ({ certificate }: KeyedCertificate) => new X509Certificate(certificate).validToDate;
  return { serving: end(serving), authority: end(authority) };
}

async function firstCertificates(options: CertificateKeeperOptions): Promise<HeldCertificates> {
  for (;;) {
    try {
      return await converge(options);
    } catch (error) {
      options.log.warn("there are no certificates yet; the next try follows", { error });
      await options.clock.sleep(FIRST_RETRY_MS);
    }
  }
}

/** What the Secret holds once everything due is done. */
async function converge({ store, clock, dnsNames, log }: CertificateKeeperOptions): Promise<HeldCertificates> {
  for (let race = 0; race < MAX_RACES; race++) {
    const stored = await store.read();
    const before = stored === undefined ? undefined : fromSecretData(stored.data);
    if (stored !== undefined && before === undefined)
      log.warn("the Secret of the certificates is unreadable: made anew");
    const after = await advance(before, dnsNames, clock.wallTime());
    if (after === before) return after;
    if ((await store.write(toSecretData(after), stored?.resourceVersion)) === "written") return after;
  }
  throw new Error(`the Secret of the certificates has changed ${MAX_RACES} times while it was being written`);
}

async function publish({ store, log }: CertificateKeeperOptions, { trusted }: HeldCertificates): Promise<void> {
  try {
    const outcome = await store.publishTrust(trusted.join(""));
    if (outcome === "written") log.info("the API server is told whom to trust for admission");
    if (outcome === "absent") log.debug("there is no webhook configuration: admission is not asked");
  } catch (error) {
    log.warn("the webhook configuration could not be given its caBundle; objects are admitted unchecked", { error });
  }
}

function isSame(a: HeldCertificates, b: HeldCertificates): boolean {
  return a.serving.certificate === b.serving.certificate && a.trusted.join("") === b.trusted.join("");
}
