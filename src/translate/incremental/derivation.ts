/**
 * Results, one for each subject, that are made again only when something they were made from has changed: the subject, the
 * inputs given with it, or an answer that was looked up on the way. Nobody lists the look-ups: they are recorded, so that none
 * can be forgotten.
 */
import type { Changes, Lookups, Question } from "../lookups.ts";
import { Multimap } from "./multimap.ts";
import { PlacesOfOthers } from "./places-of-others.ts";
import { sameElements, stableList } from "./same.ts";

/** A question and the key that it was asked about. */
type Asked = readonly [Question, string];

interface Entry {
  readonly inputs: readonly unknown[];
  readonly asked: readonly Asked[];
  /** Its place among the subjects. */
  readonly place: number;
}

export interface Round<S, R, I extends readonly unknown[] = readonly unknown[]> {
  readonly subjects: readonly S[];
  /** While these are the same, no known subject's `inputs` can have changed but those in `suspects`. */
  readonly context: readonly unknown[];
  readonly suspects?: Iterable<S>;
  /** What the result is made from besides the subject and the look-ups; compared by identity, each in its place. */
  readonly inputs: (subject: S, place: number) => I;
  /** `place` is the subject's among the subjects: where other derivations of the same subjects have their results. */
  readonly compute: (lookups: Lookups, subject: S, place: number, inputs: I) => R;
  readonly lookups: Lookups;
  readonly changes: Changes;
}

export interface Update<S> {
  /** Subjects whose results are new. */
  readonly made: ReadonlySet<S>;
  /** Subjects of the update before that are none any more. */
  readonly gone: ReadonlySet<S>;
}

/** What one update goes by. */
interface Pass<S, R, I extends readonly unknown[]> extends Round<S, R, I> {
  readonly dirty: ReadonlySet<S>;
  readonly recorder: Recorder;
  readonly made: Set<S>;
}

export class Derivation<S extends object, R> {
  readonly #places: PlacesOfOthers;
  #context: readonly unknown[] | undefined;
  #subjects: readonly S[] = [];
  #entries = new Map<S, Entry>();
  #results: readonly R[] = [];
  /** Subjects by what they asked. */
  readonly #askers = new Map<Question, Multimap<string, S>>();

  /** `places` may be shared by derivations of the same subjects. */
  constructor(places = new PlacesOfOthers()) {
    this.#places = places;
  }

  /** One for each subject of the last update, in their order; the same array while all results are the same. */
  get results(): readonly R[] {
    return this.#results;
  }

  /** Of a subject of the last update. */
  result(subject: S): R {
    const { place } = this.#entries.get(subject) as Entry;
    return this.#results[place] as R;
  }

  /** Returns the keys that subjects of the last update have looked up. */
  lookedUp(question: Question): Iterable<string> {
    return this.#askers.get(question)?.keys() ?? [];
  }

  /** Returns the subjects of the last update that have looked up this key. */
  dependents(question: Question, key: string): Iterable<S> {
    return this.#askers.get(question)?.get(key) ?? [];
  }

  /** Every result is current then. */
  update<I extends readonly unknown[]>(round: Round<S, R, I>): Update<S> {
    const { subjects, context } = round;
    const dirty = this.#dirty(round.changes);
    const isSame = this.#context !== undefined && sameElements(this.#context, context);
    const pass: Pass<S, R, I> = { ...round, dirty, recorder: new Recorder(round.lookups), made: new Set() };
    const isPatched = isSame && this.#subjects.length <= subjects.length;
    const gone = isPatched ? this.#patch(pass) : this.#updateAll(pass);
    this.#context = context;
    this.#subjects = subjects;
    return { made: pass.made, gone };
  }

  /** The common case: some subjects are others, at their places or at the end, or are suspected, or asked what has changed. */
  #patch<I extends readonly unknown[]>(pass: Pass<S, R, I>): ReadonlySet<S> {
    const { subjects, suspects = [], dirty, made } = pass;
    const before = this.#subjects;
    const others = this.#places.between(before, subjects);
    const asked = new Set([...dirty, ...suspects]);
    if (others.length === 0 && asked.size === 0) return NOBODY;
    const results = [...this.#results];
    for (const place of others) results[place] = this.#current(pass, subjects[place] as S, place);
    const gone = new Set<S>();
    for (const place of others) {
      const subject = before[place];
      if (subject !== undefined && this.#entries.get(subject)?.place === place) gone.add(subject);
    }
    for (const subject of gone) this.#forget(subject);
    for (const subject of asked) {
      const known = this.#entries.get(subject);
      if (known !== undefined && !made.has(subject))
        results[known.place] = this.#current(pass, subject, known.place, results);
    }
    if (others.length > 0 || made.size > 0) this.#results = results;
    return gone;
  }

  #updateAll<I extends readonly unknown[]>(pass: Pass<S, R, I>): ReadonlySet<S> {
    const { subjects } = pass;
    const results = subjects.map((subject, place) => this.#current(pass, subject, place));
    const gone = new Set<S>();
    if (this.#entries.size > subjects.length) {
      const kept = new Set(subjects);
      for (const subject of this.#entries.keys()) if (!kept.has(subject)) gone.add(subject);
      for (const subject of gone) this.#forget(subject);
    }
    this.#results = stableList(this.#results, results);
    return gone;
  }

  /** The result of a subject, made anew if need be. */
  #current<I extends readonly unknown[]>(pass: Pass<S, R, I>, subject: S, place: number, results = this.#results): R {
    const { inputs, compute, dirty, recorder, made } = pass;
    const given = inputs(subject, place);
    const known = this.#entries.get(subject);
    if (known !== undefined && !dirty.has(subject) && sameElements(known.inputs, given)) {
      const result = results[known.place] as R;
      if (known.place !== place) this.#entries.set(subject, { ...known, place });
      return result;
    }
    const asked = recorder.begin();
    const result = compute(recorder.lookups, subject, place, given);
    this.#unlink(known, subject);
    this.#link(subject, asked);
    this.#entries.set(subject, { inputs: given, asked, place });
    made.add(subject);
    return result;
  }

  #dirty(changes: Changes): ReadonlySet<S> {
    const dirty = new Set<S>();
    for (const [question, keys] of changes) {
      const askers = this.#askers.get(question);
      if (askers === undefined) continue;
      for (const key of keys) for (const subject of askers.get(key)) dirty.add(subject);
    }
    return dirty;
  }

  #forget(subject: S): void {
    this.#unlink(this.#entries.get(subject), subject);
    this.#entries.delete(subject);
  }

  #link(subject: S, asked: readonly Asked[]): void {
    for (const [question, key] of asked) {
      const askers = this.#askers.get(question) ?? new Multimap<string, S>();
      this.#askers.set(question, askers);
      askers.add(key, subject);
    }
  }

  #unlink(entry: Entry | undefined, subject: S): void {
    for (const [question, key] of entry?.asked ?? []) {
      this.#askers.get(question)?.delete(key, subject);
    }
  }
}

const NOBODY: ReadonlySet<never> = new Set();

/** Answers as the look-ups do, and writes every question down. */
class Recorder {
  #asked: Asked[] = [];
  readonly lookups: Lookups;

  constructor(lookups: Lookups) {
    const recorded =
      <Q extends Question>(question: Q) =>
      (key: string): ReturnType<Lookups[Q]> => {
        this.#asked.push([question, key]);
        return lookups[question](key) as ReturnType<Lookups[Q]>;
      };
    this.lookups = {
      namespace: recorded("namespace"),
      service: recorded("service"),
      endpointSlices: recorded("endpointSlices"),
      grants: recorded("grants"),
      secret: recorded("secret"),
      configMap: recorded("configMap"),
      policiesOf: recorded("policiesOf"),
      parameters: recorded("parameters"),
      xBackend: recorded("xBackend"),
      readNamespaces: recorded("readNamespaces"),
      unreadableScopes: recorded("unreadableScopes"),
      isAbsent: recorded("isAbsent"),
      externalHosts: recorded("externalHosts"),
      certificates: lookups.certificates,
    };
  }

  /** @returns the list that the next questions are written to. */
  begin(): readonly Asked[] {
    this.#asked = [];
    return this.#asked;
  }
}
