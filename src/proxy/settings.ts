/**
 * What holds for the proxy as a whole: what its surroundings have given it, overruled by the configuration where that says
 * otherwise. Pure.
 */
import type { LoggingSettings, SettingsResource } from "../model/traffic.ts";
import { type AdmissionLimits, defaultLimits } from "./admit/limits.ts";
import type { TimeOuts } from "./relay/time-outs.ts";

export interface Settings {
  readonly timeOuts: TimeOuts;
  readonly limits: AdmissionLimits;
  /** Milliseconds; undefined: as built in. */
  readonly keepAliveMs: number | undefined;
  /** Overrules what the process was started with. */
  readonly logging: LoggingSettings;
}

export interface SettingsBase {
  readonly timeOuts: TimeOuts;
  /** The Gateway's share of what descriptors and memory of the process allow: no configuration raises it. */
  readonly maxConnections: number;
}

export function settingsOf(base: SettingsBase, said: SettingsResource | undefined): Settings {
  return {
    timeOuts: { ...base.timeOuts, ...said?.timeOuts },
    limits: limitsOf(base, said ?? {}),
    keepAliveMs: said?.keepAliveMs,
    logging: said?.logging ?? {},
  };
}

/** Default limits are shares of the limit on connections. A configured limit per client applies to private addresses too. */
function limitsOf(base: SettingsBase, said: Partial<SettingsResource>): AdmissionLimits {
  const { maxConnections = base.maxConnections, maxUnrouted, maxPerClient, newConnections } = said;
  const limits = defaultLimits(Math.min(maxConnections, base.maxConnections));
  const ofClient = maxPerClient === undefined ? {} : { maxConnections: maxPerClient };
  return {
    ...limits,
    publicSource: { ...limits.publicSource, ...ofClient },
    privateSource: { ...limits.privateSource, ...ofClient },
    ...(maxUnrouted === undefined ? {} : { maxUnrouted }),
    ...(newConnections === undefined ? {} : { newConnections }),
  };
}
