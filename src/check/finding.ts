/** What `check` has found, and how it is said: a line for people, or JSON. Plain data. */

export type Severity = "error" | "warning";

/** Which judge said it: the API server's schema and rules, our admission, references within the files, the translator. */
export type Judge = "schema" | "admission" | "references" | "translation";

export interface Finding {
  readonly severity: Severity;
  readonly judge: Judge;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly kind: string;
  /** Absent for kinds without one. */
  readonly namespace?: string;
  readonly name: string;
  /** `spec.listeners[0].port`. */
  readonly field: string;
  /** What is wrong and, where there is one, the mend. */
  readonly message: string;
}

export interface Checked {
  readonly files: number;
  /** Objects that were judged. */
  readonly objects: number;
  /** Objects of kinds that have no part in this, by `apiVersion kind`: nothing is said of them. */
  readonly passedOver: Readonly<Record<string, number>>;
  /** Version and channel of the Gateway API that was judged by. */
  readonly gatewayApi: string;
  readonly channel: string;
}

export interface Report {
  readonly checked: Checked;
  /** By file, then line. */
  readonly findings: readonly Finding[];
}

/** `gateway.yaml:12: error: Gateway default/g: spec.listeners[0].port: …` */
export function findingLine({ file, line, severity, kind, namespace, name, field, message }: Finding): string {
  const object = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
  return `${file}:${line}: ${severity}: ${object}: ${field}: ${message}`;
}

/** The line that ends the report: what was looked at, and what came of it. */
export function summaryLine({ checked, findings }: Report): string {
  const { files, objects, passedOver, gatewayApi, channel } = checked;
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const passed = Object.values(passedOver).reduce((sum, n) => sum + n, 0);
  const kinds = Object.keys(passedOver).sort().join(", ");
  const looked = `checked ${count(objects, "object")} in ${count(files, "file")} against Gateway API ${gatewayApi} (${channel})`;
  const rest = passed === 0 ? "" : `; passed over ${count(passed, "object")} of other kinds (${kinds})`;
  return `${looked}${rest}: ${count(errors, "error")}, ${count(findings.length - errors, "warning")}`;
}

/** The same for programs. `version` changes when a field changes its meaning or goes. */
export function reportJson({ checked, findings }: Report): string {
  return JSON.stringify({ version: 1, checked, findings }, null, 2);
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
