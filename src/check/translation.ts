/**
 * What the translator would write into the statuses, as findings: a condition that says no is an error, a note in one that says
 * yes a warning. What only runtime can know (addresses, proxies, ready Pods) is left out. Pure.
 *
 * A file is seldom the whole cluster: a reference to an object that is not in the files is a warning, never an error.
 */
import { isDeepStrictEqual } from "node:util";
import { objectKey, type ParentReference } from "../gateway-api/objects.ts";
import type { DesiredCondition, DesiredListenerStatus, StatusPlan } from "../model/plan.ts";
import type { AnyManifest } from "../standalone/manifests/parse.ts";
import { pathOf, valueAt } from "./field-path.ts";
import type { Finding, Severity } from "./finding.ts";
import { fieldOf, type Path } from "./schema/definitions.ts";
import { isRecord } from "./schema/values.ts";

export function translationFindings(
  statuses: readonly StatusPlan[],
  manifests: readonly AnyManifest[],
): readonly Finding[] {
  const byKey = new Map(manifests.map((manifest) => [`${manifest.kind} ${objectKey(manifest.object)}`, manifest]));
  const findings = statuses.flatMap((status) => {
    const manifest = byKey.get(`${status.kind} ${objectKey({ metadata: status })}`);
    // The implied GatewayClass is in no file.
    if (manifest === undefined) return [];
    return saidOf(status, manifest.object).map((said) => located(said, manifest, byKey));
  });
  // Several parents of a route say the same of its backends.
  return [...new Map(findings.map((found) => [JSON.stringify(found), found])).values()];
}

/** Something said of a field, which may begin with a field within that one. */
interface Said {
  readonly severity: Severity;
  readonly base: string;
  readonly message: string;
}

function saidOf(status: StatusPlan, object: AnyManifest["object"]): readonly Said[] {
  switch (status.kind) {
    case "GatewayClass":
    case "GatewayParameters":
      return status.conditions.flatMap((condition) => fromCondition(condition, "spec"));
    case "Gateway":
    case "ListenerSet":
      return [
        ...status.conditions.flatMap((condition) => fromCondition(condition, "spec")),
        ...status.listeners.flatMap((listener) => fromListener(listener, object)),
      ];
    case "BackendTLSPolicy":
      return status.ancestors.flatMap(({ conditions }) =>
        conditions.flatMap((c) => fromCondition(c, "spec.validation")),
      );
    default:
      return status.parents.flatMap(({ parentRef, conditions }) => {
        const at = parentField(object, parentRef);
        return conditions.flatMap((c) => fromCondition(c, c.type === "ResolvedRefs" ? "spec" : at));
      });
  }
}

/** Of these conditions a file cannot know the truth, or another finding says the same nearer to its cause. */
function isBeyondFiles({ type, reason }: DesiredCondition): boolean {
  return (
    type === "Programmed" || reason === "ListenersNotValid" || reason === "ListenersNotResolved" || reason === "Pending"
  );
}

/** A field, as the translator's messages begin with it: `rules[0].backendRefs[1]: …`, `tls.certificateRefs[0] names …`. */
const FIELD = "(?:[a-z]\\w*(?:\\[\\d+\\])?(?:\\.[a-zA-Z]\\w*(?:\\[\\d+\\])?)+|[a-z]\\w*\\[\\d+\\])";
const LEADING_FIELD = new RegExp(`^(?<field>${FIELD})(?<colon>:)? `);
const BETWEEN_FIELDS = new RegExp(`; (?=${FIELD}:? )`);

/**
 * Notes that runtime alone can tell, or that a finding at the listener says already. Files with a Service that has a selector do not
 * contain its EndpointSlices, which the cluster makes.
 */
const NOT_OF_FILES = /its selector matches no Pod|is not served: its conditions say why/;

function fromCondition(condition: DesiredCondition, base: string): readonly Said[] {
  const { type, status, message } = condition;
  // A conflict is told by Accepted as well, in the same words.
  if (isBeyondFiles(condition) || type === "Conflicted") return [];
  if (status === "False") {
    return message.split(BETWEEN_FIELDS).map((sentence) => ({ severity: "error", base, message: sentence }));
  }
  const sentences = message.split("; ");
  const notes = type === "Accepted" ? sentences.slice(1) : sentences.filter((sentence) => sentence !== RESOLVED);
  const note = notes.filter((sentence) => !NOT_OF_FILES.test(sentence)).join("; ");
  return note === "" ? [] : [{ severity: "warning", base, message: note }];
}

const RESOLVED = "All references are resolved";

function fromListener({ name, conditions }: DesiredListenerStatus, object: AnyManifest["object"]): readonly Said[] {
  const listeners = valueAt(object, ["spec", "listeners"]);
  const index = Array.isArray(listeners) ? listeners.findIndex((l) => isRecord(l) && l.name === name) : -1;
  const base = `spec.listeners[${index}]`;
  const said = conditions.flatMap((condition) => fromCondition(condition, base));
  const protocol = valueAt(object, pathOf(`${base}.protocol`));
  const isServed = conditions.some(({ type, status }) => type === "Accepted" && status === "True");
  if (!isServed || (protocol !== "HTTP" && protocol !== "HTTPS")) return said;
  const message = `${protocol} is not routed by this controller: every request here is answered 503`;
  return [...said, { severity: "warning", base: `${base}.protocol`, message }];
}

function parentField(object: AnyManifest["object"], parentRef: ParentReference): string {
  const refs = valueAt(object, ["spec", "parentRefs"]);
  const index = Array.isArray(refs) ? refs.findIndex((ref) => isDeepStrictEqual(ref, parentRef)) : -1;
  return `spec.parentRefs[${index}]`;
}

function located(
  { severity, base, message }: Said,
  manifest: AnyManifest,
  known: ReadonlyMap<string, unknown>,
): Finding {
  const leading = LEADING_FIELD.exec(message)?.groups;
  const field = leading?.field === undefined ? base : within(base, leading.field);
  const path = pathOf(field);
  const absent = absentTarget(manifest.object, path, known);
  const text = leading?.colon === undefined ? message : message.replace(LEADING_FIELD, "");
  const { file, kind, object } = manifest;
  const { namespace, name } = object.metadata;
  return {
    severity: absent === undefined ? severity : "warning",
    judge: "translation",
    file,
    line: manifest.lineOf(path),
    kind,
    ...(namespace !== undefined && { namespace }),
    name,
    field: fieldOf(path),
    message:
      absent === undefined ? text : `${absent} is not in the files: name its file too to have the reference checked`,
  };
}

function within(base: string, field: string): string {
  return field.startsWith("spec.") ? field : `${base}.${field}`;
}

/** `Secret default/certificate`, when the reference at this path names an object that is in none of the files. */
function absentTarget(
  object: AnyManifest["object"],
  path: Path,
  known: ReadonlyMap<string, unknown>,
): string | undefined {
  const ref = valueAt(object, path);
  const kind = defaultKind(path);
  if (!isRecord(ref) || typeof ref.name !== "string" || kind === undefined) return undefined;
  // A dotted name is a host outside the cluster.
  if (kind === "Service" && ref.name.includes(".")) return undefined;
  const wanted = typeof ref.kind === "string" ? ref.kind : kind;
  const target = `${wanted} ${typeof ref.namespace === "string" ? ref.namespace : object.metadata.namespace}/${ref.name}`;
  return JUDGED_TARGETS.has(wanted) && !known.has(target) ? target : undefined;
}

const JUDGED_TARGETS: ReadonlySet<string> = new Set([
  "Service",
  "XBackend",
  "Secret",
  "ConfigMap",
  "GatewayParameters",
]);

function defaultKind(path: Path): string | undefined {
  const list = path.findLast((part) => typeof part === "string");
  switch (list) {
    case "backendRefs":
      return "Service";
    case "certificateRefs":
    case "clientCertificateRef":
      return "Secret";
    case "caCertificateRefs":
      return "ConfigMap";
    case "parametersRef":
      return "GatewayParameters";
    default:
      return undefined;
  }
}
