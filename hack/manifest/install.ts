/**
 * The manifest of `kubectl apply -f install.yaml`: the definitions in crds/ and the hand-written parts beside this file, one after
 * the other, with the image and version put in. What they spell must agree with src/model/identity.ts; test/manifest asserts it.
 */
import { readdirSync, readFileSync } from "node:fs";

export interface InstallOptions {
  /** Reference of the image that operator and proxies run. */
  readonly image: string;
  /** Of the program, for the version label. */
  readonly version: string;
}

/** Definitions first: what is of a kind comes after the kind. */
const FOLDERS = [new URL("../../crds/", import.meta.url), new URL("./parts/", import.meta.url)];

/** YAML documents in the order in which they can be applied. @throws on a placeholder without a value. */
export function renderInstallManifest(options: InstallOptions): string {
  const values: Readonly<Record<string, string>> = { IMAGE: options.image, VERSION: options.version };
  const documents = FOLDERS.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".yaml"))
      .sort()
      .map((name) => readFileSync(new URL(name, folder), "utf8").trim()),
  );
  return `${documents.join("\n---\n")}\n`.replaceAll(/__([A-Z]+)__/g, (_whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the manifest has a placeholder without a value: ${name}`);
    // A JSON string is a YAML string, whatever characters it holds (YAML 1.2, section 1.3).
    return JSON.stringify(value);
  });
}
