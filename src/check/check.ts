/**
 * Files judged as a cluster would judge them, without one: the API server's schema and rules, our admission, references, the
 * translator. Pure: texts and definitions are given. It says what it has found and never mends.
 */
import type { AdmissionContext } from "../admission/ownership.ts";
import { validateObject } from "../admission/validate.ts";
import { objectKey } from "../gateway-api/objects.ts";
import type { ExternalHostsPolicy } from "../model/external-hosts.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { AnyManifest, ManifestText, Problem } from "../standalone/manifests/parse.ts";
import { referenceProblems } from "../standalone/manifests/references.ts";
import { snapshotOf } from "../standalone/snapshot.ts";
import { translate } from "../translate/translate.ts";
import { type ReadObject, readTexts } from "./documents.ts";
import { pathOf } from "./field-path.ts";
import type { Finding, Report } from "./finding.ts";
import { finding, type JudgedObject, judgeObject } from "./objects.ts";
import type { Channel, Definitions } from "./schema/definitions.ts";
import { Rules } from "./schema/rules.ts";
import { buildStandIns, withoutParents } from "./stand-ins.ts";
import { translationFindings } from "./translation.ts";

export interface CheckRequest {
  readonly texts: readonly ManifestText[];
  /** For objects that name none. */
  readonly namespace: string;
  readonly definitions: Definitions;
  readonly channel: Channel;
  /** Undefined: the default policy. */
  readonly externalHosts?: ExternalHostsPolicy;
}

/** Problems: texts that hold no objects; nothing else is said then. */
export type CheckResult = { readonly problems: readonly Problem[] } | { readonly report: Report };

export function check({ texts, namespace, definitions, channel, externalHosts }: CheckRequest): CheckResult {
  const { objects, problems } = readTexts(texts);
  if (problems.length > 0) return { problems };
  const rules = new Rules();
  const kinds = definitions.channels[channel];
  const judged: JudgedObject[] = [];
  const passedOver: Record<string, number> = {};
  for (const read of objects) {
    const result = judgeObject(read, kinds, rules, namespace);
    if (result !== undefined) judged.push(result);
    else passedOver[`${read.apiVersion} ${read.kind}`] = (passedOver[`${read.apiVersion} ${read.kind}`] ?? 0) + 1;
  }
  const checked = {
    files: texts.length,
    objects: judged.length,
    passedOver,
    gatewayApi: definitions.bundleVersion,
    channel,
  };
  const own = alone(judged);
  const findings = inOrder(texts, [...own, ...together(judged, externalHosts).filter((found) => !isTold(found, own))]);
  return { report: { checked, findings } };
}

/** Shape, rules and admission. Where both judge a field, admission's sentence stays: it has the mend. */
function alone(judged: readonly JudgedObject[]): readonly Finding[] {
  const context: AdmissionContext = snapshotOf(manifestsOf(judged), new Map());
  return judged.flatMap(({ read, findings, manifest }) => {
    if (manifest === undefined) return findings;
    const { problems, warnings } = validateObject(manifest.object, context);
    const told = [
      ...problems.map((problem) => fromAdmission(read, "error", problem)),
      ...warnings.map((warning) => fromAdmission(read, "warning", warning)),
    ];
    const fields = new Set(told.map(({ field }) => field));
    return [...findings.filter(({ field }) => !fields.has(field)), ...told];
  });
}

function fromAdmission(
  read: ReadObject,
  severity: Finding["severity"],
  { field, message }: { readonly field: string; readonly message: string },
): Finding {
  return finding(read, severity, "admission", { path: pathOf(field), message });
}

/** Has an error within the same field been told with more precision? */
function isTold(found: Finding, own: readonly Finding[]): boolean {
  return own.some(
    ({ severity, file, kind, namespace, name, field }) =>
      severity === "error" &&
      file === found.file &&
      kind === found.kind &&
      namespace === found.namespace &&
      name === found.name &&
      field.startsWith(`${found.field}.`),
  );
}

/** What only the objects together show. */
function together(judged: readonly JudgedObject[], externalHosts?: ExternalHostsPolicy): readonly Finding[] {
  const { unique, twice } = withoutDuplicates(judged);
  // The translator may rely on what the API server would have taken.
  const sound = unique.filter(({ findings }) => findings.every(({ severity }) => severity === "warning"));
  const manifests = manifestsOf(sound);
  const broken = unique.filter((object) => !sound.includes(object)).map(nameOf);
  const references = referenceProblems(manifests, broken)
    .filter(({ message }) => !broken.some((name) => message.startsWith(`there is no ${name} in the files`)))
    .map((problem) => fromReference(problem, manifests));
  const standIns = buildStandIns(broken);
  const { statuses } = translate(inACluster([...manifests, ...standIns], externalHosts));
  const own = statuses.map((status) => withoutParents(status, new Set(broken)));
  return [...twice, ...references, ...translationFindings(own, manifests)];
}

/** What the files will be for. */
function inACluster(manifests: readonly AnyManifest[], externalHosts?: ExternalHostsPolicy): Snapshot {
  return { ...snapshotOf(manifests, new Map(), externalHosts), provisions: true };
}

function nameOf({ read, manifest }: JudgedObject): string {
  const metadata = manifest?.object.metadata ?? (read.value.metadata as AnyManifest["object"]["metadata"] | undefined);
  return `${read.kind} ${metadata === undefined ? "" : objectKey({ metadata })}`;
}

function fromReference({ file, line, field = "", message }: Problem, manifests: readonly AnyManifest[]): Finding {
  const path = pathOf(field);
  const manifest = manifests.find((found) => found.file === file && found.lineOf(path) === line);
  const { namespace, name = "" } = manifest?.object.metadata ?? {};
  const owner = { kind: manifest?.kind ?? "", ...(namespace !== undefined && { namespace }), name };
  return { severity: "warning", judge: "references", file, line, ...owner, field, message };
}

function withoutDuplicates(judged: readonly JudgedObject[]) {
  const first = new Map<string, JudgedObject>();
  const twice: Finding[] = [];
  for (const object of judged) {
    const name = nameOf(object);
    const before = first.get(name);
    if (before === undefined) first.set(name, object);
    else {
      const place = `${before.read.file}:${before.read.lineOf(["metadata", "name"])}`;
      const message = `${name} stands at ${place} already: the later one wins in a cluster; give one another name`;
      twice.push(finding(object.read, "error", "references", { path: ["metadata", "name"], message }));
    }
  }
  return { unique: [...first.values()], twice };
}

function manifestsOf(judged: readonly JudgedObject[]): readonly AnyManifest[] {
  return judged.flatMap(({ manifest }) => manifest ?? []);
}

function inOrder(texts: readonly ManifestText[], findings: readonly Finding[]): readonly Finding[] {
  const places = new Map(texts.map(({ file }, i) => [file, i]));
  const place = ({ file }: Finding) => places.get(file) ?? texts.length;
  return findings.toSorted((a, b) => place(a) - place(b) || a.line - b.line);
}
