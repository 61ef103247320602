/**
 * Results, one for each subject, that are made again only when something they were made from has changed: the subject, the
 * inputs given with it, or an answer that was looked up on the way. Nobody lists the look-ups: they are recorded, so that none
 * can be forgotten.
 */
import type { Changes, Lookups, Question } from "../lookups.ts";
import { Multimap } from "./multimap.ts";
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
  /** While these and `subjects` are the same, no subject's `inputs` can have changed but those in `suspects`. */
  readonly context: readonly unknown[];
  readonly suspects?: Iterable<S>;
  /** What the result is made from besides the subject and the look-ups; compared by identity, each in its place. */
  readonly inputs: (subject: S, place: number) => I;
  /** `place` is the subject's among the subjects: where other derivations of the same subjects have their results. */
  readonly compute: (lookups: Lookups, subject: S, place: number, inputs: I) => R;
  readonly lookups: Lookups;
  readonly changes: Changes;
}

/** What one update goes by. */
interface Pass<S, R, I extends readonly unknown[]> extends Round<S, R, I> {
  readonly dirty: ReadonlySet<S>;
  readonly recorder: Recorder;
  readonly made: Set<S>;
}

export class Derivation<S extends object, R> {
  #context: readonly unknown[] | undefined;
  #entries = new Map<S, Entry>();
  #results: readonly R[] = [];
  /** Subjects by what they asked. */
  readonly #askers = new Map<Question, Multimap<string, S>>();

  /** One for each subject of the last update, in their order; the same array while all results are the same. */
  get results(): readonly R[] {
    return this.#results;
  }

  /** Of a subject of the last update. */
  result(subject: S): R {
    const { place } = this.#entries.get(subject) as Entry;
    return this.#results[place] as R;
  }

  /** @returns the subjects whose results are new; every result is current then. */
  update<I extends readonly unknown[]>(round: Round<S, R, I>): ReadonlySet<S> {
    const { subjects, suspects = [] } = round;
    const dirty = this.#dirty(round.changes);
    const context = [subjects, ...round.context];
    const isSame = this.#context !== undefined && sameElements(this.#context, context);
    this.#context = context;
    const pass: Pass<S, R, I> = { ...round, dirty, recorder: new Recorder(round.lookups), made: new Set() };
    if (isSame) {
      const results = [...this.#results];
      for (const subject of new Set([...dirty, ...suspects])) {
        const { place } = this.#entries.get(subject) as Entry;
        results[place] = this.#current(pass, subject, place);
      }
      if (pass.made.size > 0) this.#results = results;
      return pass.made;
    }
    const results = subjects.map((subject, place) => this.#current(pass, subject, place));
    if (this.#entries.size > subjects.length) this.#forgetAllBut(new Set(subjects));
    this.#results = stableList(this.#results, results);
    return pass.made;
  }

  /** The result of a subject, made anew if need be. */
  #current<I extends readonly unknown[]>(pass: Pass<S, R, I>, subject: S, place: number): R {
    const { inputs, compute, dirty, recorder, made } = pass;
    const given = inputs(subject, place);
    const known = this.#entries.get(subject);
    if (known !== undefined && !dirty.has(subject) && sameElements(known.inputs, given)) {
      const result = this.#results[known.place] as R;
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

  #forgetAllBut(subjects: ReadonlySet<S>): void {
    for (const [subject, entry] of this.#entries) {
      if (subjects.has(subject)) continue;
      this.#unlink(entry, subject);
      this.#entries.delete(subject);
    }
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
      isAbsent: recorded("isAbsent"),
    };
  }

  /** @returns the list that the next questions are written to. */
  begin(): readonly Asked[] {
    this.#asked = [];
    return this.#asked;
  }
}
