/** What reading a message yields: a value, or one sentence that says what this program does not know. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };
