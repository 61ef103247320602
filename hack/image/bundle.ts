/**
 * Bundles the command with all its dependencies into a folder that runs by node alone: `node FOLDER/fsm-gateway.js`.
 * Owns esbuild's settings and the file of third-party licences. Never knows of images.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import { checkout } from "./environment.ts";

export const BUNDLE_FILE = "fsm-gateway.js";
export const BUNDLE_ENTRY = "src/cli/main.ts";
/** Programs of threads, which are begun from a file: linux-engine.ts and reading-thread.ts look for them under these names. */
const THREADS = [
  { in: "src/proxy/linux/worker.ts", out: "linux-worker" },
  { in: "src/standalone/thread/reader.ts", out: "standalone-reader" },
];

/**
 * Dependencies in CommonJS call `require` for node's own modules, which an ES module does not have. The name must
 * not meet one of theirs.
 */
const REQUIRE_SHIM = `import { createRequire as __fsmCreateRequire } from "node:module";
const require = __fsmCreateRequire(import.meta.url);`;

/**
 * Writes the bundle of `entry` to `folder`, emptied first. Not minified, so that stack traces can be read. Gives back the folders,
 * relative to the checkout, of the packages that it has code of.
 */
export async function bundle(entry: string, folder: string): Promise<readonly string[]> {
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: checkout,
    entryPoints: [{ in: entry, out: BUNDLE_FILE.replace(/\.js$/, "") }, ...THREADS],
    outdir: folder,
    bundle: true,
    platform: "node",
    target: "node26",
    format: "esm",
    // A proxy never loads the operator's half: it is in chunks of its own, behind import().
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    banner: { js: REQUIRE_SHIM },
    keepNames: true,
    legalComments: "none",
    metafile: true,
    logLevel: "error",
  });
  // The bundle is ES modules wherever it lies, whatever package.json is above it.
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ type: "module" })}\n`);
  const packages = bundledPackages(metafile);
  writeFileSync(join(folder, "THIRD-PARTY-LICENSES.txt"), licenses(packages));
  return packages;
}

/** The folders, relative to the checkout, of the packages that the bundle has code of. */
function bundledPackages(metafile: Metafile): string[] {
  const used = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  const folders = used.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

function licenses(folders: readonly string[]): string {
  return folders.map((folder) => licenseOf(join(checkout, folder))).join("\n");
}

function licenseOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const texts = files.sort().map((file) => readFileSync(join(folder, file), "utf8").trim());
  return [`==== ${name} ${version} (${typeof license === "string" ? license : "see below"})`, ...texts, ""].join(
    "\n\n",
  );
}
