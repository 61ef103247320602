/**
 * `npm run build`: the bundle, the image archive, the manifest that installs them, Gateway API's definitions and the bill of materials,
 * all below dist/.
 *
 *   node hack/image/build.ts [--image REF] [--platform linux/amd64]…
 *
 * Owns the command line and the order of the steps. Exit code 2: the machine lacks something, named in one line.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { rootCertificates } from "node:tls";
import { parseArgs } from "node:util";
import { DEFINITIONS_FILE } from "../../src/check/definitions-file.ts";
import { writeDefinitions } from "../gateway-api/build-definitions.ts";
import { renderInstallManifest } from "../manifest/install.ts";
import { debianComponent, gatewayApiComponent, nodeComponent } from "../sbom/base.ts";
import { type Bill, type Component, cycloneDx } from "../sbom/cyclonedx.ts";
import { npmComponents } from "../sbom/npm.ts";
import { baseEntries, NODE_PATH, NONROOT } from "./base-layer.ts";
import { BUNDLE_ENTRY, BUNDLE_FILE, bundle } from "./bundle.ts";
import { debianPackages } from "./debian.ts";
import { readTree } from "./disk.ts";
import { checkout, MissingPrerequisite, run } from "./environment.ts";
import { cachedGzip } from "./gzip-cache.ts";
import {
  type Architecture,
  type ImageConfig,
  imageArchive,
  type Layer,
  type PlatformImage,
  packLayer,
} from "./layout.ts";
import { nodeBinary } from "./node-binary.ts";
import { writeArchive } from "./write-archive.ts";

const DEFAULT_IMAGE = "localhost/fsm-gateway:dev";
const ARCHITECTURES: readonly Architecture[] = ["amd64", "arm64"];
const APP_FOLDER = "/app";
const dist = join(checkout, "dist");
const GATEWAY_API_FILE = "gateway-api-crds.yaml";
const BILL_FILE = "fsm-gateway.cdx.json";
/** Where the packages of debian-packages.json come from, as package URLs name it. */
const DISTRIBUTION = "debian-12";

const USAGE = `Usage: npm run build -- [option]...

Makes dist/bundle/, dist/fsm-gateway.oci.tar, dist/install.yaml, dist/${GATEWAY_API_FILE} and dist/${BILL_FILE}.

  --image REF         the image's name in the archive and in the manifest (default ${DEFAULT_IMAGE})
  --platform OS/ARCH  linux/amd64 or linux/arm64; repeatable (default: both)
`;

/**
 * What is newly allocated and stays is copied while its thread stands still: 4 MiB at a time instead of 16, and without helpers, which on a
 * busy machine may themselves be waiting for a processor (docs/decisions/017).
 */
const SHORT_PAUSES = ["--max-semi-space-size=4", "--no-parallel-scavenge"];

interface Options {
  readonly image: string;
  readonly architectures: readonly Architecture[];
}

function parseCommandLine(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      image: { type: "string", default: DEFAULT_IMAGE },
      platform: { type: "string", multiple: true, default: ARCHITECTURES.map((name) => `linux/${name}`) },
    },
  });
  const unknown = values.platform.find((name) => !ARCHITECTURES.some((known) => name === `linux/${known}`));
  if (unknown !== undefined)
    throw new MissingPrerequisite(`--platform ${unknown}: neither linux/amd64 nor linux/arm64`);
  return {
    image: values.image,
    architectures: ARCHITECTURES.filter((name) => values.platform.includes(`linux/${name}`)),
  };
}

function imageConfig(version: string): ImageConfig {
  return {
    // The warning is of the Kubernetes client's dependencies; nothing that whoever reads the log could mend.
    Entrypoint: [NODE_PATH, ...SHORT_PAUSES, "--disable-warning=DEP0040", `${APP_FOLDER}/${BUNDLE_FILE}`],
    Cmd: [],
    Env: ["PATH=/usr/bin", "NODE_ENV=production"],
    User: `${NONROOT}:${NONROOT}`,
    WorkingDir: APP_FOLDER,
    Labels: {
      "org.opencontainers.image.title": "fsm-gateway",
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.licenses": "Apache-2.0",
    },
  };
}

interface Platform {
  readonly image: PlatformImage;
  /** What lies below the bundle. */
  readonly components: readonly Component[];
}

function platformOf(architecture: Architecture, app: Layer, config: ImageConfig): Platform {
  const packages = debianPackages(architecture, (line) => console.log(`note: ${line}`));
  const node = nodeBinary(architecture);
  const base = baseEntries({ architecture, node, packages, roots: rootCertificates });
  const components = [
    nodeComponent({ version: node.version, architecture, versions: process.versions }),
    ...packages.map(({ control }) => debianComponent(control, DISTRIBUTION)),
  ];
  return { image: { architecture, config, layers: [packLayer(base, cachedGzip), app] }, components };
}

async function main(args: readonly string[]): Promise<void> {
  const started = performance.now();
  const options = parseCommandLine(args);
  const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));

  const folder = join(dist, "bundle");
  const bundled = await bundle(BUNDLE_ENTRY, folder);
  addDefinitions(join(folder, DEFINITIONS_FILE));
  const app = packLayer(readTree(folder, APP_FOLDER), cachedGzip);
  const platforms = options.architectures.map((name) => platformOf(name, app, imageConfig(version)));
  const images = platforms.map(({ image }) => image);

  const output = join(dist, "fsm-gateway.oci.tar");
  const { digest, entries } = imageArchive(options.image, images);
  await writeArchive(output, entries);
  const sizes = images.map(({ architecture, layers }) => `linux/${architecture} ${mebibytes(layers)}`).join(", ");
  console.log(`${relative(checkout, output)}: ${options.image} ${digest} (${sizes})`);

  const manifest = join(dist, "install.yaml");
  writeFileSync(manifest, renderInstallManifest({ image: options.image, version }));
  console.log(`${relative(checkout, manifest)}: installs ${options.image}`);
  writeFileSync(join(dist, GATEWAY_API_FILE), gatewayApiCrds());
  console.log(`dist/${GATEWAY_API_FILE}: the definitions of Gateway API, experimental channel`);

  const base = platforms.flatMap(({ components }) => components);
  const image = { reference: options.image, digest };
  const bill = billOf({ version, image, bundled, base });
  writeFileSync(join(dist, BILL_FILE), bill);
  console.log(`dist/${BILL_FILE}: what the image is made of`);
  console.log(`built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

interface BillParts {
  readonly version: string;
  readonly image: Bill["image"];
  /** Folders of npm packages. */
  readonly bundled: readonly string[];
  readonly base: readonly Component[];
}

function billOf({ version, image, bundled, base }: BillParts): string {
  const read = (path: string) => readFileSync(join(checkout, path), "utf8");
  const npm = npmComponents(bundled, JSON.parse(read("package-lock.json")));
  const others = [...base, gatewayApiComponent(read("hack/gateway-api/go.mod"))];
  return cycloneDx({
    name: "fsm-gateway",
    version,
    license: "Apache-2.0",
    image,
    components: [...npm.components, ...others],
    needs: [...npm.direct, ...others.map(({ purl }) => purl)],
  });
}

/** For those who have not got the definitions from elsewhere; the experimental channel has every kind that is served here. */
function gatewayApiCrds(): string {
  const head = `# Gateway API's own definitions, experimental channel, from its Go module. Apply with: kubectl apply --server-side -f ${GATEWAY_API_FILE}\n`;
  const { ok, stdout, stderr } = run(join(checkout, "hack/gateway-api/crds"), ["experimental"]);
  if (!ok) throw new MissingPrerequisite(stderr.trim());
  return head + stdout;
}

/** What `check` judges by; without it the image would have a command that cannot work. */
function addDefinitions(file: string): void {
  try {
    writeDefinitions(file);
  } catch (error) {
    throw new MissingPrerequisite((error as Error).message);
  }
}

function mebibytes(layers: readonly Layer[]): string {
  const total = layers.reduce((sum, layer) => sum + layer.bytes.length, 0);
  return `${(total / 2 ** 20).toFixed(1)} MiB`;
}

if (process.argv.includes("--help")) {
  process.stdout.write(USAGE);
} else {
  await main(process.argv.slice(2)).catch((error: unknown) => {
    if (!(error instanceof MissingPrerequisite)) throw error;
    console.error(`build: ${error.message}`);
    process.exitCode = 2;
  });
}
