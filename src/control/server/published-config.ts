/**
 * A published configuration, shared by all proxies of its Gateway. Pure but for a cache: many proxies stand at the same
 * configuration, and the way from there is computed once.
 */
import type { Cause } from "../../model/cause.ts";
import type { ConfigDelta, ProxyConfig } from "../../model/proxy-config.ts";
import { configDelta, type HeldConfig, type HeldVersions, heldOf } from "../delta.ts";

export class PublishedConfig implements HeldConfig {
  readonly revision: string;
  readonly versions: HeldVersions;
  readonly resources: ProxyConfig["resources"];
  /** For the log. */
  readonly cause: Cause | undefined;
  readonly #config: ProxyConfig;
  /**
   * By identity: what one proxy claims to hold can never spoil the delta of another. Weak: an old configuration goes
   * when the last proxy has left it.
   */
  readonly #deltas = new WeakMap<HeldConfig, ConfigDelta>();

  constructor(config: ProxyConfig, cause?: Cause) {
    this.#config = config;
    this.cause = cause;
    this.revision = config.revision;
    this.versions = heldOf(config).versions;
    this.resources = config.resources;
  }

  deltaFrom(held: HeldConfig): ConfigDelta {
    const known = this.#deltas.get(held);
    if (known !== undefined) return known;
    const delta: ConfigDelta = {
      ...configDelta(held, this.#config),
      ...(this.cause === undefined ? {} : { cause: this.cause }),
    };
    this.#deltas.set(held, delta);
    return delta;
  }
}
