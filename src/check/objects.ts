/**
 * The first judgement, on each object by itself: shape and rules of its kind. What has the shape of its kind goes on to those who
 * judge the whole. Pure.
 */
import { PARAMETERS_GROUP } from "../gateway-api/gateway-parameters.ts";
import { GATEWAY_GROUP, GATEWAY_X_GROUP } from "../gateway-api/objects.ts";
import { formatNearest } from "../model/did-you-mean.ts";
import type { AnyManifest } from "../standalone/manifests/parse.ts";
import { KIND_SHAPES, type Kind } from "../standalone/manifests/shapes.ts";
import type { ReadObject } from "./documents.ts";
import type { Finding, Judge, Severity } from "./finding.ts";
import { fieldOf, findKind, type KindDefinition, type Violation } from "./schema/definitions.ts";
import { judge } from "./schema/judge.ts";
import type { Rules } from "./schema/rules.ts";
import { isRecord } from "./schema/values.ts";

export interface JudgedObject {
  readonly read: ReadObject;
  readonly findings: readonly Finding[];
  /** With defaults, for those who judge the whole. Absent: it has not the shape for it, or its kind plays no part there. */
  readonly manifest?: AnyManifest;
}

/** `namespace` is for objects that name none. Undefined: the object is of a kind that has no part in this. */
export function judgeObject(
  read: ReadObject,
  kinds: readonly KindDefinition[],
  rules: Rules,
  namespace: string,
): JudgedObject | undefined {
  const slash = read.apiVersion.lastIndexOf("/");
  const group = slash === -1 ? "" : read.apiVersion.slice(0, slash);
  const definition = findKind(kinds, group, read.kind);
  if (definition !== undefined) {
    return judgeCustom(definition.namespaced ? placed(read, namespace) : read, definition, rules);
  }
  if (group === GATEWAY_GROUP || group === GATEWAY_X_GROUP) {
    const known = kinds.filter((found) => found.group !== PARAMETERS_GROUP).map(({ kind }) => kind);
    const what = `${read.kind} is no kind of this channel of Gateway API; its kinds are ${known.join(", ")}`;
    const message = `${what}${formatNearest(read.kind, known)}`;
    return { read, findings: [finding(read, "error", "schema", { path: ["kind"], message })] };
  }
  if (!isKind(read.kind) || !KIND_SHAPES[read.kind].apiVersions.includes(read.apiVersion)) return undefined;
  return judgeBuiltin(KIND_SHAPES[read.kind].namespaced ? placed(read, namespace) : read, read.kind);
}

/** As `kubectl apply -n` sends it. */
function placed(read: ReadObject, namespace: string): ReadObject {
  const { metadata } = read.value;
  return isRecord(metadata) ? { ...read, value: { ...read.value, metadata: { namespace, ...metadata } } } : read;
}

function judgeCustom(read: ReadObject, definition: KindDefinition, rules: Rules): JudgedObject {
  const { apiVersion, kind, value } = read;
  const { violations, remarks, object, shaped } = judge(definition, rules, { ...value, apiVersion });
  const findings = [
    ...violations.map((violation) => finding(read, "error", "schema", violation)),
    ...remarks.map((remark) => finding(read, "warning", "schema", remark)),
  ];
  return shaped && isKind(kind) ? { read, findings, manifest: manifestOf(read, kind, object) } : { read, findings };
}

/** Of Kubernetes' own kinds only the part is judged that we read. */
function judgeBuiltin(read: ReadObject, kind: Kind): JudgedObject {
  const checked = KIND_SHAPES[kind].shape.safeParse(read.value);
  if (checked.success) return { read, findings: [], manifest: manifestOf(read, kind, checked.data) };
  const findings = checked.error.issues.map((issue) => {
    const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
    return finding(read, "error", "schema", { path, message: issue.message });
  });
  return { read, findings };
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(KIND_SHAPES, kind);
}

function manifestOf({ file, lineOf }: ReadObject, kind: Kind, object: unknown): AnyManifest {
  const { status: _, ...rest } = object as { status?: unknown; metadata: object };
  const metadata = { generation: 1, ...rest.metadata };
  return { kind, object: { ...rest, metadata }, file, lineOf } as unknown as AnyManifest;
}

export function finding(read: ReadObject, severity: Severity, said: Judge, { path, message }: Violation): Finding {
  const { file, kind, value, lineOf } = read;
  const metadata = isRecord(value.metadata) ? value.metadata : {};
  const { namespace, name } = metadata;
  return {
    severity,
    judge: said,
    file,
    line: lineOf(path),
    kind,
    ...(typeof namespace === "string" && { namespace }),
    name: typeof name === "string" ? name : "",
    field: fieldOf(path),
    message,
  };
}
