/**
 * A stream of YAML documents as the text of each. Pure.
 *
 * A line of `---` ends a document wherever it stands, even within quotes (YAML 1.2.2, section 9.1.2), so that texts are taken apart
 * without being understood, and each is read, kept and judged by itself.
 */

export interface DocumentText {
  /** With the line of `---` that it begins with, if it does. */
  readonly text: string;
  /** Of its first line in the whole text, 1-based. */
  readonly line: number;
}

/** A marker is a line's beginning, followed by white space or the line's end. */
const MARKER = "\n---";
/** Directives belong to the document after them, and `...` ends one without beginning another: such streams are left in one piece. */
const NEEDS_THE_WHOLE = /^(?:%|\.\.\.(?=[ \t\r\n]|$))/m;

export function* documentsOf(text: string): Generator<DocumentText> {
  if (NEEDS_THE_WHOLE.test(text)) {
    yield { text, line: 1 };
    return;
  }
  let from = 0;
  let line = 1;
  for (let at = text.indexOf(MARKER); at !== -1; at = text.indexOf(MARKER, at + 1)) {
    if (!isEndOfMarker(text.charCodeAt(at + MARKER.length))) continue;
    const next = at + 1;
    yield { text: text.slice(from, next), line };
    line += linesWithin(text, from, next);
    from = next;
  }
  yield { text: text.slice(from), line };
}

function linesWithin(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = text.indexOf("\n", from); at !== -1 && at < to; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

/** NaN: the text ends here. */
function isEndOfMarker(code: number): boolean {
  return Number.isNaN(code) || code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}
