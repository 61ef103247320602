/**
 * YAML text in, objects or problems out. Pure. Every problem names the file, the line, the field and the mend; a text with
 * any problem gives no objects, since half a configuration is a wrong one.
 */
import { type Document, isNode, LineCounter, parseAllDocuments } from "yaml";
import type { core } from "zod";
import { KIND_SHAPES, type Kind, type Kinds } from "./shapes.ts";

export interface ManifestText {
  /** As the user named it, for messages. */
  readonly file: string;
  readonly text: string;
}

export interface Problem {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** `spec.listeners[0].port`; absent where a whole document is meant. */
  readonly field?: string;
  readonly message: string;
}

export type AnyManifest = { [K in Kind]: Manifest<K> }[Kind];

export interface Manifest<K extends Kind> {
  readonly kind: K;
  readonly object: Kinds[K];
  readonly file: string;
  /** The line of a field, for problems that are found later (a port in use). */
  lineOf(path: readonly PropertyKey[]): number;
}

export interface ParsedManifests {
  readonly manifests: readonly AnyManifest[];
  readonly problems: readonly Problem[];
}

/** `namespace` is given to namespaced objects that name none, as `kubectl apply -n` does. */
export function parseManifests(texts: readonly ManifestText[], namespace: string): ParsedManifests {
  const manifests: AnyManifest[] = [];
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  for (const { file, text } of texts) {
    const lines = new LineCounter();
    for (const document of parseAllDocuments(text, { lineCounter: lines })) {
      // An empty document between two `---` is nobody's mistake.
      if (document.errors.length === 0 && document.toJS() === null) continue;
      const parsed = parseDocument(file, document as Document, lines, namespace);
      if ("problems" in parsed) {
        problems.push(...parsed.problems);
        continue;
      }
      const { object, kind } = parsed.manifest;
      const identity = `${kind} ${object.metadata.namespace ?? ""}/${object.metadata.name}`;
      const place = `${file}:${parsed.manifest.lineOf(["metadata", "name"])}`;
      const first = seen.get(identity);
      if (first !== undefined) {
        const message = `${kind} "${object.metadata.name}" stands at ${first} already: give one of them another name`;
        problems.push({ file, line: parsed.manifest.lineOf(["metadata", "name"]), field: "metadata.name", message });
      }
      seen.set(identity, first ?? place);
      manifests.push(parsed.manifest);
    }
  }
  return problems.length > 0 ? { manifests: [], problems } : { manifests, problems };
}

type ParsedDocument = { readonly manifest: AnyManifest } | { readonly problems: readonly Problem[] };

function parseDocument(file: string, document: Document, lines: LineCounter, namespace: string): ParsedDocument {
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const [broken] = document.errors;
  if (broken !== undefined) {
    const message = `not valid YAML: ${broken.message.split("\n")[0]}`;
    return { problems: [{ file, line: lineAt(broken.pos[0]), message }] };
  }
  const lineOf = (path: readonly PropertyKey[]): number => lineAt(offsetOf(document, path));
  const problem = (path: readonly PropertyKey[], message: string): ParsedDocument => ({
    problems: [{ file, line: lineOf(path), ...(path.length > 0 && { field: fieldName(path) }), message }],
  });
  const value: unknown = document.toJS();
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return problem([], "a document must be one Kubernetes object: apiVersion, kind, metadata, spec");
  }
  const { kind, apiVersion } = value as { kind?: unknown; apiVersion?: unknown };
  if (!isKind(kind)) {
    const known = Object.keys(KIND_SHAPES).join(", ");
    return problem(["kind"], `${kind === undefined ? "is missing" : `"${kind}" is not known`}; known are ${known}`);
  }
  const { apiVersions, shape, namespaced } = KIND_SHAPES[kind];
  if (typeof apiVersion !== "string" || !apiVersions.includes(apiVersion)) {
    return problem(["apiVersion"], `"${apiVersion}" is not an apiVersion of ${kind}; use ${apiVersions.join(" or ")}`);
  }
  const checked = shape.safeParse(value);
  if (!checked.success) {
    return { problems: checked.error.issues.map((issue) => shapeProblem(file, issue, lineOf)) };
  }
  const manifest = { kind, object: withDefaults(checked.data, namespaced ? namespace : undefined), file, lineOf };
  return { manifest: manifest as AnyManifest };
}

function isKind(kind: unknown): kind is Kind {
  return typeof kind === "string" && Object.hasOwn(KIND_SHAPES, kind);
}

function withDefaults(object: unknown, namespace: string | undefined): unknown {
  const { status: _, ...rest } = object as { status?: unknown; metadata: object };
  return { ...rest, metadata: { generation: 1, ...(namespace !== undefined && { namespace }), ...rest.metadata } };
}

function shapeProblem(file: string, issue: core.$ZodIssue, lineOf: (path: readonly PropertyKey[]) => number): Problem {
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = unknown === undefined ? issue.path : [...issue.path, unknown];
  const message = unknown === undefined ? issue.message : "is no field of this kind: check its spelling and place";
  return { file, line: lineOf(path), field: fieldName(path), message };
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

function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === "number" ? `[${part}]` : `${i > 0 ? "." : ""}${String(part)}`))
    .join("");
}

/** `gateway.yaml:12: spec.listeners[0].port: …` */
export function formatProblem({ file, line, field, message }: Problem): string {
  return `${file}:${line}: ${field === undefined ? "" : `${field}: `}${message}`;
}
