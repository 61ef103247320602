/**
 * Follows the files: what they say is served and its statuses are reported, and what is wrong with them is told while the last good
 * state serves on.
 */
import { objectKey } from "../../gateway-api/objects.ts";
import type { Logger } from "../../model/log.ts";
import { describe } from "../describe.ts";
import { ManifestLoader, readRegularFile, watchManifests } from "../manifests/load.ts";
import { type AnyManifest, formatProblem } from "../manifests/parse.ts";
import { Standalone, type StandaloneOptions, type StandaloneStatus } from "../standalone.ts";
import type { ThreadSettings } from "./messages.ts";

export interface FileFollowerOptions extends ThreadSettings, Pick<StandaloneOptions, "clock" | "createProxy"> {
  readonly log: Logger;
  /** Called with each status that has changed, of an object in the files. */
  readonly onStatus: (status: StandaloneStatus, description: string) => void;
}

export class FileFollower {
  readonly #options: FileFollowerOptions;
  readonly #loader: ManifestLoader;
  readonly #gateway: Standalone;
  #manifests: ManifestIndex = new ManifestIndex([]);

  constructor(options: FileFollowerOptions) {
    const { addresses, clock, createProxy, externalHosts, files, log, namespace } = options;
    this.#options = options;
    this.#loader = new ManifestLoader(files, namespace, readRegularFile);
    const onStatus = (status: StandaloneStatus) => this.#tell(status);
    this.#gateway = new Standalone({ log, clock, addresses, createProxy, externalHosts, onStatus });
  }

  /** Serves what the files say and begins to follow them. @returns why not, in lines for people; none: it does. */
  async begin(): Promise<readonly string[]> {
    const { files } = this.#options;
    const { manifests, problems } = this.#loader.load();
    if (problems.length > 0) return problems.map(formatProblem);
    if (!manifests.some(({ kind }) => kind === "Gateway")) {
      return [`${files.join(", ")}: there is no Gateway: add one, or name its file too`];
    }
    // A file may change while the first state is applied.
    let [isServing, isChanged] = [false, false];
    const stopWatching = watchManifests(files, () => {
      if (isServing) void this.#reload();
      else isChanged = true;
    });
    await this.#serve(manifests);
    const failed = this.#failedListeners();
    if (failed.length > 0) {
      stopWatching();
      return failed;
    }
    isServing = true;
    if (isChanged) void this.#reload();
    return [];
  }

  async #reload(): Promise<void> {
    const { files, log } = this.#options;
    const { manifests, problems } = this.#loader.load();
    if (problems.length > 0) {
      const lines = problems.slice(0, MOST_LINES).map(formatProblem);
      const more = problems.length > lines.length ? { more: problems.length - lines.length } : {};
      log.error("files not applied: the last good state keeps serving", { problems: lines, ...more });
      return;
    }
    await this.#serve(manifests);
    log.info("files applied", { files });
  }

  #serve(manifests: readonly AnyManifest[]): Promise<void> {
    this.#manifests = new ManifestIndex(manifests);
    return this.#gateway.load(manifests);
  }

  /** A port in use at the start is a mistake to tell at once; later it is a condition, and tried again. */
  #failedListeners(): readonly string[] {
    return this.#gateway.failedListeners().map(({ gateway: key, report }) => {
      const owner = this.#manifests.gateway(key);
      const name = report.key.slice(report.key.lastIndexOf("/") + 1);
      const index = (owner?.object.spec.listeners ?? []).findIndex((listener) => listener.name === name);
      const line = owner?.lineOf(["spec", "listeners", index, "port"]) ?? 1;
      const field = `spec.listeners[${index}].port`;
      return formatProblem({ file: owner?.file ?? "", line, field, message: report.message });
    });
  }

  #tell(told: StandaloneStatus): void {
    const { kind, namespace, name, status } = told;
    const manifest = this.#manifests.find(kind, namespace, name);
    // The implied GatewayClass is in no file, and always says the same.
    if (manifest === undefined) return;
    this.#options.onStatus(told, describe({ ...manifest.object, status }));
  }
}

/** Of what is wrong with a file so much goes into one line of the log. */
const MOST_LINES = 20;

class ManifestIndex {
  readonly #manifests = new Map<string, AnyManifest>();

  constructor(manifests: readonly AnyManifest[]) {
    for (const manifest of manifests) {
      const { name, namespace } = manifest.object.metadata;
      this.#manifests.set(keyOf(manifest.kind, namespace, name), manifest);
    }
  }

  find(kind: string, namespace: string | undefined, name: string): AnyManifest | undefined {
    return this.#manifests.get(keyOf(kind, namespace, name));
  }

  /** `key`: `namespace/name`. */
  gateway(key: string): Extract<AnyManifest, { kind: "Gateway" }> | undefined {
    for (const manifest of this.#manifests.values()) {
      if (manifest.kind === "Gateway" && objectKey(manifest.object) === key) return manifest;
    }
    return undefined;
  }
}

function keyOf(kind: string, namespace: string | undefined, name: string): string {
  return `${kind} ${namespace ?? ""}/${name}`;
}
