/**
 * Our hand-written manifest against what Pepr would generate: the webhook must ask for exactly what the capabilities declare, and
 * the store's definition must be Pepr's own. `pepr build` runs in a folder of its own, so that it neither writes into the
 * checkout nor type-checks more than the module.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { parseAllDocuments } from "yaml";
import { renderInstallManifest } from "../../hack/manifest/install.ts";

const checkout = fileURLToPath(new URL("../../", import.meta.url));

interface Manifest {
  readonly metadata: { readonly name: string };
  readonly kind: string;
  readonly spec?: unknown;
  readonly webhooks?: readonly { readonly rules: readonly Rule[] }[];
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly operations: readonly string[];
}

const manifestsIn = (yaml: string) => parseAllDocuments(yaml).map((document) => document.toJS() as Manifest);
const ours = manifestsIn(renderInstallManifest({ image: "image", version: "0" }));

/** `CREATE gateway.networking.k8s.io/v1/gateways`, one for each thing that the webhook is asked about. */
function asked(manifests: readonly Manifest[]): string[] {
  const rules = manifests
    .filter(({ kind }) => kind === "ValidatingWebhookConfiguration")
    .flatMap(({ webhooks = [] }) => webhooks.flatMap((webhook) => webhook.rules));
  return rules
    .flatMap(({ apiGroups, apiVersions, resources, operations }) =>
      apiGroups.flatMap((group) =>
        apiVersions.flatMap((version) =>
          resources.flatMap((resource) =>
            operations.map((operation) => `${operation} ${group}/${version}/${resource}`),
          ),
        ),
      ),
    )
    .sort();
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fsm-gateway-pepr-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("`pepr build` works, and derives the webhook's rules from the capabilities as ours has them", async (t) => {
  const folder = await temporaryFolder(t);
  for (const name of ["pepr.ts", "package.json"]) await cp(join(checkout, name), join(folder, name));
  for (const name of ["capabilities", "src", "node_modules"]) await symlink(join(checkout, name), join(folder, name));
  const tsconfig = JSON.parse(await readFile(join(checkout, "tsconfig.json"), "utf8")) as Record<string, unknown>;
  const { include: _, ...settings } = tsconfig;
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ ...settings, files: ["pepr.ts"] }));

  await promisify(execFile)(join(checkout, "node_modules/.bin/pepr"), ["build"], { cwd: folder, timeout: 120_000 });
  const built = manifestsIn(await readFile(join(folder, "dist/pepr-module-fsm-gateway.yaml"), "utf8"));
  assert.equal(asked(built).length, 14);
  assert.deepEqual(asked(ours), asked(built));
});

test("the definition of Pepr's store is Pepr's own", async (t) => {
  const bundle = join(await temporaryFolder(t), "store.cjs");
  const entryPoint = join(checkout, "node_modules/pepr/src/lib/assets/store.ts");
  await build({ entryPoints: [entryPoint], bundle: true, platform: "node", format: "cjs", outfile: bundle });
  const { peprStoreCRD } = createRequire(import.meta.url)(bundle) as { peprStoreCRD: Manifest };
  const [definition, ...others] = ours.filter(
    ({ kind, metadata }) => kind === "CustomResourceDefinition" && metadata.name === peprStoreCRD.metadata.name,
  );
  assert.equal(others.length, 0);
  assert.deepEqual(definition?.spec, JSON.parse(JSON.stringify(peprStoreCRD.spec)));
});
