/**
 * Writes an OCI image archive for `ctr images import`, without a registry or a container engine:
 *
 *   node hack/image/oci.ts --output OUT.tar --tag REF [option]… SRC:DST…
 *
 * Owns the command line. What it packs comes from disk.ts, how it is packed from layout.ts. One layer, uncompressed.
 */
import { parseArgs } from "node:util";
import { readLibraries, readTree } from "./disk.ts";
import { type Architecture, imageArchive, packLayer } from "./layout.ts";
import { directory, symlink } from "./rootfs.ts";
import { writeArchive } from "./write-archive.ts";

const USAGE = `Usage: node hack/image/oci.ts --output OUT.tar --tag REF [option]... SRC:DST...

  SRC:DST             a file, or a folder with all it holds; a DST that ends in / keeps the file's name
  --arch ARCH         amd64 or arm64 (default: this machine's)
  --entrypoint JSON   the entry point, as a JSON array of strings
  --cmd JSON          the default arguments, likewise
  --env K=V           an environment variable (repeatable)
  --user U:G          the user and group that run it
  --workdir DIR       the working directory (default /)
  --mkdir /DIR        an empty directory (repeatable); /tmp and /var/tmp are writable to all
  --link /DST=TARGET  a symbolic link (repeatable)
  --ldd BIN           the loader and shared libraries of a program of this machine (repeatable)
`;

function parseCommandLine(argv: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      output: { type: "string" },
      tag: { type: "string" },
      arch: { type: "string", default: process.arch === "x64" ? "amd64" : process.arch },
      entrypoint: { type: "string", default: "[]" },
      cmd: { type: "string", default: "[]" },
      env: { type: "string", multiple: true, default: [] },
      user: { type: "string", default: "" },
      workdir: { type: "string", default: "/" },
      mkdir: { type: "string", multiple: true, default: [] },
      link: { type: "string", multiple: true, default: [] },
      ldd: { type: "string", multiple: true, default: [] },
    },
  });
  const { output, tag, arch } = values;
  if (output === undefined || tag === undefined) throw new Error("--output and --tag are needed");
  return { ...values, output, tag, arch: architecture(arch), positionals };
}

function architecture(name: string): Architecture {
  if (name === "amd64" || name === "arm64") return name;
  throw new Error(`--arch ${name}: neither amd64 nor arm64`);
}

function stringArray(option: string, json: string): string[] {
  const value: unknown = JSON.parse(json);
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new Error(`--${option} is not a JSON array of strings: ${json}`);
}

/** Cuts `text` at its last `separator`: `./a:b:/dst` is the file `./a:b` at `/dst`. */
function cut(text: string, separator: string): [string, string] {
  const at = text.lastIndexOf(separator);
  if (at <= 0) throw new Error(`${text}: ${separator} is missing`);
  return [text.slice(0, at), text.slice(at + 1)];
}

async function main(argv: readonly string[]): Promise<void> {
  const options = parseCommandLine(argv);
  const entries = [
    ...options.mkdir.map(directory),
    ...options.ldd.flatMap(readLibraries),
    ...options.positionals.flatMap((pair) => readTree(...cut(pair, ":"))),
    ...options.link.map((pair) => symlink(...cut(pair, "="))),
  ];
  const layer = packLayer(entries);
  const config = {
    Entrypoint: stringArray("entrypoint", options.entrypoint),
    Cmd: stringArray("cmd", options.cmd),
    Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...options.env],
    User: options.user,
    WorkingDir: options.workdir,
  };
  const { digest, entries: archive } = imageArchive(options.tag, [
    { architecture: options.arch, config, layers: [layer] },
  ]);
  await writeArchive(options.output, archive);
  console.log(`${options.output}: ${options.tag} ${digest} ${Math.ceil(layer.bytes.length / 1024)} KiB`);
}

if (import.meta.main) {
  if (process.argv.includes("--help")) {
    process.stdout.write(USAGE);
  } else {
    await main(process.argv.slice(2)).catch((error: Error) => {
      console.error(`oci: ${error.message} (--help lists the options)`);
      process.exitCode = 2;
    });
  }
}
