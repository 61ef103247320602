/**
 * YAML text in, objects with the lines of their fields out; the items of a `List` are objects of their own. Pure. It knows no
 * kind: whether an object makes sense is others' business.
 */
import { type Document, LineCounter, parseAllDocuments, type Tags } from "yaml";
import type { ManifestText, Problem } from "../standalone/manifests/parse.ts";
import { offsetOf } from "../standalone/manifests/read-document.ts";
import { isRecord } from "./schema/values.ts";

/**
 * As kubectl reads YAML: 1.1, where `n` and `on` are not texts, but without that version's times and sexagesimal numbers, which
 * its parser does not know.
 */
const AS_KUBECTL = {
  schema: "yaml-1.1",
  customTags: (tags: Tags) =>
    tags.filter((tag) => typeof tag === "string" || (tag.format !== "TIME" && !tag.tag.endsWith(":timestamp"))),
} as const;

export interface ReadObject {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** The line of a field; of a missing one, that of its nearest parent. */
  lineOf(path: readonly PropertyKey[]): number;
}

export interface ReadTexts {
  readonly objects: readonly ReadObject[];
  /** Texts that hold no objects: nothing can be judged before they are mended. */
  readonly problems: readonly Problem[];
}

export function readTexts(texts: readonly ManifestText[]): ReadTexts {
  const objects: ReadObject[] = [];
  const problems: Problem[] = [];
  for (const { file, text } of texts) {
    const lines = new LineCounter();
    for (const document of parseAllDocuments(text, { ...AS_KUBECTL, lineCounter: lines })) {
      const lineOf = (path: readonly PropertyKey[]) => lines.linePos(offsetOf(document as Document, path)).line;
      const [broken] = document.errors;
      if (broken !== undefined) {
        const message = `not valid YAML: ${broken.message.split("\n")[0]}`;
        problems.push({ file, line: lines.linePos(broken.pos[0]).line, message });
        continue;
      }
      const value: unknown = document.toJS();
      // An empty document between two `---` is nobody's mistake.
      if (value !== null) read(file, value, [], lineOf, objects, problems);
    }
  }
  return { objects, problems };
}

function read(
  file: string,
  value: unknown,
  path: readonly PropertyKey[],
  lineOf: ReadObject["lineOf"],
  objects: ReadObject[],
  problems: Problem[],
): void {
  if (!isRecord(value) || typeof value.apiVersion !== "string" || typeof value.kind !== "string") {
    const message = "a document must be a Kubernetes object: apiVersion, kind, metadata, spec";
    problems.push({ file, line: lineOf(path), message });
    return;
  }
  const { apiVersion, kind, items } = value;
  if (kind === "List" && Array.isArray(items)) {
    for (const [i, item] of items.entries()) read(file, item, [...path, "items", i], lineOf, objects, problems);
    return;
  }
  objects.push({ file, apiVersion, kind, value, lineOf: (field) => lineOf([...path, ...field]) });
}
