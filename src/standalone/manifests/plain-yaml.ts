/**
 * Reads the plainest YAML, in which nearly all manifests are written, thirty times as fast as the library does: block mappings and
 * sequences of one-line texts, numbers and truths. Pure.
 *
 * It is no YAML parser and judges nothing. Whatever it does not know for certain (flow style, anchors, tags, comments behind values,
 * block scalars, tabs, escapes, all mistakes) it leaves to the library; where it gives an answer, that is the library's (a property
 * test says so).
 */

/** Undefined: to be read by the library. */
export function readPlainYaml(text: string): { readonly value: unknown } | undefined {
  const reader = new Reader(text);
  if (!reader.skipMarker()) return undefined;
  const indent = reader.next();
  if (indent === END) return { value: null };
  if (indent === UNKNOWN) return undefined;
  const value = reader.mapping(indent);
  return value === undefined || reader.indent !== END ? undefined : { value };
}

const END = -1;
const UNKNOWN = -2;
const NO_VALUE = Symbol();

const KEY = /[A-Za-z][\w./-]{0,200}:(?= |\n|$)/y;
/** One word or several, without a character that means something in YAML. A colon only where something follows it at once. */
const PLAIN = /[\w./](?:[\w./@+~=-]|:(?=[\w./@+~=:-])| (?=[\w./@+~=-]))*(?=\n|$)/y;
/** The printable characters of ASCII without the quote itself, and `\`, which escapes. */
const DOUBLE_QUOTED = /"([ !#-[\]-~]*)"(?=\n|$)/y;
const SINGLE_QUOTED = /'([ -&(-~]*)'(?=\n|$)/y;
const SMALL_INTEGER = /^(?:0|[1-9]\d{0,14})$/;
/** Whatever the core schema could take for a number (YAML 1.2.2, section 10.3.2). */
const NUMBER_LIKE = /^(?:0o[0-7]+|0x[\da-f]+|(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?|\.inf|\.nan)$/i;
const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ...["null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
]);

class Reader {
  readonly #text: string;
  /** Of the first character that is not read yet: behind the indentation of a line, or within it. */
  #at = 0;
  /** Of the line that is to be read, in spaces; or END, or UNKNOWN. */
  indent = UNKNOWN;

  constructor(text: string) {
    this.#text = text;
  }

  /** False: something stands behind the marker. */
  skipMarker(): boolean {
    if (!this.#text.startsWith("---")) return true;
    this.#at = 3;
    return this.#isLineEnd();
  }

  /** Goes to the next line that says something. @returns its indentation. */
  next(): number {
    const text = this.#text;
    for (;;) {
      const start = this.#at;
      while (text.charCodeAt(this.#at) === SPACE) this.#at++;
      const code = text.charCodeAt(this.#at);
      if (Number.isNaN(code)) return this.#become(END);
      if (code === NEWLINE) {
        this.#at++;
        continue;
      }
      if (code !== HASH) return this.#become(this.#at - start);
      const end = text.indexOf("\n", this.#at);
      this.#at = end === -1 ? text.length : end + 1;
    }
  }

  /** The mapping whose first key is to be read, at this column. Undefined: not plain. */
  mapping(column: number): Record<string, unknown> | undefined {
    const members: Record<string, unknown> = {};
    do {
      const key = this.#match(KEY)?.slice(0, -1);
      if (key === undefined || WORDS.has(key) || Object.hasOwn(members, key)) return undefined;
      const value = this.#valueBehindKey(column);
      if (value === NO_VALUE) return undefined;
      members[key] = value;
    } while (this.indent === column && !this.#isItem());
    return this.indent > column ? undefined : members;
  }

  /** Leaves the reader at the line behind the value. */
  #valueBehindKey(column: number): unknown {
    if (!this.#isLineEnd()) {
      this.#at++;
      return this.#scalar();
    }
    const indent = this.next();
    // Items may stand below their key's own column.
    if (indent >= column && this.#isItem()) return this.#sequence(indent);
    if (indent > column) return this.mapping(indent) ?? NO_VALUE;
    return indent === UNKNOWN ? NO_VALUE : null;
  }

  #sequence(column: number): unknown {
    const items: unknown[] = [];
    do {
      this.#at += 2;
      const itemColumn = column + 2;
      KEY.lastIndex = this.#at;
      const item = KEY.test(this.#text) ? (this.mapping(itemColumn) ?? NO_VALUE) : this.#scalar();
      if (item === NO_VALUE) return NO_VALUE;
      items.push(item);
    } while (this.indent === column && this.#isItem());
    return this.indent > column ? NO_VALUE : items;
  }

  /** The rest of the line; goes to the next. */
  #scalar(): unknown {
    const value = this.#quoted() ?? this.#plain();
    if (value === NO_VALUE) return NO_VALUE;
    this.#at++;
    this.next();
    return value;
  }

  #quoted(): string | undefined {
    return (this.#match(DOUBLE_QUOTED) ?? this.#match(SINGLE_QUOTED))?.slice(1, -1);
  }

  #plain(): unknown {
    const word = this.#match(PLAIN);
    if (word === undefined) return NO_VALUE;
    const known = WORDS.get(word);
    if (known !== undefined) return known;
    if (SMALL_INTEGER.test(word)) return Number(word);
    return NUMBER_LIKE.test(word) ? NO_VALUE : word;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #isItem(): boolean {
    return this.#text.charCodeAt(this.#at) === DASH && this.#text.charCodeAt(this.#at + 1) === SPACE;
  }

  /** If it is one, it is gone past. */
  #isLineEnd(): boolean {
    const code = this.#text.charCodeAt(this.#at);
    if (code !== NEWLINE && !Number.isNaN(code)) return false;
    this.#at++;
    return true;
  }

  #become(indent: number): number {
    this.indent = indent;
    return indent;
  }
}

const SPACE = 0x20;
const NEWLINE = 0x0a;
const HASH = 0x23;
const DASH = 0x2d;
