/**
 * YAML text in, objects or problems out. Pure. Every problem names the file, the line, the field and the mend; a text with
 * any problem gives no objects, since half a configuration is a wrong one.
 */
import type { core } from "zod";
import { formatNearest } from "../../model/did-you-mean.ts";
import { documentsOf } from "./documents.ts";
import { type LineOf, type ReadDocument, readDocument } from "./read-document.ts";
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
  return new ManifestReader(namespace).read(texts);
}

/** What a document was found to be, wherever it stands: its lines are counted within it. */
type Finding =
  | { readonly kind: Kind; readonly object: AnyManifest["object"]; readonly lineOf: LineOf }
  | { readonly problems: readonly Omit<Problem, "file">[] };

/**
 * Reads texts again and again, and of each reading only the documents that the one before did not have: an object whose text is the
 * same is the same object.
 */
export class ManifestReader {
  readonly #namespace: string;
  #known = new Map<string, readonly Finding[]>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  read(texts: readonly ManifestText[]): ParsedManifests {
    const manifests: AnyManifest[] = [];
    const problems: Problem[] = [];
    const known = new Map<string, readonly Finding[]>();
    for (const { file, text } of texts) {
      for (const document of documentsOf(text)) {
        // What is kept must not hold on to the text as a whole.
        const one = this.#known.has(document.text) ? document.text : Buffer.from(document.text).toString();
        const findings = this.#known.get(one) ?? this.#judge(one);
        known.set(one, findings);
        const lineInFile = (line: number) => document.line - 1 + line;
        for (const finding of findings) {
          if ("problems" in finding) {
            problems.push(...finding.problems.map((one) => ({ file, ...one, line: lineInFile(one.line) })));
            continue;
          }
          const { kind, object, lineOf } = finding;
          manifests.push({ kind, object, file, lineOf: (path) => lineInFile(lineOf(path)) } as AnyManifest);
        }
      }
    }
    this.#known = known;
    problems.push(...duplicates(manifests));
    return problems.length > 0 ? { manifests: [], problems } : { manifests, problems };
  }

  #judge(text: string): readonly Finding[] {
    // An empty document between two `---` is nobody's mistake.
    const documents = readDocument(text).filter((one) => "broken" in one || one.value !== null);
    return documents.map((one) => judgeDocument(one, this.#namespace));
  }
}

function duplicates(manifests: readonly AnyManifest[]): readonly Problem[] {
  const seen = new Map<string, AnyManifest>();
  return manifests.flatMap((manifest) => {
    const { file, kind, object } = manifest;
    const { name, namespace = "" } = object.metadata;
    const identity = `${kind} ${namespace}/${name}`;
    const first = seen.get(identity);
    if (first === undefined) {
      seen.set(identity, manifest);
      return [];
    }
    const place = `${first.file}:${first.lineOf(["metadata", "name"])}`;
    const message = `${kind} "${name}" stands at ${place} already: give one of them another name`;
    return [{ file, line: manifest.lineOf(["metadata", "name"]), field: "metadata.name", message }];
  });
}

function judgeDocument(document: ReadDocument, namespace: string): Finding {
  if ("broken" in document) {
    const message = `not valid YAML: ${document.broken.split("\n")[0]}`;
    return { problems: [{ line: document.line, message }] };
  }
  const { value, lineOf } = document;
  const problem = (path: readonly PropertyKey[], message: string): Finding => ({
    problems: [{ line: lineOf(path), ...(path.length > 0 && { field: fieldName(path) }), message }],
  });
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return problem([], "a document must be one Kubernetes object: apiVersion, kind, metadata, spec");
  }
  const { kind, apiVersion } = value as { kind?: unknown; apiVersion?: unknown };
  if (!isKind(kind)) {
    const known = Object.keys(KIND_SHAPES);
    const what = kind === undefined ? "is missing" : `"${kind}" is not known`;
    return problem(
      ["kind"],
      `${what}${formatNearest(typeof kind === "string" ? kind : "", known)}; known are ${known.join(", ")}`,
    );
  }
  const { apiVersions, shape, namespaced } = KIND_SHAPES[kind];
  if (typeof apiVersion !== "string" || !apiVersions.includes(apiVersion)) {
    return problem(["apiVersion"], `"${apiVersion}" is not an apiVersion of ${kind}; use ${apiVersions.join(" or ")}`);
  }
  const checked = shape.safeParse(value);
  if (!checked.success) return { problems: checked.error.issues.map((issue) => shapeProblem(issue, lineOf)) };
  const object = withDefaults(checked.data, namespaced ? namespace : undefined) as AnyManifest["object"];
  return { kind, object, lineOf };
}

function isKind(kind: unknown): kind is Kind {
  return typeof kind === "string" && Object.hasOwn(KIND_SHAPES, kind);
}

function withDefaults(object: unknown, namespace: string | undefined): unknown {
  const { status: _, ...rest } = object as { status?: unknown; metadata: object };
  return { ...rest, metadata: { generation: 1, ...(namespace !== undefined && { namespace }), ...rest.metadata } };
}

function shapeProblem(issue: core.$ZodIssue, lineOf: LineOf): Omit<Problem, "file"> {
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = unknown === undefined ? issue.path : [...issue.path, unknown];
  const message = unknown === undefined ? issue.message : "is no field of this kind: check its spelling and place";
  return { line: lineOf(path), field: fieldName(path), message };
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
