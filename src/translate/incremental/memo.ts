/**
 * Results that are kept while everything they were made from stays the same: the inputs given, and every answer that was
 * looked up on the way. Nobody lists the look-ups: they are recorded, so none can be forgotten.
 */
import type { Lookups } from "../lookups.ts";

type Question = keyof Lookups;
/** All of a result's look-ups in one flat list, question, key and answer by turns: there are a hundred thousand of them. */
type Record = unknown[];

interface Entry<R> {
  readonly inputs: readonly unknown[];
  readonly record: Record;
  readonly result: R;
}

/** What came of each subject in the last translation. Subjects not asked for in a translation are forgotten after it. */
export class Memo<S, R> {
  #before: Map<S, Entry<R>> = new Map();
  #now: Map<S, Entry<R>> = new Map();

  /** `inputs`: compared by identity, each in its place. */
  get(subject: S, inputs: readonly unknown[], lookups: Lookups, compute: (lookups: Lookups) => R): R {
    const known = this.#before.get(subject);
    if (known !== undefined && isCurrent(known, inputs, lookups)) {
      this.#now.set(subject, known);
      return known.result;
    }
    const record: Record = [];
    const entry = { inputs, record, result: compute(recording(lookups, record)) };
    this.#now.set(subject, entry);
    return entry.result;
  }

  /** To be called when a translation is complete. */
  endRound(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}

function isCurrent(entry: Entry<unknown>, inputs: readonly unknown[], lookups: Lookups): boolean {
  if (entry.inputs.length !== inputs.length) return false;
  for (let i = 0; i < inputs.length; i++) if (entry.inputs[i] !== inputs[i]) return false;
  const { record } = entry;
  for (let i = 0; i < record.length; i += 3) {
    if (ask(lookups, record[i] as Question, record[i + 1] as string) !== record[i + 2]) return false;
  }
  return true;
}

function ask(lookups: Lookups, question: Question, key: string): unknown {
  return lookups[question](key);
}

/** The same look-ups; each question and its answer is written down. */
function recording(lookups: Lookups, record: Record): Lookups {
  const asked =
    <Q extends Question>(question: Q) =>
    (key: string): ReturnType<Lookups[Q]> => {
      const answer = lookups[question](key) as ReturnType<Lookups[Q]>;
      record.push(question, key, answer);
      return answer;
    };
  return {
    namespace: asked("namespace"),
    service: asked("service"),
    endpointSlices: asked("endpointSlices"),
    grants: asked("grants"),
    secret: asked("secret"),
    configMap: asked("configMap"),
    policiesOf: asked("policiesOf"),
    xBackend: asked("xBackend"),
    isAbsent: asked("isAbsent"),
  };
}
