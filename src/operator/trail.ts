/**
 * Follows changes from their arrival at an informer to the pass that serves them: gives both their ids, writes the lines by which
 * one search in the log finds the way, and knows how long the oldest change has been waiting. It decides nothing, and what it keeps
 * is bounded whatever arrives.
 */
import type { Clock } from "../loop/clock.ts";
import type { PassResult } from "../loop/reconcile-loop.ts";
import type { Cause } from "../model/cause.ts";
import type { Logger } from "../model/log.ts";
import { hasSucceeded, type Write } from "./write/outcome.ts";

/** So many changes of a pass are named in its lines; the others are counted. */
const MAX_NAMED = 8;
/** So many of the published revisions are in the line of a pass; debug lines have all. */
const MAX_REVISIONS = 8;

/** Why a pass is asked for. */
export type KickCause =
  /** An object has changed, or a kind came or went. */
  | "change"
  /** A proxy has reported. */
  | "report"
  /** A proxy's stream has ended, and its last word expires. */
  | "proxy_gone"
  /** This replica begins to lead. */
  | "leading"
  | "certificates"
  /** Pepr's watches have seen something. */
  | "pepr"
  /** What was waited for is due. */
  | "timer";

export interface TrailOptions {
  readonly log: Logger;
  readonly clock: Clock;
  /** A few characters by which ids of this process differ from those of another. */
  readonly prefix: string;
  /** Is anybody going to serve what arrives? A follower counts nothing as waiting. */
  readonly isServing: () => boolean;
  /** For metrics: from the arrival of the oldest change of a pass to its publication, in ms. */
  readonly onPublished?: (waitedMs: number) => void;
}

/** What arrived and no pass has taken up yet. */
interface Waiting {
  named: string[];
  count: number;
  oldestAtMs: number | undefined;
  causes: Set<KickCause>;
}

export class ChangeTrail {
  readonly #options: TrailOptions;
  #changes = 0;
  #passes = 0;
  #waiting: Waiting = none();
  #current: PassTrail | undefined;

  constructor(options: TrailOptions) {
    this.#options = options;
  }

  /** An informer has seen a change. */
  arrived(kind: string, object: string): void {
    const { log, clock, isServing, prefix } = this.#options;
    if (!isServing()) return;
    const waiting = this.#waiting;
    const id = `c${prefix}-${++this.#changes}`;
    waiting.count++;
    waiting.oldestAtMs ??= clock.nowMs();
    if (waiting.named.length < MAX_NAMED) waiting.named.push(id);
    if (log.isEnabled?.("debug") !== false) log.debug("change", { change: id, kind, object });
  }

  kicked(cause: KickCause): void {
    if (this.#options.isServing()) this.#waiting.causes.add(cause);
  }

  /** Changes that no pass has taken up. */
  get waiting(): number {
    return this.#waiting.count;
  }

  /** How long the oldest change has been waiting for a pass that succeeds, in ms; 0 when none is. */
  get oldestWaitedMs(): number {
    const atMs = this.#current?.taken.oldestAtMs ?? this.#waiting.oldestAtMs;
    return atMs === undefined ? 0 : this.#options.clock.nowMs() - atMs;
  }

  /** Nobody is going to serve what was waiting: this replica no longer leads. */
  clear(): void {
    this.#waiting = none();
  }

  /** A pass begins, and takes up all that is waiting. */
  begin(): PassTrail {
    const taken = this.#waiting;
    this.#waiting = none();
    const pass = new PassTrail(this.#options, `p${this.#options.prefix}-${++this.#passes}`, taken, (outcome) => {
      this.#current = undefined;
      if (outcome !== "succeeded" && this.#options.isServing()) this.#giveBack(taken);
    });
    this.#current = pass;
    return pass;
  }

  /** A write was answered. Belongs to the pass in progress. */
  wrote(write: Write): void {
    this.#current?.wrote(write);
  }

  /** What a pass has not managed waits for the next, with its age. */
  #giveBack(taken: Waiting): void {
    const since = this.#waiting;
    this.#waiting = {
      named: [...taken.named, ...since.named].slice(0, MAX_NAMED),
      count: taken.count + since.count,
      oldestAtMs: taken.oldestAtMs ?? since.oldestAtMs,
      causes: new Set([...taken.causes, ...since.causes]),
    };
  }
}

/** One pass on the trail. */
export class PassTrail {
  readonly id: string;
  readonly taken: Readonly<Waiting>;
  /** Goes with what is published, to the proxies' logs. */
  readonly cause: Cause;
  readonly #options: TrailOptions;
  readonly #onEnd: (outcome: PassResult["outcome"]) => void;
  readonly #startedMs: number;
  readonly #revisions = new Map<string, string>();
  #publishedMs: number | undefined;
  readonly #writes = { statuses: 0, applied: 0, deleted: 0, failed: 0 };

  constructor(options: TrailOptions, id: string, taken: Waiting, onEnd: (outcome: PassResult["outcome"]) => void) {
    this.id = id;
    this.taken = taken;
    this.cause = { pass: id, changes: taken.named };
    this.#options = options;
    this.#onEnd = onEnd;
    this.#startedMs = options.clock.nowMs();
  }

  /** Revisions by Gateway, of those that are other than before. */
  published(revisions: ReadonlyMap<string, string>): void {
    if (revisions.size === 0) return;
    const { clock, log, onPublished } = this.#options;
    const nowMs = clock.nowMs();
    this.#publishedMs = Math.round(nowMs - this.#startedMs);
    for (const [gateway, revision] of revisions) {
      if (this.#revisions.size < MAX_REVISIONS) this.#revisions.set(gateway, revision);
      log.debug("configuration published", { ...this.cause, gateway, revision });
    }
    if (this.taken.oldestAtMs !== undefined) onPublished?.(nowMs - this.taken.oldestAtMs);
  }

  wrote({ verb, kind, object, outcome }: Write): void {
    const { log } = this.#options;
    if (!hasSucceeded(outcome)) this.#writes.failed++;
    else if (verb === "status") this.#writes.statuses++;
    else if (verb === "apply") this.#writes.applied++;
    else this.#writes.deleted++;
    log.debug("write", { ...this.cause, verb, kind, object, outcome });
  }

  /** One line at info if anything was changed by it, else at debug. */
  end(outcome: PassResult["outcome"]): void {
    const { clock, log } = this.#options;
    const { named, count, oldestAtMs, causes } = this.taken;
    const durationMs = Math.round(clock.nowMs() - this.#startedMs);
    const hasChanged = this.#revisions.size > 0 || Object.values(this.#writes).some((n) => n > 0);
    log[hasChanged ? "info" : "debug"]("pass", {
      ...this.cause,
      ...(count > named.length ? { moreChanges: count - named.length } : {}),
      because: [...causes],
      outcome,
      ...(oldestAtMs === undefined ? {} : { waitedMs: Math.round(this.#startedMs - oldestAtMs) }),
      ...(this.#publishedMs === undefined ? {} : { publishedAfterMs: this.#publishedMs }),
      durationMs,
      ...(this.#revisions.size === 0 ? {} : { published: Object.fromEntries(this.#revisions) }),
      ...this.#writes,
    });
    this.#onEnd(outcome);
  }
}

function none(): Waiting {
  return { named: [], count: 0, oldestAtMs: undefined, causes: new Set() };
}
