/**
 * The corpus of first bytes, with what is expected of each: `real`, recorded from clients, and `hostile`, made from
 * definitions. `test/wire/corpus/README.md` says how it is made.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HelloRefusalDetail, HelloRefusalReason } from "../../src/proxy/tls/hello-refusal.ts";

const FOLDER = join(import.meta.dirname, "corpus");
export const REAL_FOLDER = join(FOLDER, "real");
export const HOSTILE_FOLDER = join(FOLDER, "hostile");

export interface RealHello {
  readonly file: string;
  readonly client: string;
  readonly version: string;
  /** As they were run; the server they ran against, if one answered. */
  readonly commands: readonly string[];
  readonly server?: string;
  readonly expected: {
    readonly serverName?: string;
    readonly alpn?: readonly string[];
    readonly encryptedClientHello?: boolean;
    readonly postQuantum?: boolean;
  };
  readonly ja4: string;
}

/** What must come of first bytes. */
export type Verdict =
  | { readonly state: "hello"; readonly serverName?: string }
  | { readonly state: "need_more" }
  | { readonly state: "refused"; readonly reason: HelloRefusalReason; readonly detail: HelloRefusalDetail };

export interface HostileInput {
  readonly file: string;
  /** What it is, in a few words. */
  readonly what: string;
  readonly verdict: Verdict;
  /** Is what is special about it in its records? Then it is not to be cut into others. */
  readonly framing: boolean;
}

export function readManifest(): RealHello[] {
  const file = join(REAL_FOLDER, "manifest.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as RealHello[]) : [];
}

export function writeManifest(hellos: readonly RealHello[]): void {
  const sorted = hellos.toSorted((a, b) => a.file.localeCompare(b.file));
  writeFileSync(join(REAL_FOLDER, "manifest.json"), `${JSON.stringify(sorted, undefined, 2)}\n`);
}

export function readHostileManifest(): HostileInput[] {
  return JSON.parse(readFileSync(join(HOSTILE_FOLDER, "manifest.json"), "utf8")) as HostileInput[];
}

/** The bytes of one file of the corpus. */
export function corpusBytes(folder: string, file: string): Buffer {
  return Buffer.from(readFileSync(join(folder, file), "latin1").trim(), "hex");
}
