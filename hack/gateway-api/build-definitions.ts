/**
 * `npm run definitions`: writes what `fsm-gateway check` judges by, the CRDs of both channels of the pinned Gateway API, as one
 * JSON file, with the definitions of our own kinds. Gateway API's come from its own module (hack/gateway-api/crds) and are not copied
 * into the project.
 *
 *   node hack/gateway-api/build-definitions.ts [FILE]    (default dist/gateway-api-crds.json)
 *
 * Exit code 2: the machine lacks something, named in one line.
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import type {
  Channel,
  Definitions,
  KindDefinition,
  Schema,
  VersionDefinition,
} from "../../src/check/schema/definitions.ts";

const checkout = join(import.meta.dirname, "../..");
const BUNDLE_VERSION = "gateway.networking.k8s.io/bundle-version";

/** apiextensions.k8s.io/v1 CustomResourceDefinition, as far as it is read. */
interface Crd {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly scope: "Namespaced" | "Cluster";
    readonly versions: readonly CrdVersion[];
  };
}

interface CrdVersion {
  readonly name: string;
  readonly served: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema: { readonly openAPIV3Schema: Schema };
}

/** @throws Error with the script's own words when the CRDs cannot be had. */
export function readDefinitions(): Definitions {
  const standard = crdsOf("standard");
  const experimental = crdsOf("experimental");
  const versions = new Set(
    [...standard, ...experimental].map((crd) => crd.metadata.annotations[BUNDLE_VERSION] ?? "none"),
  );
  const [bundleVersion, ...others] = versions;
  if (bundleVersion === undefined || others.length > 0)
    throw new Error(`bundle versions differ: ${[...versions].join(", ")}`);
  const own = ownCrds();
  const kinds = (crds: readonly Crd[]) => [...crds, ...own].map(kindOf);
  return { bundleVersion, channels: { standard: kinds(standard), experimental: kinds(experimental) } };
}

/** @throws Error as `readDefinitions` does. */
export function writeDefinitions(file: string): void {
  const definitions = readDefinitions();
  mkdirSync(dirname(file), { recursive: true });
  // Descriptions are two thirds of it, and nobody is judged by them.
  writeFileSync(
    file,
    JSON.stringify(definitions, (key, value) => (isDescription(key, value) ? undefined : value)),
  );
}

function isDescription(key: string, value: unknown): boolean {
  return key === "description" && typeof value === "string";
}

/** Of the kinds that users write; Pepr's store is none. */
function ownCrds(): readonly Crd[] {
  const folder = join(checkout, "crds");
  return globSync("gateway.fsm.dev_*.yaml", { cwd: folder }).flatMap((file) =>
    crdsIn(readFileSync(join(folder, file), "utf8")),
  );
}

function crdsIn(yaml: string): readonly Crd[] {
  return parseAllDocuments(yaml).flatMap((document) => (document.toJS() as Crd | null) ?? []);
}

function crdsOf(channel: Channel): readonly Crd[] {
  const script = join(import.meta.dirname, "crds");
  const { status, stdout, stderr, error } = spawnSync(script, [channel], { encoding: "utf8", maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(error?.message ?? stderr.trim());
  return crdsIn(stdout);
}

function kindOf({ spec: { group, names, scope, versions } }: Crd): KindDefinition {
  return {
    group,
    kind: names.kind,
    namespaced: scope === "Namespaced",
    versions: versions.map(versionOf(names.kind, group)),
  };
}

function versionOf(kind: string, group: string) {
  return ({ name, served, deprecated, deprecationWarning, schema }: CrdVersion): VersionDefinition => ({
    name,
    served,
    // The API server's own words where the definition has none.
    ...(deprecated === true && { deprecation: deprecationWarning ?? `${group}/${name} ${kind} is deprecated` }),
    schema: schema.openAPIV3Schema,
  });
}

if (import.meta.main) {
  const file = resolve(process.argv[2] ?? join(checkout, "dist/gateway-api-crds.json"));
  try {
    writeDefinitions(file);
    console.log(`${relative(process.cwd(), file)}: the definitions of Gateway API, both channels`);
  } catch (error) {
    console.error(`definitions: ${(error as Error).message}`);
    process.exitCode = 2;
  }
}
