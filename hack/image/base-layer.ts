/**
 * What the image holds below our program: node, its libraries, the few files under /etc that libc and TLS read, and
 * the licences and package records of all that. No shell, no package manager, nothing that is setuid.
 * Pure but for the unpacked packages, which it reads.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { UnpackedPackage } from "./debian.ts";
import type { Architecture } from "./layout.ts";
import { libraryEntries } from "./libraries.ts";
import type { NodeBinary } from "./node-binary.ts";
import { directory, file } from "./rootfs.ts";
import type { TarEntry } from "./tar.ts";

/** The user and group that "nonroot" images use by convention; Kubernetes' `runAsNonRoot` wants a number. */
export const NONROOT = 65532;

export const NODE_PATH = "/usr/bin/node";

export interface BaseInputs {
  readonly architecture: Architecture;
  readonly node: NodeBinary;
  readonly packages: readonly UnpackedPackage[];
  /** PEM certificates of the public roots. */
  readonly roots: readonly string[];
}

export function baseEntries({ architecture, node, packages, roots }: BaseInputs): TarEntry[] {
  return [
    file(NODE_PATH, node.program, true),
    file("/usr/share/doc/node/LICENSE", node.license),
    ...libraryEntries(node.program, architecture, packages),
    ...packages.flatMap(recordEntries),
    ...accountEntries(),
    // Node has roots of its own; this file is for `--use-openssl-ca` and for SSL_CERT_FILE's conventional place.
    file("/etc/ssl/certs/ca-certificates.crt", `${roots.map((pem) => pem.trim()).join("\n")}\n`),
    directory("/tmp"),
  ];
}

function accountEntries(): TarEntry[] {
  return [
    file(
      "/etc/passwd",
      `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${NONROOT}:${NONROOT}:nonroot:/:/sbin/nologin\n`,
    ),
    file("/etc/group", `root:x:0:\nnonroot:x:${NONROOT}:\n`),
    // Without it glibc asks DNS before /etc/hosts, where Kubernetes writes hostAliases.
    file("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
  ];
}

/** A package's record where scanners of images without a package manager look for it, and its licence if it has one. */
function recordEntries({ name, root, control }: UnpackedPackage): TarEntry[] {
  const record = file(`/var/lib/dpkg/status.d/${name}`, control);
  const copyright = readIfPresent(join(root, "usr/share/doc", name, "copyright"));
  return copyright === undefined ? [record] : [record, file(`/usr/share/doc/${name}/copyright`, copyright)];
}

function readIfPresent(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    // libatomic1 and its like link their documentation to gcc-12-base's, which is not in their own root.
    return undefined;
  }
}
