/**
 * CustomResourceDefinitions as far as they judge objects: apiextensions.k8s.io/v1, its structural schemas (JSON Schema as
 * OpenAPI v3 restricts it) and CEL rules. Plain data with its look-ups; where it comes from is the caller's business.
 */

export type Channel = "standard" | "experimental";

/** What `hack/gateway-api/build-definitions.ts` writes. */
export interface Definitions {
  /** Version of the Gateway API bundle, such as `v1.6.3`. */
  readonly bundleVersion: string;
  readonly channels: Readonly<Record<Channel, readonly KindDefinition[]>>;
}

export interface KindDefinition {
  readonly group: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly versions: readonly VersionDefinition[];
}

export interface VersionDefinition {
  /** `v1alpha2`, without the group. */
  readonly name: string;
  readonly served: boolean;
  /** The API server warns of it with this text. */
  readonly deprecation?: string;
  readonly schema: Schema;
}

export interface Schema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly not?: Schema;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic" | "granular";
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-validations"?: readonly CelRule[];
}

export interface CelRule {
  readonly rule: string;
  readonly message?: string;
}

/** From an object's root: names of fields and places in lists. */
export type Path = readonly (string | number)[];

/** Something that the API server would refuse. */
export interface Violation {
  readonly path: Path;
  readonly message: string;
}

export function findKind(kinds: readonly KindDefinition[], group: string, kind: string): KindDefinition | undefined {
  return kinds.find((found) => found.group === group && found.kind === kind);
}

/** `spec.listeners[0].port`. */
export function fieldOf(path: Path): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : `${i > 0 ? "." : ""}${part}`)).join("");
}
