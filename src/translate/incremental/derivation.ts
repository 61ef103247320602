/**
 * Results, one for each subject, that are made again only when something they were made from has changed: the subject, the
 * inputs given with it, or an answer that was looked up on the way. Nobody lists the look-ups: they are recorded, so that none
 * can be forgotten.
 */
import type { Changes, Lookups, Question } from "../lookups.ts";
import { sameElements } from "./same.ts";

interface Entry<R> {
  readonly inputs: readonly unknown[];
  readonly asked: readonly string[];
  readonly result: R;
}

export interface Round<S, R> {
  readonly subjects: readonly S[];
  /** While these and `subjects` are the same, no subject's `inputs` can have changed but those in `suspects`. */
  readonly context: readonly unknown[];
  readonly suspects?: Iterable<S>;
  /** What the result is made from besides the subject and the look-ups; compared by identity, each in its place. */
  readonly inputs: (subject: S) => readonly unknown[];
  readonly compute: (lookups: Lookups, subject: S) => R;
  readonly lookups: Lookups;
  readonly changes: Changes;
}

export class Derivation<S, R> {
  #context: readonly unknown[] | undefined;
  #entries = new Map<S, Entry<R>>();
  /** Subjects by what they asked. */
  readonly #askers = new Map<string, Set<S>>();

  /** Of a subject of the last update: there is one for each. */
  result(subject: S): R {
    return (this.#entries.get(subject) as Entry<R>).result;
  }

  /** @returns the subjects whose results are new; every result is current then. */
  update(round: Round<S, R>): ReadonlySet<S> {
    const { subjects, suspects = [], inputs } = round;
    const dirty = this.#dirty(round.changes);
    const context = [subjects, ...round.context];
    const isSame = this.#context !== undefined && sameElements(this.#context, context);
    this.#context = context;
    const made = new Set<S>();
    for (const subject of isSame ? new Set([...dirty, ...suspects]) : subjects) {
      const given = inputs(subject);
      const known = this.#entries.get(subject);
      if (known !== undefined && !dirty.has(subject) && sameElements(known.inputs, given)) continue;
      this.#make(round, subject, given);
      made.add(subject);
    }
    if (!isSame && this.#entries.size > subjects.length) this.#forgetAllBut(new Set(subjects));
    return made;
  }

  #make({ compute, lookups }: Round<S, R>, subject: S, inputs: readonly unknown[]): void {
    this.#unlink(subject);
    const asked = new Set<string>();
    const result = compute(recording(lookups, asked), subject);
    for (const id of asked) {
      const askers = this.#askers.get(id);
      if (askers === undefined) this.#askers.set(id, new Set([subject]));
      else askers.add(subject);
    }
    this.#entries.set(subject, { inputs, asked: [...asked], result });
  }

  #dirty(changes: Changes): ReadonlySet<S> {
    const dirty = new Set<S>();
    for (const [question, keys] of changes) {
      for (const key of keys) for (const subject of this.#askers.get(id(question, key)) ?? []) dirty.add(subject);
    }
    return dirty;
  }

  #forgetAllBut(subjects: ReadonlySet<S>): void {
    for (const subject of this.#entries.keys()) {
      if (subjects.has(subject)) continue;
      this.#unlink(subject);
      this.#entries.delete(subject);
    }
  }

  #unlink(subject: S): void {
    for (const id of this.#entries.get(subject)?.asked ?? []) {
      const askers = this.#askers.get(id);
      askers?.delete(subject);
      if (askers?.size === 0) this.#askers.delete(id);
    }
  }
}

function id(question: Question, key: string): string {
  return `${question} ${key}`;
}

/** The same look-ups; each question is written down. */
function recording(lookups: Lookups, asked: Set<string>): Lookups {
  const recorded =
    <Q extends Question>(question: Q) =>
    (key: string): ReturnType<Lookups[Q]> => {
      asked.add(id(question, key));
      return lookups[question](key) as ReturnType<Lookups[Q]>;
    };
  return {
    namespace: recorded("namespace"),
    service: recorded("service"),
    endpointSlices: recorded("endpointSlices"),
    grants: recorded("grants"),
    secret: recorded("secret"),
    configMap: recorded("configMap"),
    policiesOf: recorded("policiesOf"),
    xBackend: recorded("xBackend"),
    isAbsent: recorded("isAbsent"),
  };
}
