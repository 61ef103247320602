/**
 * `npm run build`: the bundle, the image archive and the manifest that installs them, all below dist/.
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
import { baseEntries, NODE_PATH, NONROOT } from "./base-layer.ts";
import { BUNDLE_ENTRY, BUNDLE_FILE, bundle } from "./bundle.ts";
import { debianPackages } from "./debian.ts";
import { readTree } from "./disk.ts";
import { checkout, MissingPrerequisite } from "./environment.ts";
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

const USAGE = `Usage: npm run build -- [option]...

Makes dist/bundle/, dist/fsm-gateway.oci.tar and dist/install.yaml.

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

function platformImage(architecture: Architecture, app: Layer, config: ImageConfig): PlatformImage {
  const packages = debianPackages(architecture, (line) => console.log(`note: ${line}`));
  const base = baseEntries({ architecture, node: nodeBinary(architecture), packages, roots: rootCertificates });
  return { architecture, config, layers: [packLayer(base, cachedGzip), app] };
}

async function main(args: readonly string[]): Promise<void> {
  const started = performance.now();
  const options = parseCommandLine(args);
  const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));

  const folder = join(dist, "bundle");
  await bundle(BUNDLE_ENTRY, folder);
  addDefinitions(join(folder, DEFINITIONS_FILE));
  const app = packLayer(readTree(folder, APP_FOLDER), cachedGzip);
  const images = options.architectures.map((name) => platformImage(name, app, imageConfig(version)));

  const output = join(dist, "fsm-gateway.oci.tar");
  const { digest, entries } = imageArchive(options.image, images);
  await writeArchive(output, entries);
  const sizes = images.map(({ architecture, layers }) => `linux/${architecture} ${mebibytes(layers)}`).join(", ");
  console.log(`${relative(checkout, output)}: ${options.image} ${digest} (${sizes})`);

  const manifest = join(dist, "install.yaml");
  writeFileSync(manifest, renderInstallManifest({ image: options.image, version }));
  console.log(`${relative(checkout, manifest)}: installs ${options.image}`);
  console.log(`built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
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
