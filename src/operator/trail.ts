/**
 * Follows changes from their arrival at an informer until they are served: gives them and the passes ids, writes the lines by which
 * one search in the log finds the way, and knows how long the oldest has been waiting. A change goes through two hands: a pass
 * publishes what it leads to, a round of writing says so in statuses and objects. It decides nothing, and what it keeps is
 * bounded whatever arrives.
 */
import type { Clock } from "../loop/clock.ts";
import type { PassResult } from "../loop/reconcile-loop.ts";
import type { Cause } from "../model/cause.ts";
import type { Logger } from "../model/log.ts";
import { hasSucceeded, type Write } from "./write/outcome.ts";

/** So many changes are named in a line; the others are counted. */
const MAX_NAMED = 8;
/** So many of the published revisions are in a line. */
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
  /** The API server refuses what is to run for a Gateway, or does so no more. */
  | "refusal"
  /** The set of Gateways that wait to roll out their proxies, or the rollouts they wait for, has changed. */
  | "rollout"
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

/** Changes that are together at one place of their way. */
interface Changes {
  /** The first few. */
  readonly named: readonly string[];
  readonly count: number;
  readonly oldestAtMs: number | undefined;
  readonly causes: ReadonlySet<KickCause>;
}

const NONE: Changes = { named: [], count: 0, oldestAtMs: undefined, causes: new Set() };

export class ChangeTrail {
  readonly #options: TrailOptions;
  #changes = 0;
  #passes = 0;
  /** No pass has taken them up. */
  #waiting = NONE;
  /** A pass is at work on them. */
  #publishing = NONE;
  /** Published, and no round of writing has taken them up. */
  #published = NONE;
  /** A round is at work on them. */
  #writing = NONE;
  #lastPass = "";
  #round: WriteRound | undefined;

  constructor(options: TrailOptions) {
    this.#options = options;
  }

  /** An informer has seen a change. */
  arrived(kind: string, object: string): void {
    const { log, clock, isServing, prefix } = this.#options;
    if (!isServing()) return;
    const id = `c${prefix}-${++this.#changes}`;
    const { named, count, oldestAtMs = clock.nowMs(), causes } = this.#waiting;
    this.#waiting = {
      named: named.length < MAX_NAMED ? [...named, id] : named,
      count: count + 1,
      oldestAtMs,
      causes,
    };
    if (log.isEnabled?.("debug") !== false) log.debug("change", { change: id, kind, object });
  }

  kicked(cause: KickCause): void {
    const { causes } = this.#waiting;
    if (!this.#options.isServing() || causes.has(cause)) return;
    this.#waiting = { ...this.#waiting, causes: new Set([...causes, cause]) };
  }

  /** Changes that no pass has taken up. */
  get waiting(): number {
    return this.#waiting.count;
  }

  /** How long the oldest change has been on its way, in ms; 0 when none is. */
  get oldestWaitedMs(): number {
    const all = [this.#writing, this.#published, this.#publishing, this.#waiting];
    const { oldestAtMs } = all.reduce(together);
    return oldestAtMs === undefined ? 0 : this.#options.clock.nowMs() - oldestAtMs;
  }

  /** Nobody is going to serve what is on its way: this replica no longer leads. */
  clear(): void {
    this.#waiting = NONE;
    this.#publishing = NONE;
    this.#published = NONE;
    this.#writing = NONE;
  }

  /** A pass begins, and takes up all that is waiting, and what a pass before it did not manage to publish. */
  begin(): PassTrail {
    const taken = together(this.#publishing, this.#waiting);
    this.#publishing = taken;
    this.#waiting = NONE;
    this.#lastPass = `p${this.#options.prefix}-${++this.#passes}`;
    return new PassTrail(this.#options, this.#lastPass, taken, () => {
      this.#publishing = NONE;
      this.#published = together(this.#published, taken);
    });
  }

  /** A round of writing begins: it works on the newest plan, and so on all that was published. */
  beginWriting(): WriteRound {
    const taken = together(this.#writing, this.#published);
    this.#writing = taken;
    this.#published = NONE;
    const round = new WriteRound(
      this.#options,
      { pass: this.#lastPass, changes: taken.named },
      taken.count,
      (outcome) => {
        this.#round = undefined;
        // What a round has not managed, the next one takes up.
        if (outcome === "succeeded") this.#writing = NONE;
      },
    );
    this.#round = round;
    return round;
  }

  /** A write was answered. Belongs to the round in progress. */
  wrote(write: Write): void {
    this.#round?.wrote(write);
  }
}

/** One pass on the trail. */
export class PassTrail {
  /** Goes with what is published, to the proxies' logs. */
  readonly cause: Cause;
  readonly #options: TrailOptions;
  readonly #taken: Changes;
  readonly #onPublished: () => void;
  readonly #startedMs: number;

  constructor(options: TrailOptions, id: string, taken: Changes, onPublished: () => void) {
    this.cause = { pass: id, changes: taken.named };
    this.#options = options;
    this.#taken = taken;
    this.#onPublished = onPublished;
    this.#startedMs = options.clock.nowMs();
  }

  /**
   * The pass has published all there is. `revisions`, by Gateway: those that are other than before. One line, at info if there
   * are any.
   */
  published(revisions: ReadonlyMap<string, string>): void {
    const { clock, log, onPublished } = this.#options;
    const { oldestAtMs, causes, count } = this.#taken;
    const nowMs = clock.nowMs();
    const some = [...revisions].slice(0, MAX_REVISIONS);
    log[revisions.size > 0 ? "info" : "debug"]("published", {
      ...this.cause,
      ...more("moreChanges", count - this.cause.changes.length),
      because: [...causes],
      ...(oldestAtMs === undefined ? {} : { waitedMs: Math.round(this.#startedMs - oldestAtMs) }),
      durationMs: Math.round(nowMs - this.#startedMs),
      revisions: Object.fromEntries(some),
      ...more("moreGateways", revisions.size - some.length),
    });
    if (revisions.size > 0 && oldestAtMs !== undefined) onPublished?.(nowMs - oldestAtMs);
    this.#onPublished();
  }
}

/** One round of writing on the trail. */
export class WriteRound {
  readonly #cause: Cause;
  readonly #options: TrailOptions;
  readonly #count: number;
  readonly #onEnd: (outcome: PassResult["outcome"]) => void;
  readonly #startedMs: number;
  readonly #writes = { statuses: 0, applied: 0, deleted: 0, conflicts: 0, failed: 0 };

  constructor(options: TrailOptions, cause: Cause, count: number, onEnd: (outcome: PassResult["outcome"]) => void) {
    this.#options = options;
    this.#cause = cause;
    this.#count = count;
    this.#onEnd = onEnd;
    this.#startedMs = options.clock.nowMs();
  }

  wrote({ verb, kind, object, outcome }: Write): void {
    if (outcome === "conflict") this.#writes.conflicts++;
    else if (!hasSucceeded(outcome)) this.#writes.failed++;
    else if (verb === "status") this.#writes.statuses++;
    else if (verb === "apply") this.#writes.applied++;
    else this.#writes.deleted++;
    this.#options.log.debug("write", { ...this.#cause, verb, kind, object, outcome });
  }

  /** One line, at info if anything was sent. */
  end(outcome: PassResult["outcome"]): void {
    const { clock, log } = this.#options;
    const hasWritten = Object.values(this.#writes).some((n) => n > 0);
    log[hasWritten ? "info" : "debug"]("written", {
      ...this.#cause,
      ...more("moreChanges", this.#count - this.#cause.changes.length),
      outcome,
      durationMs: Math.round(clock.nowMs() - this.#startedMs),
      ...this.#writes,
    });
    this.#onEnd(outcome);
  }
}

/** The first ones came before. */
function together(first: Changes, then: Changes): Changes {
  return {
    named: [...first.named, ...then.named].slice(0, MAX_NAMED),
    count: first.count + then.count,
    oldestAtMs: first.oldestAtMs ?? then.oldestAtMs,
    causes: new Set([...first.causes, ...then.causes]),
  };
}

function more(name: string, count: number) {
  return count > 0 ? { [name]: count } : {};
}
