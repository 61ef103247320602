/**
 * Files to manifests: reads, parses and applies the rules that admission applies in a cluster. Problems are values; the
 * only thing it does besides reading is telling that a watched file may have changed.
 */
import { type FSWatcher, readFileSync, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { AdmissionContext } from "../../admission/ownership.ts";
import { validateObject } from "../../admission/validate.ts";
import { snapshotOf } from "../snapshot.ts";
import { type AnyManifest, ManifestReader, type ManifestText, type ParsedManifests, type Problem } from "./parse.ts";
import { referenceProblems } from "./references.ts";

export function loadManifests(files: readonly string[], namespace: string): ParsedManifests {
  return new ManifestLoader(files, namespace).load();
}

/** Loads the same files again and again, and does again only what a change in them touches. */
export class ManifestLoader {
  readonly #files: readonly string[];
  readonly #reader: ManifestReader;
  /** Objects that admission found nothing wrong with, for as long as it is told the same of the others. */
  #admitted = new WeakSet<object>();
  #admittedWith: readonly unknown[] = [];

  readonly #read: (file: string) => string;

  /** `read`: throws the system's error, or one whose message says what is wrong. */
  constructor(files: readonly string[], namespace: string, read = (file: string) => readFileSync(file, "utf8")) {
    this.#files = files;
    this.#read = read;
    this.#reader = new ManifestReader(namespace);
  }

  load(): ParsedManifests {
    const texts: ManifestText[] = [];
    const unreadable: Problem[] = [];
    for (const file of this.#files) {
      try {
        texts.push({ file, text: this.#read(file) });
      } catch (error) {
        unreadable.push({ file, line: 1, message: `cannot be read: ${readFailure(error)}` });
      }
    }
    if (unreadable.length > 0) return { manifests: [], problems: unreadable };
    const parsed = this.#reader.read(texts);
    if (parsed.problems.length > 0) return parsed;
    const problems = [...this.#admissionProblems(parsed.manifests), ...referenceProblems(parsed.manifests)];
    return problems.length > 0 ? { manifests: [], problems } : parsed;
  }

  #admissionProblems(manifests: readonly AnyManifest[]): readonly Problem[] {
    const context: AdmissionContext = snapshotOf(manifests, new Map());
    const classes = manifests.filter(({ kind }) => kind === "GatewayClass").map(({ object }) => object);
    const told = [...classes, null, ...context.gateways, null, ...context.listenerSets];
    if (told.length !== this.#admittedWith.length || told.some((one, i) => one !== this.#admittedWith[i])) {
      this.#admitted = new WeakSet();
      this.#admittedWith = told;
    }
    return manifests.flatMap((manifest) => {
      if (this.#admitted.has(manifest.object)) return [];
      const problems = admissionProblems(manifest, context);
      if (problems.length === 0) this.#admitted.add(manifest.object);
      return problems;
    });
  }
}

/** For files that are read again when they change. A pipe would block the reader until somebody writes into it, and ends when it is read. */
export function readRegularFile(file: string): string {
  const stats = statSync(file);
  if (!stats.isFile() && !stats.isDirectory()) {
    throw new Error("it is not a regular file, which could be followed: write its content to one");
  }
  return readFileSync(file, "utf8");
}

function readFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EACCES":
      return "permission is denied";
    case "EISDIR":
      return "it is a folder: name the files in it";
    default:
      return code ?? (error instanceof Error ? error.message : String(error));
  }
}

function admissionProblems({ file, object, lineOf }: AnyManifest, context: AdmissionContext): readonly Problem[] {
  return validateObject(object, context).problems.map(({ field, message }) => {
    const path = field.split(/[.[\]]+/).filter((part) => part !== "");
    const line = lineOf(path.map((part) => (/^\d+$/.test(part) ? Number(part) : part)));
    return { file, line, field, message };
  });
}

/** A save is a burst of events, and often a rename over the file: wait for the burst to end, and watch the folder. */
const SETTLE_MS = 100;

/** Calls when one of the files may have changed; returns what stops it. */
export function watchManifests(files: readonly string[], onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, SETTLE_MS);
  };
  const byFolder = Map.groupBy(files, (file) => dirname(file));
  const watchers: FSWatcher[] = [...byFolder].map(([folder, members]) => {
    const names = new Set(members.map((file) => basename(file)));
    return watch(folder, (_event, name) => {
      if (name === null || names.has(name)) changed();
    });
  });
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
