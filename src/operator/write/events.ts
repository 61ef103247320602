/**
 * Events (events.k8s.io/v1) about transitions, for `kubectl describe`. A hint for people, never needed for correctness: it
 * never delays a pass, drops rather than piles up, and a failure is a debug line. What was said last of a thing is not said
 * again; a restarted operator remembers nothing, so callers speak only when they have written a status.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import type { Clock } from "../../loop/clock.ts";
import type { Logger } from "../../model/log.ts";
import type { KubeClient } from "../kube/client.ts";
import { EVENTS } from "../kube/resource.ts";
import { microTime } from "../leader/lease.ts";
import type { EventReason } from "./event-reasons.ts";
import { type WriteOutcome, writeOutcome } from "./outcome.ts";

/** The API's limit of `note`, in bytes; characters are cut so that even the widest fit. */
const MAX_NOTE_BYTES = 1_024;
/** A token bucket: a burst of changes is told whole, a flood is not. */
const BURST = 50;
const PER_SECOND = 5;
/** What one object may say: enough for its whole life, too little for something that goes to and fro to drown the rest. */
const OBJECT_BURST = 25;
const OBJECT_PER_SECOND = 1 / 60;
/** Things of which the last word is remembered; the oldest are forgotten. */
const MAX_REMEMBERED = 20_000;

export interface EventMessage {
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  readonly message: string;
  /** What the reason is about, as a condition's type: its last word is what a repetition is compared with. */
  readonly about: string;
  /** What was done, CamelCase: `Reconcile` when absent. */
  readonly action?: string;
}

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, "create">;
  /** Name of the controller, as `kubectl describe` shows it. */
  readonly controller: string;
  /** Name of this replica. */
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** For metrics. */
  readonly onOutcome?: (outcome: EventOutcome) => void;
}

/** `limited`: too much was being said. */
export type EventOutcome = WriteOutcome | "limited";

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #lastWords = new Map<string, string>();
  readonly #all = new TokenBucket(BURST, PER_SECOND);
  /** By uid; the oldest are forgotten. */
  readonly #objects = new Map<string, TokenBucket>();
  #serial = 0;
  #sending: Promise<void> = Promise.resolve();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Says it, unless it was the last word about the same thing or too much is being said. Returns whether it is sent. */
  record(object: KubernetesObject, event: EventMessage): boolean {
    const thing = `${object.kind}/${object.metadata.uid ?? object.metadata.name}/${event.about}`;
    const word = `${event.type} ${event.reason} ${event.message}`;
    if (this.#lastWords.get(thing) === word) return false;
    if (!this.#mayBeSaid(object)) {
      this.#options.onOutcome?.("limited");
      return false;
    }
    remember(this.#lastWords, thing, word);
    const body = this.#eventOf(object, event);
    this.#sending = this.#sending.then(() => this.#send(body));
    return true;
  }

  /** Resolves when everything recorded so far was sent or has failed. */
  flush(): Promise<void> {
    return this.#sending;
  }

  async #send(event: KubernetesObject): Promise<void> {
    try {
      await this.#options.client.create(EVENTS, event, { timeoutMs: 5_000 });
      this.#options.onOutcome?.("ok");
    } catch (error) {
      this.#options.onOutcome?.(writeOutcome(error));
      this.#options.log.debug("an Event was not recorded", { event: event.metadata.name, error });
    }
  }

  #mayBeSaid({ kind, metadata }: KubernetesObject): boolean {
    const nowMs = this.#options.clock.nowMs();
    const key = metadata.uid ?? `${kind}/${metadata.namespace}/${metadata.name}`;
    const own = this.#objects.get(key) ?? new TokenBucket(OBJECT_BURST, OBJECT_PER_SECOND);
    remember(this.#objects, key, own);
    return own.has(nowMs) && this.#all.take(nowMs) && own.take(nowMs);
  }

  #eventOf(object: KubernetesObject, { type, reason, message, action = "Reconcile" }: EventMessage) {
    const { controller, instance, clock } = this.#options;
    const { name, namespace = "default", uid, resourceVersion } = object.metadata;
    const now = clock.wallTime();
    const unique = `${now.getTime().toString(16)}${(++this.#serial).toString(16).padStart(4, "0")}`;
    return {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      // A name may have 253 characters; that of the object may be as long.
      metadata: { name: `${name.slice(0, 230).replace(/[^a-z0-9]+$/, "")}.${unique}`, namespace },
      eventTime: microTime(now),
      type,
      reason,
      note: cut(message),
      action,
      reportingController: controller,
      reportingInstance: instance,
      regarding: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name,
        ...(object.metadata.namespace === undefined ? {} : { namespace }),
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    };
  }
}

/** Full at the beginning. */
class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #filledAtMs: number | undefined;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
  }

  has(nowMs: number): boolean {
    const sinceMs = nowMs - (this.#filledAtMs ?? nowMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + (sinceMs / 1_000) * this.#perSecond);
    this.#filledAtMs = nowMs;
    return this.#tokens >= 1;
  }

  take(nowMs: number): boolean {
    const has = this.has(nowMs);
    if (has) this.#tokens--;
    return has;
  }
}

/** As the newest; the oldest of too many is forgotten. */
function remember<T>(words: Map<string, T>, key: string, value: T): void {
  words.delete(key);
  words.set(key, value);
  if (words.size <= MAX_REMEMBERED) return;
  const [oldest] = words.keys();
  if (oldest !== undefined) words.delete(oldest);
}

/** At most MAX_NOTE_BYTES of UTF-8. */
function cut(message: string): string {
  if (Buffer.byteLength(message) <= MAX_NOTE_BYTES) return message;
  let end = MAX_NOTE_BYTES - 3;
  while (Buffer.byteLength(message.slice(0, end)) > MAX_NOTE_BYTES - 3) end--;
  return `${message.slice(0, end)}…`;
}
