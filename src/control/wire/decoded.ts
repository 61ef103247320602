/** What reading a message yields: a value, or one sentence that says what this program does not know. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** The sentence for a word or a case that only a newer operator could have sent. */
export function unknown(what: string): { ok: false; problem: string } {
  return { ok: false, problem: `this proxy does not know ${what}; it may be older than the operator` };
}

/** A sentence for a message whose parts contradict each other: no operator of any age should send it. */
export function contradictory(what: string): { ok: false; problem: string } {
  return { ok: false, problem: `the operator sent ${what}` };
}

type Possible<T> = { readonly [Member in keyof T]: T[Member] | undefined };

/** The object without the members that are undefined: an absent field of a message is an absent member of the model. */
export function present<T extends object>(members: Possible<Required<T>>): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
