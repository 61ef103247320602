/**
 * The text of a document to the objects in it, by the quickest way that knows how, and to the lines of their fields. Pure. It knows no
 * kind, and never changes a value.
 */
import { type Document, isNode, LineCounter, parseAllDocuments } from "yaml";

/** One of those that a text holds, usually the only one. Lines are counted within the text, from 1. */
export type ReadDocument =
  | { readonly value: unknown; readonly lineOf: LineOf }
  /** Not YAML. */
  | { readonly broken: string; readonly line: number };

/** The line of a field; of a missing one, that of its nearest parent. */
export type LineOf = (path: readonly PropertyKey[]) => number;

export function readDocument(text: string): readonly ReadDocument[] {
  const json = readJson(text);
  if (json === undefined) return readByLibrary(text);
  // Asked of what is wrong alone, so nothing is kept for it.
  return [{ value: json.value, lineOf: (path) => readLine(text, 0, path) }];
}

/** JSON is YAML (YAML 1.2.2, section 1.2). Of members of one name the last one counts, as it does for kubectl. */
function readJson(text: string): { readonly value: unknown } | undefined {
  const [start] = /^(?:---\n)?\s*(?=\{)/.exec(text) ?? [];
  if (start === undefined) return undefined;
  try {
    return { value: JSON.parse(text.slice(start.length)) as unknown };
  } catch {
    // Flow style, or a mistake that the library tells better.
    return undefined;
  }
}

function readByLibrary(text: string): readonly ReadDocument[] {
  const lines = new LineCounter();
  return parse(text, lines).map((document, index) => {
    const [broken] = document.errors;
    if (broken !== undefined) return { broken: broken.message, line: lines.linePos(broken.pos[0]).line };
    return { value: document.toJS() as unknown, lineOf: (path) => readLine(text, index, path) };
  });
}

function readLine(text: string, index: number, path: readonly PropertyKey[]): number {
  const lines = new LineCounter();
  const document = parse(text, lines)[index];
  return document === undefined ? 1 : lines.linePos(offsetOf(document, path)).line;
}

function parse(text: string, lineCounter: LineCounter): readonly Document[] {
  // Errors are told with their line by us; the library's would be those within one document.
  return [...parseAllDocuments(text, { lineCounter, prettyErrors: false })] as Document[];
}

/** Where a field stands; of a missing one, where its nearest parent does. */
export function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const pair = keyNode(parent, key) ?? document.getIn(path.slice(0, length), true);
    if (isNode(pair) && pair.range) return pair.range[0];
  }
  return isNode(document.contents) && document.contents.range ? document.contents.range[0] : 0;
}

function keyNode(parent: unknown, key: PropertyKey | undefined): unknown {
  if (typeof parent !== "object" || parent === null || !("items" in parent) || typeof key !== "string")
    return undefined;
  const items = parent.items as { key?: { value?: unknown } }[];
  return items.find((item) => item.key?.value === key)?.key;
}
