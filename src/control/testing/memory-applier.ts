/**
 * An applier that binds nothing: it keeps the configuration in a map, checks each revision as the data plane does, and
 * counts. Tests may make it slow, refuse or fail.
 */
import type { ConfigDelta, ResourceKey, VersionedResource } from "../../model/proxy-config.ts";
import type { ConfigRefusal, ProxyReport } from "../../model/proxy-report.ts";
import { configRevision } from "../../model/revision.ts";
import type { ConfigApplier } from "../client/applier.ts";
import type { HeldConfig } from "../delta.ts";

export class MemoryApplier implements ConfigApplier {
  readonly applied: ConfigDelta[] = [];
  resources: ReadonlyMap<ResourceKey, VersionedResource> = new Map();
  revision = "";
  refusal: ConfigRefusal | undefined;
  /** Awaited before each apply. */
  before: (delta: ConfigDelta) => Promise<void> | void = () => {};
  /** A refusal for this delta, or none. */
  judge: (delta: ConfigDelta) => ConfigRefusal | undefined = () => undefined;
  readonly listeners = new Set<() => void>();

  configState(): HeldConfig {
    const versions = new Map([...this.resources].map(([key, { version }]) => [key, version] as const));
    return { revision: this.revision, versions };
  }

  async apply(delta: ConfigDelta): Promise<ProxyReport> {
    await this.before(delta);
    this.applied.push(delta);
    const next = new Map(this.resources);
    for (const key of delta.removals) next.delete(key);
    for (const [key, resource] of delta.upserts) next.set(key, resource);
    this.refusal = this.judge(delta) ?? this.#mismatch(next, delta);
    if (this.refusal === undefined) {
      this.resources = next;
      this.revision = delta.revision;
    }
    return this.report();
  }

  report(): ProxyReport {
    const base = { revision: this.revision, listeners: [], unresolvedHosts: this.unresolvedHosts };
    return this.refusal === undefined ? base : { ...base, refusal: this.refusal };
  }

  unresolvedHosts: ProxyReport["unresolvedHosts"] = [];

  onReport(callback: () => void): () => void {
    this.listeners.add(callback);
    return () => this.listeners.delete(callback);
  }

  reportUnresolved(host: string): void {
    this.unresolvedHosts = [{ host, reason: "name_not_found", message: `${host} does not resolve` }];
    for (const listener of this.listeners) listener();
  }

  #mismatch(next: ReadonlyMap<ResourceKey, VersionedResource>, delta: ConfigDelta): ConfigRefusal | undefined {
    const revision = configRevision(next);
    if (revision === delta.revision) return undefined;
    return { revision: delta.revision, reason: "revision_mismatch", message: `the delta leads to ${revision}` };
  }
}
