/**
 * What holds for the proxy as a whole: what its surroundings have given it, overruled by the configuration where that says
 * otherwise. Pure.
 */
import type { LoggingSettings, SettingsResource } from "../model/traffic.ts";
import type { AdmissionLimits } from "./admit/admission.ts";
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
  /** What descriptors and memory allow: no configuration raises it. */
  readonly maxConnections: number;
}

export function settingsOf(base: SettingsBase, said: SettingsResource | undefined): Settings {
  const { maxConnections = base.maxConnections, maxUnrouted, maxPerClient, newConnections } = said ?? {};
  return {
    timeOuts: { ...base.timeOuts, ...said?.timeOuts },
    limits: {
      maxConnections: Math.min(maxConnections, base.maxConnections),
      ...(maxUnrouted === undefined ? {} : { maxUnrouted }),
      ...(maxPerClient === undefined ? {} : { maxPerClient }),
      ...(newConnections === undefined ? {} : { newConnections }),
    },
    keepAliveMs: said?.keepAliveMs,
    logging: said?.logging ?? {},
  };
}
