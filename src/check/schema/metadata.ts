/** `metadata` of an object, which the API server judges for every kind alike: names, labels, annotations. Pure. */
import { dnsNameProblem } from "../../admission/dns-name.ts";
import type { Violation } from "./definitions.ts";
import { isRecord, shown } from "./values.ts";

const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const KEY_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

export function metadataViolations(metadata: unknown, namespaced: boolean): readonly Violation[] {
  if (!isRecord(metadata)) return [{ path: ["metadata"], message: "is missing; give the object a name in it" }];
  return [
    ...nameViolations(metadata.name, namespaced ? metadata.namespace : undefined),
    ...keyedTexts("labels", metadata.labels, (value) =>
      LABEL_VALUE.test(value)
        ? undefined
        : `${shown(value)} is no value of a label: 63 letters, digits, "-", "_" or "." at most`,
    ),
    ...keyedTexts("annotations", metadata.annotations, () => undefined),
  ];
}

function nameViolations(name: unknown, namespace: unknown): readonly Violation[] {
  const violations: Violation[] = [];
  if (typeof name !== "string" || name === "") {
    violations.push({ path: ["metadata", "name"], message: "is missing; give the object a name" });
  } else {
    const problem = dnsNameProblem(name);
    if (problem !== undefined) violations.push({ path: ["metadata", "name"], message: `${shown(name)} ${problem}` });
  }
  if (namespace !== undefined) {
    const problem =
      typeof namespace !== "string" || namespace.includes(".")
        ? "is no name of a namespace"
        : dnsNameProblem(namespace);
    if (problem !== undefined) {
      violations.push({ path: ["metadata", "namespace"], message: `${shown(namespace)} ${problem}` });
    }
  }
  return violations;
}

function keyedTexts(
  field: "labels" | "annotations",
  texts: unknown,
  problemOf: (value: string) => string | undefined,
): readonly Violation[] {
  if (texts === undefined || texts === null) return [];
  if (!isRecord(texts)) return [{ path: ["metadata", field], message: "must be an object of texts" }];
  return Object.entries(texts).flatMap(([key, value]) => {
    const path = ["metadata", field, key];
    if (typeof value !== "string") return [{ path, message: `must be a text (quote it), not ${shown(value)}` }];
    const problem = keyProblem(key) ?? problemOf(value);
    return problem === undefined ? [] : [{ path, message: problem }];
  });
}

/** A name of its own or, behind a DNS name and a slash, somebody's. */
function keyProblem(key: string): string | undefined {
  const slash = key.indexOf("/");
  const prefix = slash === -1 ? undefined : dnsNameProblem(key.slice(0, slash));
  if (prefix !== undefined) return `${shown(key)} is no key: its part before the slash ${prefix}`;
  return KEY_NAME.test(key.slice(slash + 1))
    ? undefined
    : `${shown(key)} is no key: 63 letters, digits, "-", "_" or "." at most`;
}
