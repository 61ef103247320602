/**
 * The npm packages that the bundle has code of, as components: version, integrity and licence as package-lock.json has them. A package that
 * is installed but not bundled is in no image, and in no bill.
 */
import type { Component } from "./cyclonedx.ts";

/** package-lock.json (lockfileVersion 3), as far as it is read. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface BundledPackages {
  readonly components: readonly Component[];
  /** Package URLs of those that package.json names. */
  readonly direct: readonly string[];
}

/** `folders`: of the packages, each ending as its key in the lockfile. @throws Error for one that the lockfile does not pin. */
export function npmComponents(folders: readonly string[], lockfile: Lockfile): BundledPackages {
  const bundled = new Set(folders.map((folder) => folder.slice(folder.indexOf("node_modules/"))));
  const purls = new Map([...bundled].map((key) => [key, purlOf(key, locked(lockfile, key).version)]));
  const needsOf = (key: string): string[] => {
    const { dependencies, optionalDependencies, peerDependencies } = locked(lockfile, key);
    const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
    const found = names.flatMap((name) => purls.get(resolved(name, key, lockfile) ?? "") ?? []);
    return [...new Set(found)];
  };
  // One version of a package may be installed in several places: it is one component.
  const components = new Map<string, Component>();
  for (const [key, purl] of [...purls].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { version, integrity, license } = locked(lockfile, key);
    const needs = [...new Set([...(components.get(purl)?.needs ?? []), ...needsOf(key)])];
    components.set(purl, {
      type: "library",
      name: nameOf(key),
      version,
      purl,
      hash: { algorithm: "SHA-512", hex: Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex") },
      ...(license !== undefined && { license }),
      needs,
    });
  }
  return { components: [...components.values()], direct: needsOf("") };

  function locked({ packages }: Lockfile, key: string) {
    const { version = "", integrity = "", ...rest } = packages[key] ?? {};
    if (key !== "" && (version === "" || !integrity.startsWith("sha512-"))) {
      throw new Error(`package-lock.json does not pin ${key}`);
    }
    return { version, integrity, ...rest };
  }
}

/** Where Node finds a package from another's folder: beside it, or in a folder above. */
function resolved(name: string, from: string, { packages }: Lockfile): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const key = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[key] !== undefined) return key;
    if (folder === "") return undefined;
  }
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("node_modules/") + "node_modules/".length);
}

/** The scope's @ is encoded (package-url, type npm). */
function purlOf(key: string, version: string): string {
  return `pkg:npm/${nameOf(key).replace(/^@/, "%40")}@${encodeURIComponent(version)}`;
}
